"""The composition root: a whole gateway in one process, opened, asked and closed again."""

import asyncio
import json
import os
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from end_to_end.questions import PERSON, Reply, envelope, person_query, security

from kps_soap import demo, settings
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.app import Running, open_gateway
from kps_soap.audit.keys import KeyFileRefused
from kps_soap.certificates import (
    SigningKind,
    demo_authority,
    signing_certificate,
    write_certificate,
    write_key,
)
from kps_soap.configured import load_signers
from kps_soap.contracts.catalogue import all_contracts, compile_all
from kps_soap.faults import EvidenceUnavailable, RegisterUnavailable
from kps_soap.outline import outline_of_answers
from kps_soap.settings import Settings
from kps_soap.signing import Signer

URL = "https://127.0.0.1:8443"
OF_A_CHAIN = (
    "SELECT event FROM evidence JOIN evidence_chains USING (chain_id)"
    " WHERE worker = '{worker}' ORDER BY sequence"
)


@pytest.fixture(scope="module")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("opened") / "home"
    plan = demo.DemoPlan(home, 200, 1, date(2026, 1, 1), datetime.now(UTC))
    demo.make(plan, randomness=os.urandom)
    return home


@pytest.fixture
def home(made_home: Path, tmp_path: Path) -> Path:
    """The made home with evidence of its own."""
    (tmp_path / "gateway.db").write_bytes((made_home / "gateway.db").read_bytes())
    return made_home


@pytest.fixture
def opened(home: Path, tmp_path: Path) -> Settings:
    return settings.read(
        home, {}, command_line={"gateway_url": f"sqlite:///{tmp_path / 'gateway.db'}"}
    )


def demo_of(chosen: Settings) -> dict[str, Any]:
    described: dict[str, Any] = json.loads((chosen.home / "demo.json").read_text(encoding="utf-8"))
    return described


class Caller:
    """Sends questions to an opened gateway, without a socket."""

    def __init__(self, running: Running, demo: dict[str, Any], client: httpx.AsyncClient) -> None:
        self.running, self.demo, self._client = running, demo, client

    async def get(self, path: str) -> httpx.Response:
        return await self._client.get(path)

    async def ask(self, **changes: str) -> Reply:
        """KisiSorgula about persona 0, as the plain municipality."""
        account = self.demo["accounts"][0] | changes
        number = self.demo["personas"][0]["identity_number"]
        question = envelope(person_query(number), security(account))
        answer = await self._client.post(
            PERSON, content=question, headers={"Content-Type": "text/xml"}
        )
        return Reply(question, answer.status_code, answer.headers, answer.content)


def in_gateway(chosen: Settings, work: Callable[[Caller], Awaitable[None]]) -> None:
    """Open a gateway, let a test work with it, close it."""

    async def run() -> None:
        async with open_gateway(chosen, worker="7", workers=2) as running:
            over: Any = httpx.ASGITransport(app=running.application)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=over, base_url=URL) as client:
                await work(Caller(running, demo_of(chosen), client))

    asyncio.run(run())


def rows(chosen: Settings, statement: str) -> list[tuple[Any, ...]]:
    path = chosen.gateway_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def test_an_opened_gateway_answers_and_leaves_a_whole_chain(opened: Settings) -> None:
    async def work(caller: Caller) -> None:
        reply = await caller.ask()
        assert reply.records[0]["TCKimlikNo"] == str(caller.demo["personas"][0]["identity_number"])
        assert (await caller.get("/saglik")).json()["ready"] is True
        assert len(caller.running.contracts) == len(all_contracts())
        assert caller.running.doorway.shares.in_flight == 0

    in_gateway(opened, work)
    events = rows(opened, OF_A_CHAIN.format(worker="7"))
    loaded = ["ANLASMA_ALMA", "ANAHTAR_YUKLEME"]
    assert [event for (event,) in events] == ["BASLATMA", *loaded, "SORGU", "DURDURMA"]
    # The first set ever is put in force on a chain of its own.
    events = rows(opened, OF_A_CHAIN.format(worker="agreements 7"))
    assert [event for (event,) in events] == ["BASLATMA", "ANLASMA_YUKLEME", "DURDURMA"]
    workers = rows(opened, "SELECT DISTINCT worker FROM evidence_chains ORDER BY worker")
    assert workers == [("7",), ("agreements 7",)]


def test_what_every_answer_repeats_lies_beside_the_records_once(opened: Settings) -> None:
    said: list[int] = []

    async def work(caller: Caller) -> None:
        for _ in range(3):
            reply = await caller.ask()
            said.append(len(reply.question) + len(reply.body))

    for _ in range(2):
        in_gateway(opened, work)
    kept = rows(opened, "SELECT length(ciphertext) FROM evidence WHERE event = 'SORGU'")
    assert len(kept) == len(said) == 6
    # What is left of them is the signature, the digests and what is said of the person.
    assert sum(length for (length,) in kept) < sum(said) / 3
    outline = outline_of_answers(compile_all(), load_signers(opened))
    assert rows(opened, "SELECT content FROM dictionaries") == [(outline,)]


def test_counted_refusals_are_left_when_the_gateway_closes(opened: Settings) -> None:
    async def work(caller: Caller) -> None:
        for _ in range(3):
            assert (await caller.ask(username="KRM-YOK")).status == 500

    in_gateway(opened, work)
    counted = rows(opened, "SELECT refusal, count FROM evidence WHERE event = 'TOPLU_RET'")
    assert counted == [("CredentialsRefused", 3)]


def test_no_unsigned_answer_leaves_when_the_certificate_ends(
    opened: Settings, tmp_path: Path
) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    authority = demo_authority(long_ago.date(), randomness=os.urandom)
    pair = signing_certificate(
        authority, long_ago.date(), kind=SigningKind.RSA, randomness=os.urandom
    )
    write_key(tmp_path / "old.key", pair.key)
    write_certificate(tmp_path / "old.pem", pair.certificate)
    over = Signer.load(tmp_path / "old.key", tmp_path / "old.pem", now=long_ago)

    async def work(caller: Caller) -> None:
        signers: Any = caller.running.vitals.signers
        signers["RSA"] = over
        reply = await caller.ask()
        assert (reply.status, reply.body) == (503, b"")
        assert reply.headers["retry-after"] == "60"
        health = await caller.get("/saglik")
        assert health.status_code == 503
        assert "RSA signing certificate" in health.json()["troubles"][0]

    in_gateway(opened, work)
    # Nothing was given, so nothing is said to have been given, and nothing is charged.
    columns = "event, refusal, detail, http_status, units, returned_digest"
    kept = rows(opened, f"SELECT {columns} FROM evidence WHERE service IS NOT NULL")
    detail = "signing certificate not usable"
    assert kept == [("RET", "InternalFailure", detail, 503, 0, None)]


def test_a_register_that_went_away_is_a_server_fault_worth_a_retry(opened: Settings) -> None:
    async def work(caller: Caller) -> None:
        async def away(_number: int) -> None:
            raise RegisterUnavailable("test")

        register: Any = caller.running.vitals.register
        original = type(register).citizen
        type(register).citizen = lambda _self, number: away(number)
        try:
            reply = await caller.ask()
        finally:
            type(register).citizen = original
        sentence = "Kaynak sistem yanıt vermiyor; daha sonra yeniden deneyin."
        assert reply.fault == (500, "Server", sentence, "501")
        assert reply.headers["retry-after"]

    in_gateway(opened, work)


@pytest.mark.parametrize(
    ("setting", "value", "error"),
    [
        ("register_url", "sqlite:////nowhere/register.db", RegisterUnavailable),
        ("gateway_url", "sqlite:////nowhere/gateway.db", EvidenceUnavailable),
        ("agreements_directory", "nowhere", AgreementErrors),
        ("versions_file", "nowhere", AgreementErrors),
        ("person_key_file", "nowhere", KeyFileRefused),
        ("evidence_key_file", "nowhere", KeyFileRefused),
    ],
)
def test_what_cannot_be_opened_stops_the_start_and_nothing_stays_open(
    home: Path, tmp_path: Path, setting: str, value: str, error: type[Exception]
) -> None:
    given = {"gateway_url": f"sqlite:///{tmp_path / 'gateway.db'}", setting: value}
    chosen = settings.read(home, {}, command_line=given)

    async def run() -> None:
        async with open_gateway(chosen):
            raise AssertionError("it opened")

    with pytest.raises(error):
        asyncio.run(run())


def test_the_watch_is_running_while_the_gateway_is_open(opened: Settings) -> None:
    chosen = opened

    async def work(caller: Caller) -> None:
        vitals = caller.running.vitals
        looks: list[int] = []
        original = vitals.book.poll
        vitals.book.poll = lambda: looks.append(1) or original()  # type: ignore[method-assign,func-returns-value]
        async with asyncio.timeout(timedelta(seconds=20).total_seconds()):
            while not looks:
                await asyncio.sleep(0.05)

    in_gateway(chosen, work)
