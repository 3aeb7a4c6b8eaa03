"""Assertions of the Basic Profile about messages, port types and bindings: sections 4.4 to 4.7."""

from collections.abc import Iterator

from lxml import etree
from wsdl_description import (
    HTTP,
    NS,
    WSDL,
    XSD,
    Description,
    Element,
    Findings,
    named,
    resolved,
    twice,
)

# 4.4 Messages


def _bodies(document: Description) -> Iterator[tuple[Element, Element | None]]:
    """Each body of a binding, with the message that it binds."""
    messages = {found.get("name"): found for found in document.all("w:message")}
    for body in document.all("//s11:body | //s12:body"):
        direction, operation = body.getparent(), body.getparent().getparent()
        port_type = resolved(direction, operation.getparent().get("type", ""))[1]
        bound = document.all(
            f"w:portType[@name='{port_type}']/w:operation[@name='{operation.get('name')}']"
            f"/w:{etree.QName(direction).localname}/@message"
        )
        yield body, messages.get(resolved(direction, bound[0])[1]) if bound else None


def _parts(message: Element | None) -> list[Element]:
    return [] if message is None else message.findall(f"{{{WSDL}}}part")


def r2201(document: Description) -> Findings:
    """A body names one part at most."""
    for body, _ in _bodies(document):
        if len((body.get("parts") or "").split()) > 1:
            yield "a body with several parts"


def r2210(document: Description) -> Findings:
    """A message that a body binds whole has one part at most."""
    for body, message in _bodies(document):
        if "parts" not in body.attrib and len(_parts(message)) > 1:
            yield "a body without parts binds several"


def r2204(document: Description) -> Findings:
    """Parts of a body are elements."""
    for _, message in _bodies(document):
        for part in _parts(message):
            if "element" not in part.attrib:
                yield f"{named(part)} is no element"


def r2205(document: Description) -> Findings:
    """So are those of headers and faults."""
    ways = ("header", "headerfault")
    for kind in ways:
        for found in document.all(f"//s11:{kind} | //s12:{kind}"):
            message = resolved(found, found.get("message", ""))[1]
            way = f"w:message[@name='{message}']/w:part[@name='{found.get('part')}']/@element"
            if not document.all(way):
                yield f"{kind} of a part that is no element"
    for found in document.all("w:portType/w:operation/w:fault"):
        message = resolved(found, found.get("message", ""))[1]
        if not document.all(f"w:message[@name='{message}']/w:part/@element"):
            yield f"{named(found)} has a part that is no element"


def r2206(document: Description) -> Findings:
    """A part's element is declared, globally."""
    known = {
        (schema.get("targetNamespace"), element.get("name"))
        for schema in document.schemas
        for element in schema.findall(f"{{{XSD}}}element")
    }
    for part in document.all("//w:part[@element]"):
        if resolved(part, part.get("element")) not in known:
            yield f"{named(part)} refers to no global element"


def r2209(document: Description) -> Findings:
    """Every part is bound to something."""
    bound = {message for _, message in _bodies(document)}
    used = {
        resolved(found, found.get("message"))[1]
        for found in document.all("w:portType/w:operation/*[self::w:input or self::w:output]")
    }
    for message in document.all("w:message"):
        if message.get("name") in used and message not in bound:
            yield f"{named(message)} is not bound"


def r2306(document: Description) -> Findings:
    """A part is an element or of a type, not both."""
    for part in document.all("//w:part[@element and @type]"):
        yield f"{named(part)} has both"


# 4.5 Port types


def r2303(document: Description) -> Findings:
    """Operations are requests with an answer, or without."""
    for operation in document.all("w:portType/w:operation"):
        steps = [etree.QName(step).localname for step in operation]
        if [step for step in steps if step != "fault"] not in (["input", "output"], ["input"]):
            yield f"{named(operation)} goes {steps}"


def r2304(document: Description) -> Findings:
    """Operations of a port type have different names."""
    for port_type in document.all("w:portType"):
        for name in twice([found.get("name") for found in port_type]):
            yield f"two operations {name}"


def r2305(document: Description) -> Findings:
    """parameterOrder leaves out one part of the answer at most; we write none."""
    for operation in document.all("w:portType/w:operation[@parameterOrder]"):
        order = operation.get("parameterOrder").split()
        for answer in operation.findall(f"{{{WSDL}}}output"):
            name = resolved(answer, answer.get("message"))[1]
            parts = document.all(f"w:message[@name='{name}']/w:part/@name")
            if len(set(parts) - set(order)) > 1:
                yield f"{named(operation)} leaves out several parts"


# 4.6 and 4.7 Bindings


def _bindings(document: Description) -> Iterator[tuple[Element, Element | None]]:
    for binding in document.all("w:binding"):
        soap = binding.xpath("s11:binding | s12:binding", namespaces=NS)
        yield binding, soap[0] if soap else None


def r2401(document: Description) -> Findings:
    """Bindings are SOAP bindings."""
    for binding, soap in _bindings(document):
        if soap is None:
            yield f"{named(binding)} is no SOAP binding"


def r2701(document: Description) -> Findings:
    """A binding says its transport."""
    for binding, soap in _bindings(document):
        if soap is not None and not soap.get("transport"):
            yield f"{named(binding)} says no transport"


def r2702(document: Description) -> Findings:
    """That transport is HTTP."""
    for binding, soap in _bindings(document):
        if soap is not None and soap.get("transport") not in (None, "", HTTP):
            yield f"{named(binding)} is not for HTTP"


def r2705(document: Description) -> Findings:
    """All of a binding is of one style; of ours, document."""
    for binding, soap in _bindings(document):
        default = "document" if soap is None else soap.get("style", "document")
        found = binding.xpath(
            "w:operation/*[self::s11:operation or self::s12:operation]", namespaces=NS
        )
        styles = {one.get("style", default) for one in found} | {default}
        if styles != {"document"}:
            yield f"{named(binding)} is of style {sorted(styles)}"


def r2706(document: Description) -> Findings:
    """Everything is literal, and says so."""
    for found in document.soap:
        kind = etree.QName(found).localname
        stated = found.get("use", "literal" if kind == "fault" else None)
        if kind in ("body", "fault", "header", "headerfault") and stated != "literal":
            yield f"{kind} with use {stated}"


def r2710(document: Description) -> Findings:
    """The operations of a binding differ on the wire: by the element in the Body."""
    elements: dict[Element, list[str]] = {}
    for body, message in _bodies(document):
        if etree.QName(body.getparent()).localname == "input":
            binding = body.getparent().getparent().getparent()
            for part in _parts(message)[:1]:
                name = str(resolved(part, part.get("element", "")))
                elements.setdefault(binding, []).append(name)
    for binding, names in elements.items():
        for name in twice(names):
            yield f"{named(binding)} has two operations with {name}"


def r2711(document: Description) -> Findings:
    """No two ports of one kind share an address."""
    for kind in ("s11", "s12"):
        for location in twice(document.all(f"//{kind}:address/@location")):
            yield f"two ports at {location}"


def r2716(document: Description) -> Findings:
    """Literal documents have no namespace in their binding."""
    for found in document.soap:
        if "namespace" in found.attrib:
            yield f"{etree.QName(found).localname} with a namespace"


def r2718(document: Description) -> Findings:
    """A binding has the operations of its port type, no more and no less."""
    for binding in document.all("w:binding"):
        name = resolved(binding, binding.get("type", ""))[1]
        (*port_types,) = document.all(f"w:portType[@name='{name}']")
        if [_signatures(one) for one in port_types] != [_signatures(binding)]:
            yield f"{named(binding)} has other operations than its port type"


def _signatures(element: Element) -> list[tuple[str | None, list[tuple[str, str | None]]]]:
    """The operations with their steps and the names of their faults, sorted."""
    found = []
    for operation in element.findall(f"{{{WSDL}}}operation"):
        steps = [
            (etree.QName(step).localname, step.get("name"))
            for step in operation.iterchildren(f"{{{WSDL}}}*")
        ]
        found.append((operation.get("name"), sorted(steps, key=str)))
    return sorted(found, key=str)


def r2720(document: Description) -> Findings:
    """A header names its part, and one only."""
    for found in document.all(
        "//s11:header | //s12:header | //s11:headerfault | //s12:headerfault"
    ):
        if len((found.get("part") or "").split()) != 1:
            yield "a header without its part"


def r2721(document: Description) -> Findings:
    """A fault of a binding has its name."""
    for found in document.all("//w:binding//s11:fault | //w:binding//s12:fault"):
        if not found.get("name"):
            yield "a fault without a name"


def r2754(document: Description) -> Findings:
    """That name is the one of the fault around it."""
    for found in document.all("//w:binding//s11:fault | //w:binding//s12:fault"):
        if found.get("name") and found.get("name") != found.getparent().get("name"):
            yield "a fault with another name"


def r2723(document: Description) -> Findings:
    """A fault that says its use is literal."""
    for found in document.all("//w:binding//s11:fault[@use] | //w:binding//s12:fault[@use]"):
        if found.get("use") != "literal":
            yield "a fault that is not literal"
