"""Identity numbers: check digits, forms, masks and digests (K3.7)."""

import hmac
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kps_soap import identity_number
from kps_soap.identity_number import Kind

STEMS = st.integers(min_value=100_000_000, max_value=999_999_999)
KEY = bytes(range(32))


@pytest.mark.parametrize(
    "number",
    [
        10000000146,
        10000000214,
        10000000382,
        10000000450,
        12345678950,
        98765432150,
        99000000042,
        99000000110,
        99999999990,
    ],
)
def test_a_published_vector_is_valid(number: int) -> None:
    assert identity_number.is_valid(number)


@pytest.mark.parametrize(
    "number",
    [
        10000000145,
        10000000147,
        12345678901,
        11111111111,
        1234567890,
        1000000014,
        100000001460,
        -10000000146,
        0,
    ],
)
def test_a_number_with_a_wrong_digit_or_length_is_not_valid(number: int) -> None:
    assert not identity_number.is_valid(number)


@pytest.mark.parametrize(
    "written",
    [
        "01234567890",
        "1000000014",
        "100000001460",
        "+10000000146",
        " 10000000146",
        "10000000146\n",
        "1000000014６",
        "١٠٠٠٠٠٠٠١٤٦",
        "10_000_000_146",
        "",
    ],
)
def test_only_eleven_ascii_digits_are_read(written: str) -> None:
    assert identity_number.parse(written) is None


def test_reading_does_not_look_at_the_check_digits() -> None:
    assert identity_number.parse("10000000145") == 10000000145
    assert identity_number.parse(10000000146) == 10000000146
    assert identity_number.parse(146) is None
    assert identity_number.parse(100000001460) is None


@given(STEMS)
def test_a_made_number_is_valid_and_even_and_keeps_its_stem(stem: int) -> None:
    number = identity_number.make(stem)
    assert identity_number.is_valid(number)
    assert number % 2 == 0
    assert number // 100 == stem


@given(STEMS, st.integers(0, 10), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(stem: int, place: int, shift: int) -> None:
    digits = [int(digit) for digit in str(identity_number.make(stem))]
    digits[place] = (digits[place] + shift) % 10
    assert not identity_number.is_valid(int("".join(map(str, digits))))


@given(STEMS)
def test_a_disjoint_number_is_odd_and_never_valid(stem: int) -> None:
    number = identity_number.make_disjoint(stem)
    assert identity_number.is_disjoint(number)
    assert not identity_number.is_valid(number)
    assert not identity_number.is_disjoint(identity_number.make(stem))
    assert not identity_number.is_disjoint(number + 2)


@pytest.mark.parametrize("stem", [99_999_999, 1_000_000_000, -1])
def test_a_stem_has_nine_digits(stem: int) -> None:
    with pytest.raises(ValueError, match="nine digits"):
        identity_number.make(stem)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (10000000146, Kind.CITIZEN),
        (98765432150, Kind.CITIZEN),
        (99000000042, Kind.FOREIGNER),
        (99999999990, Kind.FOREIGNER),
    ],
)
def test_numbers_that_begin_with_99_are_those_of_foreigners(number: int, kind: Kind) -> None:
    assert identity_number.classify(number) is kind


def test_people_see_five_digits_of_a_number() -> None:
    assert identity_number.mask(10000000146) == "100******46"
    assert identity_number.mask(146) == "***********"


def test_a_digest_is_that_of_the_key_the_context_and_the_number() -> None:
    expected = hmac.new(KEY, b"5:index:10000000146", sha256).digest()
    assert identity_number.digest(10000000146, key=KEY, context="index") == expected


def test_digests_differ_by_context_key_and_number() -> None:
    digests = {
        identity_number.digest(number, key=key, context=context)
        for number in (10000000146, 10000000214)
        for key in (KEY, KEY[::-1])
        for context in ("index", "roster")
    }
    assert len(digests) == 8


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        identity_number.digest(10000000146, key=b"short", context="index")
