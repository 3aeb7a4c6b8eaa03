"""Addresses are read and written one way."""

import pytest

from kps_soap.addresses import household, parse_address, plain_address


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:0DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("localhost", ""),
        ("192.0.2.01", ""),
    ],
)
def test_an_address_is_written_in_its_normal_spelling(text: str, plain: str) -> None:
    assert plain_address(text) == plain


def test_what_is_no_address_is_none() -> None:
    assert parse_address("192.0.2.1\n") is None


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("nobody", ""),
    ],
)
def test_a_caller_with_ipv6_is_counted_by_its_network(text: str, held: str) -> None:
    assert household(text) == held
