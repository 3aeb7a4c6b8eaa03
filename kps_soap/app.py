"""The composition root of a worker: its stores, its line, its doors, its console.

What lasts is opened in ``stores``, the stages are made in ``line``; here they meet the doors.
Time, keys and randomness are handed in.  There is no logic of a request in this room.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from kps_soap.addresses import parse_address
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.book import LOOK_SECONDS, AgreementBook
from kps_soap.audit.aggregates import RefusalCounts
from kps_soap.audit.resting import Rest
from kps_soap.authentication import Passwords
from kps_soap.configured import MACHINE_MAX, served_certificate, utc_now
from kps_soap.console.opening import Surroundings, open_console
from kps_soap.contracts.contract import CompiledContract
from kps_soap.credentials import StoredCredentials
from kps_soap.doors.doorway import Doorway, by_path
from kps_soap.doors.intake import Intake
from kps_soap.doors.wsdl import Addresses
from kps_soap.faults import Refusal
from kps_soap.gateway import Gateway
from kps_soap.keys_in_use import note_of_keys
from kps_soap.line import line_of
from kps_soap.logins import LoginLimits, Logins
from kps_soap.logs import RequestLog, lines_dropped
from kps_soap.metrics import timing
from kps_soap.metrics.gauges import Gauges
from kps_soap.metrics.meter import Meter
from kps_soap.probes import WriteProbe
from kps_soap.quotas import Buckets
from kps_soap.readiness import Front, Vitals, application, new_request_id, note_of_taking, watch
from kps_soap.registry.store import Register
from kps_soap.served_doors import Opened, direct_door, served_places
from kps_soap.settings import Settings
from kps_soap.shares import Shares
from kps_soap.stores import Stores, open_stores
from kps_soap.terms import SYNTHETIC, istanbul_date

REFUSAL_SOURCES_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Running:
    """One worker's opened gateway."""

    application: Front
    gateway: Gateway
    doorway: Doorway
    vitals: Vitals
    contracts: tuple[CompiledContract, ...]
    meter: Meter
    gauges: Gauges


@contextlib.asynccontextmanager
async def open_gateway(
    settings: Settings,
    *,
    worker: str = "0",
    workers: int = 1,
    gateway: str = "",
    buckets: Buckets | None = None,
) -> AsyncIterator[Running]:
    """Open everything, serve while inside, close in the opposite order.

    ``workers`` is how many share the agreements' rates, ``buckets`` how they do.  ``gateway``
    names what they are part of, among all that share the database; else this process.  Raises
    the refusals of the rooms that it opens, each with a sentence for the operator.
    """
    async with contextlib.AsyncExitStack() as stack:
        name = (gateway or gateway_name(os.getpid()), worker)
        running = await _open(stack, settings, name, workers, buckets)
        watching = asyncio.create_task(watch(running.vitals, seconds=LOOK_SECONDS))
        stack.push_async_callback(_stop, running, watching)
        yield running


async def _open(
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    name: tuple[str, str],
    workers: int,
    buckets: Buckets | None,
) -> Running:
    meter = Meter(time.perf_counter_ns)
    shares = Shares(settings.in_flight_max, share_percent=settings.institution_share_percent)
    stores = await open_stores(stack, settings, name, meter, Rest(lambda: shares.in_flight))
    refusals = RefusalCounts(sources_max=REFUSAL_SOURCES_MAX)
    gateway = timing.timed_line(
        line_of(stack, stores, refusals, shares, workers=workers, buckets=buckets),
        meter,
        RequestLog(settings.log_requests).told,
    )
    passwords = _passwords(settings)
    stack.callback(passwords.close)
    vitals = _vitals(stores, refusals)
    opened = _opened(stores, passwords)
    doorway = _doorway(opened, gateway, stores.contracts, meter, shares)
    await stores.evidence.record(note_of_taking(stores.book.current(), utc_now()))
    await stores.evidence.record(
        note_of_keys(settings, stores.signers, new_request_id(), utc_now())
    )
    gauges = Gauges(
        settings,
        meter,
        vitals=vitals,
        doorway=doorway,
        passwords=passwords,
        lookups=stores.lookups,
        lines_dropped=lines_dropped,
    )
    meter.begin()
    around = Surroundings(
        settings,
        stores.engine,
        stores.contracts,
        doorway,
        direct_door(opened),
        vitals,
        meter,
        name[1],
        workers,
    )
    front = application(vitals, doorway, open_console(stack, around))
    return Running(front, gateway, doorway, vitals, stores.contracts, meter, gauges)


def _vitals(stores: Stores, refusals: RefusalCounts) -> Vitals:
    writes = WriteProbe(
        stores.engine,
        worker=stores.name[1],
        clock=utc_now,
        seconds_max=stores.settings.evidence_seconds_max,
    )
    return Vitals(
        stores.book,
        stores.register,
        stores.evidence,
        refusals,
        stores.signers,
        utc_now,
        writes,
        tls=served_certificate(stores.settings),
    )


def _opened(stores: Stores, passwords: Passwords) -> Opened:
    """What the doors are made of."""
    credentials = StoredCredentials(stores.lookups, utc_now, stores.remembered)
    return Opened(
        settings=stores.settings,
        signers=stores.signers,
        credentials=credentials,
        logins=_logins(stores.settings, stores.book, passwords, credentials),
        lookups=stores.lookups,
        standing_headers=_standing_headers(stores.register),
        institution_of=lambda account: stores.book.current().institution_of(account),
        account_of_certificate=lambda digest, moment: stores.book.current().account_of_certificate(
            digest, istanbul_date(moment)
        ),
    )


def _doorway(
    opened: Opened,
    gateway: Gateway,
    contracts: tuple[CompiledContract, ...],
    meter: Meter,
    shares: Shares,
) -> Doorway:
    """Every address that this worker serves."""
    settings = opened.settings
    intake = _intake(settings)
    return Doorway(
        gateway=gateway,
        intake=intake,
        addresses=Addresses(
            settings.public_base_url.rstrip("/"), frozenset(settings.allowed_hosts), intake
        ),
        places=by_path(timing.timed_places(served_places(opened, contracts), meter)),
        shares=shares,
    )


def gateway_name(process: int) -> str:
    """How a gateway is named in its workers' leases: the machine and a process of it."""
    return f"{socket.gethostname()[:MACHINE_MAX]}:{process}"


def _passwords(settings: Settings) -> Passwords:
    return Passwords(
        mac_key=secrets.token_bytes(32),
        clock=time.monotonic,
        cache_seconds=settings.password_cache_seconds,
        threads=settings.password_threads,
    )


def _logins(
    settings: Settings, book: AgreementBook, passwords: Passwords, credentials: StoredCredentials
) -> Logins:
    return Logins(
        passwords,
        lambda account, address: _lets_in(book.current(), account, address),
        credentials,
        clock=time.monotonic,
        limits=LoginLimits(
            settings.password_failures_max,
            settings.password_failures_per_source_max,
            settings.password_lock_seconds,
        ),
    )


def _lets_in(agreements: AgreementSet, account: str, address: str) -> bool:
    """Whether any agreement of the account lets calls come from this address."""
    source = parse_address(address)
    return source is not None and any(
        source in network
        for agreement in agreements.for_account(account)
        for network in agreement.access.networks
    )


def _intake(settings: Settings) -> Intake:
    return Intake(
        body_bytes_max=settings.body_bytes_max,
        body_seconds_max=settings.body_seconds_max,
        trusted_proxies=settings.trusted_proxies,
        plain_http_addresses=frozenset(settings.plain_http_addresses),
        clock=utc_now,
        new_id=new_request_id,
    )


def _standing_headers(register: Register) -> tuple[tuple[str, str], ...]:
    """Every answer from a synthetic register says so (domain §4.1, S6)."""
    return (("Kps-Veri-Turu", SYNTHETIC),) if register.kind == SYNTHETIC else ()


async def _stop(running: Running, watching: asyncio.Task[None]) -> None:
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    with contextlib.suppress(Refusal):
        await running.vitals.flush_refusals()
