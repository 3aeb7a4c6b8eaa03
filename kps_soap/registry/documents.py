"""Booklets, chip cards, temporary identities, blue cards and their photos (K4.5, K3.10).

Chip cards last ten years; whoever never asked for one still has the old booklet, and the dead of
the years before 2017 never had anything else.  What is printed on a document is what the
register says today.  This module refuses to give a document to somebody who is nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from kps_soap.registry.calendar_days import packed, packed_as_known, years_after
from kps_soap.registry.citizens import birth_place
from kps_soap.registry.geography import Country, mixed
from kps_soap.registry.kinship import years
from kps_soap.registry.lives import Life
from kps_soap.registry.loading import columns
from kps_soap.registry.meanings import (
    BookletReason,
    CardReason,
    CodeBook,
    DeliveringUnit,
    Status,
)
from kps_soap.registry.numbers import Numbers
from kps_soap.registry.photos import tile
from kps_soap.registry.records import PhotoKind

Random = Callable[[], float]
Row = tuple[object, ...]

BOOKLET_COLUMNS = columns(
    "number given_name surname mother_name father_name born birth_place series serial "
    "record_no issue_reason_code issuing_district_code issued"
)
CARD_COLUMNS = columns(
    "number sequence given_name surname mother_name father_name cancelled sex_code born "
    "serial_no expires authority blood_group_code licence_loaded licence_loaded_on "
    "birth_place application_reason_code record_no delivering_unit_code delivered"
)
TEMPORARY_COLUMNS = columns(
    "number given_name surname mother_name father_name sex_code born document_no issued "
    "issuing_district_code former_surname expires blood_group_code"
)
PHOTO_COLUMNS = ("number", "kind", "image")

AUTHORITY: Final = "T.C. İÇİŞLERİ BAKANLIĞI"
#: The day from which nobody was given an old booklet any more.
BOOKLETS_END: Final = date(2017, 1, 1).toordinal()
CARD_YEARS: Final = 10
_PHOTO_AGE = years(15)
_SHARE_CARD, _SHARE_TEMPORARY = 0.97, 0.01
_SHARE_EXPIRED, _SHARE_RENEWED, _SHARE_LICENCE = 0.04, 0.02, 0.25
_SHARE_CHILD_CARD, _SHARE_BLOOD_KNOWN = 0.85, 0.7
_RECORDS_FROM = 1_000_000_000

#: What a document shows of a person: the four names, sex, birth date, birthplace.
Shown = tuple[str, str | None, str | None, str | None, int, int, str]


@dataclass(slots=True)
class Documents:
    """The documents of one block, as rows."""

    random: Random
    numbers: Numbers
    country: Country
    book: CodeBook
    until: int
    booklets: list[Row] = field(default_factory=list)
    cards: list[Row] = field(default_factory=list)
    temporaries: list[Row] = field(default_factory=list)
    photos: list[Row] = field(default_factory=list)

    def issue(self, life: Life, index: int) -> str:
        """Give a citizen the documents of their kind: ``CARD``, ``BOOKLET``, ... or ``NONE``.

        ``index`` is the person's own, from which the numbers of the documents follow.
        """
        kind = self._choose(life)
        if kind == "BOOKLET":
            self._booklet(life, index)
        elif kind in ("CARD", "EXPIRED", "RENEWED"):
            self._card(life, index, kind)
        elif kind == "TEMPORARY":
            self._temporary(life, index)
        return kind

    def _choose(self, life: Life) -> str:
        """Which document a person has, by age, luck and what is laid down by hand."""
        draw, luck = self.random(), self.random()
        script = life.script
        if script is not None and script.document is not None:
            return script.document
        if life.status is Status.DECEASED:
            if life.died < BOOKLETS_END:
                return "BOOKLET"
            return "CARD" if draw < 0.7 or life.born >= BOOKLETS_END else "BOOKLET"
        if life.status is Status.CLOSED:
            return "NONE"
        age = self.until - life.born
        if age < 30:
            return "NONE"
        if age <= _PHOTO_AGE:
            return "CARD" if draw < _SHARE_CHILD_CARD or life.born >= BOOKLETS_END else "BOOKLET"
        if draw >= _SHARE_CARD and life.born < BOOKLETS_END:
            return "TEMPORARY" if draw < _SHARE_CARD + _SHARE_TEMPORARY else "BOOKLET"
        if luck < _SHARE_EXPIRED:
            return "EXPIRED"
        return "RENEWED" if luck < _SHARE_EXPIRED + _SHARE_RENEWED else "CARD"

    def shown(self, life: Life) -> Shown:
        """What every document of a person shows."""
        mother, father = life.mother, life.father
        return (
            life.given_name,
            life.surname,
            mother.given_name if mother is not None else life.mother_name,
            father.given_name if father is not None else life.father_name,
            life.sex,
            packed_as_known(life.born, life.date_known),
            birth_place(life, self.country, self.book)[0],
        )

    def _booklet(self, life: Life, index: int) -> None:
        """An old booklet, issued some time between birth and death or the end of booklets."""
        given, surname, mother, father, _, born, place = self.shown(life)
        last = min(life.died or BOOKLETS_END - 1, BOOKLETS_END - 1)
        issued = life.born + int(self.random() * self.random() * (last - life.born + 1))
        reason = BookletReason.RENEWAL
        if life.unions and life.unions[-1].start <= last:
            first = max(life.unions[-1].start, issued)
            issued, reason = min(first + int(self.random() * 900), last), BookletReason.MARRIAGE
        elif issued - life.born < years(2):
            reason = BookletReason.BIRTH
        series, serial = self.numbers.booklet(index)
        self.booklets.append(
            (
                life.number,
                given,
                surname,
                mother,
                father,
                born,
                place,
                series,
                serial,
                _RECORDS_FROM + index * 4,
                self.book.number[reason],
                life.birth_district_code,
                packed(issued),
            )
        )

    def _card(self, life: Life, index: int, kind: str) -> None:
        """A chip card, perhaps after one that was lost; those of the dead are cancelled."""
        random, until = self.random, life.died or self.until
        closed = bool(life.died)
        earliest = max(life.born + 5, years_after(until, -CARD_YEARS) + 1)
        if life.died:
            earliest = max(earliest, min(BOOKLETS_END, until))
        delivered = earliest + int(random() * max(0, until - earliest))
        if kind == "EXPIRED":
            delivered = years_after(until, -CARD_YEARS) - 1 - int(random() * 700)
            delivered = max(delivered, life.born + 5)
        delivered = min(delivered, until)
        if kind == "RENEWED":
            earlier = max(life.born + 5, delivered - 100 - int(random() * 1200))
            self._card_row(life, index, 1, earlier, CardReason.FIRST, cancelled=True)
            self._card_row(life, index, 2, delivered, CardReason.LOSS, cancelled=closed)
        else:
            self._card_row(life, index, 1, delivered, CardReason.FIRST, cancelled=closed)
        if not closed and delivered - life.born >= _PHOTO_AGE:
            self.photo(life.number, PhotoKind.IDENTITY_CARD)

    def _card_row(
        self,
        life: Life,
        index: int,
        sequence: int,
        delivered: int,
        reason: CardReason,
        *,
        cancelled: bool,
    ) -> None:
        given, surname, mother, father, sex, born, place = self.shown(life)
        licence = self._licence(life, delivered) if sequence == 1 or not cancelled else None
        unit = DeliveringUnit.DISTRICT if index % 3 else DeliveringUnit.POST
        self.cards.append(
            (
                life.number,
                sequence,
                given,
                surname,
                mother,
                father,
                int(cancelled),
                sex,
                born,
                self.numbers.card_serial(index * 4 + sequence),
                packed(years_after(delivered, CARD_YEARS)),
                AUTHORITY,
                self._blood_group(life),
                int(licence is not None),
                packed(licence) if licence else None,
                place,
                self.book.number[reason],
                _RECORDS_FROM + index * 4 + sequence,
                self.book.number[unit],
                packed(delivered),
            )
        )

    def _licence(self, life: Life, delivered: int) -> int | None:
        """The day on which a driving licence was loaded on the card, if any."""
        first = max(delivered, life.born + years(18))
        last = life.died or self.until
        draw, when = self.random(), self.random()
        wanted = life.script.licence if life.script is not None else draw < _SHARE_LICENCE
        if not wanted or first > last:
            return None
        return first + int(when * (last - first))

    def _blood_group(self, life: Life) -> int:
        """A person's blood group, the same on every document; the table's last is "unknown"."""
        groups = self.book.all_of("KanGrubu")
        draw = mixed(life.number, 11)
        if draw % 100 >= _SHARE_BLOOD_KNOWN * 100:
            return groups[-1]
        return groups[(draw >> 8) % (len(groups) - 1)]

    def _temporary(self, life: Life, index: int) -> None:
        """A temporary identity, valid for thirty days."""
        given, surname, mother, father, sex, born, _ = self.shown(life)
        issued = max(life.born, self.until - int(self.random() * 25))
        self.temporaries.append(
            (
                life.number,
                given,
                surname,
                mother,
                father,
                sex,
                born,
                f"G{_RECORDS_FROM + index}",
                packed(issued),
                life.birth_district_code,
                life.former_surname,
                packed(issued + 30),
                self._blood_group(life),
            )
        )
        self.photo(life.number, PhotoKind.TEMPORARY_IDENTITY)

    def photo(self, number: int, kind: PhotoKind) -> None:
        """The labelled tile that stands for a photo."""
        self.photos.append((number, int(kind), tile(mixed(number, kind))))
