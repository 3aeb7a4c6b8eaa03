"""The WS-I Basic Profile 1.1, and a few rules of our own, as functions that find what is wrong.

Each function of ``wsdl_documents`` and ``wsdl_bindings`` bears the number of one assertion of the
profile's section 4 and yields a sentence for every place that breaks it.  Only those that concern
a document/literal description are there: the others are about envelopes (R2113, R2211, R2301),
RPC bindings (R2203, R2717, R2726), or what one may do (R2008, R2114, R2202, R2207, R2208, R2302,
R2709, R2719, R2722).  One SHOULD NOT is left out on purpose: R2112 frowns on names like
``ArrayOfX``, which the published contracts have.

The profile knows the SOAP 1.1 binding only.  Here a binding of SOAP 1.2 is held to the same, as
its successor 2.0 does; so ``soap`` is either there.
"""

from collections.abc import Callable
from pathlib import Path

import wsdl_bindings
import wsdl_documents
from lxml import etree
from wsdl_description import (
    TELLING,
    XSD,
    Description,
    Element,
    Findings,
    named,
    resolved,
    schema_references,
    twice,
)


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
        for element, name in schema_references(schema):
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
        used = {resolved(element, name)[0] for element, name in schema_references(schema)}
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
    for name, found in (vars(wsdl_documents) | vars(wsdl_bindings)).items()
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
