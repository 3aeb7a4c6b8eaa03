"""Accounts whose password is good for one thing: choosing another."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("must_change", sa.SmallInteger(), nullable=False, server_default="0")
    op.add_column("credentials", column)


def downgrade() -> None:
    # Not as a batch, which would lose the triggers that count changes.
    op.drop_column("credentials", "must_change")
