"""What every administrative command shares: it leaves a record of who did what, and why.

The act and its record are one transaction, so that neither is there without the other (design
D6).  This module knows no act; each command brings its own.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import click
from sqlalchemy import Connection

from kps_soap import database
from kps_soap.audit.appending import Act, Done
from kps_soap.cli.terminal import NO, WRONG, stop
from kps_soap.configured import keyring_of, recorder_of, utc_now
from kps_soap.entry import Entry, Event
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.settings import Settings


def login_name() -> str:
    """The login name, or the number of an account that has none (as in a container)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


actor_option = click.option(
    "--by", default=lambda: login_name(), help="Who does it; else your login name."
)
why_option = click.option("--reason", default="", help="Why; it is kept in the evidence.")


def do_on_record(
    settings: Settings,
    event: Event,
    work: Callable[[Connection], Done],
    *,
    by: str,
    reason: str,
    about: str,
    **columns: Any,
) -> Done:
    """Do ``work`` in the transaction of its record, or leave with a sentence.

    ``about`` names whom or what it is done to, never a secret; ``columns`` are further members
    of the ``Entry``.  The reason lies in the encrypted part, as that of a search does.
    """
    if not by.strip():
        stop("Say who does it: --by NAME.", WRONG)
    entry = _entry(event, by=by, reason=reason, about=about, **columns)
    try:
        with _acting(settings) as act:
            return act(entry, work)
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)


def note(settings: Settings, event: Event, *, by: str, reason: str, about: str) -> None:
    """Record what was done already and changed nothing; raises one of ``OPERATOR_ERRORS``."""
    with _acting(settings) as act:
        act(_entry(event, by=by, reason=reason, about=about), lambda _connection: None)


def _entry(event: Event, *, by: str, reason: str, about: str, **columns: Any) -> Entry:
    why = json.dumps({"reason": reason.strip(), "about": about}, ensure_ascii=False)
    return Entry(
        secrets.token_hex(16),
        utc_now(),
        "",
        event,
        channel="CLI",
        account=by,
        detail=about,
        question=why.encode("utf-8", "replace"),
        **columns,
    )


@contextlib.contextmanager
def _acting(settings: Settings) -> Iterator[Act]:
    keyring = keyring_of(settings)
    engine = database.open_database(settings.gateway_url, wait_seconds_max=10)
    try:
        with recorder_of(settings, engine, worker="kps", keyring=keyring) as run:
            yield run.act
    finally:
        engine.dispose()
