"""The WS-I Basic Profile 1.1, and a few rules of our own, as functions that find what is wrong.

Each function bears the number of one assertion of the profile's section 4 and yields a sentence
for every place that breaks it.  Only those that concern a document/literal description are here:
the others are about envelopes (R2113, R2211, R2301), RPC bindings (R2203, R2717, R2726), or what
one may do (R2008, R2114, R2202, R2207, R2208, R2302, R2709, R2719, R2722).  One SHOULD NOT is
left out on purpose: R2112 frowns on names like ``ArrayOfX``, which the published contracts have.

The profile knows the SOAP 1.1 binding only.  Here a binding of SOAP 1.2 is held to the same, as
its successor 2.0 does; so ``soap`` below is either.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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


# 4.2 Document structure


def r2001(document: Description) -> Findings:
    """wsdl:import imports WSDL and nothing else."""
    for found in document.all("w:import"):
        if found.get("location", "").endswith(".xsd"):
            yield "wsdl:import of a schema file"


def r2002(document: Description) -> Findings:
    """Schemas are imported by xsd:import."""
    own = {schema.get("targetNamespace") for schema in document.schemas}
    for found in document.all("w:import"):
        if found.get("namespace") in own:
            yield "wsdl:import of a schema's namespace"


def r2003(document: Description) -> Findings:
    """xsd:import stands only in a schema."""
    for found in document.all("//x:import"):
        parent = found.getparent()
        if parent is None or parent.tag != f"{{{XSD}}}schema":
            yield "xsd:import outside a schema"


def r2004(document: Description) -> Findings:
    """xsd:import imports no WSDL."""
    for found in document.all("//x:import"):
        location = found.get("schemaLocation", "")
        if location.endswith("wsdl") or found.get("namespace") == WSDL:
            yield "xsd:import of a WSDL"


def r2007(document: Description) -> Findings:
    """wsdl:import says from where."""
    for found in document.all("w:import"):
        if not found.get("location"):
            yield "wsdl:import without location"


def r2803(document: Description) -> Findings:
    """The namespace of wsdl:import is absolute."""
    for found in document.all("w:import"):
        if not urlsplit(found.get("namespace", "")).scheme:
            yield "wsdl:import of a relative namespace"


def r2010(document: Description) -> Findings:
    """XML 1.0 (R2010 for an imported schema, R4004 for the description)."""
    version = document.root.getroottree().docinfo.xml_version
    if version != "1.0":
        yield f"XML {version}"


def r2009(document: Description) -> Findings:
    """UTF-8 or UTF-16 (R2009 for an imported schema, R4003 for the description)."""
    stated = (document.root.getroottree().docinfo.encoding or "utf-8").upper()
    if stated not in ("UTF-8", "UTF-16"):
        yield f"encoding {stated}"


def r2011(document: Description) -> Findings:
    """What is imported as a schema is one."""
    if document.folder is not None and document.root.tag != f"{{{XSD}}}schema":
        yield "a schema file without xsd:schema"


def r2022(document: Description) -> Findings:
    """wsdl:import comes before everything of WSDL but documentation."""
    for found in document.all("w:import[preceding-sibling::w:*[not(self::w:documentation)]]"):
        earlier = found.xpath("preceding-sibling::w:*[not(self::w:import)]", namespaces=NS)
        if earlier:
            yield f"wsdl:import after {named(earlier[-1])}"


def r2023(document: Description) -> Findings:
    """wsdl:types comes before everything of WSDL but documentation and imports."""
    late = "w:types[preceding-sibling::w:*[not(self::w:documentation or self::w:import)]]"
    if document.all(late):
        yield "wsdl:types after other elements"


def r2026(document: Description) -> Findings:
    """No extension is required."""
    if document.all("//@w:required[. = 'true' or . = '1']"):
        yield "wsdl:required"


def r2028(document: Description) -> Findings:
    """The document keeps to the schema of WSDL: the elements that it must have, in their order."""
    if document.folder is not None:
        return
    order = ("import", "types", "message", "portType", "binding", "service")
    if document.root.tag != f"{{{WSDL}}}definitions":
        yield "another root"
    found = [etree.QName(child).localname for child in document.all("w:*")]
    places = [order.index(name) if name in order else -1 for name in found]
    if places != sorted(places) or -1 in places or found.count("types") > 1:
        yield f"order of elements: {found}"
    for element in document.all(
        "w:message | w:portType | w:binding | w:service | w:*/w:operation | w:*/w:port | w:*/w:part"
    ):
        if not element.get("name"):
            yield f"{named(element)} without a name"


def r4005(document: Description) -> Findings:
    """The prefix xml is not declared."""
    if b"xmlns:xml=" in document.raw:
        yield "xmlns:xml"


# 4.3 Types


def r2101(document: Description) -> Findings:
    """References lead to what is defined here."""
    target = document.root.get("targetNamespace")
    kinds = {"message": "message", "type": "portType", "binding": "binding"}
    for attribute, kind in kinds.items():
        known = {(target, found.get("name")) for found in document.all(f"w:{kind}")}
        for element in document.all(f"//w:*[@{attribute}][not(self::w:part)]"):
            if resolved(element, element.get(attribute)) not in known:
                yield f"{named(element)} refers to no {kind}"
    spaces = {schema.get("targetNamespace") for schema in document.schemas}
    for part in document.all("//w:part[@element]"):
        if resolved(part, part.get("element"))[0] not in spaces:
            yield f"{named(part)} refers to a namespace without a schema"


def _schema_references(schema: Element) -> Iterator[tuple[Element, str]]:
    for element in schema.iter(f"{{{XSD}}}*"):
        for attribute in ("type", "ref", "base", "itemType", "substitutionGroup", "refer"):
            if attribute in element.attrib:
                yield element, str(element.get(attribute))
        for name in (element.get("memberTypes") or "").split():
            yield element, name


def r2102(document: Description) -> Findings:
    """A schema refers to its own namespace, to those it imports, and to XML Schema's."""
    for schema in document.schemas:
        imported = {one.get("namespace") for one in schema.findall(f"{{{XSD}}}import")}
        allowed = {schema.get("targetNamespace"), XSD} | imported
        for element, name in _schema_references(schema):
            if resolved(element, name)[0] not in allowed:
                yield f"{named(element)} refers to {name}, which is not imported"


def r2105(document: Description) -> Findings:
    """A schema has a targetNamespace, unless it does nothing but import."""
    for schema in document.schemas:
        content = [child for child in schema if etree.QName(child).localname != "import"]
        if content and not schema.get("targetNamespace"):
            yield "a schema without targetNamespace"


def r2110(document: Description) -> Findings:
    """No type is made of soapenc:Array."""
    for schema in document.schemas:
        for element, name in _schema_references(schema):
            if resolved(element, name) == (SOAPENC, "Array"):
                yield f"{named(element)} is a soapenc:Array"


def r2111(document: Description) -> Findings:
    """No type has wsdl:arrayType."""
    if document.all("//@w:arrayType"):
        yield "wsdl:arrayType"


def r2801(document: Description) -> Findings:
    """Types are those of XML Schema 1.0."""
    for found in document.all("w:types/*"):
        if found.tag != f"{{{XSD}}}schema":
            yield f"{found.tag} in wsdl:types"


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


# Rules of our own


def one_namespace_a_schema(document: Description) -> Findings:
    """No namespace is spread over two schemas: some tools read only one of them."""
    for name in twice([str(one.get("targetNamespace")) for one in document.schemas]):
        yield f"two schemas of {name}"


def named_types(document: Description) -> Findings:
    """Only the two wrappers of an operation are anonymous.

    The public family has nothing but wrappers; this is the shape that its clients know.
    """
    for found in document.all("//x:element/x:complexType | //x:element/x:simpleType"):
        element = found.getparent()
        if element.getparent().tag != f"{{{XSD}}}schema" or found.tag.endswith("simpleType"):
            yield f"{named(element)} has an anonymous type"


def no_any_type(document: Description) -> Findings:
    """Every element and attribute has a type, and none is anyType."""
    for found in document.all("//x:element | //x:attribute"):
        has_type = any(name in found.attrib for name in ("type", "ref"))
        if not has_type and found.find(f"{{{XSD}}}complexType") is None:
            yield f"{named(found)} has no type"
    for schema in document.schemas:
        for element, name in _schema_references(schema):
            if resolved(element, name) in ((XSD, "anyType"), (XSD, "anySimpleType")):
                yield f"{named(element)} is of {name}"


def imports_resolve(document: Description) -> Findings:
    """Inside a description an import names a schema beside it, and no file; in a file, a file."""
    spaces = {schema.get("targetNamespace") for schema in document.schemas}
    for found in document.all("//x:import"):
        location, namespace = found.get("schemaLocation"), found.get("namespace")
        if document.folder is None:
            if location is not None or namespace not in spaces:
                yield f"import of {namespace} leads nowhere"
        elif not _is_schema_of(document.folder / (location or "missing"), namespace):
            yield f"import of {namespace} leads to another file"
    for found in document.all("//x:include | //x:redefine"):
        yield f"xsd:{etree.QName(found).localname}"


def _is_schema_of(path: Path, namespace: str | None) -> bool:
    return path.is_file() and etree.parse(path).getroot().get("targetNamespace") == namespace


def every_import_is_used(document: Description) -> Findings:
    """An import that nobody needs leads tools astray."""
    for schema in document.schemas:
        used = {resolved(element, name)[0] for element, name in _schema_references(schema)}
        for found in schema.findall(f"{{{XSD}}}import"):
            if found.get("namespace") not in used:
                yield f"import of {found.get('namespace')} is not used"


def no_idle_prefix(document: Description) -> Findings:
    """A prefix that tells of ports or types has some; the public family has the original's."""
    if document.classic:
        return
    names = {str(one) for one in document.all("//* | //@*/..") for one in _names_in(one)}
    for prefix, uri in document.root.nsmap.items():
        if uri in TELLING and uri not in names:
            yield f"prefix {prefix} is not used"


def _names_in(element: Element) -> set[str | None]:
    qualified = [element.tag, *element.attrib]
    return {etree.QName(name).namespace for name in qualified if isinstance(name, str)}


def qualified_members(document: Description) -> Findings:
    """Elements of a schema are qualified."""
    for schema in document.schemas:
        if schema.get("elementFormDefault") != "qualified":
            yield f"unqualified elements in {schema.get('targetNamespace')}"


Assertion = Callable[[Description], Findings]

#: The profile's own, by number.
PROFILE: dict[str, Assertion] = {
    name.upper(): found
    for name, found in list(globals().items())
    if name[0] == "r" and name[1:].isdecimal()
}
HOUSE: dict[str, Assertion] = {
    found.__name__: found
    for found in (
        one_namespace_a_schema,
        named_types,
        no_any_type,
        imports_resolve,
        every_import_is_used,
        no_idle_prefix,
        qualified_members,
    )
}
ASSERTIONS = PROFILE | HOUSE


def broken(document: Description) -> list[str]:
    """Everything that is wrong with a document, each with its assertion."""
    return [
        f"{number}: {sentence}"
        for number, check in ASSERTIONS.items()
        for sentence in check(document)
    ]
