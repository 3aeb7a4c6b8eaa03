"""Whoever touches an order, or what it holds, is named."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from evidence_samples import FILE_KEY, PERSON, Evidence, entry, opened
from retention_samples import DUE, NOT_DUE, destroy, lift, order
from sqlalchemy import delete, update

from kps_soap.audit.findings import Kind
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.audit.orders import Kind as OrderKind
from kps_soap.audit.orders import Order, Scope
from kps_soap.audit.verification import verify
from kps_soap.models import held_months, held_records, legal_orders, month_keys


@pytest.fixture
def held(database_url: str) -> Iterator[tuple[Evidence, Order]]:
    """Two records of a destroyed month, one of them held; an order that was lifted; a secrecy."""
    with opened(database_url) as evidence:
        evidence.write([entry(), entry(persons=[7])])
        placed = order(evidence, NOT_DUE, Scope(person=PERSON))
        lift(evidence, order(evidence, NOT_DUE, Scope(person=8)), NOT_DUE + timedelta(days=1))
        secret = {"kind": OrderKind.SECRECY, "ends": DUE + timedelta(days=900)}
        order(evidence, NOT_DUE, Scope(institution="B-1"), **secret)
        destroy(evidence)
        assert named(evidence) == named(evidence, with_keys=False) == []
        yield evidence, placed


def named(evidence: Evidence, *, with_keys: bool = True) -> list[tuple[Kind, str]]:
    keyring = Keyring(FileKey.of(FILE_KEY)) if with_keys else None
    return [(one.kind, one.what) for one in verify(evidence.url, keyring).findings]


def flipped(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value[:-1] + chr(ord(value[-1]) ^ 1)
    return bytes(value)[:-1] + bytes([bytes(value)[-1] ^ 1])


@pytest.mark.parametrize("column", legal_orders.columns.keys())
def test_a_change_of_any_column_of_an_order_is_named(
    held: tuple[Evidence, Order], column: str
) -> None:
    evidence, _ = held
    for row in evidence.rows(legal_orders):
        value = row._mapping[column]
        if value is None:
            continue
        here = legal_orders.c.order_id == row.order_id
        evidence.run(update(legal_orders).where(here).values({column: flipped(value)}))
        assert named(evidence), (row, column)
        back = legal_orders.c.order_id == (flipped(value) if column == "order_id" else row.order_id)
        evidence.run(update(legal_orders).where(back).values({column: value}))
        assert named(evidence) == []


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"lifted_us": None, "lifted_by": None}, "is not lifted"),
        ({"lifted_us": 5, "lifted_by": "0123456789abcdef:1"}, "no record tells of it"),
        ({"wrapped": None, "sealed": None, "lifted_us": None}, "has lost its secret"),
        ({"created_us": 5}, "is not the one"),
        ({"kind": "BASKA"}, "cannot be"),
    ],
    ids=str,
)
def test_an_order_that_says_something_else_is_named_without_a_key(
    held: tuple[Evidence, Order], values: dict[str, Any], what: str
) -> None:
    evidence, _ = held
    evidence.run(update(legal_orders).values(values))
    assert any(what in one for _, one in named(evidence, with_keys=False))


def test_a_removed_order_is_named(held: tuple[Evidence, Order]) -> None:
    evidence, placed = held
    evidence.run(delete(legal_orders).where(legal_orders.c.order_id == placed.order_id))
    found = named(evidence, with_keys=False)
    assert (Kind.REMOVED, "the order that it tells of is gone") in found
    assert {kind for kind, _ in found} == {Kind.REMOVED, Kind.LEFT}


def test_a_removed_or_changed_key_of_a_held_record_is_named(held: tuple[Evidence, Order]) -> None:
    evidence, _ = held
    row = evidence.rows(held_records)[0]
    evidence.run(update(held_records).values(wrapped=flipped(row.wrapped)))
    assert named(evidence, with_keys=False) == []
    assert named(evidence) == [(Kind.UNREADABLE, "the order that holds it does not open it")]
    evidence.run(delete(held_records))
    assert [kind for kind, _ in named(evidence, with_keys=False)] == [Kind.LEFT]


def test_an_order_without_the_key_of_its_month_still_verifies_its_records(
    held: tuple[Evidence, Order],
) -> None:
    evidence, _ = held
    evidence.run(delete(held_months))
    assert named(evidence) == []


def test_another_key_file_opens_no_order(held: tuple[Evidence, Order]) -> None:
    evidence, _ = held
    found = verify(evidence.url, Keyring(FileKey.of(bytes(32)))).findings
    assert sum(one.place == "legal_orders" for one in found) == 3
    assert any(one.what == "the order that holds it does not open it" for one in found)
    assert month_keys.name in {one.place for one in found}
