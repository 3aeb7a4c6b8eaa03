"""AileListesiAraTCNoServis: the person beside the family."""

from collections.abc import Callable, Sequence

import pytest
from register_samples import Told, ask, contract, grant_of

from kps_soap.faults import Outcome
from kps_soap.fields import Grant
from kps_soap.registry.population import Persona
from kps_soap.registry.store import Register

SERVICE = contract("AileListesiAraTCNoServis", "2011/01/01")
FAMILY = "SorgulaResult/SorguSonucu/AileBilgisi"
RELATIVE = f"{FAMILY}/AileKisiListesi/AileKisiBilgisi"
ITEM = "AileListesiAraTCNoSorguKriteri"

Asking = Callable[..., Told]


def request(*numbers: int) -> str:
    inner = "".join(f"<{ITEM}><KimlikNo>{number}</KimlikNo></{ITEM}>" for number in numbers)
    return f"<kriterListesi>{inner}</kriterListesi>"


@pytest.fixture
def about(persona_register: Register, personas: Sequence[Persona]) -> Asking:
    """Asks for the families of some personas."""

    def asked(*indices: int, grant: Grant | None = None) -> Told:
        numbers = (personas[index].identity_number for index in indices)
        return ask(SERVICE, request(*numbers), persona_register, grant=grant)

    return asked


def test_a_married_man_has_a_wife_and_children(about: Asking, personas: Sequence[Persona]) -> None:
    told = about(0)
    assert told.text(f"{FAMILY}/TCKimlikNo") == str(personas[0].identity_number)
    assert told.text(f"{FAMILY}/KisiBilgisi/TemelBilgisi/Ad") == "MEHMET"
    assert told.text(f"{FAMILY}/KisiBilgisi/EsTCKimlikNo") == str(personas[1].identity_number)
    assert told.texts(f"{RELATIVE}/TemelBilgisi/Ad") == ["AYŞE", "ZEYNEP", "EYMEN"]
    assert told.texts(f"{RELATIVE}/YakinlikKod/Aciklama") == ["Eşi", "Kızı", "Oğlu"]
    assert told.texts(f"{RELATIVE}/TCKimlikNo") == [
        str(personas[index].identity_number) for index in (1, 2, 3)
    ]
    assert told.texts(f"{RELATIVE}/DurumBilgisi/Durum/Kod") == ["1", "1", "1"]
    assert len(told.texts(f"{RELATIVE}/KayitYeriBilgisi/Ilce/Kod")) == 3
    for path in ("HataBilgisi", "KisiBilgisi/HataBilgisi"):
        assert told.is_nil(f"{FAMILY}/{path}")
    assert told.enquiry.persons == [personas[index].identity_number for index in range(4)]
    assert (told.enquiry.units, told.enquiry.records) == (1, 4)


def test_a_widow_has_her_husband_and_a_divorced_woman_nobody(about: Asking) -> None:
    widow = about(6)
    assert widow.texts(f"{RELATIVE}/TemelBilgisi/Ad") == ["HASAN"]
    assert widow.texts(f"{RELATIVE}/DurumBilgisi/OlumTarih/Yil") == ["2022"]
    divorced = about(7)
    assert divorced.texts(RELATIVE) == []
    assert not divorced.is_nil(f"{FAMILY}/AileKisiListesi")


def test_an_adopted_child_is_a_child_like_any_other(
    about: Asking, persona_register: Register, personas: Sequence[Persona]
) -> None:
    parents = about(36).text(f"{FAMILY}/KisiBilgisi/BabaTCKimlikNo")
    told = ask(SERVICE, request(int(parents or 0)), persona_register)
    kinship = dict(
        zip(
            told.texts(f"{RELATIVE}/TCKimlikNo"),
            told.texts(f"{RELATIVE}/YakinlikKod/Aciklama"),
            strict=True,
        )
    )
    assert kinship[str(personas[36].identity_number)] == "Kızı"


def test_who_is_not_found_has_a_note_and_the_number_everywhere(
    about: Asking, personas: Sequence[Persona]
) -> None:
    told = about(63)
    for path in ("HataBilgisi", "KisiBilgisi/HataBilgisi"):
        assert told.text(f"{FAMILY}/{path}/Kod") == "2"
    for path in ("TCKimlikNo", "KisiBilgisi/TCKimlikNo"):
        assert told.text(f"{FAMILY}/{path}") == str(personas[63].identity_number)
    assert told.is_nil(f"{FAMILY}/AileKisiListesi")
    assert told.enquiry.outcomes == [Outcome.NOT_FOUND]


def test_families_keep_the_order_of_the_criteria(about: Asking) -> None:
    told = about(5, 63, 3, 43)
    outcomes = [Outcome.CLOSED, Outcome.NOT_FOUND, Outcome.OK, Outcome.NOT_FOUND]
    assert told.enquiry.outcomes == outcomes
    assert told.texts(f"{FAMILY}/KisiBilgisi/TemelBilgisi/Ad") == ["HASAN", "EYMEN"]
    assert told.texts(f"{FAMILY}/HataBilgisi/Kod") == ["2", "2"]


def test_a_family_that_is_not_granted_is_not_read(
    about: Asking, persona_register: Register, personas: Sequence[Persona]
) -> None:
    before = persona_register.lookups
    told = about(0, grant=grant_of(SERVICE, "AileBilgisi/KisiBilgisi"))
    assert persona_register.lookups - before == 1
    assert told.is_nil(f"{FAMILY}/AileKisiListesi")
    assert told.is_nil(f"{FAMILY}/KisiBilgisi/DurumBilgisi/Din")
    assert told.enquiry.persons == [personas[0].identity_number]


@pytest.mark.parametrize("index", [0, 63])
def test_a_person_who_is_not_granted_looks_the_same_for_everyone(about: Asking, index: int) -> None:
    told = about(index, grant=grant_of(SERVICE, "AileBilgisi/AileKisiListesi/TemelBilgisi"))
    assert told.text(f"{FAMILY}/KisiBilgisi/HataBilgisi/Kod") == "8"
    assert told.is_nil(f"{FAMILY}/KisiBilgisi/TCKimlikNo")
    assert told.is_nil(f"{FAMILY}/TCKimlikNo")
