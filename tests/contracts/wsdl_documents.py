"""Assertions of the Basic Profile about a document and its types: sections 4.2 and 4.3."""

from urllib.parse import urlsplit

from lxml import etree
from wsdl_description import (
    NS,
    SOAPENC,
    WSDL,
    XSD,
    Description,
    Findings,
    named,
    resolved,
    schema_references,
)

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


def r2102(document: Description) -> Findings:
    """A schema refers to its own namespace, to those it imports, and to XML Schema's."""
    for schema in document.schemas:
        imported = {one.get("namespace") for one in schema.findall(f"{{{XSD}}}import")}
        allowed = {schema.get("targetNamespace"), XSD} | imported
        for element, name in schema_references(schema):
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
        for element, name in schema_references(schema):
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
