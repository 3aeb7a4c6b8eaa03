"""Run the migrations over the connection that ``kps_soap.database.upgrade`` opened.

Two upgrades at once wait for each other.  A lock that is not to be had within seconds fails the
upgrade instead of holding up the gateways that are at work.  It opens no connection by itself.
"""

from typing import Final

from alembic import context
from sqlalchemy import Connection

from kps_soap.database import WRITES
from kps_soap.models import METADATA

#: Any number that no other program uses for an advisory lock in this database.
_UPGRADE_LOCK: Final = 7_015_490_045


def _run(connection: Connection) -> None:
    connection.execution_options(**{WRITES: True})
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET lock_timeout = '5s'")
        connection.exec_driver_sql("SET statement_timeout = '10min'")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_UPGRADE_LOCK})")
        connection.commit()
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        transaction_per_migration=True,
        # SQLite can do this as well, though Alembic does not suppose so.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_UPGRADE_LOCK})")
        connection.commit()


_run(context.config.attributes["connection"])
