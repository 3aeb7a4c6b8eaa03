"""Several workers, one truth: added, never lost by an end, never counted twice."""

import asyncio
import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import pytest

from kps_soap.metrics import table
from kps_soap.metrics.gathering import Gathering
from kps_soap.metrics.line import ASKED, Line
from kps_soap.metrics.report import (
    Report,
    ReportRefused,
    added,
    counted,
    read,
    together,
    written,
)

BUCKETS = len(table.BOUNDS_SECONDS) + 1


def report_of(requests: int, in_flight: int = 0) -> Report:
    return {
        table.REQUESTS.name: [(["direct", "S", "V", "answered"], requests)],
        table.STAGE_SECONDS.name: [(["parse"], [requests] * BUCKETS + [requests * 10])],
        table.IN_FLIGHT.name: [([], in_flight)],
    }


class Worker:
    """Answers on its end of a line, in a thread, with what the test lays in."""

    def __init__(self) -> None:
        self.parents_end, self._line = multiprocessing.Pipe()
        self.answers: list[bytes] = []
        self.silent = threading.Event()
        self.asked = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while True:
                assert self._line.recv_bytes() == ASKED
                self.asked += 1
                if not self.silent.is_set():
                    self._line.send_bytes(self.answers.pop(0))
        except (EOFError, OSError):
            return

    def tells(self, *reports: Report) -> None:
        self.answers += map(written, reports)

    def late_answer(self, report: Report) -> None:
        self._line.send_bytes(written(report))

    def end(self) -> None:
        self._line.close()
        self.parents_end.close()
        self._thread.join(5)


@contextmanager
def workers(count: int) -> Iterator[tuple[Gathering, list[Worker]]]:
    gathering = Gathering(count, seconds_max=0.3)
    made = [Worker() for _ in range(count)]
    for index, worker in enumerate(made):
        gathering.joined(index, worker.parents_end)
    yield gathering, made
    for worker in made:
        worker.end()


def requests(gathering: Gathering) -> Any:
    """The sum of requests as it would be served."""
    gathered = gathering.gather()
    sums = together([gathered.ended, *gathered.reports.values()])
    return sums.get(table.REQUESTS.name, {}).get(("direct", "S", "V", "answered"), 0)


def test_what_two_workers_tell_is_added() -> None:
    with workers(2) as (gathering, (first, second)):
        first.tells(report_of(3, in_flight=1))
        second.tells(report_of(4, in_flight=2))
        gathered = gathering.gather()
    assert gathered.up == {0: True, 1: True}
    sums = together(list(gathered.reports.values()))
    assert sums[table.REQUESTS.name] == {("direct", "S", "V", "answered"): 7}
    assert sums[table.STAGE_SECONDS.name] == {("parse",): [7] * BUCKETS + [70]}


def test_a_worker_that_ended_goes_on_counting_and_its_gauges_do_not() -> None:
    with workers(2) as (gathering, (first, second)):
        first.tells(report_of(3, in_flight=5))
        second.tells(report_of(4), report_of(6), report_of(8))
        assert requests(gathering) == 7
        gathering.left(0)
        gathered = gathering.gather()
        assert (gathered.up, gathered.restarts) == ({0: False, 1: True}, 1)
        assert table.IN_FLIGHT.name not in gathered.ended
        another = Worker()
        gathering.joined(0, another.parents_end)
        another.tells(report_of(1), report_of(2), report_of(2))
        assert requests(gathering) == 3 + 8 + 1
        gathering.left(1)
        gathering.left(1, replaced=False)
        assert requests(gathering) == 3 + 8 + 2
        assert gathering.gather().restarts == 2
        another.end()


def test_a_worker_that_is_silent_is_down_and_its_last_numbers_stand_in() -> None:
    with workers(1) as (gathering, (worker,)):
        worker.tells(report_of(3))
        assert requests(gathering) == 3
        worker.silent.set()
        gathered = gathering.gather()
        assert gathered.up == {0: False}
        assert gathered.reports[0] == report_of(3)
        # It is not asked again before it has answered, so that no answers pile up.
        gathering.gather()
        assert worker.asked == 2
        worker.late_answer(report_of(5))
        gathered = gathering.gather()
        assert gathered.up == {0: True}
        assert gathered.reports[0] == report_of(5)
        assert worker.asked == 2


@pytest.mark.parametrize("answer", [b"", b"{", b"[]", b'{"nosuch":[]}', b"{}"])
def test_an_answer_that_is_no_report_changes_nothing(answer: bytes) -> None:
    with workers(1) as (gathering, (worker,)):
        worker.tells(report_of(3))
        assert requests(gathering) == 3
        worker.answers.append(answer)
        gathered = gathering.gather()
        assert gathered.up == {0: False} or gathered.reports == {0: {}}
        worker.tells(report_of(4))
        assert requests(gathering) == 4


def test_nobody_there_is_nobody_up() -> None:
    gathered = Gathering(2).gather()
    assert (gathered.up, gathered.reports, gathered.ended) == ({0: False, 1: False}, {}, {})


def test_a_line_that_is_broken_is_a_worker_that_is_down() -> None:
    with workers(1) as (gathering, (worker,)):
        worker.end()
        assert gathering.gather().up == {0: False}


# Reports on their way


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"7",
        b'{"nosuch":[[[],1]]}',
        b'{"kps_ready":[1]}',
        b'{"kps_ready":[[["label"],1]]}',
        b'{"kps_ready":[["x",1]]}',
        b'{"kps_ready":[[[],"many"]]}',
        b'{"kps_ready":[[[],[1]]]}',
        b'{"kps_stage_seconds":[[["parse"],1]]}',
        b'{"kps_stage_seconds":[[["parse"],[1,2]]]}',
    ],
)
def test_what_the_table_does_not_know_is_no_report(content: bytes) -> None:
    with pytest.raises(ReportRefused):
        read(content)


def test_a_report_comes_through_as_it_was() -> None:
    report = report_of(3, 4)
    assert read(written(report)) == report
    assert set(counted(report)) == {table.REQUESTS.name, table.STAGE_SECONDS.name}


def test_a_number_and_a_histogram_do_not_add_up() -> None:
    with pytest.raises(ReportRefused):
        added(1, [1])


# The worker's end


def asked_of(report: Any, *, times: int = 1) -> list[Report]:
    """What a parent hears that asks so often."""

    async def run() -> list[Report]:
        parents_end, workers_end = multiprocessing.Pipe()
        line = Line(workers_end, report)
        heard = []
        for _ in range(times):
            parents_end.send_bytes(ASKED)
            async with asyncio.timeout(10):
                while not parents_end.poll():
                    await asyncio.sleep(0.005)
            heard.append(read(parents_end.recv_bytes()))
        line.close()
        parents_end.send_bytes(ASKED)
        await asyncio.sleep(0.02)
        assert not parents_end.poll()
        parents_end.close()
        workers_end.close()
        return heard

    return asyncio.run(run())


def test_a_worker_tells_its_numbers_as_often_as_it_is_asked() -> None:
    told = iter([report_of(1), report_of(2)])

    async def report() -> Report:
        await asyncio.sleep(0)
        return next(told)

    assert asked_of(report, times=2) == [report_of(1), report_of(2)]


def test_numbers_that_cannot_be_told_are_none_and_leave_a_word_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def report() -> Report:
        raise ZeroDivisionError("12345678901")

    assert asked_of(report) == [{}]
    assert "unforeseen ZeroDivisionError" in caplog.text
    assert "12345678901" not in caplog.text


def test_a_parent_that_is_gone_is_listened_to_no_more() -> None:
    async def report() -> Report:
        return {}

    async def run() -> None:
        parents_end, workers_end = multiprocessing.Pipe()
        line = Line(workers_end, report)
        parents_end.send_bytes(ASKED)
        parents_end.close()
        # Both the question and the end are seen; neither is an error.
        for _ in range(10):
            await asyncio.sleep(0.005)
        line.close()
        workers_end.close()

    asyncio.run(run())


def test_the_ends_of_a_line_are_connections() -> None:
    parents_end, workers_end = multiprocessing.Pipe()
    assert isinstance(parents_end, Connection)
    parents_end.close()
    workers_end.close()
