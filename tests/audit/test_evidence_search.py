"""Finding and showing records; each look is a record; no number stands anywhere."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from evidence_samples import NOW, PERSON, Evidence, entry, opened, writing_to
from sqlalchemy import Connection, delete, update
from sqlalchemy.engine import make_url

from kps_soap.audit.appending import recorder
from kps_soap.audit.keys import FileKey, Keyring, MonthUnreadable
from kps_soap.audit.records import Unreadable
from kps_soap.audit.search import (
    Asker,
    Criteria,
    NoSuchRecord,
    Position,
    ReasonMissing,
    find,
    open_record,
    search,
    search_entry,
    show,
)
from kps_soap.audit.verification import verify
from kps_soap.entry import Entry, Event
from kps_soap.faults import EvidenceUnavailable
from kps_soap.models import dictionaries, evidence_chains, month_keys
from kps_soap.models import evidence as evidence_table

OTHER_PERSON = 98765432101


def asker(reason: str = "şikâyet 2026/5") -> Asker:
    return Asker("denetci", reason, "r-1", NOW, "CLI")


@contextmanager
def recording(evidence: Evidence) -> Iterator[Callable[[Entry], None]]:
    with recorder(
        evidence.engine,
        evidence.keyring,
        worker="kps audit",
        clock=lambda: NOW,
        random_bytes=os.urandom,
    ) as run:
        yield run.record


@contextmanager
def transaction(evidence: Evidence) -> Iterator[Connection]:
    with evidence.engine.connect() as connection, connection.begin():
        yield connection


def found(evidence: Evidence, criteria: Criteria) -> list[str]:
    """Request numbers of the answered queries that a search finds."""
    with transaction(evidence) as connection:
        page = find(connection, evidence.keyring, criteria, limit=100)
    return [
        one.columns["request_id"] for one in page.found if one.columns["event"] == Event.QUERY.value
    ]


def test_a_record_is_found_by_each_of_its_facts(database_url: str) -> None:
    wanted = entry(
        persons=[OTHER_PERSON, 10000000146],
        institution="B-06-0001",
        account="KRM-06-0001",
        inquirer="U-1",
        case_number="E-1",
        service="KimlikNoSorgulaAdresServis",
        receipt_number="20261121-B-06-0001-00000001-11",
        outcome=205,
        refusal="AgreementNotInForce",
        received_at=NOW + timedelta(hours=1),
    )
    with opened(database_url) as evidence:
        evidence.write([entry(), wanted, entry()])
        for criteria in (
            Criteria(person=OTHER_PERSON),
            Criteria(person=10000000146),
            Criteria(institution="B-06-0001"),
            Criteria(account="KRM-06-0001"),
            Criteria(inquirer="U-1"),
            Criteria(case_number="E-1"),
            Criteria(service="KimlikNoSorgulaAdresServis"),
            Criteria(receipt_number="20261121-B-06-0001-00000001-11"),
            Criteria(request_id=wanted.request_id),
            Criteria(outcome=205),
            Criteria(refusal="AgreementNotInForce"),
            Criteria(since=NOW + timedelta(minutes=30), event=Event.QUERY),
            Criteria(person=OTHER_PERSON, since=NOW, until=NOW + timedelta(hours=2)),
        ):
            assert found(evidence, criteria) == [wanted.request_id]
        assert found(evidence, Criteria(person=OTHER_PERSON, institution="X")) == []
        assert found(evidence, Criteria(until=NOW)) == []
        assert len(found(evidence, Criteria())) == 3


def test_a_person_is_found_in_every_month(database_url: str) -> None:
    months = [NOW.replace(month=month, day=1) for month in (1, 5, 11)]
    entries = [entry(received_at=moment) for moment in months]
    with opened(database_url) as evidence:
        evidence.write(entries)
        newest_first = [one.request_id for one in reversed(entries)]
        assert found(evidence, Criteria(person=PERSON)) == newest_first
        since_may = Criteria(person=PERSON, since=NOW.replace(month=3))
        assert found(evidence, since_may) == newest_first[:2]


def test_pages_hold_every_record_once_newest_first(database_url: str) -> None:
    entries = [entry(received_at=NOW + timedelta(seconds=number // 3)) for number in range(25)]
    with opened(database_url) as evidence:
        evidence.write(entries[:10])
        evidence.write(entries[10:])
        seen: list[tuple[int, str, int]] = []
        after: Position | None = None
        while True:
            with transaction(evidence) as connection:
                page = find(connection, evidence.keyring, Criteria(), limit=4, after=after)
            assert len(page.found) <= 4
            seen += [(one.columns["received_us"], one.chain_id, one.sequence) for one in page.found]
            after = page.next
            if after is None:
                break
    assert len(seen) == 27
    assert seen == sorted(set(seen), reverse=True)


def test_a_search_is_a_record_that_says_who_and_why(database_url: str) -> None:
    criteria = Criteria(person=PERSON, since=NOW - timedelta(days=1), event=Event.QUERY)
    with opened(database_url) as evidence:
        evidence.write([entry()])
        with recording(evidence) as record:
            page = search(
                evidence.engine,
                evidence.keyring,
                criteria,
                asker=asker(),
                record=record,
                limit=10,
            )
            assert len(page.found) == 1
        with transaction(evidence) as connection:
            about_person = find(connection, evidence.keyring, Criteria(person=PERSON), limit=10)
            (look,) = [one for one in about_person.found if one.columns["event"] == "IZ_ARAMA"]
            shown = open_record(connection, evidence.keyring, look.chain_id, look.sequence)
        assert (look.columns["account"], look.columns["channel"]) == ("denetci", "CLI")
        assert json.loads(shown.question or b"") == {
            "reason": "şikâyet 2026/5",
            "person": PERSON,
            "since": "2026-11-20T09:30:15.123456+00:00",
            "event": "SORGU",
        }
        assert verify(evidence.url, evidence.keyring).ok


def test_one_command_is_one_chain_that_ends(database_url: str) -> None:
    with opened(database_url) as evidence:
        with recording(evidence):
            pass
        assert evidence.count() == 0
        with recording(evidence) as record:
            record(search_entry(Criteria(), asker()))
            record(search_entry(Criteria(), asker()))
        events = [row.event for row in evidence.rows()]
        assert events == ["BASLATMA", "IZ_ARAMA", "IZ_ARAMA", "DURDURMA"]
        assert evidence.count(evidence_chains) == 1


@pytest.mark.parametrize("reason", ["", " \t"])
def test_nobody_looks_without_a_reason(tmp_path: Path, reason: str) -> None:
    with opened(f"sqlite:///{tmp_path / 'e.sqlite'}") as evidence:
        with recording(evidence) as record, pytest.raises(ReasonMissing):
            search(
                evidence.engine,
                evidence.keyring,
                Criteria(),
                asker=asker(reason),
                record=record,
                limit=10,
            )
        assert evidence.count() == 0


def test_a_look_that_cannot_be_recorded_shows_nothing(tmp_path: Path) -> None:
    def gone(_entry: Entry) -> None:
        raise EvidenceUnavailable("gone")

    with opened(f"sqlite:///{tmp_path / 'e.sqlite'}") as evidence:
        chain_id = evidence.write([entry()])
        with pytest.raises(EvidenceUnavailable):
            show(evidence.engine, evidence.keyring, chain_id, 2, asker=asker(), record=gone)


def test_a_record_is_shown_whole(database_url: str) -> None:
    one = entry()
    with opened(database_url) as evidence:
        chain_id = evidence.write([one])
        with recording(evidence) as record:
            shown = show(
                evidence.engine, evidence.keyring, chain_id, 2, asker=asker(), record=record
            )
            with pytest.raises(NoSuchRecord):
                show(evidence.engine, evidence.keyring, chain_id, 9, asker=asker(), record=record)
        assert (shown.question, shown.answer) == (one.question, one.answer)
        assert shown.returned_fields == one.returned_fields
        assert shown.found.received_at == one.received_at
        looks = [row.event for row in evidence.rows() if row.event == "IZ_ARAMA"]
        assert len(looks) == 2


def test_a_destroyed_record_is_shown_without_its_content(database_url: str) -> None:
    with opened(database_url) as evidence:
        chain_id = evidence.write([entry()])
        empty = {column.name: None for column in evidence_table.columns if column.nullable}
        evidence.run(update(evidence_table).values(empty))
        evidence.run(update(month_keys).values(wrapped=None, destroyed_us=1))
        with transaction(evidence) as connection:
            shown = open_record(connection, evidence.keyring, chain_id, 2)
            assert find(connection, evidence.keyring, Criteria(person=PERSON), limit=9).found == ()
        assert (shown.question, shown.answer, shown.found.received_at) == (None, None, None)


def test_a_changed_record_is_not_shown(database_url: str) -> None:
    with opened(database_url) as evidence:
        chain_id = evidence.write([entry()])
        evidence.run(update(evidence_table).values(plain_digest=bytes(32)))
        with transaction(evidence) as connection, pytest.raises(Unreadable):
            open_record(connection, evidence.keyring, chain_id, 2)
        evidence.run(update(evidence_table).values(salt=None))
        with transaction(evidence) as connection, pytest.raises(MonthUnreadable):
            open_record(connection, evidence.keyring, chain_id, 2)


def test_messages_whose_dictionary_is_gone_are_not_shown(database_url: str) -> None:
    with opened(database_url) as evidence:
        written = entry()
        chain_id = evidence.write([written])
        with transaction(evidence) as connection:
            shown = open_record(connection, evidence.keyring, chain_id, 2)
        assert (shown.question, shown.answer) == (written.question, written.answer)
        evidence.run(delete(dictionaries))
        with (
            transaction(evidence) as connection,
            pytest.raises(Unreadable, match="the dictionary that its answer needs is not here"),
        ):
            open_record(connection, evidence.keyring, chain_id, 2)


def test_a_person_is_not_searched_for_with_half_the_keys(database_url: str) -> None:
    """An incomplete answer would look complete."""
    with opened(database_url) as evidence:
        evidence.write([entry()])
        other = Keyring(FileKey.of(bytes(32)))
        with transaction(evidence) as connection, pytest.raises(MonthUnreadable):
            find(connection, other, Criteria(person=PERSON), limit=9)
        evidence.run(delete(month_keys))
        with transaction(evidence) as connection:
            assert find(connection, other, Criteria(person=PERSON), limit=9).found == ()


def test_a_command_without_a_database_is_refused(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'e.sqlite'}") as evidence:
        (tmp_path / "e.sqlite").unlink()
        (tmp_path / "e.sqlite").mkdir()
        with pytest.raises(EvidenceUnavailable), recording(evidence):
            pass


def test_a_command_that_cannot_write_is_refused(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'e.sqlite'}") as evidence:
        evidence.run(evidence_table.delete())
        with transaction(evidence) as connection:
            connection.exec_driver_sql("DROP TABLE evidence")
        with recording(evidence) as record, pytest.raises(EvidenceUnavailable):
            record(entry())


def test_no_number_and_no_name_stands_in_any_file_of_the_database(tmp_path: Path) -> None:
    """Also not written as bytes, hexadecimal, base64 or backwards in the answer's encoding."""
    url = f"sqlite:///{tmp_path / 'e.sqlite'}"

    async def run() -> None:
        async with writing_to(evidence) as writer:
            for _ in range(20):
                await writer.record(entry(persons=[PERSON, OTHER_PERSON]))

    with opened(url) as evidence:
        asyncio.run(run())
        with recording(evidence) as record:
            page = search(
                evidence.engine,
                evidence.keyring,
                Criteria(person=OTHER_PERSON),
                asker=asker(),
                record=record,
                limit=50,
            )
        assert len(page.found) == 21
        files = list(Path(make_url(url).database or "").parent.iterdir())
        content = b"".join(path.read_bytes() for path in files)
    assert b"KRM-34-0417" in content
    for secret in (PERSON, OTHER_PERSON):
        for form in (
            str(secret).encode(),
            str(secret).encode("utf-16-le"),
            str(secret).encode().hex().encode(),
            secret.to_bytes(8, "big")[2:],
            secret.to_bytes(8, "little")[:6],
        ):
            assert form not in content
    assert "Ayşe".encode() not in content
    assert "şikâyet".encode() not in content
