"""Cases of what a document may not be: document types, instructions, encodings, broken XML."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from corpus.world import MAIN, Case, Message, World, case, everywhere

#: A file that documents try to bring in; what stands in it never leaves.
CANARY_FILE = Path(__file__).with_name("canary.txt")
CANARY = CANARY_FILE.as_uri()
XML = '<?xml version="1.0" encoding="utf-8"?>'


def before(text: str) -> Callable[[World, Message], Message]:
    """Something in front of the envelope."""
    return lambda _world, message: replace(message, body=text + message.text)


def after(text: str) -> Callable[[World, Message], Message]:
    return lambda _world, message: replace(message, body=message.text + text)


def in_header(text: str) -> Callable[[World, Message], Message]:
    return lambda _world, message: message.swapped("</s:Header>", f"{text}</s:Header>")


def between(text: str) -> Callable[[World, Message], Message]:
    return lambda _world, message: message.swapped("<s:Body>", f"{text}<s:Body>")


def with_value(
    door: str, new: Callable[[str], str], start: str = ""
) -> Callable[[World, Message], Message]:
    """The value of a door's message, written in another way."""

    def change(world: World, message: Message) -> Message:
        old = world.value(door)
        changed = message.swapped(f">{old}<", f">{new(old)}<")
        return replace(changed, body=start + changed.text)

    return change


def encoded(make: Callable[[str], bytes], **headers: str) -> Callable[[World, Message], Message]:
    """The whole message in other bytes."""
    return lambda _world, message: replace(message, body=make(message.text)).named(**headers)


LAUGHS = "".join(
    f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "ha"}{("&l" + str(n - 1) + ";") * 9}">'
    if n
    else '<!ENTITY l0 "ha">'
    for n in range(10)
)
DOCTYPES = {
    "unused": "<!DOCTYPE s:Envelope>",
    "unused-internal": "<!DOCTYPE a []>",
    "internal-entity": '<!DOCTYPE a [<!ENTITY e "x">]>',
    "external-file": f'<!DOCTYPE a [<!ENTITY e SYSTEM "{CANARY}">]>',
    "external-http": '<!DOCTYPE a [<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]>',
    "external-subset": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">',
    "external-subset-file": f'<!DOCTYPE a SYSTEM "{CANARY}">',
    "public-identifier": '<!DOCTYPE a PUBLIC "-//X//Y" "http://127.0.0.1:9/x.dtd">',
    "parameter-entity": '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>',
    "parameter-entity-internal": "<!DOCTYPE a [<!ENTITY % p '<!ENTITY e \"x\">'> %p;]>",
    "billion-laughs": f"<!DOCTYPE a [{LAUGHS}]>",
    "quadratic": f'<!DOCTYPE a [<!ENTITY e "{"x" * 3000}">]>',
    "recursive-entity": '<!DOCTYPE a [<!ENTITY e "&f;"><!ENTITY f "&e;">]>',
    "notation": '<!DOCTYPE a [<!NOTATION n SYSTEM "x">]>',
    "unparsed-entity": '<!DOCTYPE a [<!NOTATION n SYSTEM "x"><!ENTITY e SYSTEM "y" NDATA n>]>',
    "default-attribute": (
        '<!DOCTYPE a [<!ATTLIST s:Envelope x CDATA "1" xmlns:s CDATA #FIXED "urn:x">]>'
    ),
    "id-attribute": "<!DOCTYPE a [<!ATTLIST s:Body u ID #IMPLIED>]>",
    "element-declaration": "<!DOCTYPE a [<!ELEMENT a ANY>]>",
    "comment-in-subset": "<!DOCTYPE a [<!-- <!ENTITY e 'x'> -->]>",
    "instruction-in-subset": "<!DOCTYPE a [<?p x?>]>",
    "many-spaces": "<!DOCTYPE\n\t a \r\n [ ] >",
}
USED = {
    "used-in-a-value": '<!DOCTYPE a [<!ENTITY e "x">]>',
    "used-in-a-value-file": f'<!DOCTYPE a [<!ENTITY e SYSTEM "{CANARY}">]>',
    "used-in-a-value-laughs": f"<!DOCTYPE a [{LAUGHS.replace('l9', 'e')}]>",
}


def doctypes() -> list[Case]:
    cases: list[Case] = []
    for name, text in DOCTYPES.items():
        cases += everywhere(f"doctype/{name}", before(text), "DoctypeRefused")
    for door in MAIN:
        for name, text in USED.items():
            change = with_value(door, lambda old: f"{old[:3]}&e;{old[3:]}", text)
            cases.append(case(f"doctype/{name}", door, change, "DoctypeRefused"))
        for name, make in ENCODED_DOCTYPES.items():
            cases.append(case(f"doctype/{name}", door, make, "DoctypeRefused"))
        for name, make in NOT_THERE.items():
            cases.append(case(f"doctype/{name}", door, make, "NotWellFormed"))
        cases.append(
            case(
                "doctype/undeclared-entity",
                door,
                with_value(door, lambda old: f"{old}&e;"),
                "NotWellFormed",
            )
        )
        cases.append(
            case(
                "doctype/xinclude-in-a-header",
                door,
                in_header(
                    '<i:include xmlns:i="http://www.w3.org/2001/XInclude" parse="text"'
                    f' href="{CANARY}"/>'
                ),
                "",
            )
        )
        cases.append(
            case(
                "doctype/schemalocation-on-the-envelope",
                door,
                lambda _world, message: message.swapped(
                    "<s:Envelope ",
                    '<s:Envelope xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
                    'i:schemaLocation="urn:x http://127.0.0.1:9/x.xsd" ',
                ),
                "",
            )
        )
    return cases


ENCODED_DOCTYPES = {
    "behind-a-declaration": before(f"{XML}<!DOCTYPE a>"),
    "behind-a-comment": before("<!-- c --><!DOCTYPE a>"),
    "behind-many-comments": before("<!-- c -->" * 50 + "<!DOCTYPE a>"),
    "behind-an-instruction": before("<?p x?><!DOCTYPE a>"),
    "behind-line-breaks": before("\n\r\n\t <!DOCTYPE a>"),
    "in-utf-16-little-endian": lambda world, message: encoded(
        lambda text: b"\xff\xfe" + f"<!DOCTYPE a>{text}".encode("utf-16-le"),
        Content_Type=_media(message, "utf-16"),
    )(world, message),
    "in-utf-16-big-endian": lambda world, message: encoded(
        lambda text: b"\xfe\xff" + f"<!DOCTYPE a>{text}".encode("utf-16-be"),
        Content_Type=_media(message, "utf-16"),
    )(world, message),
    "behind-a-byte-order-mark": encoded(
        lambda text: b"\xef\xbb\xbf" + f"<!DOCTYPE a>{text}".encode()
    ),
}
NOT_THERE = {
    "lower-case": before("<!doctype a>"),
    "unfinished": before("<!DOCTYP a>"),
    "at-the-end": after("<!DOCTYPE a>"),
    "in-the-header": in_header("<!DOCTYPE a>"),
    "between-header-and-body": between("<!DOCTYPE a>"),
    "entity-declaration-alone": before('<!ENTITY e "x">'),
}


def _media(message: Message, charset: str | None) -> str:
    (media,) = [value for name, value in message.headers if name.lower() == "content-type"]
    kind = media.partition(";")[0]
    return kind if charset is None else f"{kind}; charset={charset}"


def instructions() -> list[Case]:
    cases: list[Case] = []
    texts = {"plain": "<?p x?>", "style-sheet": '<?xml-stylesheet href="http://127.0.0.1:9/x"?>',
             "php": "<?php system('id') ?>", "empty": "<?p?>"}  # fmt: skip
    for name, text in texts.items():
        cases += everywhere(f"pi/{name}-at-the-start", before(text), "InstructionRefused")
        cases += everywhere(f"pi/{name}-at-the-end", after(text), "InstructionRefused")
        cases += everywhere(f"pi/{name}-in-the-header", in_header(text), "InstructionRefused")
        cases += everywhere(f"pi/{name}-before-the-body", between(text), "InstructionRefused")
    for door in MAIN:
        cases.append(
            case(
                "pi/inside-a-value",
                door,
                with_value(door, lambda old: f"{old[:4]}<?p x?>{old[4:]}"),
                "InstructionRefused",
            )
        )
        cases.append(case("pi/behind-a-declaration", door, before(f"{XML}<?p?>"),
                          "InstructionRefused"))  # fmt: skip
    cases += everywhere("pi/second-declaration", before(XML + XML), "NotWellFormed")
    cases += everywhere("pi/declaration-behind-a-blank", before(f" {XML}"), "NotWellFormed")
    cases += everywhere("pi/declaration-in-the-header", in_header(XML), "NotWellFormed")
    cases += everywhere("pi/reserved-name", in_header("<?XML x?>"), "NotWellFormed")
    cases += everywhere("pi/unfinished", in_header("<?p x"), "NotWellFormed")
    return cases


def declared(name: str, codec: str | None = None) -> Callable[[World, Message], Message]:
    """A declared encoding, and the bytes of it."""
    start = f'<?xml version="1.0" encoding="{name}"?>'
    return encoded(lambda text: (start + text).encode(codec or name, "xmlcharrefreplace"))


def charset(name: str, codec: str = "utf-8") -> Callable[[World, Message], Message]:
    def change(_world: World, message: Message) -> Message:
        body = message.text.encode(codec)
        return replace(message, body=body).named(Content_Type=_media(message, name))

    return change


WRONG_BYTES = {
    "overlong-slash": b"\xc0\xaf",
    "overlong-null": b"\xc0\x80",
    "lone-continuation": b"\x80",
    "cut-character": b"\xe2\x82",
    "surrogate": b"\xed\xa0\x80",
    "surrogate-pair-as-cesu": b"\xed\xa0\xbd\xed\xb8\x80",
    "beyond-unicode": b"\xf4\x90\x80\x80",
    "byte-fe": b"\xfe",
    "byte-ff": b"\xff",
    "null": b"\0",
    "control-1": b"\x01",
    "escape": b"\x1b",
    "vertical-tab": b"\x0b",
    "not-a-character": "\ufffe".encode(),
    "windows-1254-letter": b"\xfd",
}
REFERENCES = ("&#0;", "&#1;", "&#x1F;", "&#xD800;", "&#xFFFE;", "&#x110000;", "&#-1;", "&#x;",
              "&#99999999999;", "&amp", "&unknown;", "&;")  # fmt: skip


def encodings() -> list[Case]:
    cases: list[Case] = []
    names = ("windows-1254", "iso-8859-9", "iso-8859-1", "us-ascii")
    for name in names:
        cases += everywhere(f"encoding/declared-{name}", declared(name), "EncodingRefused")
    for name, codec in (("utf-7", "utf-7"), ("ebcdic-cp-us", "ascii"), ("x-unknown", "ascii"),
                        ("unicode_escape", "ascii"), ("punycode", "ascii"),
                        ("shift_jis", "ascii"), ("gb18030", "ascii"), ("ucs-2", "ascii"),
                        ("utf-32", "ascii"), ("", "ascii")):  # fmt: skip

        def wrong(name: str = name, codec: str = codec) -> Callable[[World, Message], Message]:
            start = f'<?xml version="1.0" encoding="{name}"?>'
            return encoded(
                lambda text: (
                    (start + text).encode(codec, "xmlcharrefreplace")
                    if codec != "utf-7"
                    else start.encode() + text.encode("ascii", "xmlcharrefreplace")
                )
            )

        cases += everywhere(f"encoding/declared-{name or 'nothing'}", wrong(), "EncodingRefused")
    for name in ("windows-1254", "iso-8859-9", "utf-7", "utf-32", "utf-8-sig", "unicode_escape",
                 "rot13", "idna", "punycode", "x-unknown", "utf8;charset=utf-16", "'utf-8'",
                 "utf-16le"):  # fmt: skip
        cases += everywhere(f"encoding/charset-{name}", charset(name), "MediaTypeRefused")
    return cases


def wide_encodings() -> list[Case]:
    """UTF-16 and UTF-32 that do not say so, or say something else."""
    cases: list[Case] = []
    for order in ("le", "be"):
        mark = b"\xff\xfe" if order == "le" else b"\xfe\xff"
        cases += everywhere(
            f"encoding/utf-16-{order}-without-mark",
            encoded(lambda text, order=order: text.encode(f"utf-16-{order}")),
            "EncodingRefused",
        )
        cases += everywhere(
            f"encoding/utf-16-{order}-under-utf-8",
            encoded(lambda text, order=order, mark=mark: mark + text.encode(f"utf-16-{order}")),
            "EncodingRefused",
        )
        cases += everywhere(
            f"encoding/utf-32-{order}",
            encoded(
                lambda text, order=order: {
                    "le": b"\xff\xfe\0\0", "be": b"\0\0\xfe\xff"}[order]
                + text.encode(f"utf-32-{order}")
            ),
            "EncodingRefused",
        )  # fmt: skip
        cases += everywhere(
            f"encoding/utf-16-{order}-cut",
            lambda world, message, order=order, mark=mark: replace(
                message, body=mark + message.text.encode(f"utf-16-{order}")[:-1]
            ).named(Content_Type=_media(message, "utf-16")),
            "EncodingRefused",
        )
    return cases


def bytes_and_references() -> list[Case]:
    """Bytes and references that are no characters, and messages that are packed."""
    cases: list[Case] = []
    for door in MAIN:
        for name, raw in WRONG_BYTES.items():

            def change(
                world: World, message: Message, raw: bytes = raw, door: str = door
            ) -> Message:
                value = f">{world.value(door)}<".encode()
                return replace(
                    message, body=message.content.replace(value, value[:-1] + raw + b"<")
                )

            cases.append(case(f"encoding/{name}", door, change, "NotWellFormed"))
        for text in REFERENCES:
            cases.append(
                case(
                    f"encoding/reference-{text.strip('&;#') or 'empty'}",
                    door,
                    with_value(door, lambda old, text=text: old + text),
                    "NotWellFormed",
                )
            )
    cases += everywhere(
        "encoding/gzip-unsaid", encoded(lambda text: gzip.compress(text.encode(), mtime=0)),
        "EncodingRefused",
    )  # fmt: skip
    for name, pack in (("gzip", gzip.compress), ("deflate", zlib.compress), ("br", bytes)):
        cases += everywhere(
            f"encoding/gzip-said-{name}",
            encoded(lambda text, pack=pack: pack(text.encode()), Content_Encoding=name),
            "MediaTypeRefused",
        )
    return cases


def broken() -> list[Case]:
    """Documents that are none (the first message of a client that is being written)."""
    texts = {
        "nothing": "",
        "blank": "   ",
        "text": "hello",
        "json": '{"TCKimlikNo": 1}',
        "form": "TCKimlikNo=1&Ad=A",
        "html": "<html><body><br></body></html>",
        "cut-in-a-tag": "<s:Envelope xmlns:s='x'><s:Bo",
        "cut-at-the-end": "<a><b></b>",
        "two-roots": "<a/><b/>",
        "text-behind": "<a/>x",
        "text-before": "x<a/>",
        "undeclared-prefix": "<s:Envelope/>",
        "attribute-twice": "<a b='1' b='2'/>",
        "attribute-twice-by-namespace": "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
        "no-quotes": "<a b=1/>",
        "crossed": "<a><b></a></b>",
        "bracket-in-a-value": "<a b='<'/>",
        "cdata-end": "<a>]]></a>",
        "cdata-open": "<a><![CDATA[x</a>",
        "comment-open": "<a><!-- x</a>",
        "comment-with-dashes": "<a><!-- x -- y --></a>",
        "xml-1.1": '<?xml version="1.1"?><a/>',
        "xml-2.0": '<?xml version="2.0"?><a/>',
        "prefix-xmlns": "<xmlns:a xmlns:xmlns='x'/>",
        "prefix-xml-rebound": "<a xmlns:xml='urn:x'/>",
        "empty-prefix": "<a xmlns:p=''/>",
        "colon-name": "<:a/>",
        "digit-name": "<1a/>",
        "binary": "\x02\x03",
        "standalone": '<?xml version="1.0" standalone="maybe"?><a/>',
    }
    cases: list[Case] = []
    for name, text in texts.items():
        cases += everywhere(
            f"envelope/garbage-{name}",
            lambda _world, message, text=text: replace(message, body=text),
            "NotWellFormed",
        )
    return cases


def documents() -> list[Case]:
    return [
        *doctypes(),
        *instructions(),
        *encodings(),
        *wide_encodings(),
        *bytes_and_references(),
        *broken(),
    ]
