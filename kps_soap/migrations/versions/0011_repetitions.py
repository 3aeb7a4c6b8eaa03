"""Questions that may be repeated, by institution and digest."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asked_once",
        sa.Column("institution", sa.String(64), nullable=False),
        sa.Column("question", sa.String(64), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("asked_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "question", name="pk_asked_once"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("asked_once")
