"""Page keys: good for one list, nothing to read in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kps_soap import identity_number
from kps_soap.page_keys import PageKeys

KEYS = PageKeys(b"k" * 32)
OTHER = PageKeys(b"o" * 32)
LONG_MAX = 2**63 - 1

numbers = st.integers(identity_number.NUMBER_MIN, identity_number.NUMBER_MAX)
contexts = st.text(max_size=30)


@given(numbers, contexts)
def test_a_key_opens_to_its_number_in_its_own_context(number: int, context: str) -> None:
    key = KEYS.seal(number, context)
    assert 0 <= key <= LONG_MAX
    assert KEYS.open(key, context) == number
    assert key == KEYS.seal(number, context)


@given(st.integers(-(2**63), LONG_MAX))
def test_an_invented_key_is_none(invented: int) -> None:
    assert KEYS.open(invented, "list") is None


@pytest.mark.parametrize("bit", range(63))
def test_a_key_with_one_bit_changed_is_none(bit: int) -> None:
    assert KEYS.open(KEYS.seal(10000000214, "list") ^ 1 << bit, "list") is None


def test_a_key_of_another_list_or_another_house_is_none() -> None:
    key = KEYS.seal(10000000214, "list")
    assert KEYS.open(key, "other list") is None
    assert OTHER.open(key, "list") is None


def test_neighbouring_numbers_have_nothing_in_common() -> None:
    first, second = KEYS.seal(10000000214, "list"), KEYS.seal(10000000215, "list")
    assert 8 <= (first ^ second).bit_count() <= 56
    assert first != KEYS.seal(10000000214, "other list")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        PageKeys(b"short").seal(1, "list")
