"""The form of a service, made from its contract, and the request that a filled form becomes.

Every criterion's member is a field; which of them are demanded is the contract's own policy.
What is wrong is told at once, field by field; the line judges the rest, as it does for anybody.
This module asks no register and knows no right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lxml import etree

from kps_soap.console.forms import Wrong
from kps_soap.console.labels import label
from kps_soap.console.texts import told
from kps_soap.contracts.contract import CompiledContract
from kps_soap.contracts.declared import Kind, Member, item_of, members_of, values_of
from kps_soap.entry import Event
from kps_soap.envelopes import Element

#: Names of the page's own fields; no member of a contract is spelt so.
PURPOSE: Final = "amac"
CASE: Final = "islem"
CASE_MAX: Final = 64
_WHOLE: Final = re.compile(r"[0-9]{1,18}")
_INT_MAX: Final = 2_147_483_647
_LONG_MAX: Final = 9_223_372_036_854_775_807
_TEXT_MAX: Final = 100
#: What a call must be to be made by hand: depositing a list is for software.
_ASKING: Final = frozenset(
    {Event.QUERY, Event.DICTIONARY, Event.INFORMATION, Event.VERIFICATION, Event.RECEIPT}
)
#: The order in which people fill in a form; what is not named here follows in the wire's order.
_ORDER: Final = (
    *("TCKimlikNo", "KimlikNo", "Ad", "Soyad", "SoyadYok", "DogumGun", "DogumGunYok", "DogumAy"),
    *("DogumAyYok", "DogumYil", "AnneAd", "BabaAd", "DogumYer"),
)
_KINDS: Final[Mapping[Kind, str]] = {
    Kind.BOOLEAN: "check",
    Kind.ENUMERATION: "select",
    Kind.DATE_TIME: "date",
    Kind.LONG: "number",
    Kind.INT: "number",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``kind`` is text, number, date, select or check."""

    name: str
    text: str
    kind: str
    required: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Criterion:
    """Where a contract's criterion stands in its request."""

    members: tuple[Member, ...]
    parameter: Member | None
    item: Member | None


def can_be_asked(contract: CompiledContract) -> bool:
    """Whether a form can say it: one criterion of plain members, that asks and changes nothing."""
    if contract.event not in _ASKING or len(contract.members) > 1:
        return False
    return all(one.kind is not Kind.COMPLEX for one in _criterion(contract).members)


def fields_of(contract: CompiledContract, language: str) -> tuple[Field, ...]:
    """The fields of a contract's form, in the order in which people fill them in."""
    policy = contract.criteria
    demanded = set(() if policy is None else policy.demanded)
    if policy is not None:
        demanded |= {policy.number} | ({"DogumYil"} if policy.birth_date else set())
    found = [
        Field(
            name=member.name,
            text=label(member.name, language),
            kind=_KINDS.get(member.kind, "text"),
            required=member.name in demanded,
            choices=values_of(member.type) if member.kind is Kind.ENUMERATION else (),
        )
        for member in _criterion(contract).members
    ]
    return tuple(sorted(found, key=_rank))


def _rank(field: Field) -> int:
    """A date is asked for day by day; what is not named follows in the wire's order."""
    return _ORDER.index(field.name) if field.name in _ORDER else len(_ORDER)


def problems(contract: CompiledContract, form: Mapping[str, str], language: str) -> Sequence[Wrong]:
    """Everything that is wrong with a filled form, in the order of its fields."""
    wrong = []
    for field in fields_of(contract, language):
        value = form.get(field.name, "")
        if field.required and not value:
            wrong.append(Wrong(field.name, told("query.missing", language, field=field.text)))
        elif value and (key := _trouble(field, value, _kind_of(contract, field.name))):
            wrong.append(Wrong(field.name, told(key, language, field=field.text)))
    return wrong + _one_of(contract, form, language)


def _one_of(contract: CompiledContract, form: Mapping[str, str], language: str) -> list[Wrong]:
    """Members of which one is enough."""
    wrong = []
    for group in () if contract.criteria is None else contract.criteria.demanded:
        names = group.split("|")
        if len(names) > 1 and not any(form.get(name) for name in names):
            fields = ", ".join(label(name, language) for name in names)
            wrong.append(Wrong(names[0], told("query.one_of", language, fields=fields)))
    return wrong


def _kind_of(contract: CompiledContract, name: str) -> Kind:
    return next(one.kind for one in _criterion(contract).members if one.name == name)


def _trouble(field: Field, value: str, kind: Kind) -> str:
    """The key of the sentence that says what is wrong with a value, or nothing."""
    if field.kind == "number":
        most = _LONG_MAX if kind is Kind.LONG else _INT_MAX
        return "" if _WHOLE.fullmatch(value) and int(value) <= most else "query.not_a_number"
    if field.kind == "date":
        return "" if _day(value) else "query.not_a_date"
    if field.kind == "select":
        return "" if value in field.choices else "query.not_a_choice"
    return "" if len(value) <= _TEXT_MAX else "query.too_long"


def _day(value: str) -> date | None:
    """A day as a browser sends it, or as people write it."""
    found = re.fullmatch(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", value)
    text = f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}" if found else value
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def request_of(contract: CompiledContract, form: Mapping[str, str]) -> Element:
    """The request element that a form without problems says."""
    space = contract.namespace
    default: Any = {None: space}
    request = etree.Element(f"{{{space}}}{contract.operation}", nsmap=default)
    criterion = _criterion(contract)
    if criterion.parameter is None:
        return request
    place = etree.SubElement(request, f"{{{space}}}{criterion.parameter.name}")
    inner = criterion.parameter.type.get_namespace()
    if criterion.item is not None:
        place = etree.SubElement(place, f"{{{inner}}}{criterion.item.name}")
        inner = criterion.item.type.get_namespace()
    for member in criterion.members:
        value = form.get(member.name, "")
        if value:
            etree.SubElement(place, f"{{{inner}}}{member.name}").text = _written(member, value)
    return request


def _written(member: Member, value: str) -> str:
    """A value as XSD spells it."""
    if member.kind is Kind.BOOLEAN:
        return "true"
    if member.kind is Kind.DATE_TIME:
        return f"{_day(value)}T00:00:00"
    if member.kind in (Kind.LONG, Kind.INT):
        return str(int(value))
    return value


def _criterion(contract: CompiledContract) -> _Criterion:
    parameter = contract.members[0] if contract.members else None
    if parameter is None or parameter.kind is not Kind.COMPLEX:
        return _Criterion((), None, None)
    item = item_of(parameter.type)
    described = parameter if item is None else item
    return _Criterion(members_of(described.type), parameter, item)
