"""Serves the WSDL files with an address that the caller may be sent to.

The address is the configured public one, or the host that the file was fetched from if that
host is on the operator's list; it is computed for each request and never remembered from
another caller (design §3; stack §1.3 shows why).  It writes no WSDL: ``kps wsdl write`` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kps_soap.contracts.wsdl import (
    ADDRESS,
    ISSUER_ADDRESS,
    METADATA_ADDRESS,
    fill_address,
    fill_addresses,
)
from kps_soap.doors.intake import Intake, Scope, header
from kps_soap.gateway import Answer
from kps_soap.turkish import ascii_lower

#: The addresses of the router, and of the token service and its description (design §3).
ROUTING_PATH: Final = "/Services/RoutingService.svc"
ISSUER_PATH: Final = "/Services/Issuer.svc/IWSTrust13"
METADATA_PATH: Final = "/Services/Issuer.svc/mex"

#: A name or an address in brackets, and perhaps a port: nothing that could leave its place.
_HOST: Final = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Which base URL a document may advertise.

    ``allowed_hosts`` are ``host`` or ``host:port``; a ``host`` alone allows any port.
    """

    public_base_url: str
    allowed_hosts: frozenset[str]
    intake: Intake

    def base_url(self, scope: Scope) -> str:
        """The base URL for this caller, without a slash at its end."""
        host = ascii_lower(header(scope, b"host").strip())
        shape = _HOST.fullmatch(host)
        allowed = {ascii_lower(one) for one in self.allowed_hosts}
        if shape is not None and not allowed.isdisjoint((host, shape[1])):
            scheme = "https" if self.intake.was_tls(scope) else "http"
            return f"{scheme}://{host}"
        return self.public_base_url


def serve(document: bytes, url: str) -> Answer:
    """A WSDL document with its address filled in."""
    return _document(fill_address(document, url))


def serve_at(document: bytes, base_url: str) -> Answer:
    """A document of the router or of the token service, with the addresses of both."""
    return _document(filled_at(document, base_url))


def filled_at(document: bytes, base_url: str) -> bytes:
    """The same, as bytes: router and token service are places of one gateway."""
    return fill_addresses(
        document,
        {
            ADDRESS: base_url + ROUTING_PATH,
            ISSUER_ADDRESS: base_url + ISSUER_PATH,
            METADATA_ADDRESS: base_url + METADATA_PATH,
        },
    )


def _document(content: bytes) -> Answer:
    headers = (("Content-Type", "text/xml; charset=utf-8"), ("Cache-Control", "no-cache"))
    return Answer(200, headers, content)


def contract_page(
    contract: Any, path: str, document: bytes, policy_document: bytes
) -> Callable[[Mapping[str, str], str], Answer]:
    """What a GET gets at a contract of the direct door: its WSDL, or where that is."""

    def page(query: Mapping[str, str], base_url: str) -> Answer:
        if "wsdl" in query or "singlewsdl" in query:
            wanted = policy_document if query.get("policy") == "1" else document
            return serve(wanted, base_url + path)
        text = f"{contract.name} {contract.version}\nWSDL: {base_url}{path}?wsdl\n"
        return Answer(200, (("Content-Type", "text/plain; charset=utf-8"),), text.encode())

    return page
