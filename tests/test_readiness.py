"""What a worker says of itself, and its look around once a second."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from kps_soap.entry import Entry, Event
from kps_soap.faults import EvidenceUnavailable, RegisterUnavailable
from kps_soap.readiness import (
    FOUND_SECONDS,
    PARTS,
    PROBE_NUMBER,
    ClockSteps,
    Vitals,
    application,
    new_request_id,
    note_of_taking,
    watch,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def a_set(digest: str) -> Any:
    return SimpleNamespace(digest=digest, files={"b.toml": "22", "a.toml": "11"})


class FakeBook:
    """Gives the sets that the test lays in, one a look."""

    def __init__(self) -> None:
        self.coming: list[Any] = []
        self.problems: tuple[str, ...] = ()
        self.looks = 0
        self.lost = False

    def current(self) -> Any:
        return a_set("ab12")

    def in_force(self) -> Any:
        if self.lost:
            raise EvidenceUnavailable("lease")
        return self.current()

    def poll(self) -> Any:
        self.looks += 1
        found = self.coming.pop(0) if self.coming else None
        if isinstance(found, Exception):
            raise found
        return found


class FakeRegister:
    kind = "SENTETIK"

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.away = False

    async def citizen(self, number: int) -> None:
        self.asked.append(number)
        if self.away:
            raise RegisterUnavailable("away")


class FakeEvidence:
    healthy = True

    def __init__(self) -> None:
        self.records: list[Entry] = []
        self.refusals_left = 0

    async def record(self, entry: Entry) -> None:
        if self.refusals_left:
            self.refusals_left -= 1
            raise EvidenceUnavailable("fake")
        self.records.append(entry)


class FakeCounts:
    def __init__(self) -> None:
        self.flushes = 0

    async def flush(self, record: object, *, new_request_id: object) -> None:
        self.flushes += 1


class FakeCertificate:
    """A certificate, as far as readiness looks at one."""

    def __init__(self, key: Any = None, until: datetime = NOW + timedelta(days=365)) -> None:
        self._key = key
        self.not_valid_before_utc = NOW - timedelta(days=1)
        self.not_valid_after_utc = until

    def public_key(self) -> Any:
        return self._key


class FakeSigner:
    """A signing key with its certificate."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = FakeCertificate(self._key.public_key())
        self.right = True
        self.signatures = 0

    def usable(self, now: datetime) -> bool:
        return now <= self.until

    def signature(self, data: bytes) -> bytes:
        self.signatures += 1
        signed = data if self.right else data + b"!"
        r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class House:
    """The vitals of a worker that is well, with a clock that the test sets."""

    def __init__(self) -> None:
        self.book, self.register, self.evidence = FakeBook(), FakeRegister(), FakeEvidence()
        self.refusals, self.now = FakeCounts(), NOW
        self.seconds, self.takes_writes, self.writes = 0.0, True, 0
        self.signers = {"RSA": FakeSigner(NOW), "P256": FakeSigner(NOW + timedelta(days=9))}
        self.tls: Any = FakeCertificate()
        parts: Any = (self.book, self.register, self.evidence, self.refusals, self.signers)
        self.vitals = Vitals(
            *parts,
            lambda: self.now,
            writes=self._write,
            monotonic=lambda: self.seconds,
            tls=self.tls,
        )

    async def _write(self) -> bool:
        self.writes += 1
        await asyncio.sleep(0)
        return self.takes_writes

    def get(self, path: str) -> httpx.Response:
        async def doorway(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 299, "headers": []})
            await send({"type": "http.response.body", "body": b"doors"})

        async def fetch() -> httpx.Response:
            over: Any = httpx.ASGITransport(app=application(self.vitals, doorway))  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=over, base_url="http://kps.example") as client:
                return await client.get(path)

        return asyncio.run(fetch())

    def watched(self, rounds: int, between: Callable[[int], None] = lambda _round: None) -> None:
        """Let the watch make some rounds."""

        async def run() -> None:
            task = asyncio.create_task(watch(self.vitals, seconds=0))
            for number in range(rounds):
                looks = self.book.looks
                between(number)
                while self.book.looks == looks:
                    await asyncio.sleep(0)
            for _ in range(5):
                await asyncio.sleep(0)
            task.cancel()

        asyncio.run(run())


def test_a_worker_that_is_well_says_ready() -> None:
    house = House()
    answer = house.get("/saglik")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "troubles": [],
        "agreement_set": "ab12",
        "agreement_problems": 0,
        "data": "SENTETIK",
    }
    assert answer.headers["cache-control"] == "no-store"
    # The probe is a number that no synthetic person has.
    assert house.register.asked == [PROBE_NUMBER]
    assert house.writes == 1
    assert [signer.signatures for signer in house.signers.values()] == [1, 1]
    assert house.get("/saglik/hazir").json() == answer.json()


def test_every_trouble_is_told_and_the_worker_stays_alive() -> None:
    house = House()
    house.evidence.healthy = False
    house.takes_writes = False
    house.book.lost = True
    house.register.away = True
    house.signers["P256"].right = False
    house.now = NOW + timedelta(seconds=1)
    house.tls.not_valid_after_utc = NOW
    house.book.problems = ("a.toml:1: one", "a.toml:2: two")
    answer = house.get("/saglik")
    assert answer.status_code == 503
    assert answer.json()["troubles"] == [
        "evidence cannot be written",
        "the gateway's database does not take a write",
        "nobody can say which agreements are in force",
        "the register does not answer",
        "the RSA signing certificate is outside its validity",
        "the P256 key makes no valid signature",
        "the TLS certificate is outside its validity",
    ]
    red = asyncio.run(house.vitals.red())
    assert [trouble.part for trouble in red] == list(PARTS)
    assert answer.json()["agreement_problems"] == 2
    assert "a.toml" not in answer.text
    alive = house.get("/saglik/canli")
    assert (alive.status_code, alive.json()) == (200, {"live": True})


def test_asking_again_and_again_costs_one_look_a_second() -> None:
    house = House()

    async def many() -> None:
        found = await asyncio.gather(*(house.vitals.red() for _ in range(50)))
        assert found == [[]] * 50

    asyncio.run(many())
    house.takes_writes = False
    for _ in range(5):
        assert house.get("/saglik").status_code == 200
    assert house.writes == len(house.register.asked) == 1
    house.seconds = FOUND_SECONDS
    answer = house.get("/saglik")
    assert answer.json()["troubles"] == ["the gateway's database does not take a write"]
    assert house.writes == 2
    # What is red is told for a second too, and then it is tried again.
    house.takes_writes = True
    assert house.get("/saglik").status_code == 503
    house.seconds += FOUND_SECONDS
    assert house.get("/saglik").status_code == 200


def test_who_asked_and_left_ends_no_look() -> None:
    house = House()

    async def run() -> None:
        leaving = asyncio.create_task(house.vitals.red())
        staying = asyncio.create_task(house.vitals.red())
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying == []
        assert leaving.cancelled()

    asyncio.run(run())
    assert house.writes == 1


def test_other_paths_go_straight_to_the_doors() -> None:
    house = House()
    assert house.get("/kps/x").status_code == 299
    assert house.get("/saglik/yok").status_code == 404


def test_a_new_set_leaves_a_note_with_its_files() -> None:
    house = House()
    house.book.coming = [None, a_set("cd34")]
    house.watched(3)
    (note,) = house.evidence.records
    assert (note.event, note.agreement_digest) == (Event.AGREEMENTS_TAKEN, "cd34")
    assert note.received_at == NOW
    assert note_of_taking(a_set("cd34"), NOW).request_id != note.request_id


def test_a_note_that_could_not_be_written_is_written_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    house.book.coming = [a_set("cd34"), a_set("ef56")]
    house.evidence.refusals_left = 2
    house.watched(4)
    assert [note.agreement_digest for note in house.evidence.records] == ["cd34", "ef56"]
    assert caplog.text.count("could not be written: EvidenceUnavailable") == 2


def test_counts_of_refusals_are_left_once_a_minute() -> None:
    house = House()

    def a_third_of_a_minute_later(_round: int) -> None:
        house.now += timedelta(seconds=20)

    house.watched(7, a_third_of_a_minute_later)
    assert house.refusals.flushes == 2


def test_a_surprise_does_not_end_the_watch(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    house.book.coming = [ZeroDivisionError("12345678901"), a_set("cd34")]
    house.watched(3)
    assert len(house.evidence.records) == 1
    assert "unforeseen ZeroDivisionError" in caplog.text
    assert "12345678901" not in caplog.text


def test_a_certificate_that_nears_its_end_is_told_once_a_threshold(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    house.tls.not_valid_after_utc = NOW + timedelta(days=31)

    def days_later(number: int) -> None:
        house.now = NOW + timedelta(days=(0, 0, 2, 2, 25, 25, 31, 32)[number])

    house.watched(8, days_later)
    told = [one.getMessage() for one in caplog.records if "certificate" in one.getMessage()]
    ends = f"{house.tls.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    assert told == [
        f"the TLS certificate expires within 60 days, at {ends}",
        f"the TLS certificate expires within 30 days, at {ends}",
        f"the TLS certificate expires within 7 days, at {ends}",
        f"the TLS certificate expires within a day, at {ends}",
        f"the TLS certificate has expired at {ends}",
    ]


def test_request_numbers_are_unlike_and_need_no_escaping() -> None:
    numbers = {new_request_id() for _ in range(100)}
    assert len(numbers) == 100
    assert all(len(number) == 32 and number.isalnum() for number in numbers)
    assert json.dumps(sorted(numbers))


def test_a_clock_that_is_put_is_noticed_and_time_that_passes_is_not() -> None:
    wall, steady = [datetime(2026, 11, 22, tzinfo=UTC)], [100.0]
    steps = ClockSteps(lambda: wall[0], lambda: steady[0])
    found = []
    for moved, passed in ((0, 0), (1, 1), (3601, 1), (-3599, 1), (0.4, 1), (60, 60)):
        wall[0] += timedelta(seconds=moved)
        steady[0] += passed
        found.append(round(steps.look()))
    assert found == [0, 0, 3600, -3600, 0, 0]


def test_a_gateway_that_is_about_to_stop_says_so_and_goes_on() -> None:
    house = House()
    assert house.get("/saglik").status_code == 200
    house.vitals.leave()
    answer = house.get("/saglik/hazir")
    assert answer.status_code == 503
    assert answer.json()["troubles"] == ["the gateway is about to stop"]
    assert house.get("/saglik/canli").status_code == 200
