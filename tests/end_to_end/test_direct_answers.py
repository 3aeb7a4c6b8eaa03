"""What the agreement gives at the served direct door, and what it refuses."""

import pytest
from lxml import etree

from end_to_end.direct_samples import BANK, COMPANY, PASSPORT, STRICT, verified
from end_to_end.questions import (
    ADDRESS,
    DISTRICTS,
    EMPTY,
    FIRST,
    NOT_ALLOWED,
    NOT_FOUND,
    PERSON,
    PROVINCES,
    address_query,
    combined_path,
    combined_query,
    dictionary_query,
    on_behalf,
    person_query,
)
from end_to_end.running import Served

# What the agreement gives


def test_a_withheld_leaf_is_nil_and_present(gateway: Served) -> None:
    (company,) = gateway.ask(PERSON, person_query(gateway.number(0)), institution=COMPANY).records
    assert company["TCKimlikNo"] == str(gateway.number(0))
    assert company["TemelBilgisi"]["Soyad"] == gateway.persona(0)["surname"]
    for name in ("AnneTCKimlikNo", "KayitYeriBilgisi", "EsTCKimlikNo"):
        assert company[name] is None
    assert company["TemelBilgisi"]["AnneAd"] is None
    assert company["DurumBilgisi"]["MedeniHal"] is None


def test_religion_is_shown_to_the_one_institution_with_a_second_grant(gateway: Served) -> None:
    payload = person_query(gateway.number(54))
    (shown,) = gateway.ask(PERSON, payload, institution=STRICT, headers=PASSPORT).records
    assert shown["DurumBilgisi"]["Din"]["Aciklama"] == "Belirtilmemiş"
    (withheld,) = gateway.ask(PERSON, payload).records
    assert withheld["DurumBilgisi"]["Din"] is None


@pytest.mark.parametrize("version", ["2021/04/01", "2023/02/01"])
def test_no_record_and_a_wrong_birth_date_are_one_answer(gateway: Served, version: str) -> None:
    persona = gateway.persona(0)
    born, wrong = persona["birth"], persona["birth"] | {"year": 1950}
    path, existing, absent = combined_path(version), gateway.number(0), gateway.number(63)
    mismatch = gateway.ask(path, combined_query(version, [(existing, wrong)]))
    missing = gateway.ask(path, combined_query(version, [(absent, born)]))
    (record,) = mismatch.records
    assert record["HataBilgisi"] == NOT_FOUND
    assert record["KimlikNo"] == str(existing)
    assert mismatch.headers["kps-sonuc-kodu"] == missing.headers["kps-sonuc-kodu"] == "301"
    canonical = [
        etree.tostring(reply.payload, method="c14n", exclusive=True)
        for reply in (mismatch, missing)
    ]
    assert canonical[0].replace(str(existing).encode(), str(absent).encode()) == canonical[1]
    assert len(mismatch.body) == len(missing.body)
    # Sections that the municipality may not have say so, with or without a person.
    (found,) = gateway.ask(path, combined_query(version, [(existing, born)])).records
    for one in (record, found):
        photo = one["TCVatandasiKisiKutukleri"]["TCKKFotografBilgisi"]
        assert photo == {"Fotograf": None, "HataBilgisi": NOT_ALLOWED, "TCKimlikNo": None}
    assert found["HataBilgisi"] is None


@pytest.mark.parametrize("version", ["2021/04/01", "2023/02/01"])
def test_a_birth_date_is_demanded_from_2021_on(gateway: Served, version: str) -> None:
    number, born = gateway.number(12), gateway.persona(12)["birth"]
    unknown_parts = {"day": 0, "month": 0, "year": born["year"]}
    reply = gateway.ask(
        combined_path(version),
        combined_query(
            version,
            [
                (number, born),
                (number, unknown_parts),
                (number, born | {"month": 5}),
                (number, {"day": None, "month": None, "year": None}),
                (number, {"day": 30, "month": 2, "year": 2000}),
                (number, None),
            ],
        ),
    )
    notes = [record["HataBilgisi"] for record in reply.records]
    assert notes == [None, None, NOT_FOUND, EMPTY, NOT_FOUND, EMPTY]


def test_2011_asks_for_the_number_alone(gateway: Served) -> None:
    version = "2011/01/01"
    (found,) = gateway.ask(
        combined_path(version), combined_query(version, [(gateway.number(0), None)])
    ).records
    assert "DoluBilesenler" not in found
    assert found["TCVatandasiKisiKutukleri"]["KisiBilgisi"]["HataBilgisi"] is None


def test_a_batch_is_answered_position_by_position(gateway: Served) -> None:
    first, absent = gateway.number(0), gateway.number(63)
    reply = gateway.ask(PERSON, person_query([first, absent, first, 12345678901, None, first + 2]))
    answers = [(record["TCKimlikNo"], record["HataBilgisi"]) for record in reply.records]
    assert answers == [
        (str(first), None),
        (str(absent), NOT_FOUND),
        (str(first), None),
        ("12345678901", NOT_FOUND),
        (None, EMPTY),
        (str(first + 2), NOT_FOUND),
    ]
    assert reply.headers["kps-sonuc-kodu"] == "301"
    assert reply.note is None
    verified(gateway, reply)


def test_too_many_criteria_refuse_the_whole_call(gateway: Served) -> None:
    number = gateway.number(0)
    assert len(gateway.ask(PERSON, person_query([number] * 100)).records) == 100
    reply = gateway.ask(PERSON, person_query([number] * 101))
    sentence = "Kriter sayısı sınırı aşıldı; isteği bölerek gönderin."
    assert reply.refused == (200, "103", {"Aciklama": sentence, "Kod": "8"})


def test_no_criterion_is_code_ten(gateway: Served) -> None:
    nil = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
    for inside in ("<kriterListesi/>", f"<kriterListesi {nil}/>", ""):
        reply = gateway.ask(PERSON, f'<ListeleCoklu xmlns="{FIRST}">{inside}</ListeleCoklu>')
        assert reply.refused == (200, "102", EMPTY)


def test_dictionaries_answer_and_say_what_is_missing(gateway: Served) -> None:
    provinces = gateway.ask(PROVINCES, dictionary_query()).records
    assert len(provinces) == 81
    assert {"Ad": "İSTANBUL", "HataBilgisi": None, "Kod": "34"} in provinces
    districts = gateway.ask(DISTRICTS, dictionary_query("<IlKodu>34</IlKodu>")).records
    assert {one["IlKod"] for one in districts} == {"34"}
    nowhere = gateway.ask(DISTRICTS, dictionary_query("<IlKodu>99</IlKodu>"))
    assert nowhere.refused == (200, "301", NOT_FOUND)
    assert gateway.ask(DISTRICTS, dictionary_query()).refused == (200, "102", EMPTY)


# Refusals of the whole call


NOT_IN_FORCE = "Anlaşmanız yürürlükte değil; kurumunuzun yönetici kullanıcısına başvurun."
NOT_GRANTED = "Bu servis için yetkiniz yoktur (5490 sayılı Kanun Md.45)."


@pytest.mark.parametrize(
    ("institution", "number", "sentence"),
    [
        ("K-35-0012", "206", "İsteğin geldiği IP adresi anlaşmanızda tanımlı değil."),
        ("U-42-0003", "205", NOT_IN_FORCE),
        ("SGR-0021", "205", NOT_IN_FORCE),
        (BANK, "201", NOT_GRANTED),
    ],
    ids=["network", "suspended", "expired", "not granted"],
)
def test_an_agreement_s_no_is_an_answer_with_our_sentence(
    gateway: Served, institution: str, number: str, sentence: str
) -> None:
    reply = gateway.ask(PERSON, person_query(gateway.number(0)), institution=institution)
    assert reply.refused == (200, number, {"Aciklama": sentence, "Kod": "8"})
    assert verified(gateway, reply).receipt


def test_the_strict_institution_says_who_asks_why_and_in_which_case(gateway: Served) -> None:
    payload = person_query(gateway.number(0))
    who, why = {"inquirer": "V06-PASAPORT-01"}, {"purpose": "PASAPORT"}
    steps: list[tuple[dict[str, str], str]] = [
        ({}, "204"),
        ({"inquirer": "BIR-BASKASI"}, "204"),
        (who, "202"),
        (who | {"purpose": "IKAMET_IZNI"}, "202"),
        (who | why, "203"),
    ]
    for stated, number in steps:
        reply = gateway.ask(PERSON, payload, institution=STRICT, headers=on_behalf(**stated))
        assert reply.refused[:2] == (200, number)
        assert "SorguBaglami" in reply.refused[2]["Aciklama"] or number == "204"  # type: ignore[index]
    reply = gateway.ask(PERSON, payload, institution=STRICT, headers=PASSPORT)
    (record,) = reply.records
    assert record["TCKimlikNo"] == str(gateway.number(0))
    assert b"ecdsa-sha256" in reply.body
    assert "P256" in verified(gateway, reply).certificate.subject.rfc4514_string()


# Addresses


def test_a_municipality_and_a_bank_may_have_addresses(gateway: Served) -> None:
    question = address_query([(gateway.number(0), gateway.persona(0)["birth"])])
    (whole,) = gateway.ask(ADDRESS, question).records
    residence = whole["YerlesimYeriAdresi"]
    assert residence["AcikAdres"]
    assert residence["IlIlceMerkezAdresi"]["Il"]
    (bank,) = gateway.ask(ADDRESS, question, institution=BANK).records
    assert bank["YerlesimYeriAdresi"]["AcikAdres"] == residence["AcikAdres"]
    assert bank["YerlesimYeriAdresi"]["AdresNo"] is None
    assert bank["YerlesimYeriAdresi"]["IlIlceMerkezAdresi"]["HataBilgisi"] == NOT_ALLOWED
    assert bank["YerlesimYeriAdresi"]["IlIlceMerkezAdresi"]["Il"] is None
    refused = gateway.ask(ADDRESS, question, institution=COMPANY)
    assert refused.refused == (200, "201", {"Aciklama": NOT_GRANTED, "Kod": "8"})
