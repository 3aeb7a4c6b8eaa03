"""KPSPublic: is this number, name, surname and birth year one person (wire A.1)?"""

from __future__ import annotations

from typing import Any

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.entry import Event
from kps_soap.registry.records import Citizen
from kps_soap.services.verification import (
    NAMESPACE,
    OptionalText,
    RequiredBoolean,
    RequiredInt,
    RequiredLong,
    name_matches,
    year_matches,
)
from kps_soap.spyne_import import Service, rpc


async def _fetch(register: Any, number: int) -> Citizen | None:
    found: Citizen | None = await register.citizen(number)
    return found


class KPSPublic(Service):
    """The published port type."""

    @rpc(RequiredLong, OptionalText, OptionalText, RequiredInt, _returns=RequiredBoolean)
    async def TCKimlikNoDogrula(
        ctx: Any,  # noqa: N805
        TCKimlikNo: int,
        Ad: str | None,
        Soyad: str | None,
        DogumYili: int,
    ) -> bool:
        """True where all four belong to one citizen.

        This operation has no ``SoyadYok``: an empty surname is right for who has none.
        """
        level = ctx.udc.name_matching

        def matches(citizen: Citizen) -> bool:
            return (
                name_matches(Ad, citizen.given_name, level)
                and name_matches(Soyad, citizen.surname, level)
                and year_matches(DogumYili, citizen.born)
            )

        found: bool = await ctx.udc.verify(TCKimlikNo, _fetch, matches)
        return found


CONTRACTS = (
    Contract(
        name="KPSPublic",
        version="WS",
        namespace=NAMESPACE,
        operation="TCKimlikNoDogrula",
        service=KPSPublic,
        convention=Convention.XML_SERIALIZER,
        schema_files=("KPSPublic/KPSPublic.xsd",),
        event=Event.VERIFICATION,
    ),
)
