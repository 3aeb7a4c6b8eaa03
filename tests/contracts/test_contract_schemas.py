"""Messages against their XSD: what is refused, and how little a refusal tells."""

from pathlib import Path

import pytest
from lxml import etree

from kps_soap import places
from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.contract import CompiledContract
from kps_soap.contracts.schemas import Schema
from kps_soap.faults import InternalFailure, SchemaRefused

NS = "http://kps.nvi.gov.tr/2011/01/01"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
ITEM = "KisiSorgulaTCKimlikNoSorguKriteri"


def contract(name: str) -> CompiledContract:
    return next(one for one in compile_all() if one.name == name)


PERSON = contract("KisiSorgulaTCKimlikNoServis")


def request(content: str, name: str = "ListeleCoklu") -> etree._Element:
    return etree.fromstring(f'<{name} xmlns="{NS}" {XSI}>{content}</{name}>')


def criterion(content: str) -> str:
    return f"<kriterListesi><{ITEM}>{content}</{ITEM}></kriterListesi>"


def refused(content: str) -> str:
    with pytest.raises(SchemaRefused) as caught:
        PERSON.validate_request(request(content))
    assert str(caught.value) == "SchemaRefused"
    return caught.value.detail


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<kriterListesi/>",
        f'<kriterListesi xsi:nil="true" {XSI}/>',
        criterion("<TCKimlikNo>10000000146</TCKimlikNo>"),
        criterion("<TCKimlikNo> +010000000146\n</TCKimlikNo>"),
        criterion(""),
        criterion('<TCKimlikNo xsi:nil="1"/>'),
    ],
)
def test_what_the_published_facets_allow_is_valid(content: str) -> None:
    PERSON.validate_request(request(content))


def test_a_part_of_a_larger_message_is_judged_in_its_place() -> None:
    envelope = etree.fromstring(
        f'<s:Envelope xmlns:s="urn:s" xmlns:k="{NS}"><s:Body><k:ListeleCoklu>'
        f"<k:kriterListesi/></k:ListeleCoklu></s:Body></s:Envelope>"
    )
    PERSON.validate_request(envelope[0][0])


def test_a_refusal_names_the_error_and_the_element_and_no_value() -> None:
    detail = refused(criterion("<TCKimlikNo>ayse10000000146</TCKimlikNo>"))
    assert detail == "SCHEMAV_CVC_DATATYPE_VALID_1_2_1 TCKimlikNo"


@pytest.mark.parametrize(
    "content",
    [
        criterion("<GizliAd>1</GizliAd>"),
        criterion("<TCKimlikNo>1</TCKimlikNo><TCKimlikNo>2</TCKimlikNo>"),
        "<kriterListesi/><kriterListesi/>",
        criterion("<TCKimlikNo xmlns=''>1</TCKimlikNo>"),
        criterion("<TCKimlikNo x='gizli'>1</TCKimlikNo>"),
        "metin",
    ],
)
def test_no_word_of_the_message_is_repeated(content: str) -> None:
    detail = refused(content)
    assert detail.startswith("SCHEMAV_")
    assert "gizli" not in detail
    assert "GizliAd" not in detail


def test_an_unknown_element_is_not_named() -> None:
    assert refused(criterion("<GizliAd>1</GizliAd>")).endswith(" unknown element")


@pytest.mark.parametrize("name", ["ListeleCokluResponse", "Parametre", "KisiBilgisi", "Baska"])
def test_another_element_of_the_schema_is_no_request(name: str) -> None:
    with pytest.raises(SchemaRefused) as caught:
        PERSON.validate_request(request("", name))
    assert caught.value.detail == "another request element"


def test_an_entity_that_nobody_resolved_is_refused() -> None:
    parser = etree.XMLParser(resolve_entities=False)
    element = etree.fromstring(
        f'<!DOCTYPE a [<!ENTITY e "1">]><ListeleCoklu xmlns="{NS}"><kriterListesi>&e;'
        "</kriterListesi></ListeleCoklu>",
        parser,
    )
    with pytest.raises(SchemaRefused) as caught:
        PERSON.validate_request(element)
    assert caught.value.detail == "not to be judged"


def test_a_good_answer_comes_back_as_its_tree() -> None:
    payload = PERSON.write_note(8, "Yetkiniz yoktur.")
    assert PERSON.validate_answer(payload).tag == f"{{{NS}}}ListeleCokluResponse"


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (b"<x", "answer is not well-formed"),
        (b"", "answer is not well-formed"),
        (b"<x/>", "another answer element"),
        (
            f'<ListeleCokluResponse xmlns="{NS}"><Ad>gizli</Ad></ListeleCokluResponse>'.encode(),
            "answer against its schema: SCHEMAV_ELEMENT_CONTENT Ad",
        ),
    ],
)
def test_a_bad_answer_is_our_own_failure(payload: bytes, detail: str) -> None:
    with pytest.raises(InternalFailure) as caught:
        PERSON.validate_answer(payload)
    assert caught.value.detail == detail


def _schema(target: str, content: str) -> str:
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{target}">'
        f"{content}</xs:schema>"
    )


@pytest.mark.parametrize(
    "place",
    ["../b.xsd", "http://127.0.0.1:9/b.xsd", "file:///etc/hostname", "yok.xsd"],
)
def test_a_schema_may_not_refer_to_anything_outside_its_folder(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Servis"
    folder.mkdir()
    (tmp_path / "b.xsd").write_text(_schema("urn:b", ""), encoding="utf-8")
    imported = f'<xs:import namespace="urn:b" schemaLocation="{place}"/>'
    (folder / "a.xsd").write_text(_schema("urn:a", imported), encoding="utf-8")
    monkeypatch.setattr(places, "schemas", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"Servis/a\.xsd cannot be used") as caught:
        Schema.of(("Servis/a.xsd",), request_tag="a", answer_tag="b")
    assert str(tmp_path) not in str(caught.value)
