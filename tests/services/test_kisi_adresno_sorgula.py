"""KisiAdresNoSorgulaServis: one criterion, one record, and a serial that must be the person's."""

from typing import Any

import pytest
from register_samples import (
    CITIZEN_NUMBER,
    FOREIGNER_NUMBER,
    NOBODY,
    FakeRegister,
    Told,
    abroad,
    address,
    ask,
    citizen,
    contract,
    foreigner,
    grant_of,
    identity_card,
    new_blue_card,
    old_blue_card,
    old_booklet,
)

from kps_soap.faults import Outcome
from kps_soap.fields import Grant

SERVICE = contract("KisiAdresNoSorgulaServis", "2011/01/01")
RECORD = "SorgulaResult/SorguSonucu"
NIL = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'


def everything(**changes: Any) -> dict[str, Any]:
    held: dict[str, Any] = {
        "citizen": citizen(),
        "addresses": [address(), address(residence=False, address_no=1)],
        "identity_card": identity_card(),
        "old_booklet": old_booklet(serial=1234),
        "new_blue_card": new_blue_card(),
        "old_blue_card": old_blue_card(),
    }
    return held | changes


def query(
    held: dict[str, Any] | FakeRegister,
    serial: str | None = None,
    *,
    number: int = CITIZEN_NUMBER,
    grant: Grant | None = None,
) -> Told:
    register = held if isinstance(held, FakeRegister) else FakeRegister(held)
    said = "" if serial is None else f"<SeriNo>{serial}</SeriNo>"
    request = f"<kriter><KimlikNo>{number}</KimlikNo>{said}</kriter>"
    return ask(SERVICE, request, register, grant=grant)


def test_the_number_of_the_residence_is_the_whole_record() -> None:
    told = query(everything())
    assert told.payload.decode() == (
        '<SorgulaResponse xmlns="http://kps.nvi.gov.tr/2011/01/01">'
        '<SorgulaResult xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        '<HataBilgisi i:nil="true"/><SorguSonucu><AdresNo>9000000001</AdresNo>'
        '<HataBilgisi i:nil="true"/></SorguSonucu></SorgulaResult></SorgulaResponse>'
    )
    assert told.enquiry.outcomes == [Outcome.OK]
    assert told.enquiry.units == 1


def test_foreigners_have_residences_too() -> None:
    held = {"foreigner": foreigner(), "addresses": [address()]}
    assert query(held, number=FOREIGNER_NUMBER).text(f"{RECORD}/AdresNo") == "9000000001"


@pytest.mark.parametrize(
    "serial",
    [
        *("A01B23456", " a01b23456 ", "A01001234", "A01 001234", "a01001234"),
        *("M01B23456", "M01000042", "", "  "),
    ],
)
def test_the_serial_of_any_document_of_the_person_is_right(serial: str) -> None:
    assert query(everything(), serial).text(f"{RECORD}/AdresNo") == "9000000001"


def test_a_nil_serial_says_nothing() -> None:
    request = f"<kriter><KimlikNo>{CITIZEN_NUMBER}</KimlikNo><SeriNo {NIL}/></kriter>"
    told = ask(SERVICE, request, FakeRegister(everything()))
    assert told.text(f"{RECORD}/AdresNo") == "9000000001"


@pytest.mark.parametrize("serial", ["A01B23457", "A01", "1234", "A0101234", "<![CDATA[<x>]]>"])
def test_another_serial_is_answered_like_a_person_who_does_not_exist(serial: str) -> None:
    nobody, holder = FakeRegister(), FakeRegister(everything())
    first, second = query(nobody, serial), query(holder, serial)
    assert first.payload == second.payload
    assert nobody.asked == holder.asked
    assert second.text(f"{RECORD}/HataBilgisi/Kod") == "2"
    assert second.is_nil(f"{RECORD}/AdresNo")
    assert second.enquiry.outcomes == [Outcome.NOT_FOUND]
    assert second.enquiry.units == 1


def test_documents_are_not_read_without_a_serial() -> None:
    register = FakeRegister(everything())
    query(register)
    assert register.asked == ["blue_card_person", "citizen", "addresses"]


def test_a_serial_alone_finds_nobody_and_reaches_no_register() -> None:
    register = FakeRegister(everything())
    told = ask(SERVICE, "<kriter><SeriNo>A01B23456</SeriNo></kriter>", register)
    assert told.enquiry.outcomes == [Outcome.MISSING]
    assert told.text(f"{RECORD}/HataBilgisi/Kod") == "10"
    assert register.asked == []


def test_who_has_no_residence_has_a_note_and_who_lives_abroad_has_no_number() -> None:
    told = query(everything(addresses=[address(residence=False)]))
    assert told.text(f"{RECORD}/HataBilgisi/Kod") == "2"
    assert told.enquiry.outcomes == [Outcome.OK]
    told = query(everything(addresses=[abroad(address_no=None)]))
    assert told.is_nil(f"{RECORD}/AdresNo")
    assert told.is_nil(f"{RECORD}/HataBilgisi")


def test_a_closed_record_is_closed() -> None:
    assert query(everything(citizen=citizen(closed=True))).enquiry.outcomes == [Outcome.CLOSED]


def test_a_number_that_nobody_has_is_not_found() -> None:
    told = query(everything(), number=NOBODY)
    assert told.enquiry.outcomes == [Outcome.NOT_FOUND]


def test_the_path_of_the_record_is_its_types_name() -> None:
    assert SERVICE.fields is not None
    assert SERVICE.fields.grantable() == ("KisiAdresNoSorgula", "KisiAdresNoSorgula/AdresNo")
    grant = grant_of(SERVICE, "KisiAdresNoSorgula/AdresNo")
    assert query(everything(), grant=grant).text(f"{RECORD}/AdresNo") == "9000000001"


def test_nothing_granted_is_one_record_for_everyone_and_nothing_is_read() -> None:
    assert SERVICE.fields is not None
    nothing = Grant.of(SERVICE.fields, [])
    register = FakeRegister(everything())
    told = query(register, grant=nothing)
    assert told.payload == query({}, grant=nothing).payload
    assert told.text(f"{RECORD}/HataBilgisi/Kod") == "8"
    assert "addresses" not in register.asked
