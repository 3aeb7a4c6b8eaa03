"""An answer as a page shows it: sections of names and values, and the receipt beside them.

It reads the very bytes that were signed and recorded, so that a page cannot say anything else
than the evidence.  Members without a value are left out: whether the register has none or the
agreement grants none looks the same (design D4); a note that says why is shown.  A photograph is
named by its place among the answer's photographs; the page asks for it by a request of its own.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from kps_soap.console.labels import label, rank
from kps_soap.console.texts import told
from kps_soap.contracts.declared import XSI
from kps_soap.envelopes import Element, read_own

_NIL: Final = f"{{{XSI}}}nil"
_RECEIPT: Final = "urn:kps-soap:alindi:1"
_CODED: Final = frozenset({"Aciklama", "Kod"})
_DATE: Final = frozenset({"Ay", "Gun", "Yil"})
#: Repeats of what was asked, and lists for programs: they tell people nothing by themselves.
_ECHOES: Final = frozenset({"KimlikNo", "TCKimlikNo"})
_FOR_PROGRAMS: Final = frozenset({"DoluBilesenler"})
#: Members that hold a file; the download holds it.
_FILES: Final = frozenset({"Fotograf", "ImzaliAlindiBelgesi", "MuhurKaniti"})
_PHOTOGRAPH: Final = "Fotograf"
#: How files begin that every browser shows as a picture, and what they are (PNG §5.2, JFIF).
_PICTURES: Final = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
#: A value longer than this is no text for people (a photograph, a document).
_SHOWN_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class Fact:
    """One member with its value; a photograph has its place among those of the answer."""

    name: str
    value: str
    photograph: int | None = None


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture out of an answer, and the media type that its first bytes say."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class _Reading:
    """What sections are read with."""

    language: str
    photographs: Sequence[Element]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an answer.  ``notes`` say why something is not there.

    ``bare``: it says why it holds nothing, and nothing else.
    """

    name: str
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    bare: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show at all."""
        return not (self.facts or self.notes or self.sections)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt of an answer, as its envelope carries it; empty texts where it has none."""

    number: str = ""
    time: str = ""
    question_digest: str = ""
    answer_digest: str = ""
    agreement_digest: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """An answer for a page.

    ``refusal`` is the sentence of an answer that is a refusal; ``photographs`` is how many it has.
    """

    records: tuple[Section, ...]
    refusal: str
    receipt: Receipt
    photographs: int = 0


def view_of(content: bytes, language: str) -> View:
    """What the bytes of an answer say."""
    root = read_own(content)
    receipt = _receipt(root)
    body = _child(root, "Body")
    payload = None if body is None else next(iter(body), None)
    if payload is None:
        return View((), told("answer.none", language), receipt)
    if etree.QName(payload).localname == "Fault":
        return View((), _fault_sentence(payload, language), receipt)
    result = next(iter(payload), payload)
    found = _child(result, "SorguSonucu")
    if found is None or _is_nil(found):
        note = _child(result, "HataBilgisi")
        text = "" if note is None else _text(_child(note, "Aciklama"))
        return View((), text or told("answer.none", language), receipt)
    items = [found] if _is_record(found) else list(found)
    reading = _Reading(language, _photographs(root))
    records = tuple(_section(one, reading) for one in items)
    return View(records, "", receipt, len(reading.photographs))


def photograph_of(content: bytes, place: int) -> Photograph | None:
    """The photograph at a place of an answer's, None where there is none."""
    found = _photographs(read_own(content))
    return _picture(found[place]) if 0 <= place < len(found) else None


def _photographs(root: Element) -> list[Element]:
    """The members that hold a photograph, in the order of the message."""
    named = root.iter(f"{{*}}{_PHOTOGRAPH}")
    return [one for one in named if _picture(one) is not None]


def _picture(element: Element) -> Photograph | None:
    try:
        content = base64.b64decode(_text(element), validate=True)
    except (binascii.Error, ValueError):
        return None
    for begins, media_type in _PICTURES:
        if content.startswith(begins):
            return Photograph(content, media_type)
    return None


def _is_record(found: Element) -> bool:
    """A list holds elements of one name; a record's members differ, or hold text."""
    names = {etree.QName(child).localname for child in found}
    return not (len(names) == 1 and all(len(child) for child in found))


def _section(element: Element, reading: _Reading) -> Section:
    language = reading.language
    facts: list[Fact] = []
    notes: list[str] = []
    inside: list[Section] = []
    told_more = False
    for child in sorted(element, key=lambda one: rank(etree.QName(one).localname)):
        name = etree.QName(child).localname
        if _is_nil(child) or name in _FOR_PROGRAMS:
            continue
        if name == "HataBilgisi":
            notes.append(_text(_child(child, "Aciklama")))
        elif child in reading.photographs:
            facts.append(Fact(label(name, language), "", reading.photographs.index(child)))
            told_more = True
        elif (value := _value(child, language)) is None:
            inside.append(_section(child, reading))
        elif value:
            facts.append(Fact(label(name, language), value))
            told_more = told_more or name not in _ECHOES
    sections = tuple(one for one in inside if not (one.bare or one.is_empty))
    kept = [note for note in notes if note]
    bare = bool(kept or inside) and not (told_more or sections)
    own = label(etree.QName(element).localname, language)
    # Where a whole part says why it is empty, its own parts have nothing to add.
    said = kept if bare and kept else [*kept, *_gathered(inside)]
    return Section(own, tuple(facts), tuple(said), sections, bare)


def _gathered(inside: Sequence[Section]) -> Iterator[str]:
    """What the parts without anything say, each sentence once with all their names."""
    names: dict[str, list[str]] = {}
    for one in inside:
        for note in one.notes if one.bare else ():
            names.setdefault(note, []).append(one.name)
    for note, parts in names.items():
        yield f"{', '.join(parts)}: {note}"


def _value(element: Element, language: str) -> str | None:
    """The value of a member that is one thing to people; None for a section."""
    names = {etree.QName(child).localname for child in element}
    if not names:
        if etree.QName(element).localname in _FILES and _text(element):
            return told("answer.not_shown", language, size=_bytes_of(_text(element)))
        return _shown(_text(element), language)
    if names <= _CODED:
        text, code = _text(_child(element, "Aciklama")), _text(_child(element, "Kod"))
        return f"{text} ({code})" if text and code else text or code
    if names <= _DATE:
        return _date(element)
    inner = list(element)
    if len(names) == 1 and len(inner) > 1 and not any(len(one) for one in inner):
        return ", ".join(filter(None, map(_text, inner)))
    return None


def _date(element: Element) -> str:
    parts = [_text(_child(element, name)) for name in ("Gun", "Ay", "Yil")]
    if not any(parts):
        return ""
    day, month = ("--" if not part else part.zfill(2) for part in parts[:2])
    return f"{day}.{month}.{parts[2] or '----'}"


def _shown(text: str, language: str) -> str:
    if text in ("true", "false"):
        return told("frame.yes" if text == "true" else "frame.no", language)
    if len(text) > _SHOWN_MAX and " " not in text:
        return told("answer.not_shown", language, size=_bytes_of(text))
    return text


def _bytes_of(text: str) -> int:
    """How many bytes a base64 text stands for."""
    return len(text) * 3 // 4 - text.count("=")


def _receipt(root: Element) -> Receipt:
    found = next(_named(root, "Alindi"), None)
    if found is None:
        return Receipt()
    said = {etree.QName(child).localname: _text(child) for child in found}
    return Receipt(
        number=said.get("AlindiNo", ""),
        time=said.get("AlindiZamani", said.get("Zaman", "")),
        question_digest=said.get("IstekOzeti", ""),
        answer_digest=said.get("YanitOzeti", ""),
        agreement_digest=said.get("AnlasmaOzeti", ""),
    )


def _named(root: Element, name: str) -> Iterator[Element]:
    return root.iter(f"{{{_RECEIPT}}}{name}")


def _fault_sentence(fault: Element, language: str) -> str:
    texts: Sequence[Element] = [
        child for child in fault.iter() if etree.QName(child).localname == "faultstring"
    ]
    return _text(texts[0]) if texts else told("answer.none", language)


def _child(element: Element, name: str) -> Element | None:
    for child in element:
        if etree.QName(child).localname == name:
            return child
    return None


def _is_nil(element: Element) -> bool:
    return element.get(_NIL, "") in ("true", "1")


def _text(element: Element | None) -> str:
    return "" if element is None or _is_nil(element) else (element.text or "").strip()
