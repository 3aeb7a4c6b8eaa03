"""Bytes to an envelope: limits, SOAP's own rules, header blocks."""

from collections.abc import Callable

import pytest
from envelope_samples import payload_text, read, refused
from lxml import etree
from soap_samples import PAYLOAD, SOAP11, SOAP12, envelope

from kps_soap import faults
from kps_soap.envelopes import (
    Limits,
    Reader,
    SoapVersion,
)

SMALL = Limits(
    depth_max=6,
    attributes_per_element_max=3,
    children_per_element_max=4,
    elements_max=12,
    namespaces_max=3,
    value_characters_max=20,
    token_characters_max=40,
)


# Limits: at each bound, and one past it


def deep(depth: int) -> str:
    """A message whose deepest element is at a depth; Envelope, Body and payload are three."""
    return envelope("<a>" * (depth - 2) + "</a>" * (depth - 2))


def attributes(count: int) -> str:
    return envelope("<a " + " ".join(f'b{number}="x"' for number in range(count)) + "/>")


def children(count: int) -> str:
    return envelope("<a>" + "<b/>" * count + "</a>")


def elements(count: int) -> str:
    """A message of so many elements in all, no element having many children."""
    missing, rows = count - 3, []
    while missing > 0:
        size = min(missing, 10)
        rows.append("<b>" + "<c/>" * (size - 1) + "</b>")
        missing -= size
    return envelope("<a>" + "".join(rows) + "</a>")


def namespaces(count: int) -> str:
    """So many declarations in all, two of which are the envelope's and the payload's own."""
    more = " ".join(f'xmlns:n{number}="urn:{number}"' for number in range(count - 1))
    return envelope(f"<a {more}/>")


def value(size: int) -> str:
    return envelope(f"<a>{'x' * size}</a>")


def mixed(size: int) -> str:
    return envelope(f"<a>{'x' * size}<b/></a>")


def tail(size: int) -> str:
    return envelope(f"<a><b/>{'x' * size}</a>")


def attribute(size: int) -> str:
    return envelope(f'<a b="{"x" * size}"/>')


def header_attribute(size: int) -> str:
    return envelope(header=f'<h xmlns="urn:h" b="{"x" * size}"/>')


def split(size: int) -> str:
    half = size // 2
    return envelope(f"<a>{'x' * half}<!-- c --><![CDATA[{'x' * (size - half)}]]></a>")


def cipher(size: int) -> str:
    return envelope(f"<CipherValue>{'x' * size}</CipherValue>")


def certificate(size: int) -> str:
    block = f'<t:BinarySecurityToken xmlns:t="urn:t">{"x" * size}</t:BinarySecurityToken>'
    return envelope(header=block)


BOUNDS: list[tuple[Callable[[int], str], str]] = [
    (deep, "depth_max"),
    (attributes, "attributes_per_element_max"),
    (children, "children_per_element_max"),
    (elements, "elements_max"),
    (namespaces, "namespaces_max"),
    (value, "value_characters_max"),
    (mixed, "value_characters_max"),
    (tail, "value_characters_max"),
    (attribute, "value_characters_max"),
    (header_attribute, "value_characters_max"),
    (split, "value_characters_max"),
    (cipher, "token_characters_max"),
    (certificate, "token_characters_max"),
]


@pytest.mark.parametrize("limits", [Limits(), SMALL], ids=["default", "small"])
@pytest.mark.parametrize(("make", "name"), BOUNDS, ids=[make.__name__ for make, _ in BOUNDS])
def test_a_message_at_a_bound_is_read_and_one_past_it_is_refused(
    limits: Limits, make: Callable[[int], str], name: str
) -> None:
    # One bound at a time: the message keeps far from the others.
    roomy = ("depth_max", "children_per_element_max", "elements_max", "namespaces_max")
    chosen = {
        one: getattr(Limits() if one in roomy and one != name else limits, one)
        for one in limits.__slots__
    }
    bound, reader = chosen[name], Reader(Limits(**chosen))
    assert read(make(bound), reader=reader)
    with pytest.raises(faults.LimitExceeded):
        read(make(bound + 1), reader=reader)


def test_the_default_limits_are_those_of_the_design() -> None:
    assert Limits() == Limits(32, 64, 256, 2_000, 64, 4_096, 65_536)


def test_many_namespaces_spread_over_many_elements_are_counted_together() -> None:
    spread = "".join(f'<b xmlns:n="urn:{number}"/>' for number in range(64))
    with pytest.raises(faults.LimitExceeded):
        read(envelope(f"<a>{spread}</a>"))


def test_the_word_xmlns_in_text_is_no_namespace() -> None:
    assert read(envelope(f"<a>{'xmlns ' * 100}</a>"))


def test_a_value_is_counted_in_characters_not_bytes() -> None:
    assert read(envelope(f"<a>{'ş' * 4_096}</a>"))
    with pytest.raises(faults.LimitExceeded):
        read(envelope(f"<a>{'ş' * 4_097}</a>"))


def test_a_long_value_elsewhere_has_no_token_s_bound() -> None:
    for name in ("ciphervalue", "CipherValueX", "Token"):
        with pytest.raises(faults.LimitExceeded):
            read(envelope(f"<{name}>{'x' * 4_097}</{name}>"))


@pytest.mark.parametrize(
    "message",
    [
        "<a>" * 300 + "</a>" * 300,
        "<a>" * 100_000,
        f"<{'n' * 60_000}/>",
        f'<a b="{"x" * 11_000_000}"/>',
    ],
    ids=["deep", "deep without an end", "long name", "huge attribute"],
)
def test_where_the_parser_stops_first_the_limit_is_still_the_reason(message: str) -> None:
    refused(faults.LimitExceeded, message)


def test_a_reader_goes_on_after_a_refusal() -> None:
    for wrong in ("<a>", "<!DOCTYPE a><a/>", "<a>" * 300):
        with pytest.raises(faults.Refusal):
            read(wrong)
        assert payload_text(envelope()) == "x"


# SOAP


@pytest.mark.parametrize(
    ("namespace", "version"), [(SOAP11, SoapVersion.V11), (SOAP12, SoapVersion.V12)]
)
def test_both_envelopes_are_opened(namespace: str, version: SoapVersion) -> None:
    opened = read(envelope(header="", namespace=namespace))
    assert opened.version is version
    assert opened.unverified_payload.tag == "{urn:a}a"
    assert opened.unverified_headers == {}


@pytest.mark.parametrize("namespace", ["urn:x", SOAP11[:-1], SOAP12 + "/", SOAP11.swapcase()])
def test_another_envelope_namespace_is_a_version_mismatch_that_names_it(namespace: str) -> None:
    with pytest.raises(faults.VersionMismatch) as caught:
        read(envelope(namespace=namespace))
    assert caught.value.unverified_namespace == namespace


def test_an_envelope_without_namespace_is_a_version_mismatch() -> None:
    with pytest.raises(faults.VersionMismatch) as caught:
        read("<Envelope><Body><a/></Body></Envelope>")
    assert caught.value.unverified_namespace == ""


@pytest.mark.parametrize(
    "message", ["<a/>", f'<s:envelope xmlns:s="{SOAP11}"/>', f'<s:Body xmlns:s="{SOAP11}"/>']
)
def test_another_root_is_no_envelope(message: str) -> None:
    assert refused(faults.ShapeRefused, message) == "root element"


@pytest.mark.parametrize(
    "message",
    [
        f'<s:Envelope xmlns:s="{SOAP11}"/>',
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Header/></s:Envelope>',
        f'<s:Envelope xmlns:s="{SOAP11}"><Body><a/></Body></s:Envelope>',
        f'<s:Envelope xmlns:s="{SOAP11}"><s:body><a/></s:body></s:Envelope>',
        f'<s:Envelope xmlns:s="{SOAP11}"><b:Body xmlns:b="{SOAP12}"><a/></b:Body></s:Envelope>',
        envelope(""),
        envelope("  "),
        envelope("text"),
        envelope("<!-- comment -->"),
    ],
)
def test_a_message_without_a_body_or_a_request_in_it_is_told_so(message: str) -> None:
    refused(faults.BodyMissing, message)


BODY = f"<s:Body>{PAYLOAD}</s:Body>"


@pytest.mark.parametrize(
    "content",
    [
        BODY + BODY,
        BODY + "<s:Header/>",
        BODY + "<x/>",
        "<x/>" + BODY,
        "<s:Header/><s:Header/>" + BODY,
        f'<h:Header xmlns:h="{SOAP12}"/>' + BODY,
        "text" + BODY,
        BODY + "text",
        "<s:Header/>text" + BODY,
        "\u00a0" + BODY,
        f"<s:Body>{PAYLOAD}{PAYLOAD}</s:Body>",
        f"<s:Body>text{PAYLOAD}</s:Body>",
        f"<s:Body>{PAYLOAD}text</s:Body>",
        f"<s:Body>\u2003{PAYLOAD}</s:Body>",
    ],
)
def test_anything_beside_one_header_one_body_and_one_request_breaks_the_shape(content: str) -> None:
    refused(faults.ShapeRefused, f'<s:Envelope xmlns:s="{SOAP11}">{content}</s:Envelope>')


def test_blanks_and_comments_around_everything_are_fine() -> None:
    message = (
        f'<!-- a --> <s:Envelope xmlns:s="{SOAP11}"> <!-- b -->\n<s:Header> <!-- c -->\n</s:Header>'
        f"\r\n\t<s:Body> <!-- d --> {PAYLOAD} <!-- e --> </s:Body> </s:Envelope> <!-- f -->\n"
    )
    assert payload_text(message) == "x"


# Header blocks


def header_of(block: str, namespace: str = SOAP11) -> dict[str, etree._Element]:
    return read(envelope(header=block, namespace=namespace)).unverified_headers


@pytest.mark.parametrize("namespace", [SOAP11, SOAP12])
@pytest.mark.parametrize(
    "stated", ["1", "true", " 1 ", "\n1", "yes", "TRUE", "True", "2", "", "no"]
)
def test_an_unknown_block_that_must_be_understood_is_refused_with_its_name(
    namespace: str, stated: str
) -> None:
    block = f'<h xmlns="urn:x" s:mustUnderstand="{stated}">secret</h>'
    with pytest.raises(faults.NotUnderstood) as caught:
        header_of(block, namespace)
    assert caught.value.unverified_header == ("urn:x", "h")
    assert "secret" not in caught.value.detail


@pytest.mark.parametrize("namespace", [SOAP11, SOAP12])
@pytest.mark.parametrize("stated", ["0", "false", " 0 ", "false\n"])
def test_an_unknown_block_that_need_not_be_understood_is_left_alone(
    namespace: str, stated: str
) -> None:
    assert header_of(f'<h xmlns="urn:x" s:mustUnderstand="{stated}"/>', namespace) == {}
    assert header_of('<h xmlns="urn:x"/>', namespace) == {}
    assert header_of("<h/>", namespace) == {}


def test_only_the_attribute_of_the_envelopes_own_namespace_counts() -> None:
    assert header_of('<h xmlns="urn:x" mustUnderstand="1"/>') == {}
    assert header_of(f'<h xmlns="urn:x" xmlns:t="{SOAP12}" t:mustUnderstand="1"/>') == {}


def test_a_block_without_namespace_that_must_be_understood_is_refused() -> None:
    with pytest.raises(faults.NotUnderstood) as caught:
        header_of('<h s:mustUnderstand="1"/>')
    assert caught.value.unverified_header == ("", "h")


@pytest.mark.parametrize("attributes", ["", 's:mustUnderstand="1"', 's:mustUnderstand="0"'])
def test_a_known_block_is_found_by_its_qualified_name(attributes: str) -> None:
    found = header_of(f'<k:known xmlns:k="urn:h" {attributes}>v</k:known><h xmlns="urn:x"/>')
    assert {name: element.text for name, element in found.items()} == {"{urn:h}known": "v"}


def test_two_different_known_blocks_may_stand_together_in_any_order() -> None:
    found = header_of('<other xmlns="urn:h"/><known xmlns="urn:h"/>')
    assert found.keys() == {"{urn:h}known", "{urn:h}other"}


def test_a_known_block_given_twice_breaks_the_shape() -> None:
    twice = '<known xmlns="urn:h"/>' * 2
    assert refused(faults.ShapeRefused, envelope(header=twice)) == "header block twice"


def test_a_known_block_inside_another_block_is_not_found() -> None:
    assert header_of('<h xmlns="urn:x"><known xmlns="urn:h"/></h>') == {}


US = {
    SOAP11: ["", "http://schemas.xmlsoap.org/soap/actor/next"],
    SOAP12: [
        "",
        "http://www.w3.org/2003/05/soap-envelope/role/next",
        "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
        " http://www.w3.org/2003/05/soap-envelope/role/next\n",
    ],
}


ROLE = {SOAP11: "s:actor", SOAP12: "s:role"}


@pytest.mark.parametrize(("namespace", "role"), [(n, role) for n in US for role in US[n]])
def test_a_block_for_the_next_or_the_last_receiver_is_for_us(namespace: str, role: str) -> None:
    addressed = f'{ROLE[namespace]}="{role}"'
    assert header_of(f'<known xmlns="urn:h" {addressed}/>', namespace)
    with pytest.raises(faults.NotUnderstood):
        header_of(f'<h xmlns="urn:x" s:mustUnderstand="1" {addressed}/>', namespace)


@pytest.mark.parametrize("namespace", [SOAP11, SOAP12])
@pytest.mark.parametrize("role", ["urn:other", "http://www.w3.org/2003/05/soap-envelope/role/none"])
def test_a_block_for_somebody_else_is_not_ours_to_read_or_to_refuse(
    namespace: str, role: str
) -> None:
    addressed = f's:mustUnderstand="1" {ROLE[namespace]}="{role}"'
    blocks = f'<h xmlns="urn:x" {addressed}/><known xmlns="urn:h" {addressed}/>'
    assert header_of(blocks, namespace) == {}


@pytest.mark.parametrize(("namespace", "other"), [(SOAP11, SOAP12), (SOAP12, SOAP11)])
def test_a_role_in_the_other_versions_spelling_does_not_take_a_block_away(
    namespace: str, other: str
) -> None:
    name = "role" if namespace == SOAP11 else "actor"
    block = f'<h xmlns="urn:x" xmlns:t="{other}" s:mustUnderstand="1" t:{name}="urn:other"/>'
    with pytest.raises(faults.NotUnderstood):
        header_of(block, namespace)


# A token makes a message long, and its other values stay short


LONG = "A" * 5_000


@pytest.mark.parametrize(
    "payload",
    [
        f"<x:CipherValue xmlns:x='urn:x'>{LONG}</x:CipherValue>",
        f'<a xmlns="urn:a"><CipherValue>{LONG}</CipherValue><b>1</b></a>',
        f'<a xmlns="urn:a"><BinarySecurityToken>{LONG}</BinarySecurityToken></a>',
        # Not seen at once to be short, but short.
        f'<CipherValue xmlns="urn:a">{LONG}</CipherValue>',
        f'<a xmlns="urn:a"><!-- c --><CipherValue>{LONG}</CipherValue></a>',
    ],
)
def test_the_text_of_a_token_may_be_long(payload: str) -> None:
    assert read(envelope(payload)).unverified_payload.tag is not None


@pytest.mark.parametrize(
    "payload",
    [
        f'<a xmlns="urn:a">{LONG}</a>',
        f'<a xmlns="urn:a"><CipherValue>x</CipherValue>{LONG}</a>',
        f'<a xmlns="urn:a"><CipherValue>{LONG}<b/></CipherValue></a>',
        f'<a xmlns="urn:a" b="{LONG}"/>',
        f'<a xmlns="urn:a" b="CipherValue>{LONG}"></a>',
        f"<CipherValue xmlns='urn:a' b='{LONG}'>x</CipherValue>",
        f'<a xmlns="urn:a"><NoCipherValue>{LONG}</NoCipherValue></a>',
        f'<a xmlns="urn:a">{LONG[:3000]}<!-- c -->{LONG[:3000]}</a>',
        f'<a xmlns="urn:a"><![CDATA[{LONG[:3000]}]]>{LONG[:3000]}</a>',
        f'<a xmlns="urn:a"><CipherValue>{LONG * 14}</CipherValue></a>',
    ],
)
def test_no_other_text_may_be_long_because_a_token_is(payload: str) -> None:
    token = f'<s:Header><t:t xmlns:t="urn:t"><t:CipherValue>{LONG}</t:CipherValue></t:t></s:Header>'
    message = envelope(payload).replace("<s:Body>", f"{token}<s:Body>")
    assert refused(faults.LimitExceeded, message) == "structure"
