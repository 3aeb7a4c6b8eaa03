"""``kps audit breach``: who is affected when an account or an institution leaked, and what of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from kps_soap.audit import breach_rendering
from kps_soap.audit.breach_rendering import Persons
from kps_soap.audit.breach_report import Affected, BreachReport
from kps_soap.audit.breach_report import report as report_about
from kps_soap.cli.looking import (
    asker,
    by_option,
    hand_over,
    moment,
    opened,
    reason_option,
    to_option,
)
from kps_soap.cli.terminal import WRONG, home_option, settings_of, stop

_FORMS: Final[dict[str, Callable[[BreachReport, Persons], str]]] = {
    "text": breach_rendering.as_text,
    "csv": breach_rendering.as_csv,
    "json": breach_rendering.as_json,
}


@click.command()
@home_option
@reason_option
@by_option
@click.option("--account", help="What was asked with this account.")
@click.option("--institution", help="What this institution asked.")
@click.option("--inquirer", help="What this inquirer asked, or the token of this inquirer.")
@click.option("--since", required=True, help="From this time on (Europe/Istanbul).")
@click.option("--until", required=True, help="Before this time (Europe/Istanbul).")
@click.option(
    "--persons",
    type=click.Choice([one.value for one in Persons]),
    default=Persons.NO.value,
    show_default=True,
    help="List the affected persons: masked, or whole to inform them (then only --to a file).",
)
@click.option("--format", "form", type=click.Choice(sorted(_FORMS)), default="text")
@to_option
def breach(
    home: Path,
    reason: str,
    by: str,
    account: str | None,
    institution: str | None,
    inquirer: str | None,
    since: str,
    until: str,
    persons: str,
    form: str,
    to: Path | None,
) -> None:
    """What a breach laid open: affected persons, services, fields, and where it all went."""
    if account is None and institution is None and inquirer is None:
        stop("Say whose calls: --account, --institution or --inquirer.", WRONG)
    if persons == Persons.WHOLE and to is None:
        stop("Whole identity numbers go into a private file only: --to FILE.", WRONG)
    first, end = moment(since), moment(until)
    if first is None or end is None or first >= end:
        stop("--until must be later than --since.", WRONG)
    with opened(settings_of(home)) as (engine, _files, keyring, run):
        made = report_about(
            engine,
            keyring,
            Affected(account, institution, inquirer, first, end),
            asker=asker(by, reason),
            record=run.record,
            shows_persons=persons,
        )
    hand_over([_FORMS[form](made, Persons(persons))], to)
