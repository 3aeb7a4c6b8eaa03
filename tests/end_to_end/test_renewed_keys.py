"""A new signing key is taken without a restart: workers are renewed, and no call fails."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from end_to_end.questions import PERSON, Reply, person_query
from end_to_end.running import Served, make_home, serving, wait_for
from kps_soap.answers import AnswerNotGenuine, verify_answer
from kps_soap.certificates import write_demo_files
from kps_soap.signing import Signer


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(make_home(tmp_path / "home", persons=200)) as running:
        yield running


def holds(reply: Reply, signer: Signer) -> bool:
    """Was this answer signed by that key?"""
    try:
        verify_answer(
            reply.body, [signer.certificate], now=datetime.now(UTC), question=reply.question
        )
    except AnswerNotGenuine:
        return False
    return True


def test_a_new_signing_key_is_taken_worker_by_worker_and_no_call_fails(
    served: Served, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    keys = served.home / "keys"
    before = Signer.load(keys / "rsa.key", keys / "rsa.pem", now=now)
    made = write_demo_files(tmp_path / "new", now.date(), randomness=os.urandom)
    after = Signer.load(made.rsa_key, made.rsa_certificate, now=now)
    stop = Event()

    def asking() -> list[Reply]:
        replies = []
        while not stop.is_set():
            replies.append(served.ask(PERSON, person_query([served.number(0)])))
        return replies

    with ThreadPoolExecutor(2) as callers:
        running = [callers.submit(asking) for _ in range(2)]
        try:
            made.rsa_key.replace(keys / "rsa.key")
            made.rsa_certificate.replace(keys / "rsa.pem")
            served.process.send_signal(signal.SIGUSR2)
            wait_for(lambda: served.log.count("is renewed") == 2)
            # Both are there anew when none of many answers in a row is of the old key.
            wait_for(
                lambda: all(
                    holds(served.ask(PERSON, person_query([served.number(0)])), after)
                    for _ in range(8)
                )
            )
        finally:
            stop.set()
        replies = [reply for one in running for reply in one.result()]
    assert {reply.status for reply in replies} == {200}
    of_old = [reply for reply in replies if holds(reply, before)]
    of_new = [reply for reply in replies if holds(reply, after)]
    assert len(of_old) + len(of_new) == len(replies)
    assert of_old
    assert of_new


def test_with_a_half_copied_certificate_nobody_is_renewed_and_calls_are_answered(
    served: Served,
) -> None:
    certificate = served.home / "keys" / "tls.pem"
    whole = certificate.read_bytes()
    certificate.write_bytes(whole[: len(whole) // 2])
    served.process.send_signal(signal.SIGUSR2)
    wait_for(lambda: "Workers are not renewed: TLS: " in served.log)
    assert "is renewed" not in served.log
    assert served.ask(PERSON, person_query([served.number(0)])).status == 200
    assert served.health()[0] == 200
    certificate.write_bytes(whole)
    served.process.send_signal(signal.SIGUSR2)
    wait_for(lambda: served.log.count("is renewed") == 2)
