"""The command ``kps``: one group of commands a module, and no logic here.

A command reads its arguments, calls one room and prints what it says.  Exit codes: 0 all is
well, 1 the answer is "no" (a check failed, a query was refused), 2 the command line or the
configuration is wrong.
"""

from __future__ import annotations

import click

from kps_soap import __version__
from kps_soap.cli.accounts import accounts
from kps_soap.cli.agreements import agreements
from kps_soap.cli.audit import audit
from kps_soap.cli.audit_backup import export_evidence, import_evidence
from kps_soap.cli.audit_breach import breach
from kps_soap.cli.audit_orders import hold, secrecy
from kps_soap.cli.audit_person import person
from kps_soap.cli.audit_retention import retain, rotate_key
from kps_soap.cli.audit_seals import seal, verify
from kps_soap.cli.billing import billing
from kps_soap.cli.check import check
from kps_soap.cli.demo import demo
from kps_soap.cli.files import database, wsdl
from kps_soap.cli.mandates import COMMANDS as MANDATES
from kps_soap.cli.misuse import misuse
from kps_soap.cli.people import COMMANDS as PEOPLE
from kps_soap.cli.people_shares import COMMANDS as SHARES
from kps_soap.cli.population import population
from kps_soap.cli.query import query
from kps_soap.cli.receipt import receipt
from kps_soap.cli.rosters import rosters
from kps_soap.cli.serve import serve
from kps_soap.cli.terminal import TextCommands


@click.group(cls=TextCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kps")
def main() -> None:
    """A SOAP gateway for the classic services of an identity-sharing system."""


for command in (
    serve,
    check,
    query,
    demo,
    agreements,
    accounts,
    rosters,
    misuse,
    audit,
    billing,
    receipt,
    population,
    wsdl,
    database,
):
    main.add_command(command)

for part in (
    *(breach, person, hold, secrecy, retain, rotate_key, seal, verify),
    *(export_evidence, import_evidence),
):
    audit.add_command(part)

for command in (*PEOPLE, *SHARES, *MANDATES):
    accounts.add_command(command)
