"""The WSDL files: what they hold, and that they are the ones the contracts make."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from kps_soap import places
from kps_soap.contracts.catalogue import all_contracts
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.contracts.wsdl import (
    ADDRESS,
    ISSUER_ADDRESS,
    ISSUER_FILE,
    METADATA_ADDRESS,
    check_all,
    file_of,
    fill_address,
    fill_addresses,
    issuer_wsdl,
    routing_file_of,
    routing_wsdl_of,
    write_all,
    wsdl_of,
)
from kps_soap.contracts.wsdl_policy import MEX, SP, TRUST, WSA, WSAW, WSP, WSU
from kps_soap.contracts.wsdl_writer import SOAP11, SOAP12, WSDL

DIRECT = [one for one in all_contracts() if one.convention is Convention.DATA_CONTRACT]
PUBLIC = [one for one in all_contracts() if one.convention is Convention.XML_SERIALIZER]

every_dated_contract = pytest.mark.parametrize(
    "contract", DIRECT, ids=lambda one: f"{one.name} {one.version}"
)


def test_the_files_in_the_repository_are_what_the_contracts_say() -> None:
    assert check_all(places.wsdl()) == ()


def test_missing_changed_and_foreign_files_are_named(tmp_path: Path) -> None:
    written = write_all(tmp_path)
    assert check_all(tmp_path) == ()
    (tmp_path / written[0]).unlink()
    (tmp_path / written[1]).write_bytes(b"<changed/>")
    (tmp_path / ISSUER_FILE).write_bytes(b"<changed/>")
    for family in ("direct", "routing"):
        foreign = tmp_path / family / "BaskaServis" / "2011-01-01.wsdl"
        foreign.parent.mkdir()
        foreign.write_bytes(b"<foreign/>")
    assert check_all(tmp_path) == (
        written[0].as_posix(),
        written[1].as_posix(),
        ISSUER_FILE.as_posix(),
        "direct/BaskaServis/2011-01-01.wsdl",
        "routing/BaskaServis/2011-01-01.wsdl",
    )


def test_a_fresh_directory_lacks_every_file(tmp_path: Path) -> None:
    """One a contract for its own address, one for the router, and the token service's."""
    assert len(check_all(tmp_path)) == len(PUBLIC) + 2 * len(DIRECT) + 1


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


@every_dated_contract
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
    files += [routing_file_of(contract) for contract in DIRECT]
    assert len(set(files)) == len(files)
    assert Path("direct/KimlikNoSorgulaAdresServis/2021-04-01.wsdl") in files
    assert Path("routing/KimlikNoSorgulaAdresServis/2021-04-01.wsdl") in files
    assert Path("public/KPSPublicV2.wsdl") in files


# The router's documents (wire B.1, C.0)


def names(root: Any, kind: str) -> list[str | None]:
    return [found.get("name") for found in root.iter(f"{{{WSDL}}}{kind}")]


def under(element: Any, *way: str) -> Any:
    """The only element down a way of qualified names."""
    for name in way:
        (element,) = element.findall(name)
    return element


POLICY = f"{{{WSP}}}Policy"
ALL_OF = (f"{{{WSP}}}ExactlyOne", f"{{{WSP}}}All")


def asserted(name: str) -> str:
    return f"{{{SP}}}{name}"


@every_dated_contract
def test_the_routers_document_bears_the_published_names(contract: Contract) -> None:
    name, operation = contract.name, contract.operation
    for policy in (True, False):
        root = etree.fromstring(routing_wsdl_of(contract, policy=policy))
        assert root.get("name") == name
        assert root.get("targetNamespace") == contract.namespace
        assert names(root, "message") == [
            f"{name}_{operation}_InputMessage",
            f"{name}_{operation}_OutputMessage",
        ]
        assert names(root, "part") == ["parameters"] * 2
        assert names(root, "portType") == names(root, "service") == [name]
        assert names(root, "binding") == names(root, "port") == [f"CustomBinding_{name}"]
        assert root.xpath("//@soapAction") == [contract.action]
        assert etree.QName(root[-1]).localname == "service"


@every_dated_contract
def test_the_routers_document_states_both_actions(contract: Contract) -> None:
    root = etree.fromstring(routing_wsdl_of(contract))
    operation = under(root, f"{{{WSDL}}}portType", f"{{{WSDL}}}operation")
    assert [step.get(f"{{{WSAW}}}Action") for step in operation] == [
        contract.action,
        f"{contract.action}Response",
    ]


@every_dated_contract
def test_the_routers_document_has_one_port_with_its_address_twice(contract: Contract) -> None:
    root = etree.fromstring(routing_wsdl_of(contract))
    address, reference = under(root, f"{{{WSDL}}}service", f"{{{WSDL}}}port")
    assert (address.tag, address.get("location")) == (f"{{{SOAP12}}}address", ADDRESS)
    assert reference.tag == f"{{{WSA}}}EndpointReference"
    assert [(one.tag, one.text) for one in reference] == [(f"{{{WSA}}}Address", ADDRESS)]
    # A prefix without a port of its kind misleads some generators.
    assert SOAP11 not in root.nsmap.values()


def test_the_routers_policy_is_the_published_one() -> None:
    for contract in DIRECT:
        root = etree.fromstring(routing_wsdl_of(contract))
        policy = root[0]
        assert policy.tag == POLICY
        name = f"CustomBinding_{contract.name}_policy"
        assert policy.get(f"{{{WSU}}}Id") == name
        binding = under(root, f"{{{WSDL}}}binding")
        assert (binding[0].tag, binding[0].get("URI")) == (f"{{{WSP}}}PolicyReference", f"#{name}")
        assert [one.tag for one in under(policy, *ALL_OF)] == [
            *map(asserted, ("TransportBinding", "EndorsingSupportingTokens", "Wss11", "Trust13")),
            f"{{{WSAW}}}UsingAddressing",
        ]


def test_the_transport_and_the_demands_are_the_published_ones() -> None:
    all_of = under(etree.fromstring(routing_wsdl_of(DIRECT[0]))[0], *ALL_OF)
    transport = under(all_of, asserted("TransportBinding"), POLICY)
    assert [one.tag for one in transport] == [
        *map(asserted, ("TransportToken", "AlgorithmSuite", "Layout", "IncludeTimestamp"))
    ]
    chosen = [under(one, POLICY)[0].tag for one in transport[:3]]
    assert chosen == [asserted(name) for name in ("HttpsToken", "Basic256", "Strict")]
    trust = under(all_of, asserted("Trust13"), POLICY)
    assert [one.tag for one in trust] == [
        asserted(name)
        for name in ("MustSupportIssuedTokens", "RequireClientEntropy", "RequireServerEntropy")
    ]


def test_the_issued_token_names_the_token_service_and_its_description() -> None:
    all_of = under(etree.fromstring(routing_wsdl_of(DIRECT[0]))[0], *ALL_OF)
    token = under(all_of, asserted("EndorsingSupportingTokens"), POLICY, asserted("IssuedToken"))
    assert token.get(asserted("IncludeToken")) == f"{SP}/IncludeToken/AlwaysToRecipient"
    issuer = under(token, asserted("Issuer"))
    assert under(issuer, f"{{{WSA}}}Address").text == ISSUER_ADDRESS
    described = under(
        issuer,
        f"{{{WSA}}}Metadata",
        f"{{{MEX}}}Metadata",
        f"{{{MEX}}}MetadataSection",
        f"{{{MEX}}}MetadataReference",
        f"{{{WSA}}}Address",
    )
    assert described.text == METADATA_ADDRESS
    kind = under(token, asserted("RequestSecurityTokenTemplate"), f"{{{TRUST}}}KeyType")
    assert kind.text == f"{TRUST}/SymmetricKey"
    assert under(token, POLICY, asserted("RequireInternalReference")) is not None


@every_dated_contract
def test_without_policy_the_document_is_the_same_but_for_it(contract: Contract) -> None:
    leading = etree.fromstring(routing_wsdl_of(contract))
    for found in (leading[0], *leading.iter(f"{{{WSP}}}PolicyReference")):
        found.getparent().remove(found)
    plain = etree.fromstring(routing_wsdl_of(contract, policy=False))
    assert [one.tag for one in plain.iter()] == [one.tag for one in leading.iter()]
    assert [dict(one.attrib) for one in plain.iter()] == [
        dict(one.attrib) for one in leading.iter()
    ]
    assert WSP not in plain.nsmap.values()


def test_the_router_serves_no_public_contract() -> None:
    with pytest.raises(ValueError, match="no public contract"):
        routing_wsdl_of(PUBLIC[0])


def test_every_placeholder_is_filled_and_escaped() -> None:
    urls = {
        ADDRESS: "https://a.example/?x=1&y=<",
        ISSUER_ADDRESS: 'https://b.example/"',
        METADATA_ADDRESS: "https://c.example/>",
    }
    root = etree.fromstring(fill_addresses(routing_wsdl_of(DIRECT[0]), urls))
    texts = [one.text for one in root.iter(f"{{{WSA}}}Address")]
    assert texts == [urls[ISSUER_ADDRESS], urls[METADATA_ADDRESS], urls[ADDRESS]]
    assert root.xpath("//@location") == [urls[ADDRESS]]
    issuer = fill_addresses(issuer_wsdl(), urls)
    assert etree.fromstring(issuer).xpath("//@location") == [urls[ISSUER_ADDRESS]]
    assert b"urn:kps-soap" not in issuer


# Other readers


def test_xmllint_reads_every_document(tmp_path: Path) -> None:
    program = shutil.which("xmllint")
    if program is None:
        pytest.skip("xmllint is not installed")
    files = [str(tmp_path / file) for file in write_all(tmp_path)]
    subprocess.run([program, "--noout", "--nonet", *files], check=True, timeout=60)


def test_suds_reads_the_routers_documents(tmp_path: Path) -> None:
    suds = pytest.importorskip("suds.client")
    for contract in DIRECT:
        for policy in (True, False):
            file = tmp_path / "document.wsdl"
            file.write_bytes(routing_wsdl_of(contract, policy=policy))
            client = suds.Client(file.as_uri(), cache=None)
            (definition,) = client.sd
            ((_port, methods),) = definition.ports
            assert [name for name, _ in methods] == [contract.operation]
