"""BilesikKutukSorgulaKimlikNoServis: all that the registers hold of one number (wire C.2, C.3).

2011, 2021 and 2023 are published in full.  2017 is known from classes that were generated from
its WSDL: their members are certain; that its containers declare the base namespace of 2021 is
inferred.  2024 is known from its criteria and one captured answer.  What that answer does not
show is not in the contract: ``KayitYeriBilgisi`` and ``Din`` have no element there, although
everything else that its caller could not see is nil, so they were dropped rather than blanked
out; the types of ``DurumBilgisi`` and ``TemelBilgisi``, which hold them elsewhere, have moved to
the namespace of 2024.  An empty section has the elements of that answer, which shows none of
citizens: there those of a blue card holder stand for them.
"""

from __future__ import annotations

from typing import Any

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy
from kps_soap.services.bilesik_kutuk_readers import CITIZEN, FOREIGNER, ITEM, Reading
from kps_soap.services.bilesik_kutuk_sections import empty_record, full_record, sections_of
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
DATES = ("2011/01/01", "2017/08/01", "2021/04/01", "2023/02/01", "2024/04/01")


def _parts(version: Version) -> dict[str, str]:
    """The values of ``DoluBilesenler`` with their sections; no such member before 2021."""
    if not version.from_2021:
        return {}
    return {section.part: section.path for section in sections_of(version)}


def _service(version: Version) -> Any:
    """The published port type of one dated version."""

    async def complete(register: Any, number: int, persons: Persons, wants: Wants) -> Item:
        return await full_record(Reading(register, number, persons, wants, version))

    class BilesikKutukSorgulaKimlikNoServis(Service):
        @rpc(criteria_type(version), _returns=result_type(version, tuple(_parts(version))))
        async def Sorgula(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
            """One record a criterion, in the order of the criteria."""
            wants = ctx.udc.wants

            def absent(number: int | None, note: Note | None) -> Item:
                return empty_record(version, number, note, wants)

            return {"SorguSonucu": {ITEM: await each_person(ctx.udc, absent, complete)}}

    return BilesikKutukSorgulaKimlikNoServis


def _files(version: Version) -> tuple[str, ...]:
    """The schema files: in 2011 everything stands in one namespace, and 2017 has no constants."""
    files = [f"{NAME}.xsd"]
    if version.from_2017:
        files.append("kps-2011-01-01.xsd")
    if version.from_2021:
        files.append("common-types-constants.xsd")
    folder = f"{NAME}/{version.date.replace('/', '-')}"
    return tuple(f"{folder}/{file}" for file in files)


def _contract(version: Version) -> Contract:
    containers = (CITIZEN, "MaviKartKisiKutukleri", FOREIGNER) if version.from_2017 else ()
    return Contract(
        name=NAME,
        version=version.date,
        namespace=version.namespace,
        operation="Sorgula",
        service=_service(version),
        convention=Convention.DATA_CONTRACT,
        schema_files=_files(version),
        criteria=CriteriaPolicy(number="KimlikNo", birth_date=version.from_2021),
        item=ITEM,
        parts=_parts(version),
        spare_prefixes=dict.fromkeys(containers, CONTAINERS),
    )


CONTRACTS = tuple(_contract(Version(date)) for date in DATES)
