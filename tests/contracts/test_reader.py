"""The compiled reader takes what XSD allows, and nothing that XSD does not mean."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from spyne.model import AnyXml, Decimal

from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.contract import CompiledContract
from kps_soap.contracts.declared import Kind, Member, item_of, members_of, values_of
from kps_soap.contracts.reader import compile_parameters_reader, compile_reader, is_nil
from kps_soap.faults import SchemaRefused
from kps_soap.spyne_import import (
    Boolean,
    ByteArray,
    ComplexModel,
    DateTime,
    Enum,
    Int,
    Long,
    Unicode,
    XmlDocument,
)

NS = "urn:test"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
Renk = Enum("Kirmizi", "Mavi", type_name="Renk")
Renk.__namespace__ = NS

Ic = ComplexModel.produce(namespace=NS, type_name="Ic", members={"Ad": Unicode, "No": Long})
Dizi = ComplexModel.produce(
    namespace=NS, type_name="ArrayOfIc", members={"Ic": Ic.customize(max_occurs="unbounded")}
)
Kriter = ComplexModel.produce(
    namespace=NS,
    type_name="Kriter",
    members={
        "Ad": Unicode,
        "An": DateTime,
        "Dogru": Boolean,
        "Gun": Int,
        "Ic": Ic,
        "Liste": Dizi,
        "No": Long,
        "Renk": Renk,
        "Resim": ByteArray,
    },
)
read = compile_reader(Kriter)
NOTHING = dict.fromkeys(member.name for member in members_of(Kriter))


def parse(content: str) -> Any:
    return etree.fromstring(f'<Kriter xmlns="{NS}" xmlns:xsi="{XSI}">{content}</Kriter>')


def values(content: str) -> dict[str, Any]:
    """What was read, without the members that are None."""
    found = read(parse(content))
    assert found.keys() == NOTHING.keys()
    return {name: value for name, value in found.items() if value is not None}


def test_missing_members_are_none() -> None:
    assert read(parse("")) == NOTHING


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10000000146", 10000000146),
        ("0010000000146", 10000000146),
        ("+5", 5),
        ("-0", 0),
        ("-9223372036854775808", -(2**63)),
        (" \n\t7\r\n ", 7),
    ],
)
def test_numbers_are_exact_and_their_white_space_is_dropped(text: str, number: int) -> None:
    assert values(f"<No>{text}</No>") == {"No": number}


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), (" 1 ", True), ("false", False), ("\n0", False)]
)
def test_booleans_have_four_spellings(text: str, value: bool) -> None:
    assert values(f"<Dogru>{text}</Dogru>") == {"Dogru": value}


def test_white_space_of_a_string_stays() -> None:
    assert values("<Ad> İPEK\n</Ad>") == {"Ad": " İPEK\n"}
    assert values("<Ad/>") == {"Ad": ""}


def test_a_comment_or_an_instruction_cannot_cut_a_value_short() -> None:
    assert values("<No>1<!-- 9 -->0<?x y?>5</No>") == {"No": 105}
    assert values("<Ad>AD<!-- x -->MIN</Ad><!-- x --><Gun>2</Gun>") == {"Ad": "ADMIN", "Gun": 2}


@pytest.mark.parametrize("nil", ["true", "1", " true "])
def test_nil_is_nothing(nil: str) -> None:
    assert values(f'<No xsi:nil="{nil}"/><Ic xsi:nil="{nil}"/>') == {}


@pytest.mark.parametrize("nil", ["false", "0"])
def test_not_nil_is_a_value(nil: str) -> None:
    assert values(f'<No xsi:nil="{nil}">7</No>') == {"No": 7}


def test_an_element_without_the_attribute_is_not_nil() -> None:
    assert not is_nil(etree.fromstring('<No nil="true"/>'))


def test_dates_bytes_and_enumerations_are_read() -> None:
    assert values("<An>2024-01-15T09:30:00.1234567Z</An>") == {
        "An": datetime(2024, 1, 15, 9, 30, 0, 123456, tzinfo=UTC)
    }
    assert values("<Resim>UMOc\nS0s=</Resim>") == {"Resim": "PÜKK".encode()}
    assert values("<Renk>Mavi</Renk>") == {"Renk": "Mavi"}


def test_a_date_that_python_cannot_hold_is_refused() -> None:
    with pytest.raises(SchemaRefused):
        values("<An>12024-01-15T09:30:00</An>")


def test_a_wrapper_is_a_list_and_keeps_its_nil_items() -> None:
    content = '<Liste><Ic><No>1</No></Ic><Ic xsi:nil="true"/><Ic><Ad>B</Ad></Ic></Liste>'
    assert values(content) == {"Liste": [{"Ad": None, "No": 1}, None, {"Ad": "B", "No": None}]}
    assert values("<Liste/>") == {"Liste": []}


def test_xsi_type_and_href_are_never_followed() -> None:
    content = (
        f'<Ic xsi:type="t:Kriter" xmlns:t="{NS}" href="#e1" id="e0"><No>1</No></Ic>'
        '<No href="#e1">5</No>'
    )
    assert values(content) == {"Ic": {"Ad": None, "No": 1}, "No": 5}


def test_elements_of_another_namespace_are_not_ours() -> None:
    assert values('<No xmlns="urn:other">1</No>') == {}


def test_parameters_come_in_the_order_of_the_declaration() -> None:
    message = ComplexModel.produce(namespace=NS, type_name="Sor", members={"Z": Unicode, "A": Int})
    arguments = compile_parameters_reader(message)
    element = etree.fromstring(f'<Sor xmlns="{NS}"><A>1</A><Z>x</Z></Sor>')
    assert arguments(element) == ["x", 1]


@pytest.mark.parametrize("unknown", [Decimal, AnyXml])
def test_a_type_that_no_contract_uses_is_refused_at_start(unknown: Any) -> None:
    holder = ComplexModel.produce(namespace=NS, type_name="X", members={"A": unknown})
    with pytest.raises(TypeError, match="no contract uses"):
        compile_reader(holder)


def test_a_repeated_member_beside_others_is_refused_at_start() -> None:
    mixed = ComplexModel.produce(
        namespace=NS,
        type_name="X",
        members={"A": Int, "B": Int.customize(max_occurs="unbounded")},
    )
    with pytest.raises(TypeError, match="beside others"):
        compile_reader(mixed)


def _plain(instance: Any, spyne_type: Any) -> Any:
    """A value of stock Spyne as ours would be."""
    if instance is None:
        return None
    members = members_of(spyne_type)
    if len(members) == 1 and members[0].repeated:
        items = getattr(instance, members[0].name) or []
        plain_items = members[0].kind is not Kind.COMPLEX
        return [item if plain_items else _plain(item, members[0].type) for item in items]
    found = {}
    for member in members:
        value = getattr(instance, member.name)
        if member.kind is Kind.COMPLEX:
            value = _plain(value, member.type)
        elif member.kind is Kind.ENUMERATION and value is not None:
            value = repr(value)
        found[member.name] = value
    return found


def test_stock_spyne_reads_the_same_where_it_is_right() -> None:
    content = (
        "<Ad>İPEK</Ad><Dogru>true</Dogru><Gun>5</Gun><Ic><Ad>X</Ad><No>10000000146</No></Ic>"
        '<Liste><Ic><No>1</No></Ic><Ic><Ad>Ş</Ad></Ic></Liste><No xsi:nil="true"/>'
    )
    element = parse(content)
    stock = XmlDocument().from_element(None, Kriter, element)
    assert _plain(stock, Kriter) == read(element)


def _random_text(member: Member, source: random.Random) -> str:
    if member.kind is Kind.ENUMERATION:
        return source.choice(values_of(member.type))
    return {
        Kind.STRING: lambda: source.choice(("A01", "ŞÜKRÜ", "a b")),
        # Stock Spyne counts characters, and refuses the longest of the negative numbers.
        Kind.INT: lambda: str(source.randrange(2**31)),
        Kind.LONG: lambda: str(source.randrange(2**63)),
        Kind.BOOLEAN: lambda: source.choice(("true", "false")),
        Kind.DATE_TIME: lambda: f"{source.randrange(1900, 2100)}-02-03T04:05:06",
        Kind.BINARY: lambda: "AP8=",
    }[member.kind]()


def _fill(parent: Any, spyne_type: Any, source: random.Random) -> None:
    """Give an element random members, each in the namespace of the type that owns it."""
    namespace, item = spyne_type.get_namespace(), item_of(spyne_type)
    members = members_of(spyne_type)
    chosen = (
        [member for member in members if source.random() < 0.8]
        if item is None
        else [item] * source.randrange(1, 4)
    )
    for member in chosen:
        child = etree.SubElement(parent, f"{{{namespace}}}{member.name}")
        if member.nillable and item is None and source.random() < 0.1:
            child.set(f"{{{XSI}}}nil", "true")
        elif member.kind is Kind.COMPLEX:
            _fill(child, member.type, source)
        else:
            child.text = _random_text(member, source)


@pytest.mark.parametrize(
    "compiled",
    [one for one in compile_all() if one.has_notes],
    ids=lambda one: f"{one.name} {one.version}",
)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_stock_spyne_reads_every_dated_request_the_same_and_its_schema_takes_it(
    compiled: CompiledContract, seed: int
) -> None:
    message = compiled.contract.service.public_methods[compiled.operation].in_message
    element = etree.Element(f"{{{compiled.namespace}}}{compiled.operation}")
    _fill(element, message, random.Random(seed))
    compiled.validate_request(element)
    stock = XmlDocument().from_element(None, message, element)
    names = (one.name for one in compiled.members)
    ours = dict(zip(names, compiled.open(element).parameters, strict=True))
    assert _plain(stock, message) == ours
