"""The state of an opened gateway as it is told to whoever asks."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from os import urandom
from pathlib import Path
from typing import Any

import httpx
import pytest
from end_to_end.questions import PERSON, envelope, person_query, security

from kps_soap import demo, settings
from kps_soap.app import Running, open_gateway
from kps_soap.contracts.catalogue import all_contracts
from kps_soap.faults import EvidenceUnavailable
from kps_soap.metrics import table
from kps_soap.metrics.gauges import file_certificates, volumes
from kps_soap.metrics.report import Report, Value
from kps_soap.metrics.table import METRICS, Metric, Scope
from kps_soap.readiness import PARTS
from kps_soap.settings import Settings


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("gauges") / "home"
    demo.make(demo.DemoPlan(home, 200, 1, date(2026, 1, 1), datetime.now(UTC)), randomness=urandom)
    return settings.read(home, {})


def in_gateway(chosen: Settings, work: Callable[[Running], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_gateway(chosen, worker="0") as running:
            await work(running)

    asyncio.run(run())


def found(report: Report, metric: Metric) -> dict[tuple[str, ...], Value]:
    return {tuple(labels): value for labels, value in report[metric.name]}


async def ask(running: Running, chosen: Settings, **changes: str) -> int:
    """One question of the plain municipality about persona 0; the status of the answer."""
    described: dict[str, Any] = json.loads((chosen.home / "demo.json").read_text("utf-8"))
    account = described["accounts"][0] | changes
    payload = person_query(described["personas"][0]["identity_number"])
    over: Any = httpx.ASGITransport(app=running.application)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=over, base_url="https://127.0.0.1:8443") as client:
        answer = await client.post(
            PERSON,
            content=envelope(payload, security(account)),
            headers={"Content-Type": "text/xml"},
        )
    return answer.status_code


def test_a_worker_tells_everything_that_is_its_to_tell(chosen: Settings) -> None:
    async def work(running: Running) -> None:
        report = await running.gauges.report()
        late = {table.SEAL_AGE_SECONDS.name}
        mine = {metric.name for metric in METRICS if metric.scope is not Scope.PARENT}
        assert report.keys() | late == mine
        assert found(report, table.READY) == {(): 1}
        assert found(report, table.PART_READY) == {(part,): 1 for part in PARTS}
        certificates = found(report, table.CERTIFICATE_DAYS)
        assert {name for (name,) in certificates} == {
            *("signing_rsa", "signing_p256", "token", "seal", "tls"),
        }
        for days in certificates.values():
            assert isinstance(days, float)
            assert 800 < days < 4_000
        free, size = found(report, table.DISK_FREE_BYTES), found(report, table.DISK_SIZE_BYTES)
        assert free.keys() == size.keys() == {("home",), ("gateway",), ("register",)}
        agreements = found(report, table.AGREEMENTS)[()]
        assert agreements == len(running.vitals.book.current().agreements)
        assert found(report, table.IN_FLIGHT_MAX) == {(): chosen.in_flight_max}

    in_gateway(chosen, work)


def test_answered_and_refused_requests_show_in_every_stage(chosen: Settings) -> None:
    async def work(running: Running) -> None:
        before = await running.gauges.report()
        assert await ask(running, chosen) == 200
        assert await ask(running, chosen) == 200
        assert await ask(running, chosen, password="wrong") == 500
        report = await running.gauges.report()
        service = "KisiSorgulaTCKimlikNoServis"
        assert found(report, table.REQUESTS) == {
            ("direct", service, "2011/01/01", "answered"): 2,
            ("direct", service, "2011/01/01", "refused_security"): 1,
        }
        assert found(report, table.REFUSALS) == {("direct", "CredentialsRefused"): 1}
        assert found(report, table.PASSWORD_COMPARISONS) == {(): 2}
        stages = found(report, table.STAGE_SECONDS)
        assert stages.keys() == {(stage,) for stage in table.STAGES}
        timed = {stage: sum(value[:-1]) for (stage,), value in stages.items()}  # type: ignore[index]
        assert timed["parse"] == timed["authenticate"] == timed["record"] == 3
        assert timed["agreement"] == timed["criteria"] == timed["sign"] == 2
        assert timed["refuse"] == 1
        # Readiness looks into the register too.
        assert timed["register"] >= 2
        total = found(report, table.REQUEST_SECONDS)["direct", service]
        assert isinstance(total, list)
        assert sum(total[:-1]) == 3
        more = found(report, table.RECORDS)[()], found(before, table.RECORDS)[()]
        # The agreement set may write notices of its own at the same time.
        assert more[0] - more[1] >= 3  # type: ignore[operator]

    in_gateway(chosen, work)


def test_the_labels_hold_names_from_closed_lists_only(chosen: Settings) -> None:
    services = {contract.name for contract in all_contracts()}

    async def work(running: Running) -> None:
        await ask(running, chosen)
        report = await running.gauges.report()
        for labels, _ in report[table.REQUESTS.name]:
            assert labels[1] in services
        described = (chosen.home / "demo.json").read_text("utf-8")
        for account in json.loads(described)["accounts"]:
            assert account["username"] not in str(report)
            assert account["institution"] not in str(report)

    in_gateway(chosen, work)


@pytest.mark.parametrize(("seals", "unsealed"), [([], 10), ([(0, 8)], 2), ([(0, 11)], 0)])
def test_the_newest_seal_and_what_it_left_over_are_told(
    chosen: Settings, seals: list[tuple[int, int]], unsealed: int
) -> None:
    taken_us = round((datetime.now(UTC).timestamp() - 50) * 1_000_000)

    async def work(running: Running) -> None:
        gauges: Any = running.gauges
        real = await running.gauges.report()
        assert found(real, table.RECORDS)[()] > 0  # type: ignore[operator]

        async def rows(sql: str, _values: object) -> list[tuple[int, ...]]:
            if "checkpoints" in sql:
                return [(taken_us, records) for _, records in seals]
            if "misuse" in sql:
                return []
            return [(10,)]

        gauges._lookups.rows = rows
        report = await running.gauges.report()
        assert found(report, table.RECORDS)[()] == 10
        assert found(report, table.RECORDS_UNSEALED)[()] == unsealed
        if seals:
            age = found(report, table.SEAL_AGE_SECONDS)[()]
            assert 50 <= age < 1_000  # type: ignore[operator]
        else:
            assert table.SEAL_AGE_SECONDS.name not in report

    in_gateway(chosen, work)


def test_what_cannot_be_read_is_left_out(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(running: Running) -> None:
        async def away(*_: object) -> None:
            raise EvidenceUnavailable("lookup")

        gauges: Any = running.gauges
        gauges._lookups.rows = away
        gauges._volumes = {"home": chosen.home, "gone": chosen.home / "gone"}
        running.vitals.signers.clear()  # type: ignore[attr-defined]
        report = await running.gauges.report()
        assert table.RECORDS.name not in report
        assert found(report, table.DISK_FREE_BYTES).keys() == {("home",)}
        assert {name for (name,) in found(report, table.CERTIFICATE_DAYS)} == {
            *("token", "seal", "tls"),
        }

    in_gateway(chosen, work)


def test_the_age_of_a_set_is_counted_from_when_it_came_into_force(chosen: Settings) -> None:
    async def work(running: Running) -> None:
        since = running.vitals.book.since
        assert since is not None
        age = found(await running.gauges.report(), table.AGREEMENT_SET_AGE_SECONDS)[()]
        assert 0 <= age <= (datetime.now(UTC) - since).total_seconds()  # type: ignore[operator]
        running.vitals.book._version = None
        assert table.AGREEMENT_SET_AGE_SECONDS.name not in await running.gauges.report()

    in_gateway(chosen, work)


def test_a_certificate_that_is_none_has_no_days_left(tmp_path: Path) -> None:
    (tmp_path / "seal.pem").write_bytes(b"no certificate")
    picked = settings.of(
        tmp_path,
        {"seal_certificate_file": "seal.pem", "token_certificate_file": "no.pem", "https_port": 0},
    )
    assert file_certificates(picked) == {}


def test_only_databases_in_files_have_a_volume(tmp_path: Path) -> None:
    picked = settings.of(
        tmp_path,
        {"gateway_url": "postgresql+psycopg://kps@db/kps", "register_url": "sqlite:///a/r.db"},
    )
    assert volumes(picked) == {"home": tmp_path, "register": tmp_path / "a"}
