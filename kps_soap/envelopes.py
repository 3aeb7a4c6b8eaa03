"""Bytes to a hardened SOAP envelope, and the small pieces that write one.

One parse: media type, encoding and limits first, then the tree, then SOAP's own rules
(hardening §0, stack §6).  What comes out is an ``Envelope`` whose parts were taken by
absolute position, never by search.  Nothing here is vouched for yet, so every value carries
``unverified_``.  This room authenticates nobody, validates no contract and writes no fault
of its own: each door has its words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from lxml import etree

from kps_soap import faults
from kps_soap.turkish import ascii_lower

Element = etree._Element

SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
NEXT_ROLES: Final = frozenset(
    {
        "http://schemas.xmlsoap.org/soap/actor/next",
        "http://www.w3.org/2003/05/soap-envelope/role/next",
        "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
        "",
    }
)


class SoapVersion(Enum):
    """The two envelopes that are spoken here, by namespace."""

    V11 = SOAP11
    V12 = SOAP12

    @property
    def content_type(self) -> str:
        return (
            "text/xml; charset=utf-8"
            if self is SoapVersion.V11
            else "application/soap+xml; charset=utf-8"
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """Structural bounds of one message (design §11); characters and counts, not bytes."""

    depth_max: int = 32
    attributes_per_element_max: int = 64
    children_per_element_max: int = 256
    elements_max: int = 2_000
    namespaces_max: int = 64
    value_characters_max: int = 4_096
    token_characters_max: int = 65_536


@dataclass(frozen=True, slots=True)
class Media:
    """What the HTTP headers say of the body: media type, and the SOAP 1.2 action parameter."""

    version: SoapVersion
    charset: str
    action: str | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message that keeps SOAP's rules.  Nothing in it is vouched for."""

    root: Element
    version: SoapVersion
    unverified_headers: dict[str, Element]
    unverified_payload: Element


_PARAMETER = re.compile(r"""\s*(?:([A-Za-z0-9!#$&^_.+-]+)\s*=\s*("[^"]*"|[^;\s",]*)\s*)?(?:;|\Z)""")
_DECLARATION = re.compile(rb"<\?xml\s")
_DECLARED = re.compile(rb"""<\?xml(?=\s)[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")
# Atomic groups: what has been walked over once is not walked over again, so that a message
# made of instructions cannot make the search exponential.
_DOCTYPE = re.compile(rb"\s*+(?>(?><\?.*?\?>|<!--.*?-->)\s*+)*+<!DOCTYPE", re.DOTALL)
_TOKEN_START = re.compile(rb"(?:[A-Za-z0-9_.-]{1,64}:)?(?:CipherValue|BinarySecurityToken)>")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF32_MARKS = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF8_NAMES = frozenset({"", "utf-8", "utf8"})
_BLANKS = " \t\r\n"

#: libxml2's own bounds, which stop the parser before ours are looked at.
_PARSER_LIMITS = frozenset(
    {etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_NAME_TOO_LONG}
)


@lru_cache(maxsize=256)
def read_media(content_type: str, content_encoding: str = "") -> Media:
    """Judge Content-Type and Content-Encoding (wire A.5, RFC 7303).

    Callers send a handful of different ones, so what was judged is remembered.

    Raises ``MediaTypeRefused`` for other media types, other charsets than UTF-8 (or UTF-16,
    which must then show its byte order mark), parameters that cannot be read or are stated
    twice, and any content encoding.
    """
    kind, _, rest = content_type.partition(";")
    versions = {"text/xml": SoapVersion.V11, "application/soap+xml": SoapVersion.V12}
    version = versions.get(ascii_lower(kind.strip()))
    if version is None or ascii_lower(content_encoding.strip()) not in ("", "identity"):
        raise faults.MediaTypeRefused("media type")
    parameters = _parameters(rest)
    charset = ascii_lower(parameters.get("charset", ""))
    if charset not in _UTF8_NAMES and charset != "utf-16":
        raise faults.MediaTypeRefused("charset")
    return Media(version, charset, parameters.get("action"))


def _parameters(text: str) -> dict[str, str]:
    """The parameters of a media type; two readers must never see two different charsets."""
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        parameter = _PARAMETER.match(text, place)
        if parameter is None:
            raise faults.MediaTypeRefused("parameter")
        place = parameter.end()
        if parameter[1] is None:
            continue
        name = ascii_lower(parameter[1])
        if name in found:
            raise faults.MediaTypeRefused("parameter twice")
        found[name] = parameter[2].strip('"')
    return found


def _as_utf8(body: bytes, charset: str) -> bytes:
    """UTF-8 as it is; UTF-16 with its mark transcoded; anything else refused (design D5)."""
    if body[:4] in _UTF32_MARKS:
        raise faults.EncodingRefused("utf-32")
    if body[:2] in _UTF16_MARKS:
        if charset not in ("", "utf-16"):
            raise faults.EncodingRefused("charset against byte order mark")
        try:
            body = body.decode("utf-16").encode("utf-8")
        except UnicodeDecodeError:
            raise faults.EncodingRefused("utf-16 content") from None
        allowed = {b"utf-16"}
    else:
        if charset == "utf-16" or b"\0" in body[:4]:
            raise faults.EncodingRefused("not utf-8, and no byte order mark")
        body = body.removeprefix(_UTF8_MARK)
        allowed = {b"utf-8", b"utf8"}
    declared = _DECLARED.match(body)
    if declared is not None and ascii_lower(declared[1]) not in allowed:
        raise faults.EncodingRefused("declared encoding")
    return body


class Reader:
    """The hardened parser with its limits; one a worker, used from one thread.

    ``read`` gives a tree, ``open`` gives an envelope.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=False,
            collect_ids=False,
            strip_cdata=True,
        )
        deep = "/*" * (limits.depth_max + 1)
        self._is_too_deep = etree.XPath(f"boolean({deep})")
        value, token = limits.value_characters_max, limits.token_characters_max
        self._breaks_a_limit = etree.XPath(
            f"count(//*) > {limits.elements_max} or boolean({deep})"
            f" or boolean(//*[count(@*) > {limits.attributes_per_element_max}])"
            f" or boolean(//*[count(*) > {limits.children_per_element_max}])"
            f" or boolean(//@*[string-length() > {value}])"
            f" or boolean(//*[*]/text()[string-length() > {value}])"
            f" or boolean(//*[not(*)][string-length() > {value}]"
            "[not(local-name() = 'CipherValue' or local-name() = 'BinarySecurityToken')"
            f" or string-length() > {token}])"
        )
        self._has_instruction = etree.XPath("boolean(//processing-instruction())")

    def read(self, body: bytes, media: Media) -> Element:
        """Parse the body once.  Raises a ``TransportRefused`` or ``EnvelopeRefused``.

        The tree of a message that breaks a limit travels in the refusal.
        """
        body = _as_utf8(body, media.charset)
        # A single byte is looked for ten times as fast as several.
        if b"!" in body and b"<!DOCTYPE" in body and _DOCTYPE.match(body):
            raise faults.DoctypeRefused("document type")
        try:
            root = etree.fromstring(body, self._parser)
        except etree.XMLSyntaxError as error:
            if getattr(error, "code", None) in _PARSER_LIMITS:
                raise faults.LimitExceeded("parser") from None
            raise faults.NotWellFormed("parser") from None
        document = root.getroottree().docinfo
        if document.internalDTD is not None:
            raise faults.DoctypeRefused("document type")
        if document.xml_version != "1.0":
            raise faults.NotWellFormed("xml version")
        try:
            self._check(body, root)
        except faults.EnvelopeRefused as refusal:
            refusal.unverified_root = root
            raise
        return root

    def _check(self, body: bytes, root: Element) -> None:
        signs = body.count(b"=")
        most = self._limits.namespaces_max
        if signs > most and body.count(b"xmlns") > most:
            self._count_namespaces(root)
        if self._breaks(body, root, signs):
            raise faults.LimitExceeded("structure")
        declarations = 1 if _DECLARATION.match(body) else 0
        if (
            body.count(b"?") > 2 * declarations
            and body.count(b"<?") > declarations
            and self._has_instruction(root)
        ):
            raise faults.InstructionRefused("processing instruction")

    def _breaks(self, body: bytes, root: Element, signs: int) -> bool:
        """Is a bound broken?  The bytes of an ordinary message show that most cannot be.

        ``signs`` are its equals signs: there are no more attributes.
        """
        limits = self._limits
        is_small = (
            signs <= limits.attributes_per_element_max
            and body.count(b"<") <= min(limits.children_per_element_max, limits.elements_max)
            and (len(body) <= limits.value_characters_max or self._has_short_values(body))
        )
        return bool(self._is_too_deep(root) if is_small else self._breaks_a_limit(root))

    def _has_short_values(self, body: bytes) -> bool:
        """Do the bytes alone show that no value is too long?  (A routed message has a token.)

        Between two tags there is no more text than bytes, unless something that is no element
        parts a text; then nothing is shown.
        """
        if b"!" in body and b"<!" in body:
            return False
        value_max, token_max = self._limits.value_characters_max, self._limits.token_characters_max
        pieces = body.split(b"<")
        for number in [at for at, piece in enumerate(pieces) if len(piece) > value_max]:
            # The text of a token, and nothing but its end behind it.
            is_token = _TOKEN_START.match(pieces[number]) and pieces[number + 1].startswith(b"/")
            if not is_token or len(pieces[number]) > token_max:
                return False
        return True

    def _count_namespaces(self, root: Element) -> None:
        declared = sum(1 for _ in etree.iterwalk(root, events=("start-ns",)))
        if declared > self._limits.namespaces_max:
            raise faults.LimitExceeded("namespace declarations")


def open_envelope(root: Element, *, understood: Collection[str]) -> Envelope:
    """Hold a tree to SOAP's rules and take its parts by position.

    ``understood`` are the qualified names of header blocks that this door reads.  A block
    that is addressed to us, marked mustUnderstand and not among them is refused before
    anything is executed (SOAP 1.1 §4.2.3, SOAP 1.2 §5.2.3).
    """
    version = _version_of(root)
    header, body = _header_and_body(root, version)
    headers = {} if header is None else _read_headers(header, version, understood)
    payload = [child for child in body if isinstance(child.tag, str)]
    if not payload:
        raise faults.BodyMissing("empty Body")
    if len(payload) > 1 or _has_text(body):
        raise faults.ShapeRefused("Body content")
    return Envelope(root, version, headers, payload[0])


def _version_of(root: Element) -> SoapVersion:
    name = etree.QName(root)
    if name.localname != "Envelope":
        raise faults.ShapeRefused("root element")
    try:
        return SoapVersion(name.namespace)
    except ValueError:
        raise faults.VersionMismatch(
            "envelope namespace", unverified_namespace=name.namespace or ""
        ) from None


def _header_and_body(root: Element, version: SoapVersion) -> tuple[Element | None, Element]:
    if _has_text(root):
        raise faults.ShapeRefused("text in Envelope")
    parts = list(root)
    header = None
    if parts and parts[0].tag == f"{{{version.value}}}Header":
        header = parts.pop(0)
    bodies = [part for part in parts if part.tag == f"{{{version.value}}}Body"]
    if not bodies:
        raise faults.BodyMissing("no Body")
    if parts != bodies[:1]:
        raise faults.ShapeRefused("content beside Header and Body")
    return header, bodies[0]


def _read_headers(
    header: Element, version: SoapVersion, understood: Collection[str]
) -> dict[str, Element]:
    blocks: dict[str, Element] = {}
    role_name = "actor" if version is SoapVersion.V11 else "role"
    for block in header:
        role = block.get(f"{{{version.value}}}{role_name}", "")
        if role.strip(_BLANKS) not in NEXT_ROLES:
            continue
        name = str(block.tag)
        if name in understood:
            if name in blocks:
                raise faults.ShapeRefused("header block twice")
            blocks[name] = block
        elif _must_understand(block, version):
            qualified = etree.QName(block)
            raise faults.NotUnderstood(
                "header block",
                unverified_header=(qualified.namespace or "", qualified.localname),
            )
    return blocks


def _must_understand(block: Element, version: SoapVersion) -> bool:
    """Whatever is not a plain "no" counts as "yes": 1, true, and what nobody can read."""
    stated = block.get(f"{{{version.value}}}mustUnderstand", "0")
    return stated.strip(_BLANKS) not in ("0", "false")


def _has_text(element: Element) -> bool:
    return any(text.strip(_BLANKS) for text in _direct_texts(element))


def _direct_texts(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        yield child.tail or ""


def text_of(element: Element) -> str:
    """The whole text of an element that may hold text only; raises ``ShapeRefused``.

    Comments were removed by the parser, so ``text`` is the whole text (hardening §0.3).
    """
    if len(element):
        raise faults.ShapeRefused("elements where text belongs")
    return element.text or ""


def read_own(content: bytes) -> Element:
    """The root of a message of ours, as it was sent and stored; a caller's goes to ``Reader``."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(content, parser)


_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Escape text for an element's content, canonical form; illegal characters become ``?``."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _ILLEGAL.sub("?", text.replace("\r", "&#xD;"))


def xml_attribute(text: str) -> str:
    """Escape text for a double-quoted attribute, canonical form."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    text = text.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
    return _ILLEGAL.sub("?", text)
