"""Different numbers of a tally: asking each of them twice makes a sequence no less of one."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "misuse_tallies",
        sa.Column("different", sa.BigInteger(), nullable=False, server_default="0"),
    )
    # What was counted so far goes on being judged as it was.
    op.execute("UPDATE misuse_tallies SET different = criteria")


def downgrade() -> None:
    op.drop_column("misuse_tallies", "different")
