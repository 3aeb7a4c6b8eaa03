"""``kps accounts`` again: what people may do, seats, and four eyes.

Every act is on record with who did it and why; what is no part of an agreement is told at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from kps_soap.cli.people import person
from kps_soap.cli.people_office import (
    acting,
    agreements_in_force,
    must_be_an_institution,
    reading,
)
from kps_soap.cli.recorded import actor_option, why_option
from kps_soap.cli.terminal import (
    COUNT,
    NO,
    home_option,
    json_option,
    settings_of,
    show_rows,
    stop,
)
from kps_soap.configured import utc_now
from kps_soap.entry import Event
from kps_soap.people import approvals, narrowings
from kps_soap.people import seats as seats_of
from kps_soap.people.narrowings import Narrowing
from kps_soap.people.person import Actor


@person.command()
@home_option
@why_option
@actor_option
@click.argument("person_id")
@click.option("--service", default="", help="The service to narrow.")
@click.option("--version", default="", help="One version of it; else every one.")
@click.option("--purpose", "purposes", multiple=True, help="A purpose that is left; else all.")
@click.option("--field", "fields", multiple=True, help="A field that is left; else all.")
@click.option("--drop", is_flag=True, help="Take the service out of the share.")
@click.option("--all", "whole", is_flag=True, help="All that the agreement grants again.")
def narrow(
    home: Path,
    reason: str,
    by: str,
    person_id: str,
    service: str,
    version: str,
    purposes: tuple[str, ...],
    fields: tuple[str, ...],
    drop: bool,
    whole: bool,
) -> None:
    """Let PERSON_ID do only so much of the agreement: once a service, from then on only those."""
    if bool(service) == whole:
        stop("Name a --service, or say --all.", 2)
    current, actor = agreements_in_force(home), Actor.operator(by)
    new = Narrowing(person_id, service, version, frozenset(purposes), fields)

    def work(connection: Any) -> int:
        held = [
            one
            for one in narrowings.of(connection, person_id)
            if not whole and (one.service, one.version) != (service, version)
        ]
        wanted = held if drop or whole else [*held, new]
        if drop and not wanted:
            stop(
                "It is the last service of the share: without it all would be open. Use block.", NO
            )
        narrowings.replace(
            connection,
            person_id,
            wanted,
            agreements=current.agreements,
            row_version=None,
            by=actor,
            now=utc_now(),
        )
        return len(wanted)

    about = f"{person_id}: {'all' if whole else f'{service} {version}'.strip()}"
    left = acting(home, Event.PERSON_NARROWED, work, by=by, reason=reason, about=about)
    click.echo(f"The share holds {left} services." if left else "The share is the agreement.")


@click.command()
@home_option
@why_option
@actor_option
@json_option
@click.argument("institution")
@click.option("--unit", default="", help="One unit; else the whole institution.")
@click.option("--most", type=COUNT, help="How many people it may have.")
def seats(
    home: Path, reason: str, by: str, as_json: bool, institution: str, unit: str, most: int | None
) -> None:
    """The seats of INSTITUTION, or (--most) how many a unit of it may have."""
    if most is not None:
        must_be_an_institution(settings_of(home), institution)
        actor = Actor.operator(by)
        acting(
            home,
            Event.SEATS_SET,
            lambda connection: seats_of.set_seats(connection, institution, unit, most, by=actor),
            by=by,
            reason=reason,
            about=f"{institution} {unit}: {most}",
        )
    with reading(settings_of(home)) as connection:
        found = seats_of.seats(connection, institution)
    rows = [{"unit": one.unit, "most": one.most, "taken": one.taken} for one in found]
    show_rows(rows, ("unit", "most", "taken"), as_json=as_json)


@click.command()
@home_option
@why_option
@actor_option
@click.argument("person_id")
@click.argument("service")
@click.option("--withdraw", is_flag=True, help="Take it away again; one is enough for that.")
def special(home: Path, reason: str, by: str, person_id: str, service: str, withdraw: bool) -> None:
    """Ask that PERSON_ID may see the special categories of SERVICE; somebody else approves."""
    actor = Actor.operator(by)
    if withdraw:
        acting(
            home,
            Event.PERSON_NARROWED,
            lambda connection: narrowings.withdraw_special(
                connection, person_id, service, by=actor, now=utc_now()
            ),
            by=by,
            reason=reason,
            about=f"{person_id}: {service}, special categories withdrawn",
        )
        click.echo("Withdrawn.")
        return
    asked = acting(
        home,
        Event.APPROVAL_ASKED,
        lambda connection: approvals.ask(
            connection,
            approvals.Kind.SPECIAL_FIELDS,
            person_id,
            {"service": service},
            by=actor,
            reason=reason,
            now=utc_now(),
        ),
        by=by,
        reason=reason,
        about=f"{person_id}: special categories of {service}",
    )
    click.echo(f"Request {asked.number} waits; another approves: kps accounts approve")


@click.command("approvals")
@home_option
@json_option
def list_approvals(home: Path, as_json: bool) -> None:
    """What waits for a second pair of eyes."""
    with reading(settings_of(home)) as connection:
        found = approvals.pending(connection, now=utc_now())
    rows = [
        {
            "number": one.number,
            "kind": one.kind.value,
            "subject": one.subject,
            "what": " ".join(str(value) for value in one.what.values()),
            "institution": one.institution,
            "asked_by": one.asked_by,
            "asked_at": one.asked_at.isoformat(timespec="seconds"),
            "reason": one.reason,
        }
        for one in found
    ]
    show_rows(rows, ("number", "kind", "subject", "what", "asked_by", "reason"), as_json=as_json)


@click.command()
@home_option
@why_option
@actor_option
@click.argument("number", type=COUNT)
@click.option("--refuse", is_flag=True, help="Decide against it.")
def approve(home: Path, reason: str, by: str, number: int, refuse: bool) -> None:
    """Approve request NUMBER, which then takes effect; never one's own."""
    decide, actor = approvals.refuse if refuse else approvals.approve, Actor.operator(by)
    done = acting(
        home,
        Event.APPROVAL_DECIDED,
        lambda connection: decide(connection, number, by=actor, reason=reason, now=utc_now()),
        by=by,
        reason=reason,
        about=f"request {number}: {'refused' if refuse else 'approved'}",
    )
    click.echo(f"{done.kind.value} for {done.subject}: {done.state}.")


COMMANDS: Final = (seats, special, list_approvals, approve)
