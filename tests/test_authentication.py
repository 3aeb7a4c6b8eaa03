"""Who is calling: token shapes and windows of time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from soap_samples import security, timestamp, username_token

from kps_soap import faults
from kps_soap.authentication import (
    ISTANBUL,
    NAME_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_TEXT,
    WSSE,
    Freshness,
    MessageTime,
    UsernameToken,
    check_freshness,
    instants,
    read_token,
    username_at_place,
)

NAME, PASSWORD = "KRM-34-0417", "correct horse battery"
NOW = datetime(2026, 1, 1, 9, 2, tzinfo=UTC)
CLASSIC = Freshness(skew_seconds=300, age_seconds_max=900, timestamp_required=False)


STRICT = Freshness(
    skew_seconds=60,
    age_seconds_max=300,
    timestamp_required=True,
    late_seconds_max=0,
    zone_required=True,
)


def element(text: str) -> etree._Element:
    return etree.fromstring(text)


def read(*tokens: str) -> tuple[UsernameToken, MessageTime | None]:
    return read_token(element(security(*tokens)))


def token_of(content: str) -> str:
    return f"<o:UsernameToken>{content}</o:UsernameToken>"


# Tokens


@pytest.mark.parametrize(
    "token",
    [
        username_token(),
        username_token(name=f" {NAME}\n"),
        username_token().replace(f' Type="{PASSWORD_TEXT}"', ""),
        username_token().replace(" Type=", " o:Type="),
        username_token().replace("<o:UsernameToken>", '<o:UsernameToken u:Id="1-2-3">'),
        username_token(extra="<o:Nonce>AAAA</o:Nonce>"),
        username_token(extra="<o:Nonce>AAAA</o:Nonce><o:Nonce>BBBB</o:Nonce>"),
        username_token(extra="<x/>"),
        f"<o:UsernameToken>\r\n<o:Password>{PASSWORD}</o:Password>"
        f"<o:Username>{NAME}</o:Username>\r\n</o:UsernameToken>",
    ],
)
def test_every_shape_of_token_that_clients_send_is_read(token: str) -> None:
    for tokens in ([token], [timestamp(), token], [token, timestamp()]):
        found, time = read(*tokens)
        assert found == UsernameToken(NAME, PASSWORD, None)
        assert (time is None) == (len(tokens) == 1)


def test_the_creation_time_of_a_token_is_kept_as_text() -> None:
    found, _ = read(username_token(extra="<u:Created>whenever</u:Created>"))
    assert found.unverified_created == "whenever"


def test_a_password_is_taken_letter_by_letter_with_its_blanks() -> None:
    found, _ = read(username_token(password=" a\tb "))
    assert found.unverified_password == " a\tb "
    assert read(username_token(password=""))[0].unverified_password == ""


def test_a_timestamp_is_kept_as_text() -> None:
    _, time = read(timestamp("a", "b"), username_token())
    assert time == MessageTime("a", "b")
    _, time = read(timestamp("", ""), username_token())
    assert time == MessageTime("", "")


@pytest.mark.parametrize(
    "tokens",
    [
        [""],
        [timestamp()],
        [username_token(), username_token()],
        [timestamp(), timestamp(), username_token()],
        [username_token(), "<x/>"],
        [username_token(), "<o:BinarySecurityToken/>"],
        ["<x:EncryptedData xmlns:x='http://www.w3.org/2001/04/xmlenc#'/>"],
        ["<UsernameToken/>"],
        [token_of(f"<o:Username>{NAME}</o:Username>")],
        [token_of(f"<o:Password>{PASSWORD}</o:Password>")],
        [token_of("<o:Username/><o:Password>p</o:Password>")],
        [token_of("<o:Username> \n</o:Username><o:Password>p</o:Password>")],
        [token_of("<o:Username>a</o:Username>" * 2 + "<o:Password>p</o:Password>")],
        [token_of("<o:Username>a</o:Username>" + "<o:Password>p</o:Password>" * 2)],
        [token_of("<o:Username>a<b/></o:Username><o:Password>p</o:Password>")],
        [token_of("<o:Username>a</o:Username><o:Password>p<b/></o:Password>")],
        [username_token(extra="<u:Created><b/></u:Created>")],
        [username_token(extra="<u:Created>a</u:Created><u:Created>b</u:Created>")],
        [username_token(name="K" * (NAME_CHARACTERS_MAX + 1))],
        [username_token(password="p" * (PASSWORD_CHARACTERS_MAX + 1))],
        [username_token().replace("PasswordText", "PasswordDigest")],
        [username_token().replace(PASSWORD_TEXT, "PasswordText")],
        [username_token().replace(PASSWORD_TEXT, "")],
        [username_token().replace(" Type=", " o:Type=").replace("PasswordText", "PasswordDigest")],
        [username_token().replace(" Type=", " o:Type='urn:x' Type=")],
    ],
)
def test_whatever_is_not_one_plain_token_is_refused(tokens: list[str]) -> None:
    with pytest.raises(faults.SecurityMissing):
        read(*tokens)


def test_a_message_without_security_header_is_refused() -> None:
    with pytest.raises(faults.SecurityMissing):
        read_token(None)


def test_names_and_passwords_at_their_longest_are_read() -> None:
    name, password = "K" * NAME_CHARACTERS_MAX, "p" * PASSWORD_CHARACTERS_MAX
    assert read(username_token(name, password))[0] == UsernameToken(name, password, None)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<u:Created>a</u:Created>",
        "<u:Expires>b</u:Expires>",
        "<u:Expires>b</u:Expires><u:Created>a</u:Created>",
        "<u:Created>a</u:Created><u:Created>a</u:Created><u:Expires>b</u:Expires>",
        "<u:Created>a</u:Created><u:Expires>b</u:Expires><u:Expires>b</u:Expires>",
        "<u:Created>a</u:Created><u:Expires>b</u:Expires><x/>",
        "<u:Created>a</u:Created><Expires>b</Expires>",
        "<u:Created>a<b/></u:Created><u:Expires>b</u:Expires>",
        "<u:Created>a</u:Created><u:Expires><b/></u:Expires>",
    ],
)
def test_a_timestamp_is_one_creation_and_one_end_in_this_order(content: str) -> None:
    with pytest.raises(faults.StaleMessage):
        read(f"<u:Timestamp>{content}</u:Timestamp>", username_token())


def test_the_account_of_a_message_that_is_refused_early_is_still_found() -> None:
    assert username_at_place(element(security())) == NAME
    assert username_at_place(element(security("<x/>", username_token()))) == NAME
    longest = "K" * NAME_CHARACTERS_MAX
    assert username_at_place(element(security(username_token(longest)))) == longest


@pytest.mark.parametrize(
    "tokens",
    [
        [""],
        [timestamp()],
        [username_token(), username_token()],
        ["<x>" + username_token() + "</x>"],
        [username_token(name="")],
        [username_token(name=" ")],
        [username_token(name="a<b/>")],
        [username_token(name="K" * (NAME_CHARACTERS_MAX + 1))],
    ],
)
def test_no_account_is_guessed_where_there_is_not_exactly_one(tokens: list[str]) -> None:
    assert username_at_place(element(security(*tokens))) is None


def test_no_account_is_found_without_security_header() -> None:
    assert username_at_place(None) is None


def test_a_token_of_another_namespace_names_nobody() -> None:
    other = security().replace(WSSE, "urn:x")
    assert username_at_place(element(other)) is None


# Times


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("2026-01-01T09:00:00Z", ["2026-01-01T09:00:00+00:00"]),
        (" 2026-01-01T09:00:00Z\n", ["2026-01-01T09:00:00+00:00"]),
        ("2026-01-01T09:00:00.1Z", ["2026-01-01T09:00:00.100000+00:00"]),
        ("2026-01-01T09:00:00.123456789Z", ["2026-01-01T09:00:00.123456+00:00"]),
        ("2026-01-01T09:00:00." + "7" * 40 + "Z", ["2026-01-01T09:00:00.777777+00:00"]),
        ("2026-01-01T12:00:00+03:00", ["2026-01-01T12:00:00+03:00"]),
        ("2026-01-01T04:00:00.5-05:00", ["2026-01-01T04:00:00.500000-05:00"]),
        (
            "2026-01-01T09:00:00",
            ["2026-01-01T09:00:00+00:00", "2026-01-01T09:00:00+03:00"],
        ),
        (
            "2026-01-01T09:00:00.25",
            ["2026-01-01T09:00:00.250000+00:00", "2026-01-01T09:00:00.250000+03:00"],
        ),
        (
            "2015-07-01T09:00:00",
            ["2015-07-01T09:00:00+00:00", "2015-07-01T09:00:00+03:00"],
        ),
        (
            "2015-01-01T09:00:00",
            ["2015-01-01T09:00:00+00:00", "2015-01-01T09:00:00+02:00"],
        ),
    ],
)
def test_a_time_is_read_with_any_fraction_and_with_or_without_zone(
    text: str, moments: list[str]
) -> None:
    assert [moment.isoformat() for moment in instants(text)] == moments


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-01",
        "2026-01-01T09:00Z",
        "2026-01-01 09:00:00Z",
        "2026-01-01t09:00:00z",
        "20260101T090000Z",
        "2026-W01-4T09:00:00Z",
        "2026-01-01T09:00:00,5Z",
        "2026-01-01T09:00:00.Z",
        "2026-01-01T09:00:00.5.5Z",
        "2026-01-01T09:00:00+0300",
        "2026-01-01T09:00:00+03",
        "2026-01-01T09:00:00+03:00:00",
        "2026-01-01T09:00:00+24:00",
        "2026-01-01T09:00:00UTC",
        "2026-13-01T09:00:00Z",
        "2026-02-30T09:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01T09:60:00Z",
        "2026-01-01T09:00:61Z",
        "0000-01-01T09:00:00Z",
        "-0001-01-01T09:00:00Z",
        "12026-01-01T09:00:00Z",
        "٢٠٢٦-01-01T09:00:00Z",
        "２026-01-01T09:00:00Z",
        "2026-01-01T09:00:00.٥Z",
        "2026-01-01T09:00:00\x00Z",
        "2026-01-01T09:00:00." + "7" * 60 + "Z",
    ],
)
def test_what_is_no_date_and_time_of_a_schema_is_no_time(text: str) -> None:
    assert instants(text) == ()


SHAPED = st.from_regex(
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?\Z"
)


@settings(deadline=None)
@given(st.one_of(st.text(), SHAPED))
def test_whatever_is_sent_as_a_time_is_read_or_left_but_never_an_error(text: str) -> None:
    for moment in instants(text):
        assert moment.tzinfo is not None


@settings(deadline=None)
@given(SHAPED, SHAPED)
def test_whatever_times_are_sent_the_window_is_held_or_the_message_is_stale(
    created: str, expires: str
) -> None:
    for window in (CLASSIC, STRICT):
        try:
            check_freshness(MessageTime(created, expires), now=NOW, window=window)
        except faults.StaleMessage as refusal:
            assert refusal.detail == "timestamp window"


@settings(deadline=None)
@given(st.datetimes(), st.sampled_from([UTC, ISTANBUL]))
def test_every_time_that_can_be_written_is_read_as_it_was_meant(
    moment: datetime, zone: Any
) -> None:
    meant = moment.replace(tzinfo=zone)
    assert meant in instants(moment.isoformat())
    if zone is UTC:
        assert instants(meant.isoformat()) == (meant,)


def window(created: str, expires: str, *, now: datetime = NOW, by: Freshness = CLASSIC) -> bool:
    """Is a message with these times taken?"""
    try:
        check_freshness(MessageTime(created, expires), now=now, window=by)
    except faults.StaleMessage:
        return False
    return True


def at(seconds: float) -> str:
    """A time so many seconds from now, in UTC."""
    return (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("created", "expires", "taken"),
    [
        (-60, 240, True),
        (-60, 840, True),
        (-60, 840.000001, False),
        (300, 600, True),
        (300.000001, 600, False),
        (-600, -299.999999, True),
        (-600, -300, False),
        (0, 0, False),
        (10, 0, False),
    ],
)
def test_the_classic_window_is_five_minutes_of_skew_and_a_quarter_of_an_hour_of_life(
    created: float, expires: float, *, taken: bool
) -> None:
    assert window(at(created), at(expires)) is taken


@pytest.mark.parametrize(
    ("created", "expires", "taken"),
    [
        (-60, 240, True),
        (-60, 240.000001, False),
        (60, 300, True),
        (60.000001, 300, False),
        (-299.999999, 0.000001, True),
        (-300, 0, False),
        (-100, -1, False),
    ],
)
def test_the_strict_window_knows_no_lateness(
    created: float, expires: float, *, taken: bool
) -> None:
    assert window(at(created), at(expires), by=STRICT) is taken


@pytest.mark.parametrize(
    ("created", "expires", "taken"),
    [
        ("2026-01-01T09:00:00", "2026-01-01T09:05:00", True),
        ("2026-01-01T12:00:00", "2026-01-01T12:05:00", True),
        ("2026-01-01T12:00:00.123456", "2026-01-01T12:05:00.123456", True),
        ("2026-01-01T10:30:00", "2026-01-01T10:35:00", False),
        ("2026-01-01T09:00:00", "2026-01-01T12:05:00", False),
        ("2026-01-01T09:00:00Z", "2026-01-01T09:05:00", True),
        ("2026-01-01T09:00:00Z", "2026-01-01T12:05:00", True),
        ("2026-01-01T12:00:00", "2026-01-01T09:05:00Z", True),
        ("2026-01-01T12:00:00", "2026-01-01T09:55:00Z", False),
    ],
)
def test_a_time_without_zone_may_be_of_istanbul_or_of_utc_but_not_of_both(
    created: str, expires: str, *, taken: bool
) -> None:
    assert window(created, expires) is taken


@pytest.mark.parametrize(
    ("created", "expires"),
    [
        ("2026-01-01T09:00:00", "2026-01-01T09:05:00"),
        ("2026-01-01T12:00:00", "2026-01-01T12:05:00"),
        ("2026-01-01T09:00:00Z", "2026-01-01T09:05:00"),
        ("2026-01-01T09:00:00", "2026-01-01T09:05:00Z"),
    ],
)
def test_the_strict_profile_wants_a_zone(created: str, expires: str) -> None:
    assert not window(created, expires, by=STRICT)


@pytest.mark.parametrize(
    ("created", "expires"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-01T00:05:00Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:05:00+14:00"),
        ("0001-01-01T00:00:00", "0001-01-01T00:05:00"),
        ("9999-12-31T23:55:00Z", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:55:00-14:00", "9999-12-31T23:59:59-14:00"),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("now", "2026-01-01T09:05:00Z"),
        ("2026-01-01T09:00:00Z", "later"),
        ("", ""),
    ],
)
def test_times_at_the_ends_of_the_calendar_and_no_times_are_stale(
    created: str, expires: str
) -> None:
    assert not window(created, expires)


def test_only_the_strict_profile_wants_a_timestamp_at_all() -> None:
    check_freshness(None, now=NOW, window=CLASSIC)
    with pytest.raises(faults.StaleMessage):
        check_freshness(None, now=NOW, window=STRICT)
