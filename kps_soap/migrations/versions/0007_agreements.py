"""The agreement set in force as one row, its archive, the workers' leases, notices and pilots."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_sets()
    _make_what_gateways_keep()


def downgrade() -> None:
    for table in (
        *("pilot_calls", "agreement_notices", "agreement_directories", "agreement_leases"),
        *("agreement_in_force", "agreement_versions", "agreement_sets", "agreement_files"),
    ):
        op.drop_table(table)


def _make_sets() -> None:
    op.create_table(
        "agreement_files",
        _digest("digest"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_agreement_files"),
    )
    op.create_table(
        "agreement_sets",
        _digest("digest"),
        _text("listing"),
        _whole("stored_us"),
        sa.PrimaryKeyConstraint("digest", name="pk_agreement_sets"),
    )
    op.create_table(
        "agreement_versions",
        _whole("number"),
        _digest("set_digest"),
        _whole("since_us"),
        sa.Column("kind", sa.String(16), nullable=False),
        *(_text(name) for name in ("made_by", "reason", "document", "record", "suspended")),
        sa.PrimaryKeyConstraint("number", name="pk_agreement_versions"),
    )
    op.create_index("ix_agreement_versions_since_us", "agreement_versions", ["since_us"])
    in_force = op.create_table(
        "agreement_in_force",
        sa.Column("place", sa.String(16), nullable=False),
        _whole("number"),
        sa.PrimaryKeyConstraint("place", name="pk_agreement_in_force"),
    )
    op.bulk_insert(in_force, [{"place": "GATEWAY", "number": 0}])


def _make_what_gateways_keep() -> None:
    op.create_table(
        "agreement_leases",
        sa.Column("gateway", sa.String(128), nullable=False),
        sa.Column("worker", sa.String(16), nullable=False),
        _whole("renewals"),
        _whole("until_us"),
        _whole("number"),
        _digest("set_digest"),
        _text("trouble"),
        sa.PrimaryKeyConstraint("gateway", "worker", name="pk_agreement_leases"),
    )
    op.create_table(
        "agreement_directories",
        sa.Column("gateway", sa.String(128), nullable=False),
        sa.Column("directory", sa.String(1024), nullable=False),
        _digest("set_digest"),
        _whole("seen_us"),
        _text("problems"),
        sa.PrimaryKeyConstraint("gateway", "directory", name="pk_agreement_directories"),
    )
    op.create_table(
        "agreement_notices",
        sa.Column("agreement", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("threshold", sa.Integer(), autoincrement=False, nullable=False),
        _whole("noted_us"),
        sa.PrimaryKeyConstraint(
            "agreement", "subject", "day", "threshold", name="pk_agreement_notices"
        ),
    )
    op.create_table(
        "pilot_calls",
        sa.Column("pilot", sa.String(255), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        _whole("count"),
        sa.PrimaryKeyConstraint("pilot", "day", name="pk_pilot_calls"),
        sqlite_with_rowid=False,
    )


def _digest(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.String(64), nullable=False)


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=False)


def _whole(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)
