"""``kps audit hold`` and ``kps audit secrecy``: legal orders, each placed and lifted on record."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from kps_soap import identity_number
from kps_soap.audit import orders
from kps_soap.audit.orders import Kind, Order, Scope
from kps_soap.audit.search import look_entry
from kps_soap.authentication import ISTANBUL
from kps_soap.cli.looking import asker, by_option, moment, opened, person_number
from kps_soap.cli.terminal import home_option, json_option, settings_of, show_rows
from kps_soap.configured import utc_now

_COLUMNS: Final = (
    "order", "state", "about", "institution", "case_number", "since", "until", "ends",
    "document", "reason", "placed", "by",
)  # fmt: skip

Command = TypeVar("Command", bound=Callable[..., Any])

_why = click.option("--reason", required=True, help="Why; it is kept in the evidence.")
_document = click.option("--document", required=True, help="Number of the decision or letter.")


def _scope(command: Command) -> Command:
    """The options that say what an order is about."""
    for option in (
        click.option("--until", help="Records before this time (Europe/Istanbul)."),
        click.option("--since", help="Records from this time on (Europe/Istanbul)."),
        click.option("--case-number", help="Records with this case number."),
        click.option("--institution", help="Records of this institution."),
        click.option("--person", help="Identity number: records about this person."),
    ):
        command = option(command)
    return command


@click.group()
def hold() -> None:
    """Records that must outlive their month: for a court, a prosecutor, a complaint."""


@click.group()
def secrecy() -> None:
    """Records that the report to the person concerned holds back until a day."""


@hold.command("add")
@home_option
@_why
@_document
@by_option
@_scope
def add_hold(home: Path, reason: str, document: str, by: str, **scope: str | None) -> None:
    """Hold records; all given conditions must hold.  Prints the order's id."""
    _place(home, Kind.HOLD, scope, reason, document, by, None)


@secrecy.command("add")
@home_option
@_why
@_document
@by_option
@click.option("--ends", required=True, help="The day on which the secrecy ends.")
@_scope
def add_secrecy(
    home: Path, reason: str, document: str, by: str, ends: str, **scope: str | None
) -> None:
    """Keep records secret; all given conditions must hold.  Prints the order's id."""
    _place(home, Kind.SECRECY, scope, reason, document, by, moment(ends))


def _place(
    home: Path,
    kind: Kind,
    scope: dict[str, str | None],
    reason: str,
    document: str,
    by: str,
    ends: datetime | None,
) -> None:
    about = Scope(
        person_number(scope["person"]),
        scope["institution"],
        scope["case_number"],
        moment(scope["since"]),
        moment(scope["until"]),
    )
    order = Order("", kind, about, reason, document, by, utc_now(), ends)
    with opened(settings_of(home)) as (_engine, _files, keyring, run):
        placed = orders.place(
            run,
            keyring,
            order,
            request_id=secrets.token_hex(16),
            random_bytes=secrets.token_bytes,
        )
    click.echo(placed.order_id)


@hold.command("list")
@home_option
@json_option
@_why
@by_option
def list_holds(home: Path, as_json: bool, reason: str, by: str) -> None:
    """Every hold, in force or lifted.  The look is a record."""
    _list(home, Kind.HOLD, reason, by, as_json=as_json)


@secrecy.command("list")
@home_option
@json_option
@_why
@by_option
def list_secrecy(home: Path, as_json: bool, reason: str, by: str) -> None:
    """Every secrecy, in force, ended or lifted.  The look is a record."""
    _list(home, Kind.SECRECY, reason, by, as_json=as_json)


def _list(home: Path, kind: Kind, reason: str, by: str, *, as_json: bool) -> None:
    with opened(settings_of(home)) as (engine, _files, keyring, run):
        run.record(look_entry(asker(by, reason), {"orders": kind.value}))
        with engine.connect() as connection, connection.begin():
            found = orders.all_orders(connection, keyring, kind)
    rows = [_row(one, utc_now()) for one in found]
    show_rows(rows, _COLUMNS, as_json=as_json)


def _row(order: Order, now: datetime) -> dict[str, str]:
    scope = order.scope
    return {
        "order": order.order_id,
        "state": "in force" if order.counts(now) else "lifted" if order.lifted_at else "ended",
        "about": "" if scope.person is None else identity_number.mask(scope.person),
        "institution": scope.institution or "",
        "case_number": scope.case_number or "",
        "since": _written(scope.since),
        "until": _written(scope.until),
        "ends": _written(order.ends),
        "document": order.document,
        "reason": order.reason,
        "placed": _written(order.placed_at),
        "by": order.placed_by,
    }


def _written(time: datetime | None) -> str:
    return "" if time is None else time.astimezone(ISTANBUL).isoformat(timespec="minutes")


@hold.command("lift")
@home_option
@_why
@_document
@by_option
@click.argument("order_id")
def lift_hold(home: Path, reason: str, document: str, by: str, order_id: str) -> None:
    """End a hold; what it held is due at the next retention."""
    _lift(home, Kind.HOLD, order_id, reason, document, by)


@secrecy.command("lift")
@home_option
@_why
@_document
@by_option
@click.argument("order_id")
def lift_secrecy(home: Path, reason: str, document: str, by: str, order_id: str) -> None:
    """End a secrecy before its day."""
    _lift(home, Kind.SECRECY, order_id, reason, document, by)


def _lift(home: Path, kind: Kind, order_id: str, reason: str, document: str, by: str) -> None:
    with opened(settings_of(home)) as (engine, _files, keyring, run):
        with engine.connect() as connection, connection.begin():
            order = orders.find(orders.all_orders(connection, keyring, kind), order_id)
        orders.lift(
            run,
            order,
            reason=reason,
            document=document,
            by=by,
            request_id=secrets.token_hex(16),
            now=utc_now(),
        )
    click.echo(f"{order_id} is lifted.")
