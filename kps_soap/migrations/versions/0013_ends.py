"""When passwords were chosen, who is here for a while only, and what was said of their ends."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("people", "credentials"):
        chosen = sa.Column("password_us", sa.BigInteger(), nullable=False, server_default="0")
        op.add_column(table, chosen)
    temporary = sa.Column("temporary", sa.Integer(), nullable=False, server_default="0")
    op.add_column("people", temporary)
    # A row's last change is no earlier than its password: nobody must change one too soon.
    op.execute("UPDATE people SET password_us = changed_us WHERE password_hash IS NOT NULL")
    op.execute("UPDATE credentials SET password_us = changed_us")
    op.create_table(
        "access_notices",
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "kind", "day", "threshold", name="pk_access_notices"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("access_notices")
    with op.batch_alter_table("credentials") as table:
        table.drop_column("password_us")
    with op.batch_alter_table("people") as table:
        table.drop_column("temporary")
        table.drop_column("password_us")
