"""``kps audit person``: who asked about a person, as the person may read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from kps_soap.audit import person_rendering
from kps_soap.audit.person_report import PersonReport
from kps_soap.audit.person_report import report as report_about
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
from kps_soap.cli.terminal import home_option, settings_of
from kps_soap.configured import load_agreements
from kps_soap.contracts.catalogue import compile_all

_FORMS: Final[dict[str, Callable[[PersonReport, person_rendering.Names], str]]] = {
    "text": person_rendering.as_text,
    "csv": person_rendering.as_csv,
    "json": person_rendering.as_json,
    "page": person_rendering.as_page,
}


@click.command()
@home_option
@reason_option
@by_option
@click.option("--staff", is_flag=True, help="Name accounts and inquirers too.")
@click.option("--since", help="From this time on (Europe/Istanbul).")
@click.option("--until", help="Before this time (Europe/Istanbul).")
@click.option("--format", "form", type=click.Choice(sorted(_FORMS)), default="text")
@to_option
@click.argument("number")
def person(
    home: Path,
    reason: str,
    by: str,
    staff: bool,
    since: str | None,
    until: str | None,
    form: str,
    to: Path | None,
    number: str,
) -> None:
    """Who asked about a person: institutions, days, services, purposes, how often."""
    settings, about = settings_of(home), person_number(number)
    span: dict[str, Any] = {"since": moment(since), "until": moment(until)}
    with opened(settings) as (engine, _files, keyring, run):
        names = {
            one.institution.code: one.institution.name
            for one in load_agreements(settings, compile_all()).agreements
        }
        made = report_about(
            engine,
            keyring,
            about or 0,
            asker=asker(by, reason),
            record=run.record,
            with_staff=staff,
            **span,
        )
    hand_over([_FORMS[form](made, names)], to)
