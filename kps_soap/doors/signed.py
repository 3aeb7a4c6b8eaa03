"""Requests of the direct door that are signed with a pinned certificate (profile GUCLU).

The certificate names the account; the signature covers Body, Timestamp, Action and MessageID, and
every other header that is read.  Whatever is wrong is refused in the same words, and the same
signed message is taken once.  What is handed on was parsed from the bytes that were signed.  This
room decides no permission; whether the agreement in force pins the certificate is asked once more
by its own stage.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from kps_soap import faults
from kps_soap.authentication import (
    SECURITY,
    Credential,
    CredentialStore,
    Freshness,
    Vouched,
    check_freshness,
    message_time,
)
from kps_soap.doors.direct import ADDRESSING, CONTEXT, INQUIRER, context_of, statement
from kps_soap.envelopes import Element, Envelope, text_of
from kps_soap.gateway import Exchange
from kps_soap.signed_requests.structure import (
    WITH_SIGNATURE,
    Parts,
    claimed_certificate,
    parts_of,
)
from kps_soap.signed_requests.verifying import Proven, Verifier, certificate_digest

_ACTION: Final = f"{{{ADDRESSING}}}Action"
_MESSAGE_ID: Final = f"{{{ADDRESSING}}}MessageID"
_TO: Final = f"{{{ADDRESSING}}}To"
#: Headers that must be there and signed, those that must be signed where they are, and those that
#: some stacks sign and nobody reads.
_ALWAYS: Final = (_ACTION, _MESSAGE_ID)
_WHERE_PRESENT: Final = (_TO, INQUIRER, CONTEXT)
_UNREAD: Final = (f"{{{ADDRESSING}}}ReplyTo", f"{{{ADDRESSING}}}From")
_WELL_FORMED_ID: Final = re.compile(r"[!-~]{1,64}")

#: Looked up where the certificate is nobody's, so that it costs the same.
_NO_ACCOUNT: Final = "-"


@dataclass(frozen=True, slots=True)
class SignedRequests:
    """``account_of`` gives the account of a pinned certificate (SHA-256, hex) at a moment, or "".

    ``refuse_known`` raises ``ProofRefused`` for what an institution presented before; ``window``
    is the freshness of a signed message.
    """

    credentials: CredentialStore
    account_of: Callable[[str, datetime], str]
    institution_of: Callable[[str], str]
    refuse_known: Callable[[str, bytes], Awaitable[None]]
    window: Freshness
    verifier: Verifier = field(default_factory=Verifier)

    async def vouch(self, exchange: Exchange) -> Vouched:
        """Raises a ``SecurityRefused``.  From the pinned certificate on it is on record."""
        envelope: Envelope = exchange.envelope
        headers = envelope.unverified_headers
        now = exchange.question.received_at
        parts = parts_of(headers[SECURITY])
        credential = await self._name_account(exchange, parts.certificate)
        must, names = _parts_to_prove(envelope, parts)
        may = [headers[name] for name in _UNREAD if name in headers]
        if credential is None:
            raise faults.ProofRefused("certificate is not pinned")
        proven = self.verifier.prove(parts, envelope.root, must=must, may=may, now=now)
        if not (credential.open or credential.locked):
            # A lock is for passwords, and there is none in a signed message.
            raise faults.CredentialsRefused("account blocked")
        vouched = _vouched(credential.account, exchange.contract, proven, names)
        check_freshness(vouched.time, now=now, window=self.window)
        await self.refuse_known(exchange.entry.institution, proven.key)
        exchange.entry.signed_message = proven.key
        return vouched

    async def attribute(self, exchange: Exchange) -> None:
        """A message refused before it was proven may still show a certificate that is pinned."""
        certificate = claimed_certificate(exchange.root)
        if certificate is not None:
            await self._name_account(exchange, certificate)

    async def _name_account(self, exchange: Exchange, certificate: bytes) -> Credential | None:
        digest = certificate_digest(certificate)
        account = self.account_of(digest, exchange.question.received_at)
        exchange.account_sought = True
        credential = await self.credentials.find(account or _NO_ACCOUNT)
        if not account or credential is None:
            return None
        exchange.entry.account = credential.account
        exchange.entry.institution = self.institution_of(credential.account)
        exchange.entry.client_certificate = digest
        exchange.on_record = True
        return credential


def _parts_to_prove(envelope: Envelope, parts: Parts) -> tuple[list[Element], list[str]]:
    """Timestamp, Body and every header that is read, and the names of those headers."""
    headers = envelope.unverified_headers
    if not all(name in headers for name in _ALWAYS):
        raise faults.ProofRefused("no Action or no MessageID")
    names = [*_ALWAYS, *(name for name in _WHERE_PRESENT if name in headers)]
    body = envelope.unverified_payload.getparent()
    if body is None:
        raise faults.ProofRefused("no Body")
    return [parts.timestamp, body, *(headers[name] for name in names)], names


def _vouched(account: str, contract: Any, proven: Proven, names: list[str]) -> Vouched:
    """What was signed, and nothing else."""
    timestamp, body, *blocks = proven.parts
    headers = dict(zip(names, blocks, strict=True))
    message_id = text_of(headers[_MESSAGE_ID]).strip()
    payload = body[0]
    expected = f"{{{contract.namespace}}}{contract.operation}"
    if text_of(headers[_ACTION]).strip() != contract.action or payload.tag != expected:
        raise faults.ProofRefused("action")
    if not _WELL_FORMED_ID.fullmatch(message_id):
        raise faults.ProofRefused("message id")
    purpose, case_number = context_of(headers.get(CONTEXT))
    return Vouched(
        account=account,
        payload=payload,
        action=contract.action,
        how=WITH_SIGNATURE,
        inquirer=statement(headers.get(INQUIRER)),
        purpose=purpose,
        case_number=case_number,
        message_id=message_id,
        time=message_time(timestamp),
    )
