"""KisiListesiYukleServis: an institution deposits whose records it keeps (5490 Art. 45/2, K7.4).

One of our own services: no published client knows it, so its answer may use the names of the
published records (``HataBilgisi``, ``SorguSonucu``) without being taken for one.

A batch adds persons to the asker's own roster (EKLE), takes them off it (CIKAR), or puts a new
roster in its place (DEGISTIR); DURUM only asks what the roster is.  A batch is taken whole or not
at all: where a number is wrong, the answer names the places of the wrong ones and nothing has
changed.  No answer repeats a number, no register is read, and it costs nothing (design D19).
Whoever may deposit decides about whom the institution may ask, so an agreement must grant it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from kps_soap import faults
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.entry import Event
from kps_soap.services.shared_2011 import Item, Parametre, record
from kps_soap.spyne_import import ComplexModel, Int, Long, Service, Unicode, rpc

NAME: Final = "KisiListesiYukleServis"
NAMESPACE: Final = "urn:kps-soap:kisi-listesi:1"
ITEM: Final = "ListeDurumu"

ADD: Final = "EKLE"
REMOVE: Final = "CIKAR"
REPLACE: Final = "DEGISTIR"
STATUS: Final = "DURUM"
_CHANGES: Final = frozenset({ADD, REMOVE, REPLACE})

#: Below what a message may hold (design §11), so that a batch is never cut by another limit.
NUMBERS_MAX: Final = 200


def _list_of(name: str, item: Any) -> Any:
    """``ArrayOf…`` of a plain type."""
    members = {name: item.customize(min_occurs=0, max_occurs="unbounded", nillable=True)}
    return ComplexModel.produce(namespace=NAMESPACE, type_name=f"ArrayOf{name}", members=members)


ListeDurumu = record(
    NAMESPACE,
    ITEM,
    CikanSayisi=Int,
    EklenenSayisi=Int,
    GecersizSiralar=_list_of("GecersizSira", Int),
    ListeKisiSayisi=Long,
    ListeSha256=Unicode,
)
ListeDurumuSonucu = record(
    NAMESPACE, f"{ITEM}Sonucu", HataBilgisi=Parametre, SorguSonucu=ListeDurumu
)


def _numbers(given: Any) -> Sequence[int | None]:
    """The numbers of a batch; the reader gives a list, or nothing."""
    return list(given or ())


class KisiListesiYukleServis(Service):
    """The port type, in the shape of the published ones."""

    @rpc(
        _list_of("KisiNumarasi", Long),
        Unicode,
        _returns=ListeDurumuSonucu,
    )
    async def Yukle(ctx: Any, kisiNumaralari: Any, listeIslemi: Any) -> Item:  # noqa: N805
        """Change the asker's roster, or tell what it is."""
        enquiry, action = ctx.udc, (listeIslemi or "").strip()
        if action not in _CHANGES and action != STATUS:
            raise faults.SchemaRefused("no action of a roster")
        numbers = _numbers(kisiNumaralari) if action != STATUS else ()
        if len(numbers) > NUMBERS_MAX:
            raise faults.TooManyCriteria(f"{len(numbers)} numbers, at most {NUMBERS_MAX}")
        if action != STATUS and not numbers:
            # A client that failed to fill its list must not empty a roster.
            raise faults.CriteriaEmpty("no number")
        wrong = [
            place
            for place, one in enumerate(numbers, start=1)
            if one is None or not enquiry.is_number(one)
        ]
        # What is wrong changes nothing, but tells what the roster is.
        done = await enquiry.deposits.deposit(
            enquiry.asker, STATUS if wrong else action, () if wrong else numbers
        )
        return {
            "SorguSonucu": {
                "CikanSayisi": done.removed,
                "EklenenSayisi": done.added,
                "GecersizSiralar": wrong or None,
                "ListeKisiSayisi": done.persons,
                "ListeSha256": done.set_digest,
            }
        }


CONTRACTS = (
    Contract(
        name=NAME,
        version="1",
        namespace=NAMESPACE,
        operation="Yukle",
        service=KisiListesiYukleServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{NAME}/1/{NAME}.xsd", f"{NAME}/1/kps-2011-01-01.xsd"),
        event=Event.ROSTER_REPLACED,
        item=ITEM,
    ),
)
