"""Reading ``demo.json`` back."""

import json
from pathlib import Path

import pyotp
import pytest
from click.testing import CliRunner, Result

from kps_soap.cli import main
from kps_soap.demo_file import DEMO_FILE, DemoAccount, read_demo_account, read_demo_people

ACCOUNTS = [
    {"username": "KRM-1", "password": "birinci", "inquirer": None},
    {"username": "KRM-2", "password": "ikinci", "inquirer": "SEF-1"},
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    described = {
        "base_url": "https://127.0.0.1:8443",
        "ca_file": "ca.pem",
        "signing_certificate_file": "imza.crt",
        "accounts": ACCOUNTS,
    }
    (tmp_path / DEMO_FILE).write_text(json.dumps(described), encoding="utf-8")
    return tmp_path


def test_the_first_account_is_taken_where_none_is_named(home: Path) -> None:
    assert read_demo_account(home, None) == DemoAccount(
        "KRM-1", "birinci", None, "https://127.0.0.1:8443", Path("ca.pem"), Path("imza.crt")
    )


def test_an_account_is_found_by_its_name(home: Path) -> None:
    found = read_demo_account(home, "KRM-2")
    assert found is not None
    assert (found.password, found.inquirer) == ("ikinci", "SEF-1")
    assert read_demo_account(home, "KRM-3") is None


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe"])
def test_what_is_no_demo_file_holds_no_account(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / DEMO_FILE).write_bytes(content)
    assert read_demo_account(tmp_path, None) is None


SECRET = pyotp.random_base32()
PERSON = {
    "person_id": "b-1.memur",
    "name": "Ekin Memur (sentetik)",
    "institution": "B-1",
    "role": "ALT_KULLANICI",
    "password": "uydurma-parola",
    "code_secret": SECRET,
}


@pytest.fixture
def peopled(home: Path) -> Path:
    file = home / DEMO_FILE
    described = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(described | {"people": [PERSON]}), encoding="utf-8")
    return home


def sign_in(home: Path, *words: str) -> Result:
    return CliRunner().invoke(
        main, ["demo", "sign-in", "--home", str(home), *words], catch_exceptions=False
    )


def test_the_people_of_a_demo_are_read_back(peopled: Path, tmp_path: Path) -> None:
    (person,) = read_demo_people(peopled)
    assert (person.person_id, person.password, person.code_secret) == (
        "b-1.memur", "uydurma-parola", SECRET,
    )  # fmt: skip
    assert read_demo_people(tmp_path / "nowhere") == ()


def test_signing_in_at_a_demo_takes_what_the_command_tells(peopled: Path) -> None:
    listed = sign_in(peopled)
    assert "b-1.memur" in listed.stdout
    assert "uydurma-parola" not in listed.stdout
    told = dict(line.split() for line in sign_in(peopled, "b-1.memur").stdout.splitlines())
    assert told["password"] == "uydurma-parola"
    assert pyotp.TOTP(SECRET).verify(told["code"], valid_window=1)


def test_nobody_signs_in_who_is_not_there(home: Path, peopled: Path, tmp_path: Path) -> None:
    unknown = sign_in(peopled, "b-2.memur")
    assert (unknown.exit_code, "no such person" in unknown.stderr) == (1, True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    nothing = sign_in(elsewhere)
    assert (nothing.exit_code, "is no demo" in nothing.stderr) == (1, True)
