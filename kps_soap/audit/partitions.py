"""A partition a month, where the database has such things: PostgreSQL.

The tables of ``models.PARTITIONED`` are kept by month there, so that a month's bytes are in
files of its own and go with them when the month is destroyed.  A partition is made when the
first record of its month arrives, and a year ahead by ``kps db upgrade``.  It is made as a table
and then attached: that keeps nobody from writing into the other months meanwhile.

SQLite has one table for all months; every function here then has nothing to do.
"""

import re
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from kps_soap.audit.months import month_of, months_from
from kps_soap.database import open_database, writing
from kps_soap.models import PARTITIONED

#: How many months ``make_ahead`` makes partitions for.
MONTHS_AHEAD: Final = 12

#: Any number that no other program uses for an advisory lock in this database.
_LOCK: Final = 7_015_490_046

_MONTH: Final = re.compile("[0-9]{4}-[0-9]{2}", re.ASCII)


def name_of(table: str, month: str) -> str:
    """The partition of a table for a month such as ``2026-11``."""
    if not _MONTH.fullmatch(month):
        raise ValueError("no month")
    return f"{table}_{month.replace('-', '_')}"


def ensure(connection: Connection, month: str) -> None:
    """The month's partitions, in the caller's transaction, unless they are there."""
    if connection.dialect.name != "postgresql":
        return
    names = {table: name_of(table, month) for table in PARTITIONED}
    if _all_there(connection, names):
        return
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if _all_there(connection, names):
        return
    for table, name in names.items():
        # The name was checked by ``name_of``, the month is part of it.
        connection.exec_driver_sql(
            f"CREATE TABLE IF NOT EXISTS {name}"
            f" (LIKE {table} INCLUDING DEFAULTS INCLUDING STORAGE, CHECK (month = '{month}'))"
        )
        connection.exec_driver_sql(
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES IN ('{month}')"
        )


def _all_there(connection: Connection, names: dict[str, str]) -> bool:
    # The catalogue itself: a name that PostgreSQL looked up before may be remembered as missing.
    query = text(
        "SELECT count(*) FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid"
        " WHERE part.relname = :name AND inhparent = to_regclass(:parent)"
    )
    return all(
        connection.execute(query, {"name": name, "parent": table}).scalar()
        for table, name in names.items()
    )


def last_without_right(connection: Connection) -> str | None:
    """The last month that has its partitions, where the role may make no more of them.

    None where it may, and where there is no such thing; "" where there is none at all.  Who
    attaches a partition must own the table, and may create tables beside it.
    """
    if connection.dialect.name != "postgresql":
        return None
    may = text(
        "SELECT has_schema_privilege(current_user, relnamespace, 'CREATE')"
        " AND pg_has_role(current_user, relowner, 'USAGE')"
        " FROM pg_class WHERE oid = to_regclass(:name)"
    )
    if all(connection.execute(may, {"name": name}).scalar() for name in PARTITIONED):
        return None
    parts = text(
        "SELECT max(part.relname) FROM pg_inherits JOIN pg_class part ON part.oid = inhrelid"
        " WHERE inhparent = to_regclass(:name)"
    )
    last = [connection.execute(parts, {"name": name}).scalar() for name in PARTITIONED]
    return min((name or "")[-7:].replace("_", "-") for name in last)


def make_ahead(url: str, now: datetime) -> None:
    """Partitions for this month and the next ones; raises what the database raises."""
    engine = open_database(url, wait_seconds_max=10)
    try:
        with engine.connect() as connection:
            for month in months_from(month_of(now), MONTHS_AHEAD + 1):
                with writing(connection):
                    ensure(connection, month)
    finally:
        engine.dispose()
