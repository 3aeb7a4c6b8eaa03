"""Writes one WSDL 1.1 document from a description of one operation.

What real tools stumble over is decided here once: a document declares no prefix of a port that
it does not have, the service stands last, an import names a namespace and no file.  Which names
a family gives its messages and ports, and which policy, is said by whoever describes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

from lxml import etree

from kps_soap.contracts.declared import XSD
from kps_soap.contracts.schemas import read_schema
from kps_soap.contracts.wsdl_policy import WSA, WSAW, WSP, WSU, Element, add

WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
SOAP11: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
SOAP12: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"
TRANSPORT: Final = "http://schemas.xmlsoap.org/soap/http"


@dataclass(frozen=True, slots=True)
class Message:
    """A message with its one part; ``element`` is the qualified name of that part's element.

    ``action`` is the WS-Addressing action that the port type states, empty where it states none.
    """

    name: str
    part: str
    element: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class Port:
    """A port and its binding, which bear one name; ``soap`` is the namespace of its elements."""

    name: str
    soap: str


@dataclass(frozen=True, slots=True)
class Description:
    """What a document says.

    ``prefixes`` are declared at the top, in their order.  ``action`` is the SOAP action.
    ``address`` stands in every port; with ``reference`` it is repeated there as an endpoint
    reference.  A ``policy`` bears its name in ``wsu:Id``.
    """

    namespace: str
    service: str
    prefixes: Mapping[str, str]
    schema_files: tuple[str, ...]
    operation: str
    action: str
    request: Message
    answer: Message
    port_type: str
    ports: tuple[Port, ...]
    address: str
    titled: bool = False
    reference: bool = False
    policy: Element | None = None


def write(description: Description) -> bytes:
    """The document, UTF-8, indented."""
    root = etree.Element(f"{{{WSDL}}}definitions", nsmap=dict(description.prefixes))
    if description.titled:
        root.set("name", description.service)
    root.set("targetNamespace", description.namespace)
    if description.policy is not None:
        root.append(description.policy)
    _add_types(root, description)
    _add_messages(root, description)
    _add_port_type(root, description)
    for port in description.ports:
        _add_binding(root, description, port)
    _add_service(root, description)
    etree.indent(root, "  ")
    declaration = b'<?xml version="1.0" encoding="utf-8"?>\n'
    return declaration + etree.tostring(root, encoding="utf-8") + b"\n"


def _add_types(root: Element, description: Description) -> None:
    """The XSD files, inline; an import keeps its namespace and loses its file."""
    types = add(root, WSDL, "types")
    for file in description.schema_files:
        schema = deepcopy(read_schema(file))
        for found in schema.iter(f"{{{XSD}}}import"):
            del found.attrib["schemaLocation"]
        types.append(schema)


def _qualified(element: Element, name: str) -> str:
    """A qualified name with the prefix that is declared for its namespace."""
    wanted = etree.QName(name)
    prefix = next(prefix for prefix, uri in element.nsmap.items() if uri == wanted.namespace)
    return f"{prefix}:{wanted.localname}"


def _add_messages(root: Element, description: Description) -> None:
    for message in (description.request, description.answer):
        added = add(root, WSDL, "message", name=message.name)
        add(added, WSDL, "part", name=message.part, element=_qualified(root, message.element))


def _add_port_type(root: Element, description: Description) -> None:
    port_type = add(root, WSDL, "portType", name=description.port_type)
    operation = add(port_type, WSDL, "operation", name=description.operation)
    for direction, message in (("input", description.request), ("output", description.answer)):
        added = add(operation, WSDL, direction)
        if message.action:
            added.set(f"{{{WSAW}}}Action", message.action)
        added.set("message", f"tns:{message.name}")


def _add_binding(root: Element, description: Description, port: Port) -> None:
    binding = add(root, WSDL, "binding", name=port.name, type=f"tns:{description.port_type}")
    if description.policy is not None:
        name = description.policy.get(f"{{{WSU}}}Id")
        add(binding, WSP, "PolicyReference", URI=f"#{name}")
    add(binding, port.soap, "binding", transport=TRANSPORT)
    operation = add(binding, WSDL, "operation", name=description.operation)
    add(operation, port.soap, "operation", soapAction=description.action, style="document")
    for direction in ("input", "output"):
        add(add(operation, WSDL, direction), port.soap, "body", use="literal")


def _add_service(root: Element, description: Description) -> None:
    """Last: some tools find no address in a service that stands before its bindings."""
    service = add(root, WSDL, "service", name=description.service)
    for port in description.ports:
        added = add(service, WSDL, "port", name=port.name, binding=f"tns:{port.name}")
        add(added, port.soap, "address", location=description.address)
        if description.reference:
            reference = add(added, WSA, "EndpointReference")
            add(reference, WSA, "Address").text = description.address
