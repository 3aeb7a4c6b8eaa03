"""KPSPublicV2: is this a citizen, and is this the citizen's document (wire A.2)?

The operation is called "person and document": without any document it answers false, and every
document that is named must be the person's.  ``CuzdanSeri`` and ``CuzdanNo`` name the old
booklet together; one without the other names nothing and is false.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.entry import Event
from kps_soap.registry.records import Citizen, IdentityCard, OldBooklet
from kps_soap.services.verification import (
    NAMESPACE,
    NillableInt,
    OptionalText,
    RequiredBoolean,
    RequiredInt,
    RequiredLong,
    code_matches,
    is_given,
    name_matches,
    part_matches,
    surname_matches,
    year_matches,
)
from kps_soap.spyne_import import Service, rpc


@dataclass(frozen=True, slots=True)
class _Holder:
    """A citizen with the documents that the question names."""

    citizen: Citizen
    booklet: OldBooklet | None
    card: IdentityCard | None


@dataclass(frozen=True, slots=True)
class _Documents:
    """What a question says of documents."""

    series: str | None
    serial: int | None
    card: str | None

    @property
    def names_booklet(self) -> bool:
        return is_given(self.series) or bool(self.serial)

    @property
    def names_card(self) -> bool:
        return is_given(self.card)

    async def fetch(self, register: Any, number: int) -> _Holder | None:
        """Everything the question needs; as many questions to the register for every number."""
        citizen = await register.citizen(number)
        booklet = await register.old_booklet(number) if self.names_booklet else None
        card = await register.identity_card(number) if self.names_card else None
        return None if citizen is None else _Holder(citizen, booklet, card)

    def match(self, holder: _Holder) -> bool:
        """At least one document is named, and every one that is named is the holder's."""
        return (
            (self.names_booklet or self.names_card)
            and (not self.names_booklet or self._is_booklet(holder.booklet))
            and (not self.names_card or self._is_card(holder.card))
        )

    def _is_booklet(self, held: OldBooklet | None) -> bool:
        return (
            held is not None
            and code_matches(self.series or "", held.series)
            and self.serial == held.serial
        )

    def _is_card(self, held: IdentityCard | None) -> bool:
        return held is not None and code_matches(self.card or "", held.serial_no)


class KPSPublicV2(Service):
    """The published port type."""

    @rpc(
        RequiredLong,
        OptionalText,
        OptionalText,
        RequiredBoolean,
        NillableInt,
        RequiredBoolean,
        NillableInt,
        RequiredBoolean,
        RequiredInt,
        OptionalText,
        NillableInt,
        OptionalText,
        _returns=RequiredBoolean,
    )
    async def KisiVeCuzdanDogrula(  # the twelve members of the published request
        ctx: Any,  # noqa: N805
        TCKimlikNo: int,
        Ad: str | None,
        Soyad: str | None,
        SoyadYok: bool,
        DogumGun: int | None,
        DogumGunYok: bool,
        DogumAy: int | None,
        DogumAyYok: bool,
        DogumYil: int,
        CuzdanSeri: str | None,
        CuzdanNo: int | None,
        TCKKSeriNo: str | None,
    ) -> bool:
        """True where the person's data are right and every document named is the person's."""
        level = ctx.udc.name_matching
        documents = _Documents(CuzdanSeri, CuzdanNo, TCKKSeriNo)

        def matches(holder: _Holder) -> bool:
            citizen, born = holder.citizen, holder.citizen.born
            return (
                name_matches(Ad, citizen.given_name, level)
                and surname_matches(Soyad, citizen.surname, level, has_none=SoyadYok)
                and part_matches(DogumGun, born.day, is_unknown=DogumGunYok)
                and part_matches(DogumAy, born.month, is_unknown=DogumAyYok)
                and year_matches(DogumYil, born)
                and documents.match(holder)
            )

        found: bool = await ctx.udc.verify(TCKimlikNo, documents.fetch, matches)
        return found


CONTRACTS = (
    Contract(
        name="KPSPublicV2",
        version="WS",
        namespace=NAMESPACE,
        operation="KisiVeCuzdanDogrula",
        service=KPSPublicV2,
        convention=Convention.XML_SERIALIZER,
        schema_files=("KPSPublicV2/KPSPublicV2.xsd",),
        event=Event.VERIFICATION,
    ),
)
