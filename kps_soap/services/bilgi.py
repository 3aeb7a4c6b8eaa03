"""BilgiServis: what the gateway sees of who asks, and what the agreement grants.

One of our own services: no published client knows it, so its answer may use the names of the
published records (``HataBilgisi``, ``SorguSonucu``) without being taken for one.

It answers an integrator's first questions: is my clock right, from which address do I come, as
whom was I taken, what may I ask.  It gives nobody's data: every account with an agreement in
force may call it, it reads no register, and it costs nothing (design D19).  What is in an answer
is the asker's own agreement; that of another institution is never looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.entry import Event
from kps_soap.services.shared_2011 import Item, Parametre, record
from kps_soap.spyne_import import ComplexModel, DateTime, Service, Unicode, rpc

if TYPE_CHECKING:
    from kps_soap.criteria import Asker, Granted

NAME: Final = "BilgiServis"
NAMESPACE: Final = "urn:kps-soap:bilgi:1"
ITEM: Final = "ErisimBilgisi"


def _list_of(name: str, item: Any) -> Any:
    """``ArrayOf…`` of a type that bears another name than the item's element."""
    members = {name: item.customize(min_occurs=0, max_occurs="unbounded", nillable=True)}
    return ComplexModel.produce(namespace=NAMESPACE, type_name=f"ArrayOf{name}", members=members)


Yetki = record(
    NAMESPACE,
    "Yetki",
    Alanlar=_list_of("Alan", Unicode),
    Amaclar=_list_of("Amac", Unicode),
    Asama=Unicode,
    Servis=Unicode,
    Surum=Unicode,
)
ErisimBilgisi = record(
    NAMESPACE,
    ITEM,
    AnlasmaNo=Unicode,
    AnlasmaSurumu=Unicode,
    GorulenAdres=Unicode,
    GorulenHesap=Unicode,
    GorulenKurum=Unicode,
    GorulenSorgulayan=Unicode,
    UtcZamani=DateTime,
    Yetkiler=_list_of("Yetki", Yetki),
)
ErisimBilgisiSonucu = record(
    NAMESPACE, f"{ITEM}Sonucu", HataBilgisi=Parametre, SorguSonucu=ErisimBilgisi
)


def _granted(granted: Granted) -> Item:
    return {
        "Alanlar": list(granted.fields),
        "Amaclar": list(granted.purposes),
        "Asama": granted.stage,
        "Servis": granted.service,
        "Surum": granted.version,
    }


def _seen(asker: Asker) -> Item:
    """What is known of the asker; ``AnlasmaSurumu`` is the digest of the agreement's file."""
    return {
        "AnlasmaNo": asker.agreement,
        "AnlasmaSurumu": asker.agreement_digest,
        "GorulenAdres": asker.source_address,
        "GorulenHesap": asker.account,
        "GorulenKurum": asker.institution,
        "GorulenSorgulayan": asker.inquirer or None,
        "UtcZamani": asker.asked_at,
        "Yetkiler": [_granted(one) for one in asker.granted()],
    }


class BilgiServis(Service):
    """The port type, in the shape of the published ones."""

    @rpc(_returns=ErisimBilgisiSonucu)
    async def Getir(ctx: Any) -> Item:  # noqa: N805
        """The asker as seen; there is nothing to say in a request."""
        return {"SorguSonucu": _seen(ctx.udc.asker)}


CONTRACTS = (
    Contract(
        name=NAME,
        version="1",
        namespace=NAMESPACE,
        operation="Getir",
        service=BilgiServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{NAME}/1/{NAME}.xsd", f"{NAME}/1/kps-2011-01-01.xsd"),
        event=Event.INFORMATION,
        item=ITEM,
        open_to_accounts=True,
    ),
)
