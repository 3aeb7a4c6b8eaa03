"""Proves that an answer is what the gateway signed, all of it, just now.

Verification hands out what was signed and nothing else: ``VerifiedAnswer`` is parsed from the
very bytes that were digested.  Positions and algorithms are held to short lists before anything
is canonicalised (``structure``), and the signature over SignedInfo is checked with a pinned
certificate before any reference is digested (``proof``).  The routing door's unsigned answers
are held to what they have (``unsigned``), and receipts can be proven
apart from them (``receipts``).

This room finds nothing by name or by id, follows no address, no chain of certificates and no
key that a message brings along, checks no revocation list, and imports nothing of the gateway.
"""

from kps_soap.answers.proof import (
    VerifiedAnswer,
    load_certificates,
    verify_answer,
    verify_archived_answer,
    verify_tree,
)
from kps_soap.answers.receipts import body_digest, stated_receipt, verify_receipt
from kps_soap.answers.structure import (
    ANSWER_BYTES_MAX,
    LIFETIME_MAX,
    OASIS,
    REFERENCES_MAX,
    SKEW,
    WSSE,
    WSU,
    AnswerNotGenuine,
    Freshness,
    KpsError,
    canonical,
    exactly,
    instant_of,
    parse_answer,
    parser,
    unbase64,
)
from kps_soap.answers.unsigned import check_related, check_unsigned

__all__ = [
    "ANSWER_BYTES_MAX",
    "LIFETIME_MAX",
    "OASIS",
    "REFERENCES_MAX",
    "SKEW",
    "WSSE",
    "WSU",
    "AnswerNotGenuine",
    "Freshness",
    "KpsError",
    "VerifiedAnswer",
    "body_digest",
    "canonical",
    "check_related",
    "check_unsigned",
    "exactly",
    "instant_of",
    "load_certificates",
    "parse_answer",
    "parser",
    "stated_receipt",
    "unbase64",
    "verify_answer",
    "verify_archived_answer",
    "verify_receipt",
    "verify_tree",
]
