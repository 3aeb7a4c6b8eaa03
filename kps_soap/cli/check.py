"""``kps check``: the one command for monitoring."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from kps_soap.cli.terminal import NO, home_option, json_option, settings_of, show_json
from kps_soap.inspection import inspect


@click.command()
@home_option
@json_option
def check(home: Path, as_json: bool) -> None:
    """Settings, agreements, keys and expiry, schemas, databases.  Exit code 1 on any trouble."""
    findings = inspect(settings_of(home))
    if as_json:
        show_json([asdict(one) for one in findings])
    else:
        for one in findings:
            click.echo(f"{'ok ' if one.ok else 'NO '} {one.name}: {one.text}")
            for warning in one.warnings:
                click.echo(f"!!  {one.name}: {warning}")
    if not all(one.ok for one in findings):
        raise SystemExit(NO)
