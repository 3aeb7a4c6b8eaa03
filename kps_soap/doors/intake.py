"""From an HTTP request to a ``Question``: body within its limit and deadline, true source.

Shared by every SOAP door.  It reads headers and bytes; it parses no XML and believes nothing:
``X-Forwarded-For`` and ``X-Forwarded-Proto`` are read only from the proxies that the operator
trusts (design D12).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final

from kps_soap import faults
from kps_soap.addresses import parse_address, plain_address
from kps_soap.gateway import Answer, Family, Question
from kps_soap.turkish import ascii_lower

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Network = IPv4Network | IPv6Network

#: A body of up to so many times the limit is read and thrown away: a caller that is still
#: sending when the answer comes would lose it with the connection.
DISCARDED_TIMES_LIMIT: Final = 8


class Disconnected(Exception):
    """The caller went away before the whole body had come; there is nobody to answer."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Bounds of a request's body, and the places whose word about the source is believed."""

    body_bytes_max: int
    body_seconds_max: float
    trusted_proxies: Sequence[Network]
    plain_http_addresses: frozenset[str]
    clock: Callable[[], datetime]
    new_id: Callable[[], str]

    async def read_body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body.  Raises ``TooLarge``, ``TooSlow`` or ``Disconnected``."""
        stated = header(scope, b"content-length")
        length = int(stated[:20]) if stated.isdecimal() else 0
        if length > self.body_bytes_max:
            # Who expects a word before sending has nothing to lose yet.
            waiting = bool(header(scope, b"expect"))
            if waiting or length > self.body_bytes_max * DISCARDED_TIMES_LIMIT:
                raise faults.TooLarge("content length")
        try:
            async with asyncio.timeout(self.body_seconds_max):
                return await self._collect(receive)
        except TimeoutError:
            raise faults.TooSlow("body deadline") from None

    async def _collect(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self.body_bytes_max * DISCARDED_TIMES_LIMIT:
                raise faults.TooLarge("body bytes")
            if size > self.body_bytes_max:
                chunks.clear()
            else:
                chunks.append(chunk)
            if not message.get("more_body", False):
                break
        if size > self.body_bytes_max:
            raise faults.TooLarge("body bytes")
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def source(self, scope: Scope) -> str:
        """The caller's address: the peer's, or what a trusted proxy says it is."""
        peer = (scope.get("client") or ("", 0))[0]
        if not self._is_proxy(peer):
            return plain_address(peer)
        stated = header(scope, b"x-forwarded-for").split(",")
        for address in reversed([part.strip() for part in stated if part.strip()]):
            if parse_address(address) is None:
                # Nobody knows whom the proxy means: no network of an agreement holds that.
                return ""
            if not self._is_proxy(address):
                return plain_address(address)
        return plain_address(peer)

    def _is_proxy(self, address: str) -> bool:
        parsed = parse_address(address) if self.trusted_proxies else None
        return parsed is not None and any(parsed in network for network in self.trusted_proxies)

    def was_tls(self, scope: Scope) -> bool:
        """TLS here, or TLS at a trusted proxy by its own word."""
        if scope.get("scheme") == "https":
            return True
        peer = (scope.get("client") or ("", 0))[0]
        forwarded = ascii_lower(header(scope, b"x-forwarded-proto").strip())
        return self._is_proxy(peer) and forwarded == "https"

    def is_secure(self, scope: Scope) -> bool:
        """TLS here or at a trusted proxy, this machine itself, or an address named by hand."""
        if self.was_tls(scope):
            return True
        peer = (scope.get("client") or ("", 0))[0]
        if self._is_proxy(peer):
            return False
        parsed = parse_address(peer)
        here = (scope.get("server") or ("", 0))[0]
        return (parsed is not None and parsed.is_loopback) or here in self.plain_http_addresses

    async def question(
        self,
        scope: Scope,
        receive: Receive,
        *,
        family: Family,
        contract: object,
        methods: Collection[str] = ("POST",),
    ) -> Question:
        """Gather a question; a body that cannot be read is kept as its refusal.

        ``methods`` are those that may bring one.  The refusal travels inside the question, so
        that the line has one entrance.
        """
        received_at, body, trouble = self.clock(), b"", None
        try:
            if scope["method"] not in methods:
                raise faults.MethodRefused("method")
            body = await self.read_body(scope, receive)
            if not self.is_secure(scope):
                raise faults.PlainHttpRefused("plain http")
        except faults.Refusal as refusal:
            trouble = refusal
        return Question(
            family=family,
            contract=contract,
            unverified_body=body,
            unverified_content_type=header(scope, b"content-type"),
            unverified_content_encoding=header(scope, b"content-encoding"),
            unverified_action=optional_header(scope, b"soapaction"),
            unverified_agent=header(scope, b"user-agent"),
            source_address=self.source(scope),
            received_at=received_at,
            request_id=self.new_id(),
            trouble=trouble,
        )


def optional_header(scope: Scope, name: bytes) -> str | None:
    """A header's value as text, None where it is absent; repeated headers are joined."""
    values = [value for key, value in scope["headers"] if key == name]
    return b",".join(values).decode("latin-1") if values else None


def header(scope: Scope, name: bytes) -> str:
    """A header's value as text, empty where it is absent."""
    return optional_header(scope, name) or ""


async def send_answer(send: Send, answer: Answer, *, last: bool = False) -> None:
    """Let the bytes out.  Called after the record is durable, never before.

    ``last`` closes the connection: what is left of an unread body is no next request.
    """
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode("ascii")))
    if last:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
