"""The composition root: opens what the settings name, and puts the line together.

Everything that a stage needs is made here once and handed in: time, keys, randomness, the
register, the evidence, the agreement set.  There is no logic of a request in this room.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine

from kps_soap import database, identity_number, rosters
from kps_soap.addresses import parse_address
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.book import LOOK_SECONDS, AgreementBook
from kps_soap.agreements.leases import Clocks as LeaseClocks
from kps_soap.audit.aggregates import RefusalCounts
from kps_soap.audit.alongside import LockPolicy
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import Keyring, read_key_file
from kps_soap.audit.receipt_search import ReceiptSearch
from kps_soap.audit.receipts import ReceiptNumbers
from kps_soap.audit.writer import Clocks, EvidenceWriter
from kps_soap.authentication import Freshness, Passwords
from kps_soap.configured import (
    MACHINE_MAX,
    agreement_keeper,
    directory_watch,
    load_signers,
    load_tariff,
    load_versions,
    utc_now,
)
from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.contract import CompiledContract
from kps_soap.credentials import StoredCredentials
from kps_soap.criteria_stage import CriteriaStage
from kps_soap.doors.doorway import Doorway, by_path
from kps_soap.doors.intake import Intake
from kps_soap.doors.wsdl import Addresses
from kps_soap.faults import Refusal
from kps_soap.gateway import Exchange, Gateway
from kps_soap.keys_in_use import note_of_keys
from kps_soap.logins import LoginLimits, Logins
from kps_soap.logs import RequestLog, lines_dropped
from kps_soap.lookups import Lookups
from kps_soap.metrics import timing
from kps_soap.metrics.gauges import Gauges
from kps_soap.metrics.meter import Meter
from kps_soap.mistakes import Mistakes
from kps_soap.page_keys import PageKeys
from kps_soap.pilots import Pilots
from kps_soap.probes import WriteProbe
from kps_soap.quotas import CallRates
from kps_soap.readiness import Front, Vitals, application, new_request_id, note_of_taking, watch
from kps_soap.registry.store import Register
from kps_soap.sealing import Sealing
from kps_soap.served_doors import Opened, served_places
from kps_soap.settings import Settings
from kps_soap.signing import Signer
from kps_soap.terms import SYNTHETIC, AgreementStage, IssuerStage, PublicStage

#: Profile STANDART (hardening §4.2, 20): a window without generosity.
STRICT_WINDOW: Final = Freshness(
    skew_seconds=60,
    age_seconds_max=300,
    timestamp_required=True,
    late_seconds_max=0,
    zone_required=True,
)

RECEIPT_BLOCK_SIZE: Final = 10_000
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
    settings: Settings, *, worker: str = "0", workers: int = 1, gateway: str = ""
) -> AsyncIterator[Running]:
    """Open everything, serve while inside, close in the opposite order.

    ``workers`` is how many share the agreements' rates.  ``gateway`` names what they are part
    of, among all that share the database; else this process.  Raises the refusals of the rooms
    that it opens, each with a sentence for the operator.
    """
    async with contextlib.AsyncExitStack() as stack:
        name = (gateway or gateway_name(os.getpid()), worker)
        running = await _open(stack, settings, name, workers)
        watching = asyncio.create_task(watch(running.vitals, seconds=LOOK_SECONDS))
        stack.push_async_callback(_stop, running, watching)
        yield running


async def _open(
    stack: contextlib.AsyncExitStack, settings: Settings, name: tuple[str, str], workers: int
) -> Running:
    worker = name[1]
    contracts, meter = compile_all(), Meter(time.perf_counter_ns)
    signers = load_signers(settings)
    engine = database.open_database(
        settings.gateway_url, wait_seconds_max=settings.evidence_seconds_max
    )
    stack.callback(engine.dispose)
    book = _open_book(stack, settings, engine, contracts, name)
    lookups = Lookups(
        settings.gateway_url,
        seconds_max=settings.evidence_seconds_max,
        watch=timing.watching(meter, "gateway"),
    )
    stack.push_async_callback(lookups.close)
    register = await Register.open(
        settings.register_url,
        deadline_s=settings.register_seconds_max,
        watch=timing.watching(meter, "register"),
    )
    stack.push_async_callback(register.close)
    numbers = ReceiptNumbers(block_size=RECEIPT_BLOCK_SIZE)
    evidence = await _open_evidence(stack, settings, engine, numbers, worker)
    refusals = RefusalCounts(sources_max=REFUSAL_SOURCES_MAX)
    mistakes, pilots = Mistakes(lookups, _person_digest(settings, "mistakes")), Pilots(lookups)
    receipts = _receipts(settings, lookups, engine, signers)
    stack.callback(receipts.close)
    gateway = Gateway(
        agree=_agreement_stages(settings, book, register, contracts, workers),
        criteria=pilots.before(_criteria_stage(settings, lookups, register, mistakes, receipts)),
        receipt_number=numbers.number,
        record=pilots.recorded_by(mistakes.recorded_by(evidence.record)),
        count_refusal=refusals.count,
        elapsed_us=lambda since: round((utc_now() - since).total_seconds() * 1_000_000),
    )
    gateway = timing.timed_line(gateway, meter, RequestLog(settings.log_requests).told)
    passwords = _passwords(settings)
    stack.callback(passwords.close)
    writes = WriteProbe(
        engine, worker=worker, clock=utc_now, seconds_max=settings.evidence_seconds_max
    )
    vitals = Vitals(book, register, evidence, refusals, signers, utc_now, writes)
    credentials = StoredCredentials(lookups, utc_now)
    logins = _logins(settings, book, passwords, credentials)
    opened = Opened(
        settings=settings,
        signers=signers,
        credentials=credentials,
        logins=logins,
        lookups=lookups,
        standing_headers=_standing_headers(register),
        institution_of=lambda account: book.current().institution_of(account),
    )
    doorway = _doorway(opened, gateway, contracts, meter)
    await evidence.record(note_of_taking(book.current(), utc_now()))
    await evidence.record(note_of_keys(settings, signers, new_request_id(), utc_now()))
    gauges = Gauges(
        settings,
        meter,
        vitals=vitals,
        doorway=doorway,
        passwords=passwords,
        lookups=lookups,
        lines_dropped=lines_dropped,
    )
    meter.begin()
    front = application(vitals, doorway)
    return Running(front, gateway, doorway, vitals, contracts, meter, gauges)


def _doorway(
    opened: Opened, gateway: Gateway, contracts: tuple[CompiledContract, ...], meter: Meter
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
        in_flight_max=settings.in_flight_max,
    )


def gateway_name(process: int) -> str:
    """How a gateway is named in its workers' leases: the machine and a process of it."""
    return f"{socket.gethostname()[:MACHINE_MAX]}:{process}"


def _open_book(
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    engine: Engine,
    contracts: tuple[CompiledContract, ...],
    name: tuple[str, str],
) -> AgreementBook:
    """The set in force; the first worker of a gateway watches the files and the days too."""
    keeper = agreement_keeper(settings, engine, contracts, worker=f"agreements {name[1]}")
    book = AgreementBook(
        keeper,
        directory_watch(settings, keeper),
        name=name,
        clocks=LeaseClocks(utc_now, time.monotonic, time.sleep),
        watch_seconds=settings.agreements_poll_seconds,
        leads=name[1] == "0",
    )
    stack.callback(book.close)
    book.open()
    return book


async def _open_evidence(
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    engine: Engine,
    numbers: ReceiptNumbers,
    worker: str,
) -> EvidenceWriter:
    evidence = EvidenceWriter(
        engine,
        Keyring(KeyFiles(settings.evidence_key_file)),
        worker=worker,
        receipts=numbers,
        clocks=Clocks(now=utc_now, monotonic=time.monotonic),
        random_bytes=secrets.token_bytes,
        deadline_seconds=settings.evidence_seconds_max,
        waiting_max=settings.in_flight_max * 2,
        locks=LockPolicy(
            settings.password_failures_max,
            settings.password_lock_seconds,
            settings.password_failures_per_day_max,
        ),
    )
    sealing = Sealing(settings)
    # Closed behind the evidence, so that the last record of its chain is sealed too.
    stack.push_async_callback(sealing.close)
    await evidence.start()
    stack.push_async_callback(evidence.close)
    sealing.start()
    return evidence


def _agreement_stages(
    settings: Settings,
    book: AgreementBook,
    register: Register,
    contracts: tuple[CompiledContract, ...],
    workers: int,
) -> Any:
    rates = CallRates(clock=time.monotonic, workers=workers)
    stages: dict[str, AgreementStage | IssuerStage | PublicStage] = {
        "direct": AgreementStage(
            agreements=book.in_force,
            versions=load_versions(settings, contracts),
            rates=rates,
            strict_window=STRICT_WINDOW,
            register_kind=register.kind,
            tariff=load_tariff(settings, contracts),
        ),
        "issuer": IssuerStage(agreements=book.in_force),
        "public": PublicStage(agreements=book.in_force, rates=rates, register_kind=register.kind),
    }
    stages["routing"] = stages["direct"]

    def agree(exchange: Exchange, vouched: Any, contract: Any) -> Any:
        return stages[exchange.entry.door](exchange, vouched, contract)

    return agree


def _criteria_stage(
    settings: Settings,
    lookups: Lookups,
    register: Register,
    mistakes: Mistakes,
    receipts: ReceiptSearch,
) -> CriteriaStage:
    return CriteriaStage(
        register=register,
        rosters=rosters.Rosters(lookups, _person_digest(settings, "roster")),
        page_keys=PageKeys(read_key_file(settings.person_key_file)),
        mistakes=mistakes,
        receipts=receipts,
    )


def _receipts(
    settings: Settings, lookups: Lookups, engine: Engine, signers: Mapping[str, Signer]
) -> ReceiptSearch:
    return ReceiptSearch(
        lookups,
        engine,
        signer=lambda: signers["RSA"],
        clock=utc_now,
        seconds_max=settings.evidence_seconds_max,
    )


def _person_digest(settings: Settings, context: str) -> Callable[[int], bytes]:
    """The keyed digest that stands for a person in tables of this context."""
    key = read_key_file(settings.person_key_file)
    return lambda number: identity_number.digest(number, key=key, context=context)


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
