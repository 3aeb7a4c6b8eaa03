"""The tables of the gateway's own database: evidence, its keys, receipts, credentials, rosters.

SQLAlchemy Core tables with the same columns and the same statements for SQLite and PostgreSQL
(design D12).  This room describes tables; it opens no database and runs no statement.  The
register's tables are not here: a register is another database.

Times are whole microseconds since 1970-01-01 UTC (``…_us``): exact, comparable, and the same
bytes in every database, which the hashes need.  Digests of whole messages are lower-case hex
text, as on the wire; everything of the chain itself is raw bytes.

There is no foreign key from a record to its chain.  On PostgreSQL such a key costs a trigger for
every row, and it proves nothing to somebody who does not trust the operator:
``audit.verification`` finds orphans by itself.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
)

from kps_soap import agreement_models as agreement_models
from kps_soap import console_models as console_models
from kps_soap import misuse_models as misuse_models
from kps_soap import people_models as people_models
from kps_soap import repetition_models as repetition_models
from kps_soap import signed_request_models as signed_request_models
from kps_soap.model_metadata import METADATA as METADATA

#: What a record is made of besides its place in the chain (domain.md §2.5), in the order in
#: which the record's hash covers it.  All of it is emptied when the record's month is destroyed.
PLAIN_COLUMNS: Final = (
    "received_us",
    "event",
    "request_id",
    "receipt_number",
    "door",
    "channel",
    "source_address",
    "institution",
    "agreement",
    "agreement_digest",
    "account",
    "on_behalf_of",
    "inquirer",
    "unit",
    "vouched_by",
    "client_certificate",
    "client_software",
    "service",
    "operation",
    "version",
    "purpose",
    "case_number",
    "message_id",
    "outcome",
    "refusal",
    "detail",
    "criterion_outcomes",
    "returned_digest",
    "withheld_digest",
    "units",
    "amount",
    "question_digest",
    "answer_digest",
    "sent_digest",
    "http_status",
    "duration_us",
    "count",
    "token",
    "bound_inquirer",
    "records",
    "repeats",
    "fee",
)

#: The tables that PostgreSQL keeps in a partition a month (LIST of ``month``); there ``month`` is
#: the last column of their primary keys too, because a partitioned table demands it.
PARTITIONED: Final = ("evidence", "evidence_persons")

#: One row a record.  The columns of the chain come first and the ciphertext last, so that
#: walking a chain in SQLite never touches the overflow pages in which messages lie.
#: ``amount`` is in hundredths of a kuruş; ``returned_digest`` names a row of ``field_lists``.
evidence: Final = Table(
    "evidence",
    METADATA,
    Column("chain_id", String(16), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("format", SmallInteger, nullable=False),
    Column("month", String(7), nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("plain_digest", LargeBinary, nullable=False),
    Column("persons_digest", LargeBinary, nullable=False),
    Column("cipher_digest", LargeBinary, nullable=False),
    Column("salt", LargeBinary),
    Column("received_us", BigInteger),
    Column("event", Text),
    Column("request_id", Text),
    Column("receipt_number", Text),
    Column("door", Text),
    Column("channel", Text),
    Column("source_address", Text),
    Column("institution", Text),
    Column("agreement", Text),
    Column("agreement_digest", Text),
    Column("account", Text),
    Column("on_behalf_of", Text),
    Column("inquirer", Text),
    Column("unit", Text),
    Column("vouched_by", Text),
    Column("client_certificate", Text),
    Column("client_software", Text),
    Column("service", Text),
    Column("operation", Text),
    Column("version", Text),
    Column("purpose", Text),
    Column("case_number", Text),
    Column("message_id", Text),
    Column("outcome", Integer),
    Column("refusal", Text),
    Column("detail", Text),
    Column("criterion_outcomes", Text),
    Column("returned_digest", Text),
    Column("withheld_digest", Text),
    Column("units", Integer),
    Column("amount", BigInteger),
    Column("question_digest", Text),
    Column("answer_digest", Text),
    Column("sent_digest", Text),
    Column("http_status", Integer),
    Column("duration_us", BigInteger),
    Column("count", BigInteger),
    Column("token", Text),
    Column("bound_inquirer", Text),
    Column("records", Integer),
    Column("repeats", Text),
    Column("fee", Text),
    Column("ciphertext", LargeBinary),
)


def _search_index(*names: str) -> Index:
    """An index for searching, without the rows that have nothing in its first column."""
    there = evidence.c[names[0]].is_not(None)
    columns = [evidence.c[name] for name in names]
    return Index(None, *columns, sqlite_where=there, postgresql_where=there)


_search_index("received_us", "chain_id", "sequence")
_search_index("institution", "received_us")
_search_index("account", "received_us")
_search_index("inquirer", "received_us")
_search_index("case_number")
_search_index("receipt_number")
_search_index("request_id")
_search_index("token")

#: Which persons a record is about, by a digest whose key dies with the month.
evidence_persons: Final = Table(
    "evidence_persons",
    METADATA,
    Column("chain_id", String(16), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("person_digest", LargeBinary, primary_key=True),
    Column("month", String(7), nullable=False),
    sqlite_with_rowid=False,
)
Index(None, evidence_persons.c.person_digest, evidence_persons.c.month)

#: One row a worker's life; the head moves in the transaction that writes the records.
evidence_chains: Final = Table(
    "evidence_chains",
    METADATA,
    Column("chain_id", String(16), primary_key=True),
    Column("worker", Text, nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    Column("head_sequence", BigInteger, nullable=False),
    Column("head_hash", LargeBinary, nullable=False),
)

#: The few different lists of returned fields, each stored once and named by its SHA-256.
field_lists: Final = Table(
    "field_lists",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("paths", Text, nullable=False),
)

#: What answers repeat, each stored once and named by its SHA-256 (see ``audit.packing``).  It
#: holds nothing about anybody and is kept when months are destroyed.
dictionaries: Final = Table(
    "dictionaries",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

#: A month's secret, wrapped by the key of the key file.  Destroying a month empties ``wrapped``
#: and says when, and by which record (``chain:sequence``).
month_keys: Final = Table(
    "month_keys",
    METADATA,
    Column("month", String(7), primary_key=True),
    Column("file_key_id", String(16), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("wrapped", LargeBinary),
    Column("destroyed_us", BigInteger),
    Column("destroyed_by", Text),
)

#: Orders that somebody with authority gave (see ``audit.orders``): to keep records longer than
#: their month (SAKLAMA), or not to tell a person of them yet (GIZLILIK).  ``wrapped`` is the
#: order's own secret under the key of the key file, ``sealed`` what it says, under that secret;
#: ``placed_by`` and ``lifted_by`` name the records (``chain:sequence``) that tell of it.
legal_orders: Final = Table(
    "legal_orders",
    METADATA,
    Column("order_id", String(8), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("file_key_id", String(16), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("wrapped", LargeBinary),
    Column("sealed", LargeBinary),
    Column("placed_by", Text, nullable=False),
    Column("lifted_us", BigInteger),
    Column("lifted_by", Text),
)

#: The key of each record that an order holds, under the order's secret.
held_records: Final = Table(
    "held_records",
    METADATA,
    Column("chain_id", String(16), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", String(8), primary_key=True),
    Column("month", String(7), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
Index(None, held_records.c.order_id, held_records.c.month)

#: The key of the person digests of each month in which an order holds records.
held_months: Final = Table(
    "held_months",
    METADATA,
    Column("order_id", String(8), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

#: Signed statements that tie the heads of all chains together, each naming the one before it.
#: ``timestamp_token`` is an authority's reply (RFC 3161) about ``digest``, where one was asked.
checkpoints: Final = Table(
    "checkpoints",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("format", SmallInteger, nullable=False),
    Column("taken_us", BigInteger, nullable=False),
    Column("previous_digest", LargeBinary, nullable=False),
    Column("heads_root", LargeBinary, nullable=False),
    Column("chains", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("timestamp_token", LargeBinary),
)

#: The leaves under a checkpoint's ``heads_root``, only of the chains that moved: each is a
#: segment of its chain.  ``position`` is the leaf's place in the tree, for ever; ``path`` leads
#: from the leaf to the root, 32 bytes a step.
checkpoint_heads: Final = Table(
    "checkpoint_heads",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("chain_id", String(16), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("first_sequence", BigInteger, nullable=False),
    Column("head_sequence", BigInteger, nullable=False),
    Column("head_hash", LargeBinary, nullable=False),
    Column("segment_root", LargeBinary, nullable=False),
    Column("path", LargeBinary, nullable=False),
)
Index(None, checkpoint_heads.c.chain_id, checkpoint_heads.c.head_sequence)

#: What one gateway does for all that share the database: which checkpoint was done last, and
#: when the next attempt may begin.  No evidence: losing it means doing some things again.
duties: Final = Table(
    "duties",
    METADATA,
    Column("duty", String(64), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("not_before_us", BigInteger, nullable=False),
)

#: The next counter that nobody has been given yet; workers take blocks of them.
receipt_blocks: Final = Table(
    "receipt_blocks",
    METADATA,
    Column("series", String(16), primary_key=True),
    Column("next_counter", BigInteger, nullable=False),
)

#: Written by a worker that has nothing else to write, to learn whether writing works.
writer_probes: Final = Table(
    "writer_probes",
    METADATA,
    Column("worker", Text, primary_key=True),
    Column("probed_us", BigInteger, nullable=False),
)

#: Accounts' password hashes (argon2id) and whether the account is open (ACIK, BLOKE).
#: ``failures`` counts wrong passwords since the last right one or the last lock, and
#: ``failures_today`` those of the civil day ``failures_day``; ``locked_until_us`` ends a lock.
credentials: Final = Table(
    "credentials",
    METADATA,
    Column("account", String(64), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("credential_version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failures_day", String(10)),
    Column("failures_today", Integer, nullable=False, server_default="0"),
    Column("locked_until_us", BigInteger, nullable=False, server_default="0"),
    Column("password_us", BigInteger, nullable=False, server_default="0"),
    Column("must_change", SmallInteger, nullable=False, server_default="0"),
)

#: The tokens of the routing door that were issued and have not been swept away; see
#: ``entry.IssuedToken``.  Any gateway that shares this database knows them.
issued_tokens: Final = Table(
    "issued_tokens",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("assertion_id", Text, nullable=False),
    Column("account", String(64), nullable=False),
    Column("credential_version", Integer, nullable=False),
    Column("institution", Text, nullable=False),
    Column("inquirer", Text, nullable=False),
    Column("agreement", Text, nullable=False),
    Column("agreement_digest", String(64), nullable=False),
    Column("source_address", Text, nullable=False),
    Column("issued_us", BigInteger, nullable=False),
    Column("not_after_us", BigInteger, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
Index(None, issued_tokens.c.not_after_us)

#: How often an institution was wrong about a person on a civil day (§5.1); swept away afterwards.
mistakes: Final = Table(
    "mistakes",
    METADATA,
    Column("institution", String(64), primary_key=True),
    Column("person_digest", LargeBinary, primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)

#: The persons whom an institution says it deals with, by keyed digest (Law 5490 Art. 45/2).
roster_entries: Final = Table(
    "roster_entries",
    METADATA,
    Column("institution", String(64), primary_key=True),
    Column("person_digest", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)
