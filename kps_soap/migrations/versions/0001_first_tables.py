"""The first tables: evidence, its chains and keys, checkpoints, receipts, credentials, rosters."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_EVIDENCE_TEXTS = (
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
)

_TABLES = (
    "evidence",
    "evidence_persons",
    "evidence_chains",
    "field_lists",
    "month_keys",
    "checkpoints",
    "checkpoint_heads",
    "receipt_blocks",
    "writer_probes",
    "credentials",
    "roster_entries",
)

_SEARCHED = (
    ("received_us", "chain_id", "sequence"),
    ("institution", "received_us"),
    ("account", "received_us"),
    ("inquirer", "received_us"),
    ("case_number",),
    ("receipt_number",),
    ("request_id",),
)


def upgrade() -> None:
    make_evidence()
    _make_persons()
    _make_chains_and_keys()
    _make_checkpoints()
    _make_receipts()
    _make_accounts()


def downgrade() -> None:
    for name in reversed(_TABLES):
        op.drop_table(name)


def make_evidence(*more: "sa.Column[object]") -> None:
    """The table of records, with ``more`` plain columns and their indexes."""
    op.create_table(
        "evidence",
        sa.Column("chain_id", sa.String(16), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("format", sa.SmallInteger(), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("plain_digest", sa.LargeBinary(), nullable=False),
        sa.Column("persons_digest", sa.LargeBinary(), nullable=False),
        sa.Column("cipher_digest", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary()),
        sa.Column("received_us", sa.BigInteger()),
        *(sa.Column(name, sa.Text()) for name in _EVIDENCE_TEXTS),
        sa.Column("outcome", sa.Integer()),
        sa.Column("refusal", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("criterion_outcomes", sa.Text()),
        sa.Column("returned_digest", sa.Text()),
        sa.Column("withheld_digest", sa.Text()),
        sa.Column("units", sa.Integer()),
        sa.Column("amount", sa.BigInteger()),
        sa.Column("question_digest", sa.Text()),
        sa.Column("answer_digest", sa.Text()),
        sa.Column("sent_digest", sa.Text()),
        sa.Column("http_status", sa.Integer()),
        sa.Column("duration_us", sa.BigInteger()),
        sa.Column("count", sa.BigInteger()),
        *more,
        sa.Column("ciphertext", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("chain_id", "sequence", name="pk_evidence"),
    )
    for columns in _SEARCHED:
        there = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(
            f"ix_evidence_{'_'.join(columns)}",
            "evidence",
            list(columns),
            sqlite_where=there,
            postgresql_where=there,
        )


def _make_persons() -> None:
    op.create_table(
        "evidence_persons",
        sa.Column("chain_id", sa.String(16), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_digest", sa.LargeBinary(), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.PrimaryKeyConstraint(
            "chain_id", "sequence", "person_digest", name="pk_evidence_persons"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_evidence_persons_person_digest_month", "evidence_persons", ["person_digest", "month"]
    )


def _make_chains_and_keys() -> None:
    op.create_table(
        "evidence_chains",
        sa.Column("chain_id", sa.String(16), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("head_sequence", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", name="pk_evidence_chains"),
    )
    op.create_table(
        "field_lists",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("paths", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_field_lists"),
    )
    op.create_table(
        "month_keys",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("file_key_id", sa.String(16), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary()),
        sa.Column("destroyed_us", sa.BigInteger()),
        sa.Column("destroyed_by", sa.Text()),
        sa.PrimaryKeyConstraint("month", name="pk_month_keys"),
    )


def _make_checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("taken_us", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.SmallInteger(), nullable=False),
        sa.Column("previous_digest", sa.LargeBinary(), nullable=False),
        sa.Column("heads_root", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("timestamp_token", sa.LargeBinary()),
        sa.Column("exported_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("number", name="pk_checkpoints"),
    )
    op.create_table(
        "checkpoint_heads",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chain_id", sa.String(16), nullable=False),
        sa.Column("head_sequence", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", "chain_id", name="pk_checkpoint_heads"),
    )


def _make_receipts() -> None:
    blocks = op.create_table(
        "receipt_blocks",
        sa.Column("series", sa.String(16), nullable=False),
        sa.Column("next_counter", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series", name="pk_receipt_blocks"),
    )
    op.bulk_insert(blocks, [{"series": "ALINDI", "next_counter": 1}])
    op.create_table(
        "writer_probes",
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("probed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker", name="pk_writer_probes"),
    )


def _make_accounts() -> None:
    op.create_table(
        "credentials",
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("credential_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_credentials"),
    )
    op.create_table(
        "roster_entries",
        sa.Column("institution", sa.String(64), nullable=False),
        sa.Column("person_digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "person_digest", name="pk_roster_entries"),
        sqlite_with_rowid=False,
    )
