"""What the commands about agreements open: database, keeper and directory, with sentences."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Engine

from kps_soap import database
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.keeping import AgreementKeeper
from kps_soap.agreements.leases import Clocks
from kps_soap.agreements.watching import DirectoryWatch
from kps_soap.cli.terminal import NO, stop
from kps_soap.configured import agreement_keeper, directory_watch, utc_now
from kps_soap.contracts.catalogue import compile_all
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.settings import Settings

CLOCKS = Clocks(utc_now, time.monotonic, time.sleep)


@dataclass(frozen=True, slots=True)
class Office:
    """The gateway's database, the sets in it, and the directory of the files."""

    settings: Settings
    engine: Engine
    keeper: AgreementKeeper
    watch: DirectoryWatch


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Office]:
    """Open the office of a home; every error that an operator can mend is a sentence."""
    try:
        engine = database.open_database(settings.gateway_url, wait_seconds_max=10)
        try:
            keeper = agreement_keeper(settings, engine, compile_all(), worker="kps agreements")
            yield Office(settings, engine, keeper, directory_watch(settings, keeper))
        finally:
            engine.dispose()
    except OPERATOR_ERRORS as error:
        stop(sentence_of(error), NO)


def in_force(office: Office) -> AgreementSet | None:
    """The set in force with its suspensions; None before the first load."""
    version = office.keeper.newest()
    return None if version is None else office.keeper.compiled(version)
