"""How a message finds its operation at the public door, and what HTTP has to say (wire A.4)."""

import pytest
from public_samples import READ, VERSIONS, fault_of, golden, verdict
from served import (
    ACTION,
    MEDIA,
    NAMESPACE,
    PATH,
    SOAP11,
    SOAP12,
    House,
    Reply,
    call,
    citizen,
    envelope,
    post,
)

NO_BODY = READ + "Request format is invalid: Missing required soap:Body element."
NO_ENVELOPE = READ + "Request format is invalid: Missing required soap:Envelope element."


NO_ACTION = (
    "Unable to handle request without a valid action parameter. Please supply a valid soap action."
)


# Routing


def routed(house: House, *headers: str, content: str = "", namespace: str = SOAP11) -> Reply:
    content = content or envelope(call("TCKimlikNoDogrula", citizen()), namespace)
    return house.send(post(PATH, ("Host: kapi.example", *headers), content))


@pytest.mark.parametrize(
    "value",
    [
        f'"{ACTION}"',
        ACTION,
        f'  "{ACTION}"  ',
        ACTION.replace(":", "%3A").replace("/", "%2F"),
        f'"{ACTION.replace("/", "%2f")}"',
    ],
)
def test_a_soap_action_may_be_bare_or_quoted_or_percent_encoded(house: House, value: str) -> None:
    assert verdict(routed(house, "Content-Type: text/xml", f"SOAPAction: {value}"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", ""),
        ('""', ""),
        ("TCKimlikNoDogrula", "TCKimlikNoDogrula"),
        (f'"{NAMESPACE}/Baska"', f"{NAMESPACE}/Baska"),
        (ACTION.replace("TCK", "TcK"), ACTION.replace("TCK", "TcK")),
        ("a%3Cb%3E%26%00", "a<b>&?"),
        ("x" * 500, "x" * 200),
    ],
)
def test_an_unknown_soap_action_is_named_in_the_fault(house: House, value: str, shown: str) -> None:
    reply = routed(house, "Content-Type: text/xml", f"SOAPAction: {value}")
    assert reply.status == 500
    assert fault_of(reply) == (
        "soap:Client",
        f"Server did not recognize the value of HTTP Header SOAPAction: {shown}.",
    )
    assert house.evidence.records == []
    assert house.evidence.counted == [("127.0.0.1", "public", "OriginalFault")]


@pytest.mark.parametrize("media", ["text/xml", "text/xml; charset=utf-8"])
def test_without_soap_action_the_request_element_decides(house: House, media: str) -> None:
    assert verdict(routed(house, f"Content-Type: {media}"))


def test_in_soap_12_the_soap_action_header_means_nothing(house: House) -> None:
    reply = routed(
        house, "Content-Type: application/soap+xml", "SOAPAction: urn:baska", namespace=SOAP12
    )
    assert verdict(reply)


@pytest.mark.parametrize("value", [f'"{ACTION}"', ACTION, '""', "", ACTION.replace("/", "%2F")])
def test_the_action_parameter_may_be_right_or_empty(house: House, value: str) -> None:
    media = f"application/soap+xml; charset=utf-8; action={value}"
    assert verdict(routed(house, f"Content-Type: {media}", namespace=SOAP12))


@pytest.mark.parametrize(
    ("headers", "content", "text"),
    [
        (
            ('Content-Type: application/soap+xml; action="urn:baska"',),
            envelope(call("TCKimlikNoDogrula", citizen()), SOAP12),
            "Unable to handle request. The action 'urn:baska' was not recognized.",
        ),
        (
            ('Content-Type: application/soap+xml; action="urn:baska"',),
            envelope("<Sil/>", SOAP12),
            "Unable to handle request. The action 'urn:baska' was not recognized.",
        ),
        (
            ("Content-Type: application/soap+xml",),
            envelope(call("TcKimlikNoDogrula", citizen()), SOAP12),
            NO_ACTION,
        ),
        (("Content-Type: application/soap+xml",), envelope("<Sil/>", SOAP12), NO_ACTION),
        (("Content-Type: application/soap+xml",), envelope("", SOAP12), NO_ACTION),
        (
            ("Content-Type: application/soap+xml",),
            f'<s:Envelope xmlns:s="{SOAP12}"/>',
            NO_BODY,
        ),
        (
            ("Content-Type: application/soap+xml",),
            f'<s:Envelope xmlns:s="{SOAP12}"><s:Header/></s:Envelope>',
            NO_BODY,
        ),
        (("Content-Type: application/soap+xml",), "<Sil/>", NO_ENVELOPE),
    ],
)
def test_what_cannot_be_routed_in_soap_12(
    house: House, headers: tuple[str, ...], content: str, text: str
) -> None:
    reply = routed(house, *headers, content=content)
    assert reply.status == 500
    assert fault_of(reply) == ("soap:Sender", text)
    assert house.evidence.records == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (f'<s:Envelope xmlns:s="{SOAP11}"/>', NO_BODY),
        (f'<s:Envelope xmlns:s="{SOAP11}"></s:Envelope>', NO_BODY),
        (f'<s:Envelope xmlns:s="{SOAP11}"><Body/></s:Envelope>', NO_BODY),
        (envelope(""), NO_BODY),
        (call("TCKimlikNoDogrula", citizen()), NO_ENVELOPE),
    ],
)
def test_what_is_no_message_in_soap_11(house: House, content: str, text: str) -> None:
    reply = routed(house, "Content-Type: text/xml", f'SOAPAction: "{ACTION}"', content=content)
    assert reply.status == 500
    assert fault_of(reply) == ("soap:Client", text)


def test_an_empty_body_without_any_action_is_not_routed(house: House) -> None:
    reply = routed(house, "Content-Type: text/xml", content=envelope(""))
    assert fault_of(reply) == ("soap:Client", NO_ACTION)


@pytest.mark.parametrize("media", ["text/xml", "application/soap+xml"])
@pytest.mark.parametrize("action", [f'SOAPAction: "{ACTION}"', "SOAPAction: urn:baska", "X-A: 1"])
def test_an_unknown_envelope_is_a_version_mismatch_before_anything_else(
    house: House, media: str, action: str
) -> None:
    strange = "http://schemas.example/soap/?a=1&b='2'"
    content = envelope("<a/>", strange.replace("&", "&amp;"))
    reply = routed(house, f"Content-Type: {media}", action, content=content)
    assert reply.status == 500
    assert fault_of(reply) == (
        "soap:VersionMismatch",
        f"Possible SOAP version mismatch: Envelope namespace {strange} was unexpected. "
        f"Expecting {SOAP11}.",
    )


@pytest.mark.parametrize("media", MEDIA.values())
@VERSIONS
def test_the_answer_has_the_envelopes_version_whatever_the_media_type(
    house: House, media: str, namespace: str
) -> None:
    reply = routed(house, f"Content-Type: {media}", namespace=namespace)
    assert reply.body == golden("tckimlikno-true", namespace)
    assert reply.headers["content-type"] == MEDIA[namespace]


@VERSIONS
def test_a_header_that_must_be_understood_is_refused_without_detail(
    house: House, namespace: str
) -> None:
    head = '<s:Header><i:Izleme xmlns:i="urn:x" s:mustUnderstand="1">7</i:Izleme></s:Header>'
    content = envelope(call("TCKimlikNoDogrula", citizen()), namespace, head=head)
    reply = routed(house, f"Content-Type: {MEDIA[namespace]}", content=content)
    assert reply.status == 500
    assert reply.body == golden("header-not-understood", namespace)
    assert house.register.lookups == 0


def test_other_headers_are_passed_over(house: House) -> None:
    head = (
        '<s:Header><i:Izleme xmlns:i="urn:x" s:mustUnderstand="0">7</i:Izleme>'
        '<i:Uzak xmlns:i="urn:x" s:mustUnderstand="1" s:actor="urn:baska">7</i:Uzak></s:Header>'
    )
    content = envelope(call("TCKimlikNoDogrula", citizen()), head=head)
    assert verdict(routed(house, "Content-Type: text/xml", content=content))


# Transport


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Content-Type: application/json",), 415),
        (("Content-Type: text/plain",), 415),
        (("X-Type: none",), 415),
        (("Content-Type: text/xml; charset=iso-8859-9",), 415),
        (("Content-Type: text/xml", "Content-Encoding: gzip"), 415),
    ],
)
def test_another_media_type_is_refused_with_a_fault(
    house: House, headers: tuple[str, ...], status: int
) -> None:
    reply = routed(house, *headers)
    assert reply.status == status
    code, text = fault_of(reply)
    assert code == "soap:Client"
    assert text.startswith(READ)
    assert house.evidence.records == []


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "NotWellFormed"),
        (b"Ad=AY&Soyad=X", "NotWellFormed"),
        (envelope(call("TCKimlikNoDogrula", "<Ad>A & B</Ad>")).encode(), "NotWellFormed"),
        (envelope(call("TCKimlikNoDogrula", "<Ad>&yok;</Ad>")).encode(), "NotWellFormed"),
        (envelope(call("TCKimlikNoDogrula", "<Ad>Ş</Ad>")).encode("iso-8859-9"), "NotWellFormed"),
        (envelope("<a/>").encode("utf-16-le"), "EncodingRefused"),
        (
            b'<?xml version="1.0" encoding="iso-8859-9"?>' + envelope("<a/>").encode(),
            "EncodingRefused",
        ),
        (b"<!DOCTYPE a>" + envelope("<a/>").encode(), "DoctypeRefused"),
    ],
)
def test_what_is_not_well_formed_is_http_400_with_a_fault(
    house: House, content: bytes, name: str
) -> None:
    for media, code in (("text/xml", "soap:Client"), ("application/soap+xml", "soap:Sender")):
        house.evidence.counted.clear()
        reply = house.send(post(PATH, ("Host: kapi.example", f"Content-Type: {media}"), content))
        assert reply.status == 400
        found, text = fault_of(reply)
        assert found == code
        assert text.startswith(READ)
        ((_, _, refusal),) = house.evidence.counted
        assert refusal == name


def test_a_message_over_a_structural_limit_is_a_fault_of_the_caller(house: House) -> None:
    deep = "<a>" * 40 + "</a>" * 40
    reply = routed(house, "Content-Type: text/xml", content=envelope(deep))
    assert reply.status == 500
    assert fault_of(reply)[0] == "soap:Client"
