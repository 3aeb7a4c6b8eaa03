"""ParolaServis: an account changes its own password, without an operator (domain §5.15).

One of our own services: no published client knows it, so its answer may use the names of the
published records (``HataBilgisi``, ``SorguSonucu``) without being taken for one.

Who knows the present password, and comes with it, may choose another.  For up to seven days the
present one may go on beside it, so that an unattended system changes in its own time.  A password
that breaks a rule changes nothing, and the answer says every rule that it breaks.  It is nobody's
data, open to every account, and costs nothing (design D19).  No answer repeats a password.
"""

from __future__ import annotations

from typing import Any, Final

from kps_soap.contracts.contract import Contract, Convention
from kps_soap.entry import Event
from kps_soap.services.shared_2011 import Item, Parametre, record
from kps_soap.spyne_import import Boolean, ComplexModel, DateTime, Int, Service, Unicode, rpc

NAME: Final = "ParolaServis"
NAMESPACE: Final = "urn:kps-soap:parola:1"
ITEM: Final = "ParolaDurumu"


def _list_of(name: str, item: Any) -> Any:
    """``ArrayOf…`` of a plain type."""
    members = {name: item.customize(min_occurs=0, max_occurs="unbounded", nillable=True)}
    return ComplexModel.produce(namespace=NAMESPACE, type_name=f"ArrayOf{name}", members=members)


ParolaDurumu = record(
    NAMESPACE,
    ITEM,
    EskiParolaSonu=DateTime,
    ParolaDegisti=Boolean,
    RedNedenleri=_list_of("RedNedeni", Unicode),
)
ParolaDurumuSonucu = record(
    NAMESPACE, f"{ITEM}Sonucu", HataBilgisi=Parametre, SorguSonucu=ParolaDurumu
)


class ParolaServis(Service):
    """The port type, in the shape of the published ones."""

    @rpc(Int, Unicode, _returns=ParolaDurumuSonucu)
    async def ParolaDegistir(ctx: Any, eskiParolaGunu: Any, yeniParola: Any) -> Item:  # noqa: N805
        """Another password for the asker's account; the present one may hold for some days more."""
        enquiry = ctx.udc
        done = await enquiry.passwords.change(
            enquiry.asker, yeniParola or "", keep_days=eskiParolaGunu or 0
        )
        return {
            "SorguSonucu": {
                "EskiParolaSonu": done.former_until,
                "ParolaDegisti": not done.wrong,
                "RedNedenleri": list(done.wrong) or None,
            }
        }


CONTRACTS = (
    Contract(
        name=NAME,
        version="1",
        namespace=NAMESPACE,
        operation="ParolaDegistir",
        service=ParolaServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{NAME}/1/{NAME}.xsd", f"{NAME}/1/kps-2011-01-01.xsd"),
        event=Event.PASSWORD_SET,
        item=ITEM,
        open_to_accounts=True,
    ),
)
