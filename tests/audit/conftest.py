"""Databases with the gateway's tables in them, made once and handed out empty."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from evidence_samples import Evidence, opened
from sealed_samples import Template, filled
from sqlalchemy import create_engine, text, update
from sqlalchemy.engine import make_url

from kps_soap import database
from kps_soap.models import METADATA, receipt_blocks


@pytest.fixture(scope="session")
def emptied_postgresql(postgresql_url: str) -> str:
    maintenance = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with maintenance.connect() as connection:
        connection.execute(text("CREATE DATABASE evidence"))
    maintenance.dispose()
    url = make_url(postgresql_url).set(database="evidence").render_as_string(hide_password=False)
    database.upgrade(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with empty tables, once in SQLite and once in PostgreSQL."""
    if request.param == "sqlite":
        file = tmp_path / "evidence.sqlite"
        shutil.copy(request.getfixturevalue("upgraded_file"), file)
        yield f"sqlite:///{file}"
        return
    url = request.getfixturevalue("emptied_postgresql")
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in METADATA.tables.values():
            if table is not receipt_blocks:
                connection.execute(table.delete())
        connection.execute(update(receipt_blocks).values(next_counter=1))
    engine.dispose()
    yield url


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Evidence]:
    """What is exported."""
    with opened(f"sqlite:///{tmp_path / 'source.sqlite'}") as evidence:
        yield evidence


@pytest.fixture
def target(database_url: str) -> Iterator[Evidence]:
    """What an export is brought into."""
    with opened(database_url) as evidence:
        yield evidence


@pytest.fixture(scope="session")
def sealed_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Sealed evidence that nobody changes."""
    folder = tmp_path_factory.mktemp("sealed")
    with opened(f"sqlite:///{folder / 'template.sqlite'}") as evidence_of:
        chains = filled(evidence_of, folder / "witness")
        with evidence_of.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return Template(folder / "template.sqlite", folder / "witness", chains)


@pytest.fixture
def sealed_copy(sealed_template: Template, tmp_path: Path) -> Iterator[Evidence]:
    """A copy of it, to be changed."""
    file = tmp_path / "evidence.sqlite"
    shutil.copy(sealed_template.file, file)
    with opened(f"sqlite:///{file}") as evidence_of:
        yield evidence_of
