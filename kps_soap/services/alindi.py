"""AlindiServis: the receipts of the asker's own calls, signed, and proven once they are sealed.

One of our own services: no published client knows it, so its answer may use the names of the
published records (``HataBilgisi``, ``SorguSonucu``) without being taken for one.  Its other names
are those of no header of ours either: a client that looks for ``AlindiNo`` finds the receipt of
the answer that it holds.

Who has kept an answer whose receipt came unsigned gets the receipt as a signed document here, and
a proof that its record is under a seal (design D7).  It gives nobody's data: digests and numbers
of calls that the asker has made.  Every account with an agreement in force may call it, and it
costs nothing (design D19).  Somebody else's number and one that was never given are one answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kps_soap import faults
from kps_soap.contracts.contract import Contract, Convention
from kps_soap.criteria import CriteriaPolicy, Subject
from kps_soap.entry import Event
from kps_soap.services.shared_2011 import Item, Note, Parametre, array_of, record, result_of
from kps_soap.spyne_import import ByteArray, DateTime, Int, Long, Service, Unicode, rpc

if TYPE_CHECKING:
    from kps_soap.audit.receipt_search import KnownReceipt

NAME: Final = "AlindiServis"
NAMESPACE: Final = "urn:kps-soap:alindi-servis:1"
ITEM: Final = "AlindiKaydi"

#: Each receipt costs a signature and the reading of a whole segment of the evidence.
RECEIPTS_MAX: Final = 10

AlindiKriteri = record(NAMESPACE, "AlindiKriteri", AlindiNumarasi=Unicode)
AlindiKaydi = record(
    NAMESPACE,
    ITEM,
    AlindiNumarasi=Unicode,
    AlindiSha256=Unicode,
    AlindiZamani=DateTime,
    AnlasmaSha256=Unicode,
    GizlenenSha256=Unicode,
    HataBilgisi=Parametre,
    ImzaliAlindiBelgesi=ByteArray,
    IstekSha256=Unicode,
    KayitSha256=Unicode,
    MuhurKaniti=ByteArray,
    MuhurNumarasi=Long,
    ServisAdi=Unicode,
    ServisSurumu=Unicode,
    SonucNumarasi=Int,
    YanitSha256=Unicode,
)


def _item(found: KnownReceipt | None, note: Note | None) -> Item:
    if found is None:
        return {"HataBilgisi": note}
    return {
        "AlindiNumarasi": found.number,
        "AlindiSha256": found.receipt_digest,
        "AlindiZamani": found.received_at,
        "AnlasmaSha256": found.agreement_digest or None,
        "GizlenenSha256": found.withheld_digest or None,
        "ImzaliAlindiBelgesi": found.content,
        "IstekSha256": found.question_digest,
        "KayitSha256": found.record_hash,
        "MuhurKaniti": found.proof,
        "MuhurNumarasi": found.checkpoint,
        "ServisAdi": found.service or None,
        "ServisSurumu": found.version or None,
        "SonucNumarasi": found.outcome,
        "YanitSha256": found.answer_digest,
    }


class AlindiServis(Service):
    """The port type, in the shape of the published ones."""

    @rpc(
        array_of(AlindiKriteri, NAMESPACE),
        _returns=result_of(AlindiKaydi, NAMESPACE, f"{ITEM}Sonucu"),
    )
    async def Dogrula(ctx: Any, kriterListesi: Any) -> Item:  # noqa: N805
        """One receipt a criterion, or none, in the order of the criteria."""
        enquiry = ctx.udc
        if len(kriterListesi) > RECEIPTS_MAX:
            raise faults.TooManyCriteria(f"{len(kriterListesi)} receipts, at most {RECEIPTS_MAX}")

        async def find(one: Subject) -> KnownReceipt | faults.Outcome:
            found: KnownReceipt | faults.Outcome = await enquiry.receipts.find(
                one.criterion["AlindiNumarasi"], enquiry.asker
            )
            return found

        return {"SorguSonucu": {ITEM: await enquiry.each_elsewhere(find, _item)}}


CONTRACTS = (
    Contract(
        name=NAME,
        version="1",
        namespace=NAMESPACE,
        operation="Dogrula",
        service=AlindiServis,
        convention=Convention.DATA_CONTRACT,
        schema_files=(f"{NAME}/1/{NAME}.xsd", f"{NAME}/1/kps-2011-01-01.xsd"),
        event=Event.RECEIPT,
        criteria=CriteriaPolicy(demanded=("AlindiNumarasi",)),
        item=ITEM,
        open_to_accounts=True,
    ),
)
