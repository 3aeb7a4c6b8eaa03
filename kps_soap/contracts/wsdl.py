"""Writes a contract's WSDL 1.1 in the shape that its own family of clients expects.

Public contracts get the classic ASMX shape with a SOAP 1.1 and a SOAP 1.2 port (wire A.1); the
others get the published port type with the direct door's two ports (wire C.0, design §3).  The
schemas inside are the contract's XSD files, one ``xs:schema`` a namespace.  What real tools
stumble over (part names, prefixes without a port, the place of the service) is fixed here.

A document holds a placeholder instead of an address: ``fill_address`` puts in what the door says
when it is served, so that nobody's host name is remembered.  This module reads no request.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from kps_soap.contracts.catalogue import all_contracts
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.contracts.declared import XSD
from kps_soap.contracts.schemas import read_schema

Element = etree._Element

ADDRESS: Final = "urn:kps-soap:address"

WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
SOAP11: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
SOAP12: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"
TRANSPORT: Final = "http://schemas.xmlsoap.org/soap/http"
WSP: Final = "http://schemas.xmlsoap.org/ws/2004/09/policy"
SP: Final = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"

#: The prefixes of the classic service's WSDL, in its order (wire A.1).
_CLASSIC: Final = {
    "s": XSD,
    "soap12": SOAP12,
    "http": "http://schemas.xmlsoap.org/wsdl/http/",
    "mime": "http://schemas.xmlsoap.org/wsdl/mime/",
    "tns": "",
    "soap": SOAP11,
    "tm": "http://microsoft.com/wsdl/mime/textMatching/",
    "soapenc": "http://schemas.xmlsoap.org/soap/encoding/",
    "wsdl": WSDL,
}
_PLAIN: Final = {"wsdl": WSDL, "soap": SOAP11, "soap12": SOAP12, "tns": "", "xs": XSD}
_WITH_POLICY: Final = {**_PLAIN, "wsp": WSP, "wsu": WSU, "sp": SP}


@dataclass(frozen=True, slots=True)
class _Port:
    """A port and its binding, which bear one name."""

    name: str
    soap: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """The names in which the families differ."""

    prefixes: dict[str, str]
    input_message: str
    output_message: str
    port_type: str
    ports: tuple[_Port, ...]
    policy: str = ""


def _public_shape(contract: Contract) -> _Shape:
    name, operation = contract.name, contract.operation
    return _Shape(
        prefixes=_CLASSIC,
        input_message=f"{operation}SoapIn",
        output_message=f"{operation}SoapOut",
        port_type=f"{name}Soap",
        ports=(_Port(f"{name}Soap", SOAP11), _Port(f"{name}Soap12", SOAP12)),
    )


def _direct_shape(contract: Contract, *, policy: bool) -> _Shape:
    name, operation = contract.name, contract.operation
    return _Shape(
        prefixes=_WITH_POLICY if policy else _PLAIN,
        input_message=f"{name}_{operation}_InputMessage",
        output_message=f"{name}_{operation}_OutputMessage",
        port_type=name,
        ports=(
            _Port(f"BasicHttpBinding_{name}", SOAP11),
            _Port(f"CustomBinding_{name}", SOAP12),
        ),
        policy=f"{name}_policy" if policy else "",
    )


def _add(parent: Element, namespace: str, name: str, /, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{namespace}}}{name}", dict(attributes))


def _add_types(root: Element, contract: Contract) -> None:
    """The XSD files, inline; an import keeps its namespace and loses its file."""
    types = _add(root, WSDL, "types")
    for file in contract.schema_files:
        schema = deepcopy(read_schema(file))
        for found in schema.iter(f"{{{XSD}}}import"):
            del found.attrib["schemaLocation"]
        types.append(schema)


def _add_messages(root: Element, contract: Contract, shape: _Shape) -> None:
    """Parts are named ``parameters``: .NET tools unwrap no other name."""
    operation = contract.operation
    for message, element in (
        (shape.input_message, operation),
        (shape.output_message, f"{operation}Response"),
    ):
        added = _add(root, WSDL, "message", name=message)
        _add(added, WSDL, "part", name="parameters", element=f"tns:{element}")


def _add_port_type(root: Element, contract: Contract, shape: _Shape) -> None:
    port_type = _add(root, WSDL, "portType", name=shape.port_type)
    operation = _add(port_type, WSDL, "operation", name=contract.operation)
    _add(operation, WSDL, "input", message=f"tns:{shape.input_message}")
    _add(operation, WSDL, "output", message=f"tns:{shape.output_message}")


def _add_binding(root: Element, contract: Contract, shape: _Shape, port: _Port) -> None:
    binding = _add(root, WSDL, "binding", name=port.name, type=f"tns:{shape.port_type}")
    if shape.policy:
        _add(binding, WSP, "PolicyReference", URI=f"#{shape.policy}")
    _add(binding, port.soap, "binding", transport=TRANSPORT)
    operation = _add(binding, WSDL, "operation", name=contract.operation)
    _add(operation, port.soap, "operation", soapAction=contract.action, style="document")
    for direction in ("input", "output"):
        _add(_add(operation, WSDL, direction), port.soap, "body", use="literal")


def _add_service(root: Element, contract: Contract, shape: _Shape) -> None:
    """Last: some tools find no address in a service that stands before its bindings."""
    service = _add(root, WSDL, "service", name=contract.name)
    for port in shape.ports:
        added = _add(service, WSDL, "port", name=port.name, binding=f"tns:{port.name}")
        _add(added, port.soap, "address", location=ADDRESS)


def _add_policy(root: Element, name: str) -> None:
    """TLS, a Timestamp and a user name with password (WS-SecurityPolicy 1.2)."""
    policy = _add(root, WSP, "Policy")
    policy.set(f"{{{WSU}}}Id", name)
    all_of = _add(_add(policy, WSP, "ExactlyOne"), WSP, "All")
    transport = _add(_add(all_of, SP, "TransportBinding"), WSP, "Policy")
    token = _add(_add(transport, SP, "TransportToken"), WSP, "Policy")
    _add(_add(token, SP, "HttpsToken"), WSP, "Policy")
    suite = _add(_add(transport, SP, "AlgorithmSuite"), WSP, "Policy")
    _add(suite, SP, "Basic256Sha256")
    layout = _add(_add(transport, SP, "Layout"), WSP, "Policy")
    _add(layout, SP, "Lax")
    _add(transport, SP, "IncludeTimestamp")
    supporting = _add(_add(all_of, SP, "SignedSupportingTokens"), WSP, "Policy")
    user = _add(supporting, SP, "UsernameToken")
    user.set(f"{{{SP}}}IncludeToken", f"{SP}/IncludeToken/AlwaysToRecipient")
    _add(_add(user, WSP, "Policy"), SP, "WssUsernameToken10")


def wsdl_of(contract: Contract, *, policy: bool = False) -> bytes:
    """The contract's document with a placeholder for its address.

    ``policy`` adds the WS-SecurityPolicy of the direct door; public contracts have none, and
    asking for it there is a ValueError.
    """
    public = contract.convention is Convention.XML_SERIALIZER
    if public and policy:
        raise ValueError("the public door has no policy")
    shape = _public_shape(contract) if public else _direct_shape(contract, policy=policy)
    prefixes = {name: uri or contract.namespace for name, uri in shape.prefixes.items()}
    root = etree.Element(f"{{{WSDL}}}definitions", nsmap=prefixes)
    root.set("targetNamespace", contract.namespace)
    if shape.policy:
        _add_policy(root, shape.policy)
    _add_types(root, contract)
    _add_messages(root, contract, shape)
    _add_port_type(root, contract, shape)
    for port in shape.ports:
        _add_binding(root, contract, shape, port)
    _add_service(root, contract, shape)
    etree.indent(root, "  ")
    declaration = b'<?xml version="1.0" encoding="utf-8"?>\n'
    return declaration + etree.tostring(root, encoding="utf-8") + b"\n"


def fill_address(document: bytes, url: str) -> bytes:
    """The document with every port at ``url``."""
    written = escape(url, {'"': "&quot;"}).encode("utf-8")
    return document.replace(f'location="{ADDRESS}"'.encode(), b'location="' + written + b'"')


def file_of(contract: Contract) -> Path:
    """Where the contract's document lies below the WSDL directory."""
    if contract.convention is Convention.XML_SERIALIZER:
        return Path("public") / f"{contract.name}.wsdl"
    return Path("direct") / contract.name / f"{contract.version.replace('/', '-')}.wsdl"


def write_all(directory: Path) -> tuple[Path, ...]:
    """Write every contract's document below ``directory``; returns the files, relative to it."""
    for contract in all_contracts():
        file = directory / file_of(contract)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(wsdl_of(contract))
    return tuple(file_of(contract) for contract in all_contracts())


def check_all(directory: Path) -> tuple[str, ...]:
    """The files below ``directory`` that do not agree with the contracts; empty if all do.

    A file is named if it is missing, not what the contract says, or of no contract.
    """
    return tuple(_differing(directory))


def _differing(directory: Path) -> Iterator[str]:
    expected = {file_of(contract): contract for contract in all_contracts()}
    for file, contract in expected.items():
        path = directory / file
        if not path.is_file() or path.read_bytes() != wsdl_of(contract):
            yield file.as_posix()
    for family in ("public", "direct"):
        for path in sorted((directory / family).rglob("*.wsdl")):
            if path.relative_to(directory) not in expected:
                yield path.relative_to(directory).as_posix()
