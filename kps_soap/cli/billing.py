"""``kps billing``: what institutions owe, from the evidence alone; closing and verifying months."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from kps_soap import database
from kps_soap.audit.appending import Record
from kps_soap.audit.export_source import ExportAddress
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import Keyring
from kps_soap.billing import closing, exported, rendering
from kps_soap.billing.statement import NoMonth, Statement, institutions, statement_of
from kps_soap.cli.looking import by_option
from kps_soap.cli.terminal import NO, WRONG, home_option, json_option, settings_of, show_json, stop
from kps_soap.configured import (
    keyring_of,
    load_agreements,
    load_tariff,
    recorder_of,
    utc_now,
)
from kps_soap.contracts.catalogue import compile_all
from kps_soap.entry import Entry, Event
from kps_soap.fees import liras
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.settings import Settings

institution_option = click.option(
    "--institution", help="Its code, such as B-34-0417; without it, every institution."
)
month_option = click.option("--month", required=True, help="Like 2026-11 (Europe/Istanbul).")

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

_FORMS: dict[str, Callable[[Statement], str]] = {
    "text": rendering.as_text,
    "csv": rendering.as_csv,
    "json": lambda statement: statement.text,
}


@click.group()
def billing() -> None:
    """Fees: statements from the records alone, closing a month, verifying a closed one."""


@contextmanager
def _sentences() -> Iterator[None]:
    """Every foreseen error leaves with a sentence."""
    try:
        yield
    except NoMonth as error:
        stop(str(error), WRONG)
    except (closing.CannotClose, closing.NotClosed) as error:
        stop(str(error), NO)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)


@contextmanager
def _opened(settings: Settings) -> Any:
    with _sentences():
        keyring = keyring_of(settings)
        engine = database.open_database(settings.gateway_url, wait_seconds_max=10)
        try:
            with (
                recorder_of(settings, engine, worker="kps billing", keyring=keyring) as run,
                engine.connect() as connection,
                connection.begin(),
            ):
                yield connection, keyring, run.record
        finally:
            engine.dispose()


def _chosen(connection: Connection, institution: str | None, month: str) -> list[str]:
    chosen = [institution] if institution else list(institutions(connection, month))
    if not chosen:
        stop(f"No institution asked anything in {month} that is charged or counted.", NO)
    return chosen


@billing.command()
@home_option
@institution_option
@month_option
@click.option("--format", "form", type=click.Choice([*_FORMS, "page"]), default="text")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file.")
@by_option
def statement(
    home: Path, institution: str | None, month: str, form: str, to: Path | None, by: str
) -> None:
    """What was asked in a month and what it comes to, as text, CSV, JSON or a printable page."""
    settings = settings_of(home)
    with _opened(settings) as (connection, _keyring, record):
        found = [
            statement_of(connection, one, month) for one in _chosen(connection, institution, month)
        ]
        record(_note(by, institution or "", month))
    shown = [_render(settings, one, form) for one in found]
    if form == "csv":
        # One heading for all of them.
        shown = [shown[0], *(text.split("\r\n", 1)[1] for text in shown[1:])]
    text = ("" if form == "csv" else "\n").join(shown)
    if to is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    try:
        to.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8", newline="")
    except OSError:
        stop("The file cannot be written; choose another with --to.", NO)


def _note(by: str, institution: str, month: str) -> Entry:
    """The record of a statement: who wanted it, of whom (empty: of all), of which month."""
    return Entry(
        secrets.token_hex(16),
        utc_now(),
        "",
        Event.STATEMENT,
        channel="CLI",
        account=by,
        institution=institution,
        detail=month,
    )


def _render(settings: Settings, found: Statement, form: str) -> str:
    if form != "page":
        return _FORMS[form](found)
    names = {
        one.institution.code: one.institution.name
        for one in load_agreements(settings, compile_all()).agreements
    }
    return rendering.as_page(found, name=names.get(found.institution, ""))


@billing.command()
@home_option
@institution_option
@month_option
@by_option
def close(home: Path, institution: str | None, month: str, by: str) -> None:
    """Freeze a month that has ended, as a record of the evidence."""
    with _opened(settings_of(home)) as (connection, keyring, record):
        for one in _chosen(connection, institution, month):
            frozen = _close(connection, keyring, one, month, record, by)
            click.echo(f"{one}: {liras(frozen.amount)} TL, sha256 {frozen.digest}")


def _close(
    connection: Connection, keyring: Keyring, institution: str, month: str, record: Record, by: str
) -> Statement:
    return closing.close(
        connection,
        keyring,
        institution,
        month,
        record=record,
        by=by,
        request_id=secrets.token_hex(16),
        now=utc_now(),
    )


@billing.command()
@home_option
@institution_option
@month_option
@json_option
@click.option(
    "--export",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compute it from an exported file; needs no home.",
)
@click.option("--key-file", type=_FILE, help="With --export: opens the frozen statements.")
@click.option("--statement", "frozen", type=_FILE, help="With --export: a statement as JSON.")
def verify(
    home: Path,
    institution: str | None,
    month: str,
    as_json: bool,
    export: Path | None,
    key_file: Path | None,
    frozen: Path | None,
) -> None:
    """Compute a closed month again; names every line that differs.  Exit code 1 if any does."""
    if export is None:
        settings = settings_of(home)
        with _opened(settings) as (connection, keyring, _record):
            tariff = load_tariff(settings, compile_all())
            verdicts = [
                closing.verify(connection, keyring, one, month, tariff=tariff)
                for one in _chosen(connection, institution, month)
            ]
    else:
        with _sentences():
            verdicts = _from_export(export, institution, month, key_file, frozen)
    differing = [one for one in verdicts if one.differences]
    if as_json:
        show_json([_described(one) for one in verdicts])
    for one in verdicts if not as_json else ():
        words = one.differences[0] if one.differences else "agrees with the records"
        click.echo(f"{one.closed.statement.institution} {month}: {words}")
        for more in one.differences[1:]:
            click.echo(f"  {more}")
    if differing:
        raise SystemExit(NO)


def _from_export(
    export: Path, institution: str | None, month: str, key_file: Path | None, frozen: Path | None
) -> list[closing.Verdict]:
    """Against the statements that the export froze, or against one that somebody has."""
    with exported.opened(ExportAddress(export), month) as connection:
        if frozen is not None:
            stated = _stated(frozen, institution, month)
            return [closing.compare(connection, stated, tariff=None)]
        if key_file is None:
            stop("Name the key file that opens the statements, or --statement FILE.", WRONG)
        keyring = Keyring(KeyFiles(key_file))
        return [
            closing.verify(connection, keyring, one, month, tariff=None)
            for one in _chosen(connection, institution, month)
        ]


def _stated(file: Path, institution: str | None, month: str) -> closing.Closed:
    try:
        statement = Statement.of_text(file.read_text(encoding="utf-8").strip())
    except ValueError:
        stop("The file holds no statement; write one with: kps billing statement --format json", NO)
    if month != statement.month or institution not in (None, statement.institution):
        stop("The statement is of another month or institution.", WRONG)
    return closing.Closed(statement, "", utc_now())


def _described(verdict: closing.Verdict) -> dict[str, Any]:
    return {
        "institution": verdict.closed.statement.institution,
        "month": verdict.closed.statement.month,
        "record": verdict.closed.record,
        "differences": verdict.differences,
        "lines": [asdict(line) for line in verdict.computed.lines],
    }
