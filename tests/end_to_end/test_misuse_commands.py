"""Quotas of the day and protected persons at a gateway of two workers, and ``kps misuse``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from end_to_end.questions import PERSON, on_behalf, person_query
from end_to_end.running import Served, make_home, serving, wait_for
from kps_soap import identity_number
from kps_soap.cli import main

TOWN, COMPANY = "B-34-0417", "SRK-0112"
QUOTA = 4


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway of its own, whose company may ask about few persons a day."""
    home = make_home(tmp_path_factory.mktemp("own") / "home", persons=200)
    file = home / "agreements" / "ornek-sirket.toml"
    text = file.read_text(encoding="utf-8")
    assert "persons_per_day_max = 1000\n" in text
    few = text.replace("persons_per_day_max = 1000\n", f"persons_per_day_max = {QUOTA}\n")
    file.write_text(few, encoding="utf-8")
    with serving(home) as served:
        yield served


def misuse(served: Served, *words: str) -> Result:
    done = CliRunner().invoke(main, ["misuse", *words], env={"KPS_HOME": str(served.home)})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def listed(served: Served, *words: str) -> list[dict[str, Any]]:
    done = misuse(served, "list", "--json", *words)
    assert done.exit_code == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def outcome(served: Served, number: int, *, institution: str = TOWN, headers: str = "") -> str:
    reply = served.ask(PERSON, person_query(number), institution=institution, headers=headers)
    return str(reply.headers["kps-sonuc-kodu"])


def test_an_agreement_asks_about_as_many_persons_a_day_as_it_says(own: Served) -> None:
    for _ in range(2):
        for index in range(QUOTA):
            assert outcome(own, own.number(index), institution=COMPANY) == "0"
    for _ in range(4):
        reply = own.ask(PERSON, person_query(own.number(9)), institution=COMPANY)
        assert reply.headers["kps-sonuc-kodu"] == "401"
        assert 0 < int(reply.headers["retry-after"]) <= 86_400
    # Who was asked about today may be asked about again; others have limits of their own.
    assert outcome(own, own.number(0), institution=COMPANY) == "0"
    assert outcome(own, own.number(9)) == "0"


def test_a_protected_person_is_not_asked_about_unseen(own: Served) -> None:
    number = own.number(1)
    assert outcome(own, number) == "0"
    done = misuse(own, "protect", str(number), "--reason", "yazı 2026/9", "--by", "ayşe")
    assert (done.exit_code, done.stdout) == (0, "Protected.\n")
    again = misuse(own, "protect", str(number), "--reason", "yazı 2026/9")
    assert again.stdout == "This person was protected already.\n"
    assert misuse(own, "protected").stdout == "1 persons are protected.\n"
    wait_for(lambda: {outcome(own, number) for _ in range(4)} == {"203"}, seconds=20)
    with_case = on_behalf(case_number="E-2026-17")
    assert outcome(own, number, headers=with_case) == "0"
    newest = listed(own, "--rule", "KORUNAN")[0]
    assert (newest["institution"], newest["state"]) == (TOWN, "YENI")
    assert newest["summary"] == "1 protected person met, the call was answered"
    assert str(number) not in own.log
    line = f"KORUNAN: finding {newest['finding']}, institution {TOWN}"
    wait_for(lambda: line in own.log, seconds=20)
    assert misuse(own, "unprotect", str(number), "--reason", "bitti").exit_code == 0
    refused = misuse(own, "unprotect", str(number), "--reason", "bitti")
    assert (refused.exit_code, refused.stderr) == (1, "This person was not on the list.\n")
    wait_for(lambda: {outcome(own, number) for _ in range(4)} == {"0"}, seconds=20)


def test_a_finding_is_shown_and_settled_once(own: Served) -> None:
    finding = listed(own, "--rule", "KORUNAN", "--state", "YENI")[0]["finding"]
    text = misuse(own, "show", finding).stdout
    assert text.startswith("Korunan kişi (Protected person)\n")
    assert f"institution: {TOWN}" in text
    blank = misuse(own, "acknowledge", finding, "--reason", " ")
    assert (blank.exit_code, "Say what came of it" in blank.stderr) == (1, True)
    done = misuse(own, "acknowledge", finding, "--reason", "deneme sorgusu", "--by", "fatma")
    assert (done.exit_code, done.stdout) == (0, "Settled.\n")
    twice = misuse(own, "acknowledge", finding, "--reason", "deneme")
    assert (twice.exit_code, "fatma has settled" in twice.stderr) == (1, True)
    shown = json.loads(misuse(own, "show", finding, "--json").stdout)
    assert (shown["state"], shown["settled_reason"]) == ("ONAYLI", "deneme sorgusu")
    assert finding in {one["finding"] for one in listed(own, "--state", "ONAYLI")}
    unknown = misuse(own, "show", "0" * 16)
    assert (unknown.exit_code, "no such finding" in unknown.stderr) == (1, True)


def test_the_rules_find_an_enumeration(own: Served) -> None:
    stem = own.number(2) // 100
    # A user of its own: how often others ask about one person again is no part of it.
    counting = on_behalf(inquirer="SAYAN")
    for step in range(60):
        outcome(own, identity_number.make_disjoint(stem + step), headers=counting)

    def found() -> bool:
        misuse(own, "check")
        return "ARDISIK" in {one["rule"] for one in listed(own)}

    wait_for(found, seconds=30)
    one = listed(own, "--rule", "ARDISIK")[0]
    assert one["institution"] == TOWN
    assert ":" in one["record"]
    said = misuse(own, "list", "--rule", "ARDISIK").stdout
    assert "lay next to one asked shortly before" in said


def test_whatever_was_done_is_on_record(own: Served) -> None:
    words = ["audit", "search", "--reason", "deneme", "--json", "--limit", "500"]
    done = CliRunner().invoke(main, words, env={"KPS_HOME": str(own.home)})
    events = {one["event"] for one in json.loads(done.stdout)["records"]}
    assert {"UYARI", "UYARI_ONAY", "KORUMA", "KORUMA_KALDIRMA"} <= events
    verified = CliRunner().invoke(main, ["audit", "verify"], env={"KPS_HOME": str(own.home)})
    assert verified.exit_code == 0, verified.output


def test_what_is_no_identity_number_protects_nobody(own: Served, tmp_path: Path) -> None:
    refused = misuse(own, "protect", "12345678901", "--reason", "x")
    assert (refused.exit_code, "no identity number" in refused.stderr) == (1, True)
    nowhere = CliRunner().invoke(main, ["misuse", "list"], env={"KPS_HOME": str(tmp_path)})
    assert nowhere.exit_code == 2


def test_usage_is_shown_by_whom_it_was(own: Served) -> None:
    outcome(own, own.number(0))
    rows = json.loads(misuse(own, "usage", "--json", "--by", "service").stdout)
    mine = [one for one in rows if one["institution"] == TOWN]
    assert mine
    assert all(one["calls"] >= one["refused"] for one in mine)
    assert "institution" in misuse(own, "usage").stdout
    wrong = misuse(own, "usage", "--since", "2026-02-02", "--until", "2026-02-01")
    assert wrong.exit_code == 2
