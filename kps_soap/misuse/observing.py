"""What one worker sees of its callers, added up in memory until it is written down.

For each user and ten minutes: calls, criteria, those that matched nobody, different numbers and
those of them next to one asked shortly before, answers about people of the inquirer's own
surname; and which inquirers asked about which person.  Identity numbers are held here until the
next ``drain`` and never leave but as digests.  Memory is bounded: what does not fit is not seen.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from kps_soap.audit.months import day_of
from kps_soap.entry import Entry, Event
from kps_soap.faults import Outcome
from kps_soap.misuse.rules import SLOT, Tally

#: How near two numbers are neighbours: their first nine digits differ by no more.
NEIGHBOURHOOD: Final = 10

_USERS_MAX: Final = 5_000
_NUMBERS_OF_A_USER: Final = 256
_TALLIES_MAX: Final = 50_000
_SUBJECTS_MAX: Final = 100_000

#: Events that are no answer about a person.
_NO_QUERY: Final = frozenset(
    {
        Event.REFUSAL,
        Event.TOKEN,
        Event.RECEIPT,
        Event.INFORMATION,
        Event.REPETITION,
        Event.ROSTER_REPLACED,
        Event.PASSWORD_SET,
    }
)


class Subject(NamedTuple):
    """An inquirer asked about a person on a day."""

    day: str
    number: int
    institution: str
    inquirer: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What was seen since the last one."""

    tallies: tuple[Tally, ...] = ()
    subjects: frozenset[Subject] = frozenset()


@dataclass(slots=True)
class _Sum:
    agreement: str
    calls: int = 0
    criteria: int = 0
    not_found: int = 0
    neighbours: int = 0
    namesakes: int = 0
    different: int = 0


@dataclass(slots=True)
class _Numbers:
    """The numbers (without check digits) that a user asked about last."""

    order: deque[int] = field(default_factory=deque)
    held: set[int] = field(default_factory=set)

    def note(self, stem: int, total: _Sum) -> None:
        """Remember and count a number, unless it is held, and whether it lies next to one."""
        held = self.held
        if stem in held:
            return
        near = range(stem - NEIGHBOURHOOD, stem + NEIGHBOURHOOD + 1)
        total.different += 1
        total.neighbours += not held.isdisjoint(near)
        held.add(stem)
        self.order.append(stem)
        if len(self.order) > _NUMBERS_OF_A_USER:
            held.discard(self.order.popleft())


class _Slot(NamedTuple):
    """Ten minutes: their number since 1970, their beginning (UTC), their day in Istanbul."""

    number: int
    begins: datetime
    day: str


_Key = tuple[datetime, str, str, str, str]


class Observer:
    """One worker's eyes.  Called in the event loop only, but for ``drain``'s result."""

    def __init__(self) -> None:
        self._sums: dict[_Key, _Sum] = {}
        self._subjects: set[Subject] = set()
        self._numbers: OrderedDict[tuple[str, str, str], _Numbers] = OrderedDict()
        self._needles: Mapping[tuple[str, str], bytes] = {}
        self._slot = _Slot(-1, datetime.fromtimestamp(0, UTC), "")

    def know_surnames(self, surnames: Mapping[tuple[str, str], str]) -> None:
        """The inquirers' surnames by institution and inquirer, as the register writes them."""
        self._needles = {
            user: f"Soyad>{surname}<".encode() for user, surname in surnames.items() if surname
        }

    def see(self, entry: Entry) -> None:
        """Add up what a recorded entry says; never raises."""
        if not entry.institution or not entry.agreement or entry.event in _NO_QUERY:
            return
        slot = self._slot_of(entry.received_at)
        key = (
            slot.begins,
            entry.institution,
            entry.account,
            entry.inquirer,
            entry.source_address,
        )
        total = self._sums.get(key)
        if total is None:
            if len(self._sums) >= _TALLIES_MAX:
                return
            total = self._sums[key] = _Sum(entry.agreement)
        total.calls += 1
        total.criteria += len(entry.criterion_outcomes)
        total.not_found += entry.criterion_outcomes.count(Outcome.NOT_FOUND)
        if entry.persons:
            self._note_numbers(entry, total)
            total.namesakes += self._is_about_a_namesake(entry)
            self._note_subjects(entry, slot.day)

    def drain(self) -> Batch:
        """What was seen since the last time."""
        sums, self._sums = self._sums, {}
        subjects, self._subjects = self._subjects, set()
        tallies = tuple(
            Tally(
                *key,
                one.agreement,
                one.calls,
                one.criteria,
                one.not_found,
                one.neighbours,
                one.namesakes,
                one.different,
            )
            for key, one in sums.items()
        )
        return Batch(tallies, frozenset(subjects))

    def _note_numbers(self, entry: Entry, total: _Sum) -> None:
        user = (entry.institution, entry.account, entry.inquirer)
        numbers = self._numbers.get(user)
        if numbers is None:
            numbers = self._numbers[user] = _Numbers()
            if len(self._numbers) > _USERS_MAX:
                self._numbers.popitem(last=False)
        else:
            self._numbers.move_to_end(user)
        asked: Iterable[int] = entry.persons[: len(entry.criterion_outcomes)]
        for number in asked:
            numbers.note(number // 100, total)

    def _is_about_a_namesake(self, entry: Entry) -> bool:
        needle = self._needles.get((entry.institution, entry.inquirer))
        return needle is not None and (needle in entry.answer or needle in entry.question)

    def _slot_of(self, moment: datetime) -> _Slot:
        """The ten minutes to which a moment belongs: mostly those of the last one."""
        number = int(moment.timestamp()) // SLOT.seconds
        if number != self._slot.number:
            begins = datetime.fromtimestamp(number * SLOT.seconds, UTC)
            self._slot = _Slot(number, begins, day_of(begins))
        return self._slot

    def _note_subjects(self, entry: Entry, day: str) -> None:
        if entry.inquirer and len(self._subjects) < _SUBJECTS_MAX:
            for number in entry.persons:
                self._subjects.add(Subject(day, number, entry.institution, entry.inquirer))
