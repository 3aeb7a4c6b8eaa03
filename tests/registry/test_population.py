"""The synthetic population: the same for the same seed, exact in size, whole or not there."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from kps_soap import identity_number, places
from kps_soap.faults import RegisterUnavailable
from kps_soap.registry import (
    blocks,
    codes,
    population,
)
from kps_soap.registry.checker import check
from kps_soap.registry.loading import RegisterExists, content_digest
from kps_soap.registry.meanings import CodeBook
from kps_soap.registry.store import Register

TODAY = date(2026, 1, 1)


def _url(path: Path) -> str:
    return f"sqlite:///{path}"


def _note(path: Path, key: str) -> str:
    with sqlite3.connect(path) as connection:
        (value,) = connection.execute(
            "SELECT value FROM register_info WHERE key = ?", (key,)
        ).fetchone()
    connection.close()
    return str(value)


def _ask(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


# The register as a whole


@pytest.mark.parametrize("persons", [200, 263, 501])
def test_a_register_has_exactly_the_persons_asked_for(persons: int, tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    population.make(_url(path), persons=persons, seed=3, date=TODAY)
    ((count,),) = _ask(
        path,
        "SELECT count(*) FROM (SELECT number FROM citizens UNION SELECT number FROM foreigners"
        " UNION SELECT number FROM blue_card_persons)",
    )
    assert count == persons
    assert check(_url(path)) == []


def test_two_runs_give_one_content_whatever_the_hash_seed(tmp_path: Path) -> None:
    script = (
        "import sys, datetime; from kps_soap.registry import population;"
        "population.make(sys.argv[1], persons=300, seed=9, date=datetime.date(2026, 1, 1))"
    )
    digests = set()
    for hash_seed in ("0", "4242"):
        path = tmp_path / f"{hash_seed}.sqlite"
        environment = os.environ | {
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        subprocess.run(
            [sys.executable, "-c", script, _url(path)], check=True, env=environment, timeout=60
        )
        digests.add(_note(path, "content_digest"))
    assert len(digests) == 1


def test_another_seed_or_date_gives_other_people(tmp_path: Path) -> None:
    digests = set()
    for order, (seed, day) in enumerate([(1, TODAY), (2, TODAY), (1, date(2026, 1, 2))]):
        path = tmp_path / f"{order}.sqlite"
        population.make(_url(path), persons=200, seed=seed, date=day)
        digests.add(_note(path, "content_digest"))
    assert len(digests) == 3


def test_both_databases_hold_the_same_sound_content(database_url: str, tmp_path: Path) -> None:
    population.make(database_url, persons=250, seed=5, date=TODAY)
    assert check(database_url) == []
    engine = create_engine(database_url)
    with engine.connect() as connection:
        digest = content_digest(connection, blocks.COLUMNS)
    engine.dispose()
    path = tmp_path / "same.sqlite"
    population.make(_url(path), persons=250, seed=5, date=TODAY)
    assert digest == _note(path, "content_digest")
    with pytest.raises(RegisterExists):
        population.make(database_url, persons=200, seed=5, date=TODAY)


def test_the_register_says_what_it_is(population_file: Path) -> None:
    assert _note(population_file, "kind") == "SENTETIK"
    assert _note(population_file, "seed") == "1"
    assert _note(population_file, "size") == "1000"
    assert _note(population_file, "date") == "2026-01-01"
    assert _note(population_file, "numbers") == "gecerli"


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(made: int, persons: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        population.make(
            _url(tmp_path / "r.sqlite"), persons=300, seed=1, date=TODAY, progress=interrupt
        )
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_killed_goes_on_and_gives_the_same_register(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_SIZE", 200)
    monkeypatch.setattr(population, "BLOCKS_A_SAVE", 2)
    heard: list[int] = []

    def killed(made: int, _persons: int) -> None:
        heard.append(made)
        if len(heard) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        population.make(database_url, persons=1200, seed=1, date=TODAY, progress=killed)
    with pytest.raises(RegisterUnavailable):
        asyncio.run(Register.open(database_url))
    again: list[int] = []
    population.make(
        database_url, persons=1200, seed=1, date=TODAY, progress=lambda made, _: again.append(made)
    )
    assert again[0] == heard[2]
    whole = tmp_path / "whole.sqlite"
    population.make(_url(whole), persons=1200, seed=1, date=TODAY)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert content_digest(connection, blocks.COLUMNS) == _note(whole, "content_digest")
        assert not inspect(connection).has_table("register_making")
    engine.dispose()
    assert check(database_url) == []


def test_what_another_run_left_is_thrown_away(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_SIZE", 200)
    monkeypatch.setattr(population, "BLOCKS_A_SAVE", 1)

    def killed(made: int, _persons: int) -> None:
        if made > 300:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        population.make(database_url, persons=900, seed=1, date=TODAY, progress=killed)
    population.make(database_url, persons=600, seed=2, date=TODAY)
    assert check(database_url) == []


def test_progress_ends_with_everybody(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    population.make(
        _url(tmp_path / "r.sqlite"),
        persons=250,
        seed=1,
        date=TODAY,
        progress=lambda made, persons: heard.append((made, persons)),
    )
    assert heard[-1] == (250, 250)
    assert heard == sorted(heard)


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("mine")
    with pytest.raises(RegisterExists):
        population.make(_url(path), persons=200, seed=1, date=TODAY)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("url", "persons", "day", "numbers"),
    [
        ("sqlite:///{}/r", 199, TODAY, "gecerli"),
        ("sqlite:///{}/r", 50_000_001, TODAY, "gecerli"),
        ("sqlite:///{}/r", 200, date(2019, 12, 31), "gecerli"),
        ("sqlite:///{}/r", 200, date(2036, 1, 1), "gecerli"),
        ("sqlite:///{}/r", 200, TODAY, "gercek"),
        ("sqlite://", 200, TODAY, "gecerli"),
        ("mysql://nowhere/r", 200, TODAY, "gecerli"),
    ],
)
def test_what_cannot_be_made_is_refused(
    url: str, persons: int, day: date, numbers: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError):
        population.make(url.format(tmp_path), persons=persons, seed=1, date=day, numbers=numbers)
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_the_other_mode_are_never_a_real_persons(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    population.make(_url(path), persons=300, seed=1, date=TODAY, numbers="ayrik")
    assert check(_url(path)) == []
    for (number,) in _ask(path, "SELECT number FROM citizens UNION SELECT number FROM foreigners"):
        assert isinstance(number, int)
        assert identity_number.is_disjoint(number)


def test_persons_are_of_all_kinds(population_file: Path) -> None:
    counted = {
        table: _ask(population_file, f"SELECT count(*) FROM {table}")[0][0]
        for table in (*blocks.COLUMNS, "provinces", "codes")
    }
    assert all(counted[table] for table in counted if table != "new_blue_card_temporaries")
    assert counted["provinces"] == 81
    assert int(str(counted["foreigners"])) >= 30


def test_events_of_the_usual_kinds_happen(population_file: Path) -> None:
    book = CodeBook.of_tables(codes.load(places.conf() / "codes.toml"))
    happened = Counter(
        book.text["OlayTipi"][int(str(kind))]
        for (kind,) in _ask(population_file, "SELECT kind_code FROM events")
    )
    for text in ("Doğum", "Ölüm", "Evlenme", "Boşanma", "Tanıma", "Evlat Edinme", "Çıkma İzni"):
        assert happened[text] > 0


def test_another_number_in_the_code_tables_is_another_number_in_the_rows(tmp_path: Path) -> None:
    shipped = (places.conf() / "codes.toml").read_text(encoding="utf-8")
    changed = tmp_path / "codes.toml"
    changed.write_text(shipped.replace('5 = { text = "Dul"', '55 = { text = "Dul"'))
    path = tmp_path / "r.sqlite"
    population.make(_url(path), persons=300, seed=1, date=TODAY, codes_file=changed)
    assert _ask(path, "SELECT 1 FROM citizens WHERE civil_status_code = 55")
    assert not _ask(path, "SELECT 1 FROM citizens WHERE civil_status_code = 5")
    assert check(_url(path)) == []
