"""The direct door with a whole line behind it: real stages, a small register, fakes for the rest.

It stands beside ``routed`` and asks with the same agreement, account and person.
"""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routed import (
    ACCOUNT,
    NOW,
    SOURCE,
    STRICT,
    FakeCredentials,
    NoRosters,
    person_query,
    register,
)
from soap_samples import SOAP11, TEXT_XML, envelope, security, timestamp, username_token

from kps_soap import places
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.tariff import Tariff
from kps_soap.agreements.versions import Versions
from kps_soap.authentication import Freshness, Passwords
from kps_soap.configured import catalogue_of
from kps_soap.contracts.catalogue import compile_all
from kps_soap.criteria_stage import CriteriaStage
from kps_soap.doors.direct import DirectDoor
from kps_soap.entry import Entry
from kps_soap.envelopes import Limits, Reader
from kps_soap.gateway import Answer, Exchange, Gateway, Question
from kps_soap.logins import Logins
from kps_soap.quotas import CallRates
from kps_soap.signing import Signer
from kps_soap.terms import AgreementStage

INQUIRER_NAMESPACE = "http://kps.nvi.gov.tr/2011/01/01/sorgulayan"
PASSWORD = "correct horse battery"
PERSON = next(one for one in compile_all() if one.name == "KisiSorgulaTCKimlikNoServis")


def message(
    payload: str | None = None,
    *,
    name: str = ACCOUNT,
    password: str = PASSWORD,
    before: str = "",
    time: str | None = None,
    inquirer: str = "AYSE",
) -> str:
    """A query of the direct door; ``before`` stands before its Security header."""
    tokens = (time or timestamp(), username_token(name, password))
    asks = f'<q:Sorgulayan xmlns:q="{INQUIRER_NAMESPACE}">{inquirer}</q:Sorgulayan>'
    header = before + security(*tokens) + (asks if inquirer else "")
    return envelope(payload or person_query(), header=header, namespace=SOAP11)


@dataclass
class Direct:
    """A direct door, everything behind it, and what it left."""

    gateway: Gateway
    door: DirectDoor
    credentials: FakeCredentials
    records: list[Entry]
    counted: list[str]

    def question(self, body: str | bytes, **changes: Any) -> Question:
        given: dict[str, Any] = {
            "family": self.door,
            "contract": PERSON,
            "unverified_body": body.encode() if isinstance(body, str) else body,
            "unverified_content_type": TEXT_XML,
            "unverified_content_encoding": "",
            "unverified_action": None,
            "unverified_agent": "test",
            "source_address": SOURCE,
            "received_at": NOW,
            "request_id": "istek-1",
        }
        return Question(**given | changes)

    def exchange(self, question: Question) -> Exchange:
        """What the line begins with, for tests of a single stage."""
        entry = Entry(question.request_id, question.received_at, "direct")
        return Exchange(question, entry, contract=question.contract)

    def send(self, body: str | bytes, **changes: Any) -> Answer:
        return asyncio.run(self.gateway.answer(self.question(body, **changes)))

    @property
    def entry(self) -> Entry:
        """The only record there is."""
        (entry,) = self.records
        return entry


def direct(
    current: AgreementSet,
    signers: Mapping[str, Signer],
    *,
    now: datetime = NOW,
    asked: Any = None,
) -> Direct:
    """A direct door that signs its answers at ``now``; ``asked`` is the register."""
    credentials, records, counted = FakeCredentials(), [], []
    numbers, ticks = itertools.count(1), itertools.count()

    async def receipt_number(institution: str, at: datetime) -> str:
        return f"{at:%Y%m%d}-{institution or 'ACIK'}-{next(numbers)}-0"

    async def record(entry: Entry) -> None:
        records.append(entry)

    held: Any = asked or register()
    tariff = Tariff.load(places.conf() / "tariff.toml", catalogue_of(compile_all()))
    rosters: Any = NoRosters()
    passwords = Passwords(
        mac_key=b"m" * 32,
        clock=lambda: 0.0,
        cache_seconds=0,
        threads=1,
        compare=lambda _stored, password: password == PASSWORD,
    )
    door = DirectDoor(
        reader=Reader(Limits()),
        credentials=credentials,
        logins=Logins(passwords, lambda _account, _address: True, credentials, clock=lambda: 0.0),
        window=Freshness(300, 900, timestamp_required=False),
        signer=signers.__getitem__,
        clock=lambda: now,
        answer_seconds=300,
    )
    gateway = Gateway(
        agree=AgreementStage(
            agreements=lambda: current,
            versions=Versions({}),
            rates=CallRates(clock=lambda: float(next(ticks)), workers=1),
            strict_window=STRICT,
            register_kind="SENTETIK",
            tariff=tariff,
        ),
        criteria=CriteriaStage(register=held, rosters=rosters),
        receipt_number=receipt_number,
        record=record,
        count_refusal=lambda _source, _door, refusal, _at: counted.append(refusal),
        elapsed_us=lambda _since: 1,
    )
    return Direct(gateway, door, credentials, records, counted)
