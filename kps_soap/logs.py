"""The log: one line an event, as text or as JSON, written behind the back of whoever logs.

A thread writes, so that a full disk or a slow reader of standard error never holds up an answer;
lines that cannot be written are dropped and counted.  Whatever a line says, it is one line:
control characters, line separators and marks that turn the direction of writing are escaped
(CWE-117).  Traces are never written: an exception shows as its class and its place, because its
text may quote a caller.  For the same reason only ``kps`` loggers may speak below WARNING, and
of what a library says only the words of its own source are kept, never what it put into them.

What callers can make a library say again and again is told a few times a minute, then counted.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from traceback import walk_tb
from typing import Any, Final, Protocol

from kps_soap.gateway import Answer, Exchange

TEXT: Final = "text"
JSON: Final = "json"

#: Which requests leave a line in the log.
ALL: Final = "all"
REFUSED: Final = "refused"
NO_REQUESTS: Final = "none"

LINE_CHARACTERS_MAX: Final = 8_192
WAITING_MAX: Final = 20_000
#: Lines of one kind that are written in a window, where callers can cause them.
LIKE_LINES_MAX: Final = 5
WINDOW_SECONDS: Final = 60.0

_KINDS_MAX: Final = 500
_LINES_AT_A_TIME: Final = 500
#: A line is written at most so much later.  The thread looks by itself: waking it for each line
#: costs a busy gateway two changes of threads a request.
_LOOK_SECONDS: Final = 0.1
_FLUSH_SECONDS: Final = 2.0

#: Libraries that could print a request, or the text that was signed.
_HELD: Final = (
    *("uvicorn", "uvicorn.error", "uvicorn.access", "spyne", "signxml", "alembic", "sqlalchemy"),
    *("asyncio", "prometheus_client", "httpx", "httpcore", "zeep"),
)
#: Loggers of ours whose lines callers can cause without end.
_CAUSED_BY_CALLERS: Final = frozenset({"kps.doorway"})


class Stream(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


def one_line(text: str) -> str:
    """Text that is one line and that no terminal obeys, of a bounded length."""
    text = text[:LINE_CHARACTERS_MAX]
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")


def _json_escaped(letter: str) -> str:
    if letter.isprintable():
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.startswith("kps.")


def words_of(record: logging.LogRecord) -> str:
    """What a record says, without what a library may have put into it."""
    if _is_ours(record):
        return record.getMessage() + _exception_of(record)
    if record.name == "asyncio":
        # Its words are put together with the representation of whatever failed.
        return f"the event loop met something unforeseen{_exception_of(record)}"
    first, _, _ = str(record.msg).partition("\n")
    return first + _exception_of(record)


def _exception_of(record: logging.LogRecord) -> str:
    """Class and place of a record's exception; its text may hold a person's data."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    kind, _, trace = record.exc_info
    frames = list(walk_tb(trace))
    if not frames:
        return f": {kind.__name__}"
    frame, line = frames[-1]
    return f": {kind.__name__} at {PurePath(frame.f_code.co_filename).name}:{line}"


def _time_of(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_text(record: logging.LogRecord) -> str:
    """A line for people."""
    head = f"{_time_of(record)} {record.levelname} {record.process} {record.name}"
    return f"{head} {one_line(words_of(record))}"


def as_json(record: logging.LogRecord) -> str:
    """A line for programs: one JSON object."""
    fields: Mapping[str, Any] = getattr(record, "fields", {})
    told = {
        "time": _time_of(record),
        "level": record.levelname,
        "process": record.process,
        "logger": record.name,
        "message": words_of(record)[:LINE_CHARACTERS_MAX],
        **fields,
    }
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=str)
    return text if text.isprintable() else "".join(map(_json_escaped, text))


_FORMS: Final[Mapping[str, Callable[[logging.LogRecord], str]]] = {TEXT: as_text, JSON: as_json}


@dataclass(slots=True)
class _Window:
    """How often lines of one kind came since the window began."""

    record: logging.LogRecord
    until: float
    count: int = 1


class Sparing:
    """Lets a few lines of one kind through each minute, and says how many it kept back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}
        # Not the handler's: that one is held while the log is waited for at the end.
        self._lock = threading.Lock()

    def lets_through(self, record: logging.LogRecord) -> bool:
        if _is_ours(record) and record.name not in _CAUSED_BY_CALLERS:
            return True
        key = (record.name, str(record.msg)[:100])
        with self._lock:
            if key not in self._windows and len(self._windows) >= _KINDS_MAX:
                key = (record.name, "")
            window = self._windows.get(key)
            if window is None:
                self._windows[key] = _Window(record, self._clock() + WINDOW_SECONDS)
                return True
            window.count += 1
            return window.count <= LIKE_LINES_MAX

    def ended(self) -> list[logging.LogRecord]:
        """What to say of the windows that are over."""
        now, told = self._clock(), []
        with self._lock:
            over = [key for key, window in self._windows.items() if window.until <= now]
            windows = [self._windows.pop(key) for key in over]
        for window in windows:
            kept_back = window.count - LIKE_LINES_MAX
            if kept_back > 0:
                old = window.record
                words = f"{kept_back} more lines like this one: {words_of(old)}"
                told.append(logging.LogRecord("kps.logs", old.levelno, "", 0, "%s", (words,), None))
        return told


class LogWriter(logging.Handler):
    """Takes records from every thread; a thread of its own writes them."""

    def __init__(self, stream: Stream, form: str, *, clock: Callable[[], float]) -> None:
        super().__init__()
        self.dropped = 0
        self._stream = stream
        self._form = _FORMS[form]
        self._sparing = Sparing(clock)
        self._waiting: deque[logging.LogRecord] = deque()
        self._wake = threading.Event()
        self._flushed: deque[threading.Event] = deque()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="kps-log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Leave a record to the thread; it is never waited for."""
        if not self._sparing.lets_through(record):
            return
        if len(self._waiting) >= WAITING_MAX:
            self.dropped += 1
        else:
            self._waiting.append(record)

    def flush(self) -> None:
        """Wait, for a moment at most, until everything so far is written."""
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            written = threading.Event()
            self._flushed.append(written)
            self._wake.set()
            written.wait(_FLUSH_SECONDS)

    def close(self) -> None:
        """Write what waits and end the thread."""
        if self._thread.is_alive():
            self._ending = True
            self._wake.set()
            self._thread.join(_FLUSH_SECONDS)
        super().close()

    def _run(self) -> None:
        going_on = True
        while going_on:
            self._wake.wait(_LOOK_SECONDS)
            self._wake.clear()
            # Whatever was said before these were asked for is in what is written now.
            going_on, flushed = not self._ending, list(self._flushed)
            for _ in flushed:
                self._flushed.popleft()
            self._write_all()
            for event in flushed:
                event.set()

    def _write_all(self) -> None:
        """What waits now, some lines at a time; what comes meanwhile has its turn next."""
        left, told = len(self._waiting), self._sparing.ended()
        while left or told:
            count = min(left, _LINES_AT_A_TIME)
            self._write([self._waiting.popleft() for _ in range(count)] + told)
            left, told = left - count, []

    def _write(self, records: list[logging.LogRecord]) -> None:
        if not records:
            return
        try:
            self._stream.write("".join(f"{self._line(record)}\n" for record in records))
            self._stream.flush()
        except (OSError, ValueError):
            self.dropped += len(records)

    def _line(self, record: logging.LogRecord) -> str:
        try:
            return self._form(record)
        except Exception as surprise:
            # Arguments that do not fit their words must not be printed by the logging module.
            words = f"a line of {record.name} cannot be written: {type(surprise).__name__}"
            return self._form(
                logging.LogRecord("kps.logs", logging.ERROR, "", 0, "%s", (words,), None)
            )


def start_logging(
    form: str, level: str, *, clock: Callable[[], float], stream: Stream | None = None
) -> LogWriter:
    """Send all loggers of this process to a stream, standard error unless told otherwise."""
    writer = LogWriter(sys.stderr if stream is None else stream, form, clock=clock)
    logging.basicConfig(level=logging.WARNING, handlers=[writer], force=True)
    # No line shows these; finding out the place of a call costs as much as the line itself.
    logging.logThreads = False
    logging.logMultiprocessing = False
    logging._srcfile = None  # Named for this by the documentation of the module.
    logging.getLogger("kps").setLevel(level)
    for name in _HELD:
        logging.getLogger(name).setLevel(logging.WARNING)
    return writer


_REQUEST_WORDS: Final = "%s %s %s %s %s: outcome %d, refusal %s, status %d, %d µs"


def lines_dropped() -> int:
    """How many lines of this process were lost so far."""
    handlers = logging.getLogger().handlers
    return sum(one.dropped for one in handlers if isinstance(one, LogWriter))


class RequestLog:
    """One line an answered request: who asked by institution, what, and what became of it.

    Neither the human nor the account, neither the address nor anything of the message.
    ``which`` is ALL, REFUSED or NO_REQUESTS.
    """

    def __init__(self, which: str) -> None:
        self._log = logging.getLogger("kps.requests")
        self._which = which

    def told(self, exchange: Exchange, answer: Answer, took_ns: int) -> None:
        entry = exchange.entry
        if self._which == NO_REQUESTS or (self._which == REFUSED and not entry.refusal):
            return
        if not self._log.isEnabledFor(logging.INFO):
            return
        fields = {
            "request": entry.request_id,
            "door": entry.door,
            "service": entry.service or "-",
            "version": entry.version or "-",
            "institution": entry.institution or "-",
            "outcome": int(entry.outcome),
            "refusal": entry.refusal or "-",
            "status": answer.status,
            "duration_us": took_ns // 1000,
        }
        self._log.info(_REQUEST_WORDS, *fields.values(), extra={"fields": fields})
