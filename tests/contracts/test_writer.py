"""The compiled writers: the published bytes, and never a byte that XML forbids."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.contract import CompiledContract
from kps_soap.contracts.declared import Kind, Member, item_of, members_of, single_member, values_of
from kps_soap.contracts.writer import DataContractWriter, XmlSerializerWriter, escape
from kps_soap.faults import InternalFailure
from kps_soap.spyne_import import (
    Boolean,
    ByteArray,
    ComplexModel,
    DateTime,
    Int,
    Unicode,
    XmlDocument,
)

KPS = "http://kps.nvi.gov.tr"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NIL = f"{{{XSI}}}nil"
BILESIK = "BilesikKutukSorgulaKimlikNoServis"
DATED = [one for one in compile_all() if one.has_notes]


def contract(name: str, version: str) -> CompiledContract:
    return next(one for one in compile_all() if (one.name, one.version) == (name, version))


def written(compiled: CompiledContract, result: Any) -> str:
    write: Callable[[Any], str] = compiled.server.app.out_protocol.write
    return write(result)


def record(compiled: CompiledContract, **members: Any) -> str:
    return written(compiled, {"SorguSonucu": {compiled.item: [members]}})


# The bytes of the DataContract convention


def test_the_payload_begins_as_the_captured_answer_does() -> None:
    payload = written(
        contract(BILESIK, "2023/02/01"), {"SorguSonucu": {"BilesikKutukBilgileri": []}}
    )
    assert payload == (
        f'<SorgulaResponse xmlns="{KPS}/2023/02/01">'
        '<SorgulaResult xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        f'<HataBilgisi i:nil="true" xmlns:b="{KPS}/2011/01/01"/>'
        "<SorguSonucu/></SorgulaResult></SorgulaResponse>"
    )


def test_a_note_takes_the_first_free_letter() -> None:
    payload = contract(BILESIK, "2023/02/01").write_note(8, "Yetkiniz yoktur.").decode()
    assert payload.endswith(
        f'<HataBilgisi xmlns:b="{KPS}/2011/01/01"><b:Aciklama>Yetkiniz yoktur.</b:Aciklama>'
        '<b:Kod>8</b:Kod></HataBilgisi><SorguSonucu i:nil="true"/>'
        "</SorgulaResult></SorgulaResponse>"
    )


def test_filled_parts_bring_their_own_namespace() -> None:
    payload = record(contract(BILESIK, "2021/04/01"), DoluBilesenler=["TCKisiBilgisi"])
    constants = "http://schemas.datacontract.org/2004/07/Common.Types.Constants"
    assert (
        f'<BilesikKutukBilgileri><DoluBilesenler xmlns:b="{constants}">'
        "<b:CstBilesikKutukServisDoluBilesen>TCKisiBilgisi</b:CstBilesikKutukServisDoluBilesen>"
        f'</DoluBilesenler><HataBilgisi i:nil="true" xmlns:b="{KPS}/2011/01/01"/>'
        '<KimlikNo i:nil="true"/>'
    ) in payload
    empty = record(contract(BILESIK, "2021/04/01"), DoluBilesenler=[])
    assert f'<DoluBilesenler xmlns:b="{constants}"/>' in empty


def test_inside_a_container_the_shared_types_have_the_letter_c() -> None:
    person = {"TCKimlikNo": 10000000146, "TemelBilgisi": {"Ad": "İPEK", "Cinsiyet": {"Kod": 2}}}
    payload = record(
        contract(BILESIK, "2023/02/01"), TCVatandasiKisiKutukleri={"KisiBilgisi": person}
    )
    containers = "http://schemas.datacontract.org/2004/07/Common.Types.Containers.Services"
    shared = f'xmlns:c="{KPS}/2011/01/01"'
    assert f'<TCVatandasiKisiKutukleri xmlns:b="{containers}">' in payload
    assert f'<YabanciKisiKutukleri i:nil="true" xmlns:b="{containers}"/>' in payload
    assert f'<DurumBilgisi i:nil="true" {shared}/><EsTCKimlikNo i:nil="true"/>' in payload
    assert (
        f'<TemelBilgisi {shared}><c:Ad>İPEK</c:Ad><c:AnneAd i:nil="true"/><c:BabaAd i:nil="true"/>'
        '<c:Cinsiyet><c:Aciklama i:nil="true"/><c:Kod>2</c:Kod></c:Cinsiyet>'
        '<c:DogumTarih i:nil="true"/><c:DogumYer i:nil="true"/><c:Soyad i:nil="true"/>'
        "</TemelBilgisi>"
    ) in payload


def test_the_contracts_of_2011_have_no_prefixes_at_all() -> None:
    for name in (BILESIK, "KisiSorgulaTCKimlikNoServis"):
        compiled = contract(name, "2011/01/01")
        members = {"HataBilgisi": {"Aciklama": "x", "Kod": 2}}
        payload = record(compiled, **members)
        assert payload.count("xmlns:") == 1
        assert "<HataBilgisi><Aciklama>x</Aciklama><Kod>2</Kod></HataBilgisi>" in payload


def test_a_date_with_unknown_parts_has_nil_members() -> None:
    payload = record(
        contract("KimlikNoSorgulaAdresServis", "2021/04/01"),
        YerlesimYeriAdresi={"BeyanTarihi": {}, "AcikAdres": ""},
    )
    assert (
        f'<BeyanTarihi xmlns:b="{KPS}/2011/01/01"><b:Ay i:nil="true"/><b:Gun i:nil="true"/>'
        '<b:Yil i:nil="true"/></BeyanTarihi>'
    ) in payload
    assert "<AcikAdres/>" in payload


def test_an_item_may_be_nil() -> None:
    compiled = contract("AksOkuTumIlServis", "2011/01/01")
    assert '<SorguSonucu><Il i:nil="true"/></SorguSonucu>' in written(
        compiled, {"SorguSonucu": [None]}
    )


def test_there_is_no_white_space_between_elements() -> None:
    payload = record(contract(BILESIK, "2023/02/01"), KimlikNo=1)
    assert "> <" not in payload
    assert "\n" not in payload


def test_a_member_that_the_contract_does_not_have_is_our_failure() -> None:
    with pytest.raises(KeyError):
        record(contract(BILESIK, "2011/01/01"), DoluBilesenler=["TCKisiBilgisi"])


@pytest.mark.parametrize(("member", "value"), [("DogumYerKod", "6"), ("TemelBilgisi", 5)])
def test_a_value_of_the_wrong_kind_is_our_failure(member: str, value: Any) -> None:
    with pytest.raises((ValueError, AttributeError)):
        record(contract("KisiSorgulaTCKimlikNoServis", "2011/01/01"), **{member: value})


def test_an_unknown_part_is_our_failure() -> None:
    with pytest.raises(KeyError):
        record(contract(BILESIK, "2021/04/01"), DoluBilesenler=["YeniMaviKartBilgisi"])


# Characters


def test_markup_and_carriage_returns_are_escaped() -> None:
    assert escape("a<b>&c\r\n\td") == "a&lt;b&gt;&amp;c&#xD;\n\td"
    assert escape("ŞÜKRÜ 'x' \"y\"") == "ŞÜKRÜ 'x' \"y\""
    assert escape("\u00a0😀") == "\u00a0😀"


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_a_character_that_xml_forbids_is_never_emitted(bad: str) -> None:
    for text in (bad, f"AD{bad}", f"a b{bad}<"):
        with pytest.raises(InternalFailure):
            record(contract("AksOkuTumIlServis", "2011/01/01"), Ad=text)


XML_TEXT = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\ufffe\uffff").filter(
        lambda one: one in "\t\n\r" or ord(one) >= 0x20
    )
)


@given(text=XML_TEXT)
@example(text="]]>")
@example(text="\r")
@example(text=" ")
@example(text="")
@settings(deadline=None)
def test_every_text_that_xml_can_carry_comes_back_as_it_was(text: str) -> None:
    compiled = contract("AksOkuTumIlServis", "2011/01/01")
    tree = compiled.validate_answer(record(compiled, Ad=text).encode())
    (found,) = tree.iterfind(f".//{{{KPS}/2011/01/01}}Ad")
    assert (found.text or "") == text


@given(text=st.text())
@settings(deadline=None)
def test_whatever_the_text_the_bytes_are_xml_or_nothing(text: str) -> None:
    try:
        payload = escape(text)
    except InternalFailure:
        return
    assert (etree.fromstring(f"<a>{payload}</a>".encode()).text or "") == text


# Simple values

Degerler = ComplexModel.produce(
    namespace="urn:test",
    type_name="Degerler",
    members={"An": DateTime, "Bayrak": Boolean, "Resim": ByteArray},
)
Cevap = ComplexModel.produce(
    namespace="urn:test", type_name="SorResponse", members={"SorResult": Degerler}
)


@pytest.mark.parametrize(
    ("member", "value", "text"),
    [
        ("Bayrak", True, "true"),
        ("Bayrak", False, "false"),
        ("An", datetime(2024, 1, 15), "2024-01-15T00:00:00"),
        ("An", datetime(2024, 1, 15, 9, 30, 5, 120000), "2024-01-15T09:30:05.12"),
        (
            "An",
            datetime(2024, 1, 15, 9, 30, 5, 120000, timezone(timedelta(hours=3))),
            "2024-01-15T09:30:05.120000+03:00",
        ),
        ("Resim", b"\x00\xff", "AP8="),
    ],
)
def test_simple_values_have_their_lexical_form(member: str, value: Any, text: str) -> None:
    payload = DataContractWriter(Cevap, {})({member: value})
    assert f"<{member}>{text}</{member}>" in payload


def test_an_empty_picture_is_an_empty_element() -> None:
    assert "<Resim/>" in DataContractWriter(Cevap, {})({"Resim": b""})


# Against stock Spyne and against the schema


def _random_text(source: random.Random) -> str:
    letters = "ABCÇĞIİÖŞÜabcçğıiöşü '-.<>&\r\n\t\u00a0😀"
    return "".join(source.choice(letters) for _ in range(source.randrange(8)))


def _random_value(member: Member, source: random.Random) -> Any:
    if member.kind is Kind.COMPLEX:
        return _random_record(member.type, source)
    if member.kind is Kind.ENUMERATION:
        return source.choice(values_of(member.type))
    makers: dict[Kind, Callable[[], Any]] = {
        Kind.STRING: lambda: _random_text(source),
        Kind.LONG: lambda: source.randrange(-(2**63), 2**63),
        Kind.INT: lambda: source.randrange(-(2**31), 2**31),
        Kind.BOOLEAN: lambda: source.random() < 0.5,
        Kind.DATE_TIME: lambda: datetime(source.randrange(1900, 2100), 2, 3, 4, 5, 6),
        Kind.BINARY: lambda: source.randbytes(source.randrange(6)),
    }
    return makers[member.kind]()


def _random_record(spyne_type: Any, source: random.Random) -> Any:
    item = item_of(spyne_type)
    if item is not None:
        return [_random_value(item, source) for _ in range(source.randrange(3))]
    return {
        member.name: _random_value(member, source)
        for member in members_of(spyne_type)
        if source.random() < 0.7
    }


def _result_type(compiled: CompiledContract) -> Any:
    descriptor = compiled.contract.service.public_methods[compiled.operation]
    return single_member(descriptor.out_message)


def _stock_value(value: Any, spyne_type: Any) -> Any:
    """The same value in the classes that stock Spyne writes."""
    if value is None:
        return None
    item = item_of(spyne_type)
    if item is not None:
        return spyne_type(**{item.name: [_stock_item(one, item) for one in value]})
    made = spyne_type()
    for member in members_of(spyne_type):
        setattr(made, member.name, _stock_item(value.get(member.name), member))
    return made


def _stock_item(value: Any, member: Member) -> Any:
    if member.kind is Kind.COMPLEX:
        return _stock_value(value, member.type)
    return [value] if isinstance(value, bytes) else value


def _shape_of(element: Any) -> Any:
    """Name, text and children, without what is nil: stock Spyne leaves such members out."""
    children = [_shape_of(child) for child in element if child.get(NIL) != "true"]
    return element.tag, element.text or "", children


@pytest.mark.parametrize("compiled", DATED, ids=lambda one: f"{one.name} {one.version}")
@given(seed=st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_stock_spyne_writes_the_same_members_and_the_schema_takes_ours(
    compiled: CompiledContract, seed: int
) -> None:
    result = _result_type(compiled)
    value = _random_record(result.type, random.Random(seed))
    tree = compiled.validate_answer(written(compiled, value).encode())
    parent = etree.Element("stock")
    XmlDocument().to_parent(
        None, result.type, _stock_value(value, result.type), parent, compiled.namespace, result.name
    )
    assert _shape_of(tree[0]) == _shape_of(parent[0])


# The XML serialiser's convention


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false")])
def test_a_verification_is_exactly_the_classic_payload(value: bool, text: str) -> None:
    compiled = contract("KPSPublic", "WS")
    assert written(compiled, value) == (
        '<TCKimlikNoDogrulaResponse xmlns="http://tckimlik.nvi.gov.tr/WS">'
        f"<TCKimlikNoDogrulaResult>{text}</TCKimlikNoDogrulaResult></TCKimlikNoDogrulaResponse>"
    )


def test_an_empty_value_is_closed_with_a_space() -> None:
    message = ComplexModel.produce(
        namespace="urn:test",
        type_name="SorResponse",
        members={"SorResult": Unicode(min_occurs=1, nillable=False)},
    )
    write = XmlSerializerWriter(message)
    assert write("") == '<SorResponse xmlns="urn:test"><SorResult /></SorResponse>'
    number = ComplexModel.produce(
        namespace="urn:test",
        type_name="SayResponse",
        members={"SayResult": Int(min_occurs=1, nillable=False)},
    )
    assert "<SayResult>-7</SayResult>" in XmlSerializerWriter(number)(-7)
    assert write("a<b") == (
        '<SorResponse xmlns="urn:test"><SorResult>a&lt;b</SorResult></SorResponse>'
    )


@pytest.mark.parametrize(
    "answer", [Degerler, Int(min_occurs=1, nillable=True), Int(min_occurs=0, nillable=False)]
)
def test_any_other_answer_of_that_family_is_refused_at_start(answer: Any) -> None:
    message = ComplexModel.produce(
        namespace="urn:test", type_name="SorResponse", members={"SorResult": answer}
    )
    with pytest.raises(TypeError):
        XmlSerializerWriter(message)
