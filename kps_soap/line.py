"""The stages of the line, put together from what a worker keeps open (design §4).

What a stage does stands in its own room; the order of the stages is ``gateway``'s.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from kps_soap import identity_number, rosters
from kps_soap.audit.aggregates import RefusalCounts
from kps_soap.audit.first_answers import FirstAnswers
from kps_soap.audit.keys import read_key_file
from kps_soap.audit.receipt_search import ReceiptSearch
from kps_soap.authentication import Freshness
from kps_soap.configured import keyring_of, load_tariff, load_versions, recorder_of, utc_now
from kps_soap.criteria_stage import CriteriaStage
from kps_soap.depositing import Deposits
from kps_soap.gateway import Exchange, Gateway
from kps_soap.mistakes import Mistakes
from kps_soap.page_keys import PageKeys
from kps_soap.password_changes import PasswordChanges
from kps_soap.people.passwords import BreachList
from kps_soap.people.standing import Standings
from kps_soap.pilots import Pilots
from kps_soap.quotas import Buckets, CallRates
from kps_soap.repetitions import Repetitions
from kps_soap.settings import Settings
from kps_soap.shares import Shares
from kps_soap.stores import Stores
from kps_soap.terms import AgreementStage, IssuerStage, PublicStage
from kps_soap.turns import Turns

#: Profile STANDART (hardening §4.2, 20): a window without generosity.
STRICT_WINDOW: Final = Freshness(
    skew_seconds=60,
    age_seconds_max=300,
    timestamp_required=True,
    late_seconds_max=0,
    zone_required=True,
)


def line_of(
    stack: contextlib.AsyncExitStack,
    stores: Stores,
    refusals: RefusalCounts,
    shares: Shares,
    *,
    workers: int,
    buckets: Buckets | None,
) -> Gateway:
    """The line of one worker; ``workers`` is how many share the agreements' rates, in these."""
    lookups, guards, book = stores.lookups, stores.guards, stores.book
    mistakes = Mistakes(lookups, _person_digest(stores.settings, "mistakes"))
    pilots, receipts, firsts = Pilots(lookups), _receipts(stores), _first_answers(stores)
    stack.callback(receipts.close)
    stack.callback(firsts.close)
    deposits = _deposits(stores)
    stack.callback(deposits.close)
    passwords = _password_changes(stores)
    stack.callback(passwords.close)
    criteria = guards.around(_criteria_stage(stores, mistakes, receipts, deposits, passwords))
    record = mistakes.recorded_by(guards.recorded_by(stores.evidence.record))
    return Gateway(
        agree=_agreement_stages(stores, workers, buckets),
        criteria=pilots.before(criteria),
        receipt_number=stores.numbers.number,
        record=pilots.recorded_by(record),
        count_refusal=refusals.count,
        again=Repetitions(firsts.find),
        elapsed_us=lambda since: round((utc_now() - since).total_seconds() * 1_000_000),
        admit=shares.before(
            Turns().before(Standings(lookups, book.in_force, stores.remembered).admit)
        ),
    )


def _agreement_stages(stores: Stores, workers: int, buckets: Buckets | None) -> Any:
    settings, contracts = stores.settings, stores.contracts
    book, register = stores.book, stores.register
    rates = CallRates(
        clock=time.monotonic, workers=workers, buckets=buckets, living=lambda: book.living
    )
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
    stages["routing"] = stages["console"] = stages["direct"]

    def agree(exchange: Exchange, vouched: Any, contract: Any) -> Any:
        return stages[exchange.entry.door](exchange, vouched, contract)

    return agree


def _criteria_stage(
    stores: Stores,
    mistakes: Mistakes,
    receipts: ReceiptSearch,
    deposits: Deposits,
    passwords: PasswordChanges,
) -> CriteriaStage:
    settings = stores.settings
    return CriteriaStage(
        register=stores.register,
        rosters=rosters.Rosters(stores.lookups, _person_digest(settings, "roster")),
        page_keys=PageKeys(read_key_file(settings.person_key_file)),
        mistakes=mistakes,
        receipts=receipts,
        deposits=deposits,
        passwords=passwords,
    )


def _deposits(stores: Stores) -> Deposits:
    return Deposits(
        stores.engine,
        lambda: recorder_of(stores.settings, stores.engine, worker="deposits"),
        _person_digest(stores.settings, "roster"),
        clock=utc_now,
        new_id=lambda: secrets.token_hex(16),
        seconds_max=stores.settings.evidence_seconds_max,
    )


def _password_changes(stores: Stores) -> PasswordChanges:
    return PasswordChanges(
        stores.engine,
        lambda: recorder_of(stores.settings, stores.engine, worker="passwords"),
        breached=BreachList(stores.settings.breached_passwords_file),
        clock=utc_now,
        new_id=lambda: secrets.token_hex(16),
        seconds_max=stores.settings.evidence_seconds_max,
    )


def _first_answers(stores: Stores) -> FirstAnswers:
    return FirstAnswers(
        stores.engine,
        keyring_of(stores.settings),
        clock=utc_now,
        seconds_max=stores.settings.evidence_seconds_max,
    )


def _receipts(stores: Stores) -> ReceiptSearch:
    return ReceiptSearch(
        stores.lookups,
        stores.engine,
        signer=lambda: stores.signers["RSA"],
        clock=utc_now,
        seconds_max=stores.settings.evidence_seconds_max,
    )


def _person_digest(settings: Settings, context: str) -> Callable[[int], bytes]:
    """The keyed digest that stands for a person in tables of this context."""
    key = read_key_file(settings.person_key_file)
    return lambda number: identity_number.digest(number, key=key, context=context)
