"""KPSPublicYabanciDogrula: the verification of a foreigner (wire A.3)."""

from __future__ import annotations

from typing import Any

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.entry import Event
from kps_soap.registry.records import Foreigner
from kps_soap.services.verification import (
    NAMESPACE,
    NillableInt,
    OptionalText,
    RequiredBoolean,
    RequiredInt,
    RequiredLong,
    name_matches,
    part_matches,
    year_matches,
)
from kps_soap.spyne_import import Service, rpc


async def _fetch(register: Any, number: int) -> Foreigner | None:
    found: Foreigner | None = await register.foreigner(number)
    return found


class KPSPublicYabanciDogrula(Service):
    """The published port type."""

    @rpc(
        RequiredLong,
        OptionalText,
        OptionalText,
        NillableInt,
        NillableInt,
        RequiredInt,
        _returns=RequiredBoolean,
    )
    async def YabanciKimlikNoDogrula(
        ctx: Any,  # noqa: N805
        KimlikNo: int,
        Ad: str | None,
        Soyad: str | None,
        DogumGun: int | None,
        DogumAy: int | None,
        DogumYil: int,
    ) -> bool:
        """True where all belong to one foreigner.  A citizen's number is nobody's here."""
        level = ctx.udc.name_matching

        def matches(foreigner: Foreigner) -> bool:
            born = foreigner.born
            return (
                name_matches(Ad, foreigner.given_name, level)
                and name_matches(Soyad, foreigner.surname, level)
                and part_matches(DogumGun, born.day)
                and part_matches(DogumAy, born.month)
                and year_matches(DogumYil, born)
            )

        found: bool = await ctx.udc.verify(KimlikNo, _fetch, matches)
        return found


CONTRACTS = (
    Contract(
        name="KPSPublicYabanciDogrula",
        version="WS",
        namespace=NAMESPACE,
        operation="YabanciKimlikNoDogrula",
        service=KPSPublicYabanciDogrula,
        convention=Convention.XML_SERIALIZER,
        schema_files=("KPSPublicYabanciDogrula/KPSPublicYabanciDogrula.xsd",),
        event=Event.VERIFICATION,
    ),
)
