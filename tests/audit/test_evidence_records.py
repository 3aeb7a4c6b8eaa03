"""A record's bytes: what is hashed, what is hidden, what cannot be moved."""

import json
import os
from hashlib import sha256
from typing import Any

import pytest
from evidence_samples import NOW, PERSON, entry, opened, sealed_alone
from hypothesis import given, settings
from hypothesis import strategies as st

from kps_soap.audit import records
from kps_soap.audit.keys import MonthSecret
from kps_soap.audit.months import microseconds
from kps_soap.audit.packing import Dictionary, pack
from kps_soap.audit.records import Place, Unreadable
from kps_soap.entry import Entry
from kps_soap.models import PLAIN_COLUMNS

SECRET = MonthSecret("2026-11", b"n" * 32)
PLACE = Place("0123456789abcdef", 7, "2026-11", b"p" * 32)
SALT = bytes(range(16))


def sealed(**changes: object) -> records.Sealed:
    return sealed_alone(entry(**changes), PLACE, secret=SECRET, salt=SALT, returned_digest="list")


def test_the_hash_follows_from_the_documented_format_alone() -> None:
    """Written again from the module's docstring, with nothing of the module."""
    record = sealed()
    row = dict(zip(records.ROW_COLUMNS, record.row, strict=True))
    plain = json.dumps(
        [row[name] for name in PLAIN_COLUMNS], ensure_ascii=False, separators=(",", ":")
    ).encode()
    plain_digest = sha256(b"kps-soap:plain:1" + SALT + plain).digest()
    persons = b"".join(sorted(record.person_digests))
    persons_digest = sha256(b"kps-soap:persons:1" + SALT + persons).digest()
    cipher_digest = sha256(row["ciphertext"]).digest()
    place = b"0123456789abcdef" + (7).to_bytes(8, "big") + b"2026-11" + b"p" * 32
    whole = b"kps-soap:evidence:2" + place + plain_digest + persons_digest + cipher_digest
    assert row["hash"] == record.hash == sha256(whole).digest()
    assert (row["plain_digest"], row["persons_digest"]) == (plain_digest, persons_digest)
    assert row["cipher_digest"] == cipher_digest


def test_question_and_answer_open_again() -> None:
    record = sealed(question=b"soru", answer=b"")
    row = dict(zip(records.ROW_COLUMNS, record.row, strict=True))
    packed = records.decrypted(
        row["ciphertext"],
        place=PLACE,
        plain=row["plain_digest"],
        persons=row["persons_digest"],
        secret=SECRET,
        salt=SALT,
    )
    assert records.messages_in(packed, lambda _: None) == (b"soru", b"")


def test_messages_open_again_with_their_dictionary_alone() -> None:
    packed = pack(b"soru", b"yanit" * 20, Dictionary(b"soruyanit" * 10))
    found = records.messages_in(packed, lambda _: b"soruyanit" * 10)
    assert found == (b"soru", b"yanit" * 20)
    with pytest.raises(Unreadable, match="dictionary"):
        records.messages_in(packed, lambda _: None)


@pytest.mark.parametrize(
    "changed",
    [
        {"place": Place("0123456789abcdef", 8, "2026-11", b"p" * 32)},
        {"place": Place("0123456789abcdee", 7, "2026-11", b"p" * 32)},
        {"place": Place("0123456789abcdef", 7, "2026-11", b"q" * 32)},
        {"plain": bytes(32)},
        {"persons": bytes(32)},
        {"secret": MonthSecret("2026-11", b"m" * 32)},
        {"salt": b"\1" + SALT[1:]},
        {"ciphertext": b""},
    ],
)
def test_a_ciphertext_opens_only_where_it_was_written(changed: dict[str, object]) -> None:
    row = dict(zip(records.ROW_COLUMNS, sealed().row, strict=True))
    given_values: dict[str, object] = {
        "ciphertext": row["ciphertext"],
        "place": PLACE,
        "plain": row["plain_digest"],
        "persons": row["persons_digest"],
        "secret": SECRET,
        "salt": SALT,
    }
    values = {**given_values, **changed}
    with pytest.raises(Unreadable):
        records.decrypted(values.pop("ciphertext"), **values)  # type: ignore[arg-type]


def test_a_record_says_nothing_plain_about_persons_and_messages() -> None:
    row = sealed().row
    for value in row:
        shown = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        assert str(PERSON) not in shown
        assert "Ayşe" not in shown


def test_the_same_person_twice_is_one_digest() -> None:
    assert len(sealed(persons=[PERSON, PERSON]).person_digests) == 1


def test_every_fact_of_an_entry_is_in_the_plain_columns() -> None:
    made = entry()
    columns = dict(zip(PLAIN_COLUMNS, records.plain_values(made, "list"), strict=True))
    # Which facts have a column of another name, or none, is held by the tests of ``entry``.
    for name in set(made.__slots__) & columns.keys() - {"criterion_outcomes"}:
        assert columns.pop(name) == getattr(made, name)
    assert columns == {
        "received_us": microseconds(made.received_at),
        "criterion_outcomes": "0,301",
        "returned_digest": "list",
    }


def test_empty_text_is_absent() -> None:
    values = records.plain_values(Entry("1", NOW, ""), "")
    assert "" not in values
    assert None in values


@settings(deadline=None)
@given(st.text(min_size=1), st.text(min_size=1))
def test_any_text_is_stored_as_it_is_hashed(inquirer: str, agent: str) -> None:
    made = entry(inquirer=inquirer, client_software=agent)
    values, plain = records.encoded_plain(records.plain_values(made, ""))
    assert json.loads(plain) == list(values)
    stored = values[PLAIN_COLUMNS.index("inquirer")]
    assert isinstance(stored, str)
    assert "\0" not in stored
    stored.encode()


def test_what_no_database_can_hold_is_replaced() -> None:
    made = entry(client_software="a\0b", message_id="\ud800", inquirer="Ğ")
    values, _ = records.encoded_plain(records.plain_values(made, ""))
    columns = dict(zip(PLAIN_COLUMNS, values, strict=True))
    assert columns["client_software"] == "a\ufffdb"
    assert columns["message_id"] == "?"
    assert columns["inquirer"] == "Ğ"


def test_a_huge_value_does_not_make_a_huge_record() -> None:
    made = entry(client_software="x" * 1_000_000)
    values, plain = records.encoded_plain(records.plain_values(made, ""))
    assert values[PLAIN_COLUMNS.index("client_software")] == "x" * records.TEXT_CHARACTERS_MAX
    assert len(plain) < 3 * records.TEXT_CHARACTERS_MAX


def test_odd_texts_go_through_both_databases(database_url: str) -> None:
    odd = entry(client_software="a\0b", message_id="\ud800", inquirer="İ" * 9_000)
    with opened(database_url) as evidence:
        evidence.write([odd])
        stored = evidence.rows()
        assert {row.client_software for row in stored} == {None, "a\ufffdb"}


def test_the_same_content_never_has_the_same_commitment() -> None:
    digests = {records.plain_digest(os.urandom(16), (1, "a")) for _ in range(2)}
    assert len(digests) == 2


def test_a_record_of_the_first_format_still_verifies() -> None:
    """Format 1 knew 37 columns; its digest covers those alone, its hash says so."""
    values = records.plain_values(entry(), "list")
    known = (*values[:37], *[None] * 5)
    plain = json.dumps(values[:37], ensure_ascii=False, separators=(",", ":")).encode()
    digest = records.plain_digest(SALT, known, record_format=1)
    assert digest == sha256(b"kps-soap:plain:1" + SALT + plain).digest()
    whole = b"kps-soap:evidence:1" + PLACE.encoded() + digest + b"p" * 32 + b"c" * 32
    found = records.record_hash(PLACE, digest, b"p" * 32, b"c" * 32, record_format=1)
    assert found == sha256(whole).digest()


def test_a_column_that_a_record_s_format_does_not_know_must_be_absent() -> None:
    with pytest.raises(ValueError, match="does not commit"):
        records.plain_digest(SALT, records.plain_values(entry(), "list"), record_format=1)


def test_a_format_that_nobody_ever_wrote_is_no_format() -> None:
    with pytest.raises(KeyError):
        records.record_hash(PLACE, b"", b"", b"", record_format=3)


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(), max_size=5))
def test_values_are_hashed_as_python_writes_json(values: list[Any]) -> None:
    """RFC 8785 for texts, whole numbers and absent values is what the standard library writes."""
    as_ever = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    found = records.plain_digest(SALT, values, record_format=1)
    assert found == sha256(b"kps-soap:plain:1" + SALT + as_ever).digest()


@pytest.mark.parametrize("number", [float("inf"), float("nan"), 1.0])
def test_an_infinite_number_is_not_taken_for_the_absent_value_that_it_replaced(
    number: float,
) -> None:
    with pytest.raises(TypeError):
        records.plain_digest(SALT, ["a", number], record_format=1)
