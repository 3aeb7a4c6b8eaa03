"""``kps agreements`` beside a gateway that answers: no call fails, and a change is at once."""

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from click.testing import CliRunner, Result
from worker_processes import workers_of

from end_to_end.questions import PERSON, person_query
from end_to_end.running import Served, make_home, serving, wait_for
from kps_soap.agreements.leases import LEASE_SECONDS
from kps_soap.cli import main

COMPANY, FILE = "SRK-0112", "ornek-sirket.toml"
NAME_FIELD = '    "KisiBilgisi/TemelBilgisi/Ad",\n'


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway of its own, which these tests may change."""
    home = make_home(tmp_path_factory.mktemp("own") / "home", persons=200)
    text = (home / "kps.toml").read_text(encoding="utf-8")
    # Only commands load here: what a test has edited waits for its command.
    text = text.replace("# agreements_poll_seconds = 1\n", "agreements_poll_seconds = 0\n")
    (home / "kps.toml").write_text(text, encoding="utf-8")
    with serving(home) as served:
        yield served


def agreements(served: Served, *words: str) -> Result:
    """The command, in this process: the contracts are compiled once for all of them."""
    done = run("agreements", *words, home=served.home)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def run(*words: str, home: Path) -> Result:
    return CliRunner().invoke(main, words, env={"KPS_HOME": str(home)})


def said(served: Served, *words: str) -> Any:
    done = agreements(served, *words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def number_of(served: Served) -> str:
    """The company's agreement, whatever year the demo is dated to."""
    return str(served.account(COMPANY)["agreement"])


def outcomes(served: Served, institution: str = COMPANY, calls: int = 8) -> set[str]:
    """What an institution is told on several connections, so that every worker has its say."""
    payload = person_query(served.number(0))
    replies = [served.ask(PERSON, payload, institution=institution) for _ in range(calls)]
    return {reply.headers["kps-sonuc-kodu"] for reply in replies}


@contextmanager
def edited(served: Served, old: str, new: str, *, file: str = FILE) -> Iterator[None]:
    path = served.home / "agreements" / file
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


@contextmanager
def under_load(served: Served) -> Iterator[list[str]]:
    """Callers who ask all the time; every outcome they got is in the list afterwards."""
    told: list[str] = []
    over = Event()

    def ask() -> None:
        payload = person_query(served.number(0))
        while not over.is_set():
            reply = served.ask(PERSON, payload)
            told.append(f"{reply.status} {reply.headers.get('kps-sonuc-kodu')}")

    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(ask) for _ in range(4)]
        try:
            yield told
        finally:
            over.set()
            for caller in callers:
                caller.result()


def test_loads_and_suspensions_under_load_fail_no_call_and_hold_on_the_next(own: Served) -> None:
    number = number_of(own)
    with under_load(own) as told:
        for _ in range(3):
            with edited(own, NAME_FIELD, ""):
                loaded = agreements(own, "load", "--reason", "deneme", "--document", "E-1")
                assert loaded.exit_code == 0, loaded.stderr
                assert "2 workers run it" in loaded.stdout
            assert agreements(own, "load").exit_code == 0
            suspended = agreements(own, "suspend", number, "--reason", "şikâyet", "--by", "ayse")
            assert (suspended.exit_code, suspended.stderr) == (0, "")
            assert outcomes(own) == {"205"}
            assert agreements(own, "resume", number, "--reason", "bitti").exit_code == 0
            assert outcomes(own) == {"0"}
    assert len(told) > 50
    assert set(told) == {"200 0"}


def test_what_an_edit_does_is_told_before_and_true_afterwards(own: Served) -> None:
    assert agreements(own, "diff").stdout.splitlines()[-1] == "Nothing changes."
    with edited(own, NAME_FIELD, ""):
        told = agreements(own, "diff")
        line = "KisiSorgulaTCKimlikNoServis 2011/01/01: field KisiBilgisi/TemelBilgisi/Ad"
        assert f"  withdraws  {line}" in told.stdout
        (change,) = said(own, "diff")
        assert (change["institution"], len(change["changes"])) == (COMPANY, 1)
        before = said(own, "history")[0]
        assert agreements(own, "load").exit_code == 0
        (record,) = own.ask(PERSON, person_query(own.number(0)), institution=COMPANY).records
        assert record["TemelBilgisi"]["Ad"] is None
        back = agreements(own, "diff", before["digest"][:12])
        assert f"  grants     {line}" in back.stdout
        since = agreements(own, "diff", "--since", before["digest"][:12])
        assert f"  withdraws  {line}" in since.stdout
    shown = agreements(own, "diff", str(own.home / "agreements"))
    assert f"  grants     {line}" in shown.stdout
    assert agreements(own, "load").exit_code == 0


def test_a_set_with_mistakes_changes_nothing_and_names_them_all(own: Served) -> None:
    before = said(own, "history")[0]
    with edited(own, '"SIRKET"', '"SIRKETT"'), edited(own, "[fees]\n", "[feess]\n"):
        for command in ("load", "check", "diff"):
            done = agreements(own, command)
            assert done.exit_code == 1
            assert f"{FILE}:10: institution.kind:" in done.stderr
            assert 'Did you mean "SIRKET"?' in done.stderr
            assert 'Did you mean "fees"?' in done.stderr
        # What is in force is told even so, and the files are what is wrong.
        assert agreements(own, "list").exit_code == 0
        assert agreements(own, "list", "--files").exit_code == 1
    assert said(own, "history")[0] == before
    assert outcomes(own) == {"0"}


def test_a_suspension_shows_wherever_one_looks(own: Served) -> None:
    number = number_of(own)
    agreements(own, "suspend", number, "--reason", "şikâyet", "--document", "E-7", "--by", "ayse")
    try:
        (row,) = [one for one in said(own, "list") if one["agreement"] == number]
        assert row["status"].startswith("not in force: it was suspended by command on")
        assert (row["suspended"]["by"], row["suspended"]["document"]) == ("ayse", "E-7")
        assert "suspended by ayse since" in agreements(own, "show", number).stdout
        assert f"{number} is suspended by command" in agreements(own, "diff").stdout
        checked = run("check", home=own.home)
        assert f"!!  agreements: {number} is suspended by command" in checked.stdout
        again = agreements(own, "suspend", number, "--reason", "x")
        assert again.exit_code == 1
        assert "has been suspended since" in again.stderr
        # A token request is refused like a query, and so is a load no way out of it.
        assert agreements(own, "load").exit_code == 0
        assert outcomes(own) == {"205"}
    finally:
        assert agreements(own, "resume", number, "--reason", "bitti").exit_code == 0
    assert agreements(own, "resume", number, "--reason", "bitti").exit_code == 1
    assert outcomes(own) == {"0"}


def test_a_hang_up_loads_the_files_like_the_command(own: Served) -> None:
    with under_load(own) as told:
        with edited(own, NAME_FIELD, ""):
            own.process.send_signal(signal.SIGHUP)
            wait_for(lambda: agreements(own, "drift").exit_code == 0, seconds=20)
            (record,) = own.ask(PERSON, person_query(own.number(0)), institution=COMPANY).records
            assert record["TemelBilgisi"]["Ad"] is None
        own.process.send_signal(signal.SIGHUP)
        wait_for(lambda: agreements(own, "drift").exit_code == 0, seconds=20)
    assert set(told) == {"200 0"}
    assert outcomes(own) == {"0"}


def test_a_pilot_is_for_its_list_and_as_many_calls_as_it_says(own: Served) -> None:
    first = 'stage = "ACIK"\n'
    path = own.home / "agreements" / FILE
    before = path.read_text(encoding="utf-8")
    pilot = 'stage = "PILOT"\npilot = { inquirers = ["OTOMASYON"], calls_per_day_max = 5 }\n'
    staged = before.replace(first, pilot, 1)
    path.write_text(staged, encoding="utf-8")
    payload = person_query(own.number(0))

    def ask() -> tuple[str, str | None]:
        reply = own.ask(PERSON, payload, institution=COMPANY)
        return reply.headers["kps-sonuc-kodu"], reply.headers.get("retry-after")

    try:
        assert agreements(own, "load").exit_code == 0
        reply = own.ask(PERSON, payload, institution=COMPANY)
        assert reply.headers["kps-sonuc-kodu"] == "201"
        assert "PILOT aşamasında" in reply.body.decode()
        named = '[access]\ndefault_inquirer = "OTOMASYON"\n'
        path.write_text(staged.replace("[access]\n", named), encoding="utf-8")
        assert agreements(own, "load").exit_code == 0
        assert [ask()[0] for _ in range(5)] == ["0"] * 5
        code, seconds = ask()
        assert code == "401"
        assert 0 < int(seconds or 0) <= 86_400
    finally:
        path.write_text(before, encoding="utf-8")
    assert agreements(own, "load").exit_code == 0
    assert outcomes(own) == {"0"}


def test_drift_compares_directory_row_and_workers(own: Served) -> None:
    same = said(own, "drift")
    assert same["same"] is True
    assert same["directory"] == same["in_force"]
    assert len(same["workers"]) == 2
    assert {one["digest"] for one in same["workers"]} == {same["in_force"]}
    text = agreements(own, "drift").stdout
    assert text.count(" runs version ") == 2
    assert "All are the same." in text
    with edited(own, NAME_FIELD, ""):
        done = agreements(own, "drift")
        assert done.exit_code == 1
        assert "They differ" in done.stdout
        checked = run("check", home=own.home)
        assert checked.exit_code == 0
        assert "!!  agreements: the files differ from the set in force" in checked.stdout


def test_history_and_evidence_say_who_why_and_by_which_document(own: Served) -> None:
    with edited(own, 'state = "ACIK"\n\n[access]', 'state = "ASKIDA"\n\n[access]'):
        words = ("--by", "fatma", "--reason", "yenileme yok", "--document", "E-2026/90")
        assert agreements(own, "load", *words).exit_code == 0
    assert agreements(own, "load", "--by", "fatma").exit_code == 0
    newest, before = said(own, "history", "--limit", "2")
    assert (before["by"], before["reason"], before["document"]) == (
        "fatma", "yenileme yok", "E-2026/90",
    )  # fmt: skip
    assert before["number"] == newest["number"] - 1
    assert "YUKLEME by fatma" in agreements(own, "history").stdout
    found = run(
        "audit", "search", "--case-number", "E-2026/90", "--reason", "deneme", "--json",
        home=own.home,
    )  # fmt: skip
    records = json.loads(found.stdout)["records"]
    assert {(one["event"], one["detail"]) for one in records} >= {
        ("ANLASMA_DURUM", "ACIK → ASKIDA")
    }
    assert {one["account"] for one in records} == {"fatma"}


def test_why_a_call_was_answered_or_refused_is_told_from_the_archive(own: Served) -> None:
    number = number_of(own)
    assert outcomes(own, calls=1) == {"0"}
    agreements(own, "suspend", number, "--reason", "şikâyet")
    time.sleep(0.01)
    assert outcomes(own, calls=1) == {"205"}
    agreements(own, "resume", number, "--reason", "bitti")
    now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    words = (
        "explain", "--institution", COMPANY, "--service", "KisiSorgulaTCKimlikNoServis",
        "--person", str(own.number(0)), "--at", now, "--within", "2", "--reason", "itiraz 2026/4",
    )  # fmt: skip
    refused, allowed = said(own, *words)[:2]
    assert (refused["allowed"], allowed["allowed"]) == (False, True)
    assert refused["verdicts"][-1]["rule"] == "in force"
    assert "suspended by command" in refused["verdicts"][-1]["text"]
    assert refused["verdicts"][-1]["article"].startswith("5490 Md.45/1")
    assert allowed["file"] == FILE
    text = agreements(own, *words).stdout
    assert "REFUSED, AgreementNotInForce (205)" in text
    assert str(own.number(0)) not in text
    looked = run(
        "audit", "search", "--person", str(own.number(0)), "--reason", "x", "--json",
        home=own.home,
    )  # fmt: skip
    events = [one["event"] for one in json.loads(looked.stdout)["records"]]
    assert events.count("IZ_ARAMA") >= 2
    # Of a call that nobody made, the set of that time is asked.
    later = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(time.time() + 60))
    other = agreements(own, *words[:6], str(own.number(9)), "--at", later, "--within", "0",
                       "--reason", "itiraz", "--purpose", "YOK")  # fmt: skip
    assert "no such call is on record; it would have been REFUSED" in other.stdout
    assert "NO  purpose" in other.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("suspend", "2026/999", "--reason", "x"), "There is no agreement 2026/999"),
        (("resume", "2026/999", "--reason", "x"), "is not suspended by command"),
        (("diff", "ffffffffffffffff"), "No stored set begins with ffffffffffffffff"),
        (("load", "--by", " "), "Say who does it"),
        (("suspend", "2026/123"), "Missing option '--reason'"),
        (
            ("explain", "--institution", "X", "--service", "Y", "--person", "1", "--at", "x",
             "--reason", "y"),
            "no identity number",
        ),
        (
            ("explain", "--institution", "X", "--service", "Y", "--person", "10000000146",
             "--at", "x", "--reason", "y"),
            "Write a time like",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_a_sentence(
    own: Served, words: tuple[str, ...], sentence: str
) -> None:
    done = agreements(own, *words)
    assert done.exit_code in (1, 2)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_expiries_are_listed_and_warned_of(own: Served) -> None:
    rows = said(own, "expiries", "--days", "3660")
    assert {"agreement", "subject", "day", "days_left", "threshold"} <= rows[0].keys()
    assert rows == sorted(rows, key=lambda one: one["day"])
    assert any(one["subject"].startswith("planned ACIK") for one in rows)
    tomorrow = time.strftime("%Y-%m-%d", time.localtime(time.time() + 2 * 86_400))
    path = own.home / "agreements" / FILE
    until = next(
        line for line in path.read_text(encoding="utf-8").splitlines() if "valid_until" in line
    )
    with edited(own, until, f"valid_until = {tomorrow}"):
        assert agreements(own, "load").exit_code == 0
        text = agreements(own, "expiries", "--days", "7").stdout
        assert f"({COMPANY}): the agreement ends on {tomorrow}" in text
        checked = run("check", home=own.home)
        assert checked.exit_code == 0
        assert f"({COMPANY}): the agreement ends on {tomorrow}" in checked.stdout

        def noted() -> bool:
            found = run(
                "audit", "search", "--reason", "x", "--institution", COMPANY, "--json",
                home=own.home,
            )  # fmt: skip
            records = json.loads(found.stdout)["records"]
            return any(one["event"] == "ANLASMA_SURE" for one in records)

        wait_for(noted, seconds=20)
    assert agreements(own, "load").exit_code == 0


def test_a_worker_that_stands_still_answers_nothing_from_before(own: Served) -> None:
    """A suspension waits for its lease, and afterwards it must look before it answers."""
    number, stopped = number_of(own), workers_of(own.process.pid)[0]
    os.kill(stopped, signal.SIGSTOP)
    try:
        began = time.monotonic()
        done = agreements(own, "suspend", number, "--reason", "deneme")
        waited = time.monotonic() - began
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert (done.exit_code, "its lease ran out" in done.stderr) == (0, True), done.stderr
    assert waited >= LEASE_SECONDS * 0.9
    # Either it has looked already, or it says that it cannot tell now.
    assert outcomes(own, calls=20) <= {"205", "502"}
    wait_for(lambda: outcomes(own) == {"205"}, seconds=20)
    assert agreements(own, "resume", number, "--reason", "deneme").exit_code == 0
    assert outcomes(own) == {"0"}


def test_a_worker_that_was_killed_holds_up_a_suspension_no_longer_than_its_lease(
    own: Served,
) -> None:
    number = number_of(own)
    os.kill(workers_of(own.process.pid)[1], signal.SIGKILL)
    done = agreements(own, "suspend", number, "--reason", "deneme")
    assert done.exit_code == 0, done.stderr
    assert outcomes(own) == {"205"}
    wait_for(lambda: len(said(own, "drift")["workers"]) == 2, seconds=30)
    assert agreements(own, "resume", number, "--reason", "deneme").exit_code == 0
    assert outcomes(own) == {"0"}


def test_the_schema_can_be_written_anew(own: Served, tmp_path: Path) -> None:
    written = tmp_path / "agreement.schema.json"
    assert agreements(own, "schema", "--to", str(written)).exit_code == 0
    # The demo's files name a schema beside their directory, and it is the same.
    beside = own.home / "agreement.schema.json"
    assert written.read_text(encoding="utf-8") == beside.read_text(encoding="utf-8")
    assert agreements(own, "schema").stdout == written.read_text(encoding="utf-8")
