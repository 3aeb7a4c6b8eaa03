"""What the messages of a contract repeat: a question and an answer with every element in them.

The answer is written by the contract's own writer, so it is what the contract would write, byte
by byte; questions are written by callers, each in a way of their own.  No register is asked:
nothing in it is about anybody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from kps_soap.contracts.contract import CompiledContract
from kps_soap.contracts.declared import (
    Kind,
    Member,
    item_of,
    members_of,
    single_member,
    values_of,
)

_SAMPLES: Final[dict[Kind, Any]] = {
    Kind.STRING: "A",
    Kind.LONG: 0,
    Kind.INT: 0,
    Kind.BOOLEAN: False,
    Kind.DATE_TIME: datetime(2000, 1, 1),  # civil time has no zone on the wire
    Kind.BINARY: b"A",
}


def outline_of(compiled: CompiledContract) -> bytes:
    """Question and answer, one behind the other."""
    contract = compiled.contract
    descriptor = contract.service.public_methods[contract.operation]
    answer: str = compiled.server.app.out_protocol.write(
        _sample(single_member(descriptor.out_message))
    )
    asked = "".join(map(_tags, compiled.members))
    name = compiled.operation
    return f'<{name} xmlns="{compiled.namespace}">{asked}</{name}>{answer}'.encode()


def _sample(member: Member) -> Any:
    if member.kind is Kind.COMPLEX:
        item = item_of(member.type)
        if item is not None:
            return [_sample(item)]
        return {one.name: _sample(one) for one in members_of(member.type)}
    return values_of(member.type)[0] if member.kind is Kind.ENUMERATION else _SAMPLES[member.kind]


def _tags(member: Member) -> str:
    inner = members_of(member.type) if member.kind is Kind.COMPLEX else ()
    return f"<{member.name}>{''.join(map(_tags, inner))}</{member.name}>"
