"""How the messages of a record are joined, made smaller, and read again."""

from hashlib import sha256
from pathlib import Path

import pytest
from evidence_samples import opened
from sqlalchemy import insert, select, text, update

from kps_soap.audit import packing
from kps_soap.audit.packing import (
    Dictionary,
    Unpackable,
    dictionary_of,
    kept_in,
    pack,
    put_dictionaries,
    unpack,
)
from kps_soap.database import writing
from kps_soap.models import dictionaries

MARKUP = (
    b"<Envelope><Header><Token>MIIDmDCCAz2gAwIBAgIUOjq</Token></Header><Body>"
    b"<KisiBilgisi><Ad></Ad><Soyad></Soyad></KisiBilgisi></Body></Envelope>"
)
QUESTION = MARKUP.replace(b"<Ad>", b"<Ad>AYNUR")
ANSWER = MARKUP.replace(b"<Ad>", b"<Ad>PERIHAN")


def nowhere(_name: bytes) -> None:
    return None


def test_messages_without_a_dictionary_stand_behind_a_zero_byte() -> None:
    """Written from the module's docstring; records of earlier releases are all like this."""
    packed = pack(b"soru", b"yanit")
    assert packed == b"\0" + (4).to_bytes(8, "big") + b"soruyanit"
    assert unpack(packed, nowhere) == (b"soru", b"yanit")
    assert dictionary_of(packed) is None


def test_packed_messages_are_what_the_docstring_says() -> None:
    packed = pack(QUESTION, ANSWER, Dictionary(MARKUP))
    start = b"\1" + sha256(MARKUP).digest() + len(QUESTION).to_bytes(8, "big") + QUESTION
    assert packed.startswith(start)
    frame = packed.removeprefix(start)
    names = packing.zstd.ZstdDict(MARKUP, is_raw=True)
    assert packing.zstd.decompress(frame, zstd_dict=names) == ANSWER


def test_an_answer_is_read_again_with_the_dictionary_that_it_names() -> None:
    packed = pack(QUESTION, ANSWER, Dictionary(MARKUP))
    assert len(packed) < len(QUESTION) + len(ANSWER)
    assert dictionary_of(packed) == sha256(MARKUP).digest()
    asked: list[bytes] = []

    def find(name: bytes) -> bytes:
        asked.append(name)
        return MARKUP

    assert unpack(packed, find) == (QUESTION, ANSWER)
    assert asked == [sha256(MARKUP).digest()]


def test_a_length_tells_nothing_of_a_password_beside_a_guess() -> None:
    """Questions are never packed, so a right guess in one is as long as a wrong one."""
    dictionary = Dictionary(MARKUP)
    question = b"<Password>correct horse battery staple</Password><Ad>%b</Ad>"
    guesses = (b"correct horse battery staple", b"X" * 28, b"elpats yrettab esroh tcerroc")
    lengths = {len(pack(question % guess, ANSWER, dictionary)) for guess in guesses}
    assert len(lengths) == 1


@pytest.mark.parametrize(
    ("question", "answer"),
    [(b"", b""), (b"soru", b""), (b"", b"yanit"), (b"soru", bytes(range(256))), (MARKUP, b"y")],
)
def test_what_packing_would_make_longer_stays_as_it_is(question: bytes, answer: bytes) -> None:
    packed = pack(question, answer, Dictionary(MARKUP))
    assert packed[0] == 0
    assert unpack(packed, nowhere) == (question, answer)


def test_a_dictionary_packs_many_answers_alike() -> None:
    dictionary = Dictionary(MARKUP)
    first = pack(QUESTION, ANSWER, dictionary)
    assert pack(QUESTION, ANSWER * 2, dictionary) != first
    assert pack(QUESTION, ANSWER, dictionary) == first


def test_a_dictionary_of_hardly_any_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="eight bytes"):
        Dictionary(b"<Ad/>")


def test_very_long_answers_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "PACKED_BYTES_MAX", len(ANSWER) - 1)
    assert pack(QUESTION, ANSWER, Dictionary(MARKUP))[0] == 0


def test_no_frame_is_unpacked_to_more_than_was_ever_packed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = pack(QUESTION, ANSWER * 1_000, Dictionary(MARKUP))
    monkeypatch.setattr(packing, "PACKED_BYTES_MAX", 10_000)
    with pytest.raises(Unpackable, match="end"):
        unpack(packed, lambda _: MARKUP)


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\2" + bytes(40),
        b"\1",
        b"\1" + bytes(32),
        b"\1" + bytes(32) + b"\xff" * 8 + b"soru",
        pack(QUESTION, ANSWER, Dictionary(MARKUP))[:-1],
        pack(QUESTION, ANSWER, Dictionary(MARKUP)) + b"\0",
        pack(QUESTION, ANSWER, Dictionary(MARKUP))[:45] + b"no frame at all",
    ],
)
def test_what_nobody_packed_is_refused_with_a_sentence(damaged: bytes) -> None:
    with pytest.raises(Unpackable, match=r"[a-z]+ [a-z]+"):
        unpack(damaged, lambda _: MARKUP)


def test_messages_whose_dictionary_is_missing_are_refused() -> None:
    packed = pack(QUESTION, ANSWER, Dictionary(MARKUP))
    with pytest.raises(Unpackable, match="dictionary"):
        unpack(packed, nowhere)


def test_a_dictionary_that_was_changed_is_put_right(database_url: str) -> None:
    name = sha256(MARKUP).hexdigest()
    with opened(database_url) as evidence:
        for content in (b"something else", MARKUP, MARKUP):
            with evidence.engine.connect() as connection, writing(connection):
                put_dictionaries(connection, [(name, content)])
            (row,) = evidence.rows(dictionaries)
            assert (row.digest, bytes(row.content)) == (name, content)


def test_a_dictionary_is_found_in_the_database_and_remembered(database_url: str) -> None:
    name, known = sha256(MARKUP).digest(), dict[bytes, bytes]()
    with opened(database_url) as evidence:
        evidence.run(insert(dictionaries).values(digest=name.hex(), content=MARKUP))
        with evidence.engine.connect() as connection:
            find = kept_in(connection, known)
            assert find(name) == MARKUP
            assert find(bytes(32)) is None
            assert known == {name: MARKUP}


def test_a_dictionary_that_was_changed_is_not_believed(database_url: str) -> None:
    name = sha256(MARKUP).digest()
    with opened(database_url) as evidence:
        evidence.run(insert(dictionaries).values(digest=name.hex(), content=MARKUP))
        evidence.run(update(dictionaries).values(content=MARKUP[:-1] + b" "))
        with evidence.engine.connect() as connection:
            assert connection.execute(select(dictionaries)).all()
            assert kept_in(connection)(name) is None


def test_a_dictionary_that_became_text_is_missing_and_is_put_right(tmp_path: Path) -> None:
    """SQLite keeps whatever type somebody writes."""
    name = sha256(MARKUP).digest()
    with opened(f"sqlite:///{tmp_path / 'gateway.db'}") as evidence:
        evidence.run(
            text("INSERT INTO dictionaries VALUES (:name, :content)").bindparams(
                name=name.hex(), content=MARKUP.decode()
            )
        )
        with evidence.engine.connect() as connection, writing(connection):
            assert kept_in(connection)(name) is None
            put_dictionaries(connection, [(name.hex(), MARKUP)])
            assert kept_in(connection)(name) == MARKUP
