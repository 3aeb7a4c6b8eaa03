"""KisiSorgulaTCKimlikNoServis: a citizen by number (wire C.4)."""

from __future__ import annotations

from typing import Any

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy
from kps_soap.registry.records import Citizen
from kps_soap.services.shared_2011 import (
    NAMESPACE_2011,
    Item,
    KisiBilgisi,
    array_of,
    citizen_record,
    record,
    result_of,
)
from kps_soap.spyne_import import Long, Service, rpc

KisiSorgulaTCKimlikNoSorguKriteri = record(
    NAMESPACE_2011, "KisiSorgulaTCKimlikNoSorguKriteri", TCKimlikNo=Long
)


async def _find(register: Any, number: int, wants: Any) -> Citizen | None:
    found: Citizen | None = await register.citizen(number)
    return found


class KisiSorgulaTCKimlikNoServis(Service):
    """The published port type."""

    @rpc(
        array_of(KisiSorgulaTCKimlikNoSorguKriteri, NAMESPACE_2011),
        _returns=result_of(KisiBilgisi, NAMESPACE_2011, "KisiBilgisiSonucu"),
    )
    async def ListeleCoklu(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
        """One record a criterion, in the order of the criteria."""
        return {"SorguSonucu": {"KisiBilgisi": await ctx.udc.each(_find, citizen_record)}}


CONTRACTS = (
    Contract(
        name="KisiSorgulaTCKimlikNoServis",
        version="2011/01/01",
        namespace=NAMESPACE_2011,
        operation="ListeleCoklu",
        service=KisiSorgulaTCKimlikNoServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=("KisiSorgulaTCKimlikNoServis/2011-01-01/KisiSorgulaTCKimlikNoServis.xsd",),
        criteria=CriteriaPolicy(number="TCKimlikNo"),
        item="KisiBilgisi",
    ),
)
