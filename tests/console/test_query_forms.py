"""The form of every service, and the request that it becomes, held to the service's own XSD."""

import pytest
from lxml import etree

from kps_soap.console.labels import label, service_label
from kps_soap.console.query_forms import can_be_asked, fields_of, problems, request_of
from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.contract import CompiledContract, Convention

CONTRACTS = {
    f"{one.name} {one.version}": one
    for one in compile_all()
    if one.contract.convention is Convention.DATA_CONTRACT and can_be_asked(one)
}
GOOD = {"number": "17", "date": "2025-12-31", "text": "İŞLEK", "check": "1"}


def filled(contract: CompiledContract) -> dict[str, str]:
    """Every field of a form, with a value that fits."""
    return {
        one.name: one.choices[0] if one.kind == "select" else GOOD[one.kind]
        for one in fields_of(contract, "tr")
    }


def contract_of(name: str) -> CompiledContract:
    return CONTRACTS[name]


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_a_full_form_becomes_a_request_that_its_xsd_knows(contract: CompiledContract) -> None:
    form = filled(contract)
    assert problems(contract, form, "tr") == []
    written = etree.tostring(request_of(contract, form))
    contract.validate_request(etree.fromstring(written))


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_a_form_with_nothing_but_what_is_demanded_is_a_request_too(
    contract: CompiledContract,
) -> None:
    full = filled(contract)
    form = {one.name: full[one.name] for one in fields_of(contract, "tr") if one.required}
    for wrong in problems(contract, form, "tr"):
        form[wrong.field] = full[wrong.field]
    assert problems(contract, form, "tr") == []
    written = etree.tostring(request_of(contract, form))
    contract.validate_request(etree.fromstring(written))


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_every_service_has_a_name_for_people(contract: CompiledContract) -> None:
    for language in ("tr", "en"):
        assert service_label(contract.name, language) != contract.name
    assert service_label("YeniServis", "tr") == "YeniServis"


def test_what_changes_something_or_needs_more_than_a_form_is_for_software() -> None:
    by_name = {one.name: one for one in compile_all()}
    assert not can_be_asked(by_name["KPSPublicV2"])
    assert not can_be_asked(by_name["KisiListesiYukleServis"])
    assert can_be_asked(by_name["BilgiServis"])
    assert can_be_asked(by_name["AksOkuTumIlServis"])


def test_the_number_comes_first_and_a_date_of_birth_day_by_day() -> None:
    names = [one.name for one in fields_of(contract_of("KimlikDogrulaServis 1"), "tr")]
    assert names[:8] == [
        *("KimlikNo", "Ad", "Soyad", "SoyadYok", "DogumGun", "DogumGunYok", "DogumAy"),
        "DogumAyYok",
    ]


def test_one_of_several_members_is_enough() -> None:
    contract = contract_of("KimlikNoBulServis 1")
    form = {"Ad": "A", "DogumGun": "1", "DogumAy": "2", "DogumYil": "1980"}
    told = [one.sentence for one in problems(contract, form, "tr")]
    assert told == [
        "Bunlardan en az birini doldurun: Soyadı, Soyadı yok.",
        "Bunlardan en az birini doldurun: Anne adı, Baba adı, Doğum yeri.",
    ]
    assert problems(contract, form | {"SoyadYok": "1", "BabaAd": "B"}, "tr") == []


@pytest.mark.parametrize(
    ("service", "field", "value", "sentence"),
    [
        ("KisiListeleServis 2011/01/01", "BaslangicTarih", "32.1.2025", "31.12.2025 biçiminde"),
        ("KisiListeleServis 2011/01/01", "Cinsiyet", "Başka", "listeden seçin"),
        ("KisiListeleServis 2011/01/01", "Ilce", "2147483648", "yalnızca rakam"),
        ("KisiListeleServis 2011/01/01", "Ilce", "-1", "yalnızca rakam"),
        ("KisiListeleServis 2011/01/01", "Ilce", "١٢", "yalnızca rakam"),
        ("KimlikNoBulServis 1", "Ad", "x" * 101, "en çok 100 karakter"),
    ],
)
def test_a_value_that_cannot_be_is_told_with_its_field(
    service: str, field: str, value: str, sentence: str
) -> None:
    contract = contract_of(service)
    (wrong,) = problems(contract, filled(contract) | {field: value}, "tr")
    assert wrong.field == field
    assert sentence in wrong.sentence


def test_a_date_is_read_as_people_write_it() -> None:
    contract = contract_of("KisiListeleServis 2011/01/01")
    request = request_of(contract, filled(contract) | {"BaslangicTarih": "1.2.2025"})
    assert b"2025-02-01T00:00:00" in etree.tostring(request)


def test_a_member_without_a_word_is_shown_by_its_parts() -> None:
    assert label("YeniBirUyeTCNo", "tr") == "Yeni Bir Uye TC No"
    assert label("Ad", "en") == "Given name"
