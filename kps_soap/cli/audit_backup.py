"""``kps audit export`` and ``kps audit import``: sealed evidence as a file, and back."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from kps_soap.audit import importing
from kps_soap.audit.checkpoints import Certificates
from kps_soap.audit.export_source import ExportAddress
from kps_soap.audit.exporting import Exported
from kps_soap.audit.exporting import export as write_export
from kps_soap.audit.search import Asker
from kps_soap.audit.verification import Options
from kps_soap.cli.looking import asker, by_option, opened
from kps_soap.cli.terminal import home_option, progress_bar, settings_of
from kps_soap.configured import utc_now
from kps_soap.entry import Entry, Event

_file = click.Path(dir_okay=False, path_type=Path)


@click.command("export")
@home_option
@by_option
@click.option("--reason", default="backup", show_default=True, help="Why; kept in the evidence.")
@click.option("--from", "first", type=click.IntRange(1), default=1, help="First checkpoint.")
@click.option("--to", "last", type=click.IntRange(1), help="Last checkpoint; else the newest.")
@click.option("--to-file", required=True, type=_file, help="The file to write; a new one.")
def export_evidence(
    home: Path, by: str, reason: str, first: int, last: int | None, to_file: Path
) -> None:
    """Write checkpoints and all that they seal into a file: for a backup, or for a court.

    Messages stay encrypted and months' keys wrapped: keep the key file apart from it.  What is
    not sealed yet is not in it; see: kps audit seal.
    """
    looks = asker(by, reason)
    with (
        opened(settings_of(home)) as (engine, _files, _keyring, run),
        progress_bar("Exporting") as step,
    ):

        def record(done: Exported) -> None:
            span = f"{done.base + 1}-{done.last}"
            detail = f"{span} records={done.records} sha256={done.digest}"
            run.record(_entry(Event.EXPORTED, looks, detail, done.records))

        done = write_export(
            engine,
            to_file,
            first=first,
            last=last,
            record=record,
            progress=lambda count: step(count, count),
        )
    click.echo(
        f"Checkpoints {done.base + 1} to {done.last}: {done.records} records in {done.chains}"
        f" chains, manifest sha256 {done.digest}"
    )


@click.command("import")
@home_option
@by_option
@click.option("--reason", default="restore", show_default=True, help="Why; kept in the evidence.")
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    type=_file,
    help="Certificates of the seal's keys (PEM); else seal_certificate_file.",
)
@click.option("--without-keys", is_flag=True, help="Accept what the key file here does not open.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_evidence(
    home: Path,
    by: str,
    reason: str,
    certificates: tuple[Path, ...],
    without_keys: bool,
    file: Path,
) -> None:
    """Bring an export into an empty database, or into one that holds what comes before it.

    The whole export is verified first, and nothing of one that does not verify is written.  An
    import that was cut short goes on when it is called again.
    """
    settings = settings_of(home)
    looks, address = asker(by, reason), ExportAddress(file)
    with (
        opened(settings) as (engine, _files, keyring, run),
        progress_bar("Importing") as step,
    ):
        options = Options(
            keyring=None if without_keys else keyring,
            certificates=Certificates.read(*(certificates or (settings.seal_certificate_file,))),
            jobs=len(os.sched_getaffinity(0)),
        )
        importing.verified(address, options, lambda done: step(done, done))
        brought = importing.bring_in(engine, address, progress=lambda done: step(done, done))
        span = f"{brought.base + 1}-{brought.last}"
        detail = f"{span} records={brought.records} sha256={brought.digest}"
        run.record(_entry(Event.IMPORTED, looks, detail, brought.records))
    click.echo(
        f"Checkpoints {brought.base + 1} to {brought.last}: {brought.records} records are new"
        f" here, in {brought.chains} chains. See: kps audit verify, kps audit retain --dry-run"
    )


def _entry(event: Event, looks: Asker, detail: str, count: int) -> Entry:
    return Entry(
        secrets.token_hex(16),
        utc_now(),
        "",
        event,
        channel=looks.channel,
        account=looks.name,
        detail=detail,
        count=count,
        question=looks.reason.encode("utf-8", "replace"),
    )
