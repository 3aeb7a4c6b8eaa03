"""BilesikKutukSorgulaKimlikNoServis: all that the registers hold of one number (wire C.2, C.3)."""

from __future__ import annotations

from typing import Any

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy
from kps_soap.services.bilesik_kutuk_sections import (
    CITIZEN,
    FOREIGNER,
    ITEM,
    Reading,
    empty_record,
    full_record,
    sections_of,
)
from kps_soap.services.bilesik_kutuk_types import (
    CONTAINERS,
    Version,
    criteria_type,
    result_type,
)
from kps_soap.services.person_search import Persons, Wants, each_person
from kps_soap.services.shared_2011 import Item, Note
from kps_soap.spyne_import import Service, rpc

NAME = "BilesikKutukSorgulaKimlikNoServis"


def _parts(version: Version) -> dict[str, str]:
    """The values of ``DoluBilesenler`` with their sections; 2011 has no such member."""
    if not version.from_2021:
        return {}
    return {section.part: section.path for section in sections_of(version)}


def _service(version: Version) -> Any:
    """The published port type of one dated version."""
    sections = sections_of(version)

    async def complete(register: Any, number: int, persons: Persons, wants: Wants) -> Item:
        return await full_record(sections, Reading(register, number, persons, wants, version))

    class BilesikKutukSorgulaKimlikNoServis(Service):
        @rpc(criteria_type(version), _returns=result_type(version, tuple(_parts(version))))
        async def Sorgula(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
            """One record a criterion, in the order of the criteria."""
            wants = ctx.udc.wants

            def absent(number: int | None, note: Note | None) -> Item:
                return empty_record(sections, number, note, wants)

            return {"SorguSonucu": {ITEM: await each_person(ctx.udc, absent, complete)}}

    return BilesikKutukSorgulaKimlikNoServis


def _contract(version: Version) -> Contract:
    folder = f"{NAME}/{version.date.replace('/', '-')}"
    others = ("kps-2011-01-01.xsd", "common-types-constants.xsd") if version.from_2021 else ()
    containers = (CITIZEN, "MaviKartKisiKutukleri", FOREIGNER) if version.from_2021 else ()
    return Contract(
        name=NAME,
        version=version.date,
        namespace=version.namespace,
        operation="Sorgula",
        service=_service(version),
        convention=Convention.DATA_CONTRACT,
        schema_files=tuple(f"{folder}/{file}" for file in (f"{NAME}.xsd", *others)),
        criteria=CriteriaPolicy(number="KimlikNo", birth_date=version.from_2021),
        item=ITEM,
        parts=_parts(version),
        spare_prefixes=dict.fromkeys(containers, CONTAINERS),
    )


CONTRACTS = tuple(_contract(Version(date)) for date in ("2011/01/01", "2021/04/01", "2023/02/01"))
