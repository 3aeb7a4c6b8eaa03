"""The fault sentences of the public door, word for word those of the original (wire A.5).

One table from our refusals to its sentences.  Only names are repeated to the caller, shortened:
an action, an envelope namespace, a header block, a request element; never a value of the request.
"""

from __future__ import annotations

from typing import Final

from kps_soap import faults

READ: Final = "Server was unable to read request. ---> "
PROCESS: Final = "Server was unable to process request. ---> "
NOT_A_NUMBER: Final = "Input string was not in a correct format."
NO_BODY: Final = "Request format is invalid: Missing required soap:Body element."
NO_ENVELOPE: Final = "Request format is invalid: Missing required soap:Envelope element."
NO_ACTION: Final = (
    "Unable to handle request without a valid action parameter. Please supply a valid soap action."
)
UNRECOGNIZED: Final = "Request format is unrecognized."
ECHO_CHARACTERS_MAX: Final = 200


class OriginalFault(faults.EnvelopeRefused):
    """A refusal with the original's own sentence."""

    def __init__(self, sentence: str, *, detail: str) -> None:
        super().__init__(detail)
        self.turkish = self.english = sentence


class ValueUnreadable(OriginalFault):
    """A number or boolean that the original's reader could not read."""


def unknown_soap_action(unverified_action: str) -> OriginalFault:
    shown = unverified_action[:ECHO_CHARACTERS_MAX]
    return OriginalFault(
        f"Server did not recognize the value of HTTP Header SOAPAction: {shown}.",
        detail="SOAPAction unknown",
    )


def unknown_action_parameter(unverified_action: str) -> OriginalFault:
    shown = unverified_action[:ECHO_CHARACTERS_MAX]
    return OriginalFault(
        f"Unable to handle request. The action '{shown}' was not recognized.",
        detail="action parameter unknown",
    )


def missing_envelope() -> OriginalFault:
    return OriginalFault(READ + NO_ENVELOPE, detail="root element")


def missing_action() -> OriginalFault:
    return OriginalFault(NO_ACTION, detail="no action and no known request element")


def unexpected_element(place: tuple[int, int], name: str, namespace: str) -> OriginalFault:
    line, column = place
    return OriginalFault(
        f"{READ}There is an error in XML document ({line}, {column}). ---> "
        f"<{name[:ECHO_CHARACTERS_MAX]} xmlns='{namespace[:ECHO_CHARACTERS_MAX]}'> "
        "was not expected.",
        detail="request element does not belong to the action",
    )


def unreadable_value(place: tuple[int, int], *, member: str) -> ValueUnreadable:
    line, column = place
    return ValueUnreadable(
        f"{READ}There is an error in XML document ({line}, {column}). ---> {NOT_A_NUMBER}",
        detail=f"value of {member}",
    )


def sentence(refusal: faults.Refusal) -> str:
    """What the original would say; our own sentence behind its opening words otherwise."""
    if isinstance(refusal, OriginalFault):
        return refusal.english
    if isinstance(refusal, faults.BodyMissing):
        return READ + NO_BODY
    if isinstance(refusal, faults.VersionMismatch):
        shown = refusal.unverified_namespace[:ECHO_CHARACTERS_MAX]
        return (
            f"Possible SOAP version mismatch: Envelope namespace {shown} was unexpected. "
            "Expecting http://schemas.xmlsoap.org/soap/envelope/."
        )
    if isinstance(refusal, faults.NotUnderstood):
        shown = refusal.unverified_header[1][:ECHO_CHARACTERS_MAX]
        return f"SOAP header {shown} was not understood."
    if isinstance(refusal, faults.MethodRefused):
        return UNRECOGNIZED
    if isinstance(refusal, faults.AgreementRefused | faults.ServerRefused):
        return PROCESS + refusal.english
    return READ + refusal.english
