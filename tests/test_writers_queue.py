"""The queue of writers beside a SQLite file: one at a time, and nobody waits for ever."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from kps_soap.database import open_database, writing
from kps_soap.writers_queue import turn


def test_a_turn_that_does_not_come_is_given_up_and_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    late = pytest.raises(TimeoutError)
    with turn(path, seconds_max=None), late, turn(path, seconds_max=0.05):
        pytest.fail("two turns at once")
    # Whoever gave up holds nothing, even if its turn comes now.
    for seconds in (5.0, None, 5.0):
        with turn(path, seconds_max=seconds):
            pass


def test_a_turn_that_comes_in_time_is_taken(tmp_path: Path) -> None:
    path, order = tmp_path / "gateway.db", []
    holding, waiting = threading.Event(), threading.Event()

    def hold() -> None:
        with turn(path, seconds_max=None):
            holding.set()
            waiting.wait(10)
            order.append("first")

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(10)
    threading.Timer(0.05, waiting.set).start()
    with turn(path, seconds_max=10):
        order.append("second")
    holder.join(10)
    assert order == ["first", "second"]


def test_a_writer_waits_no_longer_for_its_turn_than_its_database_says(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    path.touch()
    engine = open_database(f"sqlite:///{path}", wait_seconds_max=0.05)
    with engine.connect() as connection:
        with turn(path, seconds_max=None), pytest.raises(TimeoutError), writing(connection):
            pytest.fail("it wrote out of turn")
        with writing(connection, patient=True):
            connection.execute(text("CREATE TABLE kept (number INTEGER)"))
    engine.dispose()


def test_where_there_is_no_file_there_is_no_queue(tmp_path: Path) -> None:
    with turn(None, seconds_max=0.0), turn(None, seconds_max=0.0):
        assert not list(tmp_path.iterdir())
