"""The names of the synthetic population: common given names, invented surnames (K4.4).

Given names are frequent Turkish ones by general knowledge, weighted by a Zipf-like law that
shifts with the birth year.  Surnames are compounds that nobody bears, so that a synthetic
person is seen to be one; foreigners' surnames are made the same way.

This module refuses to hold any list of real persons or of natural surnames.
"""

from collections.abc import Callable, Sequence
from typing import Final

from kps_soap.turkish import fold

Random = Callable[[], float]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _folded(text: str) -> tuple[str, ...]:
    return tuple(map(fold, text.split()))


MEN = _folded(
    "Mehmet Mustafa Ahmet Ali Hüseyin Hasan İbrahim İsmail Osman Yusuf Murat Ömer Ramazan Halil "
    "Süleyman Abdullah Mahmut Recep Salih Fatih Kadir Emre Hakan Adem Kemal Yaşar Bekir Musa "
    "Metin Bayram Orhan Serkan Furkan Burak Yiğit Eymen Kerem Miraç Alparslan Göktuğ Çınar Ümit "
    "Şükrü İlker Işık Kâzım"
)
WOMEN = _folded(
    "Fatma Ayşe Emine Hatice Zeynep Elif Meryem Şerife Zehra Sultan Hanife Merve Havva Zeliha "
    "Esra Fadime Özlem Hacer Melek Yasemin Hülya Cemile Sevim Gülsüm Leyla Dilek Büşra Aysel "
    "Songül Kübra Halime Esma Aynur Hayriye Kadriye Tuğba Rabia Sevgi Rukiye Ebru İrem Işıl Ilgın "
    "Çiğdem Şule Ümmühan Hâle Naz"
)
_MEN_OF_TODAY = _folded(
    "Yusuf Eymen Ömer Miraç Kerem Göktuğ Alparslan Mustafa Çınar Ahmet Yiğit Ali Mehmet Furkan "
    "Emre Burak İbrahim Hasan Hüseyin Işık İlker Fatih Halil Ümit Osman Murat Hakan Kâzım"
)
_WOMEN_OF_TODAY = _folded(
    "Zeynep Elif Meryem Naz İrem Büşra Ayşe Fatma Esma Ilgın Hatice Işıl Sevgi Zehra Leyla Esra "
    "Kübra Merve Melek Çiğdem Rabia Emine Şule Hâle Sultan Dilek"
)
FOREIGN_MEN: Final = _words(
    "AHMAD MOHAMMAD OMAR KHALED YOUSSEF IVAN SERGEI OLEG REZA DARIUS HANS PAUL JOHN DAVID PIERRE "
    "RUSTAM TIMUR FARHAD"
)
FOREIGN_WOMEN: Final = _words(
    "FATIMA MARIAM AISHA NOUR RANIA OLGA IRINA NATALIA ANNA MARIA LEILA SHIRIN ANNE SARAH JULIA "
    "GULNARA AYGUL ZARINA"
)

SURNAME_HEADS: Final = _words(
    "ÖRNEK DENEME KURGU SANAL NUMUNE TASLAK BENZER HAYALİ YAPAY VARSAY SINAMA İZDÜŞÜM ŞABLON "
    "ÇIĞIR GÖLGE ÜLGÜ"
)
SURNAME_TAILS: Final = _words("OĞLU GİL SOY CAN KAYA DAĞ TAŞ IŞIK İPEK ÇAY ÖZ ŞEN GAN TÜRK ER AY")
FOREIGN_SURNAME_HEADS: Final = _words(
    "SAMPLE MUSTER EXEMPLE OBRAZETS NAMUNA MITHAL MODEL PRUEBA SPECIMEN VZOR"
)
FOREIGN_SURNAME_TAILS: Final = _words("OV SON STEIN ZADE IAN ESCU BERG INI LAND MAN")

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: The 256 bare compounds first, then the same with a letter behind a hyphen.
SURNAMES: Final = tuple(head + tail for tail in SURNAME_TAILS for head in SURNAME_HEADS)
_NUMBERED: Final = tuple(f"{name}-{letter}" for letter in _LETTERS for name in SURNAMES)
FOREIGN_SURNAMES: Final = tuple(
    head + tail for head in FOREIGN_SURNAME_HEADS for tail in FOREIGN_SURNAME_TAILS
)
_POOL: Final = frozenset((*SURNAMES, *_NUMBERED))
_FOREIGN_POOL: Final = frozenset(FOREIGN_SURNAMES)

_TWO_NAMES, _THREE_NAMES, _LONG_NAME, _LETTER_NAME = 0.22, 0.005, 0.0006, 0.0006
_AFTER_GRANDPARENT: Final = 0.15
LONG_NAME_LENGTH: Final = 40
_STEPS: Final = 4096


def _zipf(names: Sequence[str]) -> tuple[str, ...]:
    """Names repeated by a weight of rank ** -0.8, in whole numbers only."""
    weights = [_fifth_root(10**20 // rank**4) for rank in range(1, len(names) + 1)]
    total = sum(weights)
    table: list[str] = []
    reached = 0
    for name, weight in zip(names, weights, strict=True):
        reached += weight
        table += [name] * (reached * _STEPS // total - len(table))
    return tuple(table)


def _fifth_root(value: int) -> int:
    """The whole part of the fifth root; exact, where a float's last digit may differ."""
    low, high = 0, 10**5
    while low < high:
        middle = (low + high + 1) // 2
        if middle**5 <= value:
            low = middle
        else:
            high = middle - 1
    return low


_BEFORE: Final = (_zipf(MEN), _zipf(WOMEN))
_TODAY: Final = (_zipf(_MEN_OF_TODAY), _zipf(_WOMEN_OF_TODAY))
_SHIFT_BEGINS, _SHIFT_ENDS = 1970, 2005


def pick(random: Random, names: Sequence[str]) -> str:
    """One name, each as likely as the next."""
    return names[int(random() * len(names))]


def one_name(random: Random, sex: int, birth_year: int) -> str:
    """One given name of the birth year's fashion; ``sex`` is 1 (man) or 2 (woman)."""
    share = (birth_year - _SHIFT_BEGINS) / (_SHIFT_ENDS - _SHIFT_BEGINS)
    tables = _TODAY if random() < share else _BEFORE
    return pick(random, tables[sex - 1])


def given_name(
    random: Random, sex: int, birth_year: int, grandparent: str | None, taken: Sequence[str]
) -> str:
    """A newborn's given names: one, two, three, a grandparent's, rarely something unusual.

    A name that an elder brother or sister has (``taken``) is drawn again, a few times.
    """
    if grandparent is not None and random() < _AFTER_GRANDPARENT and grandparent not in taken:
        return grandparent
    name = one_name(random, sex, birth_year)
    for _ in range(3):
        if name not in taken:
            break
        name = one_name(random, sex, birth_year)
    draw = random()
    if draw >= _TWO_NAMES:
        return name
    if draw < _LETTER_NAME:
        return pick(random, "AEOÜİ")
    if draw < _LETTER_NAME + _LONG_NAME:
        return _long_name(random, sex, birth_year)
    count = 3 if draw < _LETTER_NAME + _LONG_NAME + _THREE_NAMES else 2
    return _several(random, sex, birth_year, name, count)


def _several(random: Random, sex: int, birth_year: int, first: str, count: int) -> str:
    names = [first]
    for _ in range(12):
        if len(names) == count:
            break
        name = one_name(random, sex, birth_year)
        if name not in names:
            names.append(name)
    return " ".join(names)


def _long_name(random: Random, sex: int, birth_year: int) -> str:
    """Given names of forty characters and more, which some databases cut."""
    names = one_name(random, sex, birth_year)
    while len(names) < LONG_NAME_LENGTH:
        names += " " + one_name(random, sex, birth_year)
    return names


def surname(random: Random) -> str:
    """A surname for a new line: the first about 1 %, the first twenty about 9 % of all lines."""
    draw = random()
    if draw < 0.01:
        return SURNAMES[0]
    if draw < 0.09:
        return SURNAMES[1 + int((draw - 0.01) / 0.08 * 19)]
    if draw < 0.60:
        return SURNAMES[20 + int((draw - 0.09) / 0.51 * (len(SURNAMES) - 20))]
    return _NUMBERED[int((draw - 0.60) / 0.40 * len(_NUMBERED))]


def foreign_name(random: Random, sex: int) -> str:
    """A foreigner's given name; ``sex`` is 1 (man) or 2 (woman)."""
    return pick(random, FOREIGN_MEN if sex == 1 else FOREIGN_WOMEN)


def foreign_surname(random: Random) -> str:
    """A foreigner's surname."""
    return pick(random, FOREIGN_SURNAMES)


def is_invented(text: str, *, foreign: bool = False) -> bool:
    """Is this a surname of the pool, or a married woman's two surnames of it (K4.6 I22)?"""
    if text in _POOL or (foreign and text in _FOREIGN_POOL):
        return True
    return any(
        text[:place] in _POOL and text[place + 1 :] in _POOL
        for place, letter in enumerate(text)
        if letter in " -"
    )
