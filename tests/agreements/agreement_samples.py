"""Agreement files, field trees and a catalogue for the tests of this room; all made up."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from town_samples import town

from kps_soap.agreements import (
    AddressRights,
    AgreementErrors,
    AgreementSet,
    Catalogue,
    CatalogueEntry,
    load,
)
from kps_soap.fields import Field, FieldTree

CONF = Path(__file__).resolve().parents[2] / "conf"
TODAY = date(2026, 1, 1)
PERSON_SERVICE = ("KisiSorgulaTCKimlikNoServis", "2011/01/01")
ADDRESS_SERVICE = ("KimlikNoSorgulaAdresServis", "2021/04/01")
LIST_SERVICE = ("KisiListeleServis", "2011/01/01")

CODED: dict[str, Any] = {"Aciklama": None, "Kod": None}
DATE: dict[str, Any] = {"Ay": None, "Gun": None, "Yil": None}
NOTE = {"HataBilgisi": CODED}
BASICS = {"Ad": None, "Cinsiyet": CODED, "DogumTarih": DATE, "Soyad": None}
STATUS = {"Din": CODED, "Durum": CODED, "MedeniHal": CODED, "OlumTarih": DATE}
PLACE = {"AileSiraNo": None, "BireySiraNo": None, "Il": CODED, "Ilce": CODED}
PERSON: dict[str, Any] = {
    "AnneTCKimlikNo": None,
    "BabaTCKimlikNo": None,
    "DogumYerKod": None,
    "DurumBilgisi": STATUS,
    "EsTCKimlikNo": None,
    **NOTE,
    "KayitYeriBilgisi": PLACE,
    "TCKimlikNo": None,
    "TemelBilgisi": BASICS,
}
FOREIGNER: dict[str, Any] = {**NOTE, "KimlikNo": None, "TemelBilgisi": BASICS, "Uyruk": CODED}
PHOTO: dict[str, Any] = {"Fotograf": None, **NOTE}
COMBINED: dict[str, Any] = {
    **NOTE,
    "KimlikNo": None,
    "MaviKartliKisiKutukleri": {**NOTE, "KisiBilgisi": {**NOTE, "Ulke": CODED}},
    "TCVatandasiKisiKutukleri": {
        **NOTE,
        "KisiBilgisi": PERSON,
        "NufusCuzdaniBilgisi": {**NOTE, "Seri": None},
        "TCKKBilgisi": {**NOTE, "SeriNo": None, "SonGecerlilikTarih": DATE},
        "TCKKFotografBilgisi": PHOTO,
    },
    "YabanciKisiKutukleri": {**NOTE, "KisiBilgisi": FOREIGNER},
}
NEWER = COMBINED | {
    "DoluBilesenler": None,
    "MaviKartliKisiKutukleri": {
        **NOTE,
        "KisiBilgisi": {**NOTE, "Ulke": CODED},
        "YeniMaviKartFotoBilgisi": PHOTO,
    },
}
ADDRESS: dict[str, Any] = {"AcikAdres": None, "AdresNo": None, "AdresTip": CODED, **NOTE}


def field_of(path: str, shape: Mapping[str, Any] | None) -> Field:
    """A field from nested dicts; the names decide what is special, a note or derived."""
    name = path.rpartition("/")[2]
    return Field(
        name=name,
        path=path,
        children=tuple(field_of(f"{path}/{child}", it) for child, it in (shape or {}).items()),
        repeated=name == "DigerAdresBilgileri",
        special=name in ("Din", "Fotograf", "KanGrubu"),
        note=name == "HataBilgisi",
        derived=name == "DoluBilesenler",
    )


def entry(
    service: str, version: str, item: str, shape: Mapping[str, Any], *, address: bool = False
) -> CatalogueEntry:
    tree = FieldTree(service, version, field_of(item, shape))
    return CatalogueEntry(tree, address=address, criteria=item not in ("Il", "Ilce"))


_CONTRACTS: tuple[tuple[str, str, str, Mapping[str, Any]], ...] = (
    (*PERSON_SERVICE, "KisiBilgisi", PERSON),
    ("BilesikKutukSorgulaKimlikNoServis", "2011/01/01", "BilesikKutukBilgileri", COMBINED),
    ("BilesikKutukSorgulaKimlikNoServis", "2021/04/01", "BilesikKutukBilgileri", COMBINED),
    ("BilesikKutukSorgulaKimlikNoServis", "2023/02/01", "BilesikKutukBilgileri", NEWER),
    (*LIST_SERVICE, "KisiListesi", {"SayfaAnahtari": None, "Sonuc": PERSON}),
    ("AksOkuTumIlServis", "2011/01/01", "Il", {"Ad": None, **NOTE, "Kod": None}),
    ("AksOkuTumIleBagliIlceServis", "2011/01/01", "Ilce", {"Ad": None, **NOTE, "IlKod": None}),
)
CATALOGUE: Catalogue = {
    **{(name, dated): entry(name, dated, item, shape) for name, dated, item, shape in _CONTRACTS},
    ADDRESS_SERVICE: entry(
        *ADDRESS_SERVICE,
        "KimlikNoileKisiAdresBilgileri",
        {"DigerAdresBilgileri": ADDRESS, **NOTE, "KimlikNo": None, "YerlesimYeriAdresi": ADDRESS},
        address=True,
    ),
    **{
        (name, "WS"): CatalogueEntry(None, public=True)
        for name in ("KPSPublic", "KPSPublicV2", "KPSPublicYabanciDogrula")
    },
}

RIGHTS = AddressRights.load(CONF / "address_rights.toml")

PLAIN = (
    town(applied="2025-10-05", signed="2025-11-15", valid_from="2026-01-01")
    + """\
doors = ["direct"]
security = "KLASIK"
security_until = 2026-12-31
certificates = []
name_matching = "TAM"
answer = { signature = "RSA", routing_signature = false }
inquirer_required = true
purposes = ["EMLAK_BEYAN", "SOSYAL_YARDIM"]
default_purpose = "EMLAK_BEYAN"
case_number_required = false
person_relation = "KAPALI"

[fees]
exemption = "GENEL_YONETIM"

[limits]
criteria_per_call_max = 100
persons_per_day_max = 5000
calls_per_second_max = 20

[[services]]
name = "KisiSorgulaTCKimlikNoServis"
versions = ["2011/01/01"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN"]
fields = [
    "KisiBilgisi/TCKimlikNo",
    "KisiBilgisi/TemelBilgisi",
    "KisiBilgisi/DurumBilgisi/Durum",
]
"""
)

OTHER = {
    "B-34-0417": "B-35-0001",
    "2026/117": "2026/118",
    "KRM-34-0417": "KRM-35-0001",
    "203.0.113.10/32": "203.0.113.20/32",
}

PUBLIC = """\
[public]
enabled = true
name_matching = "DUZELTMELI"

[limits]
calls_per_second_max = 5

[[services]]
name = "KPSPublic"
versions = ["WS"]
stage = "ACIK"

[[services]]
name = "KPSPublicV2"
versions = ["WS"]
stage = "KAPALI"
"""


def edited(changes: Mapping[str, str], text: str = PLAIN) -> str:
    """A file with some of its text replaced; every text to replace must be there."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def served(folder: Path, files: Mapping[str, str | bytes], **options: Any) -> AgreementSet:
    """Load files as one set, with the usual catalogue and law."""
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    given: dict[str, Any] = {"today": TODAY, "address_rights": RIGHTS} | options
    return load(folder, CATALOGUE, **given)


def refused(folder: Path, files: Mapping[str, str | bytes], **options: Any) -> list[str]:
    """The lines that loading shows, without the directory; the set must not load."""
    try:
        served(folder, files, **options)
    except AgreementErrors as errors:
        return [line.removeprefix(f"{folder.as_posix()}/") for line in str(errors).splitlines()]
    raise AssertionError("the set was loaded")
