"""Does a synthetic register hold what it promises?  The invariants I1 to I22 (K4.6).

``check`` reads a whole register and returns what is wrong with it: which invariant, in what way,
how often.  It refuses to change anything, to name anybody, and to judge a register of real
persons, whose families owe nobody coherence.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, create_engine, select
from sqlalchemy.engine import make_url

from kps_soap.registry import checks_records, replay, tables
from kps_soap.registry.checks_kinship import KINSHIP_RULES
from kps_soap.registry.checks_shape import check_residences, check_shape
from kps_soap.registry.meanings import CodeBook
from kps_soap.registry.rules import Register, Violation, apply

__all__ = ["Violation", "check"]

Progress = Callable[[int, int], None]

_LOOKS: Final[tuple[Callable[[Register], Iterator[Violation]], ...]] = (
    checks_records.check_numbers,
    replay.check_births,
    replay.check_siblings,
    check_residences,
    replay.check_replay,
    checks_records.check_letters,
    check_shape,
    checks_records.check_digest,
    checks_records.check_surnames,
)
_RULES: Final = (*KINSHIP_RULES, *checks_records.RECORD_RULES)


def check(url: str, progress: Progress | None = None) -> list[Violation]:
    """Everything that is wrong with the synthetic register at ``url``, by invariant.

    ``progress`` hears (done, all) after each question.  Raises ``ValueError`` where there is no
    register, or one that is not synthetic.
    """
    with _opened(url) as connection:
        register = _read(connection)
        found: list[Violation] = []
        total = len(_RULES) + len(_LOOKS)
        for done, rule in enumerate(_RULES, start=1):
            found += apply(rule, register)
            if progress is not None:
                progress(done, total)
        for done, look in enumerate(_LOOKS, start=len(_RULES) + 1):
            found += look(register)
            if progress is not None:
                progress(done, total)
    return sorted(found, key=lambda one: (int(one.invariant[1:]), one.sentence))


@contextmanager
def _opened(url: str) -> Iterator[Connection]:
    """A connection that cannot write; a missing file is not created by looking at it."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or not Path(parsed.database).is_file():
            raise ValueError("there is no register")
        parsed = parsed.set(drivername="sqlite")
    else:
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only=ON")
                connection.exec_driver_sql("PRAGMA cache_size=-262144")
            else:
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            yield connection
    finally:
        engine.dispose()


def _read(connection: Connection) -> Register:
    """The register's notes and code tables."""
    notes = {
        str(key): str(value)
        for key, value in connection.execute(
            select(tables.register_info.c.key, tables.register_info.c.value)
        )
    }
    if notes.get("kind") != "SENTETIK":
        raise ValueError("only a synthetic register can be checked")
    lines = connection.execute(
        select(tables.codes.c.table_name, tables.codes.c.code, tables.codes.c.text)
    )
    book = CodeBook((str(table), int(code), str(text)) for table, code, text in lines)
    return Register(connection, book, notes)
