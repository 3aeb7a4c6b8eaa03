"""The whole corpus over a real socket, and bytes that no HTTP client would send.

One served process meets everything in a row: after each message, and after each broken
connection, it answers the next caller, and its log stays one line an event.
"""

import re
import socket
from collections.abc import Iterator

import pytest

from corpus.every import by_class, wrong_of
from corpus.houses import Outside, Told, answer_on, fast_home, outside
from corpus.raw import Raw, every_raw, good_of
from corpus.world import Case


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with fast_home(tmp_path_factory.mktemp("corpus")) as home, outside(home) as served:
        yield served


@pytest.mark.parametrize(("group", "door"), by_class())
def test_messages_meet_their_cases_and_after_each_the_next_one_is_answered(
    house: Outside, group: str, door: str
) -> None:
    def answered(_case: Case) -> bool:
        return house.baseline().status == 200

    assert wrong_of(house, group, door, answered) == []


def talk(house: Outside, raw: Raw) -> list[Told]:
    """All answers that come on one connection."""
    pieces = raw.pieces(good_of(house.world))
    answers: list[Told] = []
    with socket.create_connection(house.address, timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                connection.sendall(piece)
            if raw.half:
                connection.shutdown(socket.SHUT_WR)
            while len(answers) < max(len(raw.statuses), 1):
                answers.append(answer_on(connection))
        except (ConnectionError, OSError, ValueError) as ended:
            assert not isinstance(ended, TimeoutError), "the gateway left a caller waiting"
        return answers


@pytest.mark.parametrize("raw", every_raw(), ids=str)
def test_bytes_on_a_connection_say_one_thing_or_nothing(house: Outside, raw: Raw) -> None:
    answers = talk(house, raw)
    came = [told.status for told in answers]
    for number, allowed in enumerate(raw.statuses):
        status = came[number] if number < len(came) else 0
        assert status in allowed or (status == 0 and 0 in allowed), (came, raw.statuses)
    if not raw.statuses:
        assert came in ([], [400], [408]), came
    for told in answers:
        assert b"smuggled" not in told.body
        assert told.status != 404 or "absolute" in raw.name or "line/" in raw.name
    assert house.baseline().status == 200


def test_the_log_is_one_line_an_event_and_holds_no_secret(house: Outside) -> None:
    said = house.served.log
    person, account = house.world.person, house.world.account
    for secret in (account["password"], str(person["identity_number"]), person["surname"]):
        assert secret not in said
    for line in said.split("\n"):
        assert not line or re.match(r"[\w(]", line), line
        assert line.isprintable(), line
    assert "Traceback" not in said
