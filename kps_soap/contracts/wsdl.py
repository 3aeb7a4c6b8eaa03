"""Describes every contract, and the token service, in the shape that its own clients expect.

Public contracts get the classic ASMX shape with a SOAP 1.1 and a SOAP 1.2 port (wire A.1).  The
others are described twice: for the direct door with two ports, and for the router exactly as the
published documents are, with the policy that leads to the token service or without it (wire B.1,
C.0, design §3).  The schemas inside are the contract's XSD files, one ``xs:schema`` a namespace.

A document holds placeholders instead of addresses: ``fill_addresses`` puts in what the door says
when it is served, so that nobody's host name is remembered.  This module reads no request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from kps_soap.contracts.catalogue import all_contracts
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.contracts.declared import XSD
from kps_soap.contracts.wsdl_policy import (
    SP,
    TRUST,
    WSA,
    WSAW,
    WSP,
    WSU,
    issued_token_policy,
    issuer_policy,
    user_name_policy,
)
from kps_soap.contracts.wsdl_writer import (
    SOAP11,
    SOAP12,
    WSDL,
    Description,
    Message,
    Port,
    write,
)

#: What stands in a document for the address of its ports.
ADDRESS: Final = "urn:kps-soap:address"
#: ... and, in the policy of the router's documents, for the token service and its description.
ISSUER_ADDRESS: Final = "urn:kps-soap:issuer-address"
METADATA_ADDRESS: Final = "urn:kps-soap:metadata-address"

#: The token service's names: those of the framework that the original is built on.
ISSUER_NAMESPACE: Final = "http://schemas.microsoft.com/ws/2008/06/identity/securitytokenservice"
ISSUER_SERVICE: Final = "SecurityTokenService"
ISSUE_ACTION: Final = f"{TRUST}/RST/Issue"
ISSUED_ACTION: Final = f"{TRUST}/RSTRC/IssueFinal"
ISSUER_FILE: Final = Path("issuer") / f"{ISSUER_SERVICE}.wsdl"

_FAMILIES: Final = ("public", "direct", "routing", "issuer")

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
_POLICY: Final = {"wsp": WSP, "wsu": WSU}
_WITH_POLICY: Final = {**_PLAIN, **_POLICY, "sp": SP}
#: One port, one prefix: whoever declares ``soap`` without a port of SOAP 1.1 misleads gSOAP.
_ADDRESSED: Final = {"wsdl": WSDL, "soap12": SOAP12, "wsaw": WSAW, "wsa10": WSA, "tns": ""}


def _prefixes(pattern: Mapping[str, str], namespace: str) -> dict[str, str]:
    return {prefix: uri or namespace for prefix, uri in pattern.items()}


def _messages(
    contract: Contract, names: tuple[str, str], *, addressed: bool = False
) -> tuple[Message, Message]:
    """Request and answer; parts are named ``parameters``: .NET tools unwrap no other name."""
    element = f"{{{contract.namespace}}}{contract.operation}"
    action = contract.action if addressed else ""
    return (
        Message(names[0], "parameters", element, action),
        Message(names[1], "parameters", f"{element}Response", action and f"{action}Response"),
    )


def _public(contract: Contract) -> Description:
    name, operation = contract.name, contract.operation
    request, answer = _messages(contract, (f"{operation}SoapIn", f"{operation}SoapOut"))
    return Description(
        namespace=contract.namespace,
        service=name,
        prefixes=_prefixes(_CLASSIC, contract.namespace),
        schema_files=contract.schema_files,
        operation=operation,
        action=contract.action,
        request=request,
        answer=answer,
        port_type=f"{name}Soap",
        ports=(Port(f"{name}Soap", SOAP11), Port(f"{name}Soap12", SOAP12)),
        address=ADDRESS,
    )


def _dated_names(contract: Contract) -> tuple[str, str]:
    start = f"{contract.name}_{contract.operation}"
    return f"{start}_InputMessage", f"{start}_OutputMessage"


def _direct(contract: Contract, *, policy: bool) -> Description:
    name = contract.name
    request, answer = _messages(contract, _dated_names(contract))
    return Description(
        namespace=contract.namespace,
        service=name,
        prefixes=_prefixes(_WITH_POLICY if policy else _PLAIN, contract.namespace),
        schema_files=contract.schema_files,
        operation=contract.operation,
        action=contract.action,
        request=request,
        answer=answer,
        port_type=name,
        ports=(Port(f"BasicHttpBinding_{name}", SOAP11), Port(f"CustomBinding_{name}", SOAP12)),
        address=ADDRESS,
        policy=user_name_policy(f"{name}_policy") if policy else None,
    )


def _routing(contract: Contract, *, policy: bool) -> Description:
    name, port = contract.name, f"CustomBinding_{contract.name}"
    prefixes = {**_ADDRESSED, **(_POLICY if policy else {}), "xs": XSD}
    request, answer = _messages(contract, _dated_names(contract), addressed=True)
    leading = issued_token_policy(
        f"{port}_policy", issuer=ISSUER_ADDRESS, metadata=METADATA_ADDRESS
    )
    return Description(
        namespace=contract.namespace,
        service=name,
        prefixes=_prefixes(prefixes, contract.namespace),
        schema_files=contract.schema_files,
        operation=contract.operation,
        action=contract.action,
        request=request,
        answer=answer,
        port_type=name,
        ports=(Port(port, SOAP12),),
        address=ADDRESS,
        titled=True,
        reference=True,
        policy=leading if policy else None,
    )


def wsdl_of(contract: Contract, *, policy: bool = False) -> bytes:
    """The contract's document for its own address: public, or of the direct door.

    ``policy`` adds the WS-SecurityPolicy of the direct door; public contracts have none, and
    asking for it there is a ValueError.
    """
    public = contract.convention is Convention.XML_SERIALIZER
    if public and policy:
        raise ValueError("the public door has no policy")
    return write(_public(contract) if public else _direct(contract, policy=policy))


def routing_wsdl_of(contract: Contract, *, policy: bool = True) -> bytes:
    """The contract's document for the router, as published; ``policy`` as in ``Wsdl.ashx``.

    The router serves no public contract: asking for one is a ValueError.
    """
    if contract.convention is Convention.XML_SERIALIZER:
        raise ValueError("the router serves no public contract")
    return write(_routing(contract, policy=policy))


def issuer_wsdl() -> bytes:
    """The token service's own document: WS-Trust 1.3 Issue with a user name (wire B.2)."""
    contract, port = "IWSTrust13Sync", "WS2007HttpBinding_IWSTrust13Sync"
    operation = "Trust13Issue"
    prefixes = {**_ADDRESSED, **_POLICY, "trust": TRUST, "xs": XSD}
    return write(
        Description(
            namespace=ISSUER_NAMESPACE,
            service=ISSUER_SERVICE,
            prefixes=_prefixes(prefixes, ISSUER_NAMESPACE),
            schema_files=("SecurityTokenService/ws-trust-200512.xsd",),
            operation=operation,
            action=ISSUE_ACTION,
            request=Message(
                f"{contract}_{operation}_InputMessage",
                "request",
                f"{{{TRUST}}}RequestSecurityToken",
                ISSUE_ACTION,
            ),
            answer=Message(
                f"{contract}_{operation}_OutputMessage",
                f"{operation}Result",
                f"{{{TRUST}}}RequestSecurityTokenResponseCollection",
                ISSUED_ACTION,
            ),
            port_type=contract,
            ports=(Port(port, SOAP12),),
            address=ISSUER_ADDRESS,
            titled=True,
            reference=True,
            policy=issuer_policy(f"{port}_policy"),
        )
    )


def fill_addresses(document: bytes, addresses: Mapping[str, str]) -> bytes:
    """The document with its placeholders replaced; ``addresses`` maps them to URLs."""
    for placeholder, url in addresses.items():
        written = escape(url, {'"': "&quot;"}).encode("utf-8")
        held = placeholder.encode("ascii")
        document = document.replace(b'"' + held + b'"', b'"' + written + b'"')
        document = document.replace(b">" + held + b"<", b">" + written + b"<")
    return document


def fill_address(document: bytes, url: str) -> bytes:
    """The document with every port at ``url``."""
    return fill_addresses(document, {ADDRESS: url})


def _dated_file(family: str, contract: Contract) -> Path:
    return Path(family) / contract.name / f"{contract.version.replace('/', '-')}.wsdl"


def file_of(contract: Contract) -> Path:
    """Where the contract's document lies below the WSDL directory: public, or direct."""
    if contract.convention is Convention.XML_SERIALIZER:
        return Path("public") / f"{contract.name}.wsdl"
    return _dated_file("direct", contract)


def routing_file_of(contract: Contract) -> Path:
    """Where the contract's document for the router lies, the one with the policy."""
    return _dated_file("routing", contract)


def _documents() -> Iterator[tuple[Path, bytes]]:
    """Every file with its content."""
    for contract in all_contracts():
        yield file_of(contract), wsdl_of(contract)
    for contract in all_contracts():
        if contract.convention is Convention.DATA_CONTRACT:
            yield routing_file_of(contract), routing_wsdl_of(contract)
    yield ISSUER_FILE, issuer_wsdl()


def write_all(directory: Path) -> tuple[Path, ...]:
    """Write every document below ``directory``; returns the files, relative to it."""
    written = []
    for file, document in _documents():
        path = directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document)
        written.append(file)
    return tuple(written)


def check_all(directory: Path) -> tuple[str, ...]:
    """The files below ``directory`` that do not agree with the contracts; empty if all do.

    A file is named if it is missing, not what the contract says, or of no contract.
    """
    return tuple(_differing(directory))


def _differing(directory: Path) -> Iterator[str]:
    expected = dict(_documents())
    for file, document in expected.items():
        path = directory / file
        if not path.is_file() or path.read_bytes() != document:
            yield file.as_posix()
    for family in _FAMILIES:
        for path in sorted((directory / family).rglob("*.wsdl")):
            if path.relative_to(directory) not in expected:
                yield path.relative_to(directory).as_posix()
