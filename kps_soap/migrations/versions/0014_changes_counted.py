"""Changes of accounts and people are counted, so that what was read of them can be remembered.

The database counts by itself: no command, page or hand that changes a row can forget to.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = (*("credentials", "former_secrets", "people", "narrowings", "special_shares", "mandates"),)
EVENTS = ("insert", "update", "delete")
COUNT = "UPDATE standing_changes SET number = number + 1"


def upgrade() -> None:
    changes = op.create_table(
        "standing_changes",
        sa.Column("only", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("only", name="pk_standing_changes"),
    )
    op.bulk_insert(changes, [{"only": 1, "number": 1}])
    if op.get_bind().dialect.name == "sqlite":
        _count_on_sqlite()
    else:
        _count_on_postgresql()


def _count_on_sqlite() -> None:
    for table in TABLES:
        for event in EVENTS:
            op.execute(
                f"CREATE TRIGGER count_{table}_{event} AFTER {event} ON {table} BEGIN {COUNT}; END"
            )


def _count_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION count_standing_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {COUNT}; RETURN NULL; END $$"
    )
    for table in TABLES:
        # At the commit, so that the one row that all wait for is the last that anybody locks.
        op.execute(
            f"CREATE CONSTRAINT TRIGGER count_{table} AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_standing_change()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            for event in EVENTS:
                op.execute(f"DROP TRIGGER count_{table}_{event}")
    else:
        for table in TABLES:
            op.execute(f"DROP TRIGGER count_{table} ON {table}")
        op.execute("DROP FUNCTION count_standing_change()")
    op.drop_table("standing_changes")
