"""TcKimlikNoSorgulaAdresServis: a citizen's residence and other addresses of 2011 (wire C.6).

The shape of an address is older than that of KimlikNoSorgulaAdresServis: no building, a
sub-district that the register does not hold, and a door number that is a whole number.  A door
with anything else on it (``5/1``) is nil here, because half of it would be another door; the
open address has it in full.  As there, one of the four shapes is filled (K3.5 R2), and the line
holds the contract to the address law.

Its members are published, as classes generated from its WSDL.  The fault contract that goes with
them is not declared: no client refers to it, and this door has its own faults.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy
from kps_soap.registry.records import Address, AddressKind, Dwelling
from kps_soap.services.person_search import Persons, Wants, each_person, find_citizen
from kps_soap.services.shared_2011 import (
    NAMESPACE_2011,
    NO_RECORD,
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
from kps_soap.spyne_import import Int, Long, Service, Unicode, rpc

NAME: Final = "TcKimlikNoSorgulaAdresServis"
ITEM: Final = "KisiAdresBilgileri"

_DWELLING: Final[dict[str, Any]] = {
    "Csbm": Unicode,
    "CsbmKodu": Int,
    "DisKapiNo": Int,
    "HataBilgisi": Parametre,
    "IcKapiNo": Unicode,
    "Il": Unicode,
    "IlKodu": Int,
    "Ilce": Unicode,
    "IlceKodu": Int,
    "Mahalle": Unicode,
    "MahalleKod": Int,
}
_VILLAGE: Final[dict[str, Any]] = {
    "Bucak": Unicode,
    "BucakKod": Int,
    "Koy": Unicode,
    "KoyKayitNo": Long,
    "KoyKod": Long,
}

TCKimlikNoileAdresSorguKriteri = record(
    NAMESPACE_2011, "TCKimlikNoileAdresSorguKriteri", TCKimlikNo=Long
)
KisiAdresBilgisi = record(
    NAMESPACE_2011,
    "KisiAdresBilgisi",
    AcikAdres=Unicode,
    AdresNo=Long,
    AdresTip=Parametre,
    BeldeAdresi=record(NAMESPACE_2011, "BeldeAdresi", **_DWELLING, **_VILLAGE),
    BeyanTarihi=TarihBilgisi,
    HataBilgisi=Parametre,
    IlIlceMerkezAdresi=record(NAMESPACE_2011, "IlIlceMerkezi", **_DWELLING),
    KoyAdresi=record(NAMESPACE_2011, "KoyAdresi", **_DWELLING, **_VILLAGE),
    TasinmaTarihi=TarihBilgisi,
    TescilTarihi=TarihBilgisi,
    YurtDisiAdresi=record(
        NAMESPACE_2011,
        "YurtDisiAdresi",
        HataBilgisi=Parametre,
        YabanciAdres=Unicode,
        YabanciSehir=Unicode,
        YabanciUlke=Parametre,
    ),
)
KisiAdresBilgileri = record(
    NAMESPACE_2011,
    ITEM,
    DigerAdresBilgileri=array_of(KisiAdresBilgisi, NAMESPACE_2011),
    HataBilgisi=Parametre,
    TCKimlikNo=Long,
    YerlesimYeriAdresi=KisiAdresBilgisi,
)

#: As what member a dwelling is shown; one of no known kind is shown as that of a centre.
_CENTRE: Final = "IlIlceMerkezAdresi"
_SHAPES: Final[dict[int, str]] = {
    AddressKind.CENTRE: _CENTRE,
    AddressKind.TOWN: "BeldeAdresi",
    AddressKind.VILLAGE: "KoyAdresi",
}
_NO_SHAPE: Final[Note] = {"HataBilgisi": NO_RECORD}
_NO_ADDRESS: Final[Item] = {
    "BeldeAdresi": _NO_SHAPE,
    "HataBilgisi": NO_RECORD,
    "IlIlceMerkezAdresi": _NO_SHAPE,
    "KoyAdresi": _NO_SHAPE,
    "YurtDisiAdresi": _NO_SHAPE,
}


def _door_number(text: str | None) -> int | None:
    """A door number of up to nine ASCII digits; anything else has no place in a whole number."""
    digits = text is not None and text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if digits and text is not None else None


def _dwelling(held: Dwelling) -> Item:
    found: Item = {
        "DisKapiNo": _door_number(held.outer_door_no),
        "IcKapiNo": held.inner_door_no,
        "Il": held.province.text,
        "IlKodu": held.province.code,
        "Ilce": held.district.text,
        "IlceKodu": held.district.code,
    }
    if held.street is not None:
        found |= {"Csbm": held.street.text, "CsbmKodu": held.street.code}
    if held.neighbourhood is not None:
        found |= {"Mahalle": held.neighbourhood.text, "MahalleKod": held.neighbourhood.code}
    return found


def _shape(held: Address) -> Item:
    """The one member of the four that is filled."""
    if held.dwelling is not None:
        shape = _SHAPES.get(held.kind.code, _CENTRE)
        found = _dwelling(held.dwelling)
        if shape != _CENTRE:
            found |= {
                "Koy": held.dwelling.village_name,
                "KoyKayitNo": held.dwelling.village_record_no,
                "KoyKod": held.dwelling.village_code,
            }
        return {shape: found}
    if held.abroad is None:
        return {}
    return {
        "YurtDisiAdresi": {
            "YabanciAdres": held.abroad.text,
            "YabanciSehir": held.abroad.city,
            "YabanciUlke": coded(held.abroad.country),
        }
    }


def _address(held: Address) -> Item:
    return {
        "AcikAdres": held.text,
        "AdresNo": held.address_no,
        "AdresTip": coded(held.kind),
        "BeyanTarihi": date_or_nil(held.declared),
        "TasinmaTarihi": date_or_nil(held.moved),
        "TescilTarihi": date_or_nil(held.registered),
        **_shape(held),
    }


def _absent(number: int | None, note: Note | None) -> Item:
    """The record of a criterion for which nobody is shown."""
    return {"HataBilgisi": note, "TCKimlikNo": number, "YerlesimYeriAdresi": _NO_ADDRESS}


async def _complete(register: Any, number: int, _persons: Persons, wants: Wants) -> Item:
    """The citizen's addresses; not read where the agreement grants nothing of them."""
    held: Sequence[Address] = ()
    if wants(f"{ITEM}/YerlesimYeriAdresi") or wants(f"{ITEM}/DigerAdresBilgileri"):
        held = await register.addresses(number)
    residence = next((one for one in held if one.residence), None)
    return {
        "DigerAdresBilgileri": [_address(one) for one in held if not one.residence],
        "TCKimlikNo": number,
        "YerlesimYeriAdresi": _NO_ADDRESS if residence is None else _address(residence),
    }


class TcKimlikNoSorgulaAdresServis(Service):
    """The published port type."""

    @rpc(
        array_of(TCKimlikNoileAdresSorguKriteri, NAMESPACE_2011),
        _returns=result_of(KisiAdresBilgileri, NAMESPACE_2011, "KisiAdresBilgileriSonucu"),
    )
    async def Sorgula(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
        """One record a criterion, in the order of the criteria."""
        found = await each_person(ctx.udc, _absent, _complete, find_citizen)
        return {"SorguSonucu": {ITEM: found}}


CONTRACTS = (
    Contract(
        name=NAME,
        version="2011/01/01",
        namespace=NAMESPACE_2011,
        operation="Sorgula",
        service=TcKimlikNoSorgulaAdresServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{NAME}/2011-01-01/{NAME}.xsd",),
        criteria=CriteriaPolicy(number="TCKimlikNo"),
        item=ITEM,
        address=True,
    ),
)
