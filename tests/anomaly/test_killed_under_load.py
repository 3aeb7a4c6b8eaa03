"""Kills a running gateway while it answers, and takes its evidence away.

The one promise that is held here: who has received an answer finds it on record, byte for byte,
whatever happened to the process that sent it (design D6).
"""

import hashlib
import http.client
import os
import signal
import sqlite3
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from end_to_end.questions import PERSON, envelope, person_query, security
from end_to_end.running import Served, kps, make_home, serving, wait_for
from worker_processes import copied_from, is_alive, workers_of

SENTENCE = "İz kaydı yazılamadı; veri verilmedi, daha sonra yeniden deneyin."
ANSWERS_BEFORE = ANSWERS_AFTER = 60


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose gateway waits for its evidence for one second, not two."""
    made = make_home(tmp_path_factory.mktemp("anomaly") / "home", persons=200, patient=False)
    with (made / "kps.toml").open("a", encoding="utf-8") as settings:
        settings.write("evidence_seconds_max = 1\n")
    return made


class Ledger:
    """Every answer that came whole, as its receiver knows it: request number and digest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.answers: dict[str, str] = {}
        self.broken = 0

    def enter(self, request: str, body: bytes) -> None:
        with self._lock:
            assert request not in self.answers
            self.answers[request] = hashlib.sha256(body).hexdigest()

    def enter_broken(self) -> None:
        with self._lock:
            self.broken += 1

    def __len__(self) -> int:
        return len(self.answers)


def ask_for_ever(served: Served, ledger: Ledger, stop: threading.Event, *, tls: bool) -> None:
    """Ask on one connection as long as it lasts, then on the next one."""
    host, _, port = (served.https if tls else served.http).rpartition("/")[2].partition(":")
    context = ssl.create_default_context(cafile=served.demo["ca_file"])
    question = envelope(person_query(served.number(0)), security(served.account("B-34-0417")))
    while not stop.is_set():
        connection = (
            http.client.HTTPSConnection(host, int(port), timeout=10, context=context)
            if tls
            else http.client.HTTPConnection(host, int(port), timeout=10)
        )
        with closing(connection):
            try:
                while not stop.is_set():
                    connection.request("POST", PERSON, question, {"Content-Type": "text/xml"})
                    answer = connection.getresponse()
                    body = answer.read()
                    ledger.enter(answer.headers["Kps-Istek-No"], body)
            except (OSError, http.client.HTTPException):
                ledger.enter_broken()
                stop.wait(0.05)


@contextmanager
def load(served: Served) -> Iterator[Ledger]:
    """Four callers, two of them over TLS, until the block ends."""
    ledger, stop = Ledger(), threading.Event()
    callers = [
        threading.Thread(
            target=ask_for_ever, args=(served, ledger, stop), kwargs={"tls": number % 2 == 0}
        )
        for number in range(4)
    ]
    for caller in callers:
        caller.start()
    try:
        yield ledger
    finally:
        stop.set()
        for caller in callers:
            caller.join(timeout=30)


def on_record(home: Path) -> dict[str, str]:
    """Digest of what was sent, by request number."""
    with closing(sqlite3.connect(home / "gateway.db")) as connection:
        rows = connection.execute("SELECT request_id, sent_digest FROM evidence")
        return {request: digest for request, digest in rows if digest}


def assert_all_is_on_record(home: Path, ledger: Ledger) -> None:
    recorded = on_record(home)
    assert {request: recorded.get(request) for request in ledger.answers} == ledger.answers
    verified = kps("audit", "verify", "--home", str(home))
    assert verified.returncode == 0, verified.stderr


def assert_everything_works(served: Served) -> None:
    for tls in (True, False):
        reply = served.ask(PERSON, person_query(served.number(0)), tls=tls)
        assert reply.records[0]["TCKimlikNo"] == str(served.number(0))
    assert served.health()[1]["ready"] is True


def more_than(ledger: Ledger, count: int) -> Callable[[], bool]:
    start = len(ledger)
    return lambda: len(ledger) >= start + count


def test_a_killed_worker_and_then_its_parent_take_no_record_with_them(home: Path) -> None:
    with serving(home) as served, load(served) as ledger:
        wait_for(more_than(ledger, ANSWERS_BEFORE))
        first, second = workers_of(served.process.pid)
        os.kill(first, signal.SIGKILL)
        wait_for(more_than(ledger, ANSWERS_AFTER))
        wait_for(lambda: len(workers_of(served.process.pid)) == 2)
        assert second in workers_of(served.process.pid)
        wait_for(more_than(ledger, ANSWERS_AFTER))
        assert "starting another" in served.log
        assert_everything_works(served)
        # Nobody is left to start workers: those that are there end by themselves.
        workers = workers_of(served.process.pid)
        os.kill(served.process.pid, signal.SIGKILL)
        served.process.wait(timeout=10)
        wait_for(lambda: not any(is_alive(process) for process in workers))
    assert_all_is_on_record(home, ledger)


def test_a_killed_machine_leaves_every_sent_answer_on_record(home: Path) -> None:
    with serving(home) as served:
        with load(served) as ledger:
            wait_for(more_than(ledger, ANSWERS_BEFORE))
            parent = served.process.pid
            everyone = [parent, *copied_from(parent), *workers_of(parent)]
            assert len(everyone) == 4
            for process in everyone:
                os.kill(process, signal.SIGKILL)
            served.process.wait(timeout=10)
            wait_for(lambda: not any(is_alive(process) for process in everyone))
        assert_all_is_on_record(home, ledger)
    with serving(home) as again:
        assert_everything_works(again)
        with idle_connection(again), load(again) as another_ledger:
            wait_for(more_than(another_ledger, ANSWERS_BEFORE))
            again.process.send_signal(signal.SIGTERM)
            # Who waits for the idle caller's goodbye waits for all of the grace: ten seconds.
            assert again.process.wait(timeout=9) == 0
    assert_all_is_on_record(home, ledger)
    assert_all_is_on_record(home, another_ledger)
    with closing(sqlite3.connect(home / "gateway.db")) as connection:
        ended = "SELECT count(*) FROM evidence WHERE event = 'DURDURMA'"
        assert connection.execute(ended).fetchone()[0] >= 2


@contextmanager
def idle_connection(served: Served) -> Iterator[None]:
    """A TLS connection that is kept after its answer, by a caller who does nothing more."""
    port = int(served.https.rpartition(":")[2])
    context = ssl.create_default_context(cafile=served.demo["ca_file"])
    idle = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
    with closing(idle):
        idle.request("GET", "/saglik")
        assert idle.getresponse().read()
        yield


@contextmanager
def write_lock(home: Path) -> Iterator[None]:
    """Somebody holds the evidence's write lock and does not let go."""
    with closing(sqlite3.connect(home / "gateway.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


@contextmanager
def moved_away(home: Path) -> Iterator[None]:
    """The evidence's file is not where it was."""
    (home / "gateway.db").rename(home / "elsewhere.db")
    try:
        yield
    finally:
        (home / "elsewhere.db").rename(home / "gateway.db")


def verify_in_public(served: Served) -> int:
    """The status of a question at the public door."""
    request = (
        '<TCKimlikNoDogrula xmlns="http://tckimlik.nvi.gov.tr/WS">'
        f"<TCKimlikNo>{served.number(0)}</TCKimlikNo><Ad>A</Ad><Soyad>B</Soyad>"
        "<DogumYili>1980</DogumYili></TCKimlikNoDogrula>"
    )
    names = {"Content-Type": "text/xml; charset=utf-8"}
    return served.post("/Service/KPSPublic.asmx", envelope(request), names=names).status


def test_no_evidence_no_answer_until_it_can_be_written_again(home: Path) -> None:
    refused: list[str] = []
    with serving(home) as served:
        for trouble in (write_lock, moved_away):
            assert_everything_works(served)
            assert verify_in_public(served) == 200
            with trouble(home):
                refused += requests_refused_without_data(served)
                wait_for(lambda: is_red(served), seconds=20)
                # Alive, and worth no traffic: nobody restarts it, nobody sends it queries.
                assert served.get("/saglik/canli")[0] == 200
                assert verify_in_public(served) == 500
            wait_for(lambda: is_green(served), seconds=30)
        assert_everything_works(served)
        assert "Traceback" not in served.log
    assert not on_record(home).keys() & set(refused)
    verified = kps("audit", "verify", "--home", str(home))
    assert verified.returncode == 0, verified.stderr


def requests_refused_without_data(served: Served) -> list[str]:
    surname, refused = served.persona(0)["surname"].encode(), []
    for _ in range(3):
        reply = served.ask(PERSON, person_query(served.number(0)))
        assert reply.fault == (500, "Server", SENTENCE, "502")
        assert reply.headers["retry-after"]
        assert reply.headers["kps-sonuc-kodu"] == "502"
        assert surname not in reply.body
        assert b"AlindiNo" not in reply.body
        refused.append(reply.headers["kps-istek-no"])
    return refused


def is_red(served: Served) -> bool:
    status, health = served.health()
    return status == 503 and "evidence cannot be written" in health["troubles"]


def is_green(served: Served) -> bool:
    return {served.health()[0] for _ in range(8)} == {200}
