"""KisiListeleServis: who was born on some days and is registered in a district, page by page.

The published contract (wire C.4) lists persons whom nobody named, and nobody gets data in bulk
(Law 5490 Art. 45/2, K7.3).  So an agreement must grant it with a legal basis of its own, and:

* district, first and last day are demanded, and the days are ``DAYS_MAX`` at most, a month: who
  needs a year's cohort of a district asks twelve times, each of which is on record;
* a page holds ``PAGE_MAX`` persons at most, as many as an ordinary agreement lets a call ask
  about by number; everybody of it is on record, and counts as a record of the tariff;
* persons whose records the institution does not keep are left out, where its agreement says so.

What the papers leave open: ``Ilce`` is the district of the family register (the record shows
``KayitYeriBilgisi``); both days are inclusive; ``Cinsiyet`` nil or ``Bilinmeyen``, which .NET
sends by default, means everybody; closed records are listed too, ``Durum`` tells.  Whoever has
no known day of birth is listed where the days hold the whole month; without a month, never.

``SayfaAnahtari`` is nil or 0 for the first page and nil after the last one.  Between them it is
sealed (``page_keys``): it shows no number, and it is good for the same list of the same
institution only.  It is a field like others: who is not granted it has the first page only.
Pages follow each other by number, so that a change of the register between two of them shows
nobody twice and leaves nobody out.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import YEAR_MIN, CriteriaPolicy, Enquiry, Subject
from kps_soap.faults import Outcome, TooManyCriteria
from kps_soap.registry.family_records import ANY_SEX, Birthdays
from kps_soap.registry.records import UNKNOWN_DATE, Citizen, PartialDate
from kps_soap.services.shared_2011 import (
    NAMESPACE_2011,
    Item,
    KisiDurumBilgisi,
    KisiKayitYeriBilgisi,
    KisiTemelBilgisi,
    Note,
    Parametre,
    array_of,
    listed_citizen,
    record,
)
from kps_soap.spyne_import import DateTime, Enum, Int, Long, Service, rpc

NAME: Final = "KisiListeleServis"
ITEM: Final = "KisiListesi"
PAGE_MAX: Final = 100
DAYS_MAX: Final = 31

_ISTANBUL: Final = ZoneInfo("Europe/Istanbul")

#: The codes of Cinsiyet, which are published (wire C.8).
_SEXES: Final[Mapping[str, int]] = {"Bilinmeyen": ANY_SEX, "Erkek": 1, "Kadin": 2}

CstCinsiyet = Enum(*_SEXES, type_name="CstCinsiyet")
CstCinsiyet.__namespace__ = NAMESPACE_2011

KisiListeleSorguKriteri = record(
    NAMESPACE_2011,
    "KisiListeleSorguKriteri",
    BaslangicTarih=DateTime,
    BitisTarih=DateTime,
    Cinsiyet=CstCinsiyet,
    Ilce=Int,
    SayfaAnahtari=Long,
)
DogumTarihveCinsiyeteGoreKisiBilgisi = record(
    NAMESPACE_2011,
    "DogumTarihveCinsiyeteGoreKisiBilgisi",
    AnneTCKimlikNo=Long,
    BabaTCKimlikNo=Long,
    DurumBilgisi=KisiDurumBilgisi,
    EsTCKimlikNo=Long,
    HataBilgisi=Parametre,
    KayitYeriBilgisi=KisiKayitYeriBilgisi,
    TCKimlikNo=Long,
    TemelBilgisi=KisiTemelBilgisi,
)
KisiListesi = record(
    NAMESPACE_2011,
    ITEM,
    SayfaAnahtari=Long,
    Sonuc=array_of(DogumTarihveCinsiyeteGoreKisiBilgisi, NAMESPACE_2011),
)
KisiListesiSonucu = record(
    NAMESPACE_2011, "KisiListesiSonucu", HataBilgisi=Parametre, SorguSonucu=KisiListesi
)


@dataclass(frozen=True, slots=True)
class Page:
    """What was found: persons, and the key of the next page if there is one."""

    people: Sequence[Citizen]
    next_key: int | None
    born: PartialDate = UNKNOWN_DATE
    closed: bool = False


def _day(moment: datetime) -> date:
    """The civil day that a sender in Turkey means, whatever zone its serialiser wrote."""
    if moment.tzinfo is None:
        return moment.date()
    try:
        return moment.astimezone(_ISTANBUL).date()
    except OverflowError:
        return moment.date()


def _packed(day: date) -> int:
    return PartialDate(day.day, day.month, day.year).packed


def _birthdays(criterion: Mapping[str, Any]) -> Birthdays | None:
    """The days asked for; None where they are no days in order.

    Raises TooManyCriteria for more days than a call may ask about.
    """
    first, last = _day(criterion["BaslangicTarih"]), _day(criterion["BitisTarih"])
    if not YEAR_MIN <= first.year <= last.year < MAXYEAR or last < first:
        return None
    if (last - first).days >= DAYS_MAX:
        raise TooManyCriteria(f"more than {DAYS_MAX} days of birth")
    return Birthdays(
        district_code=criterion["Ilce"],
        first=_packed(first),
        last=_packed(last),
        whole_month=_whole_month(first, last),
        sex=_SEXES[criterion["Cinsiyet"] or "Bilinmeyen"],
    )


def _whole_month(first: date, last: date) -> int:
    """The packed month that lies in the days from its first to its last; 0 if there is none."""
    start = first if first.day == 1 else first.replace(day=1) + timedelta(days=32)
    start = start.replace(day=1)
    end = start.replace(day=monthrange(start.year, start.month)[1])
    return PartialDate(None, start.month, start.year).packed if end <= last else 0


def _context(enquiry: Enquiry, days: Birthdays) -> str:
    """The list and the institution that a page key is good for."""
    asker = "" if enquiry.asker is None else enquiry.asker.institution
    asked = (days.district_code, days.first, days.last, days.sex, asker)
    return f"{NAME} {' '.join(map(str, asked))}"


async def _page(enquiry: Enquiry, criterion: Mapping[str, Any]) -> Page | Outcome | None:
    """The page that a criterion asks for.  A key that is none asks nothing of the register."""
    days, keys = _birthdays(criterion), enquiry.page_keys
    if days is None:
        return Outcome.BAD_DATE
    context, after = _context(enquiry, days), 0
    if criterion["SayfaAnahtari"]:
        opened = None if keys is None else keys.open(criterion["SayfaAnahtari"], context)
        if opened is None:
            return Outcome.NOT_FOUND
        after = opened
    found = await enquiry.register.families.born(days, after=after, most=PAGE_MAX + 1)
    people = found[:PAGE_MAX]
    if not people:
        return None
    more = len(found) > PAGE_MAX and keys is not None
    next_key = keys.seal(people[-1].number, context) if more and keys is not None else None
    unrelated = await enquiry.unrelated([person.number for person in people])
    return Page([person for person in people if person.number not in unrelated], next_key)


async def _list(enquiry: Enquiry) -> Item:
    """The whole result: one page, or a note that says why there is none."""

    async def find(_register: Any, subject: Subject, _wants: Any) -> Page | Outcome | None:
        page = await _page(enquiry, subject.criterion)
        if isinstance(page, Outcome):
            # Neither outcome has asked the register anything (design D19).
            enquiry.units = 0
        return page

    def item(page: Page | None, _number: int | None, note: Note | None) -> Item:
        if page is None:
            return {"HataBilgisi": note}
        people: list[Item] = []
        if enquiry.wants(f"{ITEM}/Sonuc"):
            for person in page.people:
                enquiry.shown(person.number)
                people.append(listed_citizen(person))
        enquiry.records += len(people) - 1
        return {"SorguSonucu": {"SayfaAnahtari": page.next_key, "Sonuc": people}}

    (result,) = await enquiry.each_subject(find, item)
    return result


class KisiListeleServis(Service):
    """The published port type."""

    @rpc(KisiListeleSorguKriteri, _returns=KisiListesiSonucu)
    async def Sayfala(ctx: Any, kriter: Any) -> Item:  # noqa: N805
        """One page of the list that the criterion names."""
        return await _list(ctx.udc)


CONTRACTS = (
    Contract(
        name=NAME,
        version="2011/01/01",
        namespace=NAMESPACE_2011,
        operation="Sayfala",
        service=KisiListeleServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{NAME}/2011-01-01/{NAME}.xsd",),
        criteria=CriteriaPolicy(demanded=("BaslangicTarih", "BitisTarih", "Ilce")),
        item=ITEM,
    ),
)
