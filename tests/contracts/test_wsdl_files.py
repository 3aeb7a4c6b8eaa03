"""The WSDL files: what they hold, and that they are the ones the contracts make."""

from pathlib import Path

import pytest
from lxml import etree

from kps_soap import places
from kps_soap.contracts.catalogue import all_contracts
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.contracts.wsdl import (
    SOAP11,
    SOAP12,
    SP,
    WSDL,
    WSP,
    WSU,
    check_all,
    file_of,
    fill_address,
    write_all,
    wsdl_of,
)

DIRECT = [one for one in all_contracts() if one.convention is Convention.DATA_CONTRACT]
PUBLIC = [one for one in all_contracts() if one.convention is Convention.XML_SERIALIZER]


def test_the_files_in_the_repository_are_what_the_contracts_say() -> None:
    assert check_all(places.wsdl()) == ()


def test_missing_changed_and_foreign_files_are_named(tmp_path: Path) -> None:
    written = write_all(tmp_path)
    assert check_all(tmp_path) == ()
    (tmp_path / written[0]).unlink()
    (tmp_path / written[1]).write_bytes(b"<changed/>")
    foreign = tmp_path / "direct" / "BaskaServis" / "2011-01-01.wsdl"
    foreign.parent.mkdir()
    foreign.write_bytes(b"<foreign/>")
    assert check_all(tmp_path) == (
        written[0].as_posix(),
        written[1].as_posix(),
        "direct/BaskaServis/2011-01-01.wsdl",
    )


def test_a_fresh_directory_lacks_every_file(tmp_path: Path) -> None:
    assert len(check_all(tmp_path)) == len(all_contracts())


def test_an_address_is_filled_into_every_port_and_escaped() -> None:
    document = fill_address(wsdl_of(DIRECT[0]), 'https://host/a?b=1&c="<')
    root = etree.fromstring(document)
    locations = root.xpath("//@location")
    assert locations == ['https://host/a?b=1&c="<'] * 2


def test_the_classic_documents_declare_exactly_the_classic_prefixes() -> None:
    root = etree.fromstring(wsdl_of(PUBLIC[0]))
    assert list(root.nsmap) == [
        "s",
        "soap12",
        "http",
        "mime",
        "tns",
        "soap",
        "tm",
        "soapenc",
        "wsdl",
    ]


def test_the_classic_schema_uses_anonymous_types_inside_its_elements() -> None:
    for contract in PUBLIC:
        root = etree.fromstring(wsdl_of(contract))
        (schema,) = root.iter("{http://www.w3.org/2001/XMLSchema}schema")
        assert all(element.get("type") is None for element in schema)
        assert schema.nsmap["s"] == "http://www.w3.org/2001/XMLSchema"


@pytest.mark.parametrize("contract", all_contracts(), ids=lambda one: f"{one.name} {one.version}")
def test_the_service_stands_last_and_the_soap_1_1_port_first(contract: Contract) -> None:
    root = etree.fromstring(wsdl_of(contract))
    assert [etree.QName(child).localname for child in root] == [
        *("types", "message", "message", "portType", "binding", "binding", "service")
    ]
    ports = root[-1].findall(f"{{{WSDL}}}port")
    assert [etree.QName(port[0]).namespace for port in ports] == [SOAP11, SOAP12]


@pytest.mark.parametrize("contract", DIRECT, ids=lambda one: f"{one.name} {one.version}")
def test_the_policy_asks_for_tls_timestamp_and_user_name(contract: Contract) -> None:
    root = etree.fromstring(wsdl_of(contract, policy=True))
    policy = root[0]
    assert policy.tag == f"{{{WSP}}}Policy"
    name = policy.get(f"{{{WSU}}}Id")
    references = [found.get("URI") for found in root.iter(f"{{{WSP}}}PolicyReference")]
    assert references == [f"#{name}"] * 2
    for asked in ("TransportBinding", "HttpsToken", "IncludeTimestamp", "UsernameToken"):
        assert policy.find(f".//{{{SP}}}{asked}") is not None
    without = etree.fromstring(wsdl_of(contract))
    assert without.find(f".//{{{WSP}}}PolicyReference") is None


def test_the_public_door_has_no_policy() -> None:
    with pytest.raises(ValueError, match="no policy"):
        wsdl_of(PUBLIC[0], policy=True)


def test_no_document_names_a_schema_file() -> None:
    for contract in all_contracts():
        assert b"schemaLocation" not in wsdl_of(contract)
        assert wsdl_of(contract).endswith(b"</wsdl:definitions>\n")


def test_every_document_has_a_place_of_its_own() -> None:
    files = [file_of(contract) for contract in all_contracts()]
    assert len(set(files)) == len(files)
    assert Path("direct/KimlikNoSorgulaAdresServis/2021-04-01.wsdl") in files
    assert Path("public/KPSPublicV2.wsdl") in files
