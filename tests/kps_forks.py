"""A ``kps`` that shell scripts of tests may call a hundred times: one process that forks.

Starting an interpreter that imports everything takes a second; forking one that has, nothing.  A
little program named ``kps`` hands its arguments, directory, environment and streams to it.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent

_CLIENT = """#!{python} -SE
import json, os, socket, sys
mask = os.umask(0o77)
os.umask(mask)
said = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), mask]).encode()
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [len(said).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(said)
    sys.exit(server.recv(1)[0])
"""


@contextmanager
def kps_program(directory: Path) -> Iterator[Path]:
    """A directory with the program ``kps`` in it, for a PATH; it works until the block ends."""
    address = str(directory / "kps.socket")
    program = directory / "kps"
    program.write_text(_CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
    program.chmod(0o700)
    server = subprocess.Popen(
        [sys.executable, __file__, address],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(_ROOT)},
    )
    assert server.stdout is not None
    try:
        assert server.stdout.readline() == b"ready\n"
        yield directory
    finally:
        server.stdout.close()
        server.terminate()
        server.wait(timeout=30)


def _received(client: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = client.recv(count - len(found))
        if not more:
            raise SystemExit(2)
        found += more
    return found


def _answer(client: socket.socket) -> None:
    """One command, in a process of its own."""
    from kps_soap.cli import main

    head, streams, _flags, _address = socket.recv_fds(client, 4, 3)
    words, directory, variables, mask = json.loads(_received(client, int.from_bytes(head, "big")))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(directory)
    os.umask(mask)
    os.environ.clear()
    os.environ.update(variables)
    code = 1
    try:
        main(words, prog_name="kps")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        client.send(bytes([code]))


def _serve(address: str) -> None:
    import kps_soap.cli
    import kps_soap.query_client

    assert kps_soap.cli.main
    assert kps_soap.query_client.ask
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            client, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                _answer(client)
                os._exit(0)
            client.close()


if __name__ == "__main__":
    _serve(sys.argv[1])
