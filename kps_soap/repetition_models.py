"""The table of questions that may be repeated (design D18), by institution and digest."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, String, Table, Text

from kps_soap.model_metadata import METADATA

#: Who asked a question first and when.  ``question`` is the key of ``repetitions``, a SHA-256:
#: the row tells nothing of the question, and is swept away after the window.
asked_once: Final = Table(
    "asked_once",
    METADATA,
    Column("institution", String(64), primary_key=True),
    Column("question", String(64), primary_key=True),
    Column("request_id", Text, nullable=False),
    Column("asked_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
