"""AksOkuTumIlServis: the dictionary of provinces (wire C.4)."""

from __future__ import annotations

from typing import Any

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.entry import Event
from kps_soap.services.shared_2011 import NAMESPACE_2011, Item, Parametre, record, result_of
from kps_soap.spyne_import import Int, Service, Unicode, rpc

AksOkuTumIlSorguKriteri = record(NAMESPACE_2011, "AksOkuTumIlSorguKriteri")
Il = record(NAMESPACE_2011, "Il", Ad=Unicode, HataBilgisi=Parametre, Kod=Int)


class AksOkuTumIlServis(Service):
    """The published port type."""

    @rpc(AksOkuTumIlSorguKriteri, _returns=result_of(Il, NAMESPACE_2011, "IlSonucu"))
    async def Listele(ctx: Any, kriter: Any) -> Item:  # noqa: N805
        """Every province by number; the criterion has no members and may be nil."""
        provinces = await ctx.udc.register.provinces()
        return {"SorguSonucu": {"Il": [{"Ad": one.text, "Kod": one.code} for one in provinces]}}


CONTRACTS = (
    Contract(
        name="AksOkuTumIlServis",
        version="2011/01/01",
        namespace=NAMESPACE_2011,
        operation="Listele",
        service=AksOkuTumIlServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=("AksOkuTumIlServis/2011-01-01/AksOkuTumIlServis.xsd",),
        event=Event.DICTIONARY,
        item="Il",
    ),
)
