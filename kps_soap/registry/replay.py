"""I18 and I5, I11: the events of the register, told again from the beginning.

Who replays the events of a citizen in their order must arrive at the citizen's row: names, place
in the register, status, civil status.  Births are held against the marriage they belong to, and
brothers and sisters against their numbers.  Rows come sorted from the database and are looked at
one person at a time, so that a large register needs no large memory.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from kps_soap.registry.calendar_days import interval
from kps_soap.registry.chronicle import CLOSING
from kps_soap.registry.loading import Row, driver_rows
from kps_soap.registry.meanings import CivilStatus, EventKind, Status
from kps_soap.registry.rules import Register, Violation
from kps_soap.turkish import ascii_lower

#: Own events, and the deaths of spouses as they are felt on the other side.
_EVENTS: Final = (
    "SELECT number, record_no, kind_code, happened, registered, registry_district_code,"
    " volume_code, family_no, member_no, given_name, surname, 0 AS felt FROM events"
    " UNION ALL SELECT counterpart_number, record_no, kind_code, happened, registered,"
    " NULL, NULL, NULL, NULL, NULL, NULL, 1 FROM events"
    " WHERE kind_code = {death} AND counterpart_number IS NOT NULL ORDER BY 1, 2"
)
_CITIZENS: Final = (
    "SELECT number, given_name, surname, registry_district_code, volume_code, family_no,"
    " member_no, status_code, civil_status_code, died FROM citizens ORDER BY 1"
)
_BIRTHS: Final = (
    "SELECT c.number, c.born, m.married, m.ended FROM citizens c LEFT JOIN marriages m"
    " ON m.husband_number = c.father_number AND m.wife_number = c.mother_number"
    " WHERE c.father_number IS NOT NULL AND NOT EXISTS (SELECT 1 FROM events e"
    " WHERE e.number = c.number AND e.kind_code IN ({acknowledgement}, {adoption}))"
    " ORDER BY 1"
)
_SIBLINGS: Final = (
    "SELECT c.father_number, c.mother_number, e.registry_district_code, e.volume_code,"
    " e.family_no, e.member_no, c.born FROM citizens c JOIN events e ON e.number = c.number"
    " WHERE e.kind_code = {birth} AND c.father_number IS NOT NULL"
    " AND c.mother_number IS NOT NULL ORDER BY 1, 2, 3, 4, 5, 6"
)
LATE_BIRTH_DAYS: Final = 300


def _rows(register: Register, statement: str) -> Iterator[Row]:
    """The rows of a statement in which event kinds stand by name."""
    kinds = {ascii_lower(kind.name): register.book.number[kind] for kind in EventKind}
    for rows in driver_rows(register.connection, statement.format(**kinds)):
        yield from rows


class _State:
    """A citizen in the course of the replay."""

    def __init__(self, register: Register) -> None:
        number = register.book.number
        self.number = number
        self.names: list[Any] = [None, None]
        self.place: Row = ()
        self.status = number[Status.OPEN]
        self.civil_status = number[CivilStatus.SINGLE]
        self.died: object = None
        self.in_order = True
        self._last = 0
        self._closing = {number[kind] for kind in CLOSING}
        self._statuses = {
            number[EventKind.MARRIAGE]: number[CivilStatus.MARRIED],
            number[EventKind.DIVORCE]: number[CivilStatus.DIVORCED],
            number[EventKind.ANNULMENT]: number[CivilStatus.ANNULLED],
        }
        self._death = number[EventKind.DEATH]
        self._beginnings = {number[EventKind.BIRTH], number[EventKind.NATURALISATION]}

    def take(self, event: Row) -> None:
        """One more event."""
        _, _, kind, happened, registered, *place, given_name, surname, felt = event
        self._order(happened, registered, kind)
        if felt:
            self.civil_status = self.number[CivilStatus.WIDOWED]
            return
        if given_name is not None or kind in self._beginnings:
            self.names = [given_name, surname]
        self.place = tuple(place)
        if kind in self._statuses:
            self.civil_status = self._statuses[kind]
        elif kind == self._death:
            self.status, self.died = self.number[Status.DECEASED], happened
        elif kind in self._closing:
            self.status = self.number[Status.CLOSED]

    def _order(self, happened: object, registered: object, kind: object) -> None:
        """Events come one after the other, and are entered after they happened."""
        begins = not self._last and kind not in self._beginnings
        known = interval(happened) if isinstance(happened, int) else None
        entered = interval(registered) if isinstance(registered, int) else None
        if begins or known is None or entered is None:
            self.in_order = False
            return
        if known[1] < self._last or entered[1] < known[0]:
            self.in_order = False
        self._last = known[0]

    def is_like(self, row: Row) -> bool:
        """Whether the citizen's row says the same."""
        _, given_name, surname, *place, status, civil_status, died = row
        return (
            self.names == [given_name, surname]
            and self.place == tuple(place)
            and (self.status, self.civil_status, self.died) == (status, civil_status, died)
        )


def check_replay(register: Register) -> Iterator[Violation]:
    """I18: events are in order and explain the state of today; nobody is without, nor extra."""
    disorder = different = strangers = 0
    told = groupby(_rows(register, _EVENTS), key=itemgetter(0))
    current = next(told, None)
    for row in _rows(register, _CITIZENS):
        while current is not None and _before(current[0], row[0]):
            strangers += 1
            current = next(told, None)
        state = _State(register)
        if current is not None and current[0] == row[0]:
            for event in current[1]:
                state.take(event)
            current = next(told, None)
        disorder += not state.in_order
        different += not state.is_like(row)
    strangers += (current is not None) + sum(1 for _ in told)
    if disorder:
        yield Violation("I18", "the events of a citizen are out of order", disorder)
    if different:
        yield Violation("I18", "the events do not explain a citizen's state", different)
    if strangers:
        yield Violation("I18", "there are events of nobody", strangers)


def _before(left: object, right: object) -> bool:
    return isinstance(left, int) and isinstance(right, int) and left < right


def check_births(register: Register) -> Iterator[Violation]:
    """I5: a child of a married father is born in the marriage or within 300 days of its end."""
    outside = 0
    for _, rows in groupby(_rows(register, _BIRTHS), key=itemgetter(0)):
        outside += not any(_within(row) for row in rows)
    if outside:
        yield Violation("I5", "a child was born outside its parents' marriage", outside)


def _within(row: Row) -> bool:
    _, born, married, ended = row
    if not isinstance(born, int) or not isinstance(married, int):
        return False
    birth, wedding = interval(born), interval(married)
    if birth is None or wedding is None or birth[1] < wedding[0]:
        return False
    end = interval(ended) if isinstance(ended, int) else None
    return end is None or birth[0] <= end[1] + LATE_BIRTH_DAYS


def check_siblings(register: Register) -> Iterator[Violation]:
    """I11: brothers and sisters stand in their line in the order of their births."""
    reversed_ = 0
    for _, rows in groupby(_rows(register, _SIBLINGS), key=itemgetter(0, 1, 2, 3, 4)):
        last = 0
        for *_, born in rows:
            known = interval(born) if isinstance(born, int) else None
            if known is None:
                continue
            reversed_ += known[1] < last
            last = max(last, known[0])
    if reversed_:
        yield Violation("I11", "a younger sibling stands before an elder one", reversed_)
