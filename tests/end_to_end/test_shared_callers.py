"""Callers who keep their connections are shared evenly, also after a worker was replaced."""

import http.client
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from end_to_end.running import Served, make_home, serving, wait_for

ESTABLISHED = "01"
CALLERS = 24


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(make_home(tmp_path / "home", persons=200)) as running:
        yield running


class Callers:
    """Clients that ask again and again on connections that they keep."""

    def __init__(self, address: str) -> None:
        self.port = urlsplit(address).port or 0
        self._kept = [http.client.HTTPConnection("127.0.0.1", self.port) for _ in range(CALLERS)]
        self.goodbyes = 0

    def ask_all(self) -> None:
        """Each asks once; whoever was hung up on while resting calls anew."""
        for one in self._kept:
            try:
                self._ask(one)
            except (http.client.HTTPException, ConnectionError):
                one.close()
                self._ask(one)

    def _ask(self, one: http.client.HTTPConnection) -> None:
        one.request("GET", "/saglik")
        answer = one.getresponse()
        answer.read()
        self.goodbyes += answer.getheader("Connection") == "close"
        assert answer.status == 200

    def at_each(self) -> dict[int, int]:
        """How many of them each process of the gateway has."""
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        rows = [line.split() for line in lines]
        here = f":{self.port:04X}"
        known = {row[9] for row in rows if row[1].endswith(here) and row[3] == ESTABLISHED}
        found: Counter[int] = Counter()
        for link in Path("/proc").glob("[0-9]*/fd/*"):
            with suppress(OSError):
                name = str(link.readlink())
                if name.startswith("socket:[") and name[8:-1] in known:
                    found[int(link.parts[2])] += 1
        return dict(found)

    def close(self) -> None:
        for one in self._kept:
            one.close()


def test_callers_are_shared_evenly_and_a_successor_gets_its_part(served: Served) -> None:
    with closing(Callers(served.http)) as callers:
        callers.ask_all()
        shares = callers.at_each()
        assert len(shares) == 2
        assert min(shares.values()) >= CALLERS // 2 - 2, shares
        assert callers.goodbyes == 0
        killed = min(shares)
        os.kill(killed, signal.SIGKILL)
        callers.ask_all()
        wait_for(lambda: "ended with code -9" in served.log)

        def shared_again() -> bool:
            callers.ask_all()
            now = callers.at_each()
            return len(now) == 2 and killed not in now and min(now.values()) >= CALLERS // 3

        wait_for(shared_again)
        # Nobody's question was lost for it, and it comes to an end.
        before = callers.goodbyes
        assert 0 < before <= CALLERS
        callers.ask_all()
        callers.ask_all()
        assert callers.goodbyes == before
