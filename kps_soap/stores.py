"""What a worker keeps open as long as it lives: databases, agreement set, register, evidence.

Each is opened as the settings say and closed in the opposite order.  No request is known here.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from kps_soap import database
from kps_soap.agreements.book import AgreementBook
from kps_soap.agreements.leases import Clocks as LeaseClocks
from kps_soap.audit.alongside import Beside
from kps_soap.audit.packing import Dictionary
from kps_soap.audit.receipts import ReceiptNumbers
from kps_soap.audit.resting import Rest
from kps_soap.audit.waiting import Clocks
from kps_soap.audit.writer import EvidenceWriter
from kps_soap.configured import (
    agreement_keeper,
    directory_watch,
    keyring_of,
    load_signers,
    lock_policy_of,
    utc_now,
)
from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.contract import CompiledContract
from kps_soap.lookups import Lookups
from kps_soap.metrics import timing
from kps_soap.metrics.meter import Meter
from kps_soap.misuse.observing import Observer
from kps_soap.outline import outline_of_answers
from kps_soap.registry.store import Register
from kps_soap.remembered import Remembered
from kps_soap.safeguards import Safeguards, safeguards_of, watching_of
from kps_soap.sealing import Sealing
from kps_soap.settings import Settings
from kps_soap.signing import Signer

RECEIPT_BLOCK_SIZE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Stores:
    """One worker's.  ``name`` are the gateway and the worker, as leases have them."""

    settings: Settings
    name: tuple[str, str]
    contracts: tuple[CompiledContract, ...]
    signers: Mapping[str, Signer]
    engine: Engine
    book: AgreementBook
    lookups: Lookups
    remembered: Remembered
    register: Register
    numbers: ReceiptNumbers
    guards: Safeguards
    evidence: EvidenceWriter


async def open_stores(
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    name: tuple[str, str],
    meter: Meter,
    rest: Rest,
) -> Stores:
    """Raises the refusals of the rooms that it opens, each with a sentence for the operator.

    ``rest`` is that of the evidence thread.
    """
    contracts, signers = compile_all(), load_signers(settings)
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
    guards = safeguards_of(settings, lookups, engine, name)
    dictionary = Dictionary(outline_of_answers(contracts, signers))
    evidence = await _open_evidence(
        stack, settings, engine, numbers, name[1], guards.besides, rest, dictionary
    )
    _watch_for_misuse(stack, settings, engine, contracts, guards.observer, name)
    return Stores(
        settings=settings,
        name=name,
        contracts=contracts,
        signers=signers,
        engine=engine,
        book=book,
        lookups=lookups,
        remembered=Remembered(lookups, ticks=meter.ticks),
        register=register,
        numbers=numbers,
        guards=guards,
        evidence=evidence,
    )


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
    besides: Sequence[Beside],
    rest: Rest,
    dictionary: Dictionary,
) -> EvidenceWriter:
    evidence = EvidenceWriter(
        engine,
        keyring_of(settings),
        worker=worker,
        receipts=numbers,
        clocks=Clocks(now=utc_now, monotonic=time.monotonic),
        random_bytes=secrets.token_bytes,
        deadline_seconds=settings.evidence_seconds_max,
        waiting_max=settings.in_flight_max * 2,
        locks=lock_policy_of(settings),
        besides=besides,
        rest=rest,
        dictionary=dictionary,
    )
    sealing = Sealing(settings)
    # Closed behind the evidence, so that the last record of its chain is sealed too.
    stack.push_async_callback(sealing.close)
    await evidence.start()
    stack.push_async_callback(evidence.close)
    sealing.start()
    return evidence


def _watch_for_misuse(
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    engine: Engine,
    contracts: tuple[CompiledContract, ...],
    observer: Observer,
    name: tuple[str, str],
) -> None:
    keeper = agreement_keeper(settings, engine, contracts, worker="misuse")
    watching = watching_of(settings, engine, keeper, observer, name)
    stack.push_async_callback(watching.close)
    watching.start()
