"""The page that Prometheus reads, and the little server in front of it."""

import http.client
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from kps_soap.metrics import table
from kps_soap.metrics.exposition import Exposition
from kps_soap.metrics.gathering import Gathered
from kps_soap.metrics.page import PageServer
from kps_soap.metrics.report import Report
from kps_soap.metrics.table import METRICS
from kps_soap.serving import bind

BUCKETS = len(table.BOUNDS_SECONDS) + 1


def report_of(requests: int) -> Report:
    return {
        table.REQUESTS.name: [(["direct", "S", "V", "answered"], requests)],
        table.STAGE_SECONDS.name: [(["parse"], [requests, *[1] * (BUCKETS - 1), 2_500_000_000])],
        table.IN_FLIGHT.name: [([], requests)],
        table.PART_READY.name: [(["register"], 1), (["evidence"], 0)],
        table.CERTIFICATE_DAYS.name: [(["tls"], 12.5 + requests)],
    }


GATHERED = Gathered(
    reports={0: report_of(1), 1: report_of(2), 2: report_of(3)},
    up={0: False, 1: True, 2: True},
    ended={table.REQUESTS.name: [(["direct", "S", "V", "answered"], 10)]},
    restarts=4,
)


def exposition() -> Exposition:
    return Exposition(lambda: GATHERED, workers=3, started=1_700_000_000.5)


def samples() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of the page, by name and labels."""
    _, body = exposition().page("")
    found: list[Sample] = [
        sample
        for family in text_string_to_metric_families(body.decode("utf-8"))
        for sample in family.samples
    ]
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for one in found}


def test_counters_of_all_workers_and_of_those_that_ended_are_one_number() -> None:
    labels = (("door", "direct"), ("outcome", "answered"), ("service", "S"), ("version", "V"))
    assert samples()["kps_requests_total", labels] == 10 + 1 + 2 + 3


def test_a_histogram_is_cumulative_in_seconds() -> None:
    found = samples()
    assert found["kps_stage_seconds_bucket", (("le", "0.0001"), ("stage", "parse"))] == 6
    assert found["kps_stage_seconds_bucket", (("le", "0.00025"), ("stage", "parse"))] == 9
    whole = found["kps_stage_seconds_bucket", (("le", "+Inf"), ("stage", "parse"))]
    assert whole == found["kps_stage_seconds_count", (("stage", "parse"),)]
    assert whole == 6 + 3 * (BUCKETS - 1)
    assert found["kps_stage_seconds_sum", (("stage", "parse"),)] == 7.5


def test_gauges_are_told_by_worker_and_only_of_those_that_answered() -> None:
    found = samples()
    in_flight = {labels: n for (name, labels), n in found.items() if "in_flight" in name}
    assert in_flight == {(("worker", "1"),): 2, (("worker", "2"),): 3}
    assert found["kps_part_ready", (("part", "evidence"), ("worker", "1"))] == 0


def test_of_what_all_see_alike_one_worker_that_answered_speaks() -> None:
    assert samples()["kps_certificate_days_left", (("certificate", "tls"),)] == 14.5


def test_the_parent_tells_of_its_workers_and_of_itself() -> None:
    found = samples()
    up = {labels: n for (name, labels), n in found.items() if name == "kps_worker_up"}
    assert up == {(("worker", "0"),): 0, (("worker", "1"),): 1, (("worker", "2"),): 1}
    assert (found["kps_workers", ()], found["kps_worker_restarts_total", ()]) == (3, 4)
    assert found["kps_start_time_seconds", ()] == 1_700_000_000.5
    ((labels, value),) = [(k[1], n) for k, n in found.items() if k[0] == "kps_build_info"]
    assert value == 1
    assert [name for name, _ in labels] == ["python", "version"]


@pytest.mark.parametrize("gathered", [GATHERED, Gathered({}, {0: False}, {}, 0)])
def test_every_metric_of_the_table_is_on_the_page_with_its_help(gathered: Gathered) -> None:
    _, body = Exposition(lambda: gathered, workers=1, started=0).page("")
    text = body.decode("utf-8")
    for metric in METRICS:
        assert f"# HELP {metric.name} {metric.help}\n" in text
        assert f"# TYPE {metric.name} {metric.kind.value}\n" in text


def test_whoever_asks_for_openmetrics_gets_it() -> None:
    kind, body = exposition().page("application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    names = {family.name for family in openmetrics_families(body.decode("utf-8"))}
    assert "kps_requests" in names
    assert exposition().page("text/html")[0].startswith("text/plain; version=0.0.4")


def test_promtool_finds_nothing_wrong_with_the_page() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    _, body = exposition().page("")
    checked = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True)
    said = checked.stdout + checked.stderr
    # Days are what an operator counts in.
    assert re.sub(rb"kps_certificate_days_left use base unit.*\n", b"", said) == b""


# The server


@contextmanager
def served(page: object) -> Iterator[int]:
    bound = bind("127.0.0.1", 0)
    server = PageServer(bound, page)  # type: ignore[arg-type]
    try:
        yield bound.getsockname()[1]
    finally:
        server.close()


def fetch(port: int, method: str, path: str) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, headers={"Accept": "text/plain"})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, answer.read(), headers
    finally:
        connection.close()


def test_the_page_is_served_at_its_path_and_nothing_else_is() -> None:
    with served(exposition().page) as port:
        status, body, headers = fetch(port, "GET", "/metrics")
        assert (status, headers["cache-control"]) == (200, "no-store")
        assert headers["content-type"].startswith("text/plain; version=0.0.4")
        assert b"kps_requests_total" in body
        assert "python" not in headers["server"].casefold()
        assert fetch(port, "GET", "/metrics?x=1")[0] == 200
        status, body, headers = fetch(port, "HEAD", "/metrics")
        assert (status, body) == (200, b"")
        assert int(headers["content-length"]) > 100
        for path in ("/", "/metricsx", "/<script>10000000215"):
            status, body, _ = fetch(port, "GET", path)
            assert (status, body) == (404, b"Nothing is here but /metrics.\n")
        status, body, _ = fetch(port, "POST", "/metrics")
        assert (status, body) == (501, b"GET /metrics\n")


def test_what_is_no_http_is_answered_without_its_own_words() -> None:
    with (
        served(exposition().page) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as line,
    ):
        line.sendall(b"10000000215 Ayshe HTTP/9.9\r\n\r\n")
        said = b"".join(iter(lambda: line.recv(4096), b""))
    assert b"GET /metrics" in said
    assert b"10000000215" not in said


def test_numbers_that_cannot_be_told_are_an_error_without_a_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def page(_accept: str) -> tuple[str, bytes]:
        raise ZeroDivisionError("12345678901")

    with served(page) as port:
        status, body, _ = fetch(port, "GET", "/metrics")
    assert (status, body) == (500, b"The metrics cannot be told.\n")
    assert "unforeseen ZeroDivisionError" in caplog.text
    assert "12345678901" not in caplog.text


def test_who_hangs_on_the_page_takes_only_a_few_places() -> None:
    go_on = threading.Event()

    def page(_accept: str) -> tuple[str, bytes]:
        go_on.wait(10)
        return "text/plain", b"late\n"

    with served(page) as port:
        lines = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(6)]
        for line in lines:
            line.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        # Those beyond the places are closed at once.
        closed = [_ended(line) for line in lines[4:]]
        go_on.set()
        answered = [b"".join(iter(lambda one=line: one.recv(4096), b"")) for line in lines[:4]]
        for line in lines:
            line.close()
    assert closed == [b"", b""]
    assert all(b"late" in answer for answer in answered)


def _ended(line: socket.socket) -> bytes:
    try:
        return line.recv(4096)
    except ConnectionError:
        return b""
