"""Partial dates, and that records can be answered for by the tables."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kps_soap.registry.records import UNKNOWN_DATE, PartialDate

DATES = st.builds(
    PartialDate,
    day=st.none() | st.integers(1, 31),
    month=st.none() | st.integers(1, 12),
    year=st.none() | st.integers(1, 9999),
)


@given(DATES)
def test_a_partial_date_survives_its_packing(partial: PartialDate) -> None:
    assert PartialDate.of_packed(partial.packed) == partial


@pytest.mark.parametrize(
    ("packed", "expected"),
    [
        (19800229, PartialDate(29, 2, 1980)),
        (19800200, PartialDate(None, 2, 1980)),
        (19800000, PartialDate(None, None, 1980)),
        (3, PartialDate(3, None, None)),
        (0, UNKNOWN_DATE),
        (None, UNKNOWN_DATE),
    ],
)
def test_zero_is_an_unknown_part(packed: int | None, expected: PartialDate) -> None:
    assert PartialDate.of_packed(packed) == expected
    assert expected.packed == (packed or 0)
    assert expected.is_unknown is (not packed)


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        UNKNOWN_DATE.day = 1  # type: ignore[misc]
