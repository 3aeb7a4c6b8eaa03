"""What others may change or read of a home keeps a gateway down, or is warned of."""

from pathlib import Path

import pytest

from kps_soap import private_files, settings
from kps_soap.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for directory in (home, home / "keys", home / "agreements"):
        directory.mkdir(mode=0o700)
    home.chmod(0o755)
    for file in ("kps.toml", "gateway.db", "pgpass"):
        (home / file).touch(mode=0o600)
    return home


def of(home: Path, **values: object) -> Settings:
    return settings.of(home, values)


def test_a_home_of_its_own_account_is_well(home: Path) -> None:
    assert list(private_files.refusals(of(home))) == []
    assert private_files.warnings(of(home)) == ()


@pytest.mark.parametrize("place", [".", "kps.toml", "keys", "agreements", "gateway.db"])
@pytest.mark.parametrize("more", [0o020, 0o002], ids=["group", "everybody"])
def test_what_others_may_change_is_not_trusted(home: Path, place: str, more: int) -> None:
    path = home / place
    path.chmod(path.stat().st_mode | more)
    (said,) = private_files.refusals(of(home))
    assert said.startswith(f"{path.resolve()}: ")
    assert "may change" in said


def test_what_lies_in_a_home_that_nobody_else_enters_may_have_any_mode(home: Path) -> None:
    (home / "agreements").chmod(0o777)
    (home / "gateway.db").chmod(0o666)
    home.chmod(0o700)
    assert list(private_files.refusals(of(home))) == []
    assert private_files.warnings(of(home)) == ()


def test_a_directory_in_which_everybody_keeps_only_their_own_is_no_harm(home: Path) -> None:
    (home / "keys").chmod(0o1777)
    assert list(private_files.refusals(of(home))) == []


@pytest.mark.parametrize("name", ["register_url", "gateway_url"])
def test_a_password_file_is_there_and_for_the_gateway_alone(home: Path, name: str) -> None:
    file = home / "pgpass"
    given = of(home, **{name: f"postgresql+psycopg://kps@db/kps?passfile={file}"})
    assert private_files.password_files(given) == [file]
    assert list(private_files.refusals(given)) == []
    file.chmod(0o640)
    (said,) = private_files.refusals(given)
    assert "other accounts may use the password file" in said
    file.unlink()
    (said,) = private_files.refusals(given)
    assert "there is no such password file" in said


def test_a_database_that_others_may_read_is_warned_of(home: Path) -> None:
    (home / "gateway.db").chmod(0o644)
    assert list(private_files.refusals(of(home))) == []
    (said,) = private_files.warnings(of(home))
    assert "0600" in said
