"""Passwords of people: the policy, one-time passwords, and a change by oneself (domain §5.15).

A password has at least 14 characters, is on no list of breached ones, and is none of the last
five.  What the centre or an administrator sets is good for one log-in, which must change it.
Hashing is slow: it is done before the transaction that stores its result.  No password is
stored, shown in a ``repr``, or part of a message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from kps_soap import turkish
from kps_soap.audit.months import microseconds
from kps_soap.authentication import HASHER, PASSWORD_CHARACTERS_MAX, matches
from kps_soap.credentials import PASSWORD_CHARACTERS_MIN
from kps_soap.people import rows
from kps_soap.people.person import LEFT, Actor, person_of
from kps_soap.people.problems import ChangedMeanwhile, Problem, require, unknown_person
from kps_soap.people_models import former_passwords, people

#: How many of somebody's last passwords never come back.
HISTORY: Final = 5
_DIFFERENT_MIN: Final = 6
#: Without 0, 1, i, l, o, u: nothing that is misread or spells a word.
_ONE_TIME_LETTERS: Final = "23456789abcdefghjkmnpqrstvwxyz"
_ONE_TIME_GROUPS: Final = 5


class BreachList:
    """A file of breached passwords, one a line: as they are, or as SHA-1 or SHA-256 in hex.

    What follows a digest behind a colon (how often it was seen) is passed over.  The file is
    read when it is asked, line by line, however long it is; None is an empty list.  Raises
    ``OSError`` where it cannot be read.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def __call__(self, password: str) -> bool:
        if self._path is None:
            return False
        plain = password.encode("utf-8", "surrogatepass")
        digests = {
            hashlib.sha1(plain, usedforsecurity=False).hexdigest().encode(),
            hashlib.sha256(plain).hexdigest().encode(),
        }
        with self._path.open("rb") as lines:
            return any(_names(line.strip(), plain, digests) for line in lines)


def _names(line: bytes, plain: bytes, digests: set[bytes]) -> bool:
    return line == plain or turkish.ascii_lower(line.partition(b":")[0]) in digests


def check_new(
    password: str, *, person_id: str, breached: Callable[[str], bool]
) -> Sequence[Problem]:
    """Everything that is wrong with a new password, but that it was used before."""
    return tuple(_wrong(password, person_id, breached))


def _wrong(password: str, person_id: str, breached: Callable[[str], bool]) -> Iterator[Problem]:
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        yield Problem(
            "password", "Parola 14-256 karakterdir.", "A password has 14 to 256 characters."
        )
    if not password.isprintable():
        yield Problem(
            "password",
            "Parolada yalnız yazılabilir karakterler olur.",
            "A password has printable characters only.",
        )
    if len(set(password)) < _DIFFERENT_MIN or person_id in turkish.ascii_lower(password):
        yield Problem(
            "password",
            "Parola kullanıcı adını içermez ve en az 6 farklı karakterden oluşur.",
            "A password does not contain the id and has at least 6 different characters.",
        )
    if breached(password):
        yield Problem(
            "password",
            "Bu parola sızdırılmış parolalar listesinde; başka bir parola seçin.",
            "This password is on the list of breached ones; choose another.",
        )


def new_hash(password: str) -> str:
    """The argon2id hash; slow."""
    return HASHER.hash(password.encode("utf-8", "surrogatepass"))


def one_time_password(random_bytes: Callable[[int], bytes]) -> str:
    """Five groups of five characters that are read and typed easily: 122 bits."""
    letters = _ONE_TIME_LETTERS
    drawn: list[str] = []
    while len(drawn) < 5 * _ONE_TIME_GROUPS:
        # 30 letters: what would favour the first ones is thrown away.
        drawn += [letters[one % len(letters)] for one in random_bytes(64) if one < 240]
    return "-".join("".join(drawn[start : start + 5]) for start in range(0, 25, 5))


def set_initial(
    connection: Connection,
    person_id: str,
    password_hash: str,
    *,
    by: Actor,
    now: datetime,
    drop_code: bool = False,
) -> None:
    """Give somebody a password that is good for one log-in, which must change it.

    It ends their sessions and a lock; with ``drop_code`` they set up their one-time codes anew.
    Raises ``NotAllowed`` (also for oneself) and ``PeopleError`` for who has no log-in.
    """
    row = rows.row_to_change(connection, person_id, row_version=None, by=by, now=now)
    person = person_of(row, now=now)
    if person.state == LEFT or not person.logs_in:
        require(
            [
                Problem(
                    "person_id",
                    "Bu kayıt oturum açmaz; parola verilemez.",
                    "This one does not log in: no password can be given.",
                )
            ]
        )
    values: dict[str, Any] = {
        "password_hash": password_hash,
        "must_change": 1,
        "password_us": microseconds(now),
        **rows.NO_FAILURES,
    }
    if drop_code:
        values["code_secret"] = None
    rows.write(connection, row, values, now=now)


@dataclass(frozen=True, slots=True)
class LoginRow:
    """What a change of password needs to know of a log-in; no part of it shows in a ``repr``."""

    person_id: str
    login_version: int
    password_hash: str = field(repr=False)
    former: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PreparedPassword:
    """A new password that was judged and hashed."""

    person_id: str
    login_version: int
    password_hash: str = field(repr=False)


def login_row(connection: Connection, person_id: str) -> LoginRow:
    """What ``prepare_change`` needs; raises ``PeopleError`` for who has no password."""
    found = connection.execute(
        select(people.c.login_version, people.c.password_hash).where(
            people.c.person_id == person_id
        )
    ).first()
    if found is None or found.password_hash is None:
        raise unknown_person()
    former = connection.execute(
        select(former_passwords.c.password_hash).where(former_passwords.c.person_id == person_id)
    ).scalars()
    return LoginRow(person_id, found.login_version, found.password_hash, tuple(former))


def prepare_change(
    login: LoginRow,
    new_password: str,
    *,
    breached: Callable[[str], bool],
    current: str | None = None,
) -> PreparedPassword:
    """Judge and hash a password that somebody chose for themselves; slow, without a connection.

    ``current`` is what they typed as their present one, where that is asked.  Raises
    ``PeopleError`` with everything that is wrong.
    """
    problems = list(check_new(new_password, person_id=login.person_id, breached=breached))
    if current is not None and not matches(login.password_hash, current):
        problems.append(
            Problem("current", "Şimdiki parola yanlış.", "The present password is wrong.")
        )
    if any(matches(one, new_password) for one in (login.password_hash, *login.former)):
        problems.append(
            Problem(
                "password",
                f"Son {HISTORY} paroladan biri yeniden kullanılamaz.",
                f"None of the last {HISTORY} passwords may be used again.",
            )
        )
    require(problems)
    return PreparedPassword(login.person_id, login.login_version, new_hash(new_password))


def store_change(connection: Connection, prepared: PreparedPassword, *, now: datetime) -> int:
    """Store a password that somebody chose; returns the new log-in version.

    All other sessions of the person end.  Raises ``ChangedMeanwhile`` where the log-in is no
    longer what it was when the password was judged.
    """
    version = prepared.login_version + 1
    changed = connection.execute(
        update(people)
        .where(
            people.c.person_id == prepared.person_id,
            people.c.login_version == prepared.login_version,
            people.c.password_hash.is_not(None),
        )
        .values(
            password_hash=prepared.password_hash,
            must_change=0,
            password_us=microseconds(now),
            changed_us=microseconds(now),
            row_version=people.c.row_version + 1,
            login_version=version,
        )
    )
    if changed.rowcount != 1:
        raise ChangedMeanwhile
    _remember(connection, prepared, version)
    return version


def _remember(connection: Connection, prepared: PreparedPassword, version: int) -> None:
    """The own passwords only: one-time ones do not push them out."""
    columns = former_passwords.c
    mine = columns.person_id == prepared.person_id
    connection.execute(
        insert(former_passwords).values(
            person_id=prepared.person_id,
            login_version=version,
            password_hash=prepared.password_hash,
        )
    )
    kept = connection.execute(
        select(columns.login_version)
        .where(mine)
        .order_by(columns.login_version.desc())
        .limit(HISTORY)
    ).scalars()
    connection.execute(
        delete(former_passwords).where(mine, columns.login_version < min(kept.all()))
    )
