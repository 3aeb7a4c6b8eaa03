"""The synthetic population: who is in the register when nobody is (K4).

``make`` writes a whole register of invented people that is the same for the same seed, size and
date, on every platform; the 64 golden personas come first.  Everything about these people says
that they are synthetic: the register's kind, their surnames, their districts, their photos.

This module refuses to import real persons, and to add to a register that exists.
"""

import gc
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import insert

from kps_soap import places
from kps_soap.registry import codes, tables
from kps_soap.registry.blocks import COLUMNS, Setting, country_rows, make_block, plan
from kps_soap.registry.geography import Country
from kps_soap.registry.loading import Loader, RegisterExists, fresh_register
from kps_soap.registry.meanings import CodeBook
from kps_soap.registry.numbers import VALID, Numbers
from kps_soap.registry.persona_cast import Persona, cast

__all__ = ["PERSONS_MIN", "Persona", "RegisterExists", "make", "personas"]

#: Bumped when the same seed, size and date begin to give other people.
VERSION: Final = 1
FIRST_DATE: Final = date(2020, 1, 1)
LAST_DATE: Final = date(2035, 12, 31)
PERSONS_MIN: Final = 200
PERSONS_MAX: Final = 50_000_000
KIND: Final = "SENTETIK"
#: A run that is killed loses so many blocks at most.  A save copies the pages that it changes, and
#: the more there are the more it changes of them.
BLOCKS_A_SAVE: Final = 20

Progress = Callable[[int, int], None]


def make(
    url: str,
    *,
    persons: int,
    seed: int,
    date: date,
    progress: Progress | None = None,
    numbers: str = VALID,
    codes_file: Path | None = None,
) -> tuple[Persona, ...]:
    """Make a register of ``persons`` persons at ``url`` (SQLite or PostgreSQL).

    All persons count, the golden personas among them.  ``progress`` hears (made, all).
    ``numbers`` is ``gecerli`` or ``ayrik`` (K4.1); ``codes_file`` replaces the shipped code
    tables.  Returns the personas.  Raises ``ValueError`` for arguments out of range and
    ``RegisterExists`` where a register already is.  A run that was killed can be made again: it
    goes on behind the last blocks that were saved; until its end there is no register.
    """
    _check(persons, date)
    code_tables = codes.load(codes_file or places.conf() / "codes.toml")
    setting = _setting(seed, date, numbers, code_tables)
    troupe = cast(setting)
    recipe = f"{VERSION} {persons} {seed} {date} {numbers} {_digest_of(code_tables)}"
    with fresh_register(url, COLUMNS, recipe) as loader:
        if not loader.done:
            codes.write(loader.connection, code_tables)
            loader.write(country_rows(setting.country))
            loader.write(troupe.sheets)
        made, saved = troupe.persons, loader.done
        for part, share in enumerate(plan(persons - made), start=1):
            if part > saved:
                if progress is not None:
                    progress(made, persons)
                with _collector_paused():
                    loader.write(make_block(setting, share))
                if part % BLOCKS_A_SAVE == 0:
                    loader.save(part)
            made += share.persons
        _note(loader, persons=persons, seed=seed, day=date, numbers=numbers)
    if progress is not None:
        progress(persons, persons)
    return troupe.personas


def _digest_of(code_tables: codes.CodeTables) -> str:
    """What tells code tables apart, for they stand in the rows."""
    return hashlib.sha256(repr(code_tables).encode()).hexdigest()[:16]


def _note(loader: Loader, *, persons: int, seed: int, day: date, numbers: str) -> None:
    """Write down what the register is and how it can be made again."""
    notes = {
        "kind": KIND,
        "seed": str(seed),
        "size": str(persons),
        "date": day.isoformat(),
        "numbers": numbers,
        "version": str(VERSION),
        "content_digest": loader.digest.hexdigest(),
    }
    loader.connection.execute(
        insert(tables.register_info),
        [{"key": key, "value": value} for key, value in notes.items()],
    )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Hold the garbage collector back while a block grows, then let it run once.

    A block is some hundred thousand objects that all live until its end; looking through them
    again and again costs a third of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        gc.collect()


def personas(seed: int, date: date, *, numbers: str = VALID) -> tuple[Persona, ...]:
    """The 64 golden personas as ``make`` stores them, without making anything (K4.7)."""
    _check(PERSONS_MIN, date)
    return _personas(seed, date, numbers)


@cache
def _personas(seed: int, date: date, numbers: str) -> tuple[Persona, ...]:
    code_tables = codes.load(places.conf() / "codes.toml")
    return cast(_setting(seed, date, numbers, code_tables)).personas


def _check(persons: int, day: date) -> None:
    if not PERSONS_MIN <= persons <= PERSONS_MAX:
        raise ValueError(f"a population has {PERSONS_MIN} to {PERSONS_MAX} persons")
    if not FIRST_DATE <= day <= LAST_DATE:
        raise ValueError(f"a population is dated {FIRST_DATE} to {LAST_DATE}")


def _setting(seed: int, day: date, numbers: str, code_tables: codes.CodeTables) -> Setting:
    provinces = code_tables.tables[codes.PROVINCES]
    return Setting(
        seed=seed,
        until=day.toordinal(),
        country=_country(tuple((code, line.text) for code, line in sorted(provinces.items()))),
        book=CodeBook.of_tables(code_tables),
        numbers=Numbers(seed, numbers),
    )


@cache
def _country(provinces: tuple[tuple[int, str], ...]) -> Country:
    """The country of these provinces; it never changes, and everybody may share it."""
    return Country(dict(provinces))
