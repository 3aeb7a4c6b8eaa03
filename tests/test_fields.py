"""The grant: what is not granted never leaves, and its absence says nothing about a person."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kps_soap.fields import Field, FieldTree, Grant

NOT_ALLOWED = {"Aciklama": "Yetkiniz yoktur.", "Kod": 8}
NO_RECORD = {"Aciklama": "Aradığınız kriterlere uygun kayıt bulunamadı.", "Kod": 2}
SPECIAL = {"Din", "Fotograf", "KanGrubu"}


def field_at(path: str, shape: dict[str, Any] | None) -> Field:
    """A field from nested dicts; ``name*`` is repeated and ``name+`` was added in 2027."""
    name = path.rpartition("/")[2]
    bare = path.rstrip("*+")
    return Field(
        name=name.rstrip("*+"),
        path=bare,
        children=tuple(
            field_at(f"{bare}/{child}", inner) for child, inner in (shape or {}).items()
        ),
        repeated=name.endswith("*"),
        special=name in SPECIAL,
        note=name == "HataBilgisi",
        derived=name == "DoluBilesenler",
        echo=name in ("KimlikNo", "TCKimlikNo"),
        since=date(2027, 1, 1) if name.endswith("+") else None,
    )


CODED: dict[str, Any] = {"Aciklama": None, "Kod": None}
NOTE = {"HataBilgisi": CODED}

PERSON = FieldTree(
    service="KisiSorgulaTCKimlikNoServis",
    version="2011/01/01",
    item=field_at(
        "KisiBilgisi",
        {
            "AnneTCKimlikNo": None,
            "DurumBilgisi": {"Din": CODED, "Durum": CODED, "MedeniHal": CODED},
            **NOTE,
            "TCKimlikNo": None,
            "TemelBilgisi": {"Ad": None, "Cinsiyet": CODED, "Soyad": None, "TakmaAd+": None},
        },
    ),
)

COMBINED = FieldTree(
    service="BilesikKutukSorgulaKimlikNoServis",
    version="2021/04/01",
    item=field_at(
        "BilesikKutukBilgileri",
        {
            "DoluBilesenler": {"CstBilesikKutukServisDoluBilesen*": None},
            **NOTE,
            "KimlikNo": None,
            "MaviKartliKisiKutukleri": {**NOTE, "KisiBilgisi": {**NOTE, "Ulke": CODED}},
            "TCVatandasiKisiKutukleri": {
                **NOTE,
                "KisiBilgisi": {**NOTE, "TCKimlikNo": None, "TemelBilgisi": {"Ad": None}},
                "TCKKFotografBilgisi": {"Fotograf": None, **NOTE, "TCKimlikNo": None},
            },
        },
    ),
    parts={
        "TCKisiBilgisi": "BilesikKutukBilgileri/TCVatandasiKisiKutukleri/KisiBilgisi",
        "TCKKFotoBilgisi": "BilesikKutukBilgileri/TCVatandasiKisiKutukleri/TCKKFotografBilgisi",
        "MaviKartliKisiBilgisi": "BilesikKutukBilgileri/MaviKartliKisiKutukleri/KisiBilgisi",
    },
)

ADDRESSES = FieldTree(
    service="KimlikNoSorgulaAdresServis",
    version="2021/04/01",
    item=field_at(
        "KimlikNoileKisiAdresBilgileri",
        {
            "DigerAdresBilgileri": {
                "KimlikNoileKisiAdresBilgisi*": {"AdresNo": None, "AdresTip": CODED, **NOTE}
            },
            **NOTE,
            "KimlikNo": None,
            "Etiketler*": None,
        },
    ),
)

TREES = (PERSON, COMBINED, ADDRESSES)


def a_person() -> dict[str, Any]:
    return {
        "AnneTCKimlikNo": 8,
        "DurumBilgisi": {
            "Din": {"Aciklama": "Bilinmeyen", "Kod": 0},
            "Durum": {"Aciklama": "Açık", "Kod": 1},
            "MedeniHal": {"Aciklama": "Bekâr", "Kod": 1},
        },
        "TCKimlikNo": 7,
        "TemelBilgisi": {
            "Ad": "ÖRNEK",
            "Cinsiyet": {"Aciklama": "Kadın", "Kod": 2},
            "Soyad": "KİŞİ",
            "TakmaAd": "ÖRN",
        },
    }


def a_citizen() -> dict[str, Any]:
    return {
        "DoluBilesenler": ["TCKisiBilgisi", "TCKKFotoBilgisi"],
        "KimlikNo": 7,
        "MaviKartliKisiKutukleri": {
            "HataBilgisi": NO_RECORD,
            "KisiBilgisi": {"HataBilgisi": NO_RECORD, "Ulke": None},
        },
        "TCVatandasiKisiKutukleri": {
            "KisiBilgisi": {"TCKimlikNo": 7, "TemelBilgisi": {"Ad": "ÖRNEK"}},
            "TCKKFotografBilgisi": {"Fotograf": b"\xff\xd8", "TCKimlikNo": 7},
        },
    }


def leaf_paths(found: Field, value: Any) -> Iterator[str]:
    """Every leaf path that carries a value in a record, notes and derived members aside."""
    if found.note or found.derived or value is None:
        return
    if found.repeated and isinstance(value, list):
        for one in value:
            yield from leaf_paths(Field(found.name, found.path, found.children), one)
    elif not found.children:
        yield found.path
    else:
        for child in found.children:
            yield from leaf_paths(child, value.get(child.name))


def test_the_tree_lists_what_an_agreement_may_name_and_nothing_else() -> None:
    assert PERSON.grantable()[:4] == (
        "KisiBilgisi",
        "KisiBilgisi/AnneTCKimlikNo",
        "KisiBilgisi/DurumBilgisi",
        "KisiBilgisi/DurumBilgisi/Din",
    )
    assert not any("HataBilgisi" in path for path in PERSON.grantable())
    assert not any("DoluBilesenler" in path for path in COMBINED.grantable())
    assert "KisiBilgisi/TemelBilgisi" not in PERSON.leaves()
    assert "KisiBilgisi/TemelBilgisi/Ad" in PERSON.leaves()
    assert PERSON.special == ("KisiBilgisi/DurumBilgisi/Din",)


def test_a_field_is_found_by_its_path_and_a_note_is_not() -> None:
    found = PERSON.find("KisiBilgisi/TemelBilgisi/Cinsiyet")
    assert found is not None
    assert found.name == "Cinsiyet"
    assert PERSON.find("KisiBilgisi/HataBilgisi") is None
    assert PERSON.find("KisiBilgisi/Yok") is None


def test_granted_and_withheld_leaves_are_the_whole_contract() -> None:
    grant = Grant.of(PERSON, ["KisiBilgisi/TCKimlikNo", "KisiBilgisi/TemelBilgisi"])
    assert set(grant.granted_leaves) | set(grant.withheld_leaves) == set(PERSON.leaves())
    assert not set(grant.granted_leaves) & set(grant.withheld_leaves)
    assert list(grant.withheld_leaves) == sorted(grant.withheld_leaves)
    joined = "\n".join(grant.withheld_leaves)
    assert grant.withheld_digest == sha256(joined.encode()).hexdigest()


def test_a_path_grants_its_subtree_but_not_the_special_category_in_it() -> None:
    grant = Grant.of(PERSON, ["KisiBilgisi/DurumBilgisi"])
    assert grant.wants("KisiBilgisi/DurumBilgisi/Durum")
    assert not grant.wants("KisiBilgisi/DurumBilgisi/Din")
    assert grant.filter(a_person())["DurumBilgisi"]["Din"] is None


def test_a_special_category_is_given_with_both_grants_only() -> None:
    path = "KisiBilgisi/DurumBilgisi/Din"
    assert Grant.of(PERSON, [path]).granted_leaves == ()
    assert Grant.of(PERSON, ["KisiBilgisi/TCKimlikNo"], [path]).granted_leaves == (
        "KisiBilgisi/TCKimlikNo",
    )
    both = Grant.of(PERSON, ["KisiBilgisi/DurumBilgisi"], [path])
    assert both.filter(a_person())["DurumBilgisi"]["Din"] == {"Aciklama": "Bilinmeyen", "Kod": 0}
    one_leaf = Grant.of(PERSON, ["KisiBilgisi"], [f"{path}/Kod"])
    assert one_leaf.filter(a_person())["DurumBilgisi"]["Din"] == {"Kod": 0}


def test_a_withheld_leaf_is_absent_and_a_withheld_complex_member_is_nil() -> None:
    grant = Grant.of(PERSON, ["KisiBilgisi/TCKimlikNo", "KisiBilgisi/TemelBilgisi/Ad"])
    assert grant.filter(a_person()) == {
        "DurumBilgisi": None,
        "TCKimlikNo": 7,
        "TemelBilgisi": {"Ad": "ÖRNEK", "Cinsiyet": None},
    }


def test_part_of_a_coded_value_can_be_granted() -> None:
    grant = Grant.of(PERSON, ["KisiBilgisi/TemelBilgisi/Cinsiyet/Kod"])
    assert grant.filter(a_person())["TemelBilgisi"] == {"Cinsiyet": {"Kod": 2}}


def test_the_note_of_a_record_is_always_kept() -> None:
    grant = Grant.of(PERSON, ["KisiBilgisi/TCKimlikNo"])
    unknown = {"HataBilgisi": NO_RECORD, "TCKimlikNo": None}
    assert grant.filter(unknown)["HataBilgisi"] == NO_RECORD


@pytest.mark.parametrize("record", [a_citizen(), {"KimlikNo": 1}, {}], ids=["full", "bare", "nil"])
def test_a_withheld_section_with_a_note_says_code_8_whatever_the_register_holds(
    record: dict[str, Any],
) -> None:
    grant = Grant.of(COMBINED, ["BilesikKutukBilgileri/KimlikNo"])
    filtered = grant.filter(record)
    assert filtered["TCVatandasiKisiKutukleri"] == {
        "HataBilgisi": NOT_ALLOWED,
        "KisiBilgisi": {"HataBilgisi": NOT_ALLOWED},
        "TCKKFotografBilgisi": {"HataBilgisi": NOT_ALLOWED},
    }
    assert filtered["MaviKartliKisiKutukleri"] == {
        "HataBilgisi": NOT_ALLOWED,
        "KisiBilgisi": {"HataBilgisi": NOT_ALLOWED},
    }
    assert filtered["DoluBilesenler"] == []


def test_filled_parts_name_granted_and_filled_sections_only() -> None:
    everything = ["BilesikKutukBilgileri"]
    photo = "BilesikKutukBilgileri/TCVatandasiKisiKutukleri/TCKKFotografBilgisi/Fotograf"
    assert Grant.of(COMBINED, everything, [photo]).filter(a_citizen())["DoluBilesenler"] == [
        "TCKisiBilgisi",
        "TCKKFotoBilgisi",
    ]
    person = ["BilesikKutukBilgileri/TCVatandasiKisiKutukleri/KisiBilgisi"]
    assert Grant.of(COMBINED, person).filter(a_citizen())["DoluBilesenler"] == ["TCKisiBilgisi"]


def test_only_the_blue_card_granted_leaves_a_citizen_found_and_empty() -> None:
    grant = Grant.of(COMBINED, ["BilesikKutukBilgileri/MaviKartliKisiKutukleri"])
    filtered = grant.filter(a_citizen())
    assert filtered["DoluBilesenler"] == []
    assert filtered["MaviKartliKisiKutukleri"] == a_citizen()["MaviKartliKisiKutukleri"]
    assert "KimlikNo" not in filtered


def test_a_section_that_is_nil_in_the_record_stays_nil_when_it_is_granted() -> None:
    grant = Grant.of(COMBINED, ["BilesikKutukBilgileri/TCVatandasiKisiKutukleri/KisiBilgisi"])
    filtered = grant.filter({"KimlikNo": 1, "TCVatandasiKisiKutukleri": None})
    assert filtered.get("TCVatandasiKisiKutukleri") is None
    assert filtered["DoluBilesenler"] == []


def test_repeated_members_are_filtered_one_by_one() -> None:
    grant = Grant.of(
        ADDRESSES,
        ["KimlikNoileKisiAdresBilgileri/DigerAdresBilgileri/KimlikNoileKisiAdresBilgisi/AdresNo"],
    )
    record = {
        "DigerAdresBilgileri": {
            "KimlikNoileKisiAdresBilgisi": [
                {"AdresNo": 1, "AdresTip": {"Kod": 1}},
                None,
                {"AdresNo": 2, "HataBilgisi": NO_RECORD},
            ]
        },
        "Etiketler": ["a", "b"],
    }
    assert grant.filter(record) == {
        "DigerAdresBilgileri": {
            "KimlikNoileKisiAdresBilgisi": [
                {"AdresNo": 1, "AdresTip": None},
                None,
                {"AdresNo": 2, "AdresTip": None, "HataBilgisi": NO_RECORD},
            ]
        },
        "Etiketler": None,
    }


def test_a_repeated_member_without_a_grant_is_nil() -> None:
    grant = Grant.of(ADDRESSES, ["KimlikNoileKisiAdresBilgileri/KimlikNo"])
    record = {"DigerAdresBilgileri": {"KimlikNoileKisiAdresBilgisi": [{"AdresNo": 1}]}}
    assert grant.filter(record) == {"DigerAdresBilgileri": None, "Etiketler": None}


def test_a_member_added_to_the_contract_later_is_granted_to_nobody() -> None:
    added = "KisiBilgisi/TemelBilgisi/TakmaAd"
    above = ["KisiBilgisi/TemelBilgisi"]
    assert not Grant.of(PERSON, above, signed=date(2026, 12, 31)).wants(added)
    assert (
        "TakmaAd"
        not in Grant.of(PERSON, above, signed=date(2026, 12, 31)).filter(a_person())["TemelBilgisi"]
    )
    assert Grant.of(PERSON, above, signed=date(2027, 1, 1)).wants(added)
    assert Grant.of(PERSON, [added], signed=date(2026, 12, 31)).wants(added)


def test_a_path_that_the_contract_does_not_have_is_no_grant() -> None:
    with pytest.raises(ValueError, match="has no path KisiBilgisi/Yok"):
        Grant.of(PERSON, ["KisiBilgisi/Yok"])
    with pytest.raises(ValueError, match="has no path KisiBilgisi/HataBilgisi"):
        Grant.of(PERSON, ["KisiBilgisi/HataBilgisi"])
    with pytest.raises(ValueError, match="has no path"):
        Grant.of(PERSON, ["KisiBilgisi"], ["KisiBilgisi/Foto"])


def test_a_grant_of_nothing_gives_nothing() -> None:
    assert Grant.of(PERSON, []).filter(a_person()) == {"HataBilgisi": NOT_ALLOWED}
    assert Grant.of(PERSON, []).granted_leaves == ()


def test_filtering_changes_nothing_in_the_record_that_it_reads() -> None:
    record = a_citizen()
    Grant.of(COMBINED, ["BilesikKutukBilgileri/KimlikNo"]).filter(record)
    assert record == a_citizen()


@st.composite
def records(draw: st.DrawFn, found: Field) -> Any:
    """A record of a tree with any member nil or present."""
    if draw(st.booleans()) and draw(st.booleans()):
        return None
    if found.repeated:
        one = Field(found.name, found.path, found.children)
        return draw(st.lists(records(one), max_size=3))
    if not found.children:
        return draw(st.integers(1, 9))
    return {child.name: draw(records(child)) for child in found.children}


@given(data=st.data())
def test_a_filtered_record_never_carries_a_leaf_that_is_not_granted(data: st.DataObject) -> None:
    tree = data.draw(st.sampled_from(TREES))
    paths = data.draw(st.lists(st.sampled_from(tree.grantable()), max_size=4))
    second = data.draw(st.lists(st.sampled_from(tree.special or tree.leaves()), max_size=2))
    record = data.draw(records(tree.item)) or {}
    grant = Grant.of(tree, paths, second)
    given_leaves = set(leaf_paths(tree.item, grant.filter(record)))
    in_record = set(leaf_paths(tree.item, record))
    assert given_leaves == in_record & set(grant.granted_leaves)
    assert given_leaves <= {leaf for leaf in tree.leaves() if grant.wants(leaf)}
    for leaf in grant.granted_leaves:
        assert any(leaf == path or leaf.startswith(path + "/") for path in paths)


@given(data=st.data())
def test_what_is_withheld_is_the_same_for_every_person(data: st.DataObject) -> None:
    tree = data.draw(st.sampled_from(TREES))
    paths = data.draw(st.lists(st.sampled_from(tree.grantable()), min_size=1, max_size=3))
    grant = Grant.of(tree, paths)
    one = grant.filter(data.draw(records(tree.item)) or {})
    other = grant.filter(data.draw(records(tree.item)) or {})
    for child in tree.item.children:
        if not (child.note or child.derived or grant.wants(child.path)):
            assert one.get(child.name) == other.get(child.name)


@pytest.mark.parametrize(
    ("paths", "tells"),
    [
        (["KisiBilgisi/DurumBilgisi/Durum"], True),
        (["KisiBilgisi/DurumBilgisi"], True),
        (["KisiBilgisi/DurumBilgisi/MedeniHal", "KisiBilgisi/TemelBilgisi"], False),
        ([], False),
    ],
)
def test_a_grant_says_whether_it_shows_that_a_record_is_closed(
    paths: list[str], tells: bool
) -> None:
    assert Grant.of(PERSON, paths).tells_status is tells
