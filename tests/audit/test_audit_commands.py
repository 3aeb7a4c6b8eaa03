"""The commands over the evidence: searches to a file, orders, retention, keys, backups."""

import csv
import io
import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from evidence_samples import NOW, entry
from export_samples import seal, sealed_in_turns
from home_samples import Command, at, commands_in, evidence_of, make_home
from retention_samples import DUE, NOT_DUE
from sqlalchemy import select, update

from kps_soap import database, identity_number
from kps_soap.entry import Event
from kps_soap.models import evidence as evidence_table
from kps_soap.models import evidence_chains, month_keys

#: A number that nobody can have.
PERSON = identity_number.make_disjoint(123456789)

WHY = ("--reason", "şikâyet 2026/14")
ORDER = (*WHY, "--document", "2026/55 E.")
ASKED = {"outcome": 0, "refusal": "", "persons": [PERSON]}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three chains, each sealed."""
    home = make_home(tmp_path_factory.mktemp("homes") / "template")
    with evidence_of(home) as evidence:
        sealed_in_turns(evidence)
        evidence.write([entry(**ASKED), entry(**ASKED, inquirer="=1+1")])
        seal(evidence)
        with evidence.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def here(home: Path) -> Command:
    return commands_in(home)


def count_of(home: Path, event: Event) -> int:
    with evidence_of(home) as evidence, evidence.engine.connect() as connection:
        query = select(evidence_table.c.event).where(evidence_table.c.event == event.value)
        return len(connection.execute(query).all())


# Search


def test_all_results_of_a_search_go_into_a_private_csv(here: Command, home: Path) -> None:
    file = home / "found.csv"
    words = ("audit", "search", *WHY, "--institution", "B-34-0417")
    result = here(*words, "--all", "--format", "csv", "--to", str(file))
    assert result.exit_code == 0, result.stderr
    text = file.read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 11
    assert file.stat().st_mode & 0o777 == 0o600
    assert {row["inquirer"] for row in rows} == {"U-77", "'=1+1"}
    assert count_of(home, Event.SEARCH) == 1


def test_all_results_of_a_search_are_one_json_document(
    here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kps_soap.audit.search.PAGE_MAX", 4)
    result = here("audit", "search", *WHY, "--event", "SORGU", "--all", "--format", "json")
    assert len(json.loads(result.stdout)["records"]) == 11
    page = here("audit", "search", *WHY, "--event", "SORGU", "--format", "json", "--limit", "3")
    assert len(json.loads(page.stdout)["records"]) == 3
    assert "There are more" in page.stderr


def test_records_are_found_by_token(here: Command, home: Path) -> None:
    with evidence_of(home) as evidence:
        evidence.write([entry(token="_abc", received_at=NOW)])
    result = here("audit", "search", *WHY, "--token", "_abc", "--json")
    assert [one["token"] for one in json.loads(result.stdout)["records"]] == ["_abc"]


def test_a_search_of_all_pages_needs_a_form_and_a_place_to_write(here: Command) -> None:
    for words in (("--all",), ("--to", "x")):
        result = here("audit", "search", *WHY, *words)
        assert (result.exit_code, "--format" in result.stderr) == (2, True)
    nowhere = here("audit", "search", *WHY, "--format", "csv", "--to", "/nowhere/x.csv")
    assert nowhere.exit_code == 1
    assert "cannot be written" in nowhere.stderr


# Person, and secrecy


def test_the_report_about_a_person_comes_in_every_form(here: Command, home: Path) -> None:
    words = ("audit", "person", str(PERSON), *WHY)
    text = here(*words)
    assert text.exit_code == 0, text.stderr
    assert "Örnek İlçe Belediyesi" in text.stdout
    assert "U-77" not in text.stdout
    assert "U-77" in here(*words, "--staff").stdout
    assert json.loads(here(*words, "--format", "json").stdout)["times"] == 2
    page = home / "page.html"
    assert here(*words, "--format", "page", "--to", str(page)).exit_code == 0
    assert "Örnek İlçe Belediyesi" in page.read_text(encoding="utf-8")
    assert here(*words, "--format", "csv", "--since", "2027-01-01").stdout.count("\n") == 1
    assert here("audit", "person", "123", *WHY).exit_code == 2
    assert here("audit", "person", str(PERSON)).exit_code == 2


def test_secrecy_holds_entries_back_until_it_is_lifted(here: Command, home: Path) -> None:
    words = ("audit", "person", str(PERSON), *WHY, "--format", "json")
    placed = here("audit", "secrecy", "add", *ORDER, "--institution", "B-34-0417",
                  "--ends", "2099-01-01")  # fmt: skip
    assert placed.exit_code == 0, placed.stderr
    order_id = placed.stdout.strip()
    assert json.loads(here(*words).stdout)["times"] == 0
    (row,) = json.loads(here("audit", "secrecy", "list", *WHY, "--json").stdout)
    assert (row["order"], row["state"]) == (order_id, "in force")
    assert row["ends"].startswith("2099-01-01")
    assert json.loads(here("audit", "hold", "list", *WHY, "--json").stdout) == []
    assert here("audit", "hold", "lift", *ORDER, order_id).exit_code == 1
    assert here("audit", "secrecy", "lift", *ORDER, order_id).exit_code == 0
    assert json.loads(here(*words).stdout)["times"] == 2
    again = here("audit", "secrecy", "lift", *ORDER, order_id)
    assert (again.exit_code, "lifted already" in again.stderr) == (1, True)
    assert count_of(home, Event.SECRECY_PLACED) == count_of(home, Event.SECRECY_LIFTED) == 1
    assert here("audit", "verify").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("hold", "add", *ORDER), 1),
        (("hold", "add", *WHY, "--institution", "B-1"), 2),
        (("hold", "add", "--document", "1", "--institution", "B-1"), 2),
        (("hold", "add", *ORDER, "--person", "1"), 2),
        (("hold", "add", *ORDER, "--since", "gestern"), 2),
        (("hold", "add", "--reason", " ", "--document", "1", "--institution", "B"), 1),
        (("secrecy", "add", *ORDER, "--institution", "B-1"), 2),
        (("secrecy", "add", *ORDER, "--institution", "B-1", "--ends", "2020-01-01"), 1),
        (("hold", "lift", *ORDER, "00000000"), 1),
        (
            (
                "hold",
                "list",
            ),
            2,
        ),
    ],
    ids=str,
)
def test_an_order_that_lacks_something_is_refused(
    here: Command, home: Path, words: tuple[str, ...], code: int
) -> None:
    result = here("audit", *words)
    assert result.exit_code == code
    assert result.stderr.strip()
    assert count_of(home, Event.HOLD_PLACED) == count_of(home, Event.SECRECY_PLACED) == 0


# Retention


def test_months_are_destroyed_when_they_are_due_and_what_is_held_stays(
    here: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here("audit", "retain").exit_code == 2
    assert here("audit", "retain", "--dry-run", "--apply").exit_code == 2
    at(monkeypatch, NOT_DUE)
    nothing = here("audit", "retain", "--apply")
    assert nothing.exit_code == 0
    assert "(none)" in nothing.stdout
    assert "The oldest month is 2026-11; it is due on 2041-12-01" in nothing.stdout
    held = here("audit", "hold", "add", *ORDER, "--person", str(PERSON))
    assert held.exit_code == 0, held.stderr
    (row,) = json.loads(here("audit", "hold", "list", *WHY, "--json").stdout)
    assert (row["about"], row["document"]) == (identity_number.mask(PERSON), "2026/55 E.")
    at(monkeypatch, DUE)
    (due,) = json.loads(here("audit", "retain", "--dry-run", "--json").stdout)
    assert (due["month"], due["held"], due["state"]) == ("2026-11", 2, "due")
    done = here("audit", "retain", "--apply", "--by", "arsivci")
    assert done.exit_code == 0, done.stderr
    assert "destroyed" in done.stdout
    assert "The oldest month is 2026-12" in done.stdout
    found = json.loads(here("audit", "search", *WHY, "--person", str(PERSON), "--json").stdout)
    asked = [one for one in found["records"] if one["event"] == "SORGU"]
    assert len(asked) == 2
    shown = here("audit", "show", *WHY, asked[0]["record"])
    assert "<Ad>Ayşe</Ad>" in shown.stdout
    assert here("audit", "verify").exit_code == 0
    with evidence_of(home) as evidence:
        gone = {row.month for row in evidence.rows(month_keys) if row.wrapped is None}
    assert gone == {"2026-11"}
    assert count_of(home, Event.DESTROYED) == 1


def test_no_setting_shortens_the_fifteen_years(here: Command, home: Path) -> None:
    with (home / "kps.toml").open("a", encoding="utf-8") as file:
        file.write("retention_years = 14\n")
    result = here("audit", "retain", "--dry-run")
    assert result.exit_code == 2
    assert "must lie between 15 and 200" in result.stderr


# Keys


def test_a_key_is_rotated_and_everything_still_opens(here: Command, home: Path) -> None:
    new = home / "new.key"
    result = here("audit", "rotate-key", "--to", str(new))
    assert result.exit_code == 0, result.stderr
    assert "months and 0 orders wrapped anew" in result.stdout
    assert len(list((home / "keys").glob("evidence.key.*"))) == 1
    assert here("audit", "verify").exit_code == 0
    assert json.loads(here("audit", "person", str(PERSON), *WHY, "--format", "json").stdout)[
        "times"
    ]
    again = here("audit", "rotate-key", "--to", str(new))
    assert "in use already" in again.stdout
    wrong = here("audit", "rotate-key", "--to", str(home / "keys" / "evidence.key"))
    assert (wrong.exit_code, "Name another file" in wrong.stderr) == (1, True)


# Backup and restore


def test_a_backup_is_verified_anywhere_and_restored_into_an_empty_home(
    here: Command, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup.zip"
    made = here("audit", "export", "--to-file", str(file), "--by", "yedekci")
    assert made.exit_code == 0, made.stderr
    assert "Checkpoints 1 to 4" in made.stdout
    assert count_of(home, Event.EXPORTED) == 1

    nowhere = commands_in(tmp_path / "no-home")
    certificate = ("--certificate", str(home / "keys" / "seal.pem"))
    assert nowhere("audit", "verify", "--export", str(file)).exit_code == 2
    verified = nowhere("audit", "verify", "--export", str(file), *certificate, "--json")
    assert verified.exit_code == 0, verified.stderr
    assert json.loads(verified.stdout)["sealed"] == json.loads(verified.stdout)["records"] == 15
    key = ("--key-file", str(home / "keys" / "evidence.key"))
    assert nowhere("audit", "verify", "--export", str(file), *certificate, *key).exit_code == 0

    restored = make_home(tmp_path / "restored")
    there = commands_in(restored)
    brought = there("audit", "import", str(file))
    assert brought.exit_code == 0, brought.stderr
    assert "15 records are new" in brought.stdout
    assert there("audit", "verify").exit_code == 0
    report = ("audit", "person", str(PERSON), *WHY, "--format", "csv")
    assert there(*report).stdout == here(*report).stdout
    bill = ("billing", "statement", "--month", "2026-11", "--format", "json")
    assert there(*bill).stdout == here(*bill).stdout
    assert count_of(restored, Event.IMPORTED) == 1


def test_parts_are_exported_by_their_checkpoints(here: Command, tmp_path: Path) -> None:
    file = tmp_path / "part.zip"
    made = here("audit", "export", "--from", "2", "--to", "3", "--to-file", str(file))
    assert "Checkpoints 2 to 3" in made.stdout
    beyond = here("audit", "export", "--from", "9", "--to-file", str(tmp_path / "b.zip"))
    assert (beyond.exit_code, "There are checkpoints 1 to 4" in beyond.stderr) == (1, True)
    twice = here("audit", "export", "--to-file", str(file))
    assert (twice.exit_code, "already" in twice.stderr) == (1, True)
    restored = commands_in(make_home(tmp_path / "restored"))
    refused = restored("audit", "import", str(file))
    assert (refused.exit_code, "not here" in refused.stderr) == (1, True)


def test_a_tampered_export_is_named_and_not_imported(
    here: Command, home: Path, tmp_path: Path
) -> None:
    with evidence_of(home) as evidence:
        (chain_id, *_) = [row.chain_id for row in evidence.rows(evidence_chains)]
        here_it_is = (evidence_table.c.chain_id == chain_id) & (evidence_table.c.sequence == 2)
        evidence.run(update(evidence_table).where(here_it_is).values(institution="B-99"))
    file = tmp_path / "backup.zip"
    assert here("audit", "export", "--to-file", str(file)).exit_code == 0
    certificate = ("--certificate", str(home / "keys" / "seal.pem"))
    named = here("audit", "verify", "--export", str(file), *certificate)
    assert named.exit_code == 1
    assert f"{chain_id}:2 changed" in named.stderr
    restored = commands_in(make_home(tmp_path / "restored"))
    refused = restored("audit", "import", str(file))
    assert (refused.exit_code, "does not verify" in refused.stderr) == (1, True)
    (tmp_path / "junk.zip").write_bytes(b"junk")
    junk = here("audit", "import", str(tmp_path / "junk.zip"))
    assert (junk.exit_code, "is no export" in junk.stderr) == (1, True)


# Fees from an export


def test_a_closed_month_is_computed_again_from_an_export_alone(
    here: Command, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, NOW + timedelta(days=40))
    closed = here("billing", "close", "--month", "2026-11")
    assert closed.exit_code == 0, closed.stderr
    stated = tmp_path / "statement.json"
    words = ("--month", "2026-11", "--institution", "B-34-0417")
    here("billing", "statement", *words, "--format", "json", "--to", str(stated))
    with evidence_of(home) as evidence:
        seal(evidence)
    file = tmp_path / "backup.zip"
    assert here("audit", "export", "--to-file", str(file)).exit_code == 0

    nowhere = commands_in(tmp_path / "no-home")
    verify = ("billing", "verify", "--month", "2026-11", "--export", str(file))
    key = ("--key-file", str(home / "keys" / "evidence.key"))
    for way in (key, ("--statement", str(stated))):
        result = nowhere(*verify, *way)
        assert result.exit_code == 0, result.stderr
        assert "B-34-0417 2026-11: agrees with the records" in result.stdout
    assert nowhere(*verify).exit_code == 2
    other = ("billing", "verify", "--month", "2026-12", "--export", str(file))
    assert nowhere(*other, "--statement", str(stated)).exit_code == 2
    assert nowhere(*other, *key).exit_code == 1

    statement: dict[str, Any] = json.loads(stated.read_text(encoding="utf-8"))
    statement["lines"][0]["amount"] += 1
    statement["amount"] += 1
    text = json.dumps(statement, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    stated.write_text(text, encoding="utf-8")
    differs = nowhere(*verify, "--statement", str(stated))
    assert differs.exit_code == 1
    assert "on record" in differs.stdout
    stated.write_text("{}", encoding="utf-8")
    assert "no statement" in nowhere(*verify, "--statement", str(stated)).stderr


def test_a_changed_record_of_an_export_is_not_charged(
    here: Command, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, NOW + timedelta(days=40))
    here("billing", "close", "--month", "2026-11")
    with evidence_of(home) as evidence:
        seal(evidence)
        charged = evidence_table.c.units > 0
        evidence.run(update(evidence_table).where(charged).values(amount=1))
    file = tmp_path / "backup.zip"
    here("audit", "export", "--to-file", str(file))
    key = ("--key-file", str(home / "keys" / "evidence.key"))
    words = ("billing", "verify", "--month", "2026-11", "--export", str(file), *key)
    result = commands_in(tmp_path)(*words)
    assert result.exit_code == 1
    assert "kps audit verify --export" in result.stderr


def test_an_upgrade_of_a_home_says_so(here: Command, home: Path) -> None:
    assert here("db", "upgrade").exit_code == 0
    assert database.is_at_head(f"sqlite:///{home / 'gateway.db'}")
