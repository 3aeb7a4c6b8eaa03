"""One request to one page: what the page sees of it, and what it can do about it.

Blocking work is done in threads, so that the event loop goes on answering; an act and its record
are one transaction.  A visit decides nothing: who may see the page was settled before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from kps_soap.console import forms, rendering
from kps_soap.console.house import House, SignedIn
from kps_soap.console.sessions import Session
from kps_soap.console.texts import told
from kps_soap.database import writing
from kps_soap.entry import Entry, Event

T = TypeVar("T")

#: Where the console begins.
ROOT = "/konsol"
NOTICE_COOKIE = "__Host-konsol-bildirim"


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of a request before anybody is believed.

    ``cookie`` is the browser's own value: a session's once somebody has signed in with it.
    """

    cookie: str
    source_address: str
    request_id: str
    host: str
    agent: str
    secure: bool


@dataclass(frozen=True)
class Visit:
    """See the module.  ``form_digest`` is the sent form's, None on GET."""

    house: House
    caller: Caller
    language: str
    now: datetime
    place: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    menu: rendering.Menu
    tokens: forms.FormTokens
    session: Session | None = None
    signed_in: SignedIn | None = None
    form_digest: bytes | None = None
    notice: str = ""

    @property
    def person(self) -> SignedIn:
        """Who is signed in; only pages that demand somebody ask."""
        if self.signed_in is None:
            raise LookupError("nobody is signed in")
        return self.signed_in

    @property
    def source_address(self) -> str:
        return self.caller.source_address

    def t(self, key: str, **values: object) -> str:
        """A text of the catalogue, in the visitor's language."""
        return told(key, self.language, **values)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Look something up in the gateway's database, in a thread."""

        def run() -> T:
            with self.house.engine.connect() as connection, connection.begin():
                return work(connection)

        return await asyncio.to_thread(run)

    async def aside(self, work: Callable[[], T]) -> T:
        """Blocking work that opens for itself what it needs, in a thread."""
        return await asyncio.to_thread(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """A durable change that is no act of its own (a step of signing in, a session's use)."""

        def run() -> T:
            with self.house.engine.connect() as connection, writing(connection):
                return work(connection)

        return await asyncio.to_thread(run)

    async def spend(self) -> None:
        """Take the form before something that keeps its own record; raises ``AlreadySent``."""
        await self.write(self._take_form)

    async def act(
        self,
        event: Event,
        work: Callable[[Connection], T],
        *,
        about: str,
        reason: str = "",
        **columns: Any,
    ) -> T:
        """Take the form, do the work and leave its record: all of it, or nothing.

        ``about`` names whom or what it is done to, never a secret; ``reason`` lies in the
        encrypted part of the record.  Raises ``AlreadySent``, ``EvidenceUnavailable``, and
        whatever the work raises.
        """

        def together(connection: Connection) -> T:
            self._take_form(connection)
            return work(connection)

        entry = self.entry(event, about=about, reason=reason, **columns)
        return await self.house.acts.do(entry, together)

    def entry(self, event: Event, *, about: str, reason: str = "", **columns: Any) -> Entry:
        """The record of something that is done here."""
        who = self.signed_in
        given: dict[str, Any] = {
            "account": "" if who is None else who.person_id,
            "institution": "" if who is None else who.institution,
            "unit": "" if who is None else who.unit,
        }
        given |= columns
        return Entry(
            self.caller.request_id,
            self.now,
            "console",
            event,
            channel="WEB",
            source_address=self.caller.source_address,
            client_software=self.caller.agent[:120],
            detail=about,
            question=rendering.reason_document(reason, about),
            **given,
        )

    def _take_form(self, connection: Connection) -> None:
        if self.form_digest is not None:
            forms.spend(connection, self.form_digest, now=self.now)

    def render(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page from its template."""
        return rendering.page(self, template, status, values)

    def go(self, path: str, notice: str = "") -> Response:
        """On to another page of the console; ``notice`` is the key of a text shown there once."""
        response = RedirectResponse(ROOT + path, status_code=303)
        if notice:
            rendering.set_cookie(response, NOTICE_COOKIE, notice, seconds=60)
        return response

    def refused(self, key: str, *, status: int = 409, **values: object) -> Response:
        """A page with one sentence that says why not, and what to do."""
        return self.render("red.html", status=status, sentence=self.t(key, **values))

    def belonging_to(self, caller: Caller, tokens: forms.FormTokens) -> Visit:
        """The same visit with the cookie that the browser gets with this answer."""
        return replace(self, caller=caller, tokens=tokens)
