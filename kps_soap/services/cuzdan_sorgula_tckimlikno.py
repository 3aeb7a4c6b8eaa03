"""CuzdanSorgulaTCKimlikNoServis: a citizen's identity document by number (wire C.1, C.7).

Known are a client's request, which asks for the kind ``Cuzdan``, and the members of the record
from classes that were generated for a service which repeats it; the names of the wrappers follow
the convention (wire C.0).  ``CuzdanTur`` is text in a criterion, because nobody has published its
values: ``Cuzdan`` is the old booklet, and so is nothing said; ``TCKK``, which is how the members
spell it, is the identity card; no citizen holds a document of another kind.  ``SeriNo`` is series
and number of the booklet written together, three characters and six digits, as that client
takes them apart.  A card has no reason of a booklet and a booklet none of a card; where a card was
handed over is not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from kps_soap import turkish
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy, Subject
from kps_soap.registry.records import Coded, IdentityCard, OldBooklet, PartialDate
from kps_soap.services.person_search import Wants
from kps_soap.services.shared_2011 import (
    Item,
    Note,
    Parametre,
    TarihBilgisi,
    array_of,
    coded,
    date_or_blank,
    record,
    result_of,
)
from kps_soap.spyne_import import Long, Service, Unicode, rpc

NAME: Final = "CuzdanSorgulaTCKimlikNoServis"
NAMESPACE: Final = "http://kps.nvi.gov.tr/2014/09/01"
ITEM: Final = "CuzdanBilgisi"

#: What a criterion may say, in small letters, and the text of the kind in the code table.
_BOOKLET: Final = "cuzdan"
_CARD: Final = "tckk"
_TEXTS: Final = {_BOOKLET: "Nüfus Cüzdanı", _CARD: "T.C. Kimlik Kartı"}

CuzdanSorgulaTCKimlikNoSorguKriteri = record(
    NAMESPACE, "CuzdanSorgulaTCKimlikNoSorguKriteri", CuzdanTur=Unicode, TCKimlikNo=Long
)
CuzdanBilgisi = record(
    NAMESPACE,
    ITEM,
    Ad=Unicode,
    AnneAd=Unicode,
    BabaAd=Unicode,
    CuzdanTur=Parametre,
    CuzdanVerilmeNeden=Parametre,
    DogumTarih=TarihBilgisi,
    DogumYer=Unicode,
    HataBilgisi=Parametre,
    KayitNo=Long,
    SeriNo=Unicode,
    Soyad=Unicode,
    TCKKVerilmeNeden=Parametre,
    TCKimlikNo=Long,
    VerildigiIlce=Parametre,
    VerilmeTarih=TarihBilgisi,
)


@dataclass(frozen=True, slots=True)
class Document:
    """A citizen's document of the kind that was asked for."""

    born: PartialDate
    closed: bool
    kind: Coded | None
    held: OldBooklet | IdentityCard


async def _find(register: Any, subject: Subject, _wants: Wants) -> Document | None:
    """Citizen and document: two questions to the register, whichever of them there is."""
    kind = turkish.ascii_lower((subject.criterion.get("CuzdanTur") or "").strip()) or _BOOKLET
    ask = register.identity_card if kind == _CARD else register.old_booklet
    citizen = await register.citizen(subject.number)
    held = await ask(subject.number)
    if citizen is None or held is None or kind not in _TEXTS:
        return None
    return Document(citizen.born, citizen.closed, await register.document_kind(_TEXTS[kind]), held)


def _booklet(held: OldBooklet) -> Item:
    return {
        "CuzdanVerilmeNeden": coded(held.issue_reason),
        "KayitNo": held.record_no,
        "SeriNo": f"{held.series}{held.serial:06d}",
        "VerildigiIlce": coded(held.issuing_district),
        "VerilmeTarih": date_or_blank(held.issued),
    }


def _card(held: IdentityCard) -> Item:
    return {
        "KayitNo": held.record_no,
        "SeriNo": held.serial_no,
        "TCKKVerilmeNeden": coded(held.application_reason),
        "VerilmeTarih": date_or_blank(held.delivered),
    }


def _item(found: Document | None, number: int | None, note: Note | None) -> Item:
    """One ``CuzdanBilgisi``; the number is repeated whatever became of it."""
    if found is None:
        return {"HataBilgisi": note, "TCKimlikNo": number}
    held = found.held
    return {
        "Ad": held.given_name,
        "AnneAd": held.mother_name,
        "BabaAd": held.father_name,
        "CuzdanTur": coded(found.kind),
        "DogumTarih": date_or_blank(held.born),
        "DogumYer": held.birth_place,
        "HataBilgisi": note,
        "Soyad": held.surname,
        "TCKimlikNo": number,
        **(_booklet(held) if isinstance(held, OldBooklet) else _card(held)),
    }


class CuzdanSorgulaTCKimlikNoServis(Service):
    """The published port type."""

    @rpc(
        array_of(CuzdanSorgulaTCKimlikNoSorguKriteri, NAMESPACE),
        _returns=result_of(CuzdanBilgisi, NAMESPACE, "CuzdanBilgisiSonucu"),
    )
    async def ListeleCoklu(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
        """One record a criterion, in the order of the criteria."""
        return {"SorguSonucu": {ITEM: await ctx.udc.each_subject(_find, _item)}}


CONTRACTS = (
    Contract(
        name=NAME,
        version="2014/09/01",
        namespace=NAMESPACE,
        operation="ListeleCoklu",
        service=CuzdanSorgulaTCKimlikNoServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(
            f"{NAME}/2014-09-01/{NAME}.xsd",
            f"{NAME}/2014-09-01/kps-2011-01-01.xsd",
        ),
        criteria=CriteriaPolicy(number="TCKimlikNo"),
        item=ITEM,
    ),
)
