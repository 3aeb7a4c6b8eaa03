"""An agreement's calls a second are those of all workers together, whoever answers."""

import http.client
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from end_to_end.questions import PERSON, envelope, person_query, security
from end_to_end.running import Served, make_home, serving

RATE, ASKED, WORKERS = 6, 8, 4


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    home = make_home(tmp_path / "home", persons=200)
    file = home / "agreements" / "ornek-ilce-belediyesi.toml"
    text = file.read_text(encoding="utf-8")
    limited = re.sub(r"calls_per_second_max = \d+", f"calls_per_second_max = {RATE}", text)
    assert limited != text
    file.write_text(limited, encoding="utf-8")
    with serving(home, workers=WORKERS) as running:
        yield running


def test_a_caller_of_one_worker_may_make_all_the_calls_of_the_agreement(served: Served) -> None:
    token = security(served.account("B-34-0417"), None)
    address = urlsplit(served.http)
    with closing(http.client.HTTPConnection("127.0.0.1", address.port or 0)) as line:
        waits = []
        for _ in range(ASKED):
            question = envelope(person_query([served.number(0)]), token)
            line.request("POST", PERSON, question, {"Content-Type": "text/xml; charset=utf-8"})
            answer = line.getresponse()
            answer.read()
            assert answer.status == 200
            waits.append(answer.getheader("Retry-After"))
    # One worker's share of them alone would be one call or two.
    assert waits[:RATE] == [None] * RATE
