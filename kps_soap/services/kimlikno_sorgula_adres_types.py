"""The Spyne types of the address service's contracts, by dated version (wire C.1, C.5).

They differ in their namespace, in what a criterion says, and in whether the reason of a move is
told.  The shape of an address abroad has stayed in the shared namespace.  It declares no service
and maps no record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from kps_soap.services.shared_2011 import (
    NAMESPACE_2011,
    Parametre,
    TarihBilgisi,
    array_of,
    record,
    result_of,
)
from kps_soap.spyne_import import DateTime, Int, Long, Unicode

ITEM: Final = "KimlikNoileKisiAdresBilgileri"

_DWELLING: Final[dict[str, Any]] = {
    "BagimsizBolumDurum": Parametre,
    "BagimsizBolumTipi": Parametre,
    "BinaAda": Unicode,
    "BinaBlokAdi": Unicode,
    "BinaDurum": Parametre,
    "BinaKodu": Long,
    "BinaNo": Int,
    "BinaNumaratajTipi": Parametre,
    "BinaPafta": Unicode,
    "BinaParsel": Unicode,
    "BinaSiteAdi": Unicode,
    "BinaYapiTipi": Parametre,
    "Csbm": Unicode,
    "CsbmKodu": Int,
    "DisKapiNo": Unicode,
    "HataBilgisi": Parametre,
    "IcKapiNo": Unicode,
    "Il": Unicode,
    "IlKodu": Int,
    "Ilce": Unicode,
    "IlceKodu": Int,
    "KatNo": Unicode,
    "Mahalle": Unicode,
    "MahalleKodu": Int,
    "TapuBagimsizBolumNo": Unicode,
    "YapiKullanimAmac": Parametre,
    "YolAltiKatSayisi": Int,
    "YolUstuKatSayisi": Int,
}
_VILLAGE: Final[dict[str, Any]] = {"Koy": Unicode, "KoyKayitNo": Long, "KoyKodu": Long}

KimlikNoileYurtDisiAdresi = record(
    NAMESPACE_2011,
    "KimlikNoileYurtDisiAdresi",
    DisTemsDuzeltmeBeyanTarih=DateTime,
    DisTemsDuzeltmeKararTarih=DateTime,
    DisTemsDuzeltmeNeden=Parametre,
    DisTemsilcilik=Parametre,
    HataBilgisi=Parametre,
    YabanciAdres=Unicode,
    YabanciSehir=Unicode,
    YabanciUlke=Parametre,
)


@dataclass(frozen=True, slots=True)
class Version:
    """A dated version and what is new in it."""

    date: str

    @property
    def namespace(self) -> str:
        return f"http://kps.nvi.gov.tr/{self.date}"

    @property
    def from_2016(self) -> bool:
        return self.date >= "2016/10/01"

    @property
    def from_2021(self) -> bool:
        return self.date >= "2021/04/01"


def criteria_type(version: Version) -> Any:
    """``kriterListesi``; in 2015 its items and their members are those of 2011."""
    namespace = version.namespace if version.from_2016 else NAMESPACE_2011
    date = {"DogumAy": Int, "DogumGun": Int, "DogumYil": Int} if version.from_2021 else {}
    criterion = record(namespace, "KimlikNoileAdresSorguKriteri", KimlikNo=Long, **date)
    return array_of(criterion, namespace)


def result_type(version: Version) -> Any:
    """``KimlikNoileKisiAdresBilgileriSonucu``."""
    namespace = version.namespace
    address = _address_type(version)
    item = record(
        namespace,
        ITEM,
        DigerAdresBilgileri=array_of(address, namespace),
        HataBilgisi=Parametre,
        KimlikNo=Long,
        YerlesimYeriAdresi=address,
    )
    return result_of(item, namespace, "KimlikNoileKisiAdresBilgileriSonucu")


def _address_type(version: Version) -> Any:
    namespace = version.namespace
    members: dict[str, Any] = {
        "AcikAdres": Unicode,
        "AdresNo": Long,
        "AdresTip": Parametre,
        "BeldeAdresi": record(namespace, "KimlikNoileBeldeAdresi", **_DWELLING, **_VILLAGE),
        "BeyanTarihi": TarihBilgisi,
        "BeyandaBulunanKimlikNo": Long,
        "HataBilgisi": Parametre,
        "IlIlceMerkezAdresi": record(namespace, "KimlikNoileIlIlceMerkezi", **_DWELLING),
        "KoyAdresi": record(namespace, "KimlikNoileKoyAdresi", **_DWELLING, **_VILLAGE),
        "TasinmaTarihi": TarihBilgisi,
        "TescilTarihi": TarihBilgisi,
        "YurtDisiAdresi": KimlikNoileYurtDisiAdresi,
    }
    if version.from_2016:
        members |= {"TasinmaNeden": Parametre, "TasinmaNedenAciklama": Unicode}
    return record(namespace, "KimlikNoileKisiAdresBilgisi", **members)
