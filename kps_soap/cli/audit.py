"""``kps audit``: find, read and prove the evidence.  Every look is itself a record."""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy import Engine

from kps_soap import database
from kps_soap.audit import search as searching
from kps_soap.audit.appending import Record, appender
from kps_soap.audit.keys import FileKey, Keyring, read_key_file
from kps_soap.audit.verification import verify as verify_chains
from kps_soap.authentication import ISTANBUL
from kps_soap.cli.terminal import (
    NO,
    WRONG,
    home_option,
    json_option,
    printable,
    progress_bar,
    settings_of,
    show_json,
    show_table,
    stop,
    typed_number,
)
from kps_soap.configured import utc_now
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.settings import Settings

_COLUMNS: Final = (
    "time", "record", "event", "institution", "account", "inquirer", "service", "outcome",
    "refusal", "units", "receipt_number",
)  # fmt: skip

reason_option = click.option(
    "--reason", required=True, help="Why you look; it is kept in the evidence."
)
by_option = click.option("--by", default=lambda: _login(), help="Who looks; else your login name.")


def _login() -> str:
    """The login name, or the number of an account that has none (as in a container)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


@click.group()
def audit() -> None:
    """The evidence: who asked what about whom, when and why."""


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Engine, Keyring, Record]]:
    """The evidence, its keys, and a way to record the look; every error is a sentence."""
    try:
        keyring = Keyring(FileKey.of(read_key_file(settings.evidence_key_file)))
        engine = database.open_database(settings.gateway_url, wait_seconds_max=10)
        try:
            with appender(
                engine, keyring, worker="kps audit", clock=utc_now, random_bytes=secrets.token_bytes
            ) as record:
                yield engine, keyring, record
        finally:
            engine.dispose()
    except (searching.ReasonMissing, searching.NoSuchRecord) as error:
        stop(str(error), NO)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)


def _asker(by: str, reason: str) -> searching.Asker:
    if not by.strip():
        stop("Say who looks: --by NAME.", WRONG)
    return searching.Asker(by, reason, secrets.token_hex(16), utc_now(), "CLI")


def _moment(text: str | None) -> datetime | None:
    """A civil time of Europe/Istanbul, as an operator writes it, unless it names its zone."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ISTANBUL)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        stop("Write a time like 2026-11-21 or 2026-11-21T14:30 (Europe/Istanbul).", WRONG)


def _person(text: str | None) -> int | None:
    if text is None:
        return None
    number = typed_number(text)
    if number is None:
        stop("That is no identity number; check its eleven digits.", WRONG)
    return number


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
def search(
    home: Path,
    as_json: bool,
    reason: str,
    by: str,
    person: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    after: str | None,
    **equal: Any,
) -> None:
    """Find records; all given conditions must hold.  Newest first."""
    criteria = searching.Criteria(
        person=_person(person), since=_moment(since), until=_moment(until), **equal
    )
    with _opened(settings_of(home)) as (engine, keyring, record):
        page = searching.search(
            engine,
            keyring,
            criteria,
            asker=_asker(by, reason),
            record=record,
            limit=limit,
            after=_position(after),
        )
    rows = [_row(one) for one in page.found]
    following = page.next and f"{page.next.received_us}:{page.next.chain_id}:{page.next.sequence}"
    if as_json:
        show_json({"records": rows, "after": following})
        return
    show_table(rows, _COLUMNS)
    if following:
        click.echo(f"There are more: --after {following}", err=True)


def _position(text: str | None) -> searching.Position | None:
    if text is None:
        return None
    parts = text.split(":")
    numbers = (parts[0], parts[-1])
    if len(parts) != 3 or not all(one.isdecimal() and len(one) < 19 for one in numbers):
        stop("Give --after what the last page named.", WRONG)
    return searching.Position(int(parts[0]), parts[1], int(parts[2]))


def _row(found: searching.Found) -> dict[str, Any]:
    time = found.received_at
    columns = {name: value for name, value in found.columns.items() if value is not None}
    return {
        "time": time and time.astimezone(ISTANBUL).isoformat(timespec="milliseconds"),
        "record": f"{found.chain_id}:{found.sequence}",
        **columns,
    }


@audit.command()
@home_option
@json_option
@reason_option
@by_option
@click.argument("record_or_receipt")
def show(home: Path, as_json: bool, reason: str, by: str, record_or_receipt: str) -> None:
    """One record whole: question and answer decrypted.  Names a record or a receipt number."""
    with _opened(settings_of(home)) as (engine, keyring, record):
        asker = _asker(by, reason)
        place = _place(record_or_receipt, lambda c: searching.search(
            engine, keyring, c, asker=asker, record=record, limit=1
        ))  # fmt: skip
        shown = searching.show(engine, keyring, *place, asker=asker, record=record)
    value = {
        **_row(shown.found),
        "returned_fields": shown.returned_fields,
        "question": _text(shown.question),
        "answer": _text(shown.answer),
    }
    if as_json:
        show_json(value)
        return
    for name, content in value.items():
        click.echo(f"{name}: {printable(content)}")


def _place(
    text: str, search_for: Callable[[searching.Criteria], searching.Page]
) -> tuple[str, int]:
    chain_id, _, sequence = text.partition(":")
    if sequence.isdecimal() and len(sequence) < 19:
        return chain_id, int(sequence)
    page = search_for(searching.Criteria(receipt_number=text))
    if not page.found:
        stop("There is no record with this receipt number.", NO)
    return page.found[0].chain_id, page.found[0].sequence


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("utf-8", "replace")


@audit.command()
@home_option
@json_option
@click.option("--without-keys", is_flag=True, help="Check the chains only, decrypt nothing.")
def verify(home: Path, as_json: bool, without_keys: bool) -> None:
    """Name every record that was changed, removed, moved, copied or added.  Exit code 1 if any."""
    settings = settings_of(home)
    try:
        key = None if without_keys else read_key_file(settings.evidence_key_file)
        keyring = None if key is None else Keyring(FileKey.of(key))
        with progress_bar("Verifying") as step:
            report = verify_chains(
                settings.gateway_url, keyring, progress=lambda done: step(done, done)
            )
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    if as_json:
        show_json(
            {
                "ok": report.ok,
                "chains": report.chains,
                "records": report.records,
                "findings_total": report.findings_total,
                "findings": [str(one) for one in report.findings],
            }
        )
    else:
        for one in report.findings:
            click.echo(str(one), err=True)
        words = "all is well" if report.ok else f"{report.findings_total} findings"
        click.echo(f"{report.records} records in {report.chains} chains: {words}")
    if not report.ok:
        raise SystemExit(NO)
