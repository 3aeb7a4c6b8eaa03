"""Running a prepared question against the register's database, read only.

A question is SQL that SQLAlchemy wrote once when the register was opened; here the driver runs
it over connections that are held, so that a lookup costs one round and no set-up.  SQLite
answers inline, without a thread: a lookup by key is faster than handing it over.  PostgreSQL
is awaited, on a few connections, under one deadline that also covers connecting; where the
address names several servers, the first that answers is asked.

This module refuses to write (the connections are read only), to wait without an end, and to
tell the world why: any failure is ``RegisterUnavailable`` with the class of the driver's error,
because a driver's message may quote the values of the question.
"""

import asyncio
import os
import socket
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import psycopg
from sqlalchemy import Select
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine import URL, make_url

from kps_soap.faults import RegisterUnavailable
from kps_soap.registry.rows import Row

Record = TypeVar("Record")

_Connection = psycopg.AsyncConnection[tuple[Any, ...]]

#: How long a reader of SQLite waits for a writer; the whole event loop waits with it.
_SQLITE_BUSY_S = 0.2
_SQLITE_CACHE_KIB = 16 * 1024

#: So long a server that could not be reached is tried behind the others.
_AVOIDED_S = 5.0

#: A question whose line was cut would go on in the server; it ends there soon afterwards.
_AFTERWARDS_S = 1.0

_READ_ONLY = (
    "SELECT set_config('default_transaction_read_only', 'on', false),"
    " set_config('statement_timeout', %(milliseconds)s, false),"
    " set_config('lock_timeout', %(milliseconds)s, false)"
)


@dataclass(frozen=True, slots=True)
class Question(Generic[Record]):
    """A prepared question and the builder of its answer's records."""

    sql: str
    build: Callable[[Row], Record]


class Reader(Protocol):
    """What the register needs from a database."""

    def prepare(self, statement: Select[Any]) -> str:
        """Write a statement's SQL.  All its values must be named parameters."""

    async def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a prepared question.  Raises ``RegisterUnavailable``."""

    async def close(self) -> None:
        """Let go of the connections."""


#: Puts a reader in front of another one, for whoever measures.
Watch = Callable[[Reader], Reader]


def unwatched(reader: Reader) -> Reader:
    """The reader itself: nobody measures."""
    return reader


def reader_of(url: str, *, deadline_s: float, connections_max: int) -> Reader:
    """The reader for a database address (``sqlite:///…`` or ``postgresql+psycopg://…``).

    Raises ``ValueError`` for any other kind of database.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return SqliteReader(parsed)
    if parsed.get_backend_name() == "postgresql":
        return PostgresReader(parsed, deadline_s=deadline_s, connections_max=connections_max)
    raise ValueError("a register lies in a SQLite file or in PostgreSQL")


class SqliteReader:
    """One held connection to a SQLite file, used inline by one event loop."""

    def __init__(self, url: URL) -> None:
        self._path = Path(url.database or "")
        self._connection: sqlite3.Connection | None = None
        self._dialect = SQLiteDialect(paramstyle="named")

    def prepare(self, statement: Select[Any]) -> str:
        return str(statement.compile(dialect=self._dialect))

    async def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        try:
            connection = self._connection or self._connect()
            return connection.execute(sql, dict(parameters)).fetchall()
        except sqlite3.Error as error:
            await self.close()
            raise RegisterUnavailable(type(error).__name__) from None

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        # Read only by its address, so that a missing file is an error and not a new register.
        address = f"{self._path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(
            address, uri=True, timeout=_SQLITE_BUSY_S, isolation_level=None
        )
        connection.execute("PRAGMA query_only = 1")
        connection.execute(f"PRAGMA cache_size = -{_SQLITE_CACHE_KIB}")
        self._connection = connection
        return connection


class PostgresReader:
    """A few held connections to PostgreSQL; a question takes one, or waits for one."""

    def __init__(self, url: URL, *, deadline_s: float, connections_max: int) -> None:
        self._deadline_s = deadline_s
        # Whatever driver the address names: psycopg is the one that can be awaited.
        driven = url.set(drivername="postgresql+psycopg")
        self._dialect = driven.get_dialect()()
        self._servers = _servers(self._dialect.create_connect_args(driven)[1])
        #: Until when a server that could not be reached is tried last (monotonic seconds).
        self._avoided_until = [0.0] * len(self._servers)
        self._idle: list[_Connection] = []
        self._places = asyncio.Semaphore(connections_max)

    def prepare(self, statement: Select[Any]) -> str:
        return str(statement.compile(dialect=self._dialect))

    async def rows(self, sql: str, parameters: Mapping[str, Any]) -> list[Row]:
        end = asyncio.get_running_loop().time() + self._deadline_s
        try:
            async with asyncio.timeout_at(end):
                await self._places.acquire()
            try:
                return await self._run_on_held(sql, parameters, end)
            finally:
                self._places.release()
        except (psycopg.Error, OSError) as error:
            raise RegisterUnavailable(type(error).__name__) from None

    async def close(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()

    async def _run_on_held(self, sql: str, parameters: Mapping[str, Any], end: float) -> list[Row]:
        """Run on a held connection; if it turns out dead, once more on a new one.

        A server that was restarted leaves every held connection dead, and reading twice does
        no harm.
        """
        if self._idle:
            try:
                return await self._run(self._idle.pop(), sql, parameters, end)
            except psycopg.OperationalError:
                await self.close()
                if asyncio.get_running_loop().time() >= end:
                    raise
        return await self._run(await self._connect(end), sql, parameters, end)

    async def _run(
        self, connection: _Connection, sql: str, parameters: Mapping[str, Any], end: float
    ) -> list[Row]:
        """Run and hold the connection again, or close it where anything went wrong."""
        # Cancelling a task would first ask the server to stop, and a server that hangs does
        # not answer that either; so the deadline cuts the line itself.
        watch = asyncio.get_running_loop().call_at(end, _cut, connection)
        try:
            cursor = await connection.execute(sql, parameters, prepare=True, binary=True)
            rows = await cursor.fetchall()
        except BaseException:
            await connection.close()
            raise
        finally:
            watch.cancel()
        self._idle.append(connection)
        return list(rows)

    async def _connect(self, end: float) -> _Connection:
        """Connect to the first server that answers; one that hangs takes only its share of time.

        One that could not be reached is tried last for a while: each connection would wait for it.
        """
        loop = asyncio.get_running_loop()
        order = sorted(
            range(len(self._servers)), key=lambda one: self._is_avoided(one, loop.time())
        )
        for place, server in enumerate(order):
            now, left = loop.time(), len(order) - place
            try:
                return await self._connect_to(server, now + (end - now) / left)
            except (psycopg.Error, OSError):
                self._avoided_until[server] = loop.time() + _AVOIDED_S
                if left == 1:
                    raise
        raise AssertionError("an address names a server")

    def _is_avoided(self, server: int, now: float) -> bool:
        return self._avoided_until[server] > now

    async def _connect_to(self, server: int, end: float) -> _Connection:
        async with asyncio.timeout_at(end):
            connection = await psycopg.AsyncConnection.connect(
                **self._servers[server], autocommit=True
            )
        milliseconds = str(round((self._deadline_s + _AFTERWARDS_S) * 1000))
        await self._run(connection, _READ_ONLY, {"milliseconds": milliseconds}, end)
        # Nobody else can have taken the connection that ``_run`` has just put there.
        return self._idle.pop()


def _servers(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The options of each server that an address names, in its order; libpq takes them together,
    but waits for each as long as for all.
    """
    hosts, ports = (str(options.get(name, "")).split(",") for name in ("host", "port"))
    count = max(len(hosts), len(ports))
    if count == 1:
        return [dict(options)]
    hosts, ports = (one * count if len(one) == 1 else one for one in (hosts, ports))
    return [
        {**options, "host": host, "port": port} for host, port in zip(hosts, ports, strict=True)
    ]


def _cut(connection: _Connection) -> None:
    """Shut a connection's line: who waits on it wakes up with an error."""
    with suppress(OSError, psycopg.Error):
        # A duplicate, because the connection closes its own descriptor itself.
        line = socket.socket(fileno=os.dup(connection.fileno()))
        try:
            line.shutdown(socket.SHUT_RDWR)
        finally:
            line.close()
