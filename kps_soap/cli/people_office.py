"""What the commands about people share: days, looking, acting on record, institutions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from sqlalchemy import Connection

from kps_soap import database
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.problems import nearest
from kps_soap.audit.months import ISTANBUL
from kps_soap.cli.agreement_office import in_force, opened
from kps_soap.cli.recorded import do_on_record
from kps_soap.cli.terminal import NO, settings_of, stop
from kps_soap.configured import utc_now
from kps_soap.entry import Event
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.settings import Settings

Done = TypeVar("Done")


class Day(click.ParamType[date]):
    """A civil day, such as 2026-12-31."""

    name = "day"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        """Read one; a wrong one is told with an example."""
        if isinstance(value, date):
            return value
        try:
            found = date.fromisoformat(value)
        except ValueError:
            self.fail("is no day such as 2026-12-31", param, ctx)
        # Days before and behind it are reckoned with.
        if not 1900 <= found.year <= 9000:
            self.fail("is no day of this time, such as 2026-12-31", param, ctx)
        return found


DAY: Final = Day()


def today() -> date:
    """The civil day in Istanbul."""
    return utc_now().astimezone(ISTANBUL).date()


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """A connection for looking; every error that an operator can mend is a sentence."""
    try:
        engine = database.open_database(settings.gateway_url, wait_seconds_max=10)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)


def institutions_of(settings: Settings) -> frozenset[str] | None:
    """The institutions that an agreement in force is with; None where no set is in force."""
    with opened(settings) as office:
        current = in_force(office)
    return (
        None if current is None else frozenset(one.institution.code for one in current.agreements)
    )


def must_be_an_institution(settings: Settings, *codes: str) -> None:
    """Leave with a sentence where no agreement in force is with one of these institutions."""
    known = institutions_of(settings)
    if known is None:
        return
    for code in filter(None, codes):
        if code not in known:
            near = nearest(code, known)
            meant = f" Did you mean {near}?" if near else ""
            stop(f"No agreement in force is with the institution {code}.{meant}", NO)


def agreements_in_force(home: Path) -> AgreementSet:
    """The set in force, or a sentence where there is none yet."""
    with opened(settings_of(home)) as office:
        current = in_force(office)
    if current is None:
        stop("No agreements are in force yet; see: kps agreements load", NO)
    return current


def acting(
    home: Path,
    event: Event,
    work: Callable[[Connection], Done],
    *,
    by: str,
    reason: str,
    about: str,
) -> Done:
    """Do something about people on record, or leave with every sentence of what is wrong."""
    return do_on_record(settings_of(home), event, work, by=by, reason=reason, about=about)
