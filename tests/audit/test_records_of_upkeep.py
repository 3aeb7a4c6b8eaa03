"""An upgrade of the tables and a verification are records; and slips that are sentences."""

from pathlib import Path

import pytest
from click.testing import Result
from evidence_samples import entry
from home_samples import Command, commands_in, evidence_of, make_home
from sqlalchemy import select

from kps_soap import database
from kps_soap.entry import Event
from kps_soap.models import evidence as evidence_table


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = make_home(tmp_path / "home")
    with evidence_of(made) as evidence:
        evidence.write([entry()])
    return made


@pytest.fixture
def here(home: Path) -> Command:
    return commands_in(home)


def details(home: Path, event: Event) -> list[str]:
    columns = evidence_table.c
    with evidence_of(home) as evidence, evidence.engine.connect() as connection:
        query = select(columns.detail).where(columns.event == event.value)
        return list(connection.execute(query.order_by(columns.received_us)).scalars())


# Verifying


def test_a_verification_of_a_home_is_a_record_with_its_findings(here: Command, home: Path) -> None:
    assert here("audit", "verify", "--by", "denetci", "--reason", "yıllık").exit_code == 0
    assert details(home, Event.VERIFIED) == ["2 records, 0 findings"]
    with evidence_of(home) as evidence:
        evidence.run(
            evidence_table.update()
            .where(evidence_table.c.event == "SORGU")
            .values(account="KRM-SOMEBODY-ELSE")
        )
    assert here("audit", "verify").exit_code == 1
    assert details(home, Event.VERIFIED)[1] == "5 records, 1 findings"
    assert here("audit", "verify", "--chains-only").exit_code == 0
    assert len(details(home, Event.VERIFIED)) == 3


def test_what_cannot_be_recorded_is_verified_and_said(here: Command, home: Path) -> None:
    key = home / "keys" / "evidence.key"
    key.rename(home / "away.key")
    found = here("audit", "verify", "--without-keys")
    (home / "away.key").rename(key)
    assert found.exit_code == 0
    assert "all is well" in found.stdout
    assert "not on record" in found.stderr
    assert details(home, Event.VERIFIED) == []


# Upgrading


def test_an_upgrade_from_an_earlier_form_is_a_record(
    here: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here("db", "upgrade").exit_code == 0
    assert details(home, Event.TABLES_UPGRADED) == []
    found = iter([{"0001"}, {"0002"}])
    monkeypatch.setattr(database, "revisions", lambda _url: next(found))
    assert here("db", "upgrade", "--by", "ayşe").exit_code == 0
    assert details(home, Event.TABLES_UPGRADED) == ["0001 > 0002"]


def test_an_empty_database_stays_empty_for_an_import(here: Command, home: Path) -> None:
    for file in home.glob("gateway.db*"):
        file.unlink()
    assert here("db", "upgrade").exit_code == 0
    with evidence_of(home) as evidence:
        assert evidence.count() == 0


def test_a_database_names_the_changes_that_it_has_seen(home: Path, tmp_path: Path) -> None:
    (head,) = database.revisions(f"sqlite:///{home / 'gateway.db'}")
    assert head
    missing = tmp_path / "none.db"
    assert database.revisions(f"sqlite:///{missing}") == set()
    assert not missing.exists()


# Slips


@pytest.mark.parametrize(
    "words",
    [("accounts", "block", "\udcff"), ("audit", "search", "--reason", "x", "--account", "a\udcfe")],
)
def test_a_word_that_is_no_text_is_a_sentence(here: Command, words: tuple[str, ...]) -> None:
    result: Result = here(*words)
    assert (result.exit_code, "is not text in UTF-8" in result.stderr) == (2, True)
    assert f"Argument {len(words)} " in result.stderr


def test_a_directory_in_which_wsdls_cannot_be_written_is_a_sentence(
    here: Command, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    result = here("wsdl", "write", "--to", str(tmp_path / "file" / "below"))
    assert (result.exit_code, "cannot be written there" in result.stderr) == (1, True)
