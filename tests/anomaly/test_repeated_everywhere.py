"""A question that is asked again is one question: at any worker, gateway, moment and after any end.

Two gateways share one PostgreSQL.  The same institution repeats the same MessageID with the same
question: the first Body again, a record of its own, no second unit (design D18).
"""

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from anomaly.bench import Bench
from anomaly.invariants import Row, rows_of
from anomaly.ledger import Caller, Line, kind_of
from anomaly.rig import POSTGRESQL, Cluster, Gateway, cluster, serving, verify
from free_ports import free_ports
from lxml import etree

pytestmark = pytest.mark.skipif(not POSTGRESQL, reason="PostgreSQL (initdb, pg_ctl) is missing")


@dataclass
class Houses:
    """Two gateways, and the database that they share."""

    server: Cluster
    first: Gateway
    second: Gateway

    def rows(self, message: str) -> list[Row]:
        """What is on record of a message, the repetitions last."""
        found = [row for row in rows_of(self.server.url) if row.message == message]
        return sorted(found, key=lambda row: row.event)

    def assert_charged_once(self, message: str, answers: list[bytes]) -> None:
        rows = self.rows(message)
        # An answer that was given up may have come to its record all the same.
        assert len(rows) >= len(answers)
        assert Counter(row.event for row in rows) == {"SORGU": 1, "TEKRAR": len(rows) - 1}
        assert [row.units for row in rows] == [1] + [0] * (len(rows) - 1)
        assert len({row.body for row in rows}) == 1
        assert len({body_of(answer) for answer in answers}) == 1


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Houses]:
    bench = Bench(tmp_path_factory.mktemp("repeated"), rate=1, seconds=1)
    with cluster() as server:
        home, other = bench.home(postgresql=server.url), bench.home()
        settings = (home / "kps.toml").read_text(encoding="utf-8")
        (other / "kps.toml").write_text(settings, encoding="utf-8")
        with_other_ports(other)
        with serving(Gateway(home)) as first, serving(Gateway(other)) as second:
            yield Houses(server, first, second)


def with_other_ports(home: Path) -> None:
    ports: dict[str, str] = {}
    for name in ("kps.toml", "demo.json"):
        file = home / name
        said = file.read_text(encoding="utf-8")
        for port in set(re.findall(r"(?<=port = )\d{5}|(?<=127\.0\.0\.1:)\d{5}", said)):
            ports.setdefault(port, str(free_ports(1)[0]))
        for port, new in ports.items():
            said = said.replace(port, new)
        file.write_text(said, encoding="utf-8")


def body_of(answer: bytes) -> bytes:
    (body,) = etree.fromstring(answer).iterchildren("{*}Body")
    return bytes(etree.tostring(body[0], method="c14n", exclusive=True))


async def asked(caller: Caller, message: str) -> bytes:
    """One question on a connection of its own; whoever is told to come again does."""
    line = Line(caller)
    try:
        for _ in range(20):
            answer = await line.ask(caller.question(message, 0))
            if kind_of(*answer) not in ("trouble", "busy"):
                break
            await asyncio.sleep(0.5)
    finally:
        line.close()
    assert kind_of(*answer) == "ok", answer[2][:300]
    return answer[2]


def ask(message: str, *callers: Caller) -> list[bytes]:
    """The same question by all of these at the same moment."""

    async def together() -> list[bytes]:
        return await asyncio.gather(*(asked(caller, message) for caller in callers))

    return asyncio.run(together())


def kill(gateway: Gateway) -> None:
    for process in (gateway.pid, *gateway.workers_alive()):
        os.kill(process, signal.SIGKILL)
    assert gateway.process is not None
    gateway.process.wait(10)


def test_every_worker_of_every_gateway_knows_what_was_asked(houses: Houses) -> None:
    callers = [houses.first.caller(), houses.second.caller()] * 4
    answers = [answer for caller in callers for answer in ask("urn:uuid:everywhere", caller)]
    houses.assert_charged_once("urn:uuid:everywhere", answers)


@pytest.mark.parametrize("turn", range(3))
def test_of_twins_at_two_gateways_one_is_the_first(houses: Houses, turn: int) -> None:
    message = f"urn:uuid:twins-{turn}"
    answers = ask(message, *[houses.first.caller(), houses.second.caller()] * 6)
    houses.assert_charged_once(message, answers)


def test_another_institution_with_the_same_message_id_asks_a_question_of_its_own(
    houses: Houses,
) -> None:
    ask("urn:uuid:shared", houses.first.caller())
    ask("urn:uuid:shared", houses.second.caller("SRK-0112"))
    assert [row.event for row in houses.rows("urn:uuid:shared")] == ["SORGU", "SORGU"]


def test_what_was_asked_is_known_after_every_kind_of_end(houses: Houses) -> None:
    message = "urn:uuid:after-an-end"
    answers = ask(message, houses.first.caller())
    # One gateway ends as it should, the other one is killed; then the database ends at once.
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda end: end(), (houses.first.stop, lambda: kill(houses.second))))
        list(both.map(lambda gateway: gateway.start(), (houses.first, houses.second)))
    answers += ask(message, houses.first.caller()) + ask(message, houses.second.caller())
    houses.server.stop("immediate")
    houses.server.start()
    for gateway in (houses.first, houses.second):
        assert asyncio.run(gateway.until(200, seconds=30)) < 30
        answers += ask(message, gateway.caller())
    houses.assert_charged_once(message, answers)
    assert verify(houses.first.home) == ""
