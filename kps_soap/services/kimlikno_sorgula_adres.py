"""KimlikNoSorgulaAdresServis: a person's residence and other addresses (wire C.1, C.5).

Exactly one of the four shapes of an address is filled, the one that ``AdresTip`` names; the
other three are nil (K3.5 R2).  Whether an institution may have addresses at all is not decided
here: the contract is marked, and the line holds it to the law.

2021 is published in full.  Of 2015 a client's request and the names that it reads are known: they
stand in its own namespace but for the criterion, which is in that of 2011.  Classes generated
before 2021 lack the reason of a move and the birth date.  Of 2016 only the address of its WSDL
and a criterion without a birth date are known: it is taken to have brought the reason of a
move, and its criteria are read in its own namespace and in that of 2011.  Of 2023 the request is
known: the criteria of 2021; the answer is taken to be that of 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy
from kps_soap.registry.records import AbroadAddress, Address, AddressKind, Dwelling
from kps_soap.services.kimlikno_sorgula_adres_types import (
    ITEM,
    Version,
    criteria_type,
    result_type,
)
from kps_soap.services.person_search import Persons, Wants, each_person
from kps_soap.services.shared_2011 import (
    NAMESPACE_2011,
    NO_RECORD,
    Item,
    Note,
    coded,
    date_or_nil,
)
from kps_soap.spyne_import import Service, rpc

NAME: Final = "KimlikNoSorgulaAdresServis"
DATES: Final = ("2015/07/01", "2016/10/01", "2021/04/01", "2023/07/01")

#: As what member a dwelling is shown; one of no known kind is shown as that of a centre.
_CENTRE: Final = "IlIlceMerkezAdresi"
_SHAPES: Final[dict[int, str]] = {
    AddressKind.CENTRE: _CENTRE,
    AddressKind.TOWN: "BeldeAdresi",
    AddressKind.VILLAGE: "KoyAdresi",
}
_NO_SHAPE: Final[Note] = {"HataBilgisi": NO_RECORD}


def _without_data() -> Item:
    """An address that is not there: nil members, and the note on it and on its four shapes."""
    return {
        "BeldeAdresi": _NO_SHAPE,
        "HataBilgisi": NO_RECORD,
        "IlIlceMerkezAdresi": _NO_SHAPE,
        "KoyAdresi": _NO_SHAPE,
        "YurtDisiAdresi": _NO_SHAPE,
    }


def _dwelling(held: Dwelling) -> Item:
    return {
        "BagimsizBolumDurum": coded(held.unit_status),
        "BagimsizBolumTipi": coded(held.unit_kind),
        "BinaAda": held.lot_block,
        "BinaBlokAdi": held.block_name,
        "BinaDurum": coded(held.building_status),
        "BinaKodu": held.building_code,
        "BinaNo": held.building_no,
        "BinaNumaratajTipi": coded(held.numbering_kind),
        "BinaPafta": held.lot_sheet,
        "BinaParsel": held.lot_parcel,
        "BinaSiteAdi": held.estate_name,
        "BinaYapiTipi": coded(held.building_kind),
        "DisKapiNo": held.outer_door_no,
        "IcKapiNo": held.inner_door_no,
        "Il": held.province.text,
        "IlKodu": held.province.code,
        "Ilce": held.district.text,
        "IlceKodu": held.district.code,
        "KatNo": held.floor_no,
        "TapuBagimsizBolumNo": held.deed_unit_no,
        "YapiKullanimAmac": coded(held.building_use),
        "YolAltiKatSayisi": held.floors_below_road,
        "YolUstuKatSayisi": held.floors_above_road,
        **_street(held),
    }


def _street(held: Dwelling) -> Item:
    """Street and neighbourhood: a name and its code are two members here, not a Parametre."""
    found: Item = {}
    if held.street is not None:
        found["Csbm"], found["CsbmKodu"] = held.street.text, held.street.code
    if held.neighbourhood is not None:
        found["Mahalle"] = held.neighbourhood.text
        found["MahalleKodu"] = held.neighbourhood.code
    return found


def _village(held: Dwelling) -> Item:
    return {
        "Koy": held.village_name,
        "KoyKayitNo": held.village_record_no,
        "KoyKodu": held.village_code,
    }


def _abroad(held: AbroadAddress) -> Item:
    return {
        "DisTemsDuzeltmeBeyanTarih": held.correction_declared,
        "DisTemsDuzeltmeKararTarih": held.correction_decided,
        "DisTemsDuzeltmeNeden": coded(held.correction_reason),
        "DisTemsilcilik": coded(held.mission),
        "YabanciAdres": held.text,
        "YabanciSehir": held.city,
        "YabanciUlke": coded(held.country),
    }


def _shape(held: Address) -> Item:
    """The one member of the four that is filled."""
    if held.dwelling is None:
        return {} if held.abroad is None else {"YurtDisiAdresi": _abroad(held.abroad)}
    shape = _SHAPES.get(held.kind.code, _CENTRE)
    found = _dwelling(held.dwelling)
    if shape != _CENTRE:
        found |= _village(held.dwelling)
    return {shape: found}


def _address(held: Address, version: Version) -> Item:
    found = {
        "AcikAdres": held.text,
        "AdresNo": held.address_no,
        "AdresTip": coded(held.kind),
        "BeyanTarihi": date_or_nil(held.declared),
        "BeyandaBulunanKimlikNo": held.declared_by_number,
        "TasinmaTarihi": date_or_nil(held.moved),
        "TescilTarihi": date_or_nil(held.registered),
        **_shape(held),
    }
    if version.from_2016:
        found["TasinmaNeden"] = coded(held.move_reason)
        found["TasinmaNedenAciklama"] = held.move_reason_text
    return found


def _absent(number: int | None, note: Note | None) -> Item:
    """The record of a criterion for which nobody is shown."""
    return {"HataBilgisi": note, "KimlikNo": number, "YerlesimYeriAdresi": _without_data()}


def _service(version: Version) -> Any:
    """The published port type of one dated version."""

    async def complete(register: Any, number: int, _persons: Persons, wants: Wants) -> Item:
        """The person's addresses; not read where the agreement grants nothing of them."""
        held: Sequence[Address] = ()
        if wants(f"{ITEM}/YerlesimYeriAdresi") or wants(f"{ITEM}/DigerAdresBilgileri"):
            held = await register.addresses(number)
        residence = next((one for one in held if one.residence), None)
        return {
            "DigerAdresBilgileri": [_address(one, version) for one in held if not one.residence],
            "KimlikNo": number,
            "YerlesimYeriAdresi": (
                _without_data() if residence is None else _address(residence, version)
            ),
        }

    class KimlikNoSorgulaAdresServis(Service):
        @rpc(criteria_type(version), _returns=result_type(version))
        async def Sorgula(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
            """One record a criterion, in the order of the criteria."""
            return {"SorguSonucu": {ITEM: await each_person(ctx.udc, _absent, complete)}}

    return KimlikNoSorgulaAdresServis


def _contract(version: Version) -> Contract:
    folder = f"{NAME}/{version.date.replace('/', '-')}"
    unpublished = version.from_2016 and not version.from_2021
    return Contract(
        name=NAME,
        version=version.date,
        namespace=version.namespace,
        operation="Sorgula",
        service=_service(version),
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{folder}/{NAME}.xsd", f"{folder}/kps-2011-01-01.xsd"),
        criteria=CriteriaPolicy(number="KimlikNo", birth_date=version.from_2021),
        item=ITEM,
        address=True,
        request_twins={NAMESPACE_2011: version.namespace} if unpublished else {},
    )


CONTRACTS = tuple(_contract(Version(date)) for date in DATES)
