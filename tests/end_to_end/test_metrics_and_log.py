"""Two workers, one page of metrics, one log; and in neither a word of whoever sends one."""

import json
import re
import signal
import socket
import tomllib
import urllib.request
from collections.abc import Iterator
from os import kill
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from end_to_end.questions import PERSON, envelope, person_query, security
from end_to_end.running import Served, make_home, serving, wait_for
from kps_soap.metrics.table import METRICS

#: What a hostile caller puts wherever something can be put.
NAME, NUMBER = "Gizlisoyad", "98765432109"
HOSTILE = f"{NAME}-{NUMBER}-\x0b\x1b[31m"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def page(served: Served) -> str:
    """What Prometheus would read."""
    settings = tomllib.loads((served.home / "kps.toml").read_text(encoding="utf-8"))
    url = f"http://127.0.0.1:{settings['metrics_port']}/metrics"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/plain")
        return str(answer.read().decode("utf-8"))


def samples(served: Served) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page(served))
        for sample in family.samples
    }


def total(found: Samples, name: str, **labels: str) -> float:
    """The sum of a metric's samples that bear these labels."""
    return sum(
        value for (one, has), value in found.items() if one == name and labels.items() <= set(has)
    )


def raw(served: Served, message: bytes) -> bytes:
    """Send bytes to the plain port and read what comes until the end."""
    port = int(served.http.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(message)
        said = b""
        try:
            while piece := line.recv(65_536):
                said += piece
        except ConnectionError:
            pass
        return said


def test_each_request_is_counted_once_whichever_worker_answers(gateway: Served) -> None:
    before = samples(gateway)
    for _ in range(10):
        assert gateway.ask(PERSON, person_query(gateway.number(0))).status == 200
    assert gateway.ask(PERSON, person_query(gateway.number(0)), password="no").status == 500
    after = samples(gateway)

    def more(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    service = "KisiSorgulaTCKimlikNoServis"
    assert more("kps_requests_total", service=service, outcome="answered") == 10
    assert more("kps_requests_total", service=service, outcome="refused_security") == 1
    assert more("kps_refusals_total", reason="CredentialsRefused") == 1
    assert more("kps_request_seconds_count", door="direct", service=service) == 11
    for stage in ("parse", "authenticate", "record"):
        assert more("kps_stage_seconds_count", stage=stage) == 11
    assert total(after, "kps_worker_up") == total(after, "kps_workers") == 2
    assert total(after, "kps_ready") == 2
    assert total(after, "kps_evidence_records") - total(before, "kps_evidence_records") >= 11


def test_every_metric_of_the_table_is_served_with_a_sample(gateway: Served) -> None:
    gateway.ask(PERSON, person_query(gateway.number(0)))
    gateway.ask(PERSON, "<wrong/>")
    names = {re.sub("_(bucket|count|sum)$", "", name) for name, _ in samples(gateway)}
    missing = {metric.name for metric in METRICS} - names
    # The first seal comes within a minute; nobody waits for it here.
    assert missing <= {"kps_seal_age_seconds"}


def test_metrics_are_told_at_their_own_port_only(gateway: Served) -> None:
    for tls in (True, False):
        assert gateway.get("/metrics", tls=tls)[0] == 404


def hostile_messages(served: Served) -> Iterator[bytes]:
    """Requests with a person's name, a number and control characters in every place."""
    token = security(served.account("B-34-0417"))
    body = envelope(person_query(NUMBER), token)
    hostile_header = f'<h:Sorgulayan xmlns:h="urn:{NUMBER}">{NAME}</h:Sorgulayan>'
    bodies = [
        body,
        envelope(person_query(NUMBER), token + hostile_header),
        envelope(f"<{NAME}>{NUMBER}</{NAME}>", token),
        body.replace(b"KRM-", NUMBER.encode() + b"-KRM-"),
        f"<{NAME} {NUMBER}".encode(),
        b"",
    ]
    names = ("SOAPAction", "User-Agent", "Referer", "X-Forwarded-For", "Cookie", "Authorization",
             "X-Request-Id", "Accept-Language", "Content-Encoding", NAME)  # fmt: skip
    said = HOSTILE.encode()
    for content in bodies:
        for path in (PERSON, f"/{NAME}/{NUMBER}", f"/Service/KPSPublic.asmx/{NUMBER}"):
            for extra in (b"", b"".join(b"%b: %b\r\n" % (n.encode(), said) for n in names)):
                yield (
                    b"POST %b?%b HTTP/1.1\r\nHost: %b\r\nContent-Type: text/xml\r\n%b"
                    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b"
                    % (
                        path.encode(),
                        NUMBER.encode(),
                        NUMBER.encode(),
                        extra,
                        len(content),
                        content,
                    )
                )
    yield b"%b /%b HTTP/1.1\r\n\r\n" % (NAME.encode(), NUMBER.encode())
    yield b"POST / HTTP/1.1\r\n%b\r\n\r\n" % said


def test_a_hostile_request_leaves_nothing_of_itself_in_metrics_and_log(gateway: Served) -> None:
    answers = [raw(gateway, message) for message in hostile_messages(gateway)]
    assert len(answers) > 30
    assert any(b"200 OK" in answer for answer in answers)
    for text in (page(gateway), gateway.log):
        for secret in (NAME, NUMBER, "\x1b", "\x0b", "KRM-34-0417"):
            assert secret not in text
    assert all(line.isprintable() for line in gateway.log.splitlines())
    for (_, labels), _value in samples(gateway).items():
        assert all(re.fullmatch(r"[A-Za-z0-9_+./-]+", value) for _, value in labels), labels


def test_lines_that_are_no_http_are_counted_and_told_a_few_times(gateway: Served) -> None:
    before = total(samples(gateway), "kps_http_trouble_total", reason="not_http")
    for _ in range(40):
        assert raw(gateway, b"\x16\x03\x01 hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    after = total(samples(gateway), "kps_http_trouble_total", reason="not_http")
    assert after - before == 40
    # Five a minute from each of two workers, and the tests may take some minutes.
    assert gateway.log.count("Invalid HTTP request received.") < 40


# A gateway whose log is for programs


@pytest.fixture(scope="module")
def json_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_home(tmp_path_factory.mktemp("json") / "home", persons=200)
    with (home / "kps.toml").open("a", encoding="utf-8") as settings:
        settings.write('log_format = "json"\n')
    return home


def test_a_log_for_programs_is_json_to_the_last_line_and_a_killed_worker_counts_on(
    json_home: Path,
) -> None:
    with serving(json_home) as served:
        for _ in range(6):
            served.ask(PERSON, person_query(served.number(0)))
        before = samples(served)
        assert total(before, "kps_requests_total", outcome="answered") == 6
        # Lines are written a moment later; a killed worker takes along what it has not written.
        wait_for(lambda: served.log.count('"kps.requests"') == 6)
        told = [json.loads(line) for line in served.log.splitlines()]
        worker = next(one["process"] for one in told if "is in force" in one["message"])
        kill(worker, signal.SIGKILL)
        wait_for(lambda: total(samples(served), "kps_worker_restarts_total") == 1)
        wait_for(lambda: total(samples(served), "kps_worker_up") == 2)
        served.ask(PERSON, person_query(served.number(0)))
        after = samples(served)
        assert total(after, "kps_requests_total", outcome="answered") == 7
        # The log is written a moment later.
        wait_for(lambda: served.log.count('"kps.requests"') == 7)
    lines = [json.loads(line) for line in served.log.splitlines()]
    assert any("SYNTHETIC" in line["message"] for line in lines)
    assert any("metrics on http://127.0.0.1:" in line["message"] for line in lines)
    assert any("starting another" in line["message"] for line in lines)
    requests = [line for line in lines if line["logger"] == "kps.requests"]
    assert {line["institution"] for line in requests} == {"B-34-0417"}
    assert {line["outcome"] for line in requests} == {0}
    assert all(line["duration_us"] > 0 for line in requests)
    assert len({line["request"] for line in requests}) == 7
