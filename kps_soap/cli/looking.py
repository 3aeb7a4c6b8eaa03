"""What the commands over the evidence share: who looks and why, times, numbers, private files.

It opens the evidence with its keys and turns every foreseen error into a sentence.  It searches
nothing itself.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click
from sqlalchemy import Engine

from kps_soap import database
from kps_soap.audit import search as searching
from kps_soap.audit.appending import Recorder
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import Keyring
from kps_soap.audit.orders import OrderRefused
from kps_soap.audit.retention import BytesLeft
from kps_soap.audit.rotation import RotationRefused
from kps_soap.authentication import ISTANBUL
from kps_soap.cli.recorded import login_name
from kps_soap.cli.terminal import NO, WRONG, stop, typed_number
from kps_soap.configured import recorder_of, utc_now
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.settings import Settings

reason_option = click.option(
    "--reason", required=True, help="Why you look; it is kept in the evidence."
)
by_option = click.option(
    "--by", default=lambda: login_name(), help="Who looks; else your login name."
)
to_option = click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to a file that only you may read.",
)


class Opened(NamedTuple):
    """The evidence, its keys, and the chain on which the look is recorded."""

    engine: Engine
    files: KeyFiles
    keyring: Keyring
    run: Recorder


@contextlib.contextmanager
def opened(settings: Settings, *, wait_seconds_max: float = 10) -> Iterator[Opened]:
    """Open the evidence of a home; every foreseen error leaves with a sentence."""
    with sentences():
        files = KeyFiles(settings.evidence_key_file)
        keyring = Keyring(files)
        engine = database.open_database(settings.gateway_url, wait_seconds_max=wait_seconds_max)
        try:
            with recorder_of(
                settings, engine, worker="kps audit", keyring=keyring, clock=utc_now
            ) as run:
                yield Opened(engine, files, keyring, run)
        finally:
            engine.dispose()


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Say what went wrong on standard error, exit code 1."""
    try:
        yield
    except (
        searching.ReasonMissing,
        searching.NoSuchRecord,
        BytesLeft,
        OrderRefused,
        RotationRefused,
    ) as error:
        stop(str(error), NO)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)


def asker(by: str, reason: str) -> searching.Asker:
    """Who looks now, and why."""
    if not by.strip():
        stop("Say who looks: --by NAME.", WRONG)
    return searching.Asker(by, reason, secrets.token_hex(16), utc_now(), "CLI")


def moment(text: str | None) -> datetime | None:
    """A civil time of Europe/Istanbul, as an operator writes it, unless it names its zone."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=ISTANBUL)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        stop("Write a time like 2026-11-21 or 2026-11-21T14:30 (Europe/Istanbul).", WRONG)


def person_number(text: str | None) -> int | None:
    """An identity number as an operator types it."""
    if text is None:
        return None
    number = typed_number(text)
    if number is None:
        stop("That is no identity number; check its eleven digits.", WRONG)
    return number


def hand_over(parts: Iterable[str], to: Path | None) -> None:
    """To the terminal, or whole into a file with mode 0600; a file that is there is replaced."""
    if to is None:
        for part in parts:
            click.echo(part, nl=False)
        return
    if not to.name or (to.exists() and not to.is_file()):
        # A device or a directory would be replaced by a file.
        stop("Name a file with --to.", WRONG)
    new = to.with_name(f".{to.name}.{os.getpid()}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            new.replace(to)
        finally:
            new.unlink(missing_ok=True)
    except OSError:
        stop("The file cannot be written; choose another with --to.", NO)
