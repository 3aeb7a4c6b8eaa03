"""Timestamps of an outside authority (RFC 3161): ask for one, and check one.

A timestamp says that a checkpoint's statement existed at a moment, on the word of somebody who is
not the operator.  A reply is believed only where it is about this statement, was granted, bears
the nonce that was asked with, is signed by a certificate for timestamping, and that certificate
leads to one of the authority's at the moment of the stamp.  Revocation is not looked up.

What is stored is the reply's SHA-256 and the reply: the reply also carries certificates that
nobody signed along with it, and a changed byte there shall be seen too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.errors import VerificationError
from sqlalchemy import Engine, update

from kps_soap.audit import duties
from kps_soap.audit.checkpoints import Checkpoint, SealRefused, check_digest
from kps_soap.audit.heads import last_checkpoint
from kps_soap.audit.web import Web, WebFailed
from kps_soap.database import writing
from kps_soap.models import checkpoints

log = logging.getLogger("kps.timestamps")

_DIGEST_BYTES: Final = 32
_QUERY: Final = "application/timestamp-query"
_REPLY: Final = "application/timestamp-reply"
_FILE_BYTES_MAX: Final = 1_000_000

#: The tag of the certificates in a SignedData (RFC 5652 §5.1).
_CERTIFICATES_TAG: Final = 0xA0


class TimestampRefused(Exception):
    """A reply that is none, or not about what was asked; the text says why."""


class Trust:
    """The certificates in which the chain of an authority must end."""

    def __init__(self, certificates: Sequence[x509.Certificate]) -> None:
        self._certificates = list(certificates)

    @classmethod
    def read(cls, file: Path) -> Trust:
        """All certificates of a file (PEM).  Raises ``SealRefused``."""
        try:
            with file.open("rb") as opened:
                return cls(x509.load_pem_x509_certificates(opened.read(_FILE_BYTES_MAX)))
        except OSError as failure:
            raise SealRefused(f"{file}: cannot be read ({type(failure).__name__})") from None
        except ValueError:
            raise SealRefused(f"{file}: holds no certificate in PEM") from None

    def __reduce__(self) -> tuple[object, ...]:
        # Another process gets the certificates and reads them anew.
        return _trust_of, ([one.public_bytes(Encoding.DER) for one in self._certificates],)

    def check(self, reply: bytes, statement: bytes, *, nonce: int | None = None) -> datetime:
        """The moment that a reply gives the statement; ``nonce`` as it was asked with.

        Raises ``TimestampRefused``.
        """
        try:
            response = _decoded(reply)
            builder = VerifierBuilder(roots=list(self._certificates), nonce=nonce)
            builder.build().verify_message(response, statement)
            return response.tst_info.gen_time
        except VerificationError as refused:
            raise TimestampRefused(_first_words(refused)) from None
        except Exception as failure:
            # The library has no one kind of error for bytes that are no reply.
            raise TimestampRefused(f"not readable ({type(failure).__name__})") from None


def _trust_of(ders: Sequence[bytes]) -> Trust:
    return Trust([x509.load_der_x509_certificate(der) for der in ders])


def _first_words(refused: Exception) -> str:
    """Why, without the library's list of its own source files."""
    return str(refused).split(": ErrorStack", 1)[0].partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Authority:
    """A timestamp authority: where to ask, and whom to believe."""

    web: Web
    trust: Trust

    def stamp(self, statement: bytes) -> bytes:
        """A token over this statement, asked for and checked.

        Raises ``TimestampRefused``, and ``WebFailed`` where the authority cannot be asked.
        """
        builder = TimestampRequestBuilder(statement, HashAlgorithm.SHA256)
        request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
        reply = self.web.post(request.as_bytes(), sends=_QUERY, wants=_REPLY)
        self.trust.check(reply, statement, nonce=request.nonce)
        return sha256(reply).digest() + reply


def reply_in(token: bytes) -> bytes:
    """The authority's reply in a stored token.  Raises ``TimestampRefused``."""
    digest, reply = token[:_DIGEST_BYTES], token[_DIGEST_BYTES:]
    if sha256(reply).digest() != digest:
        raise TimestampRefused("the reply is not the one that was stored")
    return reply


def check_token(token: object, statement: bytes, trust: Trust | None) -> None:
    """Check a stored token; without ``trust`` only that it is whole and about this statement.

    Raises ``TimestampRefused``.
    """
    if not isinstance(token, bytes):
        raise TimestampRefused("a value of another type")
    reply = reply_in(token)
    if trust is not None:
        trust.check(reply, statement)
        return
    try:
        imprint = _decoded(reply).tst_info.message_imprint.message
    except Exception as failure:
        raise TimestampRefused(f"not readable ({type(failure).__name__})") from None
    if imprint != sha256(statement).digest():
        raise TimestampRefused("about another statement")


def _decoded(reply: bytes) -> TimeStampResponse:
    return decode_timestamp_response(_in_order(reply))


def _in_order(reply: bytes) -> bytes:
    """The same reply with its certificates in the order that DER wants for a set.

    Some authorities (OpenSSL's among them) write them in another order, which the library does
    not read.  The order is covered by no signature.
    """
    whole = _part(reply, 0)
    token = list(_parts(reply, *whole[1:]))[1]
    content = list(_parts(reply, *token[1:]))[1]
    signed = _part(reply, content[1])
    for tag, start, end in _parts(reply, *signed[1:]):
        if tag == _CERTIFICATES_TAG:
            starts = [start, *(one[2] for one in _parts(reply, start, end))]
            pieces = [reply[a:b] for a, b in zip(starts, starts[1:], strict=False)]
            return reply[:start] + b"".join(sorted(pieces)) + reply[end:]
    return reply


def _part(content: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start and end of what an element of DER holds."""
    tag, length, at = content[at], content[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, at = int.from_bytes(content[at : at + count], "big"), at + count
    if at + length > len(content):
        raise ValueError
    return tag, at, at + length


def _parts(content: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    while start < end:
        part = _part(content, start)
        yield part
        start = part[2]


#: How long asking may take before another gateway asks, and the pause after a failure.
_LEASE: Final = timedelta(seconds=60)
_PAUSE: Final = timedelta(seconds=60)


class Stamper:
    """Asks for a timestamp of the newest checkpoint, one gateway at a time.

    A checkpoint names the one before it, so a timestamp of one is a timestamp of all before it;
    ``every`` is how long the newest may go without one.
    """

    def __init__(
        self,
        engine: Engine,
        authority: Authority,
        *,
        every: timedelta,
        now: Callable[[], datetime],
        at_once: bool = False,
    ) -> None:
        self._engine = engine
        self._at_once = at_once
        self._authority = authority
        self._every = every
        self._now = now
        self._told = False

    def step(self) -> bool:
        """Ask if it is time; was a timestamp stored?

        Raises what the database raises, and ``SealRefused`` where the newest checkpoint is not
        whole; an authority that is away or refuses is told to the log once.
        """
        with self._engine.connect() as connection, connection.begin():
            newest = last_checkpoint(connection)
        if newest is None:
            return False
        duty = duties.name_of("stamp", self._authority.web.url)
        now, target = self._now(), newest.number
        claim = duties.claim(
            self._engine, duty, target=target, now=now, lease=_LEASE, at_once=self._at_once
        )
        if claim is None:
            return False
        token = self._stamped(newest)
        if token is not None:
            self._store(newest.number, token)
        done = claim.number if token is None else newest.number
        pause = _PAUSE if token is None else self._every
        duties.settle(self._engine, duty, number=done, not_before=self._now() + pause)
        return token is not None

    def _stamped(self, newest: Checkpoint) -> bytes | None:
        check_digest(newest)
        try:
            token = self._authority.stamp(newest.statement())
        except (TimestampRefused, WebFailed) as failure:
            if not self._told:
                log.error("no timestamp of checkpoint %d: %s", newest.number, failure)
            self._told = True
            return None
        if self._told:
            log.warning("timestamps are given again")
        self._told = False
        return token

    def _store(self, number: int, token: bytes) -> None:
        bare = (checkpoints.c.number == number) & checkpoints.c.timestamp_token.is_(None)
        with self._engine.connect() as connection, writing(connection):
            connection.execute(update(checkpoints).where(bare).values(timestamp_token=token))
