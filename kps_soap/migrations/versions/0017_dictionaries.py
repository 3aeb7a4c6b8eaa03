"""What the messages of records repeat, stored once: records of this release name it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dictionaries",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_dictionaries"),
    )


def downgrade() -> None:
    # Without their dictionary nobody could ever read the messages again that were packed with it.
    if op.get_bind().execute(sa.text("SELECT 1 FROM dictionaries")).first() is not None:
        raise ValueError("records need the dictionaries that this would remove")
    op.drop_table("dictionaries")
