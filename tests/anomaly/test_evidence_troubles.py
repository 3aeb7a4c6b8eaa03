"""Takes from a running gateway what its evidence needs: space, permission, keys.

Each time: no data leaves, the caller is told to come again, readiness turns red, and when the
cause is gone everything works again without anybody's help, and nothing acknowledged is lost.
The gateway runs in a mount namespace of its own, so that a disk can be full for it alone.
"""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from end_to_end.questions import PERSON, person_query
from end_to_end.running import Served, environment, kps, make_home, wait_for, wait_until_ready

from kps_soap.audit.keys import create_key_file

SENTENCE = "İz kaydı yazılamadı; veri verilmedi, daha sonra yeniden deneyin."
MEGABYTES = 48

Trouble = Callable[[Served], object]


def _can_mount() -> bool:
    probe = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


pytestmark = pytest.mark.skipif(not _can_mount(), reason="needs `unshare -m` and mount rights")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway whose evidence lies on a small file system of its own."""
    home = make_home(tmp_path_factory.mktemp("troubles") / "home", persons=200, patient=False)
    place = home / "evidence"
    place.mkdir()
    settings = home / "kps.toml"
    text = re.sub(r"(?m)^gateway_url = .*\n", "", settings.read_text(encoding="utf-8"))
    text += 'evidence_seconds_max = 1\ngateway_url = "sqlite:///evidence/gateway.db"\n'
    settings.write_text(text, encoding="utf-8")
    log = home / "serve.log"
    script = (
        f"mount -t tmpfs -o size={MEGABYTES}m none '{place}' && cp '{home}'/gateway.db '{place}'"
        f" && exec '{sys.executable}' -m kps_soap serve --home '{home}' --workers 2"
    )
    with log.open("a", encoding="utf-8") as sink:
        process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", script], stdout=sink, stderr=sink, text=True,
            env=environment(),
        )  # fmt: skip
    demo = json.loads((home / "demo.json").read_text(encoding="utf-8"))
    running = Served(home, process, demo, 0)
    try:
        wait_until_ready(running)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def inside(served: Served, *command: str) -> subprocess.CompletedProcess[str]:
    """A command that sees the file systems that the gateway sees."""
    entered = ["nsenter", "-t", str(served.process.pid), "-m", *command]
    return subprocess.run(
        entered, capture_output=True, text=True, env=environment(), check=False, timeout=120
    )


@contextmanager
def full_disk(served: Served) -> Iterator[None]:
    filler = served.home / "evidence" / "filler"
    inside(served, "dd", "if=/dev/zero", f"of={filler}", "bs=64k")
    inside(served, "dd", "if=/dev/zero", f"of={filler}", "bs=512", "oflag=append", "conv=notrunc")
    try:
        yield
    finally:
        inside(served, "rm", str(filler))


@contextmanager
def read_only(served: Served) -> Iterator[None]:
    place = str(served.home / "evidence")
    inside(served, "mount", "--bind", place, place)
    assert inside(served, "mount", "-o", "remount,ro,bind", place).returncode == 0
    try:
        yield
    finally:
        # Whoever has opened a file there keeps it until he opens it again.
        assert inside(served, "umount", "-l", place).returncode == 0


@contextmanager
def no_key_file(served: Served) -> Iterator[None]:
    key = served.home / "keys" / "evidence.key"
    key.rename(key.with_suffix(".away"))
    try:
        yield
    finally:
        key.with_suffix(".away").rename(key)


@contextmanager
def another_key_file(served: Served) -> Iterator[None]:
    key = served.home / "keys" / "evidence.key"
    key.rename(key.with_suffix(".away"))
    create_key_file(key, bytes(32))
    try:
        yield
    finally:
        key.with_suffix(".away").replace(key)


def is_red(served: Served) -> bool:
    status, health = served.health()
    return status == 503 and "evidence cannot be written" in health["troubles"]


def is_green(served: Served) -> bool:
    return {served.health()[0] for _ in range(8)} == {200}


def ask(served: Served) -> tuple[str, bool]:
    """Ask once; the request's number, and whether it was answered."""
    reply = served.ask(PERSON, person_query(served.number(0)))
    number = reply.headers["kps-istek-no"]
    if reply.status == 200:
        assert reply.records[0]["TCKimlikNo"] == str(served.number(0))
        return number, True
    assert reply.fault == (500, "Server", SENTENCE, "502")
    assert reply.headers["retry-after"]
    assert served.persona(0)["surname"].encode() not in reply.body
    assert b"AlindiNo" not in reply.body
    return number, False


@pytest.mark.parametrize("trouble", [full_disk, read_only, no_key_file, another_key_file])
def test_without_evidence_no_answer_until_the_cause_is_gone(
    served: Served, trouble: Trouble
) -> None:
    asked = [ask(served) for _ in range(5)]
    assert all(answered for _, answered in asked)
    with trouble(served):  # type: ignore[attr-defined]
        # What there was room for already may still be answered; then nothing is.
        wait_for(lambda: is_red(served), seconds=20)
        for _ in range(50):
            asked.append(ask(served))
            if not asked[-1][1]:
                break
        assert not asked[-1][1]
        assert served.get("/saglik/canli")[0] == 200
        asked += [ask(served) for _ in range(3)]
    wait_for(lambda: is_green(served), seconds=30)
    asked += [ask(served) for _ in range(5)]
    assert all(answered for _, answered in asked[-5:])
    assert "Traceback" not in served.log
    assert recorded(served, [number for number, _ in asked]) == {
        number for number, answered in asked if answered
    }
    verified = inside(
        served, sys.executable, "-m", "kps_soap", "audit", "verify", "--home", str(served.home)
    )
    assert verified.returncode == 0, verified.stderr


def recorded(served: Served, numbers: list[str]) -> set[str]:
    """Which of these requests are on record with an answer."""
    file = served.home / "evidence" / "gateway.db"
    program = (
        "import sqlite3, sys\n"
        f"c = sqlite3.connect({str(file)!r})\n"
        "q = 'SELECT request_id FROM evidence WHERE request_id = ? AND sent_digest IS NOT NULL'\n"
        "print(*[r[0] for n in sys.argv[1:] for r in c.execute(q, (n,))])\n"
    )
    said = inside(served, sys.executable, "-c", program, *numbers)
    assert said.returncode == 0, said.stderr
    return set(said.stdout.split())


def test_a_key_file_is_replaced_under_a_gateway_that_goes_on(served: Served) -> None:
    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return inside(served, sys.executable, "-m", "kps_soap", *words, "--home", str(served.home))

    asked = [ask(served)]
    rotated = command("audit", "rotate-key", "--to", str(served.home / "new.key"))
    assert rotated.returncode == 0, rotated.stderr
    asked += [ask(served) for _ in range(10)]
    assert all(answered for _, answered in asked)
    wait_for(lambda: is_green(served), seconds=30)
    verified = command("audit", "verify")
    assert verified.returncode == 0, verified.stderr
    (retired,) = (served.home / "keys").glob("evidence.key.*")
    retired.rename(served.home / "retired.key")
    assert command("audit", "verify").returncode == 0
    assert ask(served)[1]


def test_a_home_without_its_key_file_is_not_served(served: Served, tmp_path: Path) -> None:
    for content in (None, b"x\n"):
        environment_variable = {"KPS_EVIDENCE_KEY_FILE": str(tmp_path / "none.key")}
        if content is not None:
            (tmp_path / "none.key").write_bytes(content)
            (tmp_path / "none.key").chmod(0o600)
        refused = kps("check", "--home", str(served.home), **environment_variable)
        assert refused.returncode == 1
        assert "key" in refused.stdout + refused.stderr
