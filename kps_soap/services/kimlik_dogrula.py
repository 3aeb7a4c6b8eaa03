"""KimlikDogrulaServis: back-identification, the caller's own data held against the register (§5.1).

One of our own services: no published client knows it, so its answer may use the names of the
published records (``HataBilgisi``, ``SorguSonucu``, ``Parametre``) without being taken for one.

A criterion names the person by number and says given name, surname (or, with ``SoyadYok``, that
there is none) and birth date, of which the year is required and a missing part means "unknown"
(design D20); parents' names, birth place and documents are compared where they are said.  The
answer is ``ESLESTI`` or ``ESLESMEDI`` and nothing of the person: a wrong datum, an impossible one
and a number of nobody are one answer, and what is asked of the register depends only on what was
said.  ``Durum`` is told of a match, ``AlanSonuclari`` (the result of each datum) to whom the
agreement grants it.

Whoever was wrong about a person five times in a day is not answered about that person any more:
the whole call is refused (402), also where the next guess would have been right.

``EslesmeDuzeyi`` asks for a level of matching; never a laxer one than the agreement's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kps_soap import turkish
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy, Subject
from kps_soap.entry import Event
from kps_soap.faults import PUBLISHED_CODE_OF_OUTCOME, Outcome
from kps_soap.registry.records import (
    BlueCardPerson,
    Citizen,
    Foreigner,
    IdentityCard,
    OldBooklet,
    PartialDate,
)
from kps_soap.services.person_search import Persons, Wants, find_persons
from kps_soap.services.shared_2011 import Item, Note, Parametre, array_of, coded, record, result_of
from kps_soap.services.verification import (
    code_matches,
    is_given,
    name_matches,
    part_matches,
    surname_matches,
    year_matches,
)
from kps_soap.spyne_import import Boolean, Enum, Int, Long, Service, Unicode, rpc

NAME: Final = "KimlikDogrulaServis"
NAMESPACE: Final = "urn:kps-soap:kimlik-dogrula:1"
ITEM: Final = "KimlikDogrulama"
WRONG_PER_DAY_MAX: Final = 5

MATCH: Final = "ESLESTI"
NO_MATCH: Final = "ESLESMEDI"
_FIELDS: Final = (
    *("AD", "SOYAD", "DOGUM_TARIHI", "ANNE_AD", "BABA_AD", "DOGUM_YERI", "CUZDAN", "TCKK"),
)
_INCOMPLETE: Final = PUBLISHED_CODE_OF_OUTCOME[Outcome.MISSING]

Person = Citizen | Foreigner | BlueCardPerson
Said = Mapping[str, Any]
#: Data that were said, by name, and whether they are right.
Results = Mapping[str, bool]


def _enumeration(name: str, *values: str) -> Any:
    found = Enum(*values, type_name=name)
    found.__namespace__ = NAMESPACE
    return found


EslesmeDuzeyi = _enumeration("EslesmeDuzeyi", turkish.TAM, turkish.DUZELTMELI)
EslesmeSonucu = _enumeration("EslesmeSonucu", MATCH, NO_MATCH)
AlanSonucu = record(
    NAMESPACE, "AlanSonucu", Alan=_enumeration("KimlikAlani", *_FIELDS), Sonuc=EslesmeSonucu
)
KimlikDogrulaKriteri = record(
    NAMESPACE,
    "KimlikDogrulaKriteri",
    Ad=Unicode,
    AnneAd=Unicode,
    BabaAd=Unicode,
    CuzdanNo=Int,
    CuzdanSeri=Unicode,
    DogumAy=Int,
    DogumAyYok=Boolean,
    DogumGun=Int,
    DogumGunYok=Boolean,
    DogumYer=Unicode,
    DogumYil=Int,
    EslesmeDuzeyi=EslesmeDuzeyi,
    KimlikNo=Long,
    Soyad=Unicode,
    SoyadYok=Boolean,
    TCKKSeriNo=Unicode,
)
KimlikDogrulama = record(
    NAMESPACE,
    ITEM,
    AlanSonuclari=array_of(AlanSonucu, NAMESPACE),
    Durum=Parametre,
    HataBilgisi=Parametre,
    Sonuc=EslesmeSonucu,
)


@dataclass(frozen=True, slots=True)
class _Held:
    """What the registers hold of one number, as far as a criterion asks for it."""

    persons: Sequence[Person]
    booklet: OldBooklet | None
    card: IdentityCard | None

    @classmethod
    async def fetch(cls, register: Any, said: Said, number: int, wants: Wants) -> _Held:
        """As many questions for a number of nobody as for any other."""
        found = await find_persons(register, number, wants) or Persons()
        records = (found.citizen, found.blue_card, found.foreigner)
        persons = tuple(person for person in records if person is not None)
        booklet = await register.old_booklet(number) if _names_booklet(said) else None
        card = await register.identity_card(number) if is_given(said["TCKKSeriNo"]) else None
        return cls(persons, booklet, card)

    def results(self, said: Said, person: Person | None, level: str) -> Results:
        """Each datum that was said; all of them wrong where there is no such person."""
        if person is None:
            return dict.fromkeys(_said_fields(said), False)
        found = {
            "AD": name_matches(said["Ad"], person.given_name, level),
            "SOYAD": surname_matches(
                said["Soyad"], person.surname, level, has_none=bool(said["SoyadYok"])
            ),
            "DOGUM_TARIHI": _born_matches(said, person.born),
            "ANNE_AD": name_matches(said["AnneAd"], person.mother_name, level),
            "BABA_AD": name_matches(said["BabaAd"], person.father_name, level),
            "DOGUM_YERI": name_matches(said["DogumYer"], person.birth_place, level),
            "CUZDAN": self._is_booklet(said),
            "TCKK": self.card is not None
            and code_matches(said["TCKKSeriNo"] or "", self.card.serial_no),
        }
        return {name: found[name] for name in _said_fields(said)}

    def _is_booklet(self, said: Said) -> bool:
        held = self.booklet
        return (
            held is not None
            and code_matches(said["CuzdanSeri"] or "", held.series)
            and said["CuzdanNo"] == held.serial
        )


def _names_booklet(said: Said) -> bool:
    return is_given(said["CuzdanSeri"]) or bool(said["CuzdanNo"])


def _said_fields(said: Said) -> tuple[str, ...]:
    """The data that a criterion is about: three always, the others where they are said."""
    given = {
        "ANNE_AD": is_given(said["AnneAd"]),
        "BABA_AD": is_given(said["BabaAd"]),
        "DOGUM_YERI": is_given(said["DogumYer"]),
        "CUZDAN": _names_booklet(said),
        "TCKK": is_given(said["TCKKSeriNo"]),
    }
    return tuple(name for name in _FIELDS if given.get(name, True))


def _born_matches(said: Said, born: PartialDate) -> bool:
    return (
        part_matches(said["DogumGun"], born.day, is_unknown=bool(said["DogumGunYok"]))
        and part_matches(said["DogumAy"], born.month, is_unknown=bool(said["DogumAyYok"]))
        and year_matches(said["DogumYil"], born)
    )


def _level(said: Said, granted: str) -> str:
    """The level asked for, or the agreement's where that is the stricter one."""
    asked = said["EslesmeDuzeyi"]
    return turkish.TAM if turkish.TAM in (asked, granted) else granted


@dataclass(slots=True)
class _Verification:
    """The criteria of one call, one after the other; ``_results`` are those of the present one."""

    granted_level: str
    _results: Results = field(default_factory=dict)

    async def find(self, register: Any, subject: Subject, wants: Wants) -> Person | None:
        """The person whom everything said is right about, by a record in use if there is one."""
        said = subject.criterion
        level = _level(said, self.granted_level)
        held = await _Held.fetch(register, said, subject.number, wants)
        ordered = sorted(held.persons, key=lambda person: person.closed)
        results = [held.results(said, person, level) for person in ordered or (None,)]
        # The record that most of what was said agrees with, and of equals the first.
        best = max(range(len(results)), key=lambda place: sum(results[place].values()))
        self._results = results[best]
        return ordered[best] if all(self._results.values()) and ordered else None

    def item(self, person: Person | None, _number: int | None, note: Note | None) -> Item:
        """One verdict; only an incomplete criterion gets a note instead."""
        results, self._results = self._results, {}
        if note is not None and note["Kod"] == _INCOMPLETE:
            return {"HataBilgisi": note}
        return {
            "AlanSonuclari": [
                {"Alan": name, "Sonuc": MATCH if right else NO_MATCH}
                for name, right in results.items()
            ],
            "Durum": None if person is None else coded(person.status),
            "Sonuc": NO_MATCH if person is None else MATCH,
        }


class KimlikDogrulaServis(Service):
    """The port type, in the shape of the published ones."""

    @rpc(
        array_of(KimlikDogrulaKriteri, NAMESPACE),
        _returns=result_of(KimlikDogrulama, NAMESPACE, f"{ITEM}Sonucu"),
    )
    async def Dogrula(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
        """One verdict a criterion, in the order of the criteria."""
        verification = _Verification(ctx.udc.name_matching)
        items = await ctx.udc.each_subject(verification.find, verification.item)
        return {"SorguSonucu": {ITEM: items}}


CONTRACTS = (
    Contract(
        name=NAME,
        version="1",
        namespace=NAMESPACE,
        operation="Dogrula",
        service=KimlikDogrulaServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{NAME}/1/{NAME}.xsd", f"{NAME}/1/kps-2011-01-01.xsd"),
        event=Event.VERIFICATION,
        criteria=CriteriaPolicy(
            number="KimlikNo",
            birth_date=True,
            demanded=("Ad",),
            wrong_per_day_max=WRONG_PER_DAY_MAX,
        ),
        item=ITEM,
    ),
)
