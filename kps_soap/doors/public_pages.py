"""What a GET gets at the public door: the operations page, an operation's samples, discovery.

The pages hold the facts that the classic service's pages hold (wire A.5): the samples that
nearly every hand-written client was copied from.  They answer no query and repeat nothing of
the request but the operation's name, and that only if it is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final

from kps_soap.doors import wsdl
from kps_soap.envelopes import SOAP11, SOAP12
from kps_soap.gateway import Answer
from kps_soap.turkish import ascii_lower

PAGE_HEADERS: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "private, max-age=0"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
    ("X-Content-Type-Options", "nosniff"),
)
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}.heading1{background:#00306b;color:#fff;padding:.75rem 1rem;"
    "font-size:1.5rem;margin:0 0 1rem}pre{background:#f4f4ee;padding:1rem;overflow:auto;"
    "border:1px solid #ddd}.value{color:#00306b}a{color:#00306b}"
)


def _page(contract: Any, content: str) -> Answer:
    name = escape(contract.name)
    text = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<link rel="alternate" type="text/xml" href="/Service/{name}.asmx?disco" />\n'
        f"<style>{_STYLE}</style>\n<title>\n\t{name} Web Service\n</title>\n</head>\n<body>\n"
        f'<p class="heading1">{name}</p>\n{content}\n</body>\n</html>\n'
    )
    return Answer(200, PAGE_HEADERS, text.encode())


def operations_page(contract: Any) -> Answer:
    """The list of operations (GET without query)."""
    name, operation = escape(contract.name), escape(contract.operation)
    return _page(
        contract,
        "<p>The following operations are supported. For a formal definition, please review the "
        f'<a href="{name}.asmx?WSDL">Service Description</a>.</p>\n'
        f'<ul>\n<li><a href="{name}.asmx?op={operation}">{operation}</a></li>\n</ul>',
    )


def operation_page(contract: Any) -> Answer:
    """One operation with its SOAP 1.1 and SOAP 1.2 samples (``?op=``)."""
    name, operation = escape(contract.name), escape(contract.operation)
    return _page(
        contract,
        f'<p>Click <a href="{name}.asmx">here</a> for a complete list of operations.</p>\n'
        f"<h2>{operation}</h2>\n<h3>Test</h3>\n"
        "<p>The test form is only available for requests from the local machine.</p>\n"
        "<h3>SOAP 1.1</h3>\n"
        "<p>A sample SOAP 1.1 request and response. "
        'The <span class="value">placeholders</span> shown need actual values.</p>\n'
        f"{_sample(contract, 'soap', SOAP11)}\n<h3>SOAP 1.2</h3>\n"
        "<p>A sample SOAP 1.2 request and response. "
        'The <span class="value">placeholders</span> shown need actual values.</p>\n'
        f"{_sample(contract, 'soap12', SOAP12)}",
    )


def _sample(contract: Any, prefix: str, namespace: str) -> str:
    members = "".join(f"      <{m.name}>{{{{{m.kind}}}}}</{m.name}>\n" for m in contract.members)
    operation = contract.operation
    first = prefix == "soap"
    media = "text/xml" if first else "application/soap+xml"
    action = f'SOAPAction: "{contract.action}"\n' if first else ""
    request = (
        f"POST /Service/{contract.name}.asmx HTTP/1.1\nHost: {{{{host}}}}\n"
        f"Content-Type: {media}; charset=utf-8\nContent-Length: {{{{length}}}}\n{action}\n"
        + _document(prefix, namespace, contract.namespace, operation, members)
    )
    result = f"      <{operation}Result>{{{{boolean}}}}</{operation}Result>\n"
    response = (
        f"HTTP/1.1 200 OK\nContent-Type: {media}; charset=utf-8\nContent-Length: {{{{length}}}}\n\n"
        + _document(prefix, namespace, contract.namespace, f"{operation}Response", result)
    )
    return "\n".join(f"<pre>{_marked(text)}</pre>" for text in (request, response))


def _document(prefix: str, namespace: str, payload: str, element: str, members: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<{prefix}:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:{prefix}="{namespace}">\n'
        f'  <{prefix}:Body>\n    <{element} xmlns="{payload}">\n{members}    </{element}>\n'
        f"  </{prefix}:Body>\n</{prefix}:Envelope>"
    )


def _marked(text: str) -> str:
    """Escape a sample and set its placeholders off."""
    shown = escape(text)
    return shown.replace("{{", '<span class="value">').replace("}}", "</span>")


def discovery(contract: Any, base_url: str) -> Answer:
    """The ``?disco`` document that old .NET tools ask for."""
    address = escape(f"{base_url}/Service/{contract.name}.asmx")
    ports = "".join(
        f'<soap address="{address}" xmlns:q{number}="{contract.namespace}" '
        f'binding="q{number}:{contract.name}{port}" '
        'xmlns="http://schemas.xmlsoap.org/disco/soap/" />'
        for number, port in ((1, "Soap"), (2, "Soap12"))
    )
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<discovery xmlns="http://schemas.xmlsoap.org/disco/">'
        f'<contractRef ref="{address}?wsdl" docRef="{address}" '
        'xmlns="http://schemas.xmlsoap.org/disco/scl/" />'
        f"{ports}</discovery>"
    )
    return Answer(200, (("Content-Type", "text/xml; charset=utf-8"),), text.encode())


def unrecognized() -> Answer:
    """A GET whose query means nothing here (HttpGet is off in the original too)."""
    return Answer(
        500, (("Content-Type", "text/plain; charset=utf-8"),), b"Request format is unrecognized."
    )


def contract_page(
    contract: Any, path: str, document: bytes
) -> Callable[[Mapping[str, str], str], Answer]:
    """Every GET of a public service: WSDL, discovery, an operation's samples, or the list."""

    def page(query: Mapping[str, str], base_url: str) -> Answer:
        if "wsdl" in query or "singlewsdl" in query:
            return wsdl.serve(document, base_url + path)
        if "disco" in query:
            return discovery(contract, base_url)
        if ascii_lower(query.get("op", "")) == ascii_lower(contract.operation):
            return operation_page(contract)
        if query and "op" not in query:
            return unrecognized()
        return operations_page(contract)

    return page
