"""What an unsigned answer can be held to (wire B.5): its shape, its time and its question.

Whoever can change it under way can forge all three, so TLS is what protects such an answer.
"""

from __future__ import annotations

from lxml import etree

from kps_soap.answers.structure import (
    SOAP12,
    WSSE,
    WSU,
    AnswerNotGenuine,
    Element,
    Freshness,
    clean_ids,
    created_of,
    exactly,
)

_RELATES_TO = "{http://www.w3.org/2005/08/addressing}RelatesTo"


def check_unsigned(root: Element, freshness: Freshness, message_id: str) -> None:
    """Raise ``AnswerNotGenuine`` unless this is a fresh answer to ``message_id``.

    SOAP 1.2, one Header and one Body with one element, one Security with a Timestamp alone; no
    document type, comment or instruction anywhere.
    """
    try:
        clean_ids(root)
        if root.tag != f"{{{SOAP12}}}Envelope":
            raise AnswerNotGenuine("envelope")
        header, body = exactly(root, f"{{{SOAP12}}}Header", f"{{{SOAP12}}}Body")
        if len(body) != 1:
            raise AnswerNotGenuine("body")
        security = header.findall(f"{{{WSSE}}}Security")
        if len(security) != 1:
            raise AnswerNotGenuine("headers")
        (timestamp,) = exactly(security[0], f"{{{WSU}}}Timestamp")
        created_of(timestamp, freshness)
        check_related(root, message_id)
    except (etree.LxmlError, ValueError, TypeError) as error:
        raise AnswerNotGenuine(f"unreadable: {type(error).__name__}") from None


def check_related(root: Element, message_id: str) -> None:
    """Raise ``AnswerNotGenuine`` unless the one ``a:RelatesTo`` names our message."""
    related = root[0].findall(_RELATES_TO)
    if [one.text for one in related] != [message_id]:
        raise AnswerNotGenuine("answer to another message")
