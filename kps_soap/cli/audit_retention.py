"""``kps audit retain`` and ``kps audit rotate-key``: the end of months, and of keys."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

import click

from kps_soap.audit import retention, rotation
from kps_soap.audit.retention import Due
from kps_soap.authentication import ISTANBUL
from kps_soap.cli.looking import by_option, opened
from kps_soap.cli.terminal import (
    WRONG,
    home_option,
    json_option,
    settings_of,
    show_json,
    show_table,
    stop,
)
from kps_soap.configured import utc_now

#: A month of a whole country takes its time to be counted.
_WAIT_SECONDS_MAX = 600


@click.command()
@home_option
@json_option
@by_option
@click.option("--dry-run", "look", is_flag=True, help="Say what is due, change nothing.")
@click.option("--apply", "act", is_flag=True, help="Destroy what is due, for ever.")
def retain(home: Path, as_json: bool, by: str, look: bool, act: bool) -> None:
    """Destroy months whose time is over (retention_years); what is held stays."""
    if look == act:
        stop("Say either --dry-run or --apply.", WRONG)
    settings = settings_of(home)
    years = settings.retention_years
    with opened(settings, wait_seconds_max=_WAIT_SECONDS_MAX) as (engine, _files, keyring, run):
        if act:
            means = retention.Means(
                run,
                lambda: secrets.token_hex(16),
                utc_now,
                secrets.token_bytes,
                time.sleep,
                by,
            )
            found = list(retention.apply(engine, keyring, years=years, means=means))
        else:
            with engine.connect() as connection, connection.begin():
                found = retention.survey(connection, keyring, years=years, now=utc_now())
        with engine.connect() as connection, connection.begin():
            coming = retention.next_due(connection, years=years)
    rows = [_row(one, destroyed=act) for one in found]
    if as_json:
        show_json(rows)
        return
    show_table(rows, ("month", "due since", "records", "persons", "held", "state"))
    if coming is not None:
        month, due = coming
        click.echo(f"The oldest month is {month}; it is due on {due.date()} (Europe/Istanbul).")


def _row(due: Due, *, destroyed: bool) -> dict[str, Any]:
    return {
        "month": due.month,
        "due since": due.since.astimezone(ISTANBUL).date().isoformat(),
        "records": due.records,
        "persons": due.persons,
        "held": due.held,
        "state": "destroyed" if destroyed else "due",
    }


@click.command("rotate-key")
@home_option
@by_option
@click.option(
    "--to",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The new key file; it is made where there is none.",
)
def rotate_key(home: Path, by: str, to: Path) -> None:
    """Wrap the evidence's secrets with a new key file; workers go on, records stay as they are.

    The new key takes the place of evidence_key_file and the old one lies beside it under its own
    name: keep it with the backups that it opens.  After a crash, the same command goes on.
    Gateways on other machines need the new key first, as evidence_key_file with ".next" behind.
    """
    with opened(settings_of(home)) as (engine, files, _keyring, run):
        means = rotation.Means(run, secrets.token_hex(16), utc_now(), secrets.token_bytes, by)
        done = rotation.rotate(engine, files, to, means)
    if done.before == done.after:
        click.echo(f"Key {done.after} is in use already; {done.months} months wrapped anew.")
        return
    click.echo(
        f"Key {done.after} is in use: {done.months} months and {done.orders} orders wrapped anew. "
        f"The old key lies in {files.retired(done.before)}."
    )
