"""Messages, read by the reader or refused."""

import pytest
from soap_samples import TEXT_XML

from kps_soap import faults
from kps_soap.envelopes import (
    Envelope,
    Limits,
    Reader,
    open_envelope,
    read_media,
    text_of,
)

READER = Reader(Limits())


def read(
    message: str | bytes, content_type: str = TEXT_XML, *, reader: Reader = READER
) -> Envelope:
    """What the strict doors do with a body, with two headers that they understand."""
    body = message.encode() if isinstance(message, str) else message
    root = reader.read(body, read_media(content_type))
    return open_envelope(root, understood={"{urn:h}known", "{urn:h}other"})


def payload_text(message: str | bytes, content_type: str = TEXT_XML) -> str:
    return text_of(read(message, content_type).unverified_payload)


def refused(kind: type[faults.Refusal], message: str | bytes, content_type: str = TEXT_XML) -> str:
    """The detail of the refusal that a message meets."""
    with pytest.raises(faults.Refusal) as caught:
        read(message, content_type)
    assert type(caught.value) is kind, caught.value
    return caught.value.detail
