"""``kps demo``: a complete home to try everything on."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from kps_soap.cli.terminal import NO, home_option, progress_bar, show_table, stop
from kps_soap.configured import utc_now
from kps_soap.demo_file import read_demo_people
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.terms import istanbul_date

PORT: Final = click.IntRange(1, 65535)

_SHOWN: Final = ("person_id", "institution", "role", "name")
#: How many seconds a one-time code holds (RFC 6238).
_STEP: Final = 30


@click.group()
def demo() -> None:
    """A home with synthetic people, demo keys and example agreements."""


@demo.command()
@click.argument("home", type=click.Path(file_okay=False, path_type=Path))
@click.option("--persons", default=10_000, show_default=True, help="How many synthetic persons.")
@click.option("--seed", default=1, show_default=True, help="The same seed, the same people.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Date of the register.")
@click.option("--port", type=PORT, default=8443, show_default=True, help="The port of https.")
@click.option(
    "--http-port", type=PORT, default=8080, show_default=True, help="The port of plain http."
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    default=9464,
    show_default=True,
    help="The port of /metrics; 0 for none.",
)
@click.option(
    "--name",
    "names",
    metavar="HOST",
    multiple=True,
    help="A further host name: in the certificate and in the WSDLs. Repeatable.",
)
def init(
    home: Path,
    persons: int,
    seed: int,
    day: datetime | None,
    port: int,
    http_port: int,
    metrics_port: int,
    names: tuple[str, ...],
) -> None:
    """Make a demo home in HOME; it must not hold a gateway yet."""
    from kps_soap.demo import DemoError, DemoPlan, make

    now = utc_now()
    plan = DemoPlan(
        home=home,
        persons=persons,
        seed=seed,
        day=istanbul_date(now) if day is None else day.date(),
        now=now,
        https_port=port,
        http_port=http_port,
        names=names,
        metrics_port=metrics_port,
    )
    try:
        with progress_bar("Making synthetic people") as step:
            make(plan, randomness=secrets.token_bytes, progress=step)
    except (DemoError, ValueError) as error:
        stop(str(error), NO)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    click.echo(f"A demo home is ready: {home}  (accounts and personas: {home / 'demo.json'})")
    click.echo(f"Serve it with: kps serve --home {home}")


@demo.command("sign-in")
@home_option
@click.argument("person_id", required=False)
def sign_in(home: Path, person_id: str | None) -> None:
    """What PERSON_ID types at a demo's console: password and one-time code; or who there is."""
    people = read_demo_people(home)
    if not people:
        stop("This home is no demo, or its console has no people.", NO)
    if person_id is None:
        rows = [{name: getattr(one, name) for name in _SHOWN} for one in people]
        show_table(rows, _SHOWN)
        return
    found = next((one for one in people if one.person_id == person_id), None)
    if found is None:
        stop("There is no such person in this demo; see: kps demo sign-in", NO)
    # Nobody but who tries a demo needs it.
    import pyotp

    now = utc_now()
    click.echo(f"password  {found.password}")
    click.echo(f"code      {pyotp.TOTP(found.code_secret).at(now)}")
    click.echo(f"The code holds {_STEP - int(now.timestamp()) % _STEP} seconds more.", err=True)
