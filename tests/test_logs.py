"""The log: one line an event whatever it says, nothing of a person, and nobody held up by it."""

import io
import json
import logging
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from exchange_samples import PERSON, exchange_of
from hypothesis import given
from hypothesis import strategies as st

from kps_soap import logs
from kps_soap.gateway import Answer

HOSTILE = "bir\r\niki\x00\x1b[31müç\x85\u2028\u2029\u202edört\u200f\x7f\ud800"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Stream(io.StringIO):
    """Text that comes in; ``full`` makes every write fail."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False

    def write(self, text: str, /) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)

    def lines(self) -> list[str]:
        return self.getvalue().splitlines()


@contextmanager
def logging_as(
    form: str = logs.TEXT, level: str = "INFO", clock: Clock | None = None
) -> Iterator[tuple[Stream, logs.LogWriter]]:
    """The logging of a process, put back afterwards as it was."""
    root, ours = logging.getLogger(), logging.getLogger("kps")
    before = (root.handlers[:], root.level, ours.level)
    for handler in before[0]:
        # The test runner's own handlers must not be closed.
        root.removeHandler(handler)
    stream = Stream()
    writer = logs.start_logging(form, level, clock=clock or Clock(), stream=stream)
    try:
        yield stream, writer
    finally:
        writer.close()
        root.handlers[:], root.level, ours.level = before[0], before[1], before[2]
        root.setLevel(before[1])
        ours.setLevel(before[2])


def said(form: str, words: str, *args: object, name: str = "kps.test", **more: Any) -> str:
    """The one line that a log call leaves."""
    with logging_as(form) as (stream, writer):
        logging.getLogger(name).warning(words, *args, **more)
        writer.flush()
        (line,) = stream.lines()
    return line


# The form of a line


def test_a_line_for_people_has_time_level_process_logger_and_words() -> None:
    time, level, process, name, words = said(logs.TEXT, "worker %d ended", 3).split(" ", 4)
    assert time.endswith("Z")
    assert time[10] == "T"
    assert (level, name, words) == ("WARNING", "kps.test", "worker 3 ended")
    assert process.isdecimal()


def test_a_line_for_programs_is_one_json_object() -> None:
    told = json.loads(said(logs.JSON, "worker %d ended: Şule", 3))
    assert told["message"] == "worker 3 ended: Şule"
    assert (told["level"], told["logger"]) == ("WARNING", "kps.test")
    assert set(told) == {"time", "level", "process", "logger", "message"}


@pytest.mark.parametrize("form", [logs.TEXT, logs.JSON])
def test_nothing_that_a_line_says_makes_a_second_line_or_moves_a_terminal(form: str) -> None:
    line = said(form, "%s", HOSTILE)
    assert line.isprintable()
    assert "dört" in line
    if form == logs.JSON:
        assert json.loads(line)["message"] == HOSTILE


@given(st.text())
def test_any_text_becomes_one_line_of_printable_letters(text: str) -> None:
    line = logs.one_line(text)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert not any(unicodedata.category(letter).startswith("C") for letter in line)
    if text.isprintable():
        assert line == text


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_survives_json_letter_by_letter(text: str) -> None:
    record = logging.LogRecord("kps.test", logging.INFO, "", 0, "%s", (text,), None)
    line = logs.as_json(record)
    assert line.isprintable()
    assert json.loads(line)["message"] == text


def test_a_line_is_not_longer_than_its_bound() -> None:
    assert len(said(logs.TEXT, "%s", "x" * 100_000)) < logs.LINE_CHARACTERS_MAX + 100
    assert len(said(logs.JSON, "%s", "x" * 100_000)) < logs.LINE_CHARACTERS_MAX + 200


# What is not said


@pytest.mark.parametrize("form", [logs.TEXT, logs.JSON])
@pytest.mark.parametrize("name", ["kps.test", "uvicorn.error"])
def test_an_exception_shows_its_class_and_its_place_and_never_its_text(
    form: str, name: str
) -> None:
    try:
        raise ValueError(PERSON)
    except ValueError as failure:
        line = said(form, "it broke", name=name, exc_info=failure)
    assert "it broke: ValueError at test_logs.py:" in line
    assert "Ayşe" not in line
    assert "Traceback" not in line


def test_an_exception_that_nobody_raised_shows_its_class() -> None:
    assert said(logs.TEXT, "odd", exc_info=KeyError(PERSON)).endswith("odd: KeyError")


def test_of_a_library_only_its_own_words_are_kept() -> None:
    line = said(logs.TEXT, "bad header %s", PERSON, name="uvicorn.error")
    assert line.endswith("uvicorn.error bad header %s")
    line = said(logs.TEXT, f"Task exception\nfuture: {PERSON}", name="asyncio")
    assert line.endswith("asyncio the event loop met something unforeseen")
    assert said(logs.TEXT, f"first\n{PERSON}", name="somebody").endswith("somebody first")


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_libraries_never_speak_below_warning(level: str) -> None:
    with logging_as(level=level) as (stream, writer):
        for name in ("signxml", "uvicorn.error", "sqlalchemy.engine", "asyncio", "another.package"):
            logging.getLogger(name).debug("%s", PERSON)
            logging.getLogger(name).info("%s", PERSON)
        for name in ("debug", "info", "warning", "error"):
            getattr(logging.getLogger("kps.test"), name)(name)
        writer.flush()
        words = [line.split(" ")[-1] for line in stream.lines()]
    every = ["debug", "info", "warning", "error"]
    assert words == every[every.index(level.casefold()) :]


def test_a_line_whose_values_do_not_fit_is_told_without_them() -> None:
    line = said(logs.TEXT, "%d persons", PERSON)
    assert line.endswith("kps.logs a line of kps.test cannot be written: TypeError")


# What callers can repeat


def lines_of(name: str, count: int, clock: Clock) -> list[str]:
    with logging_as(clock=clock) as (stream, writer):
        for _ in range(count):
            logging.getLogger(name).warning("Invalid HTTP request received.")
        writer.flush()
        clock.now += logs.WINDOW_SECONDS
        logging.getLogger("kps.other").warning("later")
        writer.flush()
        return stream.lines()


@pytest.mark.parametrize("name", ["uvicorn.error", "kps.doorway"])
def test_the_same_line_again_and_again_is_told_a_few_times_and_then_counted(name: str) -> None:
    lines = lines_of(name, 1_000, Clock())
    assert len(lines) == logs.LIKE_LINES_MAX + 2
    sentence = "995 more lines like this one: Invalid HTTP request received."
    assert lines[-1].endswith(f"kps.logs {sentence}")


def test_a_few_lines_are_not_counted_and_lines_of_ours_are_all_told() -> None:
    assert len(lines_of("uvicorn.error", logs.LIKE_LINES_MAX, Clock())) == logs.LIKE_LINES_MAX + 1
    assert len(lines_of("kps.agreements", 50, Clock())) == 51


def test_after_a_minute_the_line_is_told_again() -> None:
    clock = Clock()
    sparing = logs.Sparing(clock)
    record = logging.LogRecord("uvicorn", logging.WARNING, "", 0, "again", (), None)
    assert [sparing.lets_through(record) for _ in range(7)] == [True] * 5 + [False] * 2
    assert sparing.ended() == []
    clock.now = logs.WINDOW_SECONDS
    (told,) = sparing.ended()
    assert told.getMessage() == "2 more lines like this one: again"
    assert sparing.lets_through(record)


def test_different_lines_without_end_share_one_count() -> None:
    sparing = logs.Sparing(Clock())
    passed = 0
    for number in range(3_000):
        record = logging.LogRecord("x", logging.WARNING, "", 0, f"line {number}", (), None)
        passed += sparing.lets_through(record)
    assert passed == 500 + logs.LIKE_LINES_MAX


# Nobody is held up


def test_lines_that_cannot_be_written_are_lost_and_counted() -> None:
    with logging_as() as (stream, writer):
        stream.full = True
        for _ in range(3):
            logging.getLogger("kps.test").error("lost")
        writer.flush()
        assert (writer.dropped, logs.lines_dropped()) == (3, 3)
        stream.full = False
        logging.getLogger("kps.test").error("kept")
        writer.flush()
        assert [line.split(" ")[-1] for line in stream.lines()] == ["kept"]


def test_a_stream_that_hangs_holds_up_nobody_who_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "WAITING_MAX", 100)
    monkeypatch.setattr(logs, "_FLUSH_SECONDS", 0.05)
    go_on, hanging = threading.Event(), threading.Event()

    class Hanging(Stream):
        def write(self, text: str, /) -> int:
            hanging.set()
            go_on.wait(10)
            return super().write(text)

    stream = Hanging()
    writer = logs.LogWriter(stream, logs.TEXT, clock=Clock())
    record = logging.LogRecord("kps.test", logging.INFO, "", 0, "line", (), None)
    writer.handle(record)
    assert hanging.wait(10)
    for _ in range(250):
        writer.handle(record)
    writer.flush()
    # The one who waits for the flush waits in the line too.
    assert writer.dropped in (150, 151)
    go_on.set()
    writer.close()


def test_what_was_said_last_is_written_before_the_end() -> None:
    with logging_as() as (stream, writer):
        for number in range(2_000):
            logging.getLogger("kps.test").info("line %d", number)
        writer.close()
        assert stream.lines()[-1].endswith("line 1999")
        assert len(stream.lines()) == 2_000
        # Closing twice, and waiting for a writer that has ended, are no errors.
        writer.flush()
        writer.close()


# One line a request


def requests(which: str, form: str = logs.JSON, **changes: Any) -> list[str]:
    with logging_as(form) as (stream, writer):
        logs.RequestLog(which).told(exchange_of(**changes), Answer(200, (), b"<x/>"), 1_234_567)
        writer.flush()
        return stream.lines()


def test_a_request_leaves_one_line_that_says_what_became_of_it() -> None:
    (line,) = requests(logs.ALL)
    told = json.loads(line)
    assert {name: told[name] for name in list(told)[5:]} == {
        "request": "istek-1",
        "door": "direct",
        "service": "KisiSorgulaTCKimlikNoServis",
        "version": "2011/01/01",
        "institution": "B-34-0417",
        "outcome": 0,
        "refusal": "-",
        "status": 200,
        "duration_us": 1234,
    }
    assert told["logger"] == "kps.requests"
    (line,) = requests(logs.ALL, logs.TEXT, refusal="QuotaFull", outcome=401, institution="")
    assert line.endswith(
        "kps.requests istek-1 direct KisiSorgulaTCKimlikNoServis 2011/01/01 -: "
        "outcome 401, refusal QuotaFull, status 200, 1234 µs"
    )


@pytest.mark.parametrize("form", [logs.TEXT, logs.JSON])
def test_the_line_of_a_request_names_no_person_no_account_and_no_address(form: str) -> None:
    (line,) = requests(logs.ALL, form)
    for secret in ("Ayşe", "10000000215", "KRM-34-0417", "203.0.113.10"):
        assert secret not in line


def test_an_operator_may_want_only_refused_requests_or_none() -> None:
    assert requests(logs.REFUSED) == []
    assert len(requests(logs.REFUSED, refusal="QuotaFull")) == 1
    assert requests(logs.NO_REQUESTS, refusal="QuotaFull") == []


def test_where_only_warnings_are_wanted_requests_leave_no_line() -> None:
    with logging_as(level="WARNING") as (stream, writer):
        logs.RequestLog(logs.ALL).told(exchange_of(), Answer(200, (), b""), 1)
        writer.flush()
        assert stream.lines() == []
