"""Holds messages to their XSD, the authority on the wire (design D9).

Every request and every answer is validated.  What a validation tells the rest of the house is
the kind of error and a name out of the schema, never a word of the message: libxml2's own
sentences quote the caller.  Schemas are read from the product's directory once, at start;
anything they refer to outside their own folder is refused.  The number of elements is bounded
before a message comes here, because libxml2's list of errors grows with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from kps_soap import places
from kps_soap.contracts.declared import XSD
from kps_soap.faults import InternalFailure, SchemaRefused

Element = etree._Element

_NAMED = re.compile(r"Element '(?:\{[^}']*\})?([A-Za-z][A-Za-z0-9]{0,63})'")


class _OwnFolder(etree.Resolver):
    """Resolves an import to a file of the same folder, and to nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve(  # type: ignore[override]  # the stubs leave the context out
        self,
        system_url: str,
        public_id: str | None,  # noqa: ARG002
        context: Any,
    ) -> Any:
        name = Path(system_url).name
        known = {path.name: path for path in self._folder.glob("*.xsd")}
        if name not in known:
            raise ValueError("a schema refers to something outside its folder")
        return self.resolve_filename(str(known[name]), context)  # type: ignore[attr-defined]


def read_schema(file: str) -> Element:
    """The root of one schema file, named relative to the schemas' directory."""
    path = places.schemas() / file
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    parser.resolvers.add(_OwnFolder(path.parent))
    return etree.parse(str(path), parser).getroot()


def _answer_parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        collect_ids=False,
    )


@dataclass(frozen=True)
class Schema:
    """The XSD of one contract, ready to judge.  Use it from one thread: it keeps its errors."""

    request_tag: str
    answer_tag: str
    _xsd: etree.XMLSchema
    _names: frozenset[str]
    _parser: etree.XMLParser

    @classmethod
    def of(cls, files: tuple[str, ...], *, request_tag: str, answer_tag: str) -> Schema:
        """Compile the schema of a contract; ``files[0]`` imports the others.

        Raises ValueError for a schema that is broken or refers to anything outside its folder.
        """
        roots = [read_schema(file) for file in files]
        names = frozenset(
            str(element.get("name")) for root in roots for element in root.iter(f"{{{XSD}}}element")
        )
        try:
            xsd = etree.XMLSchema(roots[0])
        except etree.XMLSchemaParseError:
            raise ValueError(f"the schema {files[0]} cannot be used") from None
        return cls(request_tag, answer_tag, xsd, names, _answer_parser())

    def validate_request(self, element: Element) -> None:
        """Raises SchemaRefused whose detail is the error's type and an element of the schema."""
        if element.tag != self.request_tag:
            raise SchemaRefused("another request element")
        if (trouble := self._judge(element)) is not None:
            raise SchemaRefused(trouble)

    def validate_answer(self, payload: bytes) -> Element:
        """The parsed answer.  Raises InternalFailure: a bad answer is never the caller's fault."""
        try:
            element = etree.fromstring(payload, self._parser)
        except (etree.XMLSyntaxError, ValueError):
            raise InternalFailure("answer is not well-formed") from None
        if element.tag != self.answer_tag:
            raise InternalFailure("another answer element")
        if (trouble := self._judge(element)) is not None:
            raise InternalFailure(f"answer against its schema: {trouble}")
        return element

    def _judge(self, element: Element) -> str | None:
        """None, or the first error's type and element; names that are not ours are not repeated."""
        try:
            if self._xsd.validate(element):
                return None
        except etree.XMLSchemaError:
            # An entity that nobody resolved: the guard refuses such a message before this.
            return "not to be judged"
        error = self._xsd.error_log[0]  # type: ignore[index]  # the stubs know no index
        found = _NAMED.search(error.message)
        name = found[1] if found is not None and found[1] in self._names else "unknown element"
        return f"{error.type_name} {name}"
