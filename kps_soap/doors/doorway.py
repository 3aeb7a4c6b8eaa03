"""The one ASGI application in front of the SOAP doors: path and method to the right words.

A POST walks the line, but where it asks for a description only; a GET gets a page or a WSDL;
everything else is a short sentence.  Paths are matched without regard to letter case, as the
original's server did (wire A.5).  It holds the number of requests in flight and knows nothing of
XML, agreements or evidence.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from kps_soap import faults
from kps_soap.doors import wsdl
from kps_soap.doors.intake import (
    Disconnected,
    Intake,
    Receive,
    Scope,
    Send,
    header,
    send_answer,
)
from kps_soap.entry import Entry
from kps_soap.gateway import Answer, Exchange, Family, Gateway, Question
from kps_soap.shares import Shares
from kps_soap.turkish import ascii_lower

log = logging.getLogger("kps.doorway")

TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")

#: What a GET gets: from the query (names in lower case) and the base URL to advertise.
Page = Callable[[Mapping[str, str], str], Answer]


@dataclass(frozen=True, slots=True)
class Posted:
    """A message to a place off the line: it asks nothing of a person and leaves no record."""

    unverified_body: bytes
    unverified_content_type: str
    unverified_content_encoding: str
    base_url: str


#: What a POST gets at a place off the line.
Post = Callable[[Posted], Answer]


@dataclass(frozen=True, slots=True)
class Place:
    """One address: the words spoken there, and what a browser or a generator gets.

    ``family`` is None where there are pages only; ``contract`` is None where the message itself
    says which one it is about.  ``post`` answers the messages of a place without a family.
    """

    path: str
    page: Page
    family: Family | None = None
    contract: Any = None
    post: Post | None = None


def sentence(status: int, text: str, *headers: tuple[str, str]) -> Answer:
    """A plain answer for people and load balancers, outside SOAP."""
    return Answer(status, (TEXT, *headers), f"{text}\n".encode())


NOT_PLAIN: Final = sentence(403, "Bu adres yalnızca https ile kullanılır. / Use https here.")
NOT_HERE: Final = sentence(404, "Bu adreste servis yok. / There is no service at this address.")
READ_ONLY: Final = sentence(
    405, "Bu adres yalnızca GET ile okunur. / Use GET here.", ("Allow", "GET, HEAD")
)
BUSY: Final = sentence(
    503,
    "Servis yoğun, yeniden deneyin. / Busy, try again.",
    ("Retry-After", str(faults.Overloaded.wait_s)),
)


def busy(question: Question) -> Answer:
    """What a request gets for which there is no place: the fault of its door, with Retry-After.

    It was read from the wire and not looked at, so the media type says which SOAP it speaks.
    """
    entry = Entry(question.request_id, question.received_at, question.family.door)
    try:
        refusal = faults.Overloaded("no place on the line")
        return question.family.refuse(
            Exchange(question, entry, contract=question.contract), refusal
        )
    except Exception as surprise:
        log.error("no fault for a request too many: %s", type(surprise).__name__)
        return BUSY


@dataclass(slots=True)
class Doorway:
    """Dispatches requests to places.  ``shares`` bounds the requests being worked on.

    ``turned_away`` counts those that were told to come later before anybody had read them.
    """

    gateway: Gateway
    intake: Intake
    addresses: wsdl.Addresses
    places: Mapping[str, Place]
    shares: Shares
    turned_away: int = field(default=0, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = self.places.get(ascii_lower(scope["path"]))
        if scope["method"] in ("GET", "HEAD") and not _brings_message(scope, place):
            secure = self.intake.is_secure(scope)
            await send_answer(send, self._page(scope, place) if secure else NOT_PLAIN)
        elif place is None:
            await send_answer(send, self._no_place(scope))
        else:
            try:
                await self._take(place, scope, receive, send)
            except Disconnected:
                log.info("a caller left before its request had come whole")

    async def _take(self, place: Place, scope: Scope, receive: Receive, send: Send) -> None:
        if place.family is not None:
            await self._walk(place, place.family, scope, receive, send)
        elif place.post is not None:
            await self._hear(place.post, scope, receive, send)
        else:
            await send_answer(send, READ_ONLY)

    async def _walk(
        self, place: Place, family: Family, scope: Scope, receive: Receive, send: Send
    ) -> None:
        methods = ("POST", "GET") if _brings_message(scope, place) else ("POST",)
        question = await self.intake.question(
            scope, receive, family=family, contract=place.contract, methods=methods
        )
        unread = isinstance(question.trouble, faults.TooLarge | faults.TooSlow)
        await send_answer(send, await self.answer(question), last=unread)

    async def _hear(self, post: Post, scope: Scope, receive: Receive, send: Send) -> None:
        """A message off the line: within the same bounds, answered at once."""
        try:
            if scope["method"] != "POST":
                raise faults.MethodRefused("method")
            body = await self.intake.read_body(scope, receive)
            if not self.intake.is_secure(scope):
                raise faults.PlainHttpRefused("plain http")
        except faults.TransportRefused as refusal:
            unread = isinstance(refusal, faults.TooLarge | faults.TooSlow)
            await send_answer(send, _refused(refusal), last=unread)
            return
        posted = Posted(
            body,
            header(scope, b"content-type"),
            header(scope, b"content-encoding"),
            self.addresses.base_url(scope),
        )
        await send_answer(send, post(posted))

    async def answer(self, question: Question) -> Answer:
        """Walk the line, if there is a place on it.  The console's questions come in here too.

        Only the work itself takes a place: a caller who sends or reads slowly takes none.
        """
        number = question.request_id
        if not self.shares.enter(number):
            self.turned_away += 1
            self._count(question)
            return busy(question)
        try:
            return await self.gateway.answer(question)
        finally:
            self.shares.leave(number)

    def _count(self, question: Question) -> None:
        """Nobody has read whose it was, so it is counted like all that names nobody (D6)."""
        source, door = question.source_address, question.family.door
        name = faults.Overloaded.__name__
        self.gateway.count_refusal(source, door, name, question.received_at)

    def _page(self, scope: Scope, place: Place | None) -> Answer:
        if place is None:
            return self._no_place(scope)
        query = {
            ascii_lower(name): value
            for name, value in parse_qsl(
                scope["query_string"].decode("latin-1")[:1000], keep_blank_values=True
            )
        }
        return place.page(query, self.addresses.base_url(scope))

    def _no_place(self, scope: Scope) -> Answer:
        """HttpGet and HttpPost are off: ``X.asmx/Operation`` gets the original's sentence."""
        path = ascii_lower(scope["path"])
        head, found, _ = path.partition(".asmx/")
        if found and f"{head}.asmx" in self.places:
            shown = scope["path"][len(head) + len(".asmx") :][:100]
            return sentence(
                500,
                "Request format is unrecognized for URL unexpectedly ending in "
                f"'{''.join(c for c in shown if c.isprintable())}'.",
            )
        return NOT_HERE


def _brings_message(scope: Scope, place: Place | None) -> bool:
    """One published client sends its messages with GET (wire B.2); only SOAP 1.2 doors hear it."""
    return (
        place is not None
        and place.family is not None
        and place.family.door in ("issuer", "routing")
        and "application/soap+xml" in ascii_lower(header(scope, b"content-type"))
    )


def _refused(refusal: faults.TransportRefused) -> Answer:
    allow = (("Allow", "GET, HEAD, POST"),) if isinstance(refusal, faults.MethodRefused) else ()
    return sentence(refusal.http_status, f"{refusal.turkish} / {refusal.english}", *allow)


def by_path(places: Iterable[Place]) -> dict[str, Place]:
    """The table of places, by lower-case path; two places at one path are a mistake."""
    table: dict[str, Place] = {}
    for place in places:
        key = ascii_lower(place.path)
        if key in table:
            raise ValueError(f"two services at {place.path}")
        table[key] = place
    return table
