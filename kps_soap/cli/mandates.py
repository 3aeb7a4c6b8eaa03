"""``kps accounts mandates`` and ``systems``: who calls for an institution, besides itself.

Every act is on record with who did it and why; every fault of what was typed is told at once.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

import click

from kps_soap.cli.people_office import (
    DAY,
    acting,
    agreements_in_force,
    must_be_an_institution,
    reading,
    today,
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
from kps_soap.people import mandates, systems
from kps_soap.people.person import Actor


@click.command("mandates")
@home_option
@json_option
@click.option("--institution", help="Only those of one institution.")
def list_mandates(home: Path, as_json: bool, institution: str | None) -> None:
    """Which accounts of vendors act for whom, and until when."""
    with reading(settings_of(home)) as connection:
        found = mandates.listing(connection, institution=institution)
    rows = [
        {
            "number": one.number,
            "account": one.account,
            "vendor": one.vendor,
            "institution": one.institution,
            "services": " ".join(sorted(one.services)) or "all",
            "networks": " ".join(map(str, one.networks)),
            "from": one.valid_from.isoformat(),
            "until": one.last_day.isoformat(),
            "holds": "yes" if one.holds_on(today()) else "no",
        }
        for one in found
    ]
    columns = ("number", "account", "vendor", "institution", "services", "until", "holds")
    show_rows(rows, columns, as_json=as_json)


@click.group()
def mandate() -> None:
    """Let a vendor's account act for an institution, on certain days, or end that."""


@mandate.command("add")
@home_option
@why_option
@actor_option
@click.argument("account")
@click.option("--vendor", required=True, help="Who it is.")
@click.option("--institution", required=True, help="For whom it acts.")
@click.option("--from", "since", type=DAY, help="The first day; else today.")
@click.option("--until", type=DAY, required=True, help="The last day.")
@click.option("--network", "networks", multiple=True, help="Where calls come from (CIDR).")
@click.option("--service", "services", multiple=True, help="A service; else all of them.")
def add_mandate(
    home: Path,
    reason: str,
    by: str,
    account: str,
    vendor: str,
    institution: str,
    since: date | None,
    until: date,
    networks: tuple[str, ...],
    services: tuple[str, ...],
) -> None:
    """Let ACCOUNT act for an institution; it still needs a password (kps accounts password)."""
    current, actor = agreements_in_force(home), Actor.operator(by)
    must_be_an_institution(settings_of(home), institution)
    granted = {name for one in current.of_institution(institution) for name, _ in one.services}
    unknown = sorted(set(services) - granted)
    if unknown:
        stop(f"The institution's agreement does not grant: {', '.join(unknown)}.", NO)
    new = mandates.NewMandate(
        account=account,
        vendor=vendor,
        institution=institution,
        valid_from=since or today(),
        valid_until=until,
        networks=networks,
        services=frozenset(services),
    )
    made = acting(
        home,
        Event.MANDATE,
        lambda connection: mandates.add(connection, new, agreed=current.accounts(), by=actor),
        by=by,
        reason=reason,
        about=f"{account} for {institution} until {until}",
    )
    click.echo(f"Mandate {made.number}.")


@mandate.command("end")
@home_option
@why_option
@actor_option
@click.argument("number", type=COUNT)
def end_mandate(home: Path, reason: str, by: str, number: int) -> None:
    """End mandate NUMBER; its next call is refused."""
    actor = Actor.operator(by)
    acting(
        home,
        Event.MANDATE,
        lambda connection: mandates.end(connection, number, by=actor, now=utc_now()),
        by=by,
        reason=reason,
        about=f"mandate {number} ended",
    )
    click.echo("Ended.")


@click.command("systems")
@home_option
@json_option
@click.option("--institution", help="Only those of one institution.")
def list_systems(home: Path, as_json: bool, institution: str | None) -> None:
    """The software that calls for institutions."""
    with reading(settings_of(home)) as connection:
        found = systems.listing(connection, institution=institution)
    rows = [
        {
            "number": one.number,
            "institution": one.institution,
            "vendor": one.vendor,
            "product": one.product,
            "version": one.version,
            "since": one.since.isoformat(),
            "until": one.until.isoformat() if one.until else "",
        }
        for one in found
    ]
    columns = ("number", "institution", "vendor", "product", "version", "since", "until")
    show_rows(rows, columns, as_json=as_json)


@click.group()
def system() -> None:
    """Register the software of an institution, note another version, or its end."""


@system.command("add")
@home_option
@why_option
@actor_option
@click.argument("institution")
@click.option("--vendor", required=True)
@click.option("--product", required=True)
@click.option("--version", required=True)
@click.option("--since", type=DAY, help="The first day; else today.")
def add_system(
    home: Path,
    reason: str,
    by: str,
    institution: str,
    vendor: str,
    product: str,
    version: str,
    since: date | None,
) -> None:
    """Register software of INSTITUTION."""
    must_be_an_institution(settings_of(home), institution)
    actor = Actor.operator(by)
    made = acting(
        home,
        Event.SYSTEM,
        lambda connection: systems.add(
            connection,
            institution,
            vendor=vendor,
            product=product,
            version=version,
            since=since or today(),
            by=actor,
        ),
        by=by,
        reason=reason,
        about=f"{institution}: {vendor} {product} {version}",
    )
    click.echo(f"System {made.number}.")


@system.command("change")
@home_option
@why_option
@actor_option
@click.argument("number", type=COUNT)
@click.option("--version", help="The version that runs now.")
@click.option("--until", type=DAY, help="Its last day.")
def change_system(
    home: Path, reason: str, by: str, number: int, version: str | None, until: date | None
) -> None:
    """Note another version of system NUMBER, or its last day."""
    actor = Actor.operator(by)
    acting(
        home,
        Event.SYSTEM,
        lambda connection: systems.change(
            connection, number, version=version, until=until, by=actor
        ),
        by=by,
        reason=reason,
        about=f"system {number}",
    )
    click.echo("Changed.")


COMMANDS: Final = (list_mandates, mandate, list_systems, system)
