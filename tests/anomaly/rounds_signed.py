"""D5b and D5c: certificates with which an institution signs, replaced, withdrawn and run out.

The gateway asks no caller for a certificate in TLS: what counts is pinned in the agreement of an
institution under GUCLU, and signs its messages.  Another institution asks beside it all the time.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from anomaly.bench import (
    Bench,
    Figures,
    Gateway,
    Judge,
    Load,
    Result,
    Tally,
    Witness,
    disturbed,
    judge,
    serving,
)
from anomaly.ledger import Caller, Line, kind_of
from anomaly.rig import url_of
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from end_to_end.questions import person_query

sys.path.append(str(Path(__file__).resolve().parents[1] / "doors"))

from signed_house import Holder, SignedMessage

_INSTITUTION = "B-34-0417"
_OTHER = "K-35-0012"
_EXPIRED = "certificate outside its validity"

#: Of the certificate that runs out: a gateway has started in less, and a load has begun.
_LIFE_SECONDS = 15.0


@dataclass(frozen=True)
class _Signing(Caller):
    """A caller who signs with whichever certificate is its own at the moment."""

    holder: Callable[[], Holder] = field(kw_only=True)

    def question(self, message: str, turn: int) -> bytes:
        now = datetime.now(UTC)
        text = SignedMessage(
            signer=self.holder(),
            message_id=message,
            inquirer=None,
            created=f"{now:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            expires=f"{now + timedelta(minutes=4):%Y-%m-%dT%H:%M:%SZ}",
            payload=person_query([self.numbers[turn % len(self.numbers)]]),
        ).text.encode()
        return (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Content-Type: text/xml; charset=utf-8\r\nContent-Length: {len(text)}\r\n\r\n"
        ).encode() + text


def _holder(key: Any = None, *, begins: float = -3600.0, ends: float = 86_400.0) -> Holder:
    """A key with a certificate that is valid from and until so many seconds from now."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Sinama Belediyesi")])
    now = datetime.now(UTC).replace(microsecond=0)
    names = ("content_commitment", "data_encipherment", "key_agreement", "crl_sign",
             "encipher_only", "decipher_only", "key_cert_sign", "key_encipherment")  # fmt: skip
    usage = x509.KeyUsage(digital_signature=True, **dict.fromkeys(names, False))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(seconds=begins))
        .not_valid_after(now + timedelta(seconds=round(ends)))
        .add_extension(usage, critical=True)
    )
    return Holder(key, builder.sign(key, hashes.SHA256()))


def _pin(home: Path, *holders: Holder) -> None:
    """Let the institution's agreement be GUCLU with these certificates, and no others."""
    (file,) = (
        one
        for one in (home / "agreements").glob("*.toml")
        if f'code = "{_INSTITUTION}"' in one.read_text(encoding="utf-8")
    )
    listed = ", ".join(f'"{one.digest}"' for one in holders)
    said = file.read_text(encoding="utf-8")
    said = re.sub(r"(?m)^(security_until|certificates) = .*\n", "", said)
    said = re.sub(r"(?m)^doors = .*$", 'doors = ["direct"]', said)
    security = f'security = "GUCLU"\ncertificates = [{listed}]'
    said = re.sub(r'(?m)^security = ".*"$', security, said)
    fresh = file.with_suffix(".fresh")
    fresh.write_text(said, encoding="utf-8")
    fresh.replace(file)


def _signing(gateway: Gateway, holder: Callable[[], Holder]) -> _Signing:
    plain = gateway.caller(_INSTITUTION)
    return _Signing(plain.host, plain.port, plain.account, plain.numbers, holder=holder)


class _Asker:
    """Asks by hand, outside the books: what is refused unrecognised leaves no record of its own."""

    def __init__(self, gateway: Gateway, name: str) -> None:
        self._gateway = gateway
        self._name = f"urn:uuid:{name}-hand-{time.time_ns()}"
        self._turn = 0

    async def ask(self, holder: Holder) -> tuple[str, bytes]:
        """What kind of answer a message gets that this holder signed, and its bytes."""
        self._turn += 1
        line = Line(caller := _signing(self._gateway, lambda: holder))
        answer = await line.ask(caller.question(f"{self._name}-{self._turn}", 0))
        line.close()
        return kind_of(*answer), answer[2]

    async def until(self, kind: str, holder: Holder) -> float:
        """Seconds until six answers in a row are of a kind, from both workers then."""
        start = time.monotonic()
        row = 0
        while row < 6 and time.monotonic() - start < 15:
            row = row + 1 if (await self.ask(holder))[0] == kind else 0
            if row == 1:
                first = time.monotonic()
            await asyncio.sleep(0.02)
        return first - start if row == 6 else float("inf")


def _words(body: bytes) -> tuple[bytes, ...]:
    """What a fault says, without what differs from one message to the next."""
    return tuple(re.findall(rb"<fault(?:code|string)[^>]*>([^<]*)<", body))


async def _beside(
    bench: Bench, gateway: Gateway, signed: Load, others: Load, seconds: float, disturb: Any
) -> tuple[Tally, Tally, Figures]:
    """Both loads, and the disturbance; the other institution's load lasts as long."""
    running = asyncio.create_task(others.run(seconds))
    tally, figures = await disturbed(signed, seconds, disturb)
    return tally, await running, figures


def _judged_others(found: Judge, others: Tally, figures: Figures) -> None:
    figures["others_ok"] = others.kinds["ok"]
    figures["ok_share_others"] = others.ok_share(0.0)
    found.demand(others.kinds["ok"] > 0, "nobody else was answered")
    found.at_least(figures, "ok_share_others", 1.0)


def certificate_replaced(bench: Bench, number: int) -> Result:
    """D5b: another certificate is pinned beside, the first one withdrawn, and strangers try."""
    name, found, home = "D5b institution's certificate", Judge(bench.patience), bench.home()
    first, second = _holder(), _holder()
    twin, early = _holder(second.key), _holder(begins=3600.0)
    _pin(home, first)
    gateway, book, own = Gateway(home), bench.book("d5b"), [first]
    words: set[tuple[bytes, ...]] = set()

    async def refused(asker: _Asker, holder: Holder) -> int:
        """How many of ten messages by this holder were refused."""
        count = 0
        for _ in range(10):
            kind, body = await asker.ask(holder)
            count += kind == "fault"
            words.add(_words(body))
        return count

    async def disturb(_load: Load) -> Figures:
        asker = _Asker(gateway, "d5b")
        await asyncio.sleep(0.2 * bench.seconds)
        figures: Figures = {"refused_before": await refused(asker, second)}
        _pin(home, first, second, early)
        os.kill(gateway.pid, signal.SIGHUP)
        figures["taken_s"] = await asker.until("ok", second)
        await _taken_by_all()
        own[0] = second
        figures["refused_early"] = await refused(asker, early)
        figures["refused_twin"] = await refused(asker, twin)
        await asyncio.sleep(0.2 * bench.seconds)
        _pin(home, second)
        os.kill(gateway.pid, signal.SIGHUP)
        figures["withdrawn_s"] = await asker.until("fault", first)
        await _taken_by_all()
        figures["refused_withdrawn"] = await refused(asker, first)
        return figures

    async def whole() -> tuple[Tally, Tally, Figures]:
        signed = bench.load(
            _signing(gateway, lambda: own[0]), book, rate=bench.rate / 4,
            seen=Witness(url_of(home)),
        )  # fmt: skip
        others = bench.load(gateway.caller(_OTHER), book, rate=bench.rate / 4, name="o")
        return await _beside(bench, gateway, signed, others, bench.seconds, disturb)

    with serving(gateway):
        tally, others, figures = asyncio.run(whole())
    for tried in ("before", "early", "twin", "withdrawn"):
        count = figures[f"refused_{tried}"]
        found.demand(count == 10, f"{10 - count} of 10 were not refused: {tried}")
    found.demand(len(words) == 1 and all(words), f"refusals differ: {words}")
    found.at_most(figures, "taken_s", 2.0)
    found.at_most(figures, "withdrawn_s", 2.0)
    figures["ok_share"] = tally.ok_share(0.0)
    found.at_least(figures, "ok_share", 1.0)
    figures["early_on_record"] = _rows(home, early, _EXPIRED)
    found.demand(figures["early_on_record"] == 10, "a refusal of a known certificate has no record")
    answered = sum(_answered(home, one) for one in (twin, early))
    found.demand(answered == 0, f"{answered} questions of strangers were executed")
    _judged_others(found, others, figures)
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


def certificate_expired(bench: Bench, number: int) -> Result:
    """D5c: the certificate runs out while messages are signed with it, and is replaced."""
    name, found, home = "D5c institution's certificate expired", Judge(bench.patience), bench.home()
    first, second = _holder(ends=_LIFE_SECONDS), _holder()
    ends = first.certificate.not_valid_after_utc.timestamp()
    _pin(home, first)
    gateway, book, own = Gateway(home), bench.book("d5c"), [first]
    seconds = max(bench.seconds, 20.0)

    async def disturb(_load: Load) -> Figures:
        asker = _Asker(gateway, "d5c")
        await asyncio.sleep(max(0.0, ends - time.time()) + 0.2 * seconds)
        _pin(home, first, second)
        os.kill(gateway.pid, signal.SIGHUP)
        figures: Figures = {"taken_s": await asker.until("ok", second)}
        await _taken_by_all()
        own[0] = second
        figures["replaced"] = time.monotonic() + 0.5
        return figures

    async def whole() -> tuple[Tally, Tally, Figures]:
        signed = bench.load(
            _signing(gateway, lambda: own[0]), book, rate=bench.rate / 4,
            seen=Witness(url_of(home)),
        )  # fmt: skip
        others = bench.load(gateway.caller(_OTHER), book, rate=bench.rate / 4, name="o")
        return await _beside(bench, gateway, signed, others, seconds, disturb)

    with serving(gateway):
        tally, others, figures = asyncio.run(whole())
    shift, replaced = time.time() - time.monotonic(), figures.pop("replaced")
    faults = [reply for reply in tally.replies if reply.kind == "fault"]
    before = [one for one in tally.replies if one.kind == "ok" and one.at + shift <= ends]
    figures["ok_before"] = len(before)
    first_refusal = min((one.at + shift for one in faults), default=float("inf"))
    figures["refused_after_s"] = first_refusal - ends
    figures["expired_refused"] = len(faults)
    figures["on_record"] = _rows(home, first, _EXPIRED)
    figures["executed_late"] = _answered(home, first, since=ends + 0.001)
    figures["ok_share_after"] = tally.ok_share(replaced)
    found.demand(len(before) > 0, "nothing was answered before the end")
    found.demand(first_refusal > ends, "a valid certificate was refused")
    found.at_most(figures, "refused_after_s", 1.0)
    found.at_most(figures, "executed_late", 0)
    found.demand(
        figures["on_record"] == len(faults),
        f"{figures['on_record']} records of {len(faults)} refusals say why",
    )
    words = {_words(one.body) for one in faults}
    found.demand(len(words) == 1 and all(words), f"refusals differ: {words}")
    found.demand(not any(b"validity" in one.body for one in faults), "a refusal says why")
    found.at_most(figures, "taken_s", 2.0)
    found.at_least(figures, "ok_share_after", 1.0)
    _judged_others(found, others, figures)
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


async def _taken_by_all() -> None:
    """One worker has new agreements: all have them within a second."""
    await asyncio.sleep(1.0)


def _rows(home: Path, holder: Holder, detail: str) -> int:
    """How many records say that this certificate was refused for this reason."""
    query = "SELECT count(*) FROM evidence WHERE client_certificate = ? AND detail = ?"
    return _count(home, query, holder.digest, detail)


def _answered(home: Path, holder: Holder, *, since: float = 0.0) -> int:
    """How many questions under this certificate were executed that came after a moment."""
    query = (
        "SELECT count(*) FROM evidence WHERE client_certificate = ? AND units > 0"
        " AND received_us > ?"
    )
    return _count(home, query, holder.digest, int(since * 1_000_000))


def _count(home: Path, query: str, *values: object) -> int:
    with closing(sqlite3.connect(home / "gateway.db")) as connection:
        return int(connection.execute(query, values).fetchone()[0])
