"""What an operator reads when something can be mended: a sentence, and no statement or value."""

import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from kps_soap.audit.keys import KeyFileRefused, MonthUnreadable
from kps_soap.audit.records import Unreadable
from kps_soap.database import DatabaseUnavailable
from kps_soap.faults import RegisterUnavailable
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.registry.loading import RegisterExists

SECRET = "postgresql://kps:parola@db.example/kps"


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT 1", {"number": 1}, Exception(SECRET)),
        DatabaseUnavailable(SECRET),
        sqlite3.OperationalError(SECRET),
        psycopg.OperationalError(SECRET),
    ],
    ids=lambda error: type(error).__module__,
)
def test_a_database_s_own_words_never_show(error: Exception) -> None:
    assert isinstance(error, OPERATOR_ERRORS)
    text = sentence_of(error)
    assert SECRET not in text
    assert "SELECT" not in text
    assert type(error).__name__ in text


def test_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught:
        (tmp_path / "yok").read_bytes()
    assert sentence_of(caught.value) == f"No such file or directory: {tmp_path / 'yok'}"
    assert sentence_of(OSError()) == "OSError: an address or file"


def test_a_refusal_says_its_english_sentence_and_its_detail() -> None:
    assert sentence_of(RegisterUnavailable("OperationalError")) == (
        "The register does not answer; try again later. (OperationalError)"
    )
    assert sentence_of(RegisterUnavailable()) == "The register does not answer; try again later."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RegisterExists("x"), "There is a register already; name another place"),
        (MonthUnreadable("another key file"), "cannot be decrypted: another key file."),
        (Unreadable("it was moved"), "See: kps audit verify"),
        (KeyFileRefused("set its mode to 0600"), "set its mode to 0600"),
    ],
)
def test_other_errors_say_what_to_do(error: Exception, words: str) -> None:
    assert isinstance(error, OPERATOR_ERRORS)
    assert words in sentence_of(error)


def test_a_defect_of_ours_is_no_operator_s_error() -> None:
    assert not issubclass(ZeroDivisionError, OPERATOR_ERRORS)
    assert not issubclass(TypeError, OPERATOR_ERRORS)
