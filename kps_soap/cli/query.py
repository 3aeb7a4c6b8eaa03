"""``kps query``: one full query through the direct door, with the answer's signature proven."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kps_soap.cli.terminal import NO, WRONG, home_option, json_option, show_json, stop
from kps_soap.demo_file import read_demo_account


@click.command()
@home_option
@click.option("--service", default="KisiSorgulaTCKimlikNoServis", show_default=True)
@click.option("--version", default="2011/01/01", show_default=True, help="Dated version.")
@click.option("--account", help="The account; a demo home's first one by default.")
@click.option(
    "--password-file",
    type=click.File(encoding="utf-8"),
    help="File with the password ('-' reads it from standard input); a demo home knows its own.",
)
@click.option("--url", help="Base URL of the gateway; else the demo home's.")
@click.option("--ca-file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--certificate-file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--inquirer", help="Who asks (Sorgulayan).")
@click.option("--purpose", help="Purpose code (AmacKodu).")
@click.option("--case-number", help="Case number (IslemNo).")
@click.option("--born", type=click.DateTime(["%Y-%m-%d"]), help="Birth date, where demanded.")
@click.option("--province", type=int, help="Province code, for the district list.")
@json_option
@click.argument("numbers", nargs=-1, type=int)
def query(
    home: Path,
    service: str,
    version: str,
    account: str | None,
    password_file: Any,
    url: str | None,
    ca_file: Path | None,
    certificate_file: Path | None,
    inquirer: str | None,
    purpose: str | None,
    case_number: str | None,
    born: datetime | None,
    province: int | None,
    as_json: bool,
    numbers: tuple[int, ...],
) -> None:
    """Ask about identity NUMBERS.  Exit code 1 when the query is refused or not genuine."""
    # zeep is slow to import, and neither the other commands nor the workers need it.
    from kps_soap.query_client import AnswerNotGenuine, Asked, QueryFailed, ask

    known = read_demo_account(home, account)
    # An account that was opened later asks where the demo's own accounts ask.
    where = read_demo_account(home, None) if known is None and password_file else known
    password = chosen = base_url = None
    if where is not None:
        base_url = where.base_url
        ca_file = ca_file or where.ca_file
        certificate_file = certificate_file or where.certificate_file
    if known is not None:
        password, chosen = known.password, known.username
        inquirer = inquirer or known.inquirer
    password = password_file.read().strip() if password_file else password
    chosen, base_url = account or chosen, url or base_url
    if not (password and chosen and base_url and certificate_file):
        stop(
            "Name the account, --password-file, --url, --ca-file and --certificate-file, "
            "or a demo home with --home.",
            WRONG,
        )
    asked = Asked(
        service=service,
        version=version,
        numbers=numbers,
        born=None if born is None else born.date(),
        province=province,
        inquirer=inquirer,
        purpose=purpose,
        case_number=case_number,
    )
    try:
        answer = ask(
            asked,
            base_url=base_url,
            username=chosen,
            password=password,
            ca_file=ca_file,
            certificate_file=certificate_file,
        )
    except (QueryFailed, AnswerNotGenuine) as error:
        stop(str(error), NO)
    if as_json:
        show_json(answer)
    else:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1, default=str))
        click.echo("The signature is genuine.", err=True)
