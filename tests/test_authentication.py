"""Who is calling: token shapes, windows of time, and passwords compared once."""

import asyncio
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from soap_samples import security, timestamp, username_token

from kps_soap import faults
from kps_soap.authentication import (
    HASHER,
    ISTANBUL,
    NAME_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_TEXT,
    WSSE,
    Credential,
    Freshness,
    MessageTime,
    Passwords,
    UsernameToken,
    check_freshness,
    instants,
    matches,
    read_token,
    username_at_place,
)

NOW = datetime(2026, 1, 1, 9, 2, tzinfo=UTC)
CLASSIC = Freshness(skew_seconds=300, age_seconds_max=900, timestamp_required=False)
STRICT = Freshness(
    skew_seconds=60,
    age_seconds_max=300,
    timestamp_required=True,
    late_seconds_max=0,
    zone_required=True,
)
NAME, PASSWORD = "KRM-34-0417", "correct horse battery"


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


# Passwords


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Comparison:
    """Compares like the slow one, but at once, unless it is held; the hash is the password."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str]] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, stored: str, password: str) -> bool:
        self.made.append((stored, password))
        assert self.go_on.wait(10)
        return stored == password


class Bench:
    """Passwords with everything that a test can turn."""

    def __init__(self, **options: Any) -> None:
        self.clock, self.comparison = Clock(), Comparison()
        given: dict[str, Any] = {
            "mac_key": b"k" * 32,
            "clock": self.clock,
            "cache_seconds": 300,
            "threads": 2,
            "compare": self.comparison,
        }
        self.passwords = Passwords(**(given | options))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return asyncio.run(work)
        finally:
            self.comparison.go_on.set()
            self.passwords.close()

    async def refusal(
        self, credential: Credential | None, password: str, *, name: str = NAME
    ) -> str | None:
        """The detail of the refusal, None where the password is taken."""
        try:
            await self.passwords.check(name, credential, password)
        except faults.CredentialsRefused as refusal:
            return refusal.detail
        return None

    async def held_up(self, count: int) -> None:
        """Wait until so many comparisons have begun."""
        while len(self.comparison.made) < count:
            await asyncio.sleep(0.001)


def account(password: str = PASSWORD, *, version: int = 1, is_open: bool = True) -> Credential:
    return Credential(NAME, password, version, is_open)


def test_the_real_comparison_tells_right_from_wrong_and_knows_no_broken_hash() -> None:
    stored = HASHER.hash("Ğüçlü parola 1")
    assert stored.startswith("$argon2id$")
    assert "m=19456,t=2,p=1" in stored
    assert matches(stored, "Ğüçlü parola 1")
    assert not matches(stored, "güçlü parola 1")
    assert not matches("no hash", "x")
    assert not matches("", "\ud800")


def test_a_right_password_is_compared_slowly_once_and_remembered_for_a_while() -> None:
    bench = Bench(cache_seconds=300)

    async def work() -> None:
        for seconds, comparisons in ((0, 1), (299.9, 1), (300, 2), (599, 2), (601, 3)):
            bench.clock.seconds = seconds
            assert await bench.refusal(account(), PASSWORD) is None
            assert bench.passwords.slow_comparisons == comparisons

    bench.run(work())


def test_a_cache_of_no_seconds_remembers_nothing() -> None:
    bench = Bench(cache_seconds=0)

    async def work() -> None:
        await bench.refusal(account(), PASSWORD)
        await bench.refusal(account(), PASSWORD)
        assert bench.passwords.slow_comparisons == 2

    bench.run(work())


def test_a_wrong_password_is_compared_slowly_every_time() -> None:
    bench = Bench()

    async def work() -> None:
        for _ in range(3):
            assert await bench.refusal(account(), "wrong") == "wrong password"
        assert bench.passwords.slow_comparisons == 3
        assert await bench.refusal(account(), PASSWORD) is None
        assert await bench.refusal(account(), "wrong") == "wrong password"
        assert bench.passwords.slow_comparisons == 5

    bench.run(work())


def test_an_unknown_account_costs_one_slow_comparison_like_a_wrong_password() -> None:
    bench = Bench()

    async def work() -> None:
        for made in (1, 2):
            assert await bench.refusal(None, PASSWORD) == "unknown account"
            assert bench.passwords.slow_comparisons == made
        ((stored, password), _) = bench.comparison.made
        assert stored.startswith("$argon2id$")
        assert password == PASSWORD

    bench.run(work())


def test_an_unknown_account_is_refused_even_with_the_password_of_the_process_itself() -> None:
    bench = Bench(compare=lambda _stored, _password: True)

    async def work() -> None:
        assert await bench.refusal(None, "x") == "unknown account"
        assert await bench.refusal(None, "x") == "unknown account"
        assert bench.passwords.slow_comparisons == 2

    bench.run(work())


def test_a_new_version_of_a_credential_is_compared_anew() -> None:
    bench = Bench()

    async def work() -> None:
        assert await bench.refusal(account(), PASSWORD) is None
        assert await bench.refusal(account("another one", version=2), PASSWORD) == "wrong password"
        assert await bench.refusal(account("another one", version=2), "another one") is None
        assert bench.passwords.slow_comparisons == 3

    bench.run(work())


def test_what_is_remembered_for_one_account_says_nothing_of_another() -> None:
    bench = Bench()

    async def work() -> None:
        assert await bench.refusal(account(), PASSWORD) is None
        other = Credential("KRM-35-0001", "other", 1, open=True)
        assert await bench.refusal(other, PASSWORD, name="KRM-35-0001") == "wrong password"

    bench.run(work())


def test_a_blocked_account_is_refused_with_the_right_password_too() -> None:
    bench = Bench()

    async def work() -> None:
        blocked = account(is_open=False)
        assert await bench.refusal(blocked, PASSWORD) == "account blocked"
        assert await bench.refusal(blocked, "wrong") == "wrong password"
        assert bench.passwords.slow_comparisons == 2

    bench.run(work())


def test_a_block_holds_on_the_next_call_although_the_password_is_remembered() -> None:
    bench = Bench()

    async def work() -> None:
        assert await bench.refusal(account(), PASSWORD) is None
        assert await bench.refusal(account(is_open=False), PASSWORD) == "account blocked"
        assert await bench.refusal(account(), PASSWORD) is None

    bench.run(work())


def test_the_refusals_all_say_the_same_in_public() -> None:
    bench = Bench()
    said: set[tuple[str, str, str]] = set()

    async def work() -> None:
        for credential, password in ((None, "x"), (account(), "x"), (account(is_open=False), "x")):
            with pytest.raises(faults.CredentialsRefused) as caught:
                await bench.passwords.check(NAME, credential, password)
            refusal = caught.value
            said.add((refusal.turkish, refusal.english, refusal.subcode))
            assert PASSWORD not in refusal.detail

    bench.run(work())
    assert len(said) == 1


def test_equal_claims_at_the_same_moment_share_one_comparison() -> None:
    bench = Bench()

    async def work() -> list[str | None]:
        bench.comparison.go_on.clear()
        waiting = [asyncio.create_task(bench.refusal(account(), PASSWORD)) for _ in range(50)]
        await bench.held_up(1)
        bench.comparison.go_on.set()
        return await asyncio.gather(*waiting)

    assert bench.run(work()) == [None] * 50
    assert bench.passwords.slow_comparisons == 1


def test_a_caller_who_leaves_does_not_take_the_comparison_with_it() -> None:
    bench = Bench()

    async def work() -> str | None:
        bench.comparison.go_on.clear()
        leaving = asyncio.create_task(bench.refusal(account(), PASSWORD))
        staying = asyncio.create_task(bench.refusal(account(), PASSWORD))
        await bench.held_up(1)
        leaving.cancel()
        await asyncio.sleep(0)
        bench.comparison.go_on.set()
        return await staying

    assert bench.run(work()) is None
    assert bench.passwords.slow_comparisons == 1


def test_more_claims_than_may_wait_are_refused_at_once_and_the_others_are_served() -> None:
    bench = Bench(waiting_max=3, threads=1)

    async def work() -> list[str | None]:
        bench.comparison.go_on.clear()
        waiting = [
            asyncio.create_task(bench.refusal(account(), f"wrong {number}")) for number in range(3)
        ]
        await bench.held_up(1)
        with pytest.raises(faults.Overloaded) as caught:
            await bench.refusal(account(), "one too many")
        assert caught.value.retry_after_s == 1
        # Whoever asks what is being compared already, waits with the others.
        waiting.append(asyncio.create_task(bench.refusal(account(), "wrong 0")))
        await asyncio.sleep(0)
        bench.comparison.go_on.set()
        return await asyncio.gather(*waiting)

    assert bench.run(work()) == ["wrong password"] * 4
    assert bench.passwords.slow_comparisons == 3


def test_a_remembered_password_passes_while_the_comparisons_are_full() -> None:
    bench = Bench(waiting_max=1)

    async def work() -> None:
        assert await bench.refusal(account(), PASSWORD) is None
        bench.comparison.go_on.clear()
        waiting = asyncio.create_task(bench.refusal(account(), "wrong"))
        await bench.held_up(2)
        assert await bench.refusal(account(), PASSWORD) is None
        bench.comparison.go_on.set()
        await waiting

    bench.run(work())


def test_a_comparison_that_takes_too_long_is_an_overload_and_no_wrong_password() -> None:
    bench = Bench(deadline_seconds=0.01)

    async def work() -> None:
        bench.comparison.go_on.clear()
        with pytest.raises(faults.Overloaded) as caught:
            await bench.refusal(account(), PASSWORD)
        assert caught.value.detail == "password comparison deadline"

    bench.run(work())


def test_the_cache_is_bounded_and_forgets_the_oldest_first() -> None:
    bench = Bench(cache_entries_max=2)

    async def work() -> None:
        for version in (1, 2, 3):
            assert await bench.refusal(account(version=version), PASSWORD) is None
        assert bench.passwords.slow_comparisons == 3
        assert await bench.refusal(account(version=3), PASSWORD) is None
        assert await bench.refusal(account(version=2), PASSWORD) is None
        assert bench.passwords.slow_comparisons == 3
        assert await bench.refusal(account(version=1), PASSWORD) is None
        assert bench.passwords.slow_comparisons == 4

    bench.run(work())


def test_nothing_that_is_kept_in_memory_is_the_password() -> None:
    bench = Bench(compare=matches)
    secret = "Ğüçlü parola 1"
    credential = Credential(NAME, HASHER.hash(secret), 1, open=True)

    async def work() -> None:
        assert await bench.refusal(credential, secret) is None
        assert await bench.refusal(credential, secret) is None
        assert bench.passwords.slow_comparisons == 1

    bench.run(work())
    kept = repr(vars(bench.passwords)).encode()
    assert secret.encode() not in kept
    assert b"parola" not in kept
