"""The register's questions about families: children, marriages, events, lines, birthdays.

Part of ``store``: the statements are written down once when the register is opened and run over
the same held connections.  Everything here is about citizens, for only they stand in a family
register.  It refuses to decide who belongs to an extract, and to read without an upper bound
what has none by nature: lines of the register and birthdays are asked for with a ``most``.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Select, bindparam, literal_column, or_, select

from kps_soap.registry import tables
from kps_soap.registry.family_records import (
    ANY_SEX,
    Birthdays,
    CivilEvent,
    ExtractKind,
    Kinship,
    Marriage,
)
from kps_soap.registry.meanings import EventKind
from kps_soap.registry.reading import Question
from kps_soap.registry.records import Citizen, Coded
from kps_soap.registry.rows import Dictionaries, Read, Row, Shape, person_shape, shape_of

#: What an adoption and its end are called in OlayTipi; the second happens to nobody synthetic.
_ADOPTIONS: Final = (EventKind.ADOPTION.value, "Evlat Edinmenin Kaldırılması")

Record = TypeVar("Record")
Ask = Callable[[str, Mapping[str, Any]], Awaitable[list[Row]]]

_PERSONS = tables.citizens.c
_NUMBER = bindparam("number", type_=_PERSONS.number.type)
_AFTER = bindparam("after", type_=_PERSONS.number.type)
_DISTRICT = bindparam("district", type_=_PERSONS.registry_district_code.type)
_VOLUME = bindparam("volume", type_=_PERSONS.volume_code.type)
_FAMILY = bindparam("family", type_=_PERSONS.family_no.type)
_MEMBER = bindparam("member", type_=_PERSONS.member_no.type)
_FIRST = bindparam("first", type_=_PERSONS.born.type)
_LAST = bindparam("last", type_=_PERSONS.born.type)
_WHOLE_MONTH = bindparam("whole_month", type_=_PERSONS.born.type)
_SEX = bindparam("sex", type_=_PERSONS.sex_code.type)
_MOST = bindparam("most", type_=_PERSONS.born.type)


class Families:
    """Questions about families.  Every question raises ``RegisterUnavailable`` like the store's."""

    def __init__(
        self, prepare: Callable[[Select[Any]], str], ask: Ask, dictionaries: Dictionaries
    ) -> None:
        """Made by the store, which counts what ``ask`` asks."""
        self._ask = ask
        self._dictionaries = dictionaries
        person = person_shape(Citizen, tables.citizens, dictionaries)
        people = select(*person.columns)

        def about_people(statement: Select[Any]) -> Question[Citizen]:
            return Question(prepare(statement), person.build)

        self._children = about_people(_children(people))
        self._line = about_people(_line(people))
        self._place = about_people(_place(people))
        self._born = about_people(_born(people))
        marriage = _marriage_shape(dictionaries)
        event = _event_shape(dictionaries)
        self._marriages = Question(prepare(_marriages(select(*marriage.columns))), marriage.build)
        self._events = Question(prepare(_events(select(*event.columns))), event.build)

    def kinship(self, kinship: Kinship) -> Coded | None:
        """Today's number of a kinship; from memory, None if the dictionary lacks it."""
        return self._dictionaries.of_text("Yakinlik", kinship.value)

    def extract_kind(self, kind: ExtractKind) -> Coded | None:
        """What the dictionary calls a kind of extract; from memory."""
        return self._dictionaries.lookup("NkoTur")(kind)

    async def children(self, number: int) -> Sequence[Citizen]:
        """The children of a mother or a father, the eldest first (K3.5 R11)."""
        return await self._all(self._children, number=number)

    async def marriages(self, number: int) -> Sequence[Marriage]:
        """A person's marriages, the oldest first (K3.5 R12)."""
        return await self._all(self._marriages, number=number)

    async def events(self, number: int) -> Sequence[CivilEvent]:
        """What happened to a person, in the order in which it was entered (I18)."""
        return await self._all(self._events, number=number)

    async def line(
        self, district_code: int, volume_code: int, family_no: int, *, most: int
    ) -> Sequence[Citizen]:
        """Who stands in a line of the family register today, by ``BireySiraNo`` (K3.11)."""
        place = {"district": district_code, "volume": volume_code, "family": family_no}
        return await self._all(self._line, **place, most=most)

    async def at_place(
        self, district_code: int, volume_code: int, family_no: int, member_no: int
    ) -> Sequence[Citizen]:
        """Who stands at one place of the family register today; one person at most (R13)."""
        place = {"district": district_code, "volume": volume_code, "family": family_no}
        return await self._all(self._place, **place, member=member_no)

    async def born(self, days: Birthdays, *, after: int, most: int) -> Sequence[Citizen]:
        """Who was born on these days and is registered in their district, by number.

        ``after`` is the number to go on behind: no offset, so that a change of the register
        between two pages shows nobody twice and leaves nobody out (K3.2, paging).
        """
        return await self._all(
            self._born,
            district=days.district_code,
            first=min(days.first, days.whole_month or days.first),
            last=days.last,
            whole_month=days.whole_month,
            sex=days.sex,
            after=after,
            most=most,
        )

    async def _all(self, question: Question[Record], **asked: int) -> list[Record]:
        return [question.build(row) for row in await self._ask(question.sql, asked)]


def _children(people: Select[Any]) -> Select[Any]:
    of_either = or_(_PERSONS.father_number == _NUMBER, _PERSONS.mother_number == _NUMBER)
    return people.where(of_either).order_by(_PERSONS.born, _PERSONS.number)


def _of_line(people: Select[Any]) -> Select[Any]:
    return people.where(
        _PERSONS.registry_district_code == _DISTRICT,
        _PERSONS.volume_code == _VOLUME,
        _PERSONS.family_no == _FAMILY,
    )


def _line(people: Select[Any]) -> Select[Any]:
    ordered = _of_line(people).order_by(_PERSONS.member_no, _PERSONS.number)
    return _at_most(ordered)


def _place(people: Select[Any]) -> Select[Any]:
    at_member = _of_line(people).where(_PERSONS.member_no == _MEMBER)
    return at_member.order_by(_PERSONS.number)


def _born(people: Select[Any]) -> Select[Any]:
    of_known_day = _PERSONS.born % literal_column("100") != literal_column("0")
    asked = people.where(
        _PERSONS.registry_district_code == _DISTRICT,
        _PERSONS.born.between(_FIRST, _LAST),
        or_(of_known_day, _PERSONS.born == _WHOLE_MONTH),
        or_(literal_column(str(ANY_SEX)) == _SEX, _PERSONS.sex_code == _SEX),
        _PERSONS.number > _AFTER,
    )
    return _at_most(asked.order_by(_PERSONS.number))


def _at_most(asked: Select[Any]) -> Select[Any]:
    # SQLite's dialect writes an offset beside every limit, and a prepared question may hold no
    # value of its own.
    return asked.limit(_MOST).offset(literal_column("0"))


def _marriages(asked: Select[Any]) -> Select[Any]:
    held = tables.marriages.c
    of_either = or_(held.husband_number == _NUMBER, held.wife_number == _NUMBER)
    return asked.where(of_either).order_by(held.married, held.marriage_no)


def _events(asked: Select[Any]) -> Select[Any]:
    held = tables.events.c
    return asked.where(held.number == _NUMBER).order_by(held.record_no)


def _marriage_shape(dictionaries: Dictionaries) -> Shape[Marriage]:
    died = _codes_of(dictionaries, EventKind.DEATH.value)
    place = list(Marriage.__dataclass_fields__).index("end")
    return shape_of(
        Marriage,
        tables.marriages,
        dictionaries,
        dictionary_of_field={"end": "OlayTipi"},
        special={"ended_by_death": (tables.marriages.c.end_code, _is_one_of(place, died))},
    )


def _event_shape(dictionaries: Dictionaries) -> Shape[CivilEvent]:
    place = list(CivilEvent.__dataclass_fields__).index("kind")
    kind = tables.events.c.kind_code
    adoptions = _codes_of(dictionaries, *_ADOPTIONS)
    religious = _codes_of(dictionaries, EventKind.RELIGION_CHANGE.value)
    return shape_of(
        CivilEvent,
        tables.events,
        dictionaries,
        dictionary_of_field={"kind": "OlayTipi"},
        special={
            "adoption": (kind, _is_one_of(place, adoptions)),
            "religious": (kind, _is_one_of(place, religious)),
        },
    )


def _codes_of(dictionaries: Dictionaries, *texts: str) -> frozenset[int]:
    """Today's numbers of some kinds of events."""
    found = (dictionaries.of_text("OlayTipi", text) for text in texts)
    return frozenset(one.code for one in found if one is not None)


def _is_one_of(place: int, codes: frozenset[int]) -> Read:
    return lambda row: row[place] in codes
