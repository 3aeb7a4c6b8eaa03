"""Machines for a test: network namespaces on one bridge, and what runs in them.

The addresses are those of the files in ``conf/deployment``, which are used as they are.  Needs
root; nothing of the machine's own network is touched, and every process is ended by its own id.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

ADDRESSES = {
    "caller": "192.0.2.5",
    "proxy": "192.0.2.10",
    "gateway1": "192.0.2.21",
    "gateway2": "192.0.2.22",
    "database1": "192.0.2.31",
    "database2": "192.0.2.32",
}
_NEW_NETWORK = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


class Network:
    """The machines, by name; each has a namespace of its own while the network lasts."""

    def __init__(self, stack: ExitStack) -> None:
        self._prefix = f"kps{os.getpid()}-"
        self._stack = stack
        self._make("hub")
        self._inside("hub", "ip", "link", "add", "bridge", "type", "bridge")
        self._inside("hub", "ip", "link", "set", "bridge", "up")
        for number, (name, address) in enumerate(ADDRESSES.items()):
            self._make(name)
            near, far = f"k{os.getpid()}e{number}", f"port{number}"
            run("ip", "link", "add", near, "netns", self._named(name), "type", "veth",
                "peer", "name", far, "netns", self._named("hub"))  # fmt: skip
            self._inside("hub", "ip", "link", "set", far, "master", "bridge", "up")
            self._inside(name, "ip", "addr", "add", f"{address}/24", "dev", near)
            self._inside(name, "ip", "link", "set", near, "up")
            self._inside(name, "ip", "link", "set", "lo", "up")
        self._far = {name: f"port{number}" for number, name in enumerate(ADDRESSES)}

    def _named(self, name: str) -> str:
        return self._prefix + name

    def _make(self, name: str) -> None:
        run("ip", "netns", "add", self._named(name))
        self._stack.callback(run, "ip", "netns", "delete", self._named(name))

    def _inside(self, name: str, *command: str) -> None:
        run("ip", "netns", "exec", self._named(name), *command)

    def cut_off(self, name: str) -> None:
        """Pull a machine's cable: nothing tells the others that it is gone."""
        self._inside("hub", "ip", "link", "set", self._far[name], "down")

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """What this thread connects in the block, it connects from this machine."""
        there = Path("/run/netns", self._named(name))
        with Path("/proc/thread-self/ns/net").open() as mine, there.open() as theirs:
            _enter(theirs.fileno())
            try:
                yield
            finally:
                _enter(mine.fileno())

    def command(self, name: str, *command: str) -> list[str]:
        """A command as this machine runs it; its process is the command's own."""
        return ["nsenter", f"--net=/run/netns/{self._named(name)}", *command]

    @contextmanager
    def running(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A program on a machine until the block ends."""
        with log.open("ab") as sink:
            process = subprocess.Popen(
                self.command(name, *command), stdout=sink, stderr=sink, env=dict(environment)
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "setns")


def run(*command: str, **more: object) -> str:
    """Run a program to its end; what it says is in the failure."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload]
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return str(done.stdout)


def wait_for(holds: Callable[[], object], *, seconds: float, what: str) -> float:
    """Look again and again until something holds; returns after how many seconds it did."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - began
