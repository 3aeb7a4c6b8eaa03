"""Every administrative act leaves a record of who did what to whom, and why; or is not done."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from end_to_end.questions import PERSON, person_query
from end_to_end.running import Served
from kps_soap.cli import main

ACCOUNT = "KRM-34-0417"
Command = Callable[..., Result]


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    """A copy of the demo home that nobody serves."""
    copy = tmp_path / "home"
    shutil.copytree(demo_home, copy, ignore=shutil.ignore_patterns("gateway.db*", "serve.log"))
    with (
        closing(sqlite3.connect(demo_home / "gateway.db")) as source,
        closing(sqlite3.connect(copy / "gateway.db")) as target,
    ):
        source.backup(target)
    return copy


@pytest.fixture
def here(home: Path) -> Command:
    def in_home(*words: str | Path) -> Result:
        variables = {"KPS_HOME": str(home)}
        return CliRunner().invoke(main, [str(word) for word in words], env=variables)

    return in_home


def newest(here: Command, event: str) -> dict[str, Any]:
    """The newest record of an event, with what lies in its encrypted part."""
    said = here("audit", "search", "--reason", "deneme", "--json", "--limit", "50")
    found = [one for one in json.loads(said.stdout)["records"] if one["event"] == event]
    shown = here("audit", "show", "--reason", "deneme", "--json", found[0]["record"])
    value: dict[str, Any] = json.loads(shown.stdout)
    return value


ACTS = {
    "HESAP_PAROLA": ("accounts", "password", ACCOUNT),
    "HESAP_BLOKE": ("accounts", "block", ACCOUNT),
    "HESAP_ACMA": ("accounts", "unblock", ACCOUNT),
}


@pytest.mark.parametrize("event", ACTS)
def test_what_is_done_to_an_account_is_on_record(here: Command, event: str) -> None:
    done = here(*ACTS[event], "--by", "Ayşe Yılmaz", "--reason", "yazı 2026/14")
    assert done.exit_code == 0, done.output
    record = newest(here, event)
    assert (record["account"], record["detail"], record["channel"]) == (
        "Ayşe Yılmaz",
        ACCOUNT,
        "CLI",
    )
    assert json.loads(record["question"]) == {"reason": "yazı 2026/14", "about": ACCOUNT}
    assert done.stdout.strip() not in json.dumps(record, ensure_ascii=False)
    assert here("audit", "verify").exit_code == 0


def test_a_roster_that_is_replaced_is_on_record_without_its_persons(
    here: Command, home: Path, tmp_path: Path
) -> None:
    demo = json.loads((home / "demo.json").read_text(encoding="utf-8"))
    numbers = [str(one["identity_number"]) for one in demo["personas"][:3]]
    file = tmp_path / "roster.txt"
    file.write_text("\n".join(numbers), encoding="utf-8")
    done = here("rosters", "replace", "B-34-0417", file, "--by", "denetçi")
    assert done.exit_code == 0, done.output
    record = newest(here, "LISTE_YUKLEME")
    assert (record["institution"], record["detail"]) == ("B-34-0417", "B-34-0417: 3 persons")
    assert not [one for one in numbers if one in json.dumps(record)]


def test_an_act_that_cannot_be_done_leaves_no_record_of_being_done(
    here: Command, home: Path
) -> None:
    refused = here("accounts", "block", "KRM-YOK")
    assert (refused.exit_code, "no such account" in refused.output) == (1, True)
    with closing(sqlite3.connect(home / "gateway.db")) as connection:
        query = "SELECT event FROM evidence ORDER BY received_us DESC LIMIT 2"
        events = [event for (event,) in connection.execute(query)]
    assert sorted(events) == ["BASLATMA", "DURDURMA"]
    assert here("audit", "verify").exit_code == 0


def test_an_act_that_cannot_be_recorded_is_not_done(here: Command, home: Path) -> None:
    before = state_of(home)
    (home / "keys" / "evidence.key").rename(home / "keys" / "elsewhere")
    assert here("accounts", "block", ACCOUNT).exit_code == 1
    assert here("accounts", "password", ACCOUNT).exit_code == 1
    assert state_of(home) == before


def state_of(home: Path) -> tuple[Any, ...]:
    with closing(sqlite3.connect(home / "gateway.db")) as connection:
        query = "SELECT state, credential_version FROM credentials WHERE account = ?"
        row: tuple[Any, ...] = connection.execute(query, (ACCOUNT,)).fetchone()
    return row


def test_nobody_acts_without_a_name(here: Command) -> None:
    assert here("accounts", "block", ACCOUNT, "--by", " ").exit_code == 2


def test_the_keys_in_use_are_on_record_from_the_start(gateway: Served) -> None:
    with closing(sqlite3.connect(gateway.home / "gateway.db")) as connection:
        query = "SELECT detail FROM evidence WHERE event = 'ANAHTAR_YUKLEME'"
        details = {detail for (detail,) in connection.execute(query)}
    assert len(details) == 1
    assert details.pop().startswith("sha256 ")


def test_a_record_is_shown_without_its_passwords_and_with_its_bytes_as_they_came(
    gateway: Served,
) -> None:
    reply = gateway.ask(PERSON, person_query(gateway.number(0)))
    password = gateway.account("B-34-0417")["password"]

    def look(*words: str) -> Result:
        variables = {"KPS_HOME": str(gateway.home)}
        return CliRunner().invoke(main, ["audit", *words, "--reason", "deneme"], env=variables)

    found = look("search", "--json", "--request", reply.headers["kps-istek-no"])
    (record,) = json.loads(found.stdout)["records"]
    for words in (("show", record["record"]), ("show", "--json", record["record"])):
        shown = look(*words).stdout
        assert password not in shown
        assert "Password" in shown
    value = json.loads(look("show", "--json", record["record"]).stdout)
    assert value["question"] == reply.question.decode().replace(password, "***")
    assert value["question_digest"] == record["question_digest"]


def test_a_statement_of_fees_is_on_record(gateway: Served) -> None:
    gateway.ask(PERSON, person_query(gateway.number(0)))

    def here(*words: str | Path) -> Result:
        variables = {"KPS_HOME": str(gateway.home)}
        return CliRunner().invoke(main, [str(word) for word in words], env=variables)

    with closing(sqlite3.connect(gateway.home / "gateway.db")) as connection:
        query = "SELECT month FROM evidence WHERE event = 'SORGU' LIMIT 1"
        (month,) = connection.execute(query).fetchone()
    done = here("billing", "statement", "--month", month, "--by", "muhasebe")
    assert done.exit_code == 0, done.output
    record = newest(here, "HESAP_OZETI")
    assert (record["account"], record["detail"]) == ("muhasebe", month)
