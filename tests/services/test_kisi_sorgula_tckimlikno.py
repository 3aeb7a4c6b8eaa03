"""KisiSorgulaTCKimlikNoServis: records become members, and absent ones become nil."""

from register_samples import (
    BORN,
    CITIZEN_NUMBER,
    NOBODY,
    FakeRegister,
    Told,
    ask,
    citizen,
    contract,
    grant_of,
)

from kps_soap.faults import Outcome
from kps_soap.registry.records import Coded, PartialDate

SERVICE = contract("KisiSorgulaTCKimlikNoServis", "2011/01/01")
PERSON = "ListeleCokluResult/SorguSonucu/KisiBilgisi"


def criteria(*numbers: int | str) -> str:
    inner = "".join(
        "<KisiSorgulaTCKimlikNoSorguKriteri>"
        f"<TCKimlikNo>{number}</TCKimlikNo></KisiSorgulaTCKimlikNoSorguKriteri>"
        for number in numbers
    )
    return f"<kriterListesi>{inner}</kriterListesi>"


def ask_one(register: FakeRegister, **how: object) -> Told:
    return ask(SERVICE, criteria(CITIZEN_NUMBER), register, **how)  # type: ignore[arg-type]


def test_a_citizen_is_shown_with_every_member() -> None:
    told = ask_one(FakeRegister({"citizen": citizen()}))
    shown = {
        "AnneTCKimlikNo": "10000000450",
        "BabaTCKimlikNo": "12345678950",
        "EsTCKimlikNo": "98765432150",
        "DogumYerKod": "90001",
        "TCKimlikNo": str(CITIZEN_NUMBER),
        "TemelBilgisi/Ad": "İPEK NAZ",
        "TemelBilgisi/Soyad": "ŞABLONOĞLU",
        "TemelBilgisi/AnneAd": "GÜLSÜM",
        "TemelBilgisi/BabaAd": "KÂZIM",
        "TemelBilgisi/DogumYer": "ÖRNEKKÖY",
        "TemelBilgisi/Cinsiyet/Kod": "2",
        "TemelBilgisi/Cinsiyet/Aciklama": "Kadın",
        "TemelBilgisi/DogumTarih/Gun": "4",
        "TemelBilgisi/DogumTarih/Ay": "3",
        "TemelBilgisi/DogumTarih/Yil": "1985",
        "DurumBilgisi/Durum/Aciklama": "Açık",
        "DurumBilgisi/MedeniHal/Aciklama": "Evli",
        "DurumBilgisi/Din/Aciklama": "İslam",
        "KayitYeriBilgisi/Il/Kod": "34",
        "KayitYeriBilgisi/Ilce/Kod": "90001",
        "KayitYeriBilgisi/Cilt/Aciklama": "ÖRNEK MAH.",
        "KayitYeriBilgisi/AileSiraNo": "45",
        "KayitYeriBilgisi/BireySiraNo": "7",
    }
    assert {path: told.text(f"{PERSON}/{path}") for path in shown} == shown
    assert told.is_nil(f"{PERSON}/HataBilgisi")
    assert told.enquiry.outcomes == [Outcome.OK]


def test_an_absent_death_is_a_date_with_nil_parts() -> None:
    told = ask_one(FakeRegister({"citizen": citizen()}))
    assert not told.is_nil(f"{PERSON}/DurumBilgisi/OlumTarih")
    assert all(told.is_nil(f"{PERSON}/DurumBilgisi/OlumTarih/{part}") for part in ("Ay", "Yil"))


def test_a_dead_citizen_is_shown_and_the_outcome_says_closed() -> None:
    dead = citizen(died=PartialDate(None, 5, 2020), status=Coded(3, "Ölüm"), closed=True)
    told = ask_one(FakeRegister({"citizen": dead}))
    assert told.text(f"{PERSON}/DurumBilgisi/OlumTarih/Yil") == "2020"
    assert told.is_nil(f"{PERSON}/DurumBilgisi/OlumTarih/Gun")
    assert told.enquiry.outcomes == [Outcome.CLOSED]


def test_what_the_register_does_not_know_is_nil() -> None:
    bare = citizen(
        surname=None,
        mother_name=None,
        spouse_number=None,
        civil_status=None,
        religion=None,
        registration=None,
        born=PartialDate(None, None, 1950),
    )
    told = ask_one(FakeRegister({"citizen": bare}))
    for path in ("TemelBilgisi/Soyad", "EsTCKimlikNo", "KayitYeriBilgisi", "DurumBilgisi/Din"):
        assert told.is_nil(f"{PERSON}/{path}")
    assert told.is_nil(f"{PERSON}/TemelBilgisi/DogumTarih/Gun")
    assert told.text(f"{PERSON}/TemelBilgisi/DogumTarih/Yil") == "1950"


def test_answers_keep_the_count_and_the_order_of_the_criteria() -> None:
    register = FakeRegister({"citizen": citizen()})
    told = ask(SERVICE, criteria(NOBODY, CITIZEN_NUMBER, 10000000147, CITIZEN_NUMBER), register)
    assert told.texts(f"{PERSON}/TCKimlikNo") == [
        str(NOBODY),
        str(CITIZEN_NUMBER),
        # A number that can be nobody's is repeated as it came (wire B.5).
        "10000000147",
        str(CITIZEN_NUMBER),
    ]
    assert told.texts(f"{PERSON}/HataBilgisi/Kod") == ["2", "2"]
    assert told.enquiry.outcomes == [
        Outcome.NOT_FOUND,
        Outcome.OK,
        Outcome.BAD_NUMBER,
        Outcome.OK,
    ]


def test_a_person_not_found_is_a_note_and_the_number() -> None:
    told = ask_one(FakeRegister())
    assert told.text(f"{PERSON}/HataBilgisi/Aciklama") == (
        "Aradığınız kriterlere uygun kayıt bulunamadı."
    )
    assert told.is_nil(f"{PERSON}/TemelBilgisi")


def test_religion_is_withheld_without_its_own_grant() -> None:
    register = FakeRegister({"citizen": citizen(born=BORN)})
    told = ask_one(register, grant=grant_of(SERVICE, "KisiBilgisi"))
    assert told.is_nil(f"{PERSON}/DurumBilgisi/Din")
    assert told.text(f"{PERSON}/DurumBilgisi/Durum/Kod") == "1"


def test_nil_criteria_reach_the_operation_as_none() -> None:
    element_with_nothing = ""
    told = ask(SERVICE, element_with_nothing, FakeRegister())
    assert told.result == {"SorguSonucu": {"KisiBilgisi": []}}
