"""The token service behind the real line: real stages and contract, fake accounts and evidence.

Everything that costs a key operation, a slow comparison or a read is counted.
"""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from token_samples import NOW, p256, random_bytes, recipe
from town_samples import town

from kps_soap import faults
from kps_soap.agreements import AddressRights, AgreementSet, CatalogueEntry, load
from kps_soap.authentication import Credential, Freshness, Passwords
from kps_soap.criteria_stage import CriteriaStage
from kps_soap.doors.issuer import IssuerDoor
from kps_soap.entry import Entry
from kps_soap.envelopes import Limits, Reader
from kps_soap.fields import Field, FieldTree
from kps_soap.gateway import Answer, Exchange, Gateway, Question
from kps_soap.logins import LoginLimits, Logins
from kps_soap.signing import Signer
from kps_soap.terms import IssuerStage
from kps_soap.tokens.encrypted import Recipe
from kps_soap.tokens.issuing import TokenService
from kps_soap.tokens.proof import ProofKeys

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden" / "issuer"
CONF = HERE.parents[1] / "conf"
SOAP_XML = "application/soap+xml; charset=utf-8"
NAME, PASSWORD = "KRM-34-0417", "dogru at pil zimba"
SOURCE = "203.0.113.10"
#: The Timestamp of the answer shows another moment than the token's life begins at.
ANSWERED = NOW.replace(microsecond=654_321)
KLASIK = Freshness(skew_seconds=300, age_seconds_max=900, timestamp_required=True)
KEYS = ProofKeys(bytes(range(32)))
TOKEN_SECONDS = 3_600
STANDING = (("Kps-Veri-Turu", "SENTETIK"),)

AGREEMENT = (
    town(signed="2025-12-15", valid_from="2026-01-01")
    + """\
doors = ["direct", "routing"]
security = "KLASIK"
security_until = 2026-12-31
inquirer_required = true
inquirers = ["AYSE", "MEHMET"]
purposes = ["EMLAK_BEYAN"]
default_purpose = "EMLAK_BEYAN"

[fees]
exemption = "GENEL_YONETIM"

[limits]
criteria_per_call_max = 10
persons_per_day_max = 5000
calls_per_second_max = 2

[[services]]
name = "KisiSorgulaTCKimlikNoServis"
versions = ["2011/01/01"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN"]
fields = ["KisiBilgisi/TCKimlikNo"]
"""
)

_NUMBER = Field(name="TCKimlikNo", path="KisiBilgisi/TCKimlikNo", children=())
_PERSON = Field(name="KisiBilgisi", path="KisiBilgisi", children=(_NUMBER,))
_CATALOGUE = {
    ("KisiSorgulaTCKimlikNoServis", "2011/01/01"): CatalogueEntry(
        FieldTree("KisiSorgulaTCKimlikNoServis", "2011/01/01", _PERSON)
    )
}


def agreements(folder: Path, text: str = AGREEMENT) -> AgreementSet:
    (folder / "one.toml").write_text(text, encoding="utf-8")
    return load(
        folder,
        _CATALOGUE,
        today=NOW.date(),
        address_rights=AddressRights.load(CONF / "address_rights.toml"),
        served_doors=frozenset({"direct", "routing"}),
        served_profiles=frozenset({"KLASIK", "STANDART"}),
    )


@dataclass
class Counts:
    """What a request has cost."""

    finds: int = 0
    comparisons: int = 0
    signatures: int = 0
    encryptions: int = 0

    def taken(self) -> tuple[int, int, int, int]:
        """The counts so far, which then start again."""
        found = (self.finds, self.comparisons, self.signatures, self.encryptions)
        self.finds = self.comparisons = self.signatures = self.encryptions = 0
        return found


@dataclass
class Accounts:
    """A credential store with the accounts that a test opens."""

    counts: Counts
    open: dict[str, Credential] = field(default_factory=dict)

    async def find(self, account: str) -> Credential | None:
        self.counts.finds += 1
        return self.open.get(account)

    async def look(self, account: str) -> Credential | None:
        return await self.find(account)


@dataclass
class Evidence:
    """Keeps what it is given; ``down`` makes it refuse."""

    records: list[Entry] = field(default_factory=list)
    counted: list[tuple[str, str, str]] = field(default_factory=list)
    down: bool = False

    async def record(self, entry: Entry) -> None:
        if self.down:
            raise faults.EvidenceUnavailable("fake")
        self.records.append(entry)

    def count(self, source: str, door: str, refusal: str, at: datetime) -> None:
        self.counted.append((source, door, refusal))


class _CountingKey:
    """The token certificate's public key, counting how often it encrypts."""

    def __init__(self, key: rsa.RSAPublicKey, counts: Counts) -> None:
        self._key, self._counts = key, counts
        self.key_size = key.key_size

    def encrypt(self, plain: bytes, scheme: padding.OAEP) -> bytes:
        self._counts.encryptions += 1
        return self._key.encrypt(plain, scheme)


class _CountingSigner:
    """The gateway's P-256 signer, counting how often it signs."""

    def __init__(self, signer: Signer, counts: Counts) -> None:
        self._signer, self._counts = signer, counts
        self.method = signer.method

    def check_usable(self, now: datetime) -> None:
        self._signer.check_usable(now)

    def signature(self, data: bytes) -> bytes:
        self._counts.signatures += 1
        return self._signer.signature(data)


class _Register:
    kind = "SENTETIK"


@dataclass
class House:
    """The token service and everything behind it."""

    gateway: Gateway
    door: IssuerDoor
    contract: TokenService
    accounts: Accounts
    evidence: Evidence
    counts: Counts
    passwords: Passwords
    agreements: AgreementSet
    now: datetime = NOW

    @property
    def entry(self) -> Entry:
        """The only record there is."""
        (entry,) = self.evidence.records
        return entry

    def question(
        self, body: bytes, *, content_type: str = SOAP_XML, source: str = SOURCE
    ) -> Question:
        return Question(
            family=self.door,
            contract=self.contract,
            unverified_body=body,
            unverified_content_type=content_type,
            unverified_content_encoding="",
            unverified_action=None,
            unverified_agent="sınama",
            source_address=source,
            received_at=self.now,
            request_id="istek-1",
        )

    def ask(self, body: bytes, **how: Any) -> Answer:
        return asyncio.run(self.gateway.answer(self.question(body, **how)))


def receipt_of(exchange: Exchange) -> bytes:
    return f"<r>{exchange.entry.receipt_number}{exchange.entry.answer_digest}</r>".encode()


def house(
    folder: Path,
    *,
    text: str = AGREEMENT,
    signer: Callable[[Signer], Signer] | None = None,
    token_seconds: int = TOKEN_SECONDS,
) -> House:
    counts, evidence = Counts(), Evidence()
    accounts = Accounts(counts, {NAME: Credential(NAME, PASSWORD, 3, open=True)})

    def compare(stored: str, password: str) -> bool:
        counts.comparisons += 1
        return stored == password

    passwords = Passwords(
        mac_key=b"m" * 32,
        clock=lambda: 0.0,
        cache_seconds=300,
        threads=1,
        compare=compare,
    )
    current = agreements(folder, text)
    logins = Logins(
        passwords,
        lambda account, address: account == NAME and address == SOURCE,
        accounts,
        clock=lambda: 0.0,
        limits=LoginLimits(in_a_row_max=1000, per_source_max=100_000),
    )
    door = IssuerDoor(
        reader=Reader(Limits()),
        credentials=accounts,
        logins=logins,
        window=KLASIK,
        clock=lambda: ANSWERED,
        answer_seconds=300,
        receipt=receipt_of,
        standing_headers=STANDING,
    )
    counting: Any = _CountingSigner(p256().signer, counts)
    public_key: Any = _CountingKey(recipe().public_key, counts)
    contract = TokenService(
        recipe=Recipe(recipe().issuer, recipe().serial, public_key),
        signer=lambda: counting if signer is None else signer(p256().signer),
        wrap=KEYS.wrap,
        random_bytes=random_bytes,
        issuer="https://gecit.example/Services/Issuer.svc/IWSTrust13",
        token_seconds=token_seconds,
    )
    numbers = itertools.count(1)

    async def receipt_number(institution: str, at: datetime) -> str:
        return f"{at:%Y%m%d}-{institution}-{next(numbers)}-0"

    register: Any = _Register()
    rosters: Any = None
    gateway = Gateway(
        agree=IssuerStage(lambda: found.agreements),
        criteria=CriteriaStage(register=register, rosters=rosters),
        receipt_number=receipt_number,
        record=evidence.record,
        count_refusal=evidence.count,
        elapsed_us=lambda _since: 1,
    )
    found = House(gateway, door, contract, accounts, evidence, counts, passwords, current)
    return found


def shape(name: str) -> bytes:
    """A golden request."""
    return (GOLDEN / f"{name}.xml").read_bytes()


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.xml").read_text(encoding="utf-8")


__all__ = [
    "AGREEMENT",
    "ANSWERED",
    "GOLDEN",
    "KEYS",
    "NAME",
    "NOW",
    "PASSWORD",
    "SOAP_XML",
    "SOURCE",
    "House",
    "agreements",
    "golden",
    "house",
    "shape",
]
