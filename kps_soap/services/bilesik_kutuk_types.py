"""The Spyne types of the combined register's contracts, by dated version (wire C.2, C.3).

In 2011 everything lives in one namespace; 2017 has one of its own, and other members of the
identity card.  From 2021 on the birth date is a criterion, ``DoluBilesenler`` names the filled
parts, and some members are new; 2023 adds the new blue card, and 2024 guardians.  It declares no
service and maps no record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from kps_soap.contracts.declared import members_of
from kps_soap.services.shared_2011 import (
    MaviKartKisiDurumBilgisi,
    MaviKartKisiTemelBilgisi,
    Parametre,
    TarihBilgisi,
    TCKisiDurumBilgisi,
    TCKisiKayitYeriBilgisi,
    TCKisiTemelBilgisi,
    YabanciKisiDurumBilgisi,
    YabanciKisiTemelBilgisi,
    array_of,
    record,
    result_of,
)
from kps_soap.spyne_import import (
    Boolean,
    ByteArray,
    ComplexModel,
    DateTime,
    Enum,
    Int,
    Long,
    Unicode,
)

CONSTANTS: Final = "http://schemas.datacontract.org/2004/07/Common.Types.Constants"
CONTAINERS: Final = "http://schemas.datacontract.org/2004/07/Common.Types.Containers.Services"

_NAMED: Final[dict[str, Any]] = {
    "Ad": Unicode,
    "AnneAd": Unicode,
    "BabaAd": Unicode,
    "DogumTarih": TarihBilgisi,
    "HataBilgisi": Parametre,
    "Soyad": Unicode,
}
_CARD: Final[dict[str, Any]] = {**_NAMED, "Cinsiyet": Parametre}


@dataclass(frozen=True, slots=True)
class Version:
    """A dated version and what is new in it."""

    date: str

    @property
    def namespace(self) -> str:
        return f"http://kps.nvi.gov.tr/{self.date}"

    @property
    def from_2017(self) -> bool:
        return self.date >= "2017/08/01"

    @property
    def from_2021(self) -> bool:
        return self.date >= "2021/04/01"

    @property
    def from_2023(self) -> bool:
        return self.date >= "2023/02/01"

    @property
    def from_2024(self) -> bool:
        return self.date >= "2024/04/01"

    def own(self, shared: Any, *, without: str = "") -> Any:
        """A type of the shared namespace, which 2024 has in its own, without one member."""
        if not self.from_2024:
            return shared
        members = {one.name: one.type for one in members_of(shared) if one.name != without}
        return record(self.namespace, shared.get_type_name(), **members)

    @property
    def guardianship(self) -> dict[str, Any]:
        """What 2024 tells of a person's guardian."""
        return {"VeliVasiTur": Parametre, "VeliVasiVar": Boolean} if self.from_2024 else {}


def criteria_type(version: Version) -> Any:
    """``kriterListesi``."""
    date = {"DogumAy": Int, "DogumGun": Int, "DogumYil": Int} if version.from_2021 else {}
    name = "BilesikKutukSorgulaKimlikNoSorguKriteri"
    return array_of(record(version.namespace, name, KimlikNo=Long, **date), version.namespace)


def result_type(version: Version, parts: tuple[str, ...]) -> Any:
    """``BilesikKutukBilgileriSonucu``; ``parts`` are the values of ``DoluBilesenler``."""
    namespace = version.namespace
    filled = {"DoluBilesenler": _filled_parts(parts)} if parts else {}
    item = record(
        namespace,
        "BilesikKutukBilgileri",
        HataBilgisi=Parametre,
        KimlikNo=Long,
        MaviKartliKisiKutukleri=_blue_card_type(version),
        TCVatandasiKisiKutukleri=_citizen_type(version),
        YabanciKisiKutukleri=_foreigner_type(version),
        **filled,
    )
    return result_of(item, namespace, "BilesikKutukBilgileriSonucu")


def _filled_parts(parts: tuple[str, ...]) -> Any:
    name = "CstBilesikKutukServisDoluBilesen"
    part = Enum(*parts, type_name=name)
    part.__namespace__ = CONSTANTS
    item = part.customize(min_occurs=0, max_occurs="unbounded", nillable=False)
    return ComplexModel.produce(
        namespace=CONSTANTS, type_name=f"ArrayOf{name}", members={name: item}
    )


def _citizen_type(version: Version) -> Any:
    namespace = version.namespace
    return record(
        namespace,
        "TCVatandasiKisiKutukleri",
        GeciciKimlikBilgisi=_temporary_identity_type(version),
        HataBilgisi=Parametre,
        KisiBilgisi=_citizen_person_type(version),
        NufusCuzdaniBilgisi=record(
            namespace,
            "TCCuzdanBilgisi",
            CuzdanKayitNo=Long,
            CuzdanVerilmeNeden=Parametre,
            DogumYer=Unicode,
            No=Int,
            Seri=Unicode,
            TCKimlikNo=Long,
            VerildigiIlce=Parametre,
            VerilmeTarih=TarihBilgisi,
            **_NAMED,
        ),
        TCKKBilgisi=_identity_card_type(version),
        TCKKFotografBilgisi=record(
            namespace,
            "TCKKFotoBilgisi",
            Fotograf=ByteArray,
            HataBilgisi=Parametre,
            TCKimlikNo=Long,
        ),
    )


def _citizen_person_type(version: Version) -> Any:
    members: dict[str, Any] = {
        "AnneTCKimlikNo": Long,
        "BabaTCKimlikNo": Long,
        "DogumYerKod": Int,
        "DurumBilgisi": version.own(TCKisiDurumBilgisi, without="Din"),
        "EsTCKimlikNo": Long,
        "HataBilgisi": Parametre,
        "TCKimlikNo": Long,
        "TemelBilgisi": version.own(TCKisiTemelBilgisi),
        **version.guardianship,
    }
    if version.from_2017:
        members |= {"AnneUstSoyBulunamadi": Boolean, "BabaUstSoyBulunamadi": Boolean}
    if version.from_2021:
        members["OncekiYabanciKimlikNo"] = Long
    if not version.from_2024:
        members["KayitYeriBilgisi"] = TCKisiKayitYeriBilgisi
    return record(version.namespace, "TCKisiBilgisi", **members)


def _temporary_identity_type(version: Version) -> Any:
    members: dict[str, Any] = {
        "BelgeNo": Unicode,
        "DuzenlenmeTarih": TarihBilgisi,
        "DuzenleyenIlce": Parametre,
        "OncekiSoyad": Unicode,
        "SonGecerlilikTarih": TarihBilgisi,
        "TCKimlikNo": Long,
        **_CARD,
    }
    if version.from_2017:
        members["KanGrubu"] = Parametre
    if version.from_2021:
        members["Fotograf"] = ByteArray
    return record(version.namespace, "TCGeciciKimlikBilgisi", **members)


def _identity_card_type(version: Version) -> Any:
    members: dict[str, Any] = {
        "SeriNo": Unicode,
        "SonGecerlilikTarih": TarihBilgisi,
        "TCKimlikNo": Long,
        "VerenMakam": Unicode,
        **_CARD,
    }
    if version.from_2017:
        members["KanGrubu"] = Parametre
    if version.from_2021:
        members |= {
            "SurucuBelgeYuklendiMi": Boolean,
            "SurucuBelgeYuklenmeTarih": TarihBilgisi,
        }
    if not version.from_2017:
        members |= {
            "BasvuruNeden": Parametre,
            "DogumYer": Unicode,
            "KayitNo": Long,
            "TeslimEdenBirim": Parametre,
            "TeslimTarih": TarihBilgisi,
        }
    return record(version.namespace, "TCKK", **members)


def _blue_card_type(version: Version) -> Any:
    namespace = version.namespace
    members: dict[str, Any] = {
        "HataBilgisi": Parametre,
        "KisiBilgisi": record(
            namespace,
            "MaviKartKisiBilgisi",
            AnneTCKimlikNo=Long,
            BabaTCKimlikNo=Long,
            DogumYerKod=Int,
            DurumBilgisi=version.own(MaviKartKisiDurumBilgisi),
            EsTCKimlikNo=Long,
            GercekKisiKimlikNo=Long,
            HataBilgisi=Parametre,
            KazanilanTCKimlikNo=Long,
            KimlikNo=Long,
            TemelBilgisi=version.own(MaviKartKisiTemelBilgisi),
            Ulke=Parametre,
            **version.guardianship,
        ),
        "MaviKartBilgisi": record(
            namespace,
            "MaviKartBilgi",
            Birim=Int,
            DogumYer=Unicode,
            DogumYerKod=Int,
            KartKayitNo=Long,
            KimlikNo=Long,
            MedeniHal=Parametre,
            No=Int,
            OncekiSoyad=Unicode,
            Seri=Unicode,
            Uyruk=Parametre,
            VerilisNeden=Parametre,
            VerilmeTarih=TarihBilgisi,
            **_CARD,
        ),
    }
    if version.from_2023:
        members |= _new_blue_card_members(namespace)
    return record(namespace, "MaviKartKisiKutukleri", **members)


def _new_blue_card_members(namespace: str) -> dict[str, Any]:
    return {
        "YeniMaviKartBilgisi": record(
            namespace,
            "YeniMaviKartBilgi",
            KimlikNo=Long,
            SeriNo=Unicode,
            SonGecerlilikTarih=TarihBilgisi,
            Uyruk=Parametre,
            VerenMakam=Unicode,
            **_CARD,
        ),
        "YeniMaviKartFotoBilgisi": record(
            namespace,
            "YeniMaviFotoBilgi",
            Fotograf=ByteArray,
            HataBilgisi=Parametre,
            KimlikNo=Long,
        ),
        "YeniMaviKartGeciciKimlikBilgisi": record(
            namespace,
            "YeniMaviKartGeciciKimlikBilgi",
            BelgeNo=Unicode,
            DuzenlenmeTarih=TarihBilgisi,
            DuzenleyenIlce=Parametre,
            Fotograf=ByteArray,
            KimlikNo=Long,
            SonGecerlilikTarih=TarihBilgisi,
            Uyruk=Parametre,
            **_CARD,
        ),
    }


def _foreigner_type(version: Version) -> Any:
    members: dict[str, Any] = {
        "AnneKimlikNo": Long,
        "BabaKimlikNo": Long,
        "BitisTarihiBelirsizOlmaNeden": Parametre,
        "DogumTarih": TarihBilgisi,
        "DogumYerKod": Int,
        "DurumBilgisi": version.own(YabanciKisiDurumBilgisi),
        "EsKimlikNo": Long,
        "GercekKisiKimlikNo": Long,
        "HataBilgisi": Parametre,
        "IzinBaslangicTarih": DateTime,
        "IzinBitisTarih": DateTime,
        "IzinDuzenlenenIl": Parametre,
        "IzinNo": Unicode,
        "KaynakBirim": Parametre,
        "KazanilanTCKimlikNo": Long,
        "KimlikNo": Long,
        "OlumTarih": TarihBilgisi,
        "TemelBilgisi": version.own(YabanciKisiTemelBilgisi),
        "Uyruk": Parametre,
        **version.guardianship,
    }
    if version.from_2021:
        members["Statu"] = Parametre
    person = record(version.namespace, "YabanciKisiBilgisi", **members)
    return record(
        version.namespace, "YabanciKisiKutukleri", HataBilgisi=Parametre, KisiBilgisi=person
    )
