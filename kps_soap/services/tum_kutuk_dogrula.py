"""TumKutukDogrulaServis: is what is said of a person right, in any of the registers (wire C.7)?

No WSDL of it was ever public.  The criterion is what five published clients send; the answer has
the shape of the combined register, of which they read, by local name alone, ``DoluBilesenler``,
the three containers and ``KisiBilgisi`` with ``Durum``.  The names of the record, of its list and
of the types are inferred.  ``Durum`` is the verdict: 1 everything is right and the record in use,
2 wrong, not found or closed, 3 right and the person is dead.

How those clients read an answer decides what may stand in one:

* one takes ``Kod`` 1 anywhere for a yes, and 2 or 3 for a no: nothing but ``Durum`` has a code
  here, unless the whole call or criterion got no verdict at all (8, 10);
* others take the first container that has a ``Durum``: a yes fills one, a no fills all that the
  agreement grants, so that a no reads as one in whatever container a client looks.

A verification tells nobody what was not said.  Names and birth date are repeated as registered
once all that was said is right, ``Uyruk`` and ``OlumTarih``, which clients look for, are never
filled.  A wrong datum, a number of nobody and a register that is not granted are one answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy, Subject
from kps_soap.entry import Event
from kps_soap.faults import PUBLISHED_CODE_OF_OUTCOME, PUBLISHED_NOTES, Outcome
from kps_soap.registry.records import (
    DECEASED_STATUS_CODE,
    BlueCardPerson,
    Citizen,
    Foreigner,
    PartialDate,
)
from kps_soap.services.bilesik_kutuk_types import CONSTANTS, CONTAINERS
from kps_soap.services.person_search import Persons, Wants, find_persons
from kps_soap.services.shared_2011 import (
    Item,
    Note,
    Parametre,
    TarihBilgisi,
    array_of,
    coded,
    date_or_nil,
    record,
    result_of,
)
from kps_soap.services.verification import code_matches, is_given, name_matches
from kps_soap.spyne_import import ComplexModel, Enum, Int, Long, Service, Unicode, rpc

NAME: Final = "TumKutukDogrulaServis"
NAMESPACE: Final = "http://kps.nvi.gov.tr/2025/08/01"
ITEM: Final = "TumKutukDogrulaBilgileri"

Person = Citizen | Foreigner | BlueCardPerson

_INCOMPLETE: Final = PUBLISHED_CODE_OF_OUTCOME[Outcome.MISSING]
#: The verdict "no": wrong and not found cannot be told apart.
_NO: Final[Note] = {"Aciklama": PUBLISHED_NOTES[2], "Kod": 2}


@dataclass(frozen=True, slots=True)
class _Container:
    """One register's place in the answer."""

    name: str
    type_name: str
    part: str
    number_name: str = "KimlikNo"

    @property
    def path(self) -> str:
        return f"{ITEM}/{self.name}/KisiBilgisi"

    def of(self, persons: Persons) -> Person | None:
        """The record of this container's register."""
        held = {
            "TCKisiBilgisi": persons.citizen,
            "MaviKartliKisiBilgisi": persons.blue_card,
            "YabanciKisiBilgisi": persons.foreigner,
        }
        return held[self.part]


_CONTAINERS: Final = (
    _Container(
        "TCVatandasiKisiKutukleri", "TCVatandasiKisiKutukleri", "TCKisiBilgisi", "TCKimlikNo"
    ),
    _Container("MaviKartliKisiKutukleri", "MaviKartKisiKutukleri", "MaviKartliKisiBilgisi"),
    _Container("YabanciKisiKutukleri", "YabanciKisiKutukleri", "YabanciKisiBilgisi"),
)


@dataclass(frozen=True, slots=True)
class _Match:
    """The record that everything said agrees with."""

    container: _Container
    person: Person

    @property
    def born(self) -> PartialDate:
        return self.person.born

    @property
    def closed(self) -> bool:
        return self.person.closed


def _agrees(said: Mapping[str, Any], born: PartialDate, person: Person, level: str) -> bool:
    """Names and birth date; nothing said of a surname fits only a person without one."""
    return (
        name_matches(said["Ad"], person.given_name, level)
        and name_matches(said["Soyad"], person.surname, level)
        and person.born == born
    )


async def _find(register: Any, subject: Subject, wants: Wants, level: str) -> _Match | None:
    """The matching record, one in use before a closed one.

    What is asked of the register depends on the number and on what was said, never on whether
    there is such a person (design D4).
    """
    said, serial = subject.criterion, subject.criterion["TCKKSeriNo"]
    persons = await find_persons(register, subject.number, wants)
    if is_given(serial):
        card = await register.identity_card(subject.number)
        if card is None or not code_matches(serial, card.serial_no):
            return None
    if persons is None or subject.born is None:
        return None
    matches = [
        _Match(container, person)
        for container in _CONTAINERS
        if (person := container.of(persons)) is not None
        and wants(container.path)
        and _agrees(said, subject.born, person, level)
    ]
    return min(matches, key=lambda match: match.closed, default=None)


def _verdict(person: Person) -> Note | None:
    """``Durum`` of a person about whom everything said is right: 1, 2 or 3."""
    found = coded(person.status)
    if found is not None and person.closed and person.status.code != DECEASED_STATUS_CODE:
        found["Kod"] = 2
    return found


def _yes(match: _Match, number: int | None) -> Item:
    container, person = match.container, match.person
    shown = {
        "DurumBilgisi": {"DogumTarih": date_or_nil(person.born), "Durum": _verdict(person)},
        container.number_name: number,
        "TemelBilgisi": {"Ad": person.given_name, "Soyad": person.surname},
    }
    return {"KimlikNo": number, container.name: {"KisiBilgisi": shown}}


def _no(number: int | None) -> Item:
    found: Item = {"KimlikNo": number}
    for container in _CONTAINERS:
        shown = {"DurumBilgisi": {"Durum": _NO}, container.number_name: number}
        found[container.name] = {"KisiBilgisi": shown}
    return found


def _item(match: _Match | None, number: int | None, note: Note | None) -> Item:
    """One record; only an incomplete criterion gets a note instead of a verdict."""
    if match is not None:
        return _yes(match, number)
    if note is not None and note["Kod"] == _INCOMPLETE:
        return {"HataBilgisi": note, "KimlikNo": number}
    return _no(number)


def _filled_parts() -> Any:
    name = "CstTumKutukDogrulaServisDoluBilesen"
    part = Enum(*(container.part for container in _CONTAINERS), type_name=name)
    part.__namespace__ = CONSTANTS
    item = part.customize(min_occurs=0, max_occurs="unbounded", nillable=False)
    return ComplexModel.produce(
        namespace=CONSTANTS, type_name=f"ArrayOf{name}", members={name: item}
    )


KisiDurumBilgisi = record(
    NAMESPACE, "KisiDurumBilgisi", DogumTarih=TarihBilgisi, Durum=Parametre, OlumTarih=TarihBilgisi
)
KisiTemelBilgisi = record(NAMESPACE, "KisiTemelBilgisi", Ad=Unicode, Soyad=Unicode)
YabanciKisiTemelBilgisi = record(
    NAMESPACE, "YabanciKisiTemelBilgisi", Ad=Unicode, Soyad=Unicode, Uyruk=Parametre
)
_SHOWN: Final[dict[str, Any]] = {"DurumBilgisi": KisiDurumBilgisi, "HataBilgisi": Parametre}
TCKisiBilgisi = record(
    NAMESPACE, "TCKisiBilgisi", TCKimlikNo=Long, TemelBilgisi=KisiTemelBilgisi, **_SHOWN
)
MaviKartKisiBilgisi = record(
    NAMESPACE, "MaviKartKisiBilgisi", KimlikNo=Long, TemelBilgisi=KisiTemelBilgisi, **_SHOWN
)
YabanciKisiBilgisi = record(
    NAMESPACE, "YabanciKisiBilgisi", KimlikNo=Long, TemelBilgisi=YabanciKisiTemelBilgisi, **_SHOWN
)


def _container_type(name: str, person: Any) -> Any:
    return record(NAMESPACE, name, HataBilgisi=Parametre, KisiBilgisi=person)


TumKutukDogrulaBilgileri = record(
    NAMESPACE,
    ITEM,
    DoluBilesenler=_filled_parts(),
    HataBilgisi=Parametre,
    KimlikNo=Long,
    MaviKartliKisiKutukleri=_container_type("MaviKartKisiKutukleri", MaviKartKisiBilgisi),
    TCVatandasiKisiKutukleri=_container_type("TCVatandasiKisiKutukleri", TCKisiBilgisi),
    YabanciKisiKutukleri=_container_type("YabanciKisiKutukleri", YabanciKisiBilgisi),
)
TumKutukDogrulamaSorguKriteri = record(
    NAMESPACE,
    "TumKutukDogrulamaSorguKriteri",
    Ad=Unicode,
    DogumAy=Int,
    DogumGun=Int,
    DogumYil=Int,
    KimlikNo=Long,
    Soyad=Unicode,
    TCKKSeriNo=Unicode,
)


class TumKutukDogrulaServis(Service):
    """The published port type."""

    @rpc(
        array_of(TumKutukDogrulamaSorguKriteri, NAMESPACE),
        _returns=result_of(TumKutukDogrulaBilgileri, NAMESPACE, f"{ITEM}Sonucu"),
    )
    async def Sorgula(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
        """One verdict a criterion, in the order of the criteria."""
        level = ctx.udc.name_matching

        async def find(register: Any, subject: Subject, wants: Wants) -> _Match | None:
            return await _find(register, subject, wants, level)

        return {"SorguSonucu": {ITEM: await ctx.udc.each_subject(find, _item)}}


CONTRACTS = (
    Contract(
        name=NAME,
        version="2025/08/01",
        namespace=NAMESPACE,
        operation="Sorgula",
        service=TumKutukDogrulaServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(
            f"{NAME}/2025-08-01/{NAME}.xsd",
            f"{NAME}/2025-08-01/kps-2011-01-01.xsd",
            f"{NAME}/2025-08-01/common-types-constants.xsd",
        ),
        event=Event.VERIFICATION,
        criteria=CriteriaPolicy(number="KimlikNo", birth_date=True, demanded=("Ad",)),
        item=ITEM,
        parts={container.part: container.path for container in _CONTAINERS},
        spare_prefixes=dict.fromkeys((one.type_name for one in _CONTAINERS), CONTAINERS),
    ),
)
