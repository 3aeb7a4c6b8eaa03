"""Who asked about a person: the report to which the person has a right (KVKK Art. 11).

It tells institutions, days, services, purposes and how often, and names no employee unless that
is asked for.  Looks into the evidence by the operator's own auditors are no answers to anybody
and are not in it.  What an order keeps secret is held back until its day: the record of the
report counts it, the report does not show that there is anything.

The report is made first, then recorded, then handed over: without its record nobody sees it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, Engine

from kps_soap.audit.conditions import Criteria, Position
from kps_soap.audit.keys import Keyring
from kps_soap.audit.months import ISTANBUL
from kps_soap.audit.orders import Kind, Order, in_force
from kps_soap.audit.search import PAGE_MAX, Asker, Found, find, look_entry
from kps_soap.entry import Entry, Event

#: The events that are somebody's question about a person.
_QUESTIONS: Final = frozenset(
    event.value
    for event in (
        *(Event.QUERY, Event.REPETITION, Event.VERIFICATION, Event.INFORMATION),
        Event.REFUSAL,
    )
)


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """What one institution asked on one day; ``institution`` is empty in the public door.

    ``answered`` and ``refused`` say whether it got an answer.  ``account`` and ``inquirer`` are
    empty in a report without staff.
    """

    day: date
    institution: str
    service: str
    purpose: str
    answered: bool
    account: str
    inquirer: str
    times: int


@dataclass(frozen=True, slots=True)
class PersonReport:
    """Who asked about ``person``, newest day first."""

    person: int
    made_at: datetime
    with_staff: bool
    lines: tuple[Line, ...]

    @property
    def times(self) -> int:
        return sum(line.times for line in self.lines)


def report(
    engine: Engine,
    keyring: Keyring,
    person: int,
    *,
    asker: Asker,
    record: Callable[[Entry], None],
    with_staff: bool = False,
    since: datetime | None = None,
    until: datetime | None = None,
) -> PersonReport:
    """Make and record the report.

    Raises ``ReasonMissing``, ``EvidenceUnavailable``, and ``MonthUnreadable`` where a month's key
    is not to be had: an incomplete report would look complete.
    """
    words = {"report": "person", "person": person, "staff": with_staff}
    # Said before anything is looked for: nobody looks without a reason.
    look_entry(asker, words)
    criteria = Criteria(person=person, since=since, until=until)
    counts: Counter[Line] = Counter()
    held_back = 0
    with engine.connect() as connection, connection.begin():
        secret = in_force(connection, keyring, Kind.SECRECY, now=asker.at)
        for found in _questions(connection, keyring, criteria):
            if is_secret(found, person, secret):
                held_back += 1
            else:
                counts[_line(found, with_staff=with_staff)] += 1
    entry = look_entry(asker, {**words, "told": counts.total(), "held_back": held_back})
    entry.persons = [person]
    record(entry)
    lines = [_times(line, times) for line, times in counts.items()]
    return PersonReport(person, asker.at, with_staff, tuple(sorted(lines, key=_newest_first)))


def _questions(connection: Connection, keyring: Keyring, criteria: Criteria) -> Iterator[Found]:
    after: Position | None = None
    while True:
        page = find(connection, keyring, criteria, limit=PAGE_MAX, after=after)
        yield from (one for one in page.found if one.columns["event"] in _QUESTIONS)
        if page.next is None:
            return
        after = page.next


def is_secret(found: Found, person: int, orders: Sequence[Order]) -> bool:
    """Does one of these orders keep this record from the person concerned?"""
    return any(_is_about(order, found, person) for order in orders)


def _is_about(order: Order, found: Found, person: int) -> bool:
    scope, time = order.scope, found.received_at
    return (
        scope.person in (None, person)
        and scope.institution in (None, found.columns["institution"])
        and scope.case_number in (None, found.columns["case_number"])
        and (scope.since is None or (time is not None and time >= scope.since))
        and (scope.until is None or (time is not None and time < scope.until))
    )


def _line(found: Found, *, with_staff: bool) -> Line:
    """The line that a record belongs to, not counted yet."""
    columns = found.columns
    time = found.received_at or datetime.min.replace(tzinfo=ISTANBUL)
    return Line(
        day=time.astimezone(ISTANBUL).date(),
        institution=columns["institution"] or "",
        service=columns["service"] or "",
        purpose=columns["purpose"] or "",
        answered=columns["refusal"] is None,
        account=(columns["account"] or "") if with_staff else "",
        inquirer=(columns["inquirer"] or "") if with_staff else "",
        times=0,
    )


def _times(line: Line, times: int) -> Line:
    return Line(
        line.day,
        line.institution,
        line.service,
        line.purpose,
        line.answered,
        line.account,
        line.inquirer,
        times,
    )


def _newest_first(line: Line) -> tuple[int, Line]:
    return -line.day.toordinal(), line
