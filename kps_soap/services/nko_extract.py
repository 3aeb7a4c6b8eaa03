"""A register extract (``Nko``): its types (wire C.5), its persons and its events.

Shared by the services that find the person by number and by registry place.  ``NKOTipi`` says
whom an extract shows (``families``); ``Vukuatli`` asks for the events of all of them, person by
person and in the order in which they were entered.  An event shows the place and the names that
the person had after it; a name that the event did not change is the one before it.

Two kinds of events are not for everybody.  A change of religion is left out unless ``Din`` is
granted, with its own legal basis: the event tells what that member would (Law 6698 Art. 6).
Those of an adoption are left out always, and what was entered before it is shown with the place
and the names after it, as the new entry in the register has them: of adoptions nobody may be
told without a court's order (Civil Code Art. 314).

Nothing is read that is not granted, and nothing of the family before the criteria were compared
(design D4).  The wire names no answer for a criterion without ``NKOTipi``: it means the person
alone, the least of the four kinds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from kps_soap.criteria import Enquiry, Subject
from kps_soap.faults import Outcome
from kps_soap.registry.family_records import CivilEvent, ExtractKind
from kps_soap.registry.records import UNKNOWN_DATE, Citizen, PartialDate
from kps_soap.services.families import Relative, line_of, relatives_of
from kps_soap.services.shared_2011 import (
    NAMESPACE_2011,
    Item,
    Note,
    Parametre,
    TarihBilgisi,
    array_of,
    citizen_basics,
    citizen_status,
    coded,
    date_or_blank,
    record,
    registration,
)
from kps_soap.spyne_import import Boolean, Enum, Int, Long, Unicode

NAMESPACE: Final = "http://kps.nvi.gov.tr/2021/04/01"

_KINDS: Final[Mapping[str, ExtractKind]] = {
    "KisiKayitOrnek": ExtractKind.PERSON,
    "AileKayitOrnek": ExtractKind.FAMILY,
    "NufusAileKayitOrnek": ExtractKind.WITH_PARENTS,
    "NufusAileKayitOrnekKardesDahil": ExtractKind.WITH_SIBLINGS,
}

_RELIGION: Final = "Nko/Kisiler/DurumBilgisi/Din"

NkoTur = Enum(*_KINDS, type_name="NkoTur")
NkoTur.__namespace__ = NAMESPACE_2011

#: What every criterion for an extract may say beside naming the person or the place.
EXTRACT_MEMBERS: Final[Mapping[str, Any]] = {
    "EskiEsListele": Boolean,
    "NKOTipi": NkoTur,
    "Vukuatli": Boolean,
}

_NkoKisi = record(
    NAMESPACE,
    "NkoKisi",
    DurumBilgisi=record(
        NAMESPACE,
        "KisiDurumBilgisi",
        Din=Parametre,
        Durum=Parametre,
        MedeniHal=Parametre,
        OlumTarih=TarihBilgisi,
    ),
    HataBilgisi=Parametre,
    KayitYeriBilgisi=record(
        NAMESPACE,
        "KisiKayitYeriBilgisi",
        AileSiraNo=Int,
        BireySiraNo=Int,
        Cilt=Parametre,
        Il=Parametre,
        Ilce=Parametre,
    ),
    KisiOlayTarihBilgisi=record(
        NAMESPACE,
        "OlayTarihBilgisi",
        BosanmaTarih=TarihBilgisi,
        EvlenmeTarih=TarihBilgisi,
        TescilTarih=TarihBilgisi,
    ),
    TCKimlikNo=Long,
    TemelBilgisi=record(
        NAMESPACE,
        "KisiTemelBilgisi",
        Ad=Unicode,
        AnneAd=Unicode,
        BabaAd=Unicode,
        Cinsiyet=Parametre,
        DogumTarih=TarihBilgisi,
        DogumYer=Unicode,
        Soyad=Unicode,
    ),
    YakinlikKod=Parametre,
)
_NkoOlay = record(
    NAMESPACE,
    "NkoOlay",
    Ad=Unicode,
    Dusunce=Unicode,
    HataBilgisi=Parametre,
    KayitYeri=record(
        NAMESPACE,
        "KisiKayitYeriKodBilgisi",
        AileSiraNo=Int,
        BireySiraNo=Int,
        CiltKod=Int,
        IlceKod=Int,
    ),
    OlayAciklama=Unicode,
    OlayKayitNo=Long,
    OlayTarih=TarihBilgisi,
    OlayTipi=Parametre,
    Soyad=Unicode,
)
Nko = record(
    NAMESPACE,
    "Nko",
    HataBilgisi=Parametre,
    Kisiler=array_of(_NkoKisi, NAMESPACE),
    NkoTuru=Parametre,
    Olaylar=array_of(_NkoOlay, NAMESPACE),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an extract is made of: one person and what was asked about, or a whole line."""

    criterion: Mapping[str, Any]
    person: Citizen | None = None
    line: Sequence[Citizen] = ()

    @property
    def born(self) -> PartialDate:
        return UNKNOWN_DATE if self.person is None else self.person.born

    @property
    def closed(self) -> bool:
        return self.person is not None and self.person.closed

    @property
    def kind(self) -> ExtractKind | None:
        """How far the extract goes; None for a line, which is none of the kinds."""
        if self.person is None:
            return None
        return _KINDS.get(self.criterion.get("NKOTipi") or "", ExtractKind.PERSON)


async def each_extract(
    enquiry: Enquiry, find: Callable[[Any, Subject, Any], Awaitable[Sheet | Outcome | None]]
) -> list[Item]:
    """One ``Nko`` a criterion, in the order of the criteria."""
    found: list[tuple[Item, Sheet]] = []

    def item(sheet: Sheet | None, _number: int | None, note: Note | None) -> Item:
        extract: Item = {"HataBilgisi": note}
        if sheet is not None:
            found.append((extract, sheet))
        return extract

    items: list[Item] = await enquiry.each_subject(find, item)
    for extract, sheet in found:
        extract.update(await _complete(enquiry, sheet))
    return items


async def _complete(enquiry: Enquiry, sheet: Sheet) -> Item:
    """The rest of an extract, of which nothing is read that the agreement withholds."""
    register, kind = enquiry.register, sheet.kind
    extract: Item = {}
    if kind is not None:
        extract["NkoTuru"] = coded(register.families.extract_kind(kind))
    people_wanted = enquiry.wants("Nko/Kisiler")
    events_wanted = bool(sheet.criterion.get("Vukuatli")) and enquiry.wants("Nko/Olaylar")
    if not people_wanted and not events_wanted:
        return extract
    relatives = await _relatives(enquiry, sheet)
    for relative in relatives:
        enquiry.shown(relative.person.number)
    enquiry.records += max(0, len(relatives) - 1)
    if people_wanted:
        extract["Kisiler"] = [_person(relative) for relative in relatives]
    if events_wanted:
        extract["Olaylar"] = [
            event
            for relative in relatives
            for event in _events(relative.person, await _told_events(enquiry, relative.person))
        ]
    return extract


async def _told_events(enquiry: Enquiry, person: Citizen) -> Sequence[CivilEvent]:
    """The events of a person of which this agreement may be told."""
    events: Sequence[CivilEvent] = await enquiry.register.families.events(person.number)
    if not enquiry.wants(_RELIGION):
        events = [event for event in events if not event.religious]
    return _without_adoptions(events)


async def _relatives(enquiry: Enquiry, sheet: Sheet) -> Sequence[Relative]:
    dates = enquiry.wants("Nko/Kisiler/KisiOlayTarihBilgisi")
    if sheet.person is None or sheet.kind is None:
        return await line_of(enquiry.register, sheet.line, marriages=dates)
    return await relatives_of(
        enquiry.register,
        sheet.person,
        sheet.kind,
        former_spouses=bool(sheet.criterion.get("EskiEsListele")),
        marriages=dates,
    )


def _person(relative: Relative) -> Item:
    """One ``NkoKisi``."""
    person, marriage = relative.person, relative.marriage
    dissolved = marriage is not None and marriage.dissolved
    return {
        "DurumBilgisi": citizen_status(person),
        "KayitYeriBilgisi": registration(person.registration),
        "KisiOlayTarihBilgisi": {
            "BosanmaTarih": date_or_blank(marriage.ended if marriage and dissolved else None),
            "EvlenmeTarih": date_or_blank(marriage.married if marriage else None),
            "TescilTarih": date_or_blank(person.registered),
        },
        "TCKimlikNo": person.number,
        "TemelBilgisi": citizen_basics(person),
        "YakinlikKod": coded(relative.kinship),
    }


def _events(person: Citizen, events: Sequence[CivilEvent]) -> Iterator[Item]:
    """A person's events; names that none of them gave are those of today."""
    names = (person.given_name, person.surname)
    for event in events:
        if event.given_name is not None:
            names = (event.given_name, event.surname)
        yield {
            "Ad": names[0],
            "Dusunce": event.remark,
            "KayitYeri": {
                "AileSiraNo": event.family_no,
                "BireySiraNo": event.member_no,
                "CiltKod": event.volume_code,
                "IlceKod": event.registry_district_code,
            },
            "OlayAciklama": event.description,
            "OlayKayitNo": event.record_no,
            "OlayTarih": date_or_blank(event.happened),
            "OlayTipi": coded(event.kind),
            "Soyad": names[1],
        }


def _without_adoptions(events: Sequence[CivilEvent]) -> Sequence[CivilEvent]:
    """The events as they read for somebody who may not be told of an adoption."""
    last = next((event for event in reversed(events) if event.adoption), None)
    if last is None:
        return events
    return [
        event
        if event.record_no > last.record_no
        else replace(
            last,
            record_no=event.record_no,
            kind=event.kind,
            happened=event.happened,
            description=event.description,
            remark=event.remark,
            adoption=False,
        )
        for event in events
        if not event.adoption
    ]
