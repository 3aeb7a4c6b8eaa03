"""Who is signed in at the console, and which of its forms were sent."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "console_sessions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        _whole("person_stamp"),
        sa.Column("step", sa.String(16), nullable=False),
        *(_whole(name) for name in ("opened_us", "seen_us", "ends_us")),
        sa.Column("source_address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_console_sessions"),
    )
    op.create_index("ix_console_sessions_person_id", "console_sessions", ["person_id"])
    op.create_index("ix_console_sessions_ends_us", "console_sessions", ["ends_us"])
    op.create_table(
        "console_spent_forms",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _whole("spent_us"),
        sa.PrimaryKeyConstraint("digest", name="pk_console_spent_forms"),
    )
    op.create_index("ix_console_spent_forms_spent_us", "console_spent_forms", ["spent_us"])


def downgrade() -> None:
    op.drop_table("console_spent_forms")
    op.drop_table("console_sessions")


def _whole(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)
