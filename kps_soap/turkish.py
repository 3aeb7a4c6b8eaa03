"""The one place that folds, compares and sorts Turkish names, and folds protocol words.

The rules are K3.9: NFC, no dot above after an i, Turkish capitals (i becomes İ, ı becomes I),
white space collapsed.  The standard methods of ``str`` are wrong for Turkish names, and a test
forbids them in the rest of the package.

This module refuses to guess: it neither repairs a misspelt name nor says that two names are
"nearly" the same.  The level ``YAKIN`` finds candidates for a person to look at and never
makes a match.
"""

import unicodedata
from typing import AnyStr, Final

#: Rules 1 to 4 and nothing else; the default of a verification.
TAM: Final = "TAM"
#: ("DÜZELTMELİ") also forgives circumflexes, and holds apostrophe, hyphen and space equal.
DUZELTMELI: Final = "DUZELTMELI"
#: Candidates of a reverse search only.
YAKIN: Final = "YAKIN"

_DOT_ABOVE = "\u0307"
_CAPITALS = str.maketrans({"i": "İ", "ı": "I"})
_CIRCUMFLEXES = str.maketrans({"Â": "A", "Î": "İ", "Û": "U"})
_SEPARATORS = str.maketrans(dict.fromkeys("'’‘ʼ`´-‐‑–", " "))

#: Letters that do not decompose into an ASCII letter and a mark.
_LETTERS_TO_ASCII = str.maketrans(
    {"İ": "I", "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Æ": "AE", "Œ": "OE", "Þ": "TH", "Ə": "E"}
)

#: The Turkish alphabet with the three letters that only foreign words have, in their places.
_ALPHABET = "ABCÇDEFGĞHIİJKLMNOÖPQRSŞTUÜVWXYZ"
_PLACES = {letter: place for place, letter in enumerate(_ALPHABET, start=1)}
_BEYOND_ALPHABET = 1000

_PUNCTUATION = frozenset(" '-.")
_NAME_LETTERS = frozenset(_ALPHABET + "abcçdefgğhıijklmnoöpqrsştuüvwxyz" + "ÂÎÛâîû")

_ASCII_LOWER = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}
_ASCII_UPPER = {small: capital for capital, small in _ASCII_LOWER.items()}
_ASCII_LOWER_BYTES = bytes(_ASCII_LOWER.get(byte, byte) for byte in range(256))
_ASCII_UPPER_BYTES = bytes(_ASCII_UPPER.get(byte, byte) for byte in range(256))


def fold(text: str) -> str:
    """The name as the register stores it: NFC, Turkish capitals, single spaces (K3.9, 1-5).

    Folding twice changes nothing.
    """
    composed = _without_stray_dots(unicodedata.normalize("NFC", text))
    capitals = composed.translate(_CAPITALS).upper()
    return " ".join(unicodedata.normalize("NFC", capitals).split())


def matching_key(text: str, level: str) -> str:
    """What two names must have in common to be held equal at a level.

    Raises ``ValueError`` for a level that does not exist.
    """
    folded = fold(text)
    if level == TAM:
        return folded
    if level == DUZELTMELI:
        return " ".join(folded.translate(_CIRCUMFLEXES).translate(_SEPARATORS).split())
    if level == YAKIN:
        return _ascii(folded)
    raise ValueError("unknown level of name matching")


def same_name(left: str, right: str, level: str) -> bool:
    """Are these two spellings of one name, at ``TAM`` or ``DUZELTMELI`` (K3.9)?

    All given names must be there: a part of a name is another name.  ``YAKIN`` never says yes;
    compare ``matching_key`` to find its candidates.
    """
    if level == YAKIN:
        return False
    return matching_key(left, level) == matching_key(right, level)


def sort_key(text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A key that sorts names by the Turkish alphabet; circumflexes and signs decide last."""
    folded = fold(text)
    plain = folded.translate(_CIRCUMFLEXES).translate(_SEPARATORS)
    places = tuple(
        0 if letter == " " else _PLACES.get(letter, _BEYOND_ALPHABET + ord(letter))
        for letter in plain
    )
    marks = tuple(
        0 if written == letter else ord(written)
        for written, letter in zip(folded, plain, strict=True)
    )
    return places, marks


def is_name(text: str, *, foreign: bool = False) -> bool:
    """Does the text consist of characters that a name may have (K3.9)?

    Turkish letters, q w x â î û, space, apostrophe, hyphen and full stop, with at least one
    letter.  With ``foreign`` every Latin letter is a letter.
    """
    composed = _without_stray_dots(unicodedata.normalize("NFC", text))
    letters = [character for character in composed if character not in _PUNCTUATION]
    if foreign:
        return bool(letters) and all(map(_is_latin_letter, letters))
    return bool(letters) and _NAME_LETTERS.issuperset(letters)


def ascii_lower(text: AnyStr) -> AnyStr:
    """Small letters for a protocol word: only A to Z change, in whatever locale."""
    if isinstance(text, bytes):
        return text.translate(_ASCII_LOWER_BYTES)
    return text.translate(_ASCII_LOWER)


def ascii_upper(text: AnyStr) -> AnyStr:
    """Capital letters for a protocol word: only a to z change, in whatever locale."""
    if isinstance(text, bytes):
        return text.translate(_ASCII_UPPER_BYTES)
    return text.translate(_ASCII_UPPER)


def _without_stray_dots(text: str) -> str:
    """Drop the dot above that some systems leave behind an i (``i̇rem``)."""
    if _DOT_ABOVE not in text:
        return text
    kept: list[str] = []
    for character in text:
        if character == _DOT_ABOVE and kept and kept[-1] in "iIİı":
            continue
        kept.append(character)
    return "".join(kept)


def _ascii(folded: str) -> str:
    """The bare ASCII letters of a folded name, words parted by single spaces."""
    decomposed = unicodedata.normalize("NFKD", folded.translate(_LETTERS_TO_ASCII))
    plain = "".join(one for one in decomposed if not unicodedata.combining(one))
    return " ".join(plain.translate(_SEPARATORS).replace(".", " ").split())


def _is_latin_letter(character: str) -> bool:
    is_letter = unicodedata.category(character).startswith("L")
    return is_letter and unicodedata.name(character, "").startswith("LATIN ")
