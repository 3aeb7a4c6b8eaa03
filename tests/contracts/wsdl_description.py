"""A WSDL or an XSD as the rules of the profile look at it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

Element = etree._Element
Findings = Iterator[str]

XSD = "http://www.w3.org/2001/XMLSchema"
WSDL = "http://schemas.xmlsoap.org/wsdl/"
SOAP11 = "http://schemas.xmlsoap.org/wsdl/soap/"
SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
SOAPENC = "http://schemas.xmlsoap.org/soap/encoding/"
HTTP = "http://schemas.xmlsoap.org/soap/http"

#: A prefix of one of these tells a tool that the document has ports or types of that kind.
TELLING = {
    SOAP11,
    SOAP12,
    SOAPENC,
    "http://schemas.xmlsoap.org/wsdl/http/",
    "http://schemas.xmlsoap.org/wsdl/mime/",
    "http://microsoft.com/wsdl/mime/textMatching/",
    "http://www.w3.org/2006/05/addressing/wsdl",
    "http://schemas.xmlsoap.org/ws/2004/09/policy",
}

NS = {"w": WSDL, "x": XSD, "s11": SOAP11, "s12": SOAP12}


@dataclass(frozen=True)
class Description:
    """One document.  ``classic``: of the public family, whose shape is that of the original."""

    raw: bytes
    classic: bool = False
    folder: Path | None = None
    root: Element = field(init=False)

    def __post_init__(self) -> None:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        object.__setattr__(self, "root", etree.fromstring(self.raw, parser))

    def all(self, way: str) -> list[Any]:
        """What an XPath finds; ``w`` is WSDL, ``x`` is XML Schema."""
        found: list[Any] = self.root.xpath(way, namespaces=NS)
        return found

    @property
    def schemas(self) -> list[Element]:
        return [self.root] if self.root.tag == f"{{{XSD}}}schema" else self.all("w:types/x:schema")

    @property
    def soap(self) -> list[Element]:
        """Every element of a SOAP binding."""
        return self.all("//s11:* | //s12:*")


def resolved(element: Element, name: str) -> tuple[str | None, str]:
    """Namespace and local name of a qualified name; an undeclared prefix has no namespace."""
    prefix, colon, local = name.rpartition(":")
    return element.nsmap.get(prefix if colon else None), local


def named(element: Element) -> str:
    return f"{etree.QName(element).localname} {element.get('name') or ''}".strip()


def twice(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def schema_references(schema: Element) -> Iterator[tuple[Element, str]]:
    for element in schema.iter(f"{{{XSD}}}*"):
        for attribute in ("type", "ref", "base", "itemType", "substitutionGroup", "refer"):
            if attribute in element.attrib:
                yield element, str(element.get(attribute))
        for name in (element.get("memberTypes") or "").split():
            yield element, name
