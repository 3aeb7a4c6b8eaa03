"""The paths that agreements are written in, made from the declaration."""

import pytest

from kps_soap.contracts.catalogue import compile_all
from kps_soap.fields import FieldTree

BILESIK = "BilesikKutukSorgulaKimlikNoServis"


def tree(name: str, version: str) -> FieldTree:
    found = next(one for one in compile_all() if (one.name, one.version) == (name, version))
    assert found.fields is not None
    return found.fields


def test_public_contracts_have_no_fields() -> None:
    assert all(one.fields is None for one in compile_all() if not one.has_notes)


@pytest.mark.parametrize(
    "path",
    [
        "KisiBilgisi",
        "KisiBilgisi/TemelBilgisi/Ad",
        "KisiBilgisi/TemelBilgisi/DogumTarih/Yil",
        "KisiBilgisi/DurumBilgisi/Durum",
        "KisiBilgisi/DurumBilgisi/Din/Kod",
    ],
)
def test_a_path_is_the_element_path_from_the_record_on(path: str) -> None:
    found = tree("KisiSorgulaTCKimlikNoServis", "2011/01/01").find(path)
    assert found is not None
    assert found.path == path


@pytest.mark.parametrize("path", ["KisiBilgisi/HataBilgisi", "TemelBilgisi", "KisiBilgisi/Yok"])
def test_notes_and_strangers_cannot_be_named(path: str) -> None:
    assert tree("KisiSorgulaTCKimlikNoServis", "2011/01/01").find(path) is None


def test_special_categories_are_marked_wherever_they_stand() -> None:
    special = set(tree(BILESIK, "2023/02/01").special)
    assert special == {
        "BilesikKutukBilgileri/MaviKartliKisiKutukleri/YeniMaviKartFotoBilgisi/Fotograf",
        "BilesikKutukBilgileri/MaviKartliKisiKutukleri/YeniMaviKartGeciciKimlikBilgisi/Fotograf",
        "BilesikKutukBilgileri/TCVatandasiKisiKutukleri/GeciciKimlikBilgisi/Fotograf",
        "BilesikKutukBilgileri/TCVatandasiKisiKutukleri/GeciciKimlikBilgisi/KanGrubu",
        "BilesikKutukBilgileri/TCVatandasiKisiKutukleri/KisiBilgisi/DurumBilgisi/Din",
        "BilesikKutukBilgileri/TCVatandasiKisiKutukleri/TCKKBilgisi/KanGrubu",
        "BilesikKutukBilgileri/TCVatandasiKisiKutukleri/TCKKFotografBilgisi/Fotograf",
    }


def test_a_list_and_its_items_are_one_step() -> None:
    addresses = tree("KimlikNoSorgulaAdresServis", "2021/04/01")
    found = addresses.find("KimlikNoileKisiAdresBilgileri/DigerAdresBilgileri")
    assert found is not None
    assert found.repeated
    leaf = "KimlikNoileKisiAdresBilgileri/DigerAdresBilgileri/KoyAdresi/Koy"
    assert leaf in addresses.leaves()


def test_a_result_that_is_one_record_begins_its_paths_with_its_types_name() -> None:
    one = tree("KisiAdresNoSorgulaServis", "2011/01/01")
    assert one.grantable() == ("KisiAdresNoSorgula", "KisiAdresNoSorgula/AdresNo")
    assert one.leaves() == ("KisiAdresNoSorgula/AdresNo",)


def test_special_categories_of_2017_and_2024_are_what_those_versions_have() -> None:
    citizen = "BilesikKutukBilgileri/TCVatandasiKisiKutukleri"
    assert set(tree(BILESIK, "2017/08/01").special) == {
        f"{citizen}/GeciciKimlikBilgisi/KanGrubu",
        f"{citizen}/KisiBilgisi/DurumBilgisi/Din",
        f"{citizen}/TCKKBilgisi/KanGrubu",
        f"{citizen}/TCKKFotografBilgisi/Fotograf",
    }
    later = set(tree(BILESIK, "2023/02/01").special) - set(tree(BILESIK, "2024/04/01").special)
    assert later == {f"{citizen}/KisiBilgisi/DurumBilgisi/Din"}


def test_the_parts_lead_to_their_sections() -> None:
    assert tree(BILESIK, "2011/01/01").parts == {}
    assert tree(BILESIK, "2017/08/01").parts == {}
    assert tree(BILESIK, "2024/04/01").parts == tree(BILESIK, "2023/02/01").parts
    assert list(tree(BILESIK, "2021/04/01").parts) == [
        "TCKisiBilgisi",
        "TCKKGeciciKimlikBilgisi",
        "TCKKBilgisi",
        "TCKKFotoBilgisi",
        "NufusCuzdaniBilgisi",
        "MaviKartliKisiBilgisi",
        "MaviKartBilgisi",
        "YabanciKisiBilgisi",
    ]
    assert list(tree(BILESIK, "2023/02/01").parts)[8:] == [
        "YeniMaviKartGeciciKimlikBilgisi",
        "YeniMaviKartBilgisi",
        "YeniMaviKartFotoBilgisi",
    ]


def test_the_number_that_was_asked_is_an_echo() -> None:
    combined = tree(BILESIK, "2023/02/01")
    for path, echo in (
        ("BilesikKutukBilgileri/KimlikNo", True),
        ("BilesikKutukBilgileri/TCVatandasiKisiKutukleri/TCKKBilgisi/TCKimlikNo", True),
        ("BilesikKutukBilgileri/TCVatandasiKisiKutukleri/KisiBilgisi/AnneTCKimlikNo", False),
    ):
        found = combined.find(path)
        assert found is not None
        assert found.echo is echo
