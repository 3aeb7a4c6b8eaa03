"""AksOkuTumIleBagliIlceServis: the dictionary of one province's districts (wire C.4)."""

from __future__ import annotations

from typing import Any

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.entry import Event
from kps_soap.faults import CriteriaEmpty, NothingFound
from kps_soap.services.shared_2011 import NAMESPACE_2011, Item, Parametre, record, result_of
from kps_soap.spyne_import import Int, Service, Unicode, rpc

AksOkuTumIleBagliIlceSorguKriteri = record(
    NAMESPACE_2011, "AksOkuTumIleBagliIlceSorguKriteri", IlKodu=Int
)
Ilce = record(NAMESPACE_2011, "Ilce", Ad=Unicode, HataBilgisi=Parametre, IlKod=Int, Kod=Int)


class AksOkuTumIleBagliIlceServis(Service):
    """The published port type."""

    @rpc(
        AksOkuTumIleBagliIlceSorguKriteri,
        _returns=result_of(Ilce, NAMESPACE_2011, "IlceSonucu"),
    )
    async def Listele(ctx: Any, kriter: Any) -> Item:  # noqa: N805
        """A province's districts by number.

        Raises CriteriaEmpty without a province's number, NothingFound for a number that no
        province has (wire C.8, codes 10 and 2).
        """
        province = None if kriter is None else kriter["IlKodu"]
        if province is None:
            raise CriteriaEmpty("IlKodu")
        districts = await ctx.udc.register.districts(province)
        if districts is None:
            raise NothingFound("IlKodu")
        return {
            "SorguSonucu": {
                "Ilce": [{"Ad": one.text, "IlKod": province, "Kod": one.code} for one in districts]
            }
        }


CONTRACTS = (
    Contract(
        name="AksOkuTumIleBagliIlceServis",
        version="2011/01/01",
        namespace=NAMESPACE_2011,
        operation="Listele",
        service=AksOkuTumIleBagliIlceServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=("AksOkuTumIleBagliIlceServis/2011-01-01/AksOkuTumIleBagliIlceServis.xsd",),
        event=Event.DICTIONARY,
        item="Ilce",
    ),
)
