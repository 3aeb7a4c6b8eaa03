"""Bytes to an envelope: media types, encodings, limits, and SOAP's own rules."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from soap_samples import PAYLOAD, SOAP11, SOAP12, SOAP_XML, TEXT_XML, envelope

from kps_soap import envelopes, faults
from kps_soap.envelopes import (
    Envelope,
    Limits,
    Media,
    Reader,
    SoapVersion,
    open_envelope,
    read_media,
    text_of,
    xml_attribute,
    xml_text,
)

READER = Reader(Limits())
SMALL = Limits(
    depth_max=6,
    attributes_per_element_max=3,
    children_per_element_max=4,
    elements_max=12,
    namespaces_max=3,
    value_characters_max=20,
    token_characters_max=40,
)


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


# Media types


@pytest.mark.parametrize(
    "content_type",
    [
        "text/xml",
        "text/xml;",
        "text/xml; charset=utf-8",
        "text/xml;charset=UTF-8",
        'text/xml; charset="utf-8"',
        'TEXT/XML ; CHARSET = "Utf-8" ',
        "text/xml; charset=utf8",
        "text/xml; charset=",
        'text/xml;; action="urn:a" ; charset=utf-8;',
        "text/xml; boundary=x; charset=utf-8",
    ],
)
def test_utf_8_is_taken_however_the_parameter_is_spelt(content_type: str) -> None:
    assert read_media(content_type).version is SoapVersion.V11


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/html; charset=utf-8",
        "application/xml",
        "application/xop+xml",
        "multipart/related; type=text/xml",
        "text/xml, text/xml",
        "text/xml charset=utf-8",
        "text/xml; charset=iso-8859-9",
        "text/xml; charset=windows-1254",
        "text/xml; charset=us-ascii",
        "text/xml; charset=utf-7",
        "text/xml; charset=utf-32",
        "text/xml; charset=utf-16le",
        "text/xml; charset='utf-8'",
        'text/xml; charset="utf-8',
        "text/xml; charset=utf-8 x",
        "text/xml; charset*=utf-8''utf-7",
        "text/xml; charset",
        "text/xml; charset=utf-8; charset=utf-8",
        "text/xml; charset=utf-8; Charset=utf-16",
        "text/xml; charset=utf-8, text/html",
        "text/xml; charset=ＵＴＦ-8",
    ],
)
def test_another_media_type_charset_or_parameter_is_refused(content_type: str) -> None:
    with pytest.raises(faults.MediaTypeRefused):
        read_media(content_type)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip", "x"])
def test_a_content_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(faults.MediaTypeRefused):
        read_media(TEXT_XML, encoding)


@pytest.mark.parametrize("encoding", ["", " ", "identity", " Identity "])
def test_no_content_encoding_is_as_good_as_identity(encoding: str) -> None:
    assert read_media(TEXT_XML, encoding) == Media(SoapVersion.V11, "utf-8", None)


def test_the_action_parameter_is_read_whole_even_with_a_semicolon_in_it() -> None:
    media = read_media('application/soap+xml; action="urn:a;charset=utf-7"; charset=utf-8')
    assert media == Media(SoapVersion.V12, "utf-8", "urn:a;charset=utf-7")
    assert read_media("application/soap+xml; Action=urn:a").action == "urn:a"
    assert read_media('application/soap+xml; action=""').action == ""


def test_each_version_answers_in_its_own_media_type() -> None:
    assert SoapVersion.V11.content_type == TEXT_XML
    assert SoapVersion.V12.content_type == SOAP_XML


# Encodings


TURKISH = "ŞÜKRÜ ığdır İĞÇÖ 😀"
TEXT_MESSAGE = envelope(f"<a>{TURKISH}</a>")


@pytest.mark.parametrize(
    "body",
    [
        TEXT_MESSAGE.encode(),
        b"\xef\xbb\xbf" + TEXT_MESSAGE.encode(),
        b'<?xml version="1.0"?>' + TEXT_MESSAGE.encode(),
        b"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\r\n" + TEXT_MESSAGE.encode(),
        b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>' + TEXT_MESSAGE.encode(),
        b"<?xml version='1.0' encoding='utf8'?>\n" + TEXT_MESSAGE.encode(),
    ],
)
def test_utf_8_is_read_with_and_without_mark_and_declaration(body: bytes) -> None:
    assert payload_text(body) == TURKISH
    assert payload_text(body, "text/xml") == TURKISH


@pytest.mark.parametrize(
    ("mark", "codec"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]
)
@pytest.mark.parametrize("start", ["", '<?xml version="1.0" encoding="UTF-16"?>'])
@pytest.mark.parametrize("content_type", ["text/xml", 'text/xml; charset="UTF-16"'])
def test_utf_16_is_transcoded_where_it_shows_its_mark(
    mark: bytes, codec: str, start: str, content_type: str
) -> None:
    assert payload_text(mark + (start + TEXT_MESSAGE).encode(codec), content_type) == TURKISH


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-32"])
@pytest.mark.parametrize("content_type", ["text/xml", TEXT_XML, "text/xml; charset=utf-16"])
def test_utf_16_without_its_mark_and_utf_32_are_refused(codec: str, content_type: str) -> None:
    body = ('<?xml version="1.0" encoding="utf-16"?>' + TEXT_MESSAGE).encode(codec)
    refused(faults.EncodingRefused, body, content_type)


def test_utf_32_with_a_big_endian_mark_is_refused() -> None:
    body = b"\x00\x00\xfe\xff" + TEXT_MESSAGE.encode("utf-32-be")
    assert refused(faults.EncodingRefused, body, "text/xml") == "utf-32"


def test_the_charset_and_the_byte_order_mark_must_agree() -> None:
    refused(faults.EncodingRefused, TEXT_MESSAGE.encode("utf-16"), TEXT_XML)
    refused(faults.EncodingRefused, TEXT_MESSAGE.encode(), "text/xml; charset=utf-16")
    marked = b"\xef\xbb\xbf" + TEXT_MESSAGE.encode()
    refused(faults.EncodingRefused, marked, "text/xml; charset=utf-16")


@pytest.mark.parametrize(
    "declared",
    [
        "utf-16",
        "iso-8859-9",
        "windows-1254",
        "us-ascii",
        "UTF-7",
        "utf-32",
        "ebcdic-cp-us",
        "rot13",
        "a b",
        "x" * 100,
        "",
    ],
)
def test_another_declared_encoding_is_refused_whatever_the_bytes_are(declared: str) -> None:
    start = f'<?xml version="1.0" encoding="{declared}"?>'
    assert refused(faults.EncodingRefused, start + envelope()) == "declared encoding"


def test_a_declaration_is_found_behind_any_amount_of_blanks() -> None:
    start = '<?xml version="1.0"' + " " * 5_000 + 'encoding = "iso-8859-9"?>'
    refused(faults.EncodingRefused, start + envelope())


def test_utf_16_that_declares_another_encoding_is_refused() -> None:
    start = '<?xml version="1.0" encoding="utf-8"?>'
    refused(faults.EncodingRefused, (start + envelope()).encode("utf-16"), "text/xml")


def test_utf_16_that_is_cut_in_a_character_or_holds_half_a_pair_is_refused() -> None:
    body = envelope().encode("utf-16")
    refused(faults.EncodingRefused, body[:-1], "text/xml")
    lonely = body[:40] + b"\x00\xd8" + body[40:]
    refused(faults.EncodingRefused, lonely, "text/xml")


def test_utf_7_is_read_as_the_bytes_it_is_made_of_and_so_is_no_xml() -> None:
    body = envelope().replace("<", "+ADw-").replace(">", "+AD4-")
    refused(faults.NotWellFormed, body, "text/xml")


@pytest.mark.parametrize(
    "wrong", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"]
)
def test_bytes_that_are_no_utf_8_are_not_well_formed(wrong: bytes) -> None:
    refused(
        faults.NotWellFormed, envelope("<a>x</a>").encode().replace(b">x<", b">" + wrong + b"<")
    )


@pytest.mark.parametrize(
    "text", ["\x01", "\x0b", "\x7f\x00", "\ufffe", "&#0;", "&#x1F;", "&#xD800;"]
)
def test_characters_that_xml_does_not_know_are_not_well_formed(text: str) -> None:
    refused(faults.NotWellFormed, envelope(f"<a>{text}</a>"))


@pytest.mark.parametrize(
    "body", [b"", b" ", b"\xef\xbb\xbf", b"x", b"{}", b"<", b"<a>", b"<a></b>", b"</a>"]
)
def test_what_is_no_xml_is_not_well_formed(body: bytes) -> None:
    refused(faults.NotWellFormed, body)


def test_a_compressed_body_is_refused_before_it_is_parsed() -> None:
    refused(faults.EncodingRefused, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03")


def test_blanks_before_the_envelope_are_allowed_but_not_before_a_declaration() -> None:
    assert payload_text("\r\n\t " + envelope()) == "x"
    assert payload_text('<?xml version="1.0"?>\r\n\r\n' + envelope()) == "x"
    refused(faults.NotWellFormed, '\n<?xml version="1.0"?>' + envelope())


def test_xml_1_1_is_refused() -> None:
    refused(faults.NotWellFormed, '<?xml version="1.1"?>' + envelope())
    refused(faults.NotWellFormed, '<?xml version="2.0"?>' + envelope())


# Document types, instructions, comments


DOCTYPES = [
    "<!DOCTYPE a>",
    '<!DOCTYPE a SYSTEM "urn:nowhere">',
    '<!DOCTYPE a PUBLIC "-//X//Y" "urn:nowhere">',
    "<!DOCTYPE a []>",
    '<!DOCTYPE a [<!ENTITY e "x">]>',
    '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE a [<!ENTITY % p SYSTEM "urn:nowhere">%p;]>',
    "<!DOCTYPE\ta>",
    "<!DOCTYPE a><!DOCTYPE b>",
    "<!DOCTYPE",
]


@pytest.mark.parametrize("doctype", DOCTYPES)
@pytest.mark.parametrize(
    "before",
    [
        "",
        " \r\n\t",
        '<?xml version="1.0" encoding="utf-8"?>\n',
        "<!-- -> a comment > -->",
        "<!-- a -->\n<!-- b -->",
        "<?pi x?>",
        "<?pi x?> <!-- ?> --> <?pi y?>",
    ],
)
def test_a_document_type_is_refused_wherever_it_may_stand(doctype: str, before: str) -> None:
    refused(faults.DoctypeRefused, before + doctype + envelope())


def test_a_document_type_is_refused_in_utf_16_too() -> None:
    body = ('<!DOCTYPE a [<!ENTITY e "x">]>' + envelope("<a>&e;</a>")).encode("utf-16")
    refused(faults.DoctypeRefused, body, "text/xml")


def test_the_parser_itself_tells_of_a_document_type_that_a_search_would_miss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(envelopes, "_DOCTYPE", re.compile(b"(?!)"))
    refused(faults.DoctypeRefused, "<!DOCTYPE a>" + envelope())
    refused(faults.DoctypeRefused, "<!DOCTYPE a []>" + envelope())


@pytest.mark.parametrize(
    "message",
    [
        "<!doctype a>" + envelope(),
        "<!DocType a>" + envelope(),
        "<! DOCTYPE a>" + envelope(),
        envelope() + "<!DOCTYPE a>",
        envelope("<a><!DOCTYPE a></a>"),
        envelope("<a>&e;</a>"),
        envelope('<a b="&e;"/>'),
        envelope("<a><!ENTITY e 'x'></a>"),
        "x<!DOCTYPE a>" + envelope(),
        "<!-- unfinished <!DOCTYPE a>" + envelope(),
        "<?unfinished <!DOCTYPE a>" + envelope("<a/>"),
    ],
)
def test_what_is_no_document_type_for_xml_is_not_well_formed(message: str) -> None:
    refused(faults.NotWellFormed, message)


@pytest.mark.parametrize(
    "message",
    [
        "<!-- <!DOCTYPE a> -->" + envelope(),
        envelope("<a><!-- <!DOCTYPE a> -->x</a>"),
        envelope("<a>x<!-- ]]> <? &e; --></a>"),
        envelope("<a><![CDATA[x]]></a>"),
    ],
)
def test_a_document_type_in_a_comment_is_a_comment(message: str) -> None:
    assert payload_text(message) == "x"


def test_a_document_type_in_a_cdata_section_is_text() -> None:
    assert payload_text(envelope("<a><![CDATA[<!DOCTYPE a>&e;]]></a>")) == "<!DOCTYPE a>&e;"


def test_a_search_for_a_document_type_walks_each_byte_once() -> None:
    # With backtracking this would take longer than the universe is old.
    many = "<?a?>" * 20_000 + "<!-- a -->" * 1_000
    refused(faults.InstructionRefused, many + "<!-- <!DOCTYPE a> -->" + envelope())
    refused(faults.NotWellFormed, many + "<? <!DOCTYPE a>")


@pytest.mark.parametrize(
    "message",
    [
        "<?pi?>" + envelope(),
        "<?xml-stylesheet href='x' encoding='x'?>" + envelope(),
        "<?xml version='1.0'?><?pi x?>" + envelope(),
        envelope() + "<?pi x?>",
        envelope("<?pi x?>" + PAYLOAD),
        envelope("<a>x<?pi y?>z</a>"),
        envelope(header="<?pi x?>"),
        envelope().replace("<s:Body>", "<?pi x?><s:Body>"),
    ],
)
def test_a_processing_instruction_is_refused_wherever_it_stands(message: str) -> None:
    refused(faults.InstructionRefused, message)


def test_what_only_looks_like_an_instruction_is_text() -> None:
    assert payload_text(envelope("<a><![CDATA[<?pi x?>]]></a>")) == "<?pi x?>"
    assert payload_text(envelope("<a><!-- <?pi x?> -->x</a>")) == "x"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("100000<!-- c -->00215", "10000000215"),
        ("<!-- c -->10000000215<!-- d -->", "10000000215"),
        ("1<!-- c --><!-- d -->2<![CDATA[3]]>4", "1234"),
        ("<![CDATA[1]]><![CDATA[2]]>", "12"),
        ("&#49;2&#x33;", "123"),
        ("&lt;a&gt; &amp;&quot;&apos;", "<a> &\"'"),
        ("", ""),
    ],
)
def test_a_value_is_read_whole_however_it_is_written(content: str, text: str) -> None:
    assert payload_text(envelope(f"<a>{content}</a>")) == text


def test_there_is_no_text_of_an_element_that_holds_elements() -> None:
    with pytest.raises(faults.ShapeRefused):
        text_of(etree.fromstring("<a>1<b/>2</a>"))


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


# Writing


@settings(deadline=None)
@given(st.text())
def test_escaped_text_is_read_back_as_it_was_but_for_what_xml_cannot_say(text: str) -> None:
    element = etree.fromstring(f'<a b="{xml_attribute(text)}">{xml_text(text)}</a>')
    sayable = "".join(
        c
        if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000"
        else "?"
        for c in text
    )
    assert (element.text or "") == element.get("b") == sayable


@pytest.mark.parametrize(
    ("text", "in_content", "in_attribute"),
    [
        ("<a>&\"'", "&lt;a&gt;&amp;\"'", "&lt;a>&amp;&quot;'"),
        ("\t\n\r", "\t\n&#xD;", "&#x9;&#xA;&#xD;"),
        ("]]>", "]]&gt;", "]]>"),
        ("\x00\x1f\ufffe", "???", "???"),
    ],
)
def test_escaped_text_is_in_canonical_form(text: str, in_content: str, in_attribute: str) -> None:
    assert xml_text(text) == in_content
    assert xml_attribute(text) == in_attribute


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
