"""An opened database of the gateway, for the tests of the rooms that write to it."""

from sqlalchemy import Connection, Engine, select

from kps_soap import database
from kps_soap.models import field_lists


def with_tables(url: str) -> Engine:
    database.upgrade(url)
    return database.open_database(url, wait_seconds_max=10)


def count(connection: Connection) -> int:
    with connection.begin():
        return len(connection.execute(select(field_lists)).all())
