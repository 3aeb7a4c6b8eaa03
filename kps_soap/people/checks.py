"""What is asked of a person's data before it is stored: every fault at once, with its field.

Names are brought into one form first: without blanks around them, composed characters, single
blanks (T-2.3.b).  What depends on other people (an id that is taken, a seat) is the keeper's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Final

from kps_soap.people.person import Person
from kps_soap.people.problems import Problem
from kps_soap.people.roles import APART, AT_THE_CENTRE, MACHINES, Role

PERSON_ID: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}")
TEXT_MAX: Final = 64
#: How long somebody may be here who is registered for a while only, and how often (§5.16).
TEMPORARY_DAYS_MAX: Final = 30
TEMPORARY_TIMES_MAX: Final = 2
NAME_MAX: Final = 120


def tidy(text: str) -> str:
    """One form of a name: composed characters, single blanks, none around it."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def wrong_id(person_id: str) -> Iterator[Problem]:
    """Whether an id is one."""
    if not PERSON_ID.fullmatch(person_id):
        yield Problem(
            "person_id",
            "Kullanıcı adı 3-64 karakterdir: küçük harf (a-z), rakam, nokta, çizgi, alt çizgi, @.",
            "An id has 3 to 64 characters: small letters a-z, digits, dot, hyphen, underscore, @.",
        )


def wrong_data(person: Person) -> Iterator[Problem]:
    """What is wrong with the data of a person as they shall be stored."""
    yield from _wrong_texts(person)
    yield from _wrong_roles(person.institution, person.roles)
    if person.valid_until is not None and person.valid_until < person.valid_from:
        yield Problem(
            "valid_until",
            "Bitiş tarihi başlangıçtan önce olamaz.",
            "The last day lies before the first.",
        )


def _wrong_texts(person: Person) -> Iterator[Problem]:
    if not 1 <= len(person.name) <= NAME_MAX or not person.name.isprintable():
        yield Problem(
            "name", f"Ad soyad 1-{NAME_MAX} karakterdir.", f"A name has 1 to {NAME_MAX} characters."
        )
    if len(person.unit) > TEXT_MAX or not person.unit.isprintable():
        yield Problem(
            "unit",
            f"Birim en çok {TEXT_MAX} karakterdir.",
            f"A unit has at most {TEXT_MAX} characters.",
        )
    if not 1 <= len(person.inquirer) <= TEXT_MAX or not person.inquirer.isprintable():
        yield Problem(
            "inquirer",
            f"Sorgulayan 1-{TEXT_MAX} karakterdir.",
            f"An inquirer has 1 to {TEXT_MAX} characters.",
        )


def _wrong_roles(institution: str, roles: Collection[Role]) -> Iterator[Problem]:
    if not roles:
        yield Problem("roles", "En az bir rol seçin.", "Choose at least one role.")
    for role in sorted(roles):
        if (role in AT_THE_CENTRE) != (institution == ""):
            yield (
                Problem(
                    "roles",
                    f"{role} rolü yalnız merkezde verilir; kurumu boş bırakın.",
                    f"{role} is a role of the centre; leave the institution empty.",
                )
                if institution
                else Problem(
                    "roles",
                    f"{role} rolü bir kurumda verilir; kurum kodunu yazın.",
                    f"{role} is a role in an institution; name the institution.",
                )
            )
    for pair in APART:
        if pair <= frozenset(roles):
            first, second = sorted(pair)
            yield Problem(
                "roles",
                f"{first} ve {second} aynı kişi olamaz.",
                f"{first} and {second} may not be one person.",
            )
    if MACHINES & frozenset(roles) and not frozenset(roles) <= MACHINES:
        yield Problem(
            "roles",
            "SISTEM ya da CIHAZ bir kişinin rolü olamaz.",
            "SISTEM and CIHAZ are no roles of a human being.",
        )


def wrong_temporary(person: Person, *, since: date | None) -> Iterator[Problem]:
    """What is wrong with being registered for a while (§5.16).

    The while counts from ``since``; None where its days have not moved.
    """
    if not person.temporary:
        return
    if person.roles != {Role.USER}:
        yield Problem(
            "roles",
            f"Geçici kullanıcının tek rolü {Role.USER} olur.",
            f"A temporary user has the role {Role.USER} and no other.",
        )
    if since is None:
        return
    last = since + timedelta(days=TEMPORARY_DAYS_MAX)
    if person.valid_until is None or person.valid_until > last:
        yield Problem(
            "valid_until",
            f"Geçici kullanıcının bitiş tarihini yazın: en geç {last:%d.%m.%Y} "
            f"({TEMPORARY_DAYS_MAX} gün).",
            f"Give the last day of a temporary user: {last} at the latest "
            f"({TEMPORARY_DAYS_MAX} days).",
        )
    if person.temporary > TEMPORARY_TIMES_MAX:
        yield Problem(
            "valid_until",
            "Geçici kullanıcının süresi yalnız bir kez uzatılır; kalacaksa yeni kullanıcı ekleyin.",
            "A temporary user is renewed once; add a user for who is to stay.",
        )


def wrong_deputy(person: Person, other: Person | None, *, today: date) -> Iterator[Problem]:
    """What is wrong with standing in for somebody; ``other`` is None where there is nobody.

    A deputy stands in for somebody of the same institution, until a day.
    """
    if not person.deputy_for:
        if person.deputy_until is not None:
            yield Problem(
                "deputy_for",
                "Kime vekâlet edildiğini yazın.",
                "Name whom the deputy stands in for.",
            )
        return
    if (
        other is None
        or other.institution != person.institution
        or other.person_id == person.person_id
        or other.stands_on(today)
    ):
        yield Problem(
            "deputy_for",
            "Vekâlet edilen, aynı kurumda çalışan başka biri olmalıdır.",
            "A deputy stands in for somebody else who works in the same institution.",
        )
    if person.deputy_until is None or person.deputy_until < today:
        yield Problem(
            "deputy_until",
            "Vekâletin son gününü yazın; geçmiş bir gün olamaz.",
            "Give the last day of standing in; it may not be past.",
        )
