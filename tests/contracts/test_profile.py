"""Every WSDL and every XSD keeps to the WS-I Basic Profile, and the check can fail.

``wsdl_profile`` holds the assertions.  The second half breaks a good document in one place for
each of them: an assertion that nothing can break would prove nothing.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml import etree
from wsdl_description import SOAP11, SOAP12, WSDL, XSD, Description
from wsdl_profile import ASSERTIONS, PROFILE, broken

from kps_soap import places
from kps_soap.contracts.catalogue import all_contracts
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.contracts.wsdl import issuer_wsdl, routing_wsdl_of, wsdl_of


def described() -> Iterator[tuple[str, Callable[[], bytes], bool]]:
    """Every document that is served: a name, how to make it, and whether it is classic."""
    for contract in all_contracts():
        name = f"{contract.name} {contract.version}"
        if contract.convention is Convention.XML_SERIALIZER:
            yield f"public {name}", lambda one=contract: wsdl_of(one), True
            continue
        yield f"direct {name}", lambda one=contract: wsdl_of(one), False
        yield f"direct policy {name}", lambda one=contract: wsdl_of(one, policy=True), False
        yield f"routing {name}", lambda one=contract: routing_wsdl_of(one), False
        yield (
            f"routing plain {name}",
            lambda one=contract: routing_wsdl_of(one, policy=False),
            False,
        )
    yield "issuer", issuer_wsdl, False


@pytest.mark.parametrize(
    ("make", "classic"),
    [pytest.param(make, classic, id=name) for name, make, classic in described()],
)
def test_every_served_document_keeps_to_the_profile(
    make: Callable[[], bytes], classic: bool
) -> None:
    assert broken(Description(make(), classic=classic)) == []


@pytest.mark.parametrize(
    "file",
    sorted(places.schemas().rglob("*.xsd")),
    ids=lambda path: path.relative_to(places.schemas()).as_posix(),
)
def test_every_schema_file_keeps_to_the_profile(file: Path) -> None:
    classic = file.parent.parent == places.schemas() and file.stem.startswith("KPSPublic")
    assert broken(Description(file.read_bytes(), classic=classic, folder=file.parent)) == []


def test_every_schema_file_belongs_to_a_contract_or_to_the_token_service() -> None:
    used = {file for contract in all_contracts() for file in contract.schema_files}
    lying = {
        path.relative_to(places.schemas()).as_posix() for path in places.schemas().rglob("*.xsd")
    }
    assert lying == used | {"SecurityTokenService/ws-trust-200512.xsd"}


def test_the_profiles_assertions_are_all_here() -> None:
    """By number, so that none is lost when this file is tidied."""
    numbers = {
        *(2001, 2002, 2003, 2004, 2007, 2009, 2010, 2011, 2022, 2023, 2026, 2028, 2803, 4005),
        *(2101, 2102, 2105, 2110, 2111, 2801),
        *(2201, 2204, 2205, 2206, 2209, 2210, 2306),
        *(2303, 2304, 2305),
        *(2401, 2701, 2702, 2705, 2706, 2710, 2711, 2716, 2718, 2720, 2721, 2723, 2754),
    }
    assert {f"R{number}" for number in numbers} == PROFILE.keys()
    assert all(check.__doc__ for check in ASSERTIONS.values())


# What each assertion finds


class Broken(NamedTuple):
    """A change that an assertion must find; ``old`` stands in the document."""

    number: str
    old: str
    new: str


def good() -> Contract:
    """A contract with several namespaces."""
    return next(
        one
        for one in all_contracts()
        if (one.name, one.version) == ("KimlikNoSorgulaAdresServis", "2021/04/01")
    )


HERE = "http://kps.nvi.gov.tr/2021/04/01"
SHARED = "http://kps.nvi.gov.tr/2011/01/01"
TYPES = "<wsdl:types>"
BODY = '<soap12:body use="literal"/>'
PART = '<wsdl:part name="parameters" element="tns:Sorgula"/>'
BINDING = '<soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>'
OPERATION = '<wsdl:operation name="Sorgula">'
INPUT = 'message="tns:KimlikNoSorgulaAdresServis_Sorgula_InputMessage"/>'
OUTPUT = 'message="tns:KimlikNoSorgulaAdresServis_Sorgula_OutputMessage"/>'
PORT_END = "</wsdl:port>"
FAULT = '<wsdl:fault name="f"><soap12:fault {}/></wsdl:fault>'
END = "</wsdl:definitions>"

CHANGES = [
    Broken("R2001", TYPES, f'<wsdl:import namespace="urn:a" location="a.xsd"/>{TYPES}'),
    Broken("R2002", TYPES, f'<wsdl:import namespace="{SHARED}" location="a"/>{TYPES}'),
    Broken("R2003", TYPES, f'{TYPES}<xs:import namespace="{SHARED}"/>'),
    Broken("R2004", f'<xs:import namespace="{SHARED}"/>', f'<xs:import namespace="{WSDL}"/>'),
    Broken("R2007", TYPES, f'<wsdl:import namespace="urn:a"/>{TYPES}'),
    Broken("R2803", TYPES, f'<wsdl:import namespace="a/b" location="c"/>{TYPES}'),
    Broken("R2009", 'encoding="utf-8"', 'encoding="iso-8859-9"'),
    Broken("R2010", 'version="1.0"', 'version="1.1"'),
    Broken("R2022", END, f'<wsdl:import namespace="urn:a" location="b"/>{END}'),
    Broken("R2023", TYPES, f'<wsdl:message name="early"/>{TYPES}'),
    Broken("R2026", BINDING, f'<x xmlns="urn:x" wsdl:required="true"/>{BINDING}'),
    Broken("R2028", END, f'<wsdl:message name="late"/>{END}'),
    Broken("R2028", END, f"<wsdl:service/>{END}"),
    Broken("R2028", END, f"<wsdl:more/>{END}"),
    Broken("R4005", "xmlns:tns=", 'xmlns:xml="http://www.w3.org/XML/1998/namespace" xmlns:tns='),
    Broken("R2101", INPUT, 'message="tns:Missing"/>'),
    Broken("R2101", 'type="tns:KimlikNoSorgulaAdresServis"', 'type="tns:Missing"'),
    Broken("R2101", 'element="tns:Sorgula"', 'element="wsdl:Sorgula"'),
    Broken("R2102", f'<xs:import namespace="{SHARED}"/>', ""),
    Broken("R2102", 'type="tns:Parametre"', 'type="undeclared:Parametre"'),
    Broken("R2105", f' targetNamespace="{SHARED}"', ""),
    Broken(
        "R2110",
        'type="tns:Parametre"',
        'type="e:Array" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/"',
    ),
    Broken("R2111", 'type="tns:Parametre"', 'type="tns:Parametre" wsdl:arrayType="xs:int[]"'),
    Broken("R2801", TYPES, f'{TYPES}<schema xmlns="http://www.w3.org/1999/XMLSchema"/>'),
    Broken("R2201", BODY, '<soap12:body use="literal" parts="a b"/>'),
    Broken("R2210", PART, f'{PART}<wsdl:part name="b" element="tns:Sorgula"/>'),
    Broken("R2204", PART, '<wsdl:part name="parameters" type="xs:string"/>'),
    Broken("R2205", BODY, f'{BODY}<soap12:header message="tns:M" part="p" use="literal"/>'),
    Broken("R2205", OUTPUT, f'{OUTPUT}<wsdl:fault name="f" message="tns:Missing"/>'),
    Broken("R2206", PART, PART.replace("tns:Sorgula", "tns:Missing")),
    Broken("R2209", BODY, ""),
    Broken("R2306", PART, PART.replace("/>", ' type="xs:string"/>')),
    Broken("R2303", "<wsdl:input wsaw:Action", "<wsdl:output wsaw:Action"),
    Broken("R2304", "</wsdl:portType>", f"{OPERATION}</wsdl:operation></wsdl:portType>"),
    Broken("R2401", BINDING, ""),
    Broken("R2701", BINDING, "<soap12:binding/>"),
    Broken("R2702", BINDING, '<soap12:binding transport="http://schemas.xmlsoap.org/soap/smtp"/>'),
    Broken("R2705", 'style="document"', 'style="rpc"'),
    Broken("R2706", BODY, '<soap12:body use="encoded"/>'),
    Broken("R2706", BODY, "<soap12:body/>"),
    Broken("R2716", BODY, f'<soap12:body use="literal" namespace="{HERE}"/>'),
    Broken("R2718", "</wsdl:binding>", '<wsdl:operation name="Another"/></wsdl:binding>'),
    Broken("R2718", "<wsdl:output>", '<wsdl:fault name="f"/><wsdl:output>'),
    Broken("R2720", BODY, f'{BODY}<soap12:header message="tns:M" use="literal"/>'),
    Broken("R2721", "<wsdl:output>", FAULT.format('use="literal"') + "<wsdl:output>"),
    Broken("R2754", "<wsdl:output>", FAULT.format('name="g"') + "<wsdl:output>"),
    Broken("R2723", "<wsdl:output>", FAULT.format('name="f" use="encoded"') + "<wsdl:output>"),
    Broken("one_namespace_a_schema", f'targetNamespace="{SHARED}"', f'targetNamespace="{HERE}"'),
    Broken(
        "named_types",
        'nillable="true" type="xs:int"/>',
        '><xs:simpleType><xs:restriction base="xs:int"/></xs:simpleType></xs:element>',
    ),
    Broken(
        "named_types",
        'nillable="true" type="xs:int"/>',
        "><xs:complexType><xs:sequence/></xs:complexType></xs:element>",
    ),
    Broken("no_any_type", 'type="xs:int"', 'type="xs:anyType"'),
    Broken("no_any_type", ' type="xs:int"', ""),
    Broken(
        "imports_resolve", f'<xs:import namespace="{SHARED}"/>', '<xs:import namespace="urn:a"/>'
    ),
    Broken(
        "imports_resolve",
        f'<xs:import namespace="{SHARED}"/>',
        f'<xs:import namespace="{SHARED}" schemaLocation="a.xsd"/>',
    ),
    Broken(
        "imports_resolve", f'<xs:import namespace="{SHARED}"/>', '<xs:include schemaLocation="a"/>'
    ),
    Broken(
        "every_import_is_used",
        f'<xs:import namespace="{SHARED}"/>',
        f'<xs:import namespace="{SHARED}"/><xs:import namespace="{WSDL}"/>',
    ),
    Broken("no_idle_prefix", "xmlns:tns=", f'xmlns:soap="{SOAP11}" xmlns:tns='),
    Broken("qualified_members", ' elementFormDefault="qualified"', ""),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.number)
def test_an_assertion_finds_what_breaks_it(change: Broken) -> None:
    text = routing_wsdl_of(good()).decode("utf-8")
    check = ASSERTIONS[change.number]
    assert list(check(Description(text.encode("utf-8")))) == []
    assert change.old in text
    changed = text.replace(change.old, change.new, 1)
    assert list(check(Description(changed.encode("utf-8"))))


def small(operations: str, *, messages: str = "", ports: str = "") -> Description:
    """A description with two bindings and two ports of SOAP 1.2, for what needs more than one."""
    bound = "".join(
        f'<w:operation name="{name}"><s:operation soapAction="" style="document"/>'
        '<w:input><s:body use="literal"/></w:input><w:output><s:body use="literal"/></w:output>'
        "</w:operation>"
        for name in ("A", "B")
    )
    return Description(
        f'<w:definitions xmlns:w="{WSDL}" xmlns:s="{SOAP12}" xmlns:x="{XSD}" xmlns:t="urn:t" '
        'targetNamespace="urn:t"><w:types>'
        '<x:schema targetNamespace="urn:t" elementFormDefault="qualified">'
        '<x:element name="a" type="x:string"/><x:element name="b" type="x:string"/></x:schema>'
        '</w:types><w:message name="A"><w:part name="p" element="t:a"/></w:message>'
        f'<w:message name="B"><w:part name="p" element="t:b"/></w:message>{messages}'
        f'<w:portType name="P">{operations}</w:portType>'
        f'<w:binding name="C" type="t:P"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/>'
        f'{bound}</w:binding><w:service name="S"><w:port name="C" binding="t:C">'
        f'<s:address location="https://kps.example/"/></w:port>{ports}</w:service></w:definitions>'.encode()
    )


def operation(name: str, question: str, answer: str = "B", extra: str = "") -> str:
    return (
        f'<w:operation name="{name}"{extra}><w:input message="t:{question}"/>'
        f'<w:output message="t:{answer}"/></w:operation>'
    )


TWO = operation("A", "A") + operation("B", "B")


def test_a_small_description_keeps_to_the_profile() -> None:
    assert broken(small(TWO)) == []


def test_two_operations_with_one_element_are_found() -> None:
    document = small(operation("A", "A") + operation("B", "A"))
    assert [one.partition(":")[0] for one in broken(document)] == ["R2710"]


def test_two_ports_of_one_kind_at_one_address_are_found() -> None:
    port = '<w:port name="D" binding="t:C"><s:address location="https://kps.example/"/></w:port>'
    assert broken(small(TWO, ports=port)) == ["R2711: two ports at https://kps.example/"]


def test_an_order_that_leaves_out_several_parts_is_found() -> None:
    message = '<w:message name="M"><w:part name="q" type="x:int"/><w:part name="r" type="x:int"/>'
    document = small(
        operation("A", "A", "M", ' parameterOrder="p"') + operation("B", "B"),
        messages=f"{message}</w:message>",
    )
    assert "R2305: operation A leaves out several parts" in broken(document)


def test_a_schema_file_that_is_none_is_found(tmp_path: Path) -> None:
    document = Description(b'<other xmlns="urn:x"/>', folder=tmp_path)
    assert broken(document) == ["R2011: a schema file without xsd:schema"]


def test_an_import_of_a_file_that_is_not_there_is_found(tmp_path: Path) -> None:
    schema = (
        f'<x:schema xmlns:x="{XSD}" xmlns:o="urn:o" targetNamespace="urn:t" '
        'elementFormDefault="qualified"><x:import namespace="urn:o" schemaLocation="other.xsd"/>'
        '<x:element name="a" type="o:t"/></x:schema>'
    )
    document = Description(schema.encode(), folder=tmp_path)
    assert broken(document) == ["imports_resolve: import of urn:o leads to another file"]
    other = tmp_path / "other.xsd"
    other.write_bytes(etree.tostring(etree.Element(f"{{{XSD}}}schema", targetNamespace="urn:o")))
    assert broken(document) == []


def test_every_assertion_can_fail() -> None:
    elsewhere = {"R2011", "R2305", "R2710", "R2711"}
    assert {change.number for change in CHANGES} | elsewhere == ASSERTIONS.keys()
