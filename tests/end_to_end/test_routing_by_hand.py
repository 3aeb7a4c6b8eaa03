"""The routing door with messages written by hand, as clients without any library send them."""

import urllib.request

import pytest

from benchmarks.routing import (
    HEADERS,
    QUERIES_PATH,
    TOKENS_PATH,
    Token,
    routing_message,
    token_message,
    token_of,
)
from end_to_end.running import Served


def sent(gateway: Served, path: str, message: str, method: str = "POST") -> str:
    """The body of the answer over plain HTTP on loopback."""
    base_url = str(gateway.demo["http_url"])
    request = urllib.request.Request(base_url + path, message.encode(), HEADERS, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
        return str(answer.read().decode())


def token(gateway: Served, method: str = "POST") -> Token:
    message = token_message(gateway.account("B-34-0417"))
    return token_of(sent(gateway, TOKENS_PATH, message, method))


def test_a_token_and_a_query_are_two_messages(gateway: Served) -> None:
    answer = sent(gateway, QUERIES_PATH, routing_message(gateway.number(0), token(gateway)))
    assert f"<TCKimlikNo>{gateway.number(0)}</TCKimlikNo>" in answer


def test_one_published_client_brings_its_messages_with_get(gateway: Served) -> None:
    message = routing_message(gateway.number(0), token(gateway, "GET"))
    answer = sent(gateway, QUERIES_PATH, message, "GET")
    assert f"<TCKimlikNo>{gateway.number(0)}</TCKimlikNo>" in answer


@pytest.mark.parametrize("path", [TOKENS_PATH, QUERIES_PATH])
def test_paths_are_found_in_any_letter_case(gateway: Served, path: str) -> None:
    message = token_message(gateway.account("B-34-0417"))
    swapped = path.swapcase()
    if path == TOKENS_PATH:
        assert "RequestedSecurityToken" in sent(gateway, swapped, message)
    else:
        query = routing_message(gateway.number(0), token(gateway))
        assert str(gateway.number(0)) in sent(gateway, swapped, query)
