"""Requests are read as the original's serialiser reads them, then held to their XSD."""

from functools import cache

import pytest
from lxml import etree
from routed import KPS_2011, Message, Router, person_query

from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.contract import CompiledContract
from kps_soap.doors.routing_requests import compile_normaliser
from kps_soap.envelopes import Element
from kps_soap.faults import SchemaRefused

KPS_2023 = "http://kps.nvi.gov.tr/2023/02/01"
XSI = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'


@cache
def contract(name: str, version: str) -> CompiledContract:
    return next(one for one in compile_all() if (one.name, one.version) == (name, version))


def combined() -> CompiledContract:
    return contract("BilesikKutukSorgulaKimlikNoServis", "2023/02/01")


def query(members: str, *, around: str = "") -> Element:
    """A query of the combined register of 2023 with the content of one criterion."""
    name = "BilesikKutukSorgulaKimlikNoSorguKriteri"
    return etree.fromstring(
        f'<Sorgula xmlns="{KPS_2023}" {XSI}><kriterListesi><{name}>{members}</{name}>{around}'
        "</kriterListesi></Sorgula>"
    )


def read(request: Element) -> list[dict[str, int | None]]:
    """The criteria of a request, as the operation gets them."""
    chosen = combined()
    normal = compile_normaliser(chosen)(request)
    chosen.validate_request(normal)
    (criteria,) = chosen.open(normal).parameters
    return list(criteria)


FULL = {"DogumAy": 3, "DogumGun": 4, "DogumYil": 1985, "KimlikNo": 10000000214}


@pytest.mark.parametrize(
    "members",
    [
        "<DogumAy>3</DogumAy><DogumGun>4</DogumGun><DogumYil>1985</DogumYil>"
        "<KimlikNo>10000000214</KimlikNo>",
        "<DogumAy>03</DogumAy><DogumGun> 4 </DogumGun><DogumYil>01985</DogumYil>"
        "<KimlikNo>\n10000000214\n</KimlikNo>",
        # The order of a caller's keys, as node-soap writes them.
        "<KimlikNo>10000000214</KimlikNo><DogumYil>1985</DogumYil><DogumGun>4</DogumGun>"
        "<DogumAy>3</DogumAy>",
        # What the contract does not know, as a client of a later version may send it.
        "<Ad>AYŞE</Ad><DogumAy>3</DogumAy><DogumGun>4</DogumGun><DogumYil>1985</DogumYil>"
        '<KimlikNo>10000000214</KimlikNo><x:y xmlns:x="urn:x"><x:z/></x:y>',
        # Blanks, comments and attributes that mean nothing here.
        '<DogumAy z="1">3</DogumAy><DogumGun>4</DogumGun><DogumYil>1985</DogumYil>'
        "<KimlikNo>10000000214</KimlikNo>",
    ],
)
def test_a_criterion_is_read_whatever_it_looks_like(members: str) -> None:
    assert read(query(members)) == [FULL]


@pytest.mark.parametrize(
    "day", ["", '<DogumGun i:nil="true"/>', "<DogumGun/>", "<DogumGun> </DogumGun>"]
)
def test_an_empty_or_missing_number_is_an_unknown_one(day: str) -> None:
    members = f"<KimlikNo>10000000214</KimlikNo>{day}<DogumYil>1985</DogumYil>"
    expected = {"DogumAy": None, "DogumGun": None, "DogumYil": 1985, "KimlikNo": 10000000214}
    assert read(query(members)) == [expected]


@pytest.mark.parametrize(
    "day",
    [
        "<DogumGun>dört</DogumGun>",
        "<DogumGun>4.0</DogumGun>",
        "<DogumGun>4</DogumGun><DogumGun>5</DogumGun>",
        "<DogumGun>99999999999</DogumGun>",
        "<DogumGun><x/></DogumGun>",
    ],
)
def test_nothing_is_guessed(day: str) -> None:
    with pytest.raises(SchemaRefused):
        read(query(f"<KimlikNo>10000000214</KimlikNo>{day}"))


def test_criteria_keep_their_order_and_their_gaps() -> None:
    name = "BilesikKutukSorgulaKimlikNoSorguKriteri"
    around = f'<{name} i:nil="true"/><egal/><{name}><KimlikNo>10000000382</KimlikNo></{name}>'
    first, nil, last = read(query("<KimlikNo>10000000214</KimlikNo>", around=around))
    assert (first["KimlikNo"], nil, last["KimlikNo"]) == (10000000214, None, 10000000382)


def test_a_valid_request_is_taken_as_it_stands() -> None:
    request = query("<KimlikNo>10000000214</KimlikNo>")
    assert compile_normaliser(combined())(request) is request


def test_another_request_element_stays_another_one() -> None:
    request = etree.fromstring(f'<Baska xmlns="{KPS_2023}"/>')
    normal = compile_normaliser(combined())(request)
    with pytest.raises(SchemaRefused):
        combined().validate_request(normal)


def test_texts_keep_every_blank() -> None:
    chosen = contract("TumKutukDogrulaServis", "2025/08/01")
    name = "TumKutukDogrulamaSorguKriteri"
    request = etree.fromstring(
        f'<Sorgula xmlns="{chosen.namespace}"><kriterListesi><{name}><Soyad> Öz  Demir </Soyad>'
        f"<Ad></Ad></{name}></kriterListesi></Sorgula>"
    )
    normal = compile_normaliser(chosen)(request)
    chosen.validate_request(normal)
    ((criterion,),) = chosen.open(normal).parameters
    assert (criterion["Ad"], criterion["Soyad"]) == ("", " Öz  Demir ")


@pytest.mark.parametrize(
    "payload",
    [
        f'<x:ListeleCoklu xmlns:x="{KPS_2011}"><x:kriterListesi>'
        "<x:KisiSorgulaTCKimlikNoSorguKriteri><x:TCKimlikNo>10000000214</x:TCKimlikNo>"
        "</x:KisiSorgulaTCKimlikNoSorguKriteri></x:kriterListesi></x:ListeleCoklu>",
        person_query("<!-- c -->10000000<![CDATA[214]]>"),
        person_query("&#49;0000000214"),
        person_query("10000000214").replace("<kriterListesi>", "<kriterListesi a='1'>"),
    ],
)
def test_one_number_is_asked_about_in_every_spelling(routed: Router, payload: str) -> None:
    assert routed.send(Message(payload=payload).text).status == 200
    assert routed.entry.persons == [10000000214]


def test_members_of_no_namespace_are_no_members(routed: Router) -> None:
    # As in the original: what it does not know it passes over, and then nothing was asked.
    payload = person_query().replace("<kriterListesi>", '<kriterListesi xmlns="">')
    assert routed.send(Message(payload=payload).text).status == 200
    assert routed.entry.refusal == "CriteriaEmpty"
