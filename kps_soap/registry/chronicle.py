"""The family register as it was kept: every event of a block in the order of its day.

Births enter a line, marriage moves the wife to the husband's line and divorce brings her back
(K3.5 R11-R13), names change, records close.  At the end each ``Life`` stands as the register
has it today, and the events and marriages are rows.  Nothing is decided here that is not the
consequence of an event: who is born and who marries is settled before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter

from kps_soap.registry import names
from kps_soap.registry.calendar_days import packed, packed_as_known
from kps_soap.registry.geography import Country
from kps_soap.registry.kinship import year_of
from kps_soap.registry.lives import MAN, WOMAN, Family, Life, Turn, Union
from kps_soap.registry.loading import columns
from kps_soap.registry.meanings import CivilStatus, CodeBook, EventKind, Religion, Status

Random = Callable[[], float]
Row = tuple[object, ...]

EVENT_COLUMNS = columns(
    "record_no number kind_code happened registered registry_district_code volume_code "
    "family_no member_no counterpart_number counterpart_given_name counterpart_surname "
    "description given_name surname"
)
MARRIAGE_COLUMNS = columns(
    "marriage_no husband_number wife_number married registered ended end_code"
)
#: Numbers of records kept free for each person, so that blocks need not talk to each other.
RECORDS_A_PERSON = 24
#: Lines a block may open in one volume.
LINES_A_VOLUME = 190
SHARE_SAME_DISTRICT = 0.65
SHARE_TWO_SURNAMES, SHARE_HYPHEN = 0.06, 0.012
TWO_SURNAMES_FROM = 1997
#: Events that close a record while the person lives.
CLOSING = frozenset(
    {EventKind.ABSENCE, EventKind.CITIZENSHIP_LOSS, EventKind.CITIZENSHIP_WITHDRAWAL}
)
_NAMELESS = frozenset({EventKind.RELIGION_CHANGE, EventKind.CORRECTION, EventKind.GUARDIANSHIP})
_DESCRIPTIONS = {
    EventKind.NAME_CHANGE: "MAHKEME KARARI İLE",
    EventKind.SURNAME_CHANGE: "MAHKEME KARARI İLE",
    EventKind.SEX_CHANGE: "MAHKEME KARARI İLE",
    EventKind.CORRECTION: "DOĞUM YERİ DÜZELTİLDİ",
    EventKind.CITIZENSHIP_LOSS: "KAYIT KAPATILDI",
    EventKind.CITIZENSHIP_WITHDRAWAL: "KAYIT KAPATILDI",
}


@dataclass(slots=True)
class Chronicle:
    """One block's events, taken in order by ``run``; ``block`` keeps the lines of blocks apart."""

    random: Random
    country: Country
    book: CodeBook
    block: int
    first_record_no: int
    until: int
    events: list[Row] = field(default_factory=list)
    marriages: list[Row] = field(default_factory=list)
    _lines: dict[tuple[int, int], int] = field(default_factory=dict)

    def run(self, lives: list[Life]) -> None:
        """Let everything happen; ``lives`` have their numbers already."""
        happenings: list[tuple[int, int, int, EventKind, Life, Turn | Union | None]] = []
        order = 0
        for life in lives:
            order += 8
            if not any(turn.kind is EventKind.NATURALISATION for turn in life.turns):
                happenings.append((life.born, 0, order, EventKind.BIRTH, life, None))
            for place, turn in enumerate(life.turns):
                happenings.append((turn.day, 1, order + place, turn.kind, life, turn))
            if life.died:
                happenings.append((life.died, 9, order, EventKind.DEATH, life, None))
            if life.sex == MAN:
                for union in life.unions:
                    happenings.extend(_of_union(union, order))
        happenings.sort(key=itemgetter(0, 1, 2))
        for day, _, _, kind, life, cause in happenings:
            if isinstance(cause, Union):
                (self._marry if kind is EventKind.MARRIAGE else self._part)(cause, day)
            elif isinstance(cause, Turn):
                self._turn(life, cause)
            else:
                (self._bear if kind is EventKind.BIRTH else self._bury)(life, day)

    def _bear(self, life: Life, day: int) -> None:
        """Enter a birth in the father's line, else in the mother's maiden line (R11)."""
        mother, father = life.mother, life.wedlock.husband if life.wedlock else None
        if father is not None and father.family is not None:
            surname, family = father.surname, father.family
        elif mother is not None and mother.home_family is not None:
            surname, family = mother.maiden_surname, mother.home_family
        else:
            surname, family = None, self._open_line(life)
            if life.script is None or not life.script.no_surname:
                surname = names.surname(self.random)
        if life.script is not None and life.script.surname is not None and mother is None:
            surname = life.script.surname
        life.surname = life.maiden_surname = surname
        life.given_name = self._christen(life)
        self._name_parents(life)
        life.birth_district_code = self._birth_district(life)
        _move(life, family, _next_member(family), home=True)
        life.registered = self._registration(day)
        if _draw_religion(life):
            life.religion = self._religion()
        self._note(life, EventKind.BIRTH, day, registered=life.registered, named=True)

    def _christen(self, life: Life) -> str:
        """The given name, perhaps after a grandparent, not that of an elder sibling."""
        if life.script is not None and life.script.given_name is not None:
            return life.script.given_name
        grandparent = None
        taken: list[str] = []
        if life.mother is not None:
            taken = [child.given_name for child in life.mother.children if child is not life]
        if life.wedlock is not None:
            father = life.wedlock.husband
            elder = father.father if life.sex == MAN else father.mother
            grandparent = elder.given_name if elder is not None else None
        return names.given_name(self.random, life.sex, year_of(life.born), grandparent, taken)

    def _name_parents(self, life: Life) -> None:
        """Parents whom the register does not know as persons are known by name at least."""
        year = year_of(life.born) - 25
        if life.mother is None:
            mother = names.one_name(self.random, WOMAN, year)
            father = names.one_name(self.random, MAN, year)
            script = life.script
            life.mother_name = (script.mother_name if script else None) or mother
            life.father_name = (script.father_name if script else None) or father

    def _birth_district(self, life: Life) -> int:
        if life.wedlock is not None and life.wedlock.district_code:
            return life.wedlock.district_code
        if life.mother is not None:
            return life.mother.birth_district_code
        family = life.family
        return family.district_code if family else self.country.draw_district(self.random)

    def _open_line(self, life: Life) -> Family:
        """A new line in the volume of a quarter or village; its number is free in all blocks."""
        for _ in range(100):
            district = self.country.draw_district(self.random)
            volumes = self.country.districts[district].volumes
            volume = 1 + int(self.random() * volumes)
            used = self._lines.get((district, volume), 0)
            if used < LINES_A_VOLUME:
                self._lines[district, volume] = used + 1
                number = 1 + self.block * LINES_A_VOLUME + used
                life.birth_district_code = district
                return Family(district, volume, number)
        raise ValueError("a block has opened too many lines in one volume")

    def _registration(self, day: int) -> int:
        """When a birth was entered: 92 % within 30 days, 7 % within a year, 1 % later (R14)."""
        draw, late = self.random(), self.random()
        if draw < 0.92:
            delay = int(late * 31)
        elif draw < 0.99:
            delay = 31 + int(late * 330)
        else:
            delay = 366 + int(late * 1500)
        return min(day + delay, self.until)

    def _religion(self) -> Religion:
        draw = self.random()
        if draw < 0.004:
            return Religion.CHRISTIAN if draw < 0.003 else Religion.JEWISH
        if draw < 0.02:
            return Religion.UNSTATED if draw < 0.015 else Religion.OTHER
        return Religion.ISLAM

    def _marry(self, union: Union, day: int) -> None:
        """Move the wife to the husband's line; she takes his name, or adds it to hers (R12)."""
        husband, wife = union.husband, union.wife
        if husband.family is None or wife.family is None:
            raise ValueError("a marriage before a birth")
        self._settle(union)
        record_no = self._note(husband, EventKind.MARRIAGE, day, other=wife)
        before = wife.surname
        wife.former_surname = wife.maiden_surname
        wife.surname = self._married_surname(union, day)
        _move(wife, husband.family, _next_member(husband.family))
        self._note(wife, EventKind.MARRIAGE, day, other=husband, named=before != wife.surname)
        for one in (husband, wife):
            one.civil_status = CivilStatus.MARRIED
            one.union = union
        self.marriages.append(
            (
                record_no,
                husband.number,
                wife.number,
                packed(day),
                packed(day),
                packed(union.end) if union.end else None,
                self.book.number[union.end_kind] if union.end_kind else None,
            )
        )

    def _settle(self, union: Union) -> None:
        """Choose where the couple is going to live."""
        if not union.district_code:
            near = self.random() < SHARE_SAME_DISTRICT
            elsewhere = self.country.draw_district(self.random)
            union.district_code = union.husband.birth_district_code if near else elsewhere

    def _married_surname(self, union: Union, day: int) -> str | None:
        husband, wife = union.husband.surname, union.wife.maiden_surname
        draw = self.random()
        if not union.surname_form and year_of(day) >= TWO_SURNAMES_FROM:
            union.surname_form = int(draw < SHARE_TWO_SURNAMES) + int(draw < SHARE_HYPHEN)
        if husband is None or wife is None:
            return wife if husband is None else husband
        if not union.surname_form or husband == wife:
            return husband
        return wife + (" " if union.surname_form == 1 else "-") + husband

    def _part(self, union: Union, day: int) -> None:
        """Divorce or annulment: the wife goes back to her line and her name (R12)."""
        kind = union.end_kind or EventKind.DIVORCE
        annulled = kind is EventKind.ANNULMENT
        husband, wife = union.husband, union.wife
        before = wife.surname
        for one in (husband, wife):
            one.civil_status = CivilStatus.ANNULLED if annulled else CivilStatus.DIVORCED
            one.union = None
        wife.surname, wife.former_surname = wife.maiden_surname, None
        if wife.home_family is not None:
            _move(wife, wife.home_family, wife.home_member_no)
        self._note(husband, kind, day, other=wife)
        self._note(wife, kind, day, other=husband, named=before != wife.surname)

    def _bury(self, life: Life, day: int) -> None:
        """Close a record by death; the spouse who is left is a widow or a widower (R9)."""
        life.status = Status.DECEASED
        partner = _partner(life)
        if partner is not None:
            partner.civil_status = CivilStatus.WIDOWED
            partner.union = life.union = None
        self._note(life, EventKind.DEATH, day, other=partner)

    def _turn(self, life: Life, turn: Turn) -> None:
        """One of the rarer events."""
        kind = turn.kind
        if kind in (EventKind.ACKNOWLEDGEMENT, EventKind.ADOPTION):
            self._take_as_child(life, turn)
        elif kind is EventKind.NATURALISATION:
            self._naturalise(life, turn)
        elif kind in (EventKind.NAME_CHANGE, EventKind.SEX_CHANGE):
            life.given_name = turn.given_name or self._other_name(life)
        elif kind is EventKind.SURNAME_CHANGE:
            life.former_surname = life.surname
            life.surname = life.maiden_surname = turn.surname or names.surname(self.random)
        elif kind in CLOSING:
            life.status, life.closed_on = Status.CLOSED, turn.day
        elif kind is EventKind.RELIGION_CHANGE:
            life.religion = turn.religion or Religion.UNSTATED
        named = kind not in CLOSING and kind not in _NAMELESS
        registered = life.registered if kind is EventKind.NATURALISATION else None
        self._note(life, kind, turn.day, other=turn.father, named=named, registered=registered)

    def _other_name(self, life: Life) -> str:
        """A new given name that differs from the old one."""
        while True:
            name = names.one_name(self.random, life.sex, year_of(life.born))
            if name != life.given_name:
                return name

    def _take_as_child(self, life: Life, turn: Turn) -> None:
        """Acknowledgement and adoption: the child moves to its new father's line and name."""
        father = turn.father
        if father is None or father.family is None:
            raise ValueError("nobody takes the child")
        life.father = father
        if turn.mother is not None:
            life.mother = turn.mother
        life.surname = life.maiden_surname = father.surname
        _move(life, father.family, _next_member(father.family), home=True)

    def _naturalise(self, life: Life, turn: Turn) -> None:
        """Open a line for a new citizen, whose earlier life is not in this register (R7)."""
        family = self._open_line(life)
        script = life.script
        life.surname = (script.surname if script else None) or names.surname(self.random)
        life.maiden_surname = life.surname
        life.given_name = self._christen(life)
        self._name_parents(life)
        life.religion = Religion.UNSTATED
        life.registered = turn.day
        _move(life, family, _next_member(family), home=True)

    def _note(
        self,
        life: Life,
        kind: EventKind,
        day: int,
        *,
        other: Life | None = None,
        named: bool = False,
        registered: int | None = None,
    ) -> int:
        """Write one event; its number says its place in the order of events."""
        record_no = self.first_record_no + len(self.events)
        family = life.family
        if family is None:
            raise ValueError("an event before a birth")
        happened = packed_as_known(day, life.date_known) if kind is EventKind.BIRTH else packed(day)
        self.events.append(
            (
                record_no,
                life.number,
                self.book.number[kind],
                happened,
                packed(min(day + 3, self.until) if registered is None else registered),
                family.district_code,
                family.volume_code,
                family.family_no,
                life.member_no,
                other.number if other else None,
                other.given_name if other else None,
                other.surname if other else None,
                _DESCRIPTIONS.get(kind),
                life.given_name if named else None,
                life.surname if named else None,
            )
        )
        return record_no


def _of_union(
    union: Union, order: int
) -> list[tuple[int, int, int, EventKind, Life, Turn | Union | None]]:
    """A marriage and, unless death ended it, its end."""
    happenings: list[tuple[int, int, int, EventKind, Life, Turn | Union | None]] = [
        (union.start, 2, order, EventKind.MARRIAGE, union.husband, union)
    ]
    if union.end_kind is not None and union.end_kind is not EventKind.DEATH:
        happenings.append((union.end, 3, order, union.end_kind, union.husband, union))
    return happenings


def _draw_religion(life: Life) -> bool:
    """Whether chance may decide on the religion."""
    if life.script is not None and life.script.religion is not None:
        life.religion = life.script.religion
        return False
    return True


def _partner(life: Life) -> Life | None:
    """Whom a person is married to at this moment."""
    if life.union is None:
        return None
    return life.union.husband if life.union.wife is life else life.union.wife


def _next_member(family: Family) -> int:
    family.members += 1
    return family.members


def _move(life: Life, family: Family, member_no: int, *, home: bool = False) -> None:
    """Put a person at a place of the register; ``home`` is where a divorced wife returns to."""
    life.family, life.member_no = family, member_no
    if home:
        life.home_family, life.home_member_no = family, member_no
