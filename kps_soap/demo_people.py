"""The people of a demo home: who may sign in at its console, ready to do so.

Two at the centre, and a clerk, an administrator and a technician of every institution whose
agreement opens the console.  Each has a password and the key of a one-time code, which
``demo.json`` tells; nothing of it is for anything but a demo.  This room makes no home.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyotp
from sqlalchemy import Connection, Engine

from kps_soap.database import writing
from kps_soap.people import approvals, codes, keeping, passwords
from kps_soap.people.person import Actor, NewPerson
from kps_soap.people.roles import Role
from kps_soap.terms import istanbul_date
from kps_soap.turkish import ascii_lower

_CONSOLE: Final = "console"
Randomness = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class _Planned:
    person_id: str
    name: str
    institution: str
    unit: str
    inquirer: str
    role: Role
    special: tuple[str, ...] = ()


def open_people(
    engine: Engine,
    keys: codes.CodeKeys,
    agreements: Iterable[Mapping[str, Any]],
    *,
    randomness: Randomness,
    now: datetime,
) -> list[dict[str, Any]]:
    """Make them all; what ``demo.json`` tells of each.  ``agreements`` are the parsed files."""
    described = []
    for one in (*_AT_THE_CENTRE, *_of_institutions(agreements)):
        # Hashing is slow, so it is done outside of the transaction that stores it.
        chosen = passwords.one_time_password(randomness)
        first = passwords.new_hash(passwords.one_time_password(randomness))
        with engine.connect() as connection, writing(connection):
            _add(connection, one, first, now)
            login = passwords.login_row(connection, one.person_id)
        prepared = passwords.prepare_change(login, chosen, breached=lambda _password: False)
        with engine.connect() as connection, writing(connection):
            passwords.store_change(connection, prepared, now=now)
            secret = _enrol(connection, keys, one.person_id, randomness, now)
        described.append(_described(one, chosen, secret))
    return described


_AT_THE_CENTRE: Final = (
    _Planned("merkez.isletmen", "Deniz İşletmen (sentetik)", "", "İşletim", "", Role.CENTRE),
    _Planned("merkez.denetci", "Umut Denetçi (sentetik)", "", "Denetim", "", Role.AUDITOR),
)


def _of_institutions(agreements: Iterable[Mapping[str, Any]]) -> Iterator[_Planned]:
    for values in agreements:
        access = values.get("access", {})
        if _CONSOLE not in access.get("doors", ()):
            continue
        code = values["institution"]["code"]
        begin = ascii_lower(code)
        inquirer = next(iter(access.get("inquirers", ())), "")
        clerk, name = f"{begin}.memur", "Ekin Memur (sentetik)"
        special = tuple(one["name"] for one in values["services"] if one.get("special"))
        yield _Planned(clerk, name, code, "Servis", inquirer, Role.USER, special)
        head = f"{begin}.idari"
        yield _Planned(head, "Toprak İdari (sentetik)", code, "Müdürlük", "", Role.ADMINISTRATOR)
        hand, name = f"{begin}.teknik", "Güneş Teknik (sentetik)"
        yield _Planned(hand, name, code, "Bilgi İşlem", "", Role.TECHNICIAN)


def _add(connection: Connection, one: _Planned, first_hash: str, now: datetime) -> None:
    by = Actor.operator("kps demo")
    new = NewPerson(
        person_id=one.person_id,
        institution=one.institution,
        name=one.name,
        unit=one.unit,
        inquirer=one.inquirer,
        roles=frozenset({one.role}),
        valid_from=istanbul_date(now),
    )
    keeping.add(connection, new, by=by, now=now)
    passwords.set_initial(connection, one.person_id, first_hash, by=by, now=now)
    # As in an office, four eyes let somebody see special categories: one asks, another allows it.
    other = Actor.operator(_AT_THE_CENTRE[0].person_id)
    for service in dict.fromkeys(one.special):
        what = {"service": service}
        asked = approvals.ask(
            connection,
            approvals.Kind.SPECIAL_FIELDS,
            one.person_id,
            what,
            by=by,
            reason="demo",
            now=now,
        )
        approvals.approve(connection, asked.number, by=other, reason="demo", now=now)


def _enrol(
    connection: Connection,
    keys: codes.CodeKeys,
    person_id: str,
    randomness: Randomness,
    now: datetime,
) -> str:
    enrolment = codes.begin_enrolment(person_id, random_bytes=randomness)
    # The code of a while ago, so that the present one is still to be used.
    step = int(now.timestamp()) // codes.STEP_SECONDS - 1
    code = pyotp.TOTP(enrolment.secret).generate_otp(step)
    codes.complete_enrolment(
        connection, keys, person_id, enrolment, code, random_bytes=randomness, now=now
    )
    return enrolment.secret


def _described(one: _Planned, password: str, secret: str) -> dict[str, Any]:
    return {
        "person_id": one.person_id,
        "name": one.name,
        "institution": one.institution,
        "role": one.role.value,
        "password": password,
        "code_secret": secret,
    }
