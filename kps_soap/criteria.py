"""What may be asked about a person, and what became of each criterion of a call.

``check`` reads one criterion after its XSD: the number's shape and checksum (domain.md §3.7),
the demanded birth date (design D20).  ``Enquiry`` is what a published operation gets in its
hands: who asks, and the criteria, which it walks in order; it asks the register through the
operation's own question and keeps one outcome a criterion.  This room raises nothing about a
criterion, knows no XML and decides no permission.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from kps_soap import identity_number
from kps_soap.entry import Entry, Event
from kps_soap.faults import PUBLISHED_CODE_OF_OUTCOME, PUBLISHED_NOTES, Outcome
from kps_soap.registry.records import PartialDate

if TYPE_CHECKING:
    from kps_soap.audit.receipt_search import KnownReceipt
    from kps_soap.page_keys import PageKeys
    from kps_soap.registry.store import Register

YEAR_MIN = 1800

Item = dict[str, Any]
Note = dict[str, Any]
Wants = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class CriteriaPolicy:
    """What a criterion must say (D2).

    ``number`` is the member that names the person by number; empty where a criterion describes
    a person or a place instead.  ``birth_date`` demands the year of birth.  ``demanded`` are
    further members without which a criterion is incomplete (102): each is one member, or
    several of which one is enough, divided by ``|``; a blank, 0 or false says nothing.
    ``wrong_per_day_max`` is how often in a day an institution may be wrong about one person
    before it is not answered about that person any more (402, §5.1); 0 where nobody counts.
    """

    number: str = ""
    birth_date: bool = False
    demanded: tuple[str, ...] = ()
    wrong_per_day_max: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """A criterion that may reach the register.

    ``number`` is 0 where the contract names nobody by number, ``born`` None where it asks for no
    birth date; ``criterion`` is the whole of it, by member, for what an operation asks besides.
    """

    number: int
    born: PartialDate | None = None
    criterion: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Blocked:
    """A criterion that does not reach the register; ``number`` only if it is a valid one.

    ``stated`` is the number as the caller sent it, to be repeated (wire B.5) and for no record.
    """

    number: int | None
    outcome: Outcome
    stated: int | None = field(default=None, compare=False)


Checked = Subject | Blocked


@dataclass(frozen=True, slots=True)
class Granted:
    """One version of one service as the asker's agreement grants it; ``fields`` are paths."""

    service: str
    version: str
    stage: str
    purposes: tuple[str, ...]
    fields: tuple[str, ...]


def _nothing_granted() -> Sequence[Granted]:
    return ()


async def _nobody(_numbers: Sequence[int]) -> frozenset[int]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as far as an operation may know it.  ``asked_at`` is aware UTC."""

    institution: str
    account: str
    inquirer: str
    source_address: str
    asked_at: datetime
    agreement: str
    agreement_digest: str
    granted: Callable[[], Sequence[Granted]] = _nothing_granted
    vouched_by: str = ""

    def acts(self, request_id: str, at: datetime, event: Event, detail: str) -> Entry:
        """The record of what the asker changes by a call, besides that of the call (design D6)."""
        return Entry(
            request_id,
            at,
            "",
            event,
            channel="SERVICE",
            source_address=self.source_address,
            institution=self.institution,
            agreement=self.agreement,
            agreement_digest=self.agreement_digest,
            account=self.account,
            inquirer=self.inquirer,
            detail=detail,
        )


class Receipts(Protocol):
    """Where the receipts of an asker's own calls are found (``audit.receipt_search``)."""

    async def find(self, text: str, asker: Asker, /) -> KnownReceipt | Outcome: ...


class Deposits(Protocol):
    """Where an asker's roster is changed (``depositing``)."""

    async def deposit(self, asker: Asker, action: str, numbers: Sequence[int], /) -> Any: ...


class PasswordChanges(Protocol):
    """Where an asker's account gets another password (``password_changes``)."""

    async def change(self, asker: Asker, password: str, /, *, keep_days: int) -> Any: ...


class Found(Protocol):
    """What an operation's question returns: enough to compare the birth date."""

    @property
    def born(self) -> PartialDate: ...

    @property
    def closed(self) -> bool: ...


def note_of(outcome: Outcome) -> Note | None:
    """The published ``HataBilgisi`` of an outcome, None for success (design §4, c)."""
    code = PUBLISHED_CODE_OF_OUTCOME[outcome]
    return None if code is None else {"Aciklama": PUBLISHED_NOTES[code], "Kod": code}


def check(
    criterion: Mapping[str, Any] | None,
    policy: CriteriaPolicy,
    *,
    year_max: int,
    accept_disjoint: bool = False,
) -> Checked:
    """Judge one criterion.  ``accept_disjoint`` holds for a synthetic register only (§4.1)."""
    if criterion is None:
        return Blocked(None, Outcome.MISSING)
    number = criterion.get(policy.number) if policy.number else 0
    if number is None:
        return Blocked(None, Outcome.MISSING)
    if policy.number and not number_is_good(number, accept_disjoint=accept_disjoint):
        return Blocked(None, Outcome.BAD_NUMBER, stated=number)
    known = number or None
    if not all(_says(criterion, member) for member in policy.demanded):
        return Blocked(known, Outcome.MISSING)
    if not policy.birth_date:
        return Subject(number, criterion=criterion)
    born = PartialDate(
        day=criterion.get("DogumGun") or None,
        month=criterion.get("DogumAy") or None,
        year=criterion.get("DogumYil") or None,
    )
    if born.year is None:
        return Blocked(known, Outcome.MISSING)
    if not date_is_possible(born, year_max=year_max):
        return Blocked(known, Outcome.BAD_DATE)
    return Subject(number, born, criterion)


def _says(criterion: Mapping[str, Any], member: str) -> bool:
    """Whether one of the members says something: 0, nil and absent are one value (D20)."""
    values = (criterion.get(name) for name in member.split("|"))
    return any(value.strip() if isinstance(value, str) else value for value in values)


def number_is_good(number: int, *, accept_disjoint: bool) -> bool:
    """Eleven digits with the right check digits, or a number that can never be a real one."""
    if identity_number.is_valid(number):
        return True
    return accept_disjoint and identity_number.is_disjoint(number)


def date_is_possible(date: PartialDate, *, year_max: int) -> bool:
    """Could this partial date be on a calendar?  Unknown parts are always possible."""
    if date.year is not None and not YEAR_MIN <= date.year <= year_max:
        return False
    if date.month is not None and not 1 <= date.month <= 12:
        return False
    if date.day is None:
        return True
    leap_year = 2000
    last = monthrange(date.year or leap_year, date.month)[1] if date.month else 31
    return 1 <= date.day <= last


class Enquiry:
    """One call's questions to the register, and what became of them.

    ``outcomes`` has one entry a criterion, in order; ``units`` counts the criteria that
    reached the register (design D19), ``records`` the persons' records that the answer holds: an
    operation that answers one criterion with several adds the others.

    ``unrelated`` tells which persons that an operation found may not be shown, because the
    institution does not keep their records (K7.4): whoever was named by number in a criterion
    has been asked for already.  ``page_keys`` is there for lists that go on, ``receipts`` for
    questions about earlier calls, ``deposits`` for who tells whose records it keeps, ``passwords``
    for who changes the own one.
    """

    __slots__ = (
        "_accept_disjoint",
        "_checked",
        "_tells_status",
        "asker",
        "deposits",
        "name_matching",
        "outcomes",
        "page_keys",
        "passwords",
        "persons",
        "receipts",
        "records",
        "register",
        "units",
        "unrelated",
        "wants",
    )

    def __init__(
        self,
        *,
        register: Register,
        checked: Sequence[Checked] = (),
        wants: Callable[[str], bool],
        name_matching: str = "TAM",
        accept_disjoint: bool = False,
        tells_status: bool = True,
        asker: Asker | None = None,
        unrelated: Callable[[Sequence[int]], Awaitable[frozenset[int]]] = _nobody,
        page_keys: PageKeys | None = None,
        receipts: Receipts | None = None,
        deposits: Deposits | None = None,
        passwords: PasswordChanges | None = None,
    ) -> None:
        self.asker = asker
        self.deposits = deposits
        self.passwords = passwords
        self._tells_status = tells_status
        self.receipts = receipts
        self.unrelated = unrelated
        self.page_keys = page_keys
        self.register = register
        self.wants = wants
        self.name_matching = name_matching
        self.outcomes: list[Outcome] = []
        self.persons: list[int] = [one.number for one in checked if one.number]
        self.units = 0
        self.records = 0
        self._checked = checked
        self._accept_disjoint = accept_disjoint

    def is_number(self, number: int) -> bool:
        """Whether a number could be a person's in this register."""
        return number_is_good(number, accept_disjoint=self._accept_disjoint)

    async def each(
        self,
        find: Callable[[Register, int, Wants], Awaitable[Found | None]],
        item: Callable[[Any, int | None, Note | None], Item],
    ) -> list[Item]:
        """Answer every criterion in order: same count, same positions (K17.4).

        No record and a birth date that does not match take the same path (design D4).
        """

        async def by_number(register: Register, one: Subject, wants: Wants) -> Found | None:
            return await find(register, one.number, wants)

        return await self.each_subject(by_number, item)

    async def each_subject(
        self,
        find: Callable[[Register, Subject, Wants], Awaitable[Found | Outcome | None]],
        item: Callable[[Any, int | None, Note | None], Item],
    ) -> list[Item]:
        """``each`` for questions that need the whole criterion.

        ``find`` may also say what became of it, where nobody is to be shown (``SEVERAL``).
        """
        items = []
        for one in self._checked:
            found: Any = None
            number = one.number or None
            if isinstance(one, Blocked):
                outcome, number = one.outcome, number or one.stated
            else:
                self.units += 1
                found = await find(self.register, one, self.wants)
                if isinstance(found, Outcome):
                    outcome, found = found, None
                elif found is None or (one.born is not None and found.born != one.born):
                    outcome, found = Outcome.NOT_FOUND, None
                else:
                    # Who may not see the status learns it from no number either (design D4).
                    closed = found.closed and self._tells_status
                    outcome = Outcome.CLOSED if closed else Outcome.OK
                    self.records += 1
            self.outcomes.append(outcome)
            items.append(item(found, number, note_of(outcome)))
        return items

    async def each_elsewhere(
        self,
        find: Callable[[Subject], Awaitable[Any]],
        item: Callable[[Any, Note | None], Item],
    ) -> list[Item]:
        """Answer every criterion in order from elsewhere than the register: it costs nothing.

        ``find`` returns what it found, or the ``Outcome`` that says why there is nothing.
        """
        items = []
        for one in self._checked:
            found = one.outcome if isinstance(one, Blocked) else await find(one)
            outcome = found if isinstance(found, Outcome) else Outcome.OK
            self.outcomes.append(outcome)
            items.append(item(None if outcome else found, note_of(outcome)))
        return items

    def shown(self, number: int) -> None:
        """Note that the answer shows data of this person too, who was not asked about by number.

        Who asks "who saw my data" is found by it; the same person is noted once.
        """
        if number not in self.persons:
            self.persons.append(number)

    async def verify(
        self,
        number: int,
        fetch: Callable[[Register, int], Awaitable[Any]],
        matches: Callable[[Any], bool],
    ) -> bool:
        """True where the person exists and everything said about the person is right.

        A number that cannot exist is answered False without asking the register.
        """
        if not number_is_good(number, accept_disjoint=self._accept_disjoint):
            self.outcomes.append(Outcome.BAD_NUMBER)
            return False
        self.persons.append(number)
        record = await fetch(self.register, number)
        right = record is not None and matches(record)
        self.outcomes.append(Outcome.OK if right else Outcome.NOT_FOUND)
        return right
