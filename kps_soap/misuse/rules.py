"""The rules of misuse (§5.12): functions from what was seen to what somebody should look at.

A rule gets tallies and its threshold and gives suspicions; it reads no clock, no database and no
message.  Its sentence holds counts only: who it is about stands beside it.  The eighth rule,
protected persons, is no tally: ``protected`` sees them at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from kps_soap.authentication import ISTANBUL

SLOT: Final = timedelta(minutes=10)
#: How far back a usual day is looked for.
USUAL_DAYS: Final = 28

_SATURDAY: Final = 5


class Rule(StrEnum):
    """The closed list, by the names that files, rows and metrics have for them."""

    SEQUENTIAL = "ARDISIK"
    NOT_FOUND = "BULUNAMADI"
    SHARED_SUBJECT = "COK_KISI_AYNI"
    OWN_SURNAME = "AYNI_SOYAD"
    OFF_HOURS = "MESAI_DISI"
    TWO_ADDRESSES = "IKI_ADRES"
    SUDDEN_GROWTH = "ANI_ARTIS"
    PROTECTED = "KORUNAN"


@dataclass(frozen=True, slots=True)
class Text:
    """A rule's name for people."""

    tr: str
    en: str


TEXTS: Final[Mapping[Rule, Text]] = {
    Rule.SEQUENTIAL: Text("Ardışık numaralar", "Sequential numbers"),
    Rule.NOT_FOUND: Text("Çok sayıda bulunamayan kayıt", "Many records not found"),
    Rule.SHARED_SUBJECT: Text("Aynı kişiyi çok sayıda kullanıcı", "One person, many inquirers"),
    Rule.OWN_SURNAME: Text("Sorgulayanın soyadını taşıyanlar", "People of the own surname"),
    Rule.OFF_HOURS: Text("Mesai dışı sorgu", "Queries out of hours"),
    Rule.TWO_ADDRESSES: Text("Aynı anda iki adres", "Two addresses at the same time"),
    Rule.SUDDEN_GROWTH: Text("Ani artış", "Sudden growth"),
    Rule.PROTECTED: Text("Korunan kişi", "Protected person"),
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """One rule's row of ``misuse.toml``."""

    enabled: bool
    act: str
    exempt: frozenset[str] = frozenset()
    numbers: Mapping[str, int] = field(default_factory=dict)
    weekends: bool = False

    def leaves_alone(self, institution: str, account: str) -> bool:
        """Whether the rule does not look at this institution or account."""
        return institution in self.exempt or account in self.exempt


@dataclass(frozen=True, slots=True)
class Tally:
    """What one user did in one slot of ten minutes, from one address."""

    slot: datetime
    institution: str
    account: str
    inquirer: str
    source_address: str
    agreement: str
    calls: int
    criteria: int = 0
    not_found: int = 0
    neighbours: int = 0
    namesakes: int = 0
    different: int = 0


@dataclass(frozen=True, slots=True)
class DayCount:
    """How often an account called on a day (ISO 8601)."""

    day: str
    institution: str
    account: str
    agreement: str
    calls: int


@dataclass(frozen=True, slots=True)
class Shared:
    """A person, by digest (hex), with how many inquirers asked about the person today.

    ``institution`` is theirs where all of them are of one.
    """

    subject: str
    inquirers: int
    institution: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the rules look at: the tallies of the civil day ``day``, and days before it."""

    now: datetime
    day: str
    tallies: Sequence[Tally] = ()
    days: Sequence[DayCount] = ()
    shared: Sequence[Shared] = ()


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a rule found.  ``about`` is its subject: one finding a rule, subject and day."""

    rule: Rule
    about: str
    summary: str
    measured: int
    threshold: int
    institution: str = ""
    agreement: str = ""
    account: str = ""
    inquirer: str = ""


@dataclass(frozen=True, slots=True)
class _User:
    """Whom tallies are added up for."""

    institution: str
    account: str
    inquirer: str

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.institution, self.account, self.inquirer) if part)


Looks = Callable[[Seen, Threshold], Iterator[Suspicion]]


def sequential(seen: Seen, limit: Threshold) -> Iterator[Suspicion]:
    """Numbers that lie next to each other, which nobody's records do by chance.

    Only different numbers count, so that asking each of them twice hides nothing.
    """
    window = timedelta(minutes=limit.numbers["window_minutes"])
    recent = [one for one in seen.tallies if one.slot + SLOT > seen.now - window]
    least, percent = limit.numbers["criteria_min"], limit.numbers["share_percent"]
    for user, tallies in _by_user(recent):
        different = sum(one.different for one in tallies)
        found = sum(one.neighbours for one in tallies)
        if different >= least and found * 100 >= percent * different:
            share = found * 100 // different
            said = f"{found} of {different} numbers lay next to one asked shortly before"
            yield _of_user(Rule.SEQUENTIAL, user, tallies, said, share, percent)


def not_found(seen: Seen, limit: Threshold) -> Iterator[Suspicion]:
    """More numbers of nobody than typing errors explain."""
    least, percent = limit.numbers["criteria_min"], limit.numbers["share_percent"]
    for user, tallies in _by_user(seen.tallies):
        criteria = sum(one.criteria for one in tallies)
        found = sum(one.not_found for one in tallies)
        if criteria >= least and found * 100 > percent * criteria:
            share = found * 100 // criteria
            said = f"{found} of {criteria} criteria of the day matched nobody"
            yield _of_user(Rule.NOT_FOUND, user, tallies, said, share, percent)


def shared_subject(seen: Seen, limit: Threshold) -> Iterator[Suspicion]:
    """One person in whom many are interested on the same day."""
    most = limit.numbers["inquirers_max"]
    for one in seen.shared:
        if one.inquirers > most:
            said = f"{one.inquirers} inquirers asked about the same person on one day"
            yield Suspicion(
                Rule.SHARED_SUBJECT,
                one.subject,
                said,
                one.inquirers,
                most,
                institution=one.institution,
            )


def own_surname(seen: Seen, limit: Threshold) -> Iterator[Suspicion]:
    """An inquirer who looks up people of the same surname: relatives, mostly."""
    least, percent = limit.numbers["calls_min"], limit.numbers["share_percent"]
    for user, tallies in _by_user(seen.tallies):
        calls = sum(one.calls for one in tallies)
        found = sum(one.namesakes for one in tallies)
        if found >= least and found * 100 >= percent * calls:
            said = f"{found} of {calls} calls of the day were about the inquirer's own surname"
            yield _of_user(Rule.OWN_SURNAME, user, tallies, said, found, least)


def off_hours(seen: Seen, limit: Threshold) -> Iterator[Suspicion]:
    """A named person at work when the office is closed."""
    least = limit.numbers["calls_min"]
    late = [one for one in seen.tallies if one.inquirer and _is_closed(one.slot, limit)]
    for user, tallies in _by_user(late):
        calls = sum(one.calls for one in tallies)
        if calls >= least:
            said = f"{calls} calls at night or at the weekend"
            yield _of_user(Rule.OFF_HOURS, user, tallies, said, calls, least)


def two_addresses(seen: Seen, limit: Threshold) -> Iterator[Suspicion]:
    """One person who would have to be in two places: a password that is shared (§2.9)."""
    most = limit.numbers["addresses_max"]
    slots: defaultdict[tuple[str, str, datetime], list[Tally]] = defaultdict(list)
    for one in seen.tallies:
        if one.inquirer:
            slots[one.institution, one.inquirer, one.slot].append(one)
    for (institution, inquirer, _), tallies in slots.items():
        addresses = len({one.source_address for one in tallies})
        if addresses > most:
            said = f"one inquirer from {addresses} addresses within ten minutes"
            accounts = {one.account for one in tallies}
            account = accounts.pop() if len(accounts) == 1 else ""
            user = _User(institution, account, inquirer)
            about = f"{institution} {inquirer}"
            yield _of_user(Rule.TWO_ADDRESSES, user, tallies, said, addresses, most, about=about)


def sudden_growth(seen: Seen, limit: Threshold) -> Iterator[Suspicion]:
    """An account with many times the calls of its usual day."""
    least, times = limit.numbers["calls_min"], limit.numbers["times"]
    before: defaultdict[tuple[str, str], Counts] = defaultdict(dict)
    today: list[DayCount] = []
    for one in seen.days:
        if one.day == seen.day:
            today.append(one)
        elif one.day < seen.day:
            before[one.institution, one.account][one.day] = one.calls
    for one in today:
        days = before[one.institution, one.account]
        if one.calls < least or len(days) < limit.numbers["days_min"]:
            continue
        whole = sum(days.values())
        if one.calls * len(days) > times * whole:
            usual = max(1, whole // len(days))
            said = f"{one.calls} calls on a day, {usual} on a usual one"
            user = _User(one.institution, one.account, "")
            yield Suspicion(
                Rule.SUDDEN_GROWTH,
                user.name,
                said,
                one.calls,
                usual * times,
                institution=one.institution,
                agreement=one.agreement,
                account=one.account,
            )


Counts = dict[str, int]

#: The rules that look at tallies.
RULES: Final[Mapping[Rule, Looks]] = {
    Rule.SEQUENTIAL: sequential,
    Rule.NOT_FOUND: not_found,
    Rule.SHARED_SUBJECT: shared_subject,
    Rule.OWN_SURNAME: own_surname,
    Rule.OFF_HOURS: off_hours,
    Rule.TWO_ADDRESSES: two_addresses,
    Rule.SUDDEN_GROWTH: sudden_growth,
}


def suspicions(seen: Seen, thresholds: Mapping[Rule, Threshold]) -> list[Suspicion]:
    """What all rules find, one suspicion a rule and subject."""
    found: dict[tuple[Rule, str], Suspicion] = {}
    for rule, look in RULES.items():
        limit = thresholds[rule]
        for one in look(seen, limit) if limit.enabled else ():
            if not limit.leaves_alone(one.institution, one.account):
                found.setdefault((one.rule, one.about), one)
    return list(found.values())


def _by_user(tallies: Iterable[Tally]) -> Iterator[tuple[_User, list[Tally]]]:
    users: defaultdict[_User, list[Tally]] = defaultdict(list)
    for one in tallies:
        users[_User(one.institution, one.account, one.inquirer)].append(one)
    return iter(users.items())


def _of_user(
    rule: Rule,
    user: _User,
    tallies: Sequence[Tally],
    said: str,
    measured: int,
    threshold: int,
    *,
    about: str = "",
) -> Suspicion:
    return Suspicion(
        rule,
        about or user.name,
        said,
        measured,
        threshold,
        institution=user.institution,
        agreement=tallies[-1].agreement,
        account=user.account,
        inquirer=user.inquirer,
    )


def _is_closed(slot: datetime, limit: Threshold) -> bool:
    here = slot.astimezone(ISTANBUL)
    if limit.weekends and here.weekday() >= _SATURDAY:
        return True
    begins, ends = limit.numbers["night_begins"], limit.numbers["night_ends"]
    if begins <= ends:
        return begins <= here.hour < ends
    return here.hour >= begins or here.hour < ends
