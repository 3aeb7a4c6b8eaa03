"""The tables of the agreements: what is in force, what ever was, and which worker runs what.

``models`` gathers them with all others.  Times are whole microseconds since 1970-01-01 UTC
(``…_us``), digests lower-case hex.  This room describes tables; it runs no statement.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from kps_soap.model_metadata import METADATA

#: The contents of every agreement file that was ever in force, by SHA-256: an archive.
agreement_files: Final = Table(
    "agreement_files",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

#: The sets of agreement files: ``listing`` is a line a file, as ``sha256sum`` prints it, and
#: ``digest`` its SHA-256.
agreement_sets: Final = Table(
    "agreement_sets",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("listing", Text, nullable=False),
    Column("stored_us", BigInteger, nullable=False),
)

#: Every step of what was in force: a set, and which agreements were suspended by command
#: (JSON).  ``kind`` says what was done (YUKLEME, ASKI, ASKI_KALDIRMA), ``record`` names the
#: record that tells of it (``chain:sequence``).  The text of ``reason`` is no personal data.
agreement_versions: Final = Table(
    "agreement_versions",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("set_digest", String(64), nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("made_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("suspended", Text, nullable=False),
)
Index(None, agreement_versions.c.since_us)

#: One row: the number of the version in force.  Whoever changes it holds its lock.
agreement_in_force: Final = Table(
    "agreement_in_force",
    METADATA,
    Column("place", String(16), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

#: One row a living worker: until when it may answer without looking again, and which version it
#: runs.  ``trouble`` says why it cannot take the newest one.
agreement_leases: Final = Table(
    "agreement_leases",
    METADATA,
    Column("gateway", String(128), primary_key=True),
    Column("worker", String(16), primary_key=True),
    Column("renewals", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("set_digest", String(64), nullable=False),
    Column("trouble", Text, nullable=False),
)

#: What a gateway made of its directory of agreement files when they last changed: an edit that
#: was made while it stood still is found by it.
agreement_directories: Final = Table(
    "agreement_directories",
    METADATA,
    Column("gateway", String(128), primary_key=True),
    Column("directory", String(1024), primary_key=True),
    Column("set_digest", String(64), nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("problems", Text, nullable=False),
)

#: What was said already about a day of an agreement: that an end comes near (``threshold`` days
#: before it), or that a planned day has come.
agreement_notices: Final = Table(
    "agreement_notices",
    METADATA,
    Column("agreement", String(64), primary_key=True),
    Column("subject", String(160), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("threshold", Integer, primary_key=True, autoincrement=False),
    Column("noted_us", BigInteger, nullable=False),
)

#: How many calls a pilot has answered on a civil day; swept away afterwards.
pilot_calls: Final = Table(
    "pilot_calls",
    METADATA,
    Column("pilot", String(255), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
