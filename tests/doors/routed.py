"""The routing door with a whole line behind it: real stages, a small register, fakes for the rest.

``Message`` writes a request as ``wire`` B.4 has it and signs it over canonical forms that stand
here as text, as some of the published clients do.  Everything in it is made up.
"""

import asyncio
import base64
import hmac
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from hashlib import new as new_hash
from hashlib import sha256
from pathlib import Path
from typing import Any

from agreements.agreement_samples import edited
from lxml import etree
from services.register_samples import FakeRegister, citizen

from kps_soap import places
from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.loading import load
from kps_soap.agreements.versions import Versions
from kps_soap.authentication import WSSE, WSU, Credential, Freshness, Vouched
from kps_soap.configured import catalogue_of
from kps_soap.contracts.catalogue import compile_all
from kps_soap.criteria_stage import CriteriaStage
from kps_soap.doors.endorsement import Prover
from kps_soap.doors.routing import RoutingDoor, routes_of
from kps_soap.entry import Entry, IssuedToken
from kps_soap.envelopes import SOAP12, Limits, Reader
from kps_soap.gateway import Answer, Exchange, Gateway, Question
from kps_soap.quotas import CallRates
from kps_soap.signing import Signer
from kps_soap.terms import AgreementStage
from kps_soap.tokens.encrypted import Recipe
from kps_soap.tokens.store import LiveToken

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "routing"
NOW = datetime(2026, 1, 1, 9, 2, tzinfo=UTC)
SOURCE = "203.0.113.10"
ACCOUNT = "KRM-34-0417"
SOAP_XML = "application/soap+xml; charset=utf-8"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
ANONYMOUS = f"{ADDRESSING}/anonymous"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
HMAC_SHA1 = f"{DS}hmac-sha1"
HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
SHA1, SHA256 = f"{DS}sha1", f"{XENC}sha256"
HASHES = {HMAC_SHA1: "sha1", HMAC_SHA256: "sha256", SHA1: "sha1", SHA256: "sha256"}
SAML_ID = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
SAML_V11 = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
WSSE11 = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
ROUTER = "https://kpsv2.nvi.gov.tr/Services/RoutingService.svc"
KPS_2011 = "http://kps.nvi.gov.tr/2011/01/01"
PERSON_ACTION = f"{KPS_2011}/KisiSorgulaTCKimlikNoServis/ListeleCoklu"
UUID = "urn:uuid:3f2504e0-4f89-41d3-9a0c-0305e82c3301"
STRICT = Freshness(60, 300, timestamp_required=True, late_seconds_max=0, zone_required=True)

#: The token of all golden requests: its cipher values are stretched words, nothing is in them.
KEY = bytes(range(32))
ASSERTION_ID = "_6f9619ff-8b86-4011-b42d-00c04fc964ff"
ISSUER = "CN=ORNEK ALT MAKAM, DC=ornek, DC=intra"
SERIAL = "123456789012345678901234567890123456789012345"


def stretched(word: str, length: int) -> bytes:
    blocks = (sha256(f"{word} {number}".encode()).digest() for number in itertools.count())
    return b"".join(itertools.islice(blocks, length // 32 + 1))[:length]


def text_of(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def encrypted(word: str = "wrapped key", content: str = "content") -> str:
    """The token's element, as clients write it anew around two cipher values (wire B.3)."""
    return (
        f'<xenc:EncryptedData Type="{XENC}Element" xmlns:xenc="{XENC}">'
        f'<xenc:EncryptionMethod Algorithm="{XENC}aes256-cbc"/><KeyInfo xmlns="{DS}">'
        f'<e:EncryptedKey xmlns:e="{XENC}"><e:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p">'
        f'<DigestMethod Algorithm="{SHA1}"/></e:EncryptionMethod><KeyInfo>'
        f'<o:SecurityTokenReference xmlns:o="{WSSE}"><X509Data><X509IssuerSerial>'
        f"<X509IssuerName>{ISSUER}</X509IssuerName><X509SerialNumber>{SERIAL}</X509SerialNumber>"
        "</X509IssuerSerial></X509Data></o:SecurityTokenReference></KeyInfo><e:CipherData>"
        f"<e:CipherValue>{text_of(stretched(word, 256))}</e:CipherValue></e:CipherData>"
        "</e:EncryptedKey></KeyInfo><xenc:CipherData>"
        f"<xenc:CipherValue>{text_of(stretched(content, 592))}</xenc:CipherValue>"
        "</xenc:CipherData></xenc:EncryptedData>"
    )


def digest(word: str = "wrapped key", content: str = "content") -> bytes:
    return sha256(stretched(word, 256) + stretched(content, 592)).digest()


class PublicKey:
    """What a recipe is asked for after the token was made: how long a wrapped key is."""

    key_size = 2048


def recipe() -> Recipe:
    key: Any = PublicKey()
    return Recipe(ISSUER, SERIAL, key)


def microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


def issued(**changes: Any) -> IssuedToken:
    token = IssuedToken(
        digest=digest(),
        assertion_id=ASSERTION_ID,
        account=ACCOUNT,
        credential_version=1,
        institution="B-34-0417",
        inquirer="AYSE",
        agreement="2026/117",
        agreement_digest="ab" * 32,
        source_address=SOURCE,
        issued_us=microseconds(datetime(2026, 1, 1, 8, 30, tzinfo=UTC)),
        not_after_us=microseconds(datetime(2026, 1, 1, 9, 30, tzinfo=UTC)),
        wrapped_key=b"wrapped",
    )
    return replace(token, **changes)


@dataclass(frozen=True)
class Message:
    """A request to the router; what is in it can be changed one by one."""

    action: str = PERSON_ACTION
    to: str = ROUTER
    message_id: str | None = UUID
    timestamp_id: str = "_0"
    created: str = "2026-01-01T09:00:00.000Z"
    expires: str = "2026-01-01T09:05:00.000Z"
    token: str = field(default_factory=encrypted)
    key: bytes = KEY
    key_identifier: str = ASSERTION_ID
    method: str = HMAC_SHA1
    digest_method: str = SHA1
    headers: str = ""
    payload: str = ""
    start: str = ""

    @property
    def timestamp(self) -> str:
        return self._timestamp("")

    def _timestamp(self, declared: str) -> str:
        return (
            f'<u:Timestamp{declared} u:Id="{self.timestamp_id}">'
            f"<u:Created>{self.created}</u:Created><u:Expires>{self.expires}</u:Expires>"
            "</u:Timestamp>"
        )

    @property
    def digest_value(self) -> str:
        canonical = self._timestamp(f' xmlns:u="{WSU}"').encode()
        return text_of(new_hash(HASHES[self.digest_method], canonical).digest())

    def _signed_info(self, declared: str) -> str:
        return (
            f"<SignedInfo{declared}>"
            f'<CanonicalizationMethod Algorithm="{EXCLUSIVE}"></CanonicalizationMethod>'
            f'<SignatureMethod Algorithm="{self.method}"></SignatureMethod>'
            f'<Reference URI="#{self.timestamp_id}"><Transforms>'
            f'<Transform Algorithm="{EXCLUSIVE}"></Transform></Transforms>'
            f'<DigestMethod Algorithm="{self.digest_method}"></DigestMethod>'
            f"<DigestValue>{self.digest_value}</DigestValue></Reference></SignedInfo>"
        )

    @property
    def signed_info(self) -> str:
        return self._signed_info("")

    @property
    def value(self) -> str:
        canonical = self._signed_info(f' xmlns="{DS}"').encode()
        return text_of(hmac.digest(self.key, canonical, HASHES[self.method]))

    @property
    def key_info(self) -> str:
        return (
            f'<KeyInfo><o:SecurityTokenReference k:TokenType="{SAML_V11}" xmlns:k="{WSSE11}">'
            f'<o:KeyIdentifier ValueType="{SAML_ID}">{self.key_identifier}</o:KeyIdentifier>'
            "</o:SecurityTokenReference></KeyInfo>"
        )

    @property
    def signature(self) -> str:
        return (
            f'<Signature xmlns="{DS}">{self.signed_info}'
            f"<SignatureValue>{self.value}</SignatureValue>{self.key_info}</Signature>"
        )

    @property
    def security(self) -> str:
        return (
            f'<o:Security s:mustUnderstand="1" xmlns:o="{WSSE}">'
            f"{self.timestamp}{self.token}{self.signature}</o:Security>"
        )

    @property
    def text(self) -> str:
        identity = ""
        if self.message_id is not None:
            identity = f"<a:MessageID>{self.message_id}</a:MessageID>"
        return (
            f'{self.start}<s:Envelope xmlns:s="{SOAP12}" xmlns:a="{ADDRESSING}" xmlns:u="{WSU}">'
            f'<s:Header><a:Action s:mustUnderstand="1">{self.action}</a:Action>{identity}'
            f"<a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>"
            f'<a:To s:mustUnderstand="1">{self.to}</a:To>{self.headers}{self.security}</s:Header>'
            f"<s:Body>{self.payload or person_query()}</s:Body></s:Envelope>"
        )

    def edited(self, *changes: tuple[str, str]) -> str:
        """The text with parts of it replaced; every part must be there exactly once."""
        text = self.text
        for old, new in changes:
            assert text.count(old) == 1, (old, text.count(old))
            text = text.replace(old, new)
        return text


def person_query(*numbers: object) -> str:
    criteria = "".join(
        f"<KisiSorgulaTCKimlikNoSorguKriteri><TCKimlikNo>{number}</TCKimlikNo>"
        "</KisiSorgulaTCKimlikNoSorguKriteri>"
        for number in numbers or (10000000214,)
    )
    return (
        f'<ListeleCoklu xmlns="{KPS_2011}"><kriterListesi>{criteria}</kriterListesi></ListeleCoklu>'
    )


COMBINED = """
[[services]]
name = "BilesikKutukSorgulaKimlikNoServis"
versions = ["2023/02/01"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN"]
fields = ["BilesikKutukBilgileri/TCVatandasiKisiKutukleri/KisiBilgisi/TemelBilgisi"]
"""
AGREEMENT = (
    edited(
        {
            'doors = ["direct"]': 'doors = ["direct", "routing"]',
            "calls_per_second_max = 20": "calls_per_second_max = 10000",
        }
    )
    + COMBINED
)


def agreements(folder: Path, text: str = AGREEMENT) -> AgreementSet:
    (folder / "one.toml").write_text(text, encoding="utf-8")
    return load(
        folder,
        catalogue_of(compile_all()),
        today=date(2026, 1, 1),
        address_rights=AddressRights.load(places.conf() / "address_rights.toml"),
    )


class FakeTokens:
    """Tokens by digest; remembers what was looked up."""

    def __init__(self) -> None:
        self.held: dict[bytes, LiveToken] = {}
        self.asked: list[bytes] = []
        self.trouble: Exception | None = None

    async def find(self, digest: bytes) -> LiveToken | None:
        self.asked.append(digest)
        if self.trouble is not None:
            raise self.trouble
        return self.held.get(digest)

    def hold(self, token: IssuedToken, key: bytes = KEY) -> None:
        self.held[token.digest] = LiveToken(token, key)


class FakeCredentials:
    """Accounts by name; remembers what was looked up."""

    def __init__(self) -> None:
        self.held = {ACCOUNT: Credential(ACCOUNT, "no hash", 1, open=True)}
        self.asked: list[str] = []

    async def find(self, account: str) -> Credential | None:
        self.asked.append(account)
        return self.held.get(account)

    async def look(self, account: str) -> Credential | None:
        return await self.find(account)


class NoRosters:
    """Nobody keeps a list of persons here."""

    async def missing(self, _institution: str, _numbers: Any) -> frozenset[int]:
        raise AssertionError("the agreement asks for no person relation")


@cache
def register() -> FakeRegister:
    made = FakeRegister({"citizen": citizen()})
    made.kind = "SENTETIK"  # type: ignore[attr-defined]
    return made


@dataclass
class Router:
    """A routing door, everything behind it, and what it left."""

    gateway: Gateway
    door: RoutingDoor
    tokens: FakeTokens
    credentials: FakeCredentials
    macs: list[str]
    records: list[Entry]
    counted: list[str]

    def question(self, body: str | bytes, **changes: Any) -> Question:
        given: dict[str, Any] = {
            "family": self.door,
            "contract": None,
            "unverified_body": body.encode() if isinstance(body, str) else body,
            "unverified_content_type": SOAP_XML,
            "unverified_content_encoding": "",
            "unverified_action": None,
            "unverified_agent": "test",
            "source_address": SOURCE,
            "received_at": NOW,
            "request_id": "istek-1",
        }
        return Question(**given | changes)

    def send(self, body: str | bytes, **changes: Any) -> Answer:
        return asyncio.run(self.gateway.answer(self.question(body, **changes)))

    def vouch(self, body: str | bytes, **changes: Any) -> Vouched:
        """What the door vouches for, with the payload's canonical form for its element."""
        question = self.question(body, **changes)
        exchange = Exchange(question, Entry("r", question.received_at, "routing"), contract=None)
        self.door.read(exchange)
        vouched = asyncio.run(self.door.vouch(exchange))
        canonical: Any = etree.tostring(vouched.payload, method="c14n", exclusive=True)
        return replace(vouched, payload=canonical)

    @property
    def entry(self) -> Entry:
        """The only record there is."""
        (entry,) = self.records
        return entry

    def work(self) -> tuple[int, int, int]:
        """Look-ups of tokens and of accounts, and MACs, since the last time."""
        done = (len(self.tokens.asked), len(self.credentials.asked), len(self.macs))
        self.tokens.asked.clear()
        self.credentials.asked.clear()
        self.macs.clear()
        return done


def router(current: AgreementSet, signers: Mapping[str, Signer], **changes: Any) -> Router:
    """A router that knows the token of the golden requests."""
    tokens, credentials = FakeTokens(), FakeCredentials()
    tokens.hold(issued())
    macs: list[str] = []
    records: list[Entry] = []
    counted: list[str] = []
    numbers = itertools.count(1)
    ticks = itertools.count()

    def mac(key: bytes, content: bytes, name: str) -> bytes:
        macs.append(name)
        return hmac.digest(key, content, name)

    async def receipt_number(institution: str, at: datetime) -> str:
        return f"{at:%Y%m%d}-{institution or 'ACIK'}-{next(numbers)}-0"

    async def record(entry: Entry) -> None:
        records.append(entry)

    held: Any = register()
    rosters: Any = NoRosters()
    door = RoutingDoor(
        **{
            "reader": Reader(Limits()),
            "routes": routes(),
            "tokens": tokens,
            "recipe": recipe(),
            "credentials": credentials,
            "window": Freshness(300, 900, timestamp_required=True),
            "signer": signers.__getitem__,
            "clock": lambda: NOW,
            "answer_seconds": 300,
            "prover": Prover(mac),
        }
        | changes
    )
    gateway = Gateway(
        agree=AgreementStage(
            agreements=lambda: current,
            versions=Versions({}),
            rates=CallRates(clock=lambda: float(next(ticks)), workers=1),
            strict_window=STRICT,
            register_kind="SENTETIK",
        ),
        criteria=CriteriaStage(register=held, rosters=rosters),
        receipt_number=receipt_number,
        record=record,
        count_refusal=lambda _source, _door, refusal, _at: counted.append(refusal),
        elapsed_us=lambda _since: 1,
    )
    return Router(gateway, door, tokens, credentials, macs, records, counted)


@cache
def routes() -> Any:
    return routes_of(compile_all())
