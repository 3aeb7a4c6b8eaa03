"""A partition a month on PostgreSQL; orders that hold records or keep them secret.

On PostgreSQL ``evidence`` and ``evidence_persons`` become partitioned tables, and their rows are
copied month by month.  SQLite has no partitions: its tables stay as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

#: The partitioned tables and the columns of their primary keys but the month.
_KEYS = {
    "evidence": ("chain_id", "sequence"),
    "evidence_persons": ("chain_id", "sequence", "person_digest"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = 0")
        for table, key in _KEYS.items():
            _partition(table, key)
    _make_orders()


def downgrade() -> None:
    for table in ("held_months", "held_records", "legal_orders"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = 0")
        for table, key in _KEYS.items():
            _join(table, key)


def _partition(table: str, key: tuple[str, ...]) -> None:
    """The same columns and indexes, a partition for each month that the table speaks of."""
    indexes = _indexes(table)
    op.rename_table(table, f"{table}_whole")
    _drop_indexes(table, indexes)
    op.execute(
        f"CREATE TABLE {table} (LIKE {table}_whole INCLUDING DEFAULTS INCLUDING STORAGE)"
        " PARTITION BY LIST (month)"
    )
    op.create_primary_key(f"pk_{table}", table, [*key, "month"])
    for definition in indexes.values():
        op.execute(definition)
    for month in _months(f"{table}_whole"):
        op.execute(
            f"CREATE TABLE {table}_{month.replace('-', '_')} PARTITION OF {table}"
            f" FOR VALUES IN ('{month}')"
        )
    _move_rows(table, f"{table}_whole")


def _join(table: str, key: tuple[str, ...]) -> None:
    """One table again; its partitions go with the partitioned one."""
    indexes = _indexes(table)
    op.rename_table(table, f"{table}_parted")
    _drop_indexes(table, indexes)
    op.execute(f"CREATE TABLE {table} (LIKE {table}_parted INCLUDING DEFAULTS INCLUDING STORAGE)")
    op.create_primary_key(f"pk_{table}", table, list(key))
    for definition in indexes.values():
        op.execute(definition)
    _move_rows(table, f"{table}_parted")


def _indexes(table: str) -> dict[str, str]:
    """The statement that makes each index of a table but its primary key's, by name."""
    rows = op.get_bind().execute(
        sa.text(
            "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i"
            " JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indrelid = to_regclass(:name) AND NOT i.indisprimary"
        ),
        {"name": table},
    )
    return {name: str(definition).replace(" ON ONLY ", " ON ") for name, definition in rows}


def _drop_indexes(table: str, indexes: dict[str, str]) -> None:
    """Their names are wanted for the new table."""
    for name in indexes:
        op.execute(f"DROP INDEX {name}")
    op.execute(f"ALTER INDEX pk_{table} RENAME TO pk_{table}_before")


def _months(table: str) -> list[str]:
    # The names of tables are this migration's own; months are checked before they become names.
    query = sa.text(f"SELECT DISTINCT month FROM {table} ORDER BY month")  # noqa: S608
    months = [str(month) for month in op.get_bind().execute(query).scalars()]
    for month in months:
        if len(month) != 7 or not (month[:4] + month[5:]).isdecimal() or month[4] != "-":
            raise ValueError("a record of a month that cannot be; run: kps audit verify")
    return months


def _move_rows(table: str, source: str) -> None:
    columns = sa.inspect(op.get_bind()).get_columns(table)
    listed = ", ".join(f'"{column["name"]}"' for column in columns)
    op.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {source}")  # noqa: S608
    op.drop_table(source)


def _make_orders() -> None:
    op.create_table(
        "legal_orders",
        sa.Column("order_id", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("file_key_id", sa.String(16), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary()),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("lifted_us", sa.BigInteger()),
        sa.Column("lifted_by", sa.Text()),
        sa.PrimaryKeyConstraint("order_id", name="pk_legal_orders"),
    )
    op.create_table(
        "held_records",
        sa.Column("chain_id", sa.String(16), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.String(8), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "sequence", "order_id", name="pk_held_records"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_held_records_order_id_month", "held_records", ["order_id", "month"])
    op.create_table(
        "held_months",
        sa.Column("order_id", sa.String(8), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "month", name="pk_held_months"),
        sqlite_with_rowid=False,
    )
