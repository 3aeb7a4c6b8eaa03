"""Every file below ``hostile/`` is refused for the reason that its directory names.

And every file below ``legal/`` is read.  See ``hostile/README.md``.
"""

import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kps_soap import faults
from kps_soap.authentication import SECURITY, Freshness, check_freshness, read_token
from kps_soap.contracts.catalogue import compile_all
from kps_soap.contracts.contract import CompiledContract
from kps_soap.doors.direct import DirectDoor
from kps_soap.entry import Entry
from kps_soap.envelopes import Limits, Reader
from kps_soap.gateway import Exchange, Question
from kps_soap.signing import Signer

HERE = Path(__file__).resolve().parent
HOSTILE = sorted((HERE / "hostile").glob("*/*.xml"))
LEGAL = sorted((HERE / "legal").glob("*.xml"))
NOW = datetime(2026, 1, 1, 9, 2, tzinfo=UTC)
CLASSIC = Freshness(skew_seconds=300, age_seconds_max=900, timestamp_required=False)


class Nobody:
    """Stands for what a door needs later and reading must not touch."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"reading a message used {name}")


def no_signer(_choice: str) -> Signer:
    raise AssertionError("reading a message signed something")


NOBODY: Any = Nobody()
DOOR = DirectDoor(
    reader=Reader(Limits()),
    credentials=NOBODY,
    logins=NOBODY,
    window=CLASSIC,
    signer=no_signer,
    clock=lambda: NOW,
    answer_seconds=300,
)


@cache
def contract() -> CompiledContract:
    return next(one for one in compile_all() if one.name == "KisiSorgulaTCKimlikNoServis")


def headers_of(file: Path) -> dict[str, str]:
    """Content-Type and whatever else the file beside a body states."""
    found = {"Content-Type": "text/xml; charset=utf-8"}
    beside = file.with_suffix(".headers")
    if beside.exists():
        for line in beside.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            found[name] = value.strip()
    return found


def question_of(file: Path) -> Question:
    headers = headers_of(file)
    return Question(
        family=DOOR,
        contract=contract(),
        unverified_body=file.read_bytes(),
        unverified_content_type=headers["Content-Type"],
        unverified_content_encoding=headers.get("Content-Encoding", ""),
        unverified_action=headers.get("SOAPAction"),
        unverified_agent="",
        source_address="203.0.113.10",
        received_at=NOW,
        request_id="r",
    )


def read(file: Path) -> None:
    """All that the direct door makes of a message without asking anybody else."""
    question = question_of(file)
    exchange = Exchange(question, Entry("r", NOW, "direct"), contract=question.contract)
    DOOR.read(exchange)
    envelope = exchange.envelope
    _, time = read_token(envelope.unverified_headers.get(SECURITY))
    check_freshness(time, now=NOW, window=CLASSIC)
    contract().validate_request(envelope.unverified_payload)


def shown(file: Path) -> str:
    return file.relative_to(HERE).with_suffix("").as_posix()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever reads a message has no reason to open a connection."""

    def connect(*_arguments: object) -> None:
        raise AssertionError("reading a message opened a connection")

    monkeypatch.setattr(socket.socket, "connect", connect)
    yield


@pytest.mark.parametrize("file", HOSTILE, ids=shown)
def test_a_hostile_message_meets_the_refusal_of_its_directory(file: Path) -> None:
    with pytest.raises(faults.Refusal) as caught:
        read(file)
    assert caught.value.name == file.parent.name, caught.value.detail


@pytest.mark.parametrize("file", HOSTILE, ids=shown)
def test_a_refusal_repeats_nothing_of_a_hostile_message(file: Path) -> None:
    with pytest.raises(faults.Refusal) as caught:
        read(file)
    refusal = caught.value
    assert refusal.__cause__ is None
    assert (refusal.turkish, refusal.english) == (type(refusal).turkish, type(refusal).english)
    assert re.fullmatch(r"[A-Za-z0-9_ ,.-]{1,80}", refusal.detail), refusal.detail
    for private in ("10000000215", "KRM-34-0417", "uydurma", "canary", "hostname"):
        assert private not in refusal.detail


@pytest.mark.parametrize("file", LEGAL, ids=shown)
def test_an_odd_but_legal_message_is_read(file: Path) -> None:
    read(file)


@pytest.mark.parametrize("file", LEGAL, ids=shown)
def test_an_odd_but_legal_message_says_what_it_seems_to_say(file: Path) -> None:
    question = question_of(file)
    exchange = Exchange(question, Entry("r", NOW, "direct"), contract=question.contract)
    DOOR.read(exchange)
    envelope = exchange.envelope
    token, _ = read_token(envelope.unverified_headers[SECURITY])
    assert token.unverified_username == "KRM-34-0417"
    assert token.unverified_password == "uydurma parola 1"
    opened = contract().open(envelope.unverified_payload)
    criteria = opened.parameters[0] or []
    assert {one["TCKimlikNo"] for one in criteria} <= {10000000215, None}


def test_every_directory_is_a_refusal_and_no_file_stands_beside_them() -> None:
    for place in (HERE / "hostile").iterdir():
        if place.is_dir():
            assert issubclass(getattr(faults, place.name), faults.Refusal)
        else:
            assert place.name == "README.md"


def test_the_files_are_numbered_and_every_headers_file_has_its_body() -> None:
    for folder in {file.parent for file in HOSTILE} | {HERE / "legal"}:
        bodies = sorted(folder.glob("*.xml"))
        assert [file.name[:4] for file in bodies] == [f"{n:03}-" for n in range(1, len(bodies) + 1)]
        others = {file for file in folder.iterdir() if file.suffix != ".xml"}
        assert {file.with_suffix(".xml") for file in others} <= set(bodies)
        assert {file.suffix for file in others} <= {".headers"}
    assert len(HOSTILE) > 100
    assert len(LEGAL) > 20


def test_a_hostile_message_leaves_the_reader_as_it_was() -> None:
    for file in HOSTILE:
        with pytest.raises(faults.Refusal):
            read(file)
    for file in LEGAL:
        read(file)
