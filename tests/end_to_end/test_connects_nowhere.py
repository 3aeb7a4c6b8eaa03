"""A gateway calls nobody but whom its settings name: seen from outside, by its system calls."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from free_ports import free_ports

from end_to_end.questions import PERSON, person_query
from end_to_end.running import Served, environment, make_home, program, wait_for, wait_until_ready

#: A connection, or a datagram to somebody.
CALLS = "connect,sendto,sendmsg,sendmmsg"
TO_A_NETWORK = re.compile(r"sa_family=AF_INET6?, (.*?)\}")


@contextmanager
def watched(home: Path, seen: Path) -> Iterator[Served]:
    """The home, served under the eyes of strace; every process of it is looked at."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("there is no strace on this machine")
    command = [sys.executable, "-m", "kps_soap", "serve", "--home", str(home), "--workers", "1"]
    with (home / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [strace, "--follow-forks", "--seccomp-bpf", f"--trace={CALLS}", "--output", str(seen),
             *command],
            stdout=log, stderr=log, env=environment(), text=True,
        )  # fmt: skip
        demo = json.loads((home / "demo.json").read_text(encoding="utf-8"))
        served = Served(home, process, demo, 0)
        try:
            if process.poll() is not None or "Operation not permitted" in served.log:
                pytest.skip("strace may not look at processes here")
            wait_until_ready(served)
            yield served
        finally:
            if process.poll() is None:
                # strace passes it on to nobody; the gateway itself is its one child.
                child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
                subprocess.run(["kill", f"-{signal.SIGTERM.value}", *child.split()], check=False)
            process.wait(timeout=60)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_home(tmp_path_factory.mktemp("quiet") / "home", persons=200)
    settings = made / "kps.toml"
    text = re.sub(r"(?m)^witness_directory = .*\n", "", settings.read_text(encoding="utf-8"))
    settings.write_text(text + "seal_seconds = 1\n", encoding="utf-8")
    return made


def networks_called(seen: Path) -> list[str]:
    """Who was called over a network, as strace writes it."""
    lines = seen.read_text(encoding="utf-8", errors="replace").splitlines()
    return [found.group(1) for line in lines if (found := TO_A_NETWORK.search(line))]


def used(served: Served) -> None:
    """A question in both doors, one about nothing, the page of a service, and a seal."""
    number = served.number(0)
    assert served.ask(PERSON, person_query([number])).status == 200
    assert served.ask(PERSON, person_query([number]), tls=False).status in (200, 500)
    assert served.ask(PERSON, "<x/>").status == 500
    assert served.get(PERSON + "?wsdl")[0] == 200
    assert served.get("/konsol/giris")[0] == 200
    assert served.health()[0] == 200
    sealed = program("audit", "seal", "--home", str(served.home))
    assert sealed.returncode == 0, sealed.stderr


def test_a_gateway_whose_settings_name_nobody_calls_nobody(home: Path, tmp_path: Path) -> None:
    with watched(home, tmp_path / "seen") as served:
        used(served)
    assert networks_called(tmp_path / "seen") == []


def test_whom_the_settings_name_is_called_and_nobody_else(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    (port,) = free_ports(1)
    with (copy / "kps.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'witness_url = "http://127.0.0.1:{port}/seals"\n')
    seen = tmp_path / "seen"
    with watched(copy, seen) as served:
        assert served.ask(PERSON, person_query([served.number(0)])).status == 200
        wait_for(lambda: networks_called(seen))
    assert set(networks_called(seen)) == {
        f'sin_port=htons({port}), sin_addr=inet_addr("127.0.0.1")'
    }
