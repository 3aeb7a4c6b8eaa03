"""``kps audit verify`` and ``kps audit seal``: what was tampered with, and what can be no more."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from kps_soap.audit.backlog import undelivered_since
from kps_soap.audit.checkpoints import Certificates
from kps_soap.audit.export_source import ExportAddress
from kps_soap.audit.findings import Report
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import Keyring
from kps_soap.audit.sources import Address, DatabaseAddress
from kps_soap.audit.timestamps import Trust
from kps_soap.audit.verification import Options, verify_source
from kps_soap.cli.recorded import actor_option, note, why_option
from kps_soap.cli.terminal import (
    NO,
    WRONG,
    home_option,
    json_option,
    progress_bar,
    settings_of,
    show_json,
    stop,
)
from kps_soap.database import open_database
from kps_soap.entry import Event
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.sealing import Seals, seals_of
from kps_soap.settings import Settings

#: A backlog of years is sealed in one call.
_SEAL_SECONDS_MAX = 24 * 3600

file_type = click.Path(dir_okay=False, path_type=Path)


@click.command()
@home_option
@json_option
@why_option
@actor_option
@click.option("--without-keys", is_flag=True, help="Decrypt nothing; no key file is read.")
@click.option("--chains-only", is_flag=True, help="Links and seals only: about six times as fast.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes; else one a core.")
@click.option(
    "--witness",
    type=click.Path(file_okay=False, path_type=Path),
    help="A directory of exported seals; else witness_directory.",
)
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    type=file_type,
    help="Certificates of the seal's keys (PEM); else seal_certificate_file.",
)
@click.option("--timestamp-ca", type=file_type, help="PEM; else timestamp_ca_file.")
@click.option(
    "--export",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Verify an exported file; needs no home, only --certificate.",
)
@click.option("--key-file", type=file_type, help="With --export: decrypt with this key file too.")
def verify(
    home: Path,
    as_json: bool,
    reason: str,
    by: str,
    without_keys: bool,
    chains_only: bool,
    jobs: int | None,
    witness: Path | None,
    certificates: tuple[Path, ...],
    timestamp_ca: Path | None,
    export: Path | None,
    key_file: Path | None,
) -> None:
    """Name whatever was changed, removed, moved, copied, added, cut or replaced.

    Exit code 1 if there is any such thing.
    """
    address: Address
    if export is None:
        settings = settings_of(home)
        address, key_file = DatabaseAddress(settings.gateway_url), settings.evidence_key_file
        certificates = certificates or (settings.seal_certificate_file,)
        witness = witness or settings.witness_directory
        timestamp_ca = timestamp_ca or settings.timestamp_ca_file
    else:
        address = ExportAddress(export)
        if not certificates:
            stop("Name the certificate of the seal's key: --certificate FILE.", WRONG)
    try:
        keyed = key_file is not None and not without_keys and not chains_only
        options = Options(
            keyring=Keyring(KeyFiles(key_file)) if keyed and key_file is not None else None,
            certificates=Certificates.read(*certificates),
            witness=witness,
            timestamps=None if timestamp_ca is None else Trust.read(timestamp_ca),
            chains_only=chains_only,
            jobs=jobs or len(os.sched_getaffinity(0)),
        )
        began = time.monotonic()
        with progress_bar("Verifying") as step:
            report = verify_source(address, options, lambda done: step(done, done))
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    if export is None:
        _note(settings, report, by, reason)
    _show(report, time.monotonic() - began, as_json=as_json)
    if not report.ok:
        raise SystemExit(NO)


def _note(settings: Settings, report: Report, by: str, reason: str) -> None:
    """Record the look at the evidence, where that can be: what was found is told in any case.

    Who verifies a copy may have no key to write with, and no right to.
    """
    try:
        note(
            settings,
            Event.VERIFIED,
            by=by,
            reason=reason,
            about=f"{report.records} records, {report.findings_total} findings",
        )
    except OPERATOR_ERRORS as error:
        click.echo(f"This verification is not on record: {sentence_of(error)}", err=True)


def _show(report: Report, seconds: float, *, as_json: bool) -> None:
    if as_json:
        show_json({**report_as_json(report), "seconds": round(seconds, 3)})
        return
    for one in report.findings:
        click.echo(str(one), err=True)
    more = report.findings_total - len(report.findings)
    if more:
        click.echo(f"and {more} more", err=True)
    words = "all is well" if report.ok else f"{report.findings_total} findings"
    stamped = f", {report.timestamps} timestamps" if report.timestamps else ""
    witnessed = f", the witness knows {report.witnessed}" if report.witnessed else ""
    click.echo(
        f"{report.records} records in {report.chains} chains, {report.sealed} of them under"
        f" {report.checkpoints} seals{stamped}{witnessed}, in {seconds:.1f} s: {words}"
    )


def report_as_json(report: Report) -> dict[str, Any]:
    """A report for programs."""
    return {
        "ok": report.ok,
        "chains": report.chains,
        "records": report.records,
        "destroyed": report.destroyed,
        "checkpoints": report.checkpoints,
        "sealed": report.sealed,
        "timestamps": report.timestamps,
        "witnessed": report.witnessed,
        "findings_total": report.findings_total,
        "findings": [str(one) for one in report.findings],
    }


@click.command()
@home_option
@json_option
def seal(home: Path, as_json: bool) -> None:
    """Seal all records that wait for it, ask for a timestamp, and hand all seals to the witness.

    Exit code 1 if the witness could not be given all.
    """
    settings = settings_of(home)
    try:
        engine = open_database(settings.gateway_url, wait_seconds_max=10)
        try:
            seals = seals_of(settings, engine, at_once=True)
            number = seals.sealer.seal_all(seconds_max=_SEAL_SECONDS_MAX)
            delivered = 0
            while count := seals.hand_on():
                delivered += count
            lacking = _lacking(engine, seals)
        finally:
            engine.dispose()
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)
    if as_json:
        show_json({"checkpoint": number or None, "delivered": delivered, "lacking": lacking})
    else:
        click.echo(f"Sealed up to checkpoint {number}." if number else "Nothing waits for a seal.")
        if seals.courier is not None:
            click.echo(f"{delivered} files were delivered.")
        for address in lacking:
            click.echo(f"{address} has not got all seals.", err=True)
    if lacking:
        raise SystemExit(NO)


def _lacking(engine: Engine, seals: Seals) -> list[str]:
    """The witnesses that have not got every seal."""
    addresses = [target.address() for target in seals.courier.targets] if seals.courier else []
    with engine.connect() as connection, connection.begin():
        return [one for one in addresses if undelivered_since(connection, one) is not None]
