"""An answered request for those who count and log requests, and a clock in nanoseconds."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kps_soap.entry import Entry
from kps_soap.gateway import Answer, Exchange, Question

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ANSWER = Answer(200, (), b"<answer/>")
PERSON = "Ayşe 10000000215"


class Ticks:
    """A clock in nanoseconds that the test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000_000

    def __call__(self) -> int:
        return self.now


def exchange_of(**changes: Any) -> Exchange:
    """An answered request with a person in every field that a caller can fill."""
    question: Any = Question(
        family=None,  # type: ignore[arg-type]
        contract=None,
        unverified_body=PERSON.encode(),
        unverified_content_type=PERSON,
        unverified_content_encoding=PERSON,
        unverified_action=PERSON,
        unverified_agent=PERSON,
        source_address="203.0.113.10",
        received_at=NOW,
        request_id="istek-1",
    )
    entry = Entry(
        request_id="istek-1",
        received_at=NOW,
        door="direct",
        service="KisiSorgulaTCKimlikNoServis",
        version="2011/01/01",
        source_address="203.0.113.10",
        account="KRM-34-0417",
        institution="B-34-0417",
        inquirer=PERSON,
        client_software=PERSON,
        message_id=PERSON,
        case_number=PERSON,
        detail=PERSON,
    )
    return Exchange(question, replace(entry, **changes), contract=None, started_ns=900_000_000)
