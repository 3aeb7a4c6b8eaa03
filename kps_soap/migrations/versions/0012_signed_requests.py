"""Signed requests that were presented, by institution and digest."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signed_requests",
        sa.Column("institution", sa.String(64), nullable=False),
        sa.Column("message", sa.LargeBinary(32), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "message", name="pk_signed_requests"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("signed_requests")
