"""The public door behind a real socket: real contracts and line, a small register, a fake evidence.

``House`` is what the tests hold: where to send bytes, whom the register knows, what was recorded.
"""

import asyncio
import itertools
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPResponse
from typing import Any

from kps_soap import faults, identity_number, places, serving
from kps_soap.connections import Bounds
from kps_soap.contracts.catalogue import compile_all
from kps_soap.criteria import Enquiry
from kps_soap.doors.doorway import Doorway, Place, by_path
from kps_soap.doors.intake import Intake, Network
from kps_soap.doors.public import PublicDoor
from kps_soap.doors.public_pages import contract_page
from kps_soap.doors.wsdl import Addresses
from kps_soap.entry import Entry
from kps_soap.envelopes import Limits, Reader
from kps_soap.gateway import Exchange, Gateway
from kps_soap.registry.records import PartialDate
from kps_soap.shares import Shares
from kps_soap.signing import receipt_header
from kps_soap.terms import Terms

NAMESPACE = "http://tckimlik.nvi.gov.tr/WS"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
NOW = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)
HOLDER = "CN=sınama geçidi"
PUBLIC_URL = "https://kps.example"
OTHER_HOST = "gecit.example"
BODY_BYTES_MAX = 20_000
AGREEMENT_DIGEST = "ab" * 32


@dataclass(frozen=True)
class Person:
    """What the public contracts read of a citizen or a foreigner."""

    number: int
    given_name: str
    surname: str | None
    born: PartialDate
    closed: bool = False


@dataclass(frozen=True)
class Booklet:
    series: str
    serial: int


@dataclass(frozen=True)
class Card:
    serial_no: str


AYSE = Person(identity_number.make(100_000_001), "AYŞE GÜL", "ÖZTÜRK", PartialDate(9, 3, 1981))
ISIK = Person(
    identity_number.make(100_000_002), "ŞÜKRAN ÇİĞDEM", "IŞIK", PartialDate(None, None, 1979)
)
SINGLE = Person(identity_number.make(100_000_003), "NUR", None, PartialDate(1, 12, 1990))
ANNA = Person(identity_number.make(990_000_001), "ANNA", "NOWAK", PartialDate(5, 9, 1990))
CARDS = {AYSE.number: "A12B34567", ISIK.number: "B23C45678", SINGLE.number: "C34D56789"}
NOBODY = identity_number.make(100_000_009)


class FakeRegister:
    """Three citizens, one foreigner; counts its questions, and can be out of order."""

    kind = "SENTETIK"

    def __init__(self) -> None:
        self.citizens: Mapping[int, Person] = {one.number: one for one in (AYSE, ISIK, SINGLE)}
        self.foreigners: Mapping[int, Person] = {ANNA.number: ANNA}
        self.lookups = 0
        self.trouble: Exception | None = None

    def _ask(self) -> None:
        self.lookups += 1
        if self.trouble is not None:
            raise self.trouble

    async def citizen(self, number: int) -> Person | None:
        self._ask()
        return self.citizens.get(number)

    async def foreigner(self, number: int) -> Person | None:
        self._ask()
        return self.foreigners.get(number)

    async def old_booklet(self, number: int) -> Booklet | None:
        self._ask()
        return Booklet("A09", 123456) if number == AYSE.number else None

    async def identity_card(self, number: int) -> Card | None:
        self._ask()
        return Card(CARDS[number]) if number in CARDS else None


class FakeEvidence:
    """Keeps what it is given, in order; ``down`` makes it refuse."""

    def __init__(self) -> None:
        self.records: list[Entry] = []
        self.counted: list[tuple[str, str, str]] = []
        self.down = False

    async def record(self, entry: Entry) -> None:
        if self.down:
            raise faults.EvidenceUnavailable("fake")
        self.records.append(entry)

    def count(self, source: str, door: str, refusal: str, at: datetime) -> None:
        self.counted.append((source, door, refusal))


@dataclass(frozen=True)
class Reply:
    """An answer as it came over the wire; header names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    stays_open: bool

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


def receive(connection: socket.socket, method: str = "POST") -> Reply:
    """Read one answer from a connection; a ``100 Continue`` before it is skipped."""
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        stays_open = not response.will_close
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, headers, response.read(), stays_open)
    finally:
        response.close()


def post(
    path: str, headers: tuple[str, ...], body: str | bytes, *, version: str = "HTTP/1.1"
) -> bytes:
    """A POST with its length; ``headers`` are whole lines, sent letter by letter."""
    content = body.encode("utf-8") if isinstance(body, str) else body
    lines = [f"POST {path} {version}", *headers, f"Content-Length: {len(content)}", "", ""]
    return "\r\n".join(lines).encode("utf-8") + content


def chunked(path: str, headers: tuple[str, ...], body: str | bytes, *, size: int = 97) -> bytes:
    """A POST whose body comes in chunks, as Node sends a body of unknown length."""
    content = body.encode("utf-8") if isinstance(body, str) else body
    lines = [f"POST {path} HTTP/1.1", *headers, "Transfer-Encoding: chunked", "", ""]
    chunks = [content[start : start + size] for start in range(0, len(content), size)]
    written = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return "\r\n".join(lines).encode("utf-8") + written + b"0\r\n\r\n"


@dataclass
class Wishes:
    """What a test may change for one exchange."""

    refusal: faults.Refusal | None = None
    name_matching: str = "TAM"


@dataclass
class House:
    """A running door and everything behind it."""

    doorway: Doorway
    register: FakeRegister
    evidence: FakeEvidence
    wishes: Wishes = field(default_factory=Wishes)
    address: tuple[str, int] = ("", 0)

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def reset(self) -> None:
        self.register.lookups, self.register.trouble = 0, None
        self.evidence.records.clear()
        self.evidence.counted.clear()
        self.evidence.down = False
        self.wishes.refusal, self.wishes.name_matching = None, "TAM"

    @contextmanager
    def connection(self) -> Iterator[socket.socket]:
        with socket.create_connection(self.address, timeout=10) as connection:
            yield connection

    def send(self, raw: bytes) -> Reply:
        """One request on a connection of its own; ``raw`` goes out byte by byte as it is."""
        with self.connection() as connection:
            connection.sendall(raw)
            return receive(connection, raw.partition(b" ")[0].decode("ascii"))

    def get(self, target: str, *headers: str, method: str = "GET") -> Reply:
        lines = [f"{method} {target} HTTP/1.1", *(headers or ("Host: kapi.example",)), "", ""]
        return self.send("\r\n".join(lines).encode("latin-1"))

    @property
    def entry(self) -> Entry:
        """The only record there is."""
        (entry,) = self.evidence.records
        return entry


def receipt_of(exchange: Exchange) -> bytes:
    return receipt_of_entry(exchange.entry)


def receipt_of_entry(entry: Entry) -> bytes:
    return receipt_header(
        number=entry.receipt_number,
        time=entry.received_at,
        question_digest=entry.question_digest,
        answer_digest=entry.answer_digest,
        agreement_digest=entry.agreement_digest,
        withheld_digest=entry.withheld_digest,
        holder=HOLDER,
    )


def intake_for(
    *,
    body_bytes_max: int = BODY_BYTES_MAX,
    body_seconds_max: float = 20,
    trusted_proxies: tuple[Network, ...] = (),
    plain_http_addresses: tuple[str, ...] = (),
) -> Intake:
    numbers = itertools.count(1)
    return Intake(
        body_bytes_max=body_bytes_max,
        body_seconds_max=body_seconds_max,
        trusted_proxies=trusted_proxies,
        plain_http_addresses=frozenset(plain_http_addresses),
        clock=lambda: NOW,
        new_id=lambda: f"istek-{next(numbers)}",
    )


def _gateway(register: Any, evidence: FakeEvidence, wishes: Wishes) -> Gateway:
    numbers = itertools.count(1)

    def agree(exchange: Exchange, vouched: Any, contract: Any) -> Terms:
        if wishes.refusal is not None:
            raise wishes.refusal
        exchange.entry.agreement_digest = AGREEMENT_DIGEST
        return Terms("", None, wishes.name_matching, 1)

    async def criteria(exchange: Exchange, call: Any, contract: Any, terms: Terms) -> Enquiry:
        return Enquiry(
            register=register, wants=lambda _path: True, name_matching=terms.name_matching
        )

    async def receipt_number(institution: str, at: datetime) -> str:
        return f"{at:%Y%m%d}-ACIK-{next(numbers)}-0"

    return Gateway(
        agree=agree,
        criteria=criteria,
        receipt_number=receipt_number,
        record=evidence.record,
        count_refusal=evidence.count,
        elapsed_us=lambda _since: 1,
    )


def _document(name: str) -> bytes:
    return (places.wsdl() / "public" / f"{name}.wsdl").read_bytes()


def house_with(intake: Intake | None = None, *, in_flight_max: int = 64) -> House:
    """A door that is not on a socket; its doorway can be called as an ASGI application."""
    intake = intake or intake_for()
    register, evidence, wishes = FakeRegister(), FakeEvidence(), Wishes()
    door = PublicDoor(
        reader=Reader(Limits()),
        receipt=receipt_of,
        standing_headers=(("Kps-Veri-Turu", "SENTETIK"),),
    )
    doorway = Doorway(
        gateway=_gateway(register, evidence, wishes),
        intake=intake,
        addresses=Addresses(
            PUBLIC_URL, frozenset({"127.0.0.1", OTHER_HOST, "[2001:db8::1]"}), intake
        ),
        places=by_path(_place(one, door) for one in compile_all() if one.version == "WS"),
        shares=Shares(in_flight_max, share_percent=100),
    )
    return House(doorway, register, evidence, wishes)


def _place(one: Any, door: PublicDoor) -> Place:
    path = f"/Service/{one.name}.asmx"
    return Place(path, contract_page(one, path, _document(one.name)), door, one)


@asynccontextmanager
async def _serving(house: House, bound: socket.socket) -> AsyncIterator[None]:
    ready, stop = asyncio.Event(), asyncio.Event()
    bounds = Bounds(header_seconds_max=10, header_bytes_max=16_384, idle_seconds_max=20)
    task = asyncio.create_task(
        serving.serve_here(
            house.doorway, [serving.Listener(bound)], bounds, on_ready=ready.set, stop=stop
        )
    )
    await ready.wait()
    try:
        yield
    finally:
        stop.set()
        await task


@contextmanager
def served(house: House) -> Iterator[House]:
    """Serve a house on a free port of this machine, with a loop in a thread of its own."""
    bound = serving.bind("127.0.0.1", 0)
    house.address = bound.getsockname()
    started = threading.Event()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        done = asyncio.Event()
        async with _serving(house, bound):
            loops.append((asyncio.get_running_loop(), done))
            started.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    try:
        assert started.wait(timeout=20)
        yield house
    finally:
        for loop, done in loops:
            loop.call_soon_threadsafe(done.set)
        thread.join(timeout=20)
        bound.close()


PATH = "/Service/KPSPublic.asmx"
ACTION = f"{NAMESPACE}/TCKimlikNoDogrula"
MEDIA = {SOAP11: "text/xml; charset=utf-8", SOAP12: "application/soap+xml; charset=utf-8"}


def envelope(content: str, namespace: str = SOAP11, *, head: str = "") -> str:
    """A message on one line; ``head`` is what stands before the Body."""
    return f'<s:Envelope xmlns:s="{namespace}">{head}<s:Body>{content}</s:Body></s:Envelope>'


def call(operation: str, members: Mapping[str, object] | str) -> str:
    """A request element with its members in their order, or with content as it is."""
    if not isinstance(members, str):
        members = "".join(f"<{name}>{value}</{name}>" for name, value in members.items())
    return f'<{operation} xmlns="{NAMESPACE}">{members}</{operation}>'


def citizen(person: Person = AYSE, **changes: object) -> dict[str, object]:
    """The members of ``TCKimlikNoDogrula`` that say the truth of a person, with changes."""
    return {
        "TCKimlikNo": person.number,
        "Ad": person.given_name,
        "Soyad": person.surname or "",
        "DogumYili": person.born.year,
    } | changes


def headers_of(namespace: str = SOAP11, action: str = ACTION) -> tuple[str, ...]:
    """What a WSDL-driven client sends beside its length."""
    first = ("Host: kapi.example", f"Content-Type: {MEDIA[namespace]}")
    return (*first, f'SOAPAction: "{action}"') if namespace == SOAP11 else first


def ask(
    house: House,
    content: str,
    *,
    namespace: str = SOAP11,
    path: str = PATH,
    operation: str = "TCKimlikNoDogrula",
) -> Reply:
    """Send a request element in the plainest envelope."""
    action = f"{NAMESPACE}/{operation}"
    return house.send(post(path, headers_of(namespace, action), envelope(content, namespace)))


Message = MutableMapping[str, Any]


@dataclass
class Caller:
    """The other side of an ASGI server: sends what it is told to, from any address.

    ``chunks`` is the body; a None in it is a caller that went away, and after the last one a
    caller that is not ``whole`` sends nothing more.
    """

    chunks: tuple[bytes | None, ...] = (b"",)
    whole: bool = True
    client: str | None = "127.0.0.1"
    scheme: str = "http"
    server: str = "192.0.2.1"
    headers: tuple[tuple[str, str], ...] = ()
    received: int = 0
    sent: list[Message] = field(default_factory=list)

    async def _receive(self) -> Message:
        if self.received == len(self.chunks):
            await asyncio.Event().wait()
        chunk = self.chunks[self.received]
        self.received += 1
        if chunk is None:
            return {"type": "http.disconnect"}
        more = self.received < len(self.chunks) or not self.whole
        return {"type": "http.request", "body": chunk, "more_body": more}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    def call(self, house: House, target: str = PATH, *, method: str = "POST") -> Reply | None:
        """The answer, or None where nobody was answered."""
        path, _, query = target.partition("?")
        scope: Message = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in self.headers],
            "client": None if self.client is None else (self.client, 4711),
            "server": (self.server, 80),
            "scheme": self.scheme,
        }
        asyncio.run(house.doorway(scope, self._receive, self._send))
        if not self.sent:
            return None
        start, body = self.sent
        headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return Reply(start["status"], headers, body["body"], headers.get("connection") != "close")
