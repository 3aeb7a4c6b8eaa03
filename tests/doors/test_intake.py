"""Bodies within their bounds, and the caller's true address (design D12, hardening D9)."""

import socket
from ipaddress import ip_network

import pytest
from lxml import etree
from served import (
    BODY_BYTES_MAX,
    MEDIA,
    SOAP11,
    Caller,
    House,
    Reply,
    call,
    chunked,
    citizen,
    envelope,
    headers_of,
    house_with,
    intake_for,
    post,
    receive,
)

from kps_soap.addresses import parse_address, plain_address
from kps_soap.doors.intake import DISCARDED_TIMES_LIMIT, Intake

PATH = "/Service/KPSPublic.asmx"
QUESTION = envelope(call("TCKimlikNoDogrula", citizen())).encode()
XML = ("content-type", MEDIA[SOAP11])
PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48"))


def padded(length: int) -> bytes:
    """A right question that is exactly so long."""
    return QUESTION + b" " * (length - len(QUESTION))


def status_of(reply: Reply | None) -> int:
    assert reply is not None
    return reply.status


def text_of_fault(reply: Reply) -> str:
    return etree.tostring(etree.fromstring(reply.body), method="text", encoding="unicode")


# Size


@pytest.mark.parametrize(("extra", "status"), [(0, 200), (1, 413)])
def test_a_body_of_exactly_the_limit_is_the_longest_one(
    house: House, extra: int, status: int
) -> None:
    body = padded(BODY_BYTES_MAX + extra)
    for raw in (post(PATH, headers_of(), body), chunked(PATH, headers_of(), body, size=4096)):
        assert house.send(raw).status == status


def test_a_caller_that_is_still_sending_hears_that_it_is_too_much(house: House) -> None:
    body = padded(BODY_BYTES_MAX * DISCARDED_TIMES_LIMIT)
    for raw in (post(PATH, headers_of(), body), chunked(PATH, headers_of(), body, size=8000)):
        house.evidence.counted.clear()
        reply = house.send(raw)
        assert reply.status == 413
        assert "The message is too large; send several requests" in text_of_fault(reply)
        assert reply.headers["connection"] == "close"
        assert house.evidence.counted == [("127.0.0.1", "public", "TooLarge")]
    assert house.evidence.records == []


def test_who_asks_before_sending_too_much_is_answered_before_it_sends(house: House) -> None:
    head = post(PATH, (*headers_of(), "Expect: 100-continue"), padded(BODY_BYTES_MAX + 1))
    with house.connection() as connection:
        connection.sendall(head.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        assert connection.recv(64, socket.MSG_PEEK).startswith(b"HTTP/1.1 413 ")
        assert not receive(connection).stays_open


@pytest.mark.parametrize("length", ["160001", "9" * 19, "9" * 400])
def test_a_body_far_too_long_is_not_waited_for(length: str) -> None:
    caller = Caller(headers=(XML, ("content-length", length)))
    assert status_of(caller.call(house_with())) == 413
    assert caller.received == 0


def test_chunks_far_beyond_the_limit_are_not_read_to_their_end() -> None:
    caller = Caller(chunks=(b"x" * 10_000,) * 100, headers=(XML,))
    reply = caller.call(house_with())
    assert status_of(reply) == 413
    assert caller.received == BODY_BYTES_MAX * DISCARDED_TIMES_LIMIT // 10_000 + 1


def test_chunks_a_little_beyond_the_limit_are_read_and_thrown_away() -> None:
    caller = Caller(chunks=(b"x" * 10_000,) * 5, headers=(XML,))
    assert status_of(caller.call(house_with())) == 413
    assert caller.received == 5


@pytest.mark.parametrize("length", ["", "x", "-1", "+5", "²", "0x10", " "])
def test_a_length_that_is_no_number_is_no_reason_to_refuse_a_short_body(length: str) -> None:
    caller = Caller(chunks=(QUESTION,), headers=(XML, ("content-length", length)))
    assert status_of(caller.call(house_with())) == 200


def test_a_body_may_come_in_any_pieces() -> None:
    pieces = tuple(QUESTION[at : at + 1] for at in range(len(QUESTION)))
    for chunks in (pieces, (b"", QUESTION, b""), (QUESTION[:9], QUESTION[9:])):
        house = house_with()
        assert status_of(Caller(chunks=chunks, headers=(XML,)).call(house)) == 200
        assert house.entry.question == QUESTION


# Time


def test_a_body_that_does_not_come_whole_in_time_is_408() -> None:
    house = house_with(intake_for(body_seconds_max=0.01))
    caller = Caller(chunks=(QUESTION[:50],), whole=False, headers=(XML,))
    reply = caller.call(house)
    assert reply is not None
    assert reply.status == 408
    assert reply.headers["connection"] == "close"
    assert "The whole message did not arrive in time" in text_of_fault(reply)
    assert house.evidence.counted == [("127.0.0.1", "public", "TooSlow")]
    assert house.doorway.shares.in_flight == 0


def test_a_body_that_is_too_long_and_too_slow_is_given_up_too() -> None:
    house = house_with(intake_for(body_seconds_max=0.01))
    caller = Caller(chunks=(b"x" * 30_000,), whole=False, headers=(XML,))
    assert status_of(caller.call(house)) == 408


# Callers that leave


@pytest.mark.parametrize("chunks", [(None,), (QUESTION[:50], None)])
def test_nobody_is_answered_who_left_half_way(chunks: tuple[bytes | None, ...]) -> None:
    house = house_with()
    assert Caller(chunks=chunks, headers=(XML,)).call(house) is None
    assert house.doorway.shares.in_flight == 0
    assert house.evidence.records == []
    assert house.evidence.counted == []


def test_the_door_goes_on_when_a_caller_hangs_up(house: House) -> None:
    raw = post(PATH, headers_of(), QUESTION)
    with house.connection() as connection:
        connection.sendall(raw[:-20])
    with house.connection() as connection:
        connection.sendall(raw[:-20])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    assert house.send(raw).status == 200
    assert len(house.evidence.records) == 1


# Source address


def source_of(client: str | None, *forwarded: str, intake: Intake | None = None) -> str:
    """The address that the evidence gets for a right question."""
    house = house_with(intake or intake_for(trusted_proxies=PROXIES))
    headers = (XML, *(("x-forwarded-for", value) for value in forwarded))
    secure = Caller(chunks=(QUESTION,), client=client, scheme="https", headers=headers)
    assert status_of(secure.call(house)) == 200
    return house.entry.source_address


@pytest.mark.parametrize(
    ("client", "forwarded", "source"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
        ("203.0.113.7", ("10.0.0.1",), "203.0.113.7"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("192.0.2.66, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", ("192.0.2.66", "198.51.100.1"), "198.51.100.1"),
        ("10.0.0.1", ("192.0.2.66, 198.51.100.1, 10.9.9.9",), "198.51.100.1"),
        ("10.0.0.1", ("10.0.0.3, 10.0.0.2",), "10.0.0.1"),
        ("10.0.0.1", ("192.0.2.66, kotu",), ""),
        ("10.0.0.1", ("kotu, 198.51.100.1",), "198.51.100.1"),
        ("10.0.0.1", (" , ,",), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1:443",), ""),
        ("10.0.0.1", ("2001:DB8::0001",), "2001:db8::1"),
        ("2001:db8:1::5", ("198.51.100.1",), "198.51.100.1"),
        ("::ffff:10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("::ffff:203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
        ("fe80::1%eth0", (), "fe80::1"),
        ("unix", (), ""),
        (None, (), ""),
    ],
)
def test_only_a_trusted_proxy_is_believed_about_the_source(
    client: str | None, forwarded: tuple[str, ...], source: str
) -> None:
    assert source_of(client, *forwarded) == source


def test_without_trusted_proxies_the_peer_is_the_source() -> None:
    assert source_of("10.0.0.1", "198.51.100.1", intake=intake_for()) == "10.0.0.1"
    assert source_of("127.0.0.1", "198.51.100.1", intake=intake_for()) == "127.0.0.1"


def test_a_forged_header_over_a_real_socket_changes_nothing(house: House) -> None:
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP"):
        house.evidence.records.clear()
        house.send(post(PATH, (*headers_of(), f"{name}: 198.51.100.1"), QUESTION))
        assert house.entry.source_address == "127.0.0.1"


def test_an_address_has_one_spelling() -> None:
    assert plain_address("::ffff:192.0.2.1") == "192.0.2.1"
    assert plain_address("2001:0DB8:0:0::1") == "2001:db8::1"
    assert [plain_address(text) for text in ("", "a", "192.0.2.01", "1.2.3")] == [""] * 4
    assert parse_address("192.0.2.1\n") is None


# Plain HTTP


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        (Caller(client="127.0.0.1"), 200),
        (Caller(client="127.8.9.1"), 200),
        (Caller(client="::1"), 200),
        (Caller(client="::ffff:127.0.0.1"), 200),
        (Caller(client="203.0.113.7"), 403),
        (Caller(client="203.0.113.7", scheme="https"), 200),
        (Caller(client="203.0.113.7", server="192.0.2.80"), 200),
        (Caller(client=None), 403),
        (Caller(client="unix"), 403),
        (Caller(client="203.0.113.7", headers=(("x-forwarded-proto", "https"),)), 403),
        (Caller(client="203.0.113.7", headers=(("x-forwarded-for", "127.0.0.1"),)), 403),
        (Caller(client="203.0.113.7", headers=(("host", "192.0.2.80"),)), 403),
        (Caller(client="10.0.0.1"), 403),
        (Caller(client="10.0.0.1", headers=(("x-forwarded-proto", "http"),)), 403),
        (Caller(client="10.0.0.1", headers=(("x-forwarded-proto", "https"),)), 200),
        (Caller(client="10.0.0.1", headers=(("x-forwarded-proto", " HTTPS "),)), 200),
        (
            Caller(
                client="10.0.0.1",
                headers=(("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")),
            ),
            403,
        ),
    ],
)
def test_plain_http_is_refused_outside_this_machine(caller: Caller, status: int) -> None:
    house = house_with(intake_for(trusted_proxies=PROXIES, plain_http_addresses=("192.0.2.80",)))
    caller.chunks, caller.headers = (QUESTION,), (*caller.headers, XML)
    reply = caller.call(house)
    assert reply is not None
    assert reply.status == status
    if status == 403:
        assert "Use https for this service." in text_of_fault(reply)
        assert house.register.lookups == 0
        assert house.evidence.records == []


# Flood


def test_a_place_is_free_again_after_every_end_of_a_request() -> None:
    house = house_with(in_flight_max=1)
    callers = (
        Caller(chunks=(None,)),
        Caller(chunks=(b"x" * 30_000,)),
        Caller(chunks=(QUESTION,)),
        Caller(chunks=(QUESTION,), headers=(XML,)),
    )
    for caller in callers:
        caller.call(house)
        assert house.doorway.shares.in_flight == 0
    assert [one.sent[0]["status"] for one in callers if one.sent] == [413, 415, 200]
