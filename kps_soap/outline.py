"""What the gateway's answers repeat: the bytes that the messages of records are packed with.

The same contracts and certificates give the same bytes in every worker, so a database keeps them
once.  This room knows no message, no person and no secret.
"""

from collections.abc import Iterable, Mapping

from kps_soap import signing
from kps_soap.contracts.contract import CompiledContract
from kps_soap.contracts.outline import outline_of
from kps_soap.signing import Signer


def outline_of_answers(
    contracts: Iterable[CompiledContract], signers: Mapping[str, Signer]
) -> bytes:
    """The outlines of all answers; what most of them have stands last, where it costs least."""
    bodies = [outline_of(one) for one in contracts]
    envelopes = [signing.outline(signer) for _, signer in sorted(signers.items())]
    return b"".join((*bodies, *envelopes))
