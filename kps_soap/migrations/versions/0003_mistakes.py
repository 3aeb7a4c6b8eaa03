"""How often an institution was wrong about a person on a day."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mistakes",
        sa.Column("institution", sa.String(64), nullable=False),
        sa.Column("person_digest", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("institution", "person_digest", "day", name="pk_mistakes"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("mistakes")
