"""``kps billing``: what institutions owe, from the evidence alone; closing and verifying months."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from kps_soap import database
from kps_soap.audit.appending import Record, appender
from kps_soap.audit.keys import FileKey, Keyring, read_key_file
from kps_soap.billing import closing, rendering
from kps_soap.billing.statement import NoMonth, Statement, institutions, statement_of
from kps_soap.cli.audit import by_option
from kps_soap.cli.terminal import NO, WRONG, home_option, json_option, settings_of, show_json, stop
from kps_soap.configured import load_agreements, load_tariff, utc_now
from kps_soap.contracts.catalogue import compile_all
from kps_soap.fees import liras
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.settings import Settings

institution_option = click.option(
    "--institution", help="Its code, such as B-34-0417; without it, every institution."
)
month_option = click.option("--month", required=True, help="Like 2026-11 (Europe/Istanbul).")

_FORMS: dict[str, Callable[[Statement], str]] = {
    "text": rendering.as_text,
    "csv": rendering.as_csv,
    "json": lambda statement: statement.text,
}


@click.group()
def billing() -> None:
    """Fees: statements from the records alone, closing a month, verifying a closed one."""


@contextmanager
def _opened(settings: Settings) -> Any:
    try:
        keyring = Keyring(FileKey.of(read_key_file(settings.evidence_key_file)))
        engine = database.open_database(settings.gateway_url, wait_seconds_max=10)
        try:
            with (
                appender(
                    engine,
                    keyring,
                    worker="kps billing",
                    clock=utc_now,
                    random_bytes=secrets.token_bytes,
                ) as record,
                engine.connect() as connection,
                connection.begin(),
            ):
                yield connection, keyring, record
        finally:
            engine.dispose()
    except NoMonth as error:
        stop(str(error), WRONG)
    except (closing.CannotClose, closing.NotClosed) as error:
        stop(str(error), NO)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)


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
def statement(home: Path, institution: str | None, month: str, form: str, to: Path | None) -> None:
    """What was asked in a month and what it comes to, as text, CSV, JSON or a printable page."""
    settings = settings_of(home)
    with _opened(settings) as (connection, _keyring, _record):
        found = [
            statement_of(connection, one, month) for one in _chosen(connection, institution, month)
        ]
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
def verify(home: Path, institution: str | None, month: str, as_json: bool) -> None:
    """Compute a closed month again; names every line that differs.  Exit code 1 if any does."""
    settings = settings_of(home)
    with _opened(settings) as (connection, keyring, _record):
        tariff = load_tariff(settings, compile_all())
        verdicts = [
            closing.verify(connection, keyring, one, month, tariff=tariff)
            for one in _chosen(connection, institution, month)
        ]
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


def _described(verdict: closing.Verdict) -> dict[str, Any]:
    return {
        "institution": verdict.closed.statement.institution,
        "month": verdict.closed.statement.month,
        "record": verdict.closed.record,
        "differences": verdict.differences,
        "lines": [asdict(line) for line in verdict.computed.lines],
    }
