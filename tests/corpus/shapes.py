"""Cases of SOAP's own rules and of the limits, at every door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lxml import etree

from corpus.documents import after, before, between, in_header, with_value
from corpus.world import DOORS, MAIN, SOAP11, SOAP12, Case, Message, World, case, everywhere

Make = Callable[[World, Message], Message]
ALL = tuple(DOORS)
XSI = "http://www.w3.org/2001/XMLSchema-instance"
BODY_BYTES_MAX = 131_072


def block(content: str = "", attributes: str = "") -> str:
    """A header block of nobody, which need not be understood."""
    return f'<x:w xmlns:x="urn:x" {attributes}>{content}</x:w>'


def nested(depth: int) -> Make:
    """A document of exactly so many levels: the block itself is on the third."""
    inner = depth - 3
    return in_header(block("<y>" * inner + "</y>" * inner))


def attributes(count: int) -> Make:
    return in_header(block("", " ".join(f'a{n}="1"' for n in range(count))))


def children(count: int) -> Make:
    return in_header(block("<y/>" * count))


def elements(count: int) -> Make:
    """A document of exactly so many elements, no one with too many children."""

    def change(_world: World, message: Message) -> Message:
        there = sum(1 for _ in etree.fromstring(message.content).iter("*"))
        missing, text = count - there - 1, ""
        while missing > 0:
            # A branch is an element with up to 200 leaves.
            leaves = min(200, missing - 1)
            text += f"<b>{'<y/>' * leaves}</b>"
            missing -= leaves + 1
        return in_header(block(text))(_world, message)

    return change


def namespaces(count: int) -> Make:
    """A document that declares exactly so many namespaces."""

    def change(world: World, message: Message) -> Message:
        there = message.text.count("xmlns") + 1
        declared = " ".join(f'xmlns:n{n}="urn:n{n}"' for n in range(count - there))
        return in_header(block("", declared))(world, message)

    return change


def body_of(length: int, filler: str = " ") -> Make:
    """A message of exactly so many bytes, filled behind its end."""

    def change(_world: World, message: Message) -> Message:
        missing = length - len(message.content)
        if filler == " ":
            return replace(message, body=message.text + " " * missing)
        return replace(message, body=message.text + f"<!--{'c' * (missing - 7)}-->")

    return change


AT_THE_BOUND: dict[str, Make] = {
    "depth-32": nested(32),
    "attributes-64": attributes(64),
    "children-256": children(256),
    "elements-2000": elements(2000),
    "namespaces-64": namespaces(64),
    "value-4096": in_header(block("v" * 4096)),
    "value-4096-of-references": in_header(block("&#118;" * 4096)),
    "value-4096-of-two-bytes": in_header(block("ş" * 4096)),
    "value-4096-of-surrogate-pairs": in_header(block("😀" * 4096)),
    "attribute-value-4096": in_header(block("", f'a="{"v" * 4096}"')),
    "body-131072": body_of(BODY_BYTES_MAX),
    "body-131072-of-a-comment": body_of(BODY_BYTES_MAX, "c"),
    "name-of-1000": in_header(f'<x:{"n" * 1000} xmlns:x="urn:x"/>'),
    "cipher-value-65536": in_header(block(f"<CipherValue>{'A' * 65_536}</CipherValue>")),
    "a-hundred-comments": in_header("<!-- c -->" * 100),
    "wide-and-flat": in_header(block("<y/>" * 200) + block("<y/>" * 200)),
}
PAST_THE_BOUND: dict[str, Make] = {
    "depth-33": nested(33),
    "depth-255": nested(255),
    "depth-2000": nested(2000),
    "attributes-65": attributes(65),
    "attributes-9000": attributes(9000),
    "children-257": children(257),
    "elements-2001": elements(2001),
    "elements-9000": in_header(block("".join(f"<b>{'<y/>' * 200}</b>" for _ in range(45)))),
    "namespaces-65": namespaces(65),
    "namespaces-2000": namespaces(2000),
    "value-4097": in_header(block("v" * 4097)),
    "value-4097-split-by-comments": in_header(block("v" * 2049 + "<!-- c -->" + "v" * 2048)),
    "value-4097-split-by-cdata": in_header(block("v" * 2049 + f"<![CDATA[{'v' * 2048}]]>")),
    "value-4097-of-references": in_header(block("&#118;" * 4097)),
    "value-4097-of-predefined-entities": in_header(block("&amp;" * 4097)),
    "attribute-value-4097": in_header(block("", f'a="{"v" * 4097}"')),
    "text-between-elements-4097": in_header(block("v" * 4097 + "<y/>")),
    "tail-4097": in_header(block("<y/>" + "v" * 4097)),
    "cipher-value-65537": in_header(block(f"<CipherValue>{'A' * 65_537}</CipherValue>")),
    "name-of-60000": in_header(f'<x:{"n" * 60_000} xmlns:x="urn:x"/>'),
    "attribute-name-of-60000": in_header(block("", f'{"n" * 60_000}="1"')),
    "namespace-of-60000": in_header(block(f'<y xmlns="urn:{"n" * 60_000}" a="{"v" * 5000}"/>')),
}


def limits() -> list[Case]:
    cases: list[Case] = []
    for name, change in AT_THE_BOUND.items():
        cases += everywhere(f"limits/{name}", change, "")
    for name, change in PAST_THE_BOUND.items():
        cases += everywhere(f"limits/{name}", change, "LimitExceeded")
    for length in (BODY_BYTES_MAX + 1, BODY_BYTES_MAX * 2, BODY_BYTES_MAX * 8 + 1):
        cases += everywhere(f"limits/body-{length}", body_of(length), "TooLarge")
    cases += everywhere(
        "limits/depth-5000-unclosed",
        lambda _world, message: replace(message, body="<a>" * 5000),
        "LimitExceeded",
    )
    cases += everywhere(
        "limits/unclosed-below-the-bound",
        lambda _world, message: replace(message, body="<a>" * 30),
        "NotWellFormed",
    )
    for door in ("public", "direct", "routing"):
        zeros = with_value(door, lambda old: "0" * 4085 + old)
        cases.append(case("limits/digits-4096-of-zeros", door, zeros, ""))
        cases.append(case("schema/no-zeros", door, with_value(door, lambda old: f"000{old}"), ""))
        zeros = with_value(door, lambda old: "0" * 5000 + old)
        cases.append(case("limits/digits-5000-of-zeros", door, zeros, "LimitExceeded"))
    return cases


def envelope_named(name: str, namespace: str | None = None) -> Make:
    def change(_world: World, message: Message) -> Message:
        soap = SOAP12 if SOAP12 in message.text[:400] else SOAP11
        text = message.text.replace(f'"{soap}"', f'"{namespace or soap}"', 1)
        return replace(message, body=text.replace("s:Envelope", name))

    return change


def marked(stated: str, role: str = "") -> Callable[[str], Make]:
    """A header of nobody, marked in the words of the door's envelope."""

    def for_door(door: str) -> Make:
        where = "" if not role else f' s:{"actor" if DOORS[door] == SOAP11 else "role"}="{role}"'
        return in_header(block("1", f's:mustUnderstand="{stated}"{where}'))

    return for_door


def without_body(_world: World, message: Message) -> Message:
    start, end = message.text.index("<s:Body>"), message.text.index("</s:Body>") + 9
    return replace(message, body=message.text[:start] + message.text[end:])


def body_content(make: Callable[[str], str]) -> Make:
    """The message with another content of its Body."""

    def change(_world: World, message: Message) -> Message:
        start, end = message.text.index("<s:Body>") + 8, message.text.index("</s:Body>")
        text = message.text
        return replace(message, body=text[:start] + make(text[start:end]) + text[end:])

    return change


def body_twice(_world: World, message: Message) -> Message:
    start, end = message.text.index("<s:Body>"), message.text.index("</s:Body>") + 9
    body = message.text[start:end]
    return replace(message, body=message.text.replace(body, body * 2))


def body_first(_world: World, message: Message) -> Message:
    start, end = message.text.index("<s:Body>"), message.text.index("</s:Body>") + 9
    body = message.text[start:end]
    text = message.text[:start] + message.text[end:]
    return replace(message, body=text.replace("<s:Header>", f"{body}<s:Header>"))


def header_twice(_world: World, message: Message) -> Message:
    return message.swapped("</s:Header>", "</s:Header><s:Header/>")


SHAPES: dict[str, Make] = {
    "two-bodies": body_twice,
    "body-first": body_first,
    "two-headers": header_twice,
    "two-operations": body_content(lambda content: content * 2),
    "element-after-body": after(""),
    "text-in-the-envelope": between("text"),
    "text-in-the-body": body_content(lambda content: f"text{content}"),
    "text-behind-the-operation": body_content(lambda content: f"{content}x"),
    "nbsp-in-the-body": body_content(lambda content: f"\u00a0{content}"),
    "element-between": between("<x/>"),
    "element-behind-body": lambda _world, message: message.swapped(
        "</s:Envelope>", '<x xmlns=""/></s:Envelope>'
    ),
    "header-of-nobody-behind-body": lambda _world, message: message.swapped(
        "</s:Envelope>", '<x:w xmlns:x="urn:x"/></s:Envelope>'
    ),
    "unqualified-header": lambda _world, message: replace(
        message,
        body=message.text.replace("<s:Header>", "<Header>").replace("</s:Header>", "</Header>"),
    ),
}
MISSING: dict[str, Make] = {
    "no-body": without_body,
    "empty-body": body_content(lambda _content: ""),
    "comment-only-body": body_content(lambda _content: "<!-- c -->"),
    "blank-body": body_content(lambda _content: " \r\n\t "),
    "text-only-body": body_content(lambda _content: "text"),
    "unqualified-body": lambda _world, message: replace(
        message, body=message.text.replace("<s:Body>", "<Body>").replace("</s:Body>", "</Body>")
    ),
}
NAMESPACES = {
    "unknown": "urn:x",
    "none": "",
    "working-draft": "http://www.w3.org/2002/06/soap-envelope",
    "other-end": "http://schemas.xmlsoap.org/soap/envelope",
    "https": "https://schemas.xmlsoap.org/soap/envelope/",
    "capitals": "HTTP://SCHEMAS.XMLSOAP.ORG/SOAP/ENVELOPE/",
}


def envelopes() -> list[Case]:
    cases: list[Case] = []
    shapes = {name: make for name, make in SHAPES.items() if name != "element-after-body"}
    for name, change in shapes.items():
        cases += everywhere(f"envelope/{name}", change, "ShapeRefused", ALL)
    for name, change in MISSING.items():
        for door in ALL:
            # The original's reader of SOAP 1.2 misses an action first, where there is a Body.
            without = door == "public12" and name != "no-body"
            expected = "OriginalFault" if without else "BodyMissing"
            cases.append(case(f"envelope/{name}", door, change, expected))
    for name, namespace in NAMESPACES.items():
        if namespace:
            change = envelope_named("s:Envelope", namespace)
            cases += everywhere(f"envelope/version-{name}", change, "VersionMismatch", ALL)
    for door in ("issuer", "routing"):
        change = envelope_named("s:Envelope", SOAP11)
        cases.append(case("envelope/version-of-soap-1.1", door, change, "VersionMismatch"))
    for door in ALL:
        refused = "OriginalFault" if door.startswith("public") else "ShapeRefused"
        for name in ("s:envelope", "s:Body2", "s:Fault"):
            cases.append(case(f"envelope/root-{name[2:]}", door, envelope_named(name), refused))
        cases.append(
            case(
                "envelope/wrapped",
                door,
                lambda _world, message: replace(message, body=f"<x>{message.text}</x>"),
                refused,
            )
        )
        cases += understanding(door)
    return cases


def understanding(door: str) -> list[Case]:
    """Headers that must be understood, and those that need not (SOAP 1.1 §4.2.3, 1.2 §5.2.3)."""
    version = "11" if DOORS[door] == SOAP11 else "12"
    following = {
        "11": "http://schemas.xmlsoap.org/soap/actor/next",
        "12": "http://www.w3.org/2003/05/soap-envelope/role/next",
    }[version]
    last = "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver"
    nobody = "http://www.w3.org/2003/05/soap-envelope/role/none"
    cases = [
        case(f"envelope/mu-{version}-{stated or 'empty'}", door, marked(stated)(door),
             "NotUnderstood")
        for stated in ("1", "true", "yes", "2", "01", "TRUE", "")
    ]  # fmt: skip
    cases += [
        case(f"envelope/mu-{version}-not-{stated}", door, marked(stated)(door), "")
        for stated in ("0", "false")
    ]
    cases += [
        case(f"envelope/mu-{version}-next", door, marked("1", following)(door), "NotUnderstood"),
        case(f"envelope/mu-{version}-last", door, marked("1", last)(door), "NotUnderstood"),
        case(f"envelope/mu-{version}-somebody-else", door, marked("1", "urn:x")(door), ""),
        case(f"envelope/mu-{version}-nobody", door, marked("1", nobody)(door), ""),
        case(
            f"envelope/mu-{version}-of-no-namespace",
            door,
            in_header(block("1", 'mustUnderstand="1"')),
            "",
        ),
        case(
            f"envelope/mu-{version}-of-the-other-version",
            door,
            in_header(
                block(
                    "1",
                    f'xmlns:t="{SOAP12 if version == "11" else SOAP11}" t:mustUnderstand="1"',
                )
            ),
            "",
        ),
        case(
            f"envelope/mu-{version}-deep-inside",
            door,
            in_header(block('<x:y s:mustUnderstand="1"/>')),
            "",
        ),
        case(
            f"envelope/mu-{version}-two-of-which-one",
            door,
            in_header(block("1") + block("2", 's:mustUnderstand="1"')),
            "NotUnderstood",
        ),
    ]
    return cases


LEGAL: dict[str, Make] = {
    "declaration": before('<?xml version="1.0" encoding="utf-8"?>'),
    "declaration-of-elementtree": before("<?xml version='1.0' encoding='utf-8'?>\n"),
    "declaration-in-capitals": before('<?xml version="1.0" encoding="UTF-8"?>'),
    "declaration-standalone": before('<?xml version="1.0" encoding="utf-8" standalone="yes"?>'),
    "declaration-without-encoding": before('<?xml version="1.0"?>'),
    "byte-order-mark": lambda _world, message: replace(
        message, body=b"\xef\xbb\xbf" + message.content
    ),
    "byte-order-mark-and-declaration": lambda _world, message: replace(
        message, body=b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>' + message.content
    ),
    "line-break-first": before("\r\n\n"),
    "line-breaks-last": after("\r\n\r\n"),
    "comment-first": before("<!-- c -->"),
    "comment-last": after("<!-- c -->"),
    "comment-in-the-header": in_header("<!-- c -->"),
    "comment-between": between("<!-- <!DOCTYPE a> <?p?> -->"),
    "comment-in-the-body": body_content(lambda content: f"<!-- c -->{content}<!-- c -->"),
    "blanks-between": between(" \r\n\t"),
    "blanks-in-the-body": body_content(lambda content: f"\r\n  {content}\r\n"),
    "encoding-style": lambda _world, message: message.swapped(
        "<s:Body>", '<s:Body s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">'
    ),
    "id-on-the-body": lambda _world, message: message.swapped("<s:Body>", '<s:Body Id="b">'),
    "xml-lang": lambda _world, message: message.swapped(
        "<s:Envelope ", '<s:Envelope xml:lang="tr" '
    ),
    "prefixes-at-the-top": lambda _world, message: message.swapped(
        "<s:Envelope ",
        f'<s:Envelope xmlns:xsi="{XSI}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" ',
    ),
    "unknown-header": in_header(block("anything <y/> at all")),
    "unknown-header-without-namespace": in_header("<w>1</w>"),
    "trace-context": in_header('<t:traceparent xmlns:t="urn:t">00-1-2-01</t:traceparent>'),
    "blanks-in-tags": lambda _world, message: message.swapped("<s:Body>", "<s:Body \r\n >"),
    "single-quotes": lambda _world, message: replace(
        message,
        body=message.text.replace(f'"{SOAP11}"', f"'{SOAP11}'").replace(
            f'"{SOAP12}"', f"'{SOAP12}'"
        ),
    ),
    "another-prefix": lambda _world, message: replace(
        message,
        body=message.text.replace("<s:", "<soapenv:")
        .replace("</s:", "</soapenv:")
        .replace(" s:", " soapenv:")
        .replace("xmlns:s=", "xmlns:soapenv="),
    ),
    "carriage-returns": lambda _world, message: replace(
        message, body=message.text.replace("<s:Body>", "\r\n<s:Body>\r\n")
    ),
}


def legal_shapes() -> list[Case]:
    cases: list[Case] = []
    for name, change in LEGAL.items():
        cases += everywhere(f"legal/{name}", change, "", ALL)
    for door in ("public", "public12"):
        for name, new in {"no-header": "", "empty-header": "<s:Header/>"}.items():

            def other(_world: World, message: Message, new: str = new) -> Message:
                return message.swapped("<s:Header></s:Header>", new)

            cases.append(case(f"legal/{name}", door, other, ""))
    for order, mark in (("le", b"\xff\xfe"), ("be", b"\xfe\xff")):
        for said in ("utf-16", None):

            def change(
                _world: World, message: Message, order: str = order, mark: bytes = mark,
                said: str | None = said,
            ) -> Message:  # fmt: skip
                (kind,) = [v for n, v in message.headers if n.lower() == "content-type"]
                media = kind.partition(";")[0] + (f"; charset={said}" if said else "")
                body = mark + message.text.encode(f"utf-16-{order}")
                return replace(message, body=body).named(Content_Type=media)

            cases += everywhere(f"legal/utf-16-{order}-{said or 'unsaid'}", change, "", ALL)
    for door in ALL:
        for name, make in {
            "cdata": lambda old: f"<![CDATA[{old}]]>",
            "cdata-in-parts": lambda old: f"{old[:2]}<![CDATA[{old[2:5]}]]>{old[5:]}",
            "comment-inside": lambda old: f"{old[:6]}<!-- 9 -->{old[6:]}",
            "reference-inside": lambda old: f"&#{ord(old[0])};{old[1:]}",
            "reference-in-hexadecimal": lambda old: f"&#x{ord(old[0]):x};{old[1:]}",
            "blanks-around": lambda old: f" \r\n\t{old} ",
        }.items():
            cases.append(case(f"legal/value-{name}", door, with_value(door, make), ""))
    return cases


def shapes() -> list[Case]:
    return [*limits(), *envelopes(), *legal_shapes()]


__all__ = ["MAIN", "block", "body_content", "shapes"]
