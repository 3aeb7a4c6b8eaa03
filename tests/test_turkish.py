"""Names: folding, comparing, sorting; and protocol words (K3.9)."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kps_soap import turkish

NAME_CHARACTERS = st.text(alphabet="abcçdefgğhıijklmnoöprsştuüvyzqwxâîûABCÇĞIİÖŞÜ '-.\u0307\u0302")


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("istanbul", "İSTANBUL"),
        ("çiğdem", "ÇİĞDEM"),
        ("İĞDIR", "İĞDIR"),
        ("iğdır", "İĞDIR"),
        ("IŞIL", "IŞIL"),
        ("ışıl", "IŞIL"),
        ("ısparta", "ISPARTA"),
        ("i\u0307rem", "İREM"),
        ("I\u0307rem", "İREM"),
        ("İ\u0307rem", "İREM"),
        ("kâzım", "KÂZIM"),
        ("  ayşe \t nur\n", "AYŞE NUR"),
        ("o\u0308mer", "ÖMER"),
        ("s\u0307en", "ṠEN"),
        ("", ""),
    ],
)
def test_a_name_is_folded_to_turkish_capitals(written: str, folded: str) -> None:
    assert turkish.fold(written) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = turkish.fold(text)
    assert turkish.fold(once) == once


@given(NAME_CHARACTERS)
def test_folding_does_not_care_how_a_letter_was_composed(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert turkish.fold(decomposed) == turkish.fold(text)


@given(NAME_CHARACTERS, st.sampled_from([turkish.TAM, turkish.DUZELTMELI]))
def test_a_name_is_always_the_same_as_itself(text: str, level: str) -> None:
    assert turkish.same_name(text, text, level)


@given(NAME_CHARACTERS, NAME_CHARACTERS)
def test_what_matches_exactly_matches_with_corrections_too(left: str, right: str) -> None:
    if turkish.same_name(left, right, turkish.TAM):
        assert turkish.same_name(left, right, turkish.DUZELTMELI)


@pytest.mark.parametrize(
    ("left", "right", "exactly", "corrected"),
    [
        ("Kâzım", "KÂZIM", True, True),
        ("KÂZIM", "KAZIM", False, True),
        ("Nihân", "NİHAN", False, True),
        ("Sûat", "SUAT", False, True),
        ("ALÎ", "ali", False, True),
        ("Ayşe-Nur", "AYŞE NUR", False, True),
        ("O'NEİL", "o neil", False, True),
        ("O’NEİL", "o'neil", False, True),
        ("ÖRNEK-OĞLU", "ÖRNEKOĞLU", False, False),
        ("GAZİ MUSTAFA KEMAL PAŞA", "MUSTAFA KEMAL", False, False),
        ("IŞIK", "İŞİK", False, False),
        ("SULE", "ŞULE", False, False),
        ("", "ALİ", False, False),
    ],
)
def test_two_names_are_compared_at_two_levels(
    left: str, right: str, exactly: bool, corrected: bool
) -> None:
    assert turkish.same_name(left, right, turkish.TAM) is exactly
    assert turkish.same_name(left, right, turkish.DUZELTMELI) is corrected


def test_the_candidate_level_never_makes_a_match() -> None:
    assert not turkish.same_name("AYŞE", "AYŞE", turkish.YAKIN)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Şule Çığır", "SULE CIGIR"),
        ("İREM", "IREM"),
        ("ırmak", "IRMAK"),
        ("KÂZIM", "KAZIM"),
        ("O'Neil-Ay.", "O NEIL AY"),
        ("Straße", "STRASSE"),
        ("Łukasz Ærø", "LUKASZ AERO"),
    ],
)
def test_candidates_share_their_ascii_letters(written: str, key: str) -> None:
    assert turkish.matching_key(written, turkish.YAKIN) == key


def test_an_unknown_level_is_an_error_and_not_a_match() -> None:
    with pytest.raises(ValueError, match="unknown level"):
        turkish.same_name("ALİ", "ALİ", "DÜZELTMELİ")


SORTED_NAMES = [
    *("Cemal", "Çağla", "Gül", "Hale", "Ilgın", "Irmak", "Işıl", "İlgin", "İnci", "İpek"),
    *("Osman", "Ömer", "Sevgi", "Şule", "Umut", "Ülkü", "Zeynep"),
]


def test_names_are_sorted_by_the_turkish_alphabet() -> None:
    by_code_point = sorted(SORTED_NAMES)
    assert by_code_point != SORTED_NAMES
    assert sorted(by_code_point, key=turkish.sort_key) == SORTED_NAMES


def test_a_shorter_name_comes_first_and_a_circumflex_decides_last() -> None:
    names = ["ALİYE", "ALİ NAZ", "ALÎ", "ALİ", "ЯНА", "ZİYA", "QADİR", "PINAR", "RECEP"]
    expected = ["ALİ", "ALÎ", "ALİ NAZ", "ALİYE", "PINAR", "QADİR", "RECEP", "ZİYA", "ЯНА"]
    assert sorted(names, key=turkish.sort_key) == expected


@pytest.mark.parametrize("text", ["AYŞE NUR", "i\u0307rem", "Kâzım", "O'NEİL-AY", "M. ALİ", "Q"])
def test_turkish_letters_and_a_few_signs_make_a_name(text: str) -> None:
    assert turkish.is_name(text)


@pytest.mark.parametrize(
    "text", ["", " ", "-", "AL1", "ALİ\n", "ALİ;", "РОМАН", "ﬁDAN", "ﬀ", "K\u0323AN", "A_B", "😀"]
)
def test_other_characters_do_not_make_a_name(text: str) -> None:
    assert not turkish.is_name(text)


def test_a_foreigner_may_have_every_latin_letter_and_no_other() -> None:
    assert turkish.is_name("Łukasz Müßig", foreign=True)
    assert not turkish.is_name("Łukasz")
    assert not turkish.is_name("Роман", foreign=True)
    assert not turkish.is_name("Ana5", foreign=True)
    assert not turkish.is_name("", foreign=True)


def test_protocol_words_change_their_ascii_letters_only() -> None:
    assert turkish.ascii_lower("Content-TYPE İIÇ") == "content-type İiÇ"
    assert turkish.ascii_upper("utf-8 iıç") == "UTF-8 Iıç"
    assert turkish.ascii_lower(b"SOAPAction \xc4\xb0") == b"soapaction \xc4\xb0"
    assert turkish.ascii_upper(b"utf-8 \xc4\xb1") == b"UTF-8 \xc4\xb1"
