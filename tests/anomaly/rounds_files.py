"""D4 and D5: files that are half written, and certificates that run out, while calls come in."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import signal
import time
from collections.abc import Callable, Sequence
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
    Witness,
    disturbed,
    judge,
    serving,
    settle,
)
from anomaly.rig import url_of
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from sqlalchemy import create_engine, text

_INSTITUTION = "B-34-0417"
_NOT_LOADED = "the changed agreement files are not loaded"
_LOADED = 2.5

#: Of the certificate that runs out: two workers are renewed in less, and a load has begun.
_LIFE_SECONDS = 20.0


def half_written(bench: Bench, number: int) -> Result:
    """D4: an agreement file is written in halves and spoilt in every way, and loaded each time."""
    name, found, home = "D4 half-written agreements", Judge(bench.patience), bench.home()
    gateway, book = Gateway(home), bench.book("d4")
    (file,) = (
        one
        for one in (home / "agreements").glob("*.toml")
        if f'code = "{_INSTITUTION}"' in one.read_text(encoding="utf-8")
    )
    original = file.read_text(encoding="utf-8")
    whole_files = [
        re.sub(r'(?m)^reason = ".*"', f'reason = "bütün dosya {turn}"', original) for turn in "AB"
    ]
    spoil = _Spoiler(file, bench.chance(name, number))

    async def known(content: str) -> set[str]:
        """Which digests answers have under one complete file."""
        file.write_text(content, encoding="utf-8")
        os.kill(gateway.pid, signal.SIGHUP)
        await asyncio.sleep(_LOADED)
        load = bench.load(gateway, book, rate=10, name="k")
        tally = await load.run(0.5)
        return {reply.request for reply in tally.replies}

    async def disturb(_load: Load) -> Figures:
        start, slowest, turns = time.monotonic(), 0.0, 0
        while time.monotonic() - start < bench.seconds - _LOADED - 1.0:
            await asyncio.to_thread(spoil.spoil)
            os.kill(gateway.pid, signal.SIGHUP)
            await asyncio.sleep(spoil.chance.uniform(0.2, 0.5))
            spoil.mend(whole_files[turns % 2])
            os.kill(gateway.pid, signal.SIGHUP)
            await asyncio.sleep(0.2)
            turns += 1
        spoil.mend(whole_files[0])
        os.kill(gateway.pid, signal.SIGHUP)
        mended = time.monotonic()
        while (await asyncio.to_thread(gateway.health))[1].get("agreement_problems"):
            await asyncio.sleep(0.05)
            if time.monotonic() - mended > 10:
                break
        slowest = time.monotonic() - mended
        return {"spoilt": turns, "mended_s": slowest}

    async def whole() -> tuple[Any, Figures, list[set[str]]]:
        sets = [await known(content) for content in (*whole_files, original)]
        load = bench.load(gateway, book, rate=bench.rate / 2)
        tally, figures = await disturbed(load, bench.seconds, disturb)
        figures |= await settle(gateway, book, tally)
        return tally, figures | await _told_once(gateway, spoil, whole_files, found), sets

    with serving(gateway):
        tally, figures, sets = asyncio.run(whole())
    digests = _digests(home)
    allowed = {digests[request] for requests in sets for request in requests}
    seen = {digests[reply.request] for reply in tally.replies if reply.request in digests}
    found.demand(len(allowed) == 3, f"{len(allowed)} digests of three complete files")
    found.demand(seen <= allowed, "an answer was given under a file that was never complete")
    figures["digests_seen"] = len(seen)
    figures["ok_share"] = tally.ok_share(0.0)
    figures["slowest_s"] = tally.late("ok", 1.0)
    found.at_least(figures, "ok_share", 1.0)
    found.at_most(figures, "slowest_s", 1.0)
    found.at_most(figures, "mended_s", 4.0)
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


async def _told_once(
    gateway: Gateway, spoil: _Spoiler, whole_files: Sequence[str], found: Judge
) -> Figures:
    """Each wrong file stays for a while and is loaded again and again: the log tells it once."""
    told = 0
    for turn, (way, place) in enumerate(spoil.lasting):
        before = len(gateway.log)
        await asyncio.to_thread(way)
        for _ in range(8):
            os.kill(gateway.pid, signal.SIGHUP)
            await asyncio.sleep(0.2)
        problems = await _counted(gateway)
        said = [line for line in gateway.log[before:].splitlines() if "kps.agreements" in line]
        heads = sum(_NOT_LOADED in line for line in said)
        named = [line for line in said if place in line]
        what = way.__name__.strip("_")
        found.demand(heads == 1, f"{what}: told {heads} times in {said}")
        found.demand(bool(named), f"{what}: nobody says {place} in {said}")
        found.demand(len(said) == len(set(said)), f"{what}: a line is there twice: {said}")
        found.demand(problems > 0, f"{what}: /saglik counts no problem")
        told += heads
        spoil.mend(whole_files[(turn + 1) % 2])
        os.kill(gateway.pid, signal.SIGHUP)
        await asyncio.sleep(1.0)
    return {"wrong_files": len(spoil.lasting), "told_once": told}


async def _counted(gateway: Gateway, *, seconds: float = 5.0) -> int:
    """How many problems ``/saglik`` counts; waits for some.

    One worker looks at the files; the others hear of it with their next lease, and which of them
    is asked is not ours to say.
    """
    until = time.monotonic() + seconds
    while True:
        _, said = await asyncio.to_thread(gateway.health)
        problems = int(said.get("agreement_problems", 0))
        if problems or time.monotonic() > until:
            return problems
        await asyncio.sleep(0.1)


def _digests(home: Path) -> dict[str, str]:
    engine = create_engine(url_of(home))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT request_id, agreement_digest FROM evidence"))
        found = {row[0]: row[1] or "" for row in rows}
    engine.dispose()
    return found


class _Spoiler:
    """Every way in which a file of an operator's can be wrong for a moment."""

    def __init__(self, file: Path, chance: random.Random) -> None:
        self._file = file
        self.chance = chance
        self._turn = 0

    def spoil(self) -> None:
        ways = (self._half, self._empty, self._directory, self._syntax, self._rule, self._twice,
                self._link)  # fmt: skip
        ways[self._turn % len(ways)]()
        self._turn += 1

    @property
    def lasting(self) -> list[tuple[Callable[[], None], str]]:
        """The ways that stay wrong, and what the log must say of where: file, or file and line."""
        name = self._file.name
        return [
            (self._empty, name),
            (self._directory, name),
            (self._syntax, f"{name}:1"),
            (self._rule, f"{name}:"),
            (self._twice, "iki-kez.toml"),
            (self._link, name),
        ]

    def mend(self, content: str) -> None:
        twin = self._file.with_name("iki-kez.toml")
        twin.unlink(missing_ok=True)
        if self._file.is_dir():
            self._file.rmdir()
        fresh = self._file.with_suffix(".fresh")
        fresh.write_text(content, encoding="utf-8")
        fresh.replace(self._file)

    def _half(self) -> None:
        content = self._file.read_bytes()
        with self._file.open("wb") as file:
            file.write(content[: len(content) // 2])
            file.flush()
            time.sleep(self.chance.uniform(0.05, 0.3))
            file.write(content[len(content) // 2 :])

    def _empty(self) -> None:
        self._file.write_bytes(b"")

    def _directory(self) -> None:
        self._file.unlink()
        self._file.mkdir()

    def _syntax(self) -> None:
        self._file.write_text("[institution\ncode = ", encoding="utf-8")

    def _rule(self) -> None:
        content = self._file.read_text(encoding="utf-8")
        self._file.write_text(content.replace("[access]", "[acces]"), encoding="utf-8")

    def _twice(self) -> None:
        shutil.copy(self._file, self._file.with_name("iki-kez.toml"))

    def _link(self) -> None:
        self._file.unlink()
        self._file.symlink_to("nowhere.toml")


def signing_expired(bench: Bench, number: int) -> Result:
    """D5d: the certificate that signs answers runs out under load, and is replaced."""
    name, found, home = "D5d signing certificate expired", Judge(bench.patience), bench.home()
    good = (home / "keys" / "rsa.pem").read_bytes()
    gateway, book = Gateway(home), bench.book("d5")
    ends: list[float] = []

    async def disturb(_load: Load) -> Figures:
        await asyncio.sleep(max(0.0, ends[0] - time.time()))
        figures: Figures = {"red_s": await gateway.until(503, seconds=10, parts=2)}
        await asyncio.sleep(0.15 * bench.seconds)
        figures["renewed"] = time.monotonic()
        figures["green_s"] = await _put_back(gateway, "rsa.pem", good)
        return figures

    async def whole() -> tuple[Any, Figures]:
        ends.append(await _running_out(gateway, "rsa.pem"))
        load = bench.load(gateway, book, rate=bench.rate / 2)
        shift = time.time() - time.monotonic()
        tally, figures = await disturbed(load, max(bench.seconds, 20.0), disturb)
        late = [r for r in tally.replies if r.kind == "ok" and r.at + shift > ends[0] + 1.0]
        figures["signed_late"] = sum(1 for r in late if r.at < figures["renewed"])
        figures["first_ok_s"] = tally.first_ok_after(figures.pop("renewed"))
        return tally, figures | await settle(gateway, book, tally)

    with serving(gateway):
        tally, figures = asyncio.run(whole())
    found.at_most(figures, "red_s", 5.0)
    found.at_most(figures, "signed_late", 0)
    found.demand(tally.kinds["busy"] > 0, "nobody was refused for the certificate")
    found.demand(tally.kinds["fault"] == 0, "an unsigned fault left in place of a signed one")
    found.demand(tally.broken == 0, f"{tally.broken} questions got no answer at all")
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


def tls_replaced(bench: Bench, number: int) -> Result:
    """D5a: TLS files are replaced under load, first by broken ones: no call fails either way."""
    name, found, home = "D5a TLS certificate replaced", Judge(bench.patience), bench.home()
    gateway, book = Gateway(home), bench.book("d5")
    caller = gateway.caller(tls=True)

    async def serial() -> int:
        reader, writer = await asyncio.open_connection(caller.host, caller.port, ssl=caller.tls)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return x509.load_der_x509_certificate(shown).serial_number

    async def disturb(_load: Load) -> Figures:
        await asyncio.sleep(0.2 * bench.seconds)
        old = await serial()
        figures = await _broken_first(gateway, found)
        found.demand(old == await serial(), "a broken certificate was taken")
        _shorten(home, "tls.pem", 3600)
        start = time.monotonic()
        os.kill(gateway.pid, signal.SIGUSR2)
        while old in [await serial() for _ in range(6)] and time.monotonic() - start < 40:
            await asyncio.sleep(0.1)
        figures["replaced_s"] = time.monotonic() - start
        return figures | {"replaced": await serial() != old}

    async def whole() -> tuple[Any, Figures]:
        seen = Witness(url_of(home))
        load = bench.load(caller, book, rate=bench.rate / 2, seen=seen)
        return await disturbed(load, bench.seconds, disturb)

    with serving(gateway):
        tally, figures = asyncio.run(whole())
    found.demand(figures["replaced"], "the old certificate is still shown")
    figures["ok_share"] = tally.ok_share(0.0)
    found.at_least(figures, "ok_share", 1.0)
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


async def _broken_first(gateway: Gateway, found: Judge) -> Figures:
    """Renew with files that no worker could start with: those that serve go on as they are."""
    keys, workers, refused = gateway.home / "keys", gateway.workers_alive(), 0
    for name in ("tls.pem", "tls.key", "rsa.pem"):
        file = keys / name
        good = file.read_bytes()
        file.write_bytes(good[: len(good) // 2])
        os.kill(gateway.pid, signal.SIGUSR2)
        start = time.monotonic()
        while gateway.log.count("Workers are not renewed: ") == refused:
            await asyncio.sleep(0.05)
            if time.monotonic() - start > 5:
                break
        await asyncio.sleep(0.5)
        refused = gateway.log.count("Workers are not renewed: ")
        file.write_bytes(good)
    found.demand(refused == 3, f"{refused} of 3 renewals with broken files were refused")
    found.demand(gateway.workers_alive() == workers, "a worker was ended for broken files")
    status, said = await asyncio.to_thread(gateway.health)
    found.demand(status == 200, f"/saglik says {status} {said.get('troubles')}")
    return {"renewals_refused": refused}


def tls_expired(bench: Bench, number: int) -> Result:
    """D5e: the TLS certificate runs out: readiness says so, calls behind a proxy go on."""
    name, found, home = "D5e TLS certificate expired", Judge(bench.patience), bench.home()
    good = (home / "keys" / "tls.pem").read_bytes()
    gateway, book = Gateway(home), bench.book("d5")
    ends: list[float] = []

    async def disturb(_load: Load) -> Figures:
        await asyncio.sleep(max(0.0, ends[0] - time.time() - 1.0))
        early = (await asyncio.to_thread(gateway.health))[0]
        found.demand(early == 200, f"/saglik says {early} before the end")
        await asyncio.sleep(max(0.0, ends[0] - time.time()))
        figures: Figures = {"red_s": await gateway.until(503, seconds=10, parts=4)}
        _, said = await asyncio.to_thread(gateway.health)
        wanted = ["the TLS certificate is outside its validity"]
        found.demand(said["troubles"] == wanted, f"/saglik says {said['troubles']}")
        figures["green_s"] = await _put_back(gateway, "tls.pem", good)
        return figures

    async def whole() -> tuple[Any, Figures]:
        ends.append(await _running_out(gateway, "tls.pem"))
        load = bench.load(gateway, book, rate=bench.rate / 2)
        return await disturbed(load, max(bench.seconds, 20.0), disturb)

    with serving(gateway):
        tally, figures = asyncio.run(whole())
    figures["told_near"] = gateway.log.count("the TLS certificate expires within a day")
    figures["told_end"] = gateway.log.count("the TLS certificate has expired")
    found.demand(figures["told_near"] == 2, "not one line for each worker before the end")
    found.demand(figures["told_end"] == 2, "not one line for each worker at the end")
    figures["ok_share"] = tally.ok_share(0.0)
    found.at_least(figures, "ok_share", 1.0)
    found.at_most(figures, "red_s", 5.0)
    found.demand(figures["green_s"] < 40, "it did not get well with the new certificate")
    figures = judge(found, home, book, tally) | figures
    return Result(name, number, figures, found.problems)


async def _running_out(gateway: Gateway, name: str) -> float:
    """Renew with a certificate that ends soon; returns when, by the wall clock.

    A gateway that starts refuses such a certificate; one that goes on may meet its end.
    """
    ends = _shorten(gateway.home, name, _LIFE_SECONDS)
    os.kill(gateway.pid, signal.SIGUSR2)
    await gateway.renewed(2)
    return ends


async def _put_back(gateway: Gateway, name: str, good: bytes) -> float:
    """Renew with the certificate as it was; returns how long it took to get well."""
    (gateway.home / "keys" / name).write_bytes(good)
    os.kill(gateway.pid, signal.SIGUSR2)
    return await gateway.until(200, seconds=40)


def _shorten(home: Path, name: str, seconds: float) -> float:
    """Reissue a certificate of a home so that it ends soon; returns when, by the wall clock."""
    keys = home / "keys"
    ca = x509.load_pem_x509_certificate((keys / "ca.pem").read_bytes())
    ca_key: Any = serialization.load_pem_private_key((keys / "ca.key").read_bytes(), None)
    old = x509.load_pem_x509_certificates((keys / name).read_bytes())[0]
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=round(seconds))
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(ca.subject)
        .public_key(old.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(ends)
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    made = builder.sign(ca_key, hashes.SHA256())
    (keys / name).write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return ends.timestamp()
