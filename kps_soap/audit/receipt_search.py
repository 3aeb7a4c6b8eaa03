"""The receipts of an asker's own calls: found by number, signed, and proven once they are sealed.

An institution may ask for the receipts of its own calls, and for those of its account's calls
that were refused before any institution was known.  A number of somebody else's, a number that
was never given and one whose record was destroyed are one answer.

Finding is a prepared look-up within the line's deadline.  Signing and proving, which read a whole
segment of hashes, happen in one thread of their own, one receipt at a time: whoever asks for many
waits for himself.  This module decides nothing about agreements and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, bindparam, select

from kps_soap.aside import Aside
from kps_soap.audit import receipts
from kps_soap.audit.checkpoints import SealRefused
from kps_soap.audit.months import moment_of
from kps_soap.audit.proofs import proof_of
from kps_soap.audit.receipt_files import receipt_file
from kps_soap.audit.signed_receipts import sign_receipt
from kps_soap.faults import EvidenceUnavailable, InternalFailure, Outcome, ServerRefused
from kps_soap.models import evidence
from kps_soap.signing import Signer
from kps_soap.signing_keys import SigningKeyError

if TYPE_CHECKING:
    from kps_soap.criteria import Asker
    from kps_soap.lookups import Lookups

#: Everything of a record but its messages.
RECORD_COLUMNS: Final = tuple(one.name for one in evidence.columns if one.name != "ciphertext")

_COLUMNS: Final = [evidence.c[name] for name in RECORD_COLUMNS]

_FIND: Final = select(*_COLUMNS).where(
    evidence.c.receipt_number == bindparam("number"),
    # A month is a partition: without it every month would be looked through.
    evidence.c.month == bindparam("in_month"),
)

#: Refusals whose private detail tells of the gateway's inside: their records are shown to nobody.
_OWN_TROUBLE: Final = frozenset(kind.__name__ for kind in ServerRefused.__subclasses__())


@dataclass(frozen=True, slots=True)
class KnownReceipt:
    """One receipt.  Digests are lower-case hex; ``content`` is the signed receipt.

    ``receipt_digest`` is that of the receipt element; ``record_hash`` names the record.
    ``checkpoint`` is the number of the seal, ``proof`` a file that leads there; both are None
    until the record is sealed.
    """

    number: str
    received_at: datetime
    question_digest: str
    answer_digest: str
    agreement_digest: str
    withheld_digest: str
    service: str
    version: str
    outcome: int
    receipt_digest: str
    record_hash: str
    content: bytes
    checkpoint: int | None
    proof: bytes | None


class ReceiptSearch:
    """Finds, signs and proves.

    ``signer`` gives the key that signs receipts; ``seconds_max`` bounds one receipt.
    """

    def __init__(
        self,
        lookups: Lookups,
        engine: Engine,
        *,
        signer: Callable[[], Signer],
        clock: Callable[[], datetime],
        seconds_max: float,
    ) -> None:
        self._lookups = lookups
        self._find = lookups.prepare(_FIND)
        self._engine = engine
        self._signer = signer
        self._clock = clock
        self._aside = Aside("receipt", thread="kps-receipts", seconds_max=seconds_max)

    async def find(self, text: str, asker: Asker) -> KnownReceipt | Outcome:
        """The receipt with this number, if it is one of the asker's own.

        Raises ``EvidenceUnavailable`` where that cannot be told in time, and ``InternalFailure``
        where nothing can be signed.
        """
        try:
            number = receipts.parse(text.strip())
        except receipts.NotAReceiptNumber:
            return Outcome.BAD_NUMBER
        wanted = {"number": str(number), "in_month": number.month}
        rows = await self._lookups.rows(self._find, wanted)
        for row in rows:
            found = dict(zip(RECORD_COLUMNS, row, strict=True))
            if _is_own(found, asker):
                return await self._proven(found)
        return Outcome.NOT_FOUND

    async def _proven(self, row: Mapping[str, Any]) -> KnownReceipt:
        try:
            return await self._aside.run(self._prove, row)
        except SigningKeyError:
            raise InternalFailure("signing certificate not usable") from None
        except SealRefused as trouble:
            raise EvidenceUnavailable(f"receipt {type(trouble).__name__}") from None

    def _prove(self, row: Mapping[str, Any]) -> KnownReceipt:
        signed = sign_receipt(row, self._signer(), now=self._clock())
        with self._engine.connect() as connection, connection.begin():
            proof = proof_of(connection, row["chain_id"], row["sequence"])
        shown = proof is not None and row["refusal"] not in _OWN_TROUBLE
        return KnownReceipt(
            number=row["receipt_number"],
            received_at=moment_of(row["received_us"]),
            question_digest=row["question_digest"] or "",
            answer_digest=row["answer_digest"] or "",
            agreement_digest=row["agreement_digest"] or "",
            withheld_digest=row["withheld_digest"] or "",
            service=row["service"] or "",
            version=row["version"] or "",
            outcome=row["outcome"],
            receipt_digest=signed.receipt_digest,
            record_hash=bytes(row["hash"]).hex(),
            content=signed.content,
            checkpoint=None if proof is None else proof.checkpoint.number,
            proof=receipt_file(row, proof) if shown else None,
        )

    def close(self) -> None:
        """Let go of the thread; what waits for it is given up."""
        self._aside.close()


def receipt_file_of(
    connection: Connection, chain_id: str, sequence: int, *, signer: Signer, now: datetime
) -> bytes | None:
    """The receipt of one record as a file (see ``receipt_files``); None where it has none.

    The caller has recorded the look.  Raises ``SigningKeyError`` and ``SealRefused``.
    """
    here = (evidence.c.chain_id == chain_id) & (evidence.c.sequence == sequence)
    found = connection.execute(select(*_COLUMNS).where(here)).mappings().one_or_none()
    if found is None or not found["receipt_number"]:
        return None
    row = dict(found)
    signed = sign_receipt(row, signer, now=now).content
    return receipt_file(row, proof_of(connection, chain_id, sequence), signed=signed)


def _is_own(row: Mapping[str, Any], asker: Asker) -> bool:
    if row["institution"]:
        return bool(row["institution"] == asker.institution)
    return bool(row["account"]) and bool(row["account"] == asker.account)
