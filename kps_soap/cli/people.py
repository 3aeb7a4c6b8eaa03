"""``kps accounts people`` and ``person``: who stands behind an institution's calls.

Every act is on record with who did it and why; every fault of what was typed is told at once.
What people may do of an agreement is another module's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Final

import click

from kps_soap.audit.months import ISTANBUL
from kps_soap.cli.people_office import (
    DAY,
    acting,
    institutions_of,
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
    show_json,
    show_rows,
    stop,
)
from kps_soap.configured import utc_now
from kps_soap.entry import Event
from kps_soap.people import importing, keeping, narrowings, passwords
from kps_soap.people.person import Actor, Changes, NewPerson, Person
from kps_soap.people.problems import PeopleError
from kps_soap.people.roles import Role

_PAGE: Final = 500

role_option = click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="What the person is; may be given more than once.",
)


def _shown(person: Person) -> dict[str, Any]:
    return {
        "person": person.person_id,
        "institution": person.institution,
        "name": person.name,
        "unit": person.unit,
        "inquirer": person.inquirer,
        "roles": " ".join(sorted(person.roles)),
        "state": person.state,
        "valid_from": person.valid_from.isoformat(),
        "valid_until": person.valid_until.isoformat() if person.valid_until else "",
        "deputy_for": person.deputy_for,
        "deputy_until": person.deputy_until.isoformat() if person.deputy_until else "",
        "locked_until": _moment(person.locked_until),
        "password": _password_of(person),
        "codes": "yes" if person.enrolled else "no",
        "temporary": ("", "yes", "renewed")[min(person.temporary, 2)],
        "password_chosen": _moment(person.password_at),
        "row_version": person.row_version,
    }


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(ISTANBUL).isoformat(timespec="seconds")


def _password_of(person: Person) -> str:
    if not person.has_password:
        return "none"
    return "one-time" if person.must_change else "own"


@click.command("people")
@home_option
@json_option
@click.option("--institution", help="Only these; an empty text is the centre.")
@click.option("--text", default="", help="What id, name or unit contain.")
@click.option("--state", default="", type=click.Choice(["", "ACIK", "BLOKE", "AYRILDI"]))
def list_people(home: Path, as_json: bool, institution: str | None, text: str, state: str) -> None:
    """Who is registered: roles, state, days; never a secret."""
    now, found, after = utc_now(), list[Person](), ""
    with reading(settings_of(home)) as connection:
        while True:
            page = keeping.listing(
                connection,
                now=now,
                institution=institution,
                text=text,
                state=state,
                after=after,
                most=_PAGE,
            )
            found += page.people
            after = page.following
            if not after:
                break
    rows = [_shown(one) for one in found]
    columns = ("person", "institution", "name", "unit", "roles", "state", "valid_until")
    show_rows(rows, columns, as_json=as_json)


@click.group()
def person() -> None:
    """One person: add, change, block, let go, take back, give a one-time password."""


@person.command()
@home_option
@json_option
@click.argument("person_id")
def show(home: Path, as_json: bool, person_id: str) -> None:
    """Everything that is known of PERSON_ID, and their share of the agreement."""
    with reading(settings_of(home)) as connection:
        found = keeping.find(connection, person_id, now=utc_now())
        if found is None:
            stop("There is nobody with this id; see: kps accounts people", NO)
        share = narrowings.of(connection, person_id)
        special = sorted(narrowings.special_services(connection, person_id))
    facts: dict[str, Any] = {
        **_shown(found),
        "share": [
            {
                "service": one.service,
                "version": one.version,
                "purposes": sorted(one.purposes),
                "fields": list(one.fields),
            }
            for one in share
        ],
        "special_categories_of": special,
    }
    if as_json:
        show_json(facts)
        return
    for name, value in _shown(found).items():
        click.echo(f"{name:14}{value}")
    click.echo(f"{'share':14}{'' if share else 'all that the agreement grants'}")
    for one in share:
        purposes = " ".join(sorted(one.purposes)) or "every purpose"
        click.echo(f"  {one.service} {one.version or 'every version'}: {purposes}")
        for path in one.fields:
            click.echo(f"    {path}")
    click.echo(f"{'special':14}{' '.join(special) or 'none'}")


@person.command()
@home_option
@why_option
@actor_option
@click.argument("person_id")
@click.option("--name", required=True, help="First name and surname.")
@click.option("--institution", default="", help="The institution's code; empty at the centre.")
@role_option
@click.option("--unit", default="", help="Where in the institution.")
@click.option("--inquirer", default="", help="What calls state as Sorgulayan; else the id.")
@click.option("--from", "since", type=DAY, help="The first day; else today.")
@click.option("--until", type=DAY, help="The last day; else without an end.")
@click.option(
    "--temporary",
    is_flag=True,
    help="For a while: 30 days at most, verifies only, 200 calls a day; renewed once.",
)
def add(
    home: Path,
    reason: str,
    by: str,
    person_id: str,
    name: str,
    institution: str,
    roles: Iterable[str],
    unit: str,
    inquirer: str,
    since: date | None,
    until: date | None,
    temporary: bool,
) -> None:
    """Add PERSON_ID, who has no password yet."""
    must_be_an_institution(settings_of(home), institution)
    new = NewPerson(
        person_id=person_id,
        name=name,
        institution=institution,
        roles=frozenset(map(Role, roles)),
        unit=unit,
        inquirer=inquirer,
        valid_from=since or today(),
        valid_until=until,
        temporary=temporary,
    )
    actor = Actor.operator(by)
    acting(
        home,
        Event.PERSON_ADDED,
        lambda connection: keeping.add(connection, new, by=actor, now=utc_now()),
        by=by,
        reason=reason,
        about=person_id,
    )
    click.echo(f"{person_id} is registered; give a password with: kps accounts person password")


@person.command()
@home_option
@why_option
@actor_option
@click.argument("person_id")
@click.option("--name")
@click.option("--unit")
@click.option("--inquirer")
@role_option
@click.option("--from", "valid_from", type=DAY, help="The first day.")
@click.option("--until", "valid_until", type=DAY, help="The last day.")
@click.option("--no-end", is_flag=True, help="No last day.")
@click.option("--deputy-for", help="Whom the person stands in for; an empty text: nobody.")
@click.option("--deputy-until", type=DAY, help="The last day of standing in.")
@click.option("--row-version", type=COUNT, help="Only if it is still this one.")
def change(
    home: Path,
    reason: str,
    by: str,
    person_id: str,
    roles: tuple[str, ...],
    no_end: bool,
    row_version: int | None,
    **given: Any,
) -> None:
    """Change what is given of PERSON_ID; the rest stays.  Roles are replaced as a whole."""
    stated = {key: value for key, value in given.items() if value is not None}
    if stated.get("deputy_for") == "":
        stated["deputy_until"] = None
    if roles:
        stated["roles"] = frozenset(map(Role, roles))
    if no_end:
        stated["valid_until"] = None
    changes = Changes(**stated)
    if not stated:
        stop("Say what to change; see: kps accounts person change --help", 2)
    actor = Actor.operator(by)
    acting(
        home,
        Event.PERSON_CHANGED,
        lambda connection: keeping.change(
            connection, person_id, changes, row_version=row_version, by=actor, now=utc_now()
        ),
        by=by,
        reason=reason,
        about=f"{person_id}: {', '.join(sorted(changes.stated()))}",
    )
    click.echo("Changed.")


@person.command()
@home_option
@why_option
@actor_option
@click.argument("person_id")
def block(home: Path, reason: str, by: str, person_id: str) -> None:
    """Block PERSON_ID: no call in their name, no page, from now on."""
    _do(home, Event.PERSON_BLOCKED, keeping.block, person_id, by, reason)
    click.echo("Blocked.")


@person.command()
@home_option
@why_option
@actor_option
@click.argument("person_id")
def unblock(home: Path, reason: str, by: str, person_id: str) -> None:
    """Lift the block of PERSON_ID, or a lock of wrong passwords."""
    _do(home, Event.PERSON_OPENED, keeping.unblock, person_id, by, reason)
    click.echo("Open again.")


@person.command()
@home_option
@why_option
@actor_option
@click.argument("person_id")
@click.option("--on", type=DAY, help="The last day; else they are gone at once.")
def leave(home: Path, reason: str, by: str, person_id: str, on: date | None) -> None:
    """Let PERSON_ID go: everything is closed, and stays known as theirs."""
    done = _do(home, Event.PERSON_LEFT, keeping.leave, person_id, by, reason, on=on or today())
    click.echo("Has left." if done.state == "AYRILDI" else f"Leaves after {done.valid_until}.")


@person.command()
@home_option
@why_option
@actor_option
@click.argument("person_id")
@click.option("--until", type=DAY, help="The last day; else without an end.")
def reactivate(home: Path, reason: str, by: str, person_id: str, until: date | None) -> None:
    """Take PERSON_ID back from today on, without a password."""
    _do(
        home,
        Event.PERSON_OPENED,
        keeping.reactivate,
        person_id,
        by,
        reason,
        valid_until=until,
    )
    click.echo("Is back; give a password with: kps accounts person password")


def _do(
    home: Path,
    event: Event,
    act: Callable[..., Person],
    person_id: str,
    by: str,
    reason: str,
    **given: Any,
) -> Person:
    actor = Actor.operator(by)
    return acting(
        home,
        event,
        lambda connection: act(connection, person_id, by=actor, now=utc_now(), **given),
        by=by,
        reason=reason,
        about=person_id,
    )


@person.command()
@home_option
@why_option
@actor_option
@click.argument("person_id")
@click.option("--new-codes", is_flag=True, help="A lost phone: one-time codes are set up anew.")
def password(home: Path, reason: str, by: str, person_id: str, new_codes: bool) -> None:
    """Give PERSON_ID a password for one log-in, which must change it; it is printed once."""
    chosen = passwords.one_time_password(secrets.token_bytes)
    made, actor = passwords.new_hash(chosen), Actor.operator(by)
    acting(
        home,
        Event.PERSON_PASSWORD,
        lambda connection: passwords.set_initial(
            connection, person_id, made, by=actor, now=utc_now(), drop_code=new_codes
        ),
        by=by,
        reason=reason,
        about=person_id,
    )
    click.echo(chosen)


@person.command("import")
@home_option
@why_option
@actor_option
@click.argument("file", type=click.File(encoding="utf-8-sig", errors="replace"))
def import_people(home: Path, reason: str, by: str, file: IO[str]) -> None:
    """Add everybody in FILE (CSV): all, or none and every reason with its line.

    Columns: person_id, name, institution, roles (parted by blanks); and unit, inquirer,
    valid_from, valid_until.
    """
    try:
        lines = importing.read(file)
    except PeopleError as error:
        stop(str(error), NO)
    except OSError:
        stop("The file cannot be read.", NO)
    settings, actor = settings_of(home), Actor.operator(by)
    known = institutions_of(settings)
    added = acting(
        home,
        Event.PERSON_ADDED,
        lambda connection: importing.add_all(
            connection, lines, by=actor, today=today(), now=utc_now(), institutions=known
        ),
        by=by,
        reason=reason,
        about=", ".join(cells["person_id"] for _, cells in lines)[:2000],
    )
    click.echo(f"{added} people are registered.")


COMMANDS: Final = (list_people, person)
