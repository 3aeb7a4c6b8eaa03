"""Reading ``demo.json`` back."""

import json
from pathlib import Path

import pytest

from kps_soap.demo_file import DEMO_FILE, DemoAccount, read_demo_account

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
