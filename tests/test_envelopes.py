"""Bytes to an envelope and back: media types, encodings, what XML may hold."""

import re

import pytest
from envelope_samples import payload_text, refused
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from soap_samples import PAYLOAD, SOAP_XML, TEXT_XML, envelope

from kps_soap import envelopes, faults
from kps_soap.envelopes import (
    Media,
    SoapVersion,
    read_media,
    text_of,
    xml_attribute,
    xml_text,
)

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
