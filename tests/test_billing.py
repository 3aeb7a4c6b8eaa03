"""A month's statement follows from the records, and a closed month can be computed again."""

import csv
import io
import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from sqlalchemy import Connection, Engine, select, update

from kps_soap import places
from kps_soap.agreements.tariff import Tariff
from kps_soap.audit.appending import Record, recorder
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.billing import closing, rendering
from kps_soap.billing.statement import (
    Line,
    NoMonth,
    Span,
    Statement,
    institutions,
    statement_of,
)
from kps_soap.configured import catalogue_of
from kps_soap.contracts.catalogue import compile_all
from kps_soap.entry import Entry, Event
from kps_soap.fees import Fee
from kps_soap.models import evidence

INSTITUTION = "B-34-0417"
SERVICE, VERSION = "KisiSorgulaTCKimlikNoServis", "2011/01/01"
NOVEMBER = datetime(2026, 11, 10, 9, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, 9, tzinfo=UTC)
PAID = Fee("SORGU", 300)

_numbers = itertools.count(1)


@dataclass
class Books:
    """An empty evidence and a way to write calls into it."""

    engine: Engine
    keyring: Keyring
    record: Record

    def call(self, units: int, *, fee: Fee | None = PAID, **changes: Any) -> None:
        records = changes.pop("records", units)
        given: dict[str, Any] = {
            "request_id": f"r{next(_numbers)}",
            "received_at": NOVEMBER,
            "door": "direct",
            "event": Event.QUERY,
            "institution": INSTITUTION,
            "service": SERVICE,
            "version": VERSION,
            "units": units,
            "records": records,
            "fee": fee.text if fee else "",
            "amount": fee.amount(units, records) if fee else None,
        }
        self.record(Entry(**{**given, **changes}))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def statement(self, month: str = "2026-11", institution: str = INSTITUTION) -> Statement:
        with self.reading() as connection:
            return statement_of(connection, institution, month)

    def close(self, month: str = "2026-11", *, now: datetime = DECEMBER) -> Statement:
        with self.reading() as connection:
            return closing.close(
                connection,
                self.keyring,
                INSTITUTION,
                month,
                record=self.record,
                by="Muhasebe",
                request_id="closing",
                now=now,
            )

    def differences(self, *, tariff: Tariff | None = None) -> tuple[str, ...]:
        with self.reading() as connection:
            verdict = closing.verify(
                connection, self.keyring, INSTITUTION, "2026-11", tariff=tariff
            )
        return verdict.differences

    def change(self, **columns: Any) -> None:
        with self.engine.begin() as connection:
            mine = evidence.c.units > 0
            connection.execute(update(evidence).where(mine).values(**columns))


@pytest.fixture
def books(any_engine: Engine) -> Iterator[Books]:
    keyring = Keyring(FileKey.of(bytes(range(32))))
    with recorder(
        any_engine,
        keyring,
        worker="test",
        clock=lambda: NOVEMBER,
        random_bytes=secrets.token_bytes,
    ) as run:
        yield Books(any_engine, keyring, run.record)


@pytest.fixture(scope="module")
def tariff() -> Tariff:
    return Tariff.load(places.conf() / "tariff.toml", catalogue_of(compile_all()))


def test_a_month_is_the_sum_of_its_records_by_service_version_and_fee(books: Books) -> None:
    books.call(7, records=5)
    books.call(1)
    books.call(2, version="2021/04/01")
    books.call(3, fee=Fee(exemption="GENEL_YONETIM"))
    assert books.statement().lines == (
        Line(SERVICE, VERSION, "MUAF:GENEL_YONETIM", 1, 3, 3, 0),
        Line(SERVICE, VERSION, "SORGU:300", 2, 8, 6, 2400),
        Line(SERVICE, "2021/04/01", "SORGU:300", 1, 2, 2, 600),
    )
    assert (books.statement().units, books.statement().amount) == (13, 3000)


def test_refusals_dictionaries_and_other_institutions_are_in_nobodys_statement(
    books: Books,
) -> None:
    books.call(0, event=Event.REFUSAL)
    books.call(0, event=Event.DICTIONARY, service="AksOkuTumIlServis")
    books.call(5, institution="BNK-0046")
    assert books.statement().lines == ()


def test_a_month_begins_and_ends_at_midnight_of_istanbul(books: Books) -> None:
    span = Span.of("2026-11")
    first = datetime(2026, 10, 31, 21, tzinfo=UTC)
    assert span.first_us == round(first.timestamp() * 1_000_000)
    for moment, units in ((first - timedelta(microseconds=1), 1), (first, 2)):
        books.call(units, received_at=moment)
    assert books.statement("2026-10").units == 1
    assert books.statement("2026-11").units == 2


def test_december_is_followed_by_january() -> None:
    assert Span.of("2026-12").next_us == Span.of("2027-01").first_us


@pytest.mark.parametrize("month", ["", "2026", "2026-13", "2026-1", "26-11", "2026-11 "])
def test_what_is_no_month_is_told(month: str) -> None:
    with pytest.raises(NoMonth, match="2026-11"):
        Span.of(month)


def test_whoever_asked_anything_has_a_statement(books: Books) -> None:
    books.call(1, institution="SRK-0112")
    books.call(1)
    books.call(0, institution="BNK-0046")
    with books.reading() as connection:
        assert institutions(connection, "2026-11") == [INSTITUTION, "SRK-0112"]


# Closing and verifying


def test_a_closed_month_agrees_with_its_records(books: Books, tariff: Tariff) -> None:
    books.call(7)
    frozen = books.close()
    assert books.differences(tariff=tariff) == ()
    with books.engine.connect() as connection:
        closed = connection.execute(
            select(evidence).where(evidence.c.event == Event.MONTH_CLOSED.value)
        ).one()
    assert (closed.account, closed.detail) == ("Muhasebe", f"2026-11 {frozen.digest}")


def test_a_month_closes_once_and_only_when_it_has_ended(books: Books) -> None:
    books.call(1)
    with pytest.raises(closing.CannotClose, match="has not ended"):
        books.close(now=NOVEMBER)
    books.close()
    with pytest.raises(closing.CannotClose, match="closed already"):
        books.close()


def test_records_that_contradict_themselves_are_not_frozen(books: Books) -> None:
    books.call(7, amount=1)
    with pytest.raises(closing.CannotClose, match="0,2100 TL due"):
        books.close()


def test_a_call_without_a_fee_is_not_frozen_as_free(books: Books) -> None:
    books.call(7, fee=None)
    with pytest.raises(closing.CannotClose, match="tell of no fee"):
        books.close()


def test_a_month_that_nobody_closed_cannot_be_verified(books: Books) -> None:
    with pytest.raises(closing.NotClosed, match="not closed"):
        books.differences()


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"units": 6}, "stated 1 calls, 7 units"),
        ({"amount": 2101}, "0,2101 TL charged, 0,2100 TL due"),
        ({"fee": "SORGU:200"}, "stated, but no record tells of it"),
        ({"service": "BilesikKutukSorgulaKimlikNoServis"}, "on record, but not stated"),
    ],
)
def test_whatever_changed_since_the_closing_is_named(
    books: Books, columns: dict[str, Any], said: str
) -> None:
    books.call(7)
    books.close()
    books.change(**columns)
    assert any(said in one for one in books.differences())


def test_a_call_added_later_is_named(books: Books) -> None:
    books.call(7)
    books.close()
    books.call(1)
    (difference,) = books.differences()
    assert "stated 1 calls, 7 units, 7 records, 0,2100 TL, on record 2 calls" in difference


@pytest.mark.parametrize("fee", [Fee("SORGU", 200), Fee("KAYIT", 300), Fee(exemption="DOSTLUK")])
def test_a_rate_that_the_tariff_never_had_is_named(books: Books, tariff: Tariff, fee: Fee) -> None:
    books.call(7, fee=fee)
    books.close()
    (difference,) = books.differences(tariff=tariff)
    assert "the tariff of 2026-11-10 has another rate" in difference


def test_an_exempt_month_agrees_with_the_tariff(books: Books, tariff: Tariff) -> None:
    books.call(7, fee=Fee(exemption="MUHTARLIK"))
    assert books.close().amount == 0
    assert books.differences(tariff=tariff) == ()


def test_a_frozen_statement_that_somebody_rewrote_is_refused(books: Books) -> None:
    books.call(7)
    books.close()
    with books.engine.begin() as connection:
        closed = evidence.c.event == Event.MONTH_CLOSED.value
        connection.execute(update(evidence).where(closed).values(detail="2026-11 " + "0" * 64))
    with pytest.raises(ValueError, match="not the one its record names"):
        books.differences()


# Forms


def _statement() -> Statement:
    lines = (
        Line(SERVICE, VERSION, "SORGU:300", 2, 8, 6, 2400),
        Line("=cmd()", "<i>", "MUAF:MUHTARLIK", 1, 1, 1, 0),
    )
    return Statement(INSTITUTION, "2026-11", lines)


def test_the_text_shows_every_line_and_the_sum() -> None:
    text = rendering.as_text(_statement())
    assert "SORGU:300" in text
    assert text.splitlines()[-2].split() == ["TOTAL", "3", "9", "7", "0,2400"]
    assert text.splitlines()[-1] == f"sha256 {_statement().digest}"


def test_the_csv_has_one_row_a_line_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(rendering.as_csv(_statement()))))
    assert [row["amount_hundredths_of_kurus"] for row in rows] == ["2400", "0"]
    assert rows[1]["service"] == "'=cmd()"


def test_the_page_to_print_is_complete_and_escapes_what_it_shows() -> None:
    page = rendering.as_page(_statement(), name="Örnek <Belediye>")
    tree = html.fromstring(page)
    cells = [cell.text_content() for cell in tree.xpath("//tfoot//td")]
    assert cells == ["Toplam", "3", "9", "7", "0,2400"]
    assert "Örnek <Belediye>" in tree.text_content()
    assert not tree.xpath("//script | //link | //i | //cmd")
    assert "muaf (MUHTARLIK)" in tree.text_content()


_counts = st.integers(0, 10**9)


@given(st.lists(st.tuples(st.text(max_size=8), _counts, _counts), max_size=5, unique=True))
def test_a_statement_can_be_read_again_from_its_text(parts: list[tuple[str, int, int]]) -> None:
    lines = tuple(
        Line(name, "1", "SORGU:300", 1, units, records, 1) for name, units, records in parts
    )
    statement = Statement(INSTITUTION, "2026-11", lines)
    assert Statement.of_text(statement.text) == statement


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"lines":[{}]}', "null"])
def test_what_is_no_statement_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Statement.of_text(text)


def test_a_statement_whose_sum_is_wrong_is_refused() -> None:
    text = _statement().text.replace('"amount":2400,"format"', '"amount":2401,"format"')
    assert text != _statement().text
    with pytest.raises(ValueError, match="sums"):
        Statement.of_text(text)
