"""Short reads of the gateway's own database from inside the event loop.

The same prepared reading as the register's: SQLite answers inline on a held connection,
PostgreSQL is awaited under a deadline.  It only reads; whoever asks brings the statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select

from kps_soap.faults import EvidenceUnavailable, RegisterUnavailable
from kps_soap.registry.reading import Watch, reader_of, unwatched


class Lookups:
    """Reads over one database.

    ``seconds_max`` bounds the wait for an answer; ``watch`` is for whoever measures the reading.
    """

    def __init__(
        self,
        url: str,
        *,
        seconds_max: float,
        connections_max: int = 4,
        watch: Watch = unwatched,
    ) -> None:
        self._reader = watch(
            reader_of(url, deadline_s=seconds_max, connections_max=connections_max)
        )

    def prepare(self, statement: Select[Any]) -> str:
        """Write a statement's SQL, once.  All its values must be named parameters."""
        return self._reader.prepare(statement)

    async def rows(self, sql: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows of a prepared statement.

        Raises ``EvidenceUnavailable``, for without this database nothing could be recorded.
        """
        try:
            return await self._reader.rows(sql, values)
        except RegisterUnavailable as failure:
            raise EvidenceUnavailable(f"lookup {failure.detail}") from None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._reader.close()
