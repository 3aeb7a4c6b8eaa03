"""A published contract, and what is compiled from it at start.

``Contract`` is a declaration: names, namespace, Spyne service, schema files.  ``CompiledContract``
is what the line calls, once a stage: validate, open, run, filter, write, validate again.  It
holds no state of a request, knows no caller and decides nothing about permission.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from inspect import iscoroutinefunction
from typing import Any

from lxml import etree

from kps_soap.contracts.declared import Kind, Member, item_of, members_of, single_member
from kps_soap.contracts.field_paths import field_tree
from kps_soap.contracts.reader import compile_parameters_reader
from kps_soap.contracts.schemas import Schema
from kps_soap.contracts.spyne_protocols import LineContext, LineServer, line_application
from kps_soap.contracts.writer import DataContractWriter, XmlSerializerWriter
from kps_soap.criteria import CriteriaPolicy, Enquiry
from kps_soap.entry import Event
from kps_soap.fields import FieldTree, Grant

Element = etree._Element
Result = dict[str, Any] | bool


class Convention(StrEnum):
    """The two ways in which the original servers write bytes (wire A.4, B.5)."""

    DATA_CONTRACT = "DATA_CONTRACT"
    XML_SERIALIZER = "XML_SERIALIZER"


@dataclass(frozen=True)
class Contract:
    """One dated version of one published service (design D1, D2).

    ``item`` names one record of the answer, and so begins every field path: the element of an
    item where ``SorguSonucu`` is a list, the type of ``SorguSonucu`` where that is the record
    itself; empty for a boolean answer.
    ``parts`` maps the values of ``DoluBilesenler`` to the paths of their sections.  ``address``
    marks the services that the address law concerns.  ``spare_prefixes`` maps a type to the
    base namespace that its element declares without using it (wire B.5).  ``schema_files`` are
    relative to the schemas' directory, the file of the contract's own namespace first.
    ``request_twins`` maps a namespace to the one that is read for it in requests, where nobody
    has published which of the two a version's criteria stand in.  ``open_to_accounts`` marks a
    contract that gives nobody's data: every account with an agreement in force may call it,
    without an entry in the file.
    """

    name: str
    version: str
    namespace: str
    operation: str
    service: Any
    convention: Convention
    schema_files: tuple[str, ...]
    event: Event = Event.QUERY
    criteria: CriteriaPolicy | None = None
    item: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    address: bool = False
    spare_prefixes: Mapping[str, str] = field(default_factory=dict)
    request_twins: Mapping[str, str] = field(default_factory=dict)
    open_to_accounts: bool = False

    @property
    def action(self) -> str:
        """The SOAP action: the original families build it differently (wire A.1, C.0)."""
        if self.convention is Convention.XML_SERIALIZER:
            return f"{self.namespace}/{self.operation}"
        return f"{self.namespace}/{self.name}/{self.operation}"


@dataclass(frozen=True, slots=True)
class Call:
    """One opened call: Spyne's context and the arguments that were read."""

    context: LineContext

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The operation's arguments: criteria as a list of dicts or a dict, or plain values."""
        return tuple(self.context.in_object)


@dataclass(frozen=True)
class CompiledContract:
    """A contract ready to serve.  Make it with ``compile_contract``; one event loop uses it."""

    contract: Contract
    members: tuple[Member, ...]
    fields: FieldTree | None
    is_list: bool
    schema: Schema
    server: LineServer
    name: str
    version: str
    namespace: str
    operation: str
    action: str
    event: Event
    has_notes: bool

    @property
    def criteria(self) -> CriteriaPolicy | None:
        return self.contract.criteria

    @property
    def item(self) -> str:
        return self.contract.item

    @property
    def address(self) -> bool:
        return self.contract.address

    @cached_property
    def open_grant(self) -> Grant | None:
        """The whole answer for every account, where the contract gives nobody's data."""
        if not self.contract.open_to_accounts or self.fields is None:
            return None
        return Grant.of(self.fields, [self.fields.item.path])

    def validate_request(self, element: Element) -> None:
        """Hold the request element to its XSD.  Raises SchemaRefused.

        Elements of a twin namespace are renamed first, so that there is one form from here on.
        """
        for twin, meant in self.contract.request_twins.items():
            for found in list(element.iter(f"{{{twin}}}*")):
                found.tag = f"{{{meant}}}{etree.QName(found).localname}"
        self.schema.validate_request(element)

    def open(self, element: Element) -> Call:
        """Find the operation and read its arguments.  The element must have been validated."""
        return Call(self.server.open(element))

    async def run(self, call: Call, enquiry: Enquiry) -> Any:
        """Let Spyne dispatch the operation, and await it.  Refusals come out unchanged."""
        return await self.server.call(call.context, enquiry)

    def filter(self, result: Any, grant: Grant | None) -> Any:
        """The result with every record reduced to the grant (design D4); a boolean as it is."""
        if not self.has_notes:
            return result
        found = result.get("SorguSonucu")
        if found is None:
            return result
        if grant is None:
            raise TypeError("records leave under a grant only")
        keep, item = grant.filter, self.contract.item
        if not self.is_list:
            return {**result, "SorguSonucu": keep(found)}
        return {**result, "SorguSonucu": {item: [keep(record) for record in found[item]]}}

    def write(self, call: Call, result: Any) -> bytes:
        """The response element in the contract's byte convention, UTF-8.  Ends the call."""
        return self.server.write(call.context, result)

    def write_note(self, kod: int, aciklama: str) -> bytes:
        """A whole answer that is nothing but a note: ``SorguSonucu`` nil (wire C.8)."""
        note = {"HataBilgisi": {"Aciklama": aciklama, "Kod": kod}}
        payload: str = self.server.app.out_protocol.write(note)
        return payload.encode("utf-8")

    def validate_answer(self, payload: bytes) -> Element:
        """The parsed payload, valid against the XSD.  Raises InternalFailure."""
        return self.schema.validate_answer(payload)


def compile_contract(contract: Contract) -> CompiledContract:
    """Everything a contract needs at request time.

    Raises TypeError for a declaration that cannot be served, and lxml's XMLSchemaParseError for
    a broken schema: both at start.
    """
    descriptor = contract.service.public_methods[contract.operation]
    if not iscoroutinefunction(descriptor.function):
        raise TypeError(f"{contract.name}.{contract.operation} is not a coroutine function")
    server = line_application(
        contract.service,
        namespace=contract.namespace,
        name=f"{contract.name} {contract.version}",
    )
    in_message, out_message = descriptor.in_message, descriptor.out_message
    app = server.app
    app.in_protocol.read = compile_parameters_reader(in_message)
    has_notes = contract.convention is Convention.DATA_CONTRACT
    answered, is_list = _record_of(contract, out_message) if has_notes else (None, False)
    if has_notes:
        app.out_protocol.write = DataContractWriter(out_message, contract.spare_prefixes)
    else:
        app.out_protocol.write = XmlSerializerWriter(out_message)
    return CompiledContract(
        contract=contract,
        members=members_of(in_message),
        fields=_fields(contract, answered),
        is_list=is_list,
        schema=Schema.of(
            contract.schema_files,
            request_tag=f"{{{contract.namespace}}}{contract.operation}",
            answer_tag=f"{{{contract.namespace}}}{contract.operation}Response",
        ),
        server=server,
        name=contract.name,
        version=contract.version,
        namespace=contract.namespace,
        operation=contract.operation,
        action=contract.action,
        event=contract.event,
        has_notes=has_notes,
    )


def _record_of(contract: Contract, out_message: Any) -> tuple[Member, bool]:
    """The record that stands under ``SorguSonucu``, and whether it is one of a list there."""
    result = single_member(out_message)
    found = {member.name: member for member in members_of(result.type)}["SorguSonucu"]
    item = item_of(found.type)
    answered = replace(found, name=found.type_name) if item is None else item
    if answered.name != contract.item or answered.kind is not Kind.COMPLEX:
        raise TypeError(f"{contract.name} does not answer with {contract.item}")
    return answered, item is not None


def _fields(contract: Contract, answered: Member | None) -> FieldTree | None:
    """The field paths of the record that a contract answers with."""
    if answered is None:
        return None
    return field_tree(contract.name, contract.version, answered, contract.parts)
