"""Issued tokens, log-in locks, and five more columns of a record (format 2)."""

import importlib

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_first = importlib.import_module("kps_soap.migrations.versions.0001_first_tables")


def _added() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("token", sa.Text()),
        sa.Column("bound_inquirer", sa.Text()),
        sa.Column("records", sa.Integer()),
        sa.Column("repeats", sa.Text()),
        sa.Column("fee", sa.Text()),
    )


def _locks() -> tuple[sa.Column[object], ...]:
    def number(name: str, kind: sa.types.TypeEngine[int]) -> sa.Column[object]:
        return sa.Column(name, kind, nullable=False, server_default="0")

    return (
        number("failures", sa.Integer()),
        sa.Column("failures_day", sa.String(10)),
        number("failures_today", sa.Integer()),
        number("locked_until_us", sa.BigInteger()),
    )


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_evidence()
    else:
        for column in _added():
            op.add_column("evidence", column)
    there = sa.text("token IS NOT NULL")
    op.create_index(
        "ix_evidence_token", "evidence", ["token"], sqlite_where=there, postgresql_where=there
    )
    for column in _locks():
        op.add_column("credentials", column)
    _make_tokens()


def downgrade() -> None:
    op.drop_table("issued_tokens")
    for column in reversed(_locks()):
        op.drop_column("credentials", str(column.name))
    op.drop_index("ix_evidence_token", "evidence")
    for column in reversed(_added()):
        op.drop_column("evidence", str(column.name))


def _rebuild_evidence() -> None:
    """SQLite adds columns at the end, behind the ciphertext and its overflow pages.

    Walking a chain would then read every message, so the table is made again in its order.
    """
    indexes = _first._SEARCHED
    for columns in indexes:
        op.drop_index(f"ix_evidence_{'_'.join(columns)}", "evidence")
    op.rename_table("evidence", "evidence_of_format_1")
    before = sa.inspect(op.get_bind()).get_columns("evidence_of_format_1")
    names = [column["name"] for column in before]
    _first.make_evidence(*_added())
    listed = ", ".join(names)
    # The names are this migration's own; nothing in them was ever typed by anybody.
    op.execute(
        f"INSERT INTO evidence ({listed}) SELECT {listed} FROM evidence_of_format_1"  # noqa: S608
    )
    op.drop_table("evidence_of_format_1")


def _make_tokens() -> None:
    op.create_table(
        "issued_tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("assertion_id", sa.Text(), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("credential_version", sa.Integer(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("inquirer", sa.Text(), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("agreement_digest", sa.String(64), nullable=False),
        sa.Column("source_address", sa.Text(), nullable=False),
        sa.Column("issued_us", sa.BigInteger(), nullable=False),
        sa.Column("not_after_us", sa.BigInteger(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_issued_tokens"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_issued_tokens_not_after_us", "issued_tokens", ["not_after_us"])
