"""The table of signed requests that were presented (hardening §4.2, 21)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table

from kps_soap.model_metadata import METADATA

#: Which signed message came from whom, until when it could be presented again.  ``message`` is
#: SHA-256 of what was signed: the row tells nothing of it.
signed_requests: Final = Table(
    "signed_requests",
    METADATA,
    Column("institution", String(64), primary_key=True),
    Column("message", LargeBinary(32), primary_key=True),
    Column("until_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
