"""How the messages of a record are joined, made smaller, and read again."""

from hashlib import sha256

import pytest
from evidence_samples import opened
from sqlalchemy import insert, select, update

from kps_soap.audit import packing
from kps_soap.audit.packing import Dictionary, Unpackable, dictionary_of, kept_in, pack, unpack
from kps_soap.models import dictionaries

MARKUP = b"<Envelope><Header></Header><Body><KisiBilgisi><Ad></Ad></KisiBilgisi></Body></Envelope>"
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
    assert packed[:33] == b"\1" + sha256(MARKUP).digest()
    frame = packing.zstd.decompress(
        packed[33:], zstd_dict=packing.zstd.ZstdDict(MARKUP, is_raw=True)
    )
    assert frame == len(QUESTION).to_bytes(8, "big") + QUESTION + ANSWER


def test_packed_messages_are_read_again_with_the_dictionary_that_they_name() -> None:
    packed = pack(QUESTION, ANSWER, Dictionary(MARKUP))
    assert len(packed) < (len(QUESTION) + len(ANSWER)) * 0.6
    assert dictionary_of(packed) == sha256(MARKUP).digest()
    asked: list[bytes] = []
    assert unpack(packed, lambda name: asked.append(name) or MARKUP) == (QUESTION, ANSWER)
    assert asked == [sha256(MARKUP).digest()]


@pytest.mark.parametrize(
    ("question", "answer"),
    [(b"", b""), (b"soru", b""), (b"", b"yanit"), (bytes(range(256)), bytes(range(255, -1, -1)))],
)
def test_what_packing_would_make_longer_stays_as_it_is(question: bytes, answer: bytes) -> None:
    packed = pack(question, answer, Dictionary(MARKUP))
    assert packed[0] == 0
    assert unpack(packed, nowhere) == (question, answer)


def test_a_dictionary_packs_many_messages_alike() -> None:
    dictionary = Dictionary(MARKUP)
    first = pack(QUESTION, ANSWER, dictionary)
    assert pack(ANSWER, QUESTION, dictionary) != first
    assert pack(QUESTION, ANSWER, dictionary) == first


def test_very_long_messages_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "PACKED_BYTES_MAX", len(QUESTION + ANSWER) + 7)
    assert pack(QUESTION, ANSWER, Dictionary(MARKUP))[0] == 0


def test_no_frame_is_unpacked_to_more_than_was_ever_packed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = pack(QUESTION * 1_000, ANSWER, Dictionary(MARKUP))
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
        pack(QUESTION, ANSWER, Dictionary(MARKUP))[:-1],
        pack(QUESTION, ANSWER, Dictionary(MARKUP)) + b"\0",
        pack(QUESTION, ANSWER, Dictionary(MARKUP))[:33] + b"no frame at all",
    ],
)
def test_what_nobody_packed_is_refused_with_a_sentence(damaged: bytes) -> None:
    with pytest.raises(Unpackable, match=r"[a-z]+ [a-z]+"):
        unpack(damaged, lambda _: MARKUP)


def test_messages_whose_dictionary_is_missing_are_refused() -> None:
    packed = pack(QUESTION, ANSWER, Dictionary(MARKUP))
    with pytest.raises(Unpackable, match="dictionary"):
        unpack(packed, nowhere)


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
