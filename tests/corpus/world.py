"""Good messages for the four doors, and what a case of the corpus is.

A ``World`` knows a demo home's account, a person of its register and a token of its token
service; it writes a good, fresh message for each door.  A ``Case`` changes one and says what must
come of it.  Nothing here is random: the same home gives the same cases.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from benchmarks.routing import QUERIES_PATH, TOKENS_PATH, Token, routing_message, token_message

SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSA: Final = "http://www.w3.org/2005/08/addressing"
FIRST: Final = "http://kps.nvi.gov.tr/2011/01/01"
PUBLIC_NS: Final = "http://tckimlik.nvi.gov.tr/WS"
MEDIA: Final = {
    SOAP11: "text/xml; charset=utf-8",
    SOAP12: "application/soap+xml; charset=utf-8",
}
PATHS: Final = {
    "public": "/Service/KPSPublic.asmx",
    "direct": "/kps/KisiSorgulaTCKimlikNoServis/2011/01/01",
    "issuer": TOKENS_PATH,
    "routing": QUERIES_PATH,
}
ACTIONS: Final = {
    "public": f"{PUBLIC_NS}/TCKimlikNoDogrula",
    "direct": f"{FIRST}/KisiSorgulaTCKimlikNoServis/ListeleCoklu",
}
#: The doors as the corpus names them, with the envelope that their good message has.
DOORS: Final = {
    "public": SOAP11,
    "public12": SOAP12,
    "direct": SOAP11,
    "direct12": SOAP12,
    "issuer": SOAP12,
    "routing": SOAP12,
}
MAIN: Final = ("public", "direct", "issuer", "routing")


@dataclass(frozen=True)
class Message:
    """A request as it goes out.  ``headers`` are whole names and values, in their order."""

    target: str
    body: str | bytes
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else self.body.encode("utf-8")

    @property
    def text(self) -> str:
        return self.body if isinstance(self.body, str) else self.body.decode("utf-8")

    def swapped(self, old: str, new: str) -> Message:
        """With the one occurrence of a text replaced."""
        assert self.text.count(old) == 1, (old, self.text.count(old))
        return replace(self, body=self.text.replace(old, new))

    def named(self, **headers: str | None) -> Message:
        """With headers set, or left out (None); ``Content_Type`` is Content-Type."""
        names = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        kept = tuple(one for one in self.headers if one[0].lower() not in names)
        new = tuple((name, value) for name, value in names.items() if value is not None)
        return replace(self, headers=kept + new)

    def more(self, *headers: tuple[str, str]) -> Message:
        return replace(self, headers=self.headers + headers)


@dataclass(frozen=True)
class World:
    """One demo home, seen by its callers."""

    demo: dict[str, Any] = field(repr=False)
    ticket: Token = field(repr=False)

    @property
    def account(self) -> dict[str, Any]:
        return next(one for one in self.demo["accounts"] if one["institution"] == "B-34-0417")

    @property
    def other_account(self) -> dict[str, Any]:
        return next(one for one in self.demo["accounts"] if one["institution"] == "SRK-0112")

    @property
    def person(self) -> dict[str, Any]:
        return dict(self.demo["personas"][0])

    @property
    def number(self) -> str:
        return str(self.person["identity_number"])

    def value(self, door: str) -> str:
        """A text that stands in the good message of a door, between two tags, once."""
        return str(self.account["username"]) if door == "issuer" else self.number

    def good(self, door: str) -> Message:
        """A message that must be answered, made now."""
        soap, family = DOORS[door], door.removesuffix("12")
        body = {
            "public": self._public,
            "direct": self._direct,
            "issuer": lambda _soap: token_message(self.account),
            "routing": lambda _soap: routing_message(int(self.number), self.ticket),
        }[family](soap)
        headers = [("Host", "kapi.example"), ("Content-Type", MEDIA[soap])]
        if soap == SOAP11:
            headers.append(("SOAPAction", f'"{ACTIONS[family]}"'))
        return Message(PATHS[family], body, headers=tuple(headers))

    def members(self) -> str:
        person = self.person
        return (
            f"<TCKimlikNo>{self.number}</TCKimlikNo><Ad>{person['given_name']}</Ad>"
            f"<Soyad>{person['surname']}</Soyad><DogumYili>{person['birth']['year']}</DogumYili>"
        )

    def _public(self, soap: str) -> str:
        return envelope(
            f'<TCKimlikNoDogrula xmlns="{PUBLIC_NS}">{self.members()}</TCKimlikNoDogrula>',
            "",
            soap,
        )

    def security(self, content: str | None = None) -> str:
        return (
            f'<o:Security xmlns:o="{WSSE}" xmlns:u="{WSU}">{content or self.token()}</o:Security>'
        )

    def token(self) -> str:
        return (
            f"{timestamp()}<o:UsernameToken><o:Username>{self.account['username']}</o:Username>"
            f"<o:Password>{self.account['password']}</o:Password></o:UsernameToken>"
        )

    def query(self, *numbers: str) -> str:
        criteria = "".join(
            f"<KisiSorgulaTCKimlikNoSorguKriteri><TCKimlikNo>{number}</TCKimlikNo>"
            "</KisiSorgulaTCKimlikNoSorguKriteri>"
            for number in numbers or (self.number,)
        )
        return (
            f'<ListeleCoklu xmlns="{FIRST}"><kriterListesi>{criteria}</kriterListesi>'
            "</ListeleCoklu>"
        )

    def _direct(self, soap: str) -> str:
        return envelope(self.query(), self.security(), soap)

    def signed_with(self, method: str, digest: str, key: bytes | None = None) -> str:
        """The routing door's good message, proven with other hashes."""
        text = routing_message(int(self.number), self.ticket)
        algorithms = {"sha1": "http://www.w3.org/2000/09/xmldsig#sha1",
                      "sha256": "http://www.w3.org/2001/04/xmlenc#sha256"}  # fmt: skip
        methods = {"sha1": "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
                   "sha256": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"}  # fmt: skip
        covered = text[text.index("<u:Timestamp") : text.index("</u:Timestamp>") + 14]
        start, end = text.index("<SignedInfo"), text.index("</SignedInfo>") + 13
        old = text[start:end]
        found = text[text.index("<DigestValue>") + 13 : text.index("</DigestValue>")]
        value = base64.b64encode(hashlib.new(digest, covered.encode()).digest()).decode()
        new = (
            old.replace(algorithms["sha1"], algorithms[digest])
            .replace(methods["sha1"], methods[method])
            .replace(found, value)
        )
        mac = hmac.digest(key or self.ticket.proof_key, new.encode(), method)
        text = text.replace(old, new)
        start = text.index("<SignatureValue>") + 16
        end = text.index("</SignatureValue>")
        return text[:start] + base64.b64encode(mac).decode() + text[end:]


def envelope(payload: str, header: str, soap: str) -> str:
    return (
        f'<s:Envelope xmlns:s="{soap}"><s:Header>{header}</s:Header>'
        f"<s:Body>{payload}</s:Body></s:Envelope>"
    )


def timestamp(minutes: float = 0, life: float = 5) -> str:
    start = datetime.now(UTC) + timedelta(minutes=minutes)
    end = start + timedelta(minutes=life)
    return (
        f"<u:Timestamp><u:Created>{start:%Y-%m-%dT%H:%M:%SZ}</u:Created>"
        f"<u:Expires>{end:%Y-%m-%dT%H:%M:%SZ}</u:Expires></u:Timestamp>"
    )


#: What the callers of each door get for a refusal that no envelope was made of.
_TRANSPORT: Final = {
    "NotWellFormed": 400,
    "EncodingRefused": 400,
    "DoctypeRefused": 400,
    "MediaTypeRefused": 415,
    "MethodRefused": 405,
    "TooLarge": 413,
    "PlainHttpRefused": 403,
}
_CODES: Final = {"VersionMismatch": "VersionMismatch", "NotUnderstood": "MustUnderstand"}
_SECURITY: Final = {
    "SecurityMissing": "InvalidSecurity",
    "StaleMessage": "InvalidSecurity",
    "ProofRefused": "InvalidSecurity",
    "CredentialsRefused": "FailedAuthentication",
    "TokenRefused": "FailedAuthentication",
}
_ROUTED: Final = {
    "ActionUnknown": "ActionNotSupported",
    "ActionRefused": "InvalidAddressingHeader",
    "SchemaRefused": "DeserializationFailed",
    "TrustRequestRefused": "InvalidRequest",
}


@dataclass(frozen=True)
class Expect:
    """What must come of a case.

    ``refusal`` is the class of ``faults`` that goes on record, empty where the message must be
    understood; ``code`` the local name of the fault's innermost code, empty where there is no
    fault; ``received`` what the service must have been handed; ``result`` a text that the answer
    must hold (``{number}`` is the person's), ``outcome`` the house number of the call.
    """

    refusal: str = ""
    status: int = 200
    code: str = ""
    received: tuple[tuple[str, Any], ...] = ()
    result: str = ""


def refused(door: str, refusal: str) -> Expect:
    """The fault of a refusal, in the words of a door."""
    family, soap = door.removesuffix("12"), DOORS[door]
    plain = "Client" if soap == SOAP11 else "Sender"
    microsoft = family in ("issuer", "routing")
    if refusal in _TRANSPORT:
        return Expect(refusal, _TRANSPORT[refusal], "" if microsoft else plain)
    if refusal in _SECURITY:
        return Expect(refusal, 500, _SECURITY[refusal])
    if microsoft and refusal in _ROUTED:
        return Expect(refusal, 500, _ROUTED[refusal])
    return Expect(refusal, 500, _CODES.get(refusal, plain))


def understood(door: str, **received: Any) -> Expect:
    """The good answer of a door."""
    family = door.removesuffix("12")
    result = {
        "public": "<TCKimlikNoDogrulaResult>true</TCKimlikNoDogrulaResult>",
        "issuer": "RequestedSecurityToken>",
    }.get(family, "<TCKimlikNo>{number}</TCKimlikNo>")
    return Expect(result=result, received=tuple(received.items()))


@dataclass(frozen=True)
class Case:
    """One message and what must come of it.  ``name`` begins with its class."""

    name: str
    door: str
    make: Callable[[World], Message]
    expect: Expect
    #: Cases that only a socket can bring, or only a test without one.
    anywhere: bool = True

    @property
    def group(self) -> str:
        return self.name.partition("/")[0]

    def __str__(self) -> str:
        return f"{self.name}[{self.door}]"


Change = Callable[[World, Message], Message]


def case(name: str, door: str, change: Change, expect: Expect | str) -> Case:
    """A change of the good message; ``expect`` may be the name of a refusal, or "" for none."""
    if isinstance(expect, str):
        expect = refused(door, expect) if expect else understood(door)
    return Case(name, door, lambda world: change(world, world.good(door)), expect)


def everywhere(name: str, change: Change, expect: str, doors: tuple[str, ...] = MAIN) -> list[Case]:
    """The same change at several doors."""
    return [case(name, door, change, expect) for door in doors]
