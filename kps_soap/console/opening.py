"""Puts the console together from what the composition root has opened.

It gathers the pages, and makes what only the console needs: its chain of evidence, the bounds of
its sessions, the keys of codes and forms.  It knows no request.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Engine
from starlette.applications import Starlette

from kps_soap.agreements.keeping import AgreementKeeper
from kps_soap.audit.keys import Keyring, read_key_file
from kps_soap.configured import agreement_keeper, keyring_of, recorder_of, utc_now
from kps_soap.console import extracts, photographs, query_pages, receipt_pages, signing_in
from kps_soap.console.acts import Acts
from kps_soap.console.attempts import Attempts, Turns
from kps_soap.console.console import Console
from kps_soap.console.house import House
from kps_soap.console.operator import pages as operator_pages
from kps_soap.console.pages import Page
from kps_soap.console.sessions import Lives
from kps_soap.contracts.contract import CompiledContract
from kps_soap.doors.direct import DirectDoor
from kps_soap.doors.doorway import Doorway
from kps_soap.metrics.meter import Meter
from kps_soap.people.codes import CodeKeys
from kps_soap.people.passwords import BreachList
from kps_soap.readiness import Vitals, new_request_id
from kps_soap.settings import Settings

#: Every page of the console, in the order of the navigation.
PAGES: Final[tuple[Page, ...]] = (
    *signing_in.PAGES,
    *query_pages.PAGES,
    *receipt_pages.PAGES,
    *operator_pages.PAGES,
    *signing_in.OWN_PAGES,
    *extracts.PAGES,
    *photographs.PAGES,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the composition root has opened and the console needs; ``workers`` share a rate."""

    settings: Settings
    engine: Engine
    contracts: tuple[CompiledContract, ...]
    doorway: Doorway
    direct: DirectDoor
    vitals: Vitals
    meter: Meter
    worker: str
    workers: int


def house_of(around: Surroundings, *, clock: Callable[[], Any] = utc_now) -> House:
    """The console's house."""
    settings = around.settings
    keyring = keyring_of(settings)
    person_key = read_key_file(settings.person_key_file)
    failures = max(1, settings.password_failures_per_source_max // around.workers)
    return House(
        settings=settings,
        engine=around.engine,
        answer=around.doorway.answer,
        direct=around.direct,
        contracts=around.contracts,
        book=around.vitals.book,
        keeper=_keeper(around),
        vitals=around.vitals,
        meter=around.meter,
        signers=around.vitals.signers,
        keyring=keyring,
        acts=_acts(around, keyring, clock),
        attempts=Attempts(
            clock=time.monotonic, most=failures, seconds=settings.password_lock_seconds
        ),
        turns=Turns(settings.password_threads),
        code_keys=CodeKeys(person_key),
        form_key=hmac.digest(person_key, b"kps-soap console 1: forms", sha256),
        breached=BreachList(settings.breached_passwords_file),
        intake=around.doorway.intake,
        lives=Lives(
            idle=timedelta(seconds=settings.console_idle_seconds),
            whole=timedelta(seconds=settings.console_session_seconds),
        ),
        clock=clock,
        random_bytes=secrets.token_bytes,
        new_id=new_request_id,
        count_refusal=around.vitals.refusals.count,
        register_kind=around.vitals.register.kind,
    )


def _keeper(around: Surroundings) -> AgreementKeeper:
    return agreement_keeper(
        around.settings, around.engine, around.contracts, worker=f"konsol {around.worker}"
    )


def _acts(around: Surroundings, keyring: Keyring, clock: Callable[[], Any]) -> Acts:
    return Acts(
        lambda: recorder_of(
            around.settings,
            around.engine,
            worker=f"konsol {around.worker}",
            keyring=keyring,
            clock=clock,
        )
    )


def open_console(stack: AsyncExitStack, around: Surroundings) -> Starlette | None:
    """The console of a worker, closed with it; None where the settings turn it off."""
    if around.settings.console != "on":
        return None
    house = house_of(around)
    stack.push_async_callback(house.acts.close)
    stack.callback(house.turns.close)
    return console_of(house)


def console_of(house: House) -> Starlette:
    """The ASGI application of a house's console."""
    application = Console(house, PAGES).application()
    application.state.house = house
    return application
