"""What the messages of a contract repeat, and how much smaller records become by it."""

import pytest
from lxml import etree

from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.contract import CompiledContract
from kps_soap.contracts.outline import outline_of
from kps_soap.contracts.schemas import read_schema

CONTRACTS = compile_all()
IDS = [f"{one.name} {one.version}" for one in CONTRACTS]


@pytest.mark.parametrize("compiled", CONTRACTS, ids=IDS)
def test_an_outline_has_every_field_that_an_agreement_can_grant(
    compiled: CompiledContract,
) -> None:
    outline = etree.fromstring(b"<all>%b</all>" % outline_of(compiled))
    asked, answered = outline
    assert etree.QName(asked) == f"{{{compiled.namespace}}}{compiled.operation}"
    names = {etree.QName(one).localname for one in answered.iter()}
    if compiled.fields is not None:
        granted = {name for path in paths(compiled) for name in path.split("/")[1:]}
        assert granted <= names


def paths(compiled: CompiledContract) -> list[str]:
    found, left = list[str](), [compiled.fields.item] if compiled.fields else []
    while left:
        field = left.pop()
        found.append(field.path)
        left += field.children
    return found


def test_outlines_are_the_same_each_time_and_name_nobody() -> None:
    first = [outline_of(one) for one in CONTRACTS]
    assert first == [outline_of(one) for one in compile_all()]
    for compiled, outline in zip(CONTRACTS, first, strict=True):
        values = set(etree.fromstring(b"<all>%b</all>" % outline).itertext())
        assert values <= {"A", "0", "false", "2000-01-01T00:00:00", "QQ=="} | choices(compiled)


def choices(compiled: CompiledContract) -> set[str]:
    """The values that the contract's enumerations have."""
    files = [read_schema(file) for file in compiled.contract.schema_files]
    return {one.get("value", "") for file in files for one in file.iter("{*}enumeration")}
