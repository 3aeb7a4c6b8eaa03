"""The tables of quotas and misuse: who was asked about today, what looked wrong, who is protected.

``models`` gathers them with all others.  Times are whole microseconds since 1970-01-01 UTC
(``…_us``), days civil days of Istanbul (ISO 8601).  Persons stand here by keyed digest only.
This room describes tables; it runs no statement.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
)

from kps_soap.model_metadata import METADATA

#: What the digests of a day are made with besides the key; when the day is swept away, whatever
#: is left of its digests somewhere can be compared with nothing any more.
asked_days: Final = Table(
    "asked_days",
    METADATA,
    Column("day", String(10), primary_key=True),
    Column("salt", LargeBinary, nullable=False),
)

#: The persons asked about under an agreement on a day; the digest holds the agreement too.
asked_persons: Final = Table(
    "asked_persons",
    METADATA,
    Column("day", String(10), primary_key=True),
    Column("person_digest", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)

#: How many persons and calls that are, in a row a worker, so that no worker waits for another.
asked_counts: Final = Table(
    "asked_counts",
    METADATA,
    Column("agreement", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("worker", String(160), primary_key=True),
    Column("persons", BigInteger, nullable=False),
    Column("calls", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: What the users of an institution did in ten minutes, from one address, through one worker.
#: ``different`` counts numbers that were not asked shortly before, ``neighbours`` those of them
#: next to one that was, ``namesakes`` the answers about people of the inquirer's own surname.
misuse_tallies: Final = Table(
    "misuse_tallies",
    METADATA,
    Column("slot_us", BigInteger, primary_key=True, autoincrement=False),
    Column("institution", String(64), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("inquirer", String(160), primary_key=True),
    Column("source_address", String(64), primary_key=True),
    Column("worker", String(160), primary_key=True),
    Column("agreement", String(64), nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("criteria", BigInteger, nullable=False),
    Column("not_found", BigInteger, nullable=False),
    Column("neighbours", BigInteger, nullable=False),
    Column("namesakes", BigInteger, nullable=False),
    Column("different", BigInteger, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

#: How often an account called on a day: what its usual day looks like.
misuse_days: Final = Table(
    "misuse_days",
    METADATA,
    Column("day", String(10), primary_key=True),
    Column("institution", String(64), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("worker", String(160), primary_key=True),
    Column("agreement", String(64), nullable=False),
    Column("calls", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: Which inquirers asked about a person on a day, both by digest.
misuse_subjects: Final = Table(
    "misuse_subjects",
    METADATA,
    Column("day", String(10), primary_key=True),
    Column("person_digest", LargeBinary, primary_key=True),
    Column("inquirer_digest", LargeBinary, primary_key=True),
    Column("institution", String(64), nullable=False),
    sqlite_with_rowid=False,
)

#: What looked like misuse: one row a rule, subject (``about``) and day.  ``state`` is YENI until
#: somebody has looked into it (ONAYLI); ``act`` is what the gateway did by itself (ASKI, BLOKE).
#: ``record`` names the event (``chain:sequence``) where it is known.
misuse_findings: Final = Table(
    "misuse_findings",
    METADATA,
    Column("finding_id", String(16), primary_key=True),
    Column("found_us", BigInteger, nullable=False),
    Column("day", String(10), nullable=False),
    Column("rule", String(32), nullable=False),
    Column("about", String(255), nullable=False),
    Column("institution", String(64), nullable=False),
    Column("agreement", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("inquirer", String(160), nullable=False),
    Column("summary", Text, nullable=False),
    Column("measured", BigInteger, nullable=False),
    Column("threshold", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("act", String(16), nullable=False),
    Column("settled_us", BigInteger, nullable=False),
    Column("settled_by", Text, nullable=False),
    Column("settled_reason", Text, nullable=False),
)
Index(
    None,
    misuse_findings.c.rule,
    misuse_findings.c.day,
    misuse_findings.c.about,
    unique=True,
)
Index(None, misuse_findings.c.found_us)

#: Persons whose data only a case number opens, and whom nobody asks about unseen (§2.9).
protected_persons: Final = Table(
    "protected_persons",
    METADATA,
    Column("person_digest", LargeBinary, primary_key=True),
    Column("since_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: Numbers that go up with each change of what workers hold in memory (KORUNANLAR).
misuse_versions: Final = Table(
    "misuse_versions",
    METADATA,
    Column("subject", String(16), primary_key=True),
    Column("number", BigInteger, nullable=False),
)

#: How large an institution's roster is, a digest of it as a set, and since when it is so.
roster_states: Final = Table(
    "roster_states",
    METADATA,
    Column("institution", String(64), primary_key=True),
    Column("persons", BigInteger, nullable=False),
    Column("set_digest", LargeBinary, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)

#: Persons asked about while the roster was looked at in a mode, and how many were not on it.
roster_counts: Final = Table(
    "roster_counts",
    METADATA,
    Column("institution", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("mode", String(16), primary_key=True),
    Column("worker", String(160), primary_key=True),
    Column("asked", BigInteger, nullable=False),
    Column("missing", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
