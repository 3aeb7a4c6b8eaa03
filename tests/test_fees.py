"""What a call costs, to the hundredth of a kuruş."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kps_soap.fees import EXEMPT, PER_QUERY, PER_RECORD, Fee, liras


def test_seven_criteria_of_which_two_were_not_found_are_seven_units() -> None:
    assert Fee(PER_QUERY, 300).amount(units=7, records=5) == 2100


def test_a_rate_per_record_counts_what_the_answer_held() -> None:
    assert Fee(PER_RECORD, 300).amount(units=7, records=5) == 1500


def test_an_exempt_institution_pays_nothing_for_its_units() -> None:
    assert Fee(PER_QUERY, 300, "GENEL_YONETIM").amount(units=7, records=7) == 0


@pytest.mark.parametrize(
    ("fee", "text"),
    [
        (Fee(PER_QUERY, 300), "SORGU:300"),
        (Fee(PER_RECORD, 0), "KAYIT:0"),
        (Fee(exemption="MUHTARLIK"), f"{EXEMPT}:MUHTARLIK"),
    ],
)
def test_a_record_keeps_a_fee_as_text_and_it_can_be_read_again(fee: Fee, text: str) -> None:
    assert fee.text == text
    assert Fee.parse(text) == fee


@given(st.integers(0, 10_000), st.integers(0, 1000), st.integers(0, 1000))
def test_the_amount_follows_from_the_text_alone(rate: int, units: int, records: int) -> None:
    for per in (PER_QUERY, PER_RECORD):
        fee = Fee(per, rate)
        assert Fee.parse(fee.text).amount(units, records) == fee.amount(units, records)


@pytest.mark.parametrize(
    "text", ["", "SORGU:", "SORGU:-1", "KAYIT:1.5", "MUAF:", "X:1", "SORGU:1 "]
)
def test_a_text_that_tells_of_no_fee_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no fee"):
        Fee.parse(text)


@pytest.mark.parametrize(
    ("hundredths", "shown"),
    [
        (0, "0,0000"),
        (1, "0,0001"),
        (300, "0,0300"),
        (12345, "1,2345"),
        (123456789012, "12.345.678,9012"),
        (-5, "-0,0005"),
    ],
)
def test_an_amount_is_shown_in_lira_exactly(hundredths: int, shown: str) -> None:
    assert liras(hundredths) == shown
