"""``kps audit``: find, read and prove the evidence.  Every look is itself a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from kps_soap.audit import search as searching
from kps_soap.audit import sheets
from kps_soap.audit.conditions import Criteria, Position
from kps_soap.audit.masking import masked
from kps_soap.audit.sheets import row_of
from kps_soap.cli.looking import (
    asker,
    by_option,
    hand_over,
    moment,
    opened,
    person_number,
    reason_option,
    to_option,
)
from kps_soap.cli.terminal import (
    NO,
    WRONG,
    home_option,
    json_option,
    printable,
    settings_of,
    show_json,
    show_table,
    stop,
)
from kps_soap.entry import Event

_COLUMNS: Final = (
    "time", "record", "event", "institution", "account", "inquirer", "service", "outcome",
    "refusal", "units", "receipt_number",
)  # fmt: skip


_FORMS: Final[dict[str, Callable[[Iterable[dict[str, Any]]], Iterator[str]]]] = {
    "csv": sheets.as_csv,
    "json": sheets.as_json,
}


@click.group()
def audit() -> None:
    """The evidence: who asked what about whom, when and why."""


@audit.command()
@home_option
@json_option
@reason_option
@by_option
@click.option("--person", help="Identity number: who asked about this person.")
@click.option("--institution")
@click.option("--account")
@click.option("--inquirer")
@click.option("--case-number")
@click.option("--service")
@click.option("--receipt", "receipt_number", help="Receipt number.")
@click.option("--request", "request_id", help="Request number (Kps-Istek-No).")
@click.option("--outcome", type=click.IntRange(0, 999), help="Outcome number, e.g. 205.")
@click.option("--refusal", help="Name of a refusal, e.g. CredentialsRefused.")
@click.option("--event", type=click.Choice([one.value for one in Event]), help="Kind of record.")
@click.option("--token", help="Id of the token that was used or issued.")
@click.option("--since", help="From this time on (Europe/Istanbul).")
@click.option("--until", help="Before this time (Europe/Istanbul).")
@click.option(
    "--limit",
    type=click.IntRange(1, searching.PAGE_MAX),
    default=100,
    show_default=True,
    help="Records a page.",
)
@click.option("--after", help="Continue behind the record that the last page named.")
@click.option("--all", "whole", is_flag=True, help="All pages; needs --format.")
@click.option("--format", "form", type=click.Choice(sorted(_FORMS)), help="For other programs.")
@to_option
def search(
    home: Path,
    as_json: bool,
    reason: str,
    by: str,
    person: str | None,
    event: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    after: str | None,
    whole: bool,
    form: str | None,
    to: Path | None,
    **equal: Any,
) -> None:
    """Find records; all given conditions must hold.  Newest first."""
    if (whole or to is not None) and form is None:
        stop("Say in which form: --format csv or --format json.", WRONG)
    criteria = Criteria(
        person=person_number(person),
        event=Event(event) if event else None,
        since=moment(since),
        until=moment(until),
        **equal,
    )
    looks, begin = asker(by, reason), _position(after)
    with opened(settings_of(home)) as (engine, _files, keyring, run):
        if form is not None and whole:
            found = searching.search_all(engine, keyring, criteria, asker=looks, record=run.record)
            hand_over(_FORMS[form](map(row_of, found)), to)
            return
        page = searching.search(
            engine, keyring, criteria, asker=looks, record=run.record, limit=limit, after=begin
        )
    rows = [row_of(one) for one in page.found]
    following = page.next and f"{page.next.received_us}:{page.next.chain_id}:{page.next.sequence}"
    if form is not None:
        hand_over(_FORMS[form](rows), to)
    elif as_json:
        show_json({"records": rows, "after": following})
        return
    else:
        show_table(rows, _COLUMNS)
    if following:
        click.echo(f"There are more: --after {following}", err=True)


def _position(text: str | None) -> Position | None:
    if text is None:
        return None
    parts = text.split(":")
    numbers = (parts[0], parts[-1])
    if len(parts) != 3 or not all(one.isdecimal() and len(one) < 19 for one in numbers):
        stop("Give --after what the last page named.", WRONG)
    return Position(int(parts[0]), parts[1], int(parts[2]))


@audit.command()
@home_option
@json_option
@reason_option
@by_option
@click.argument("record_or_receipt")
def show(home: Path, as_json: bool, reason: str, by: str, record_or_receipt: str) -> None:
    """One record whole, but for passwords and keys.  Names a record or a receipt number."""
    with opened(settings_of(home)) as (engine, _files, keyring, run):
        looks = asker(by, reason)
        place = _place(record_or_receipt, lambda c: searching.search(
            engine, keyring, c, asker=looks, record=run.record, limit=1
        ))  # fmt: skip
        shown = searching.show(engine, keyring, *place, asker=looks, record=run.record)
    value = {
        **row_of(shown.found),
        "returned_fields": shown.returned_fields,
        "question": _text(shown.question),
        "answer": _text(shown.answer),
    }
    if as_json:
        show_json(value)
        return
    for name, content in value.items():
        click.echo(f"{name}: {printable(content)}")


def _place(text: str, search_for: Callable[[Criteria], searching.Page]) -> tuple[str, int]:
    chain_id, _, sequence = text.partition(":")
    if sequence.isdecimal() and len(sequence) < 19:
        return chain_id, int(sequence)
    page = search_for(Criteria(receipt_number=text))
    if not page.found:
        stop("There is no record with this receipt number.", NO)
    return page.found[0].chain_id, page.found[0].sequence


def _text(content: bytes | None) -> str | None:
    return None if content is None else masked(content)
