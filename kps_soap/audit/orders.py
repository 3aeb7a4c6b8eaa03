"""Legal orders: records to keep longer than their month, and records not to tell of yet.

An order says what it is about (a person, an institution, a case, a span of time; all given ones
must hold), who asked for it, why, and by which document.  That is written into the evidence when
the order is placed and when it is lifted, and kept in ``legal_orders`` for as long as it counts,
encrypted under a secret of the order's own:

    secret         32 random bytes, wrapped by the key file, as a month's is
    sealed         nonce | AES-GCM(HKDF "order", JSON of the order), bound to id, kind and time
    held record    nonce | AES-GCM(HKDF "held records", the record's key), bound to the place
    held month     nonce | AES-GCM(HKDF "held months", the key of its person digests)

A hold (SAKLAMA) counts until it is lifted.  Secrecy (GIZLILIK) counts until its day has come, or
it is lifted; it keeps nothing from auditors, only from the report to the person concerned.  This
module holds nothing and hides nothing: ``held`` and ``person_report`` do.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, insert, select, update

from kps_soap.audit.appending import Recorder
from kps_soap.audit.conditions import Criteria
from kps_soap.audit.keys import (
    KEY_BYTES,
    NONCE_BYTES,
    Keyring,
    MonthUnreadable,
    PersonKey,
    derived,
)
from kps_soap.audit.months import microseconds, moment_of
from kps_soap.entry import Entry, Event
from kps_soap.models import legal_orders

_ORDER_ID_BYTES: Final = 4


class OrderRefused(Exception):
    """An order that cannot be placed or lifted; the sentence says why."""


class Kind(StrEnum):
    """What an order asks for."""

    HOLD = "SAKLAMA"
    SECRECY = "GIZLILIK"


#: The records that tell of an order.
PLACED: Final = {Kind.HOLD: Event.HOLD_PLACED, Kind.SECRECY: Event.SECRECY_PLACED}
LIFTED: Final = {Kind.HOLD: Event.HOLD_LIFTED, Kind.SECRECY: Event.SECRECY_LIFTED}


@dataclass(frozen=True, slots=True)
class Scope:
    """What an order is about; all given parts must hold.  ``until`` itself is not included."""

    person: int | None = None
    institution: str | None = None
    case_number: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def criteria(self) -> Criteria:
        """The records that the order is about."""
        return Criteria(
            person=self.person,
            institution=self.institution,
            case_number=self.case_number,
            since=self.since,
            until=self.until,
        )


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it was placed.  ``ends`` is the day until which secrecy lasts."""

    order_id: str
    kind: Kind
    scope: Scope
    reason: str
    document: str
    placed_by: str
    placed_at: datetime
    ends: datetime | None = None
    lifted_at: datetime | None = None

    def counts(self, now: datetime) -> bool:
        """Is it in force?"""
        return self.lifted_at is None and (self.ends is None or now < self.ends)


class OrderKey:
    """The secret of one order, opened: what it seals, and how it keeps the keys of others."""

    __slots__ = ("_label", "_secret", "order_id")

    def __init__(self, order_id: str, label: bytes, secret: bytes) -> None:
        self.order_id = order_id
        self._label = label
        self._secret = secret

    def seal(self, body: bytes, nonce: bytes) -> bytes:
        """What the order says, encrypted."""
        return self._shut("order", self._label, body, nonce)

    def open(self, sealed: bytes) -> bytes:
        """What the order says; raises ``MonthUnreadable``."""
        return self._open("order", self._label, sealed)

    def hold_record(self, chain_id: str, sequence: int, key: bytes, nonce: bytes) -> bytes:
        """A record's key under this order."""
        return self._shut("held records", self._place(chain_id, sequence), key, nonce)

    def record_key(self, chain_id: str, sequence: int, wrapped: bytes) -> bytes:
        """The key of a held record; raises ``MonthUnreadable``."""
        return self._open("held records", self._place(chain_id, sequence), wrapped)

    def hold_month(self, key: PersonKey, nonce: bytes) -> bytes:
        """The key of a month's person digests under this order."""
        return self._shut("held months", self._month(key.month), key.key, nonce)

    def person_key(self, month: str, wrapped: bytes) -> PersonKey:
        """The key of a held month's person digests; raises ``MonthUnreadable``."""
        return PersonKey(month, self._open("held months", self._month(month), wrapped))

    def _place(self, chain_id: str, sequence: int) -> bytes:
        return self._label + f":{chain_id}:{sequence}".encode()

    def _month(self, month: str) -> bytes:
        return self._label + f":{month}".encode()

    def _shut(self, purpose: str, label: bytes, content: bytes, nonce: bytes) -> bytes:
        return nonce + AESGCM(derived(self._secret, purpose)).encrypt(nonce, content, label)

    def _open(self, purpose: str, label: bytes, shut: bytes) -> bytes:
        try:
            return AESGCM(derived(self._secret, purpose)).decrypt(
                shut[:NONCE_BYTES], shut[NONCE_BYTES:], label
            )
        except (InvalidTag, ValueError):
            raise MonthUnreadable("an order does not open what lies under it") from None


def label_of(order_id: str, kind: str, created_us: int) -> bytes:
    """What an order's secret is bound to."""
    return f"kps-soap order secret 1:{order_id}:{kind}:{created_us}".encode()


def key_of(keyring: Keyring, row: Any) -> OrderKey:
    """The secret of a row of ``legal_orders``; raises ``MonthUnreadable``."""
    if row.wrapped is None:
        raise MonthUnreadable("the order's secret is destroyed")
    label = label_of(row.order_id, row.kind, row.created_us)
    secret = keyring.named(row.file_key_id).unwrap_as(label, row.wrapped)
    return OrderKey(row.order_id, label, secret)


def opened(keyring: Keyring, row: Any) -> Order:
    """A row of ``legal_orders``, read; raises ``MonthUnreadable``."""
    said = json.loads(key_of(keyring, row).open(row.sealed))
    scope = said["scope"]
    return Order(
        row.order_id,
        Kind(row.kind),
        Scope(
            scope.get("person"),
            scope.get("institution"),
            scope.get("case_number"),
            _moment(scope.get("since_us")),
            _moment(scope.get("until_us")),
        ),
        said["reason"],
        said["document"],
        said["placed_by"],
        moment_of(row.created_us),
        _moment(said.get("ends_us")),
        _moment(row.lifted_us),
    )


def _moment(count_us: int | None) -> datetime | None:
    return None if count_us is None else moment_of(count_us)


def all_orders(connection: Connection, keyring: Keyring, kind: Kind) -> list[Order]:
    """Every order of a kind that can still be read, oldest first; raises ``MonthUnreadable``."""
    query = select(legal_orders).where(
        legal_orders.c.kind == kind.value, legal_orders.c.wrapped.is_not(None)
    )
    ordered = query.order_by(legal_orders.c.created_us, legal_orders.c.order_id)
    return [opened(keyring, row) for row in connection.execute(ordered)]


def in_force(connection: Connection, keyring: Keyring, kind: Kind, *, now: datetime) -> list[Order]:
    """The orders of a kind that count now."""
    return [one for one in all_orders(connection, keyring, kind) if one.counts(now)]


def place(
    recorder: Recorder,
    keyring: Keyring,
    order: Order,
    *,
    request_id: str,
    random_bytes: Callable[[int], bytes],
) -> Order:
    """Write an order and the record that tells of it, together; returns it with its id.

    Raises ``OrderRefused`` for an order about everything, without a reason or without a
    document, ``MonthUnreadable``, and what recording raises.
    """
    _check(order)
    placed = replace(order, order_id=random_bytes(_ORDER_ID_BYTES).hex())
    created_us = microseconds(placed.placed_at)
    file_key, secret = keyring.wrapping(), random_bytes(KEY_BYTES)
    label = label_of(placed.order_id, placed.kind.value, created_us)
    values = {
        "order_id": placed.order_id,
        "kind": placed.kind.value,
        "file_key_id": file_key.key_id,
        "created_us": created_us,
        "wrapped": file_key.wrap_as(label, secret, nonce=random_bytes(NONCE_BYTES)),
    }
    body = _body(placed)
    order_key = OrderKey(placed.order_id, label, secret)
    sealed = order_key.seal(body, random_bytes(NONCE_BYTES))

    def work(connection: Connection, place_of_record: str) -> None:
        row = {**values, "sealed": sealed, "placed_by": place_of_record}
        connection.execute(insert(legal_orders).values(row))

    detail = f"{placed.order_id} {sha256(sealed).hexdigest()}"
    recorder.together(_entry(PLACED, placed, placed.placed_by, request_id, detail, body), work)
    return placed


def _check(order: Order) -> None:
    if order.scope == Scope():
        raise OrderRefused("Say whom or what the order is about: a person, an institution, a span.")
    if not order.reason.strip() or not order.document.strip():
        raise OrderRefused("An order needs its reason and the number of its document.")
    if order.kind is Kind.SECRECY and not order.counts(order.placed_at):
        raise OrderRefused("Say until which day to come the secrecy lasts.")


def _body(order: Order) -> bytes:
    scope = order.scope
    said = {
        "person": scope.person,
        "institution": scope.institution,
        "case_number": scope.case_number,
        "since_us": scope.since and microseconds(scope.since),
        "until_us": scope.until and microseconds(scope.until),
    }
    value = {
        "scope": {name: one for name, one in said.items() if one is not None},
        "reason": order.reason,
        "document": order.document,
        "placed_by": order.placed_by,
        "ends_us": order.ends and microseconds(order.ends),
    }
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")


def lift(
    recorder: Recorder,
    order: Order,
    *,
    reason: str,
    document: str,
    by: str,
    request_id: str,
    now: datetime,
) -> None:
    """End an order, with the record that tells of it.  What it held is due at the next retention.

    Raises ``OrderRefused`` where it does not count any more, or for want of a reason.
    """
    if order.lifted_at is not None:
        raise OrderRefused("That order is lifted already.")
    if not reason.strip() or not document.strip():
        raise OrderRefused("Lifting needs its reason and the number of its document.")
    body = json.dumps({"reason": reason, "document": document}, ensure_ascii=False)
    here = (legal_orders.c.order_id == order.order_id) & legal_orders.c.lifted_us.is_(None)

    def work(connection: Connection, place_of_record: str) -> None:
        values = {"lifted_us": microseconds(now), "lifted_by": place_of_record}
        if connection.execute(update(legal_orders).where(here).values(values)).rowcount != 1:
            raise OrderRefused("That order is lifted already.")

    lifted = replace(order, placed_at=now)
    content = body.encode("utf-8", "replace")
    recorder.together(_entry(LIFTED, lifted, by, request_id, order.order_id, content), work)


def _entry(
    events: dict[Kind, Event], order: Order, by: str, request_id: str, detail: str, body: bytes
) -> Entry:
    return Entry(
        request_id,
        order.placed_at,
        "",
        events[order.kind],
        channel="CLI",
        account=by,
        institution=order.scope.institution or "",
        persons=[] if order.scope.person is None else [order.scope.person],
        detail=detail,
        question=body,
    )


def find(orders: Sequence[Order], order_id: str) -> Order:
    """The order of this id; raises ``OrderRefused``."""
    found = next((one for one in orders if one.order_id == order_id), None)
    if found is None:
        raise OrderRefused("There is no such order; look for its id in the list.")
    return found
