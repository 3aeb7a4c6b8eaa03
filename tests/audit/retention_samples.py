"""Orders, recorders and retentions at any moment, for the tests of what is kept and destroyed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from evidence_samples import Evidence, keyring

from kps_soap.audit import orders, retention
from kps_soap.audit.appending import Recorder, recorder
from kps_soap.audit.orders import Kind, Order, Scope
from kps_soap.audit.retention import Due, Means

#: The evidence of the samples is of November 2026, which ends when December begins in Istanbul.
DUE = datetime(2041, 12, 1, 21, tzinfo=UTC)
NOT_DUE = datetime(2041, 11, 29, 21, tzinfo=UTC)


@contextmanager
def recording(evidence: Evidence, now: datetime) -> Iterator[Recorder]:
    with recorder(
        evidence.engine,
        evidence.keyring,
        worker="kps audit",
        clock=lambda: now,
        random_bytes=os.urandom,
    ) as found:
        yield found


def means(run: Recorder, now: datetime, **changes: Any) -> Means:
    given: dict[str, Any] = {
        "recorder": run,
        "request_id": lambda: "imha-1",
        "clock": lambda: now,
        "random_bytes": os.urandom,
        "pause": lambda _seconds: None,
        "by": "arsivci",
    }
    return Means(**{**given, **changes})


def destroy(
    evidence: Evidence, now: datetime = DUE, *, years: int = 15, **changes: Any
) -> list[Due]:
    """What a retention destroys; afterwards nobody remembers a secret."""
    with recording(evidence, now) as run:
        done = list(
            retention.apply(
                evidence.engine, evidence.keyring, years=years, means=means(run, now, **changes)
            )
        )
    evidence.keyring = keyring()
    return done


def surveyed(evidence: Evidence, now: datetime, *, years: int = 15) -> list[Due]:
    with evidence.engine.connect() as connection, connection.begin():
        return retention.survey(connection, evidence.keyring, years=years, now=now)


def order(evidence: Evidence, now: datetime, scope: Scope, **changes: Any) -> Order:
    """An order that is placed."""
    given: dict[str, Any] = {
        "order_id": "",
        "kind": Kind.HOLD,
        "scope": scope,
        "reason": "soruşturma",
        "document": "2026/55 E.",
        "placed_by": "hukuk",
        "placed_at": now,
    }
    with recording(evidence, now) as run:
        return orders.place(
            run,
            evidence.keyring,
            Order(**{**given, **changes}),
            request_id="karar-1",
            random_bytes=os.urandom,
        )


def lift(evidence: Evidence, placed: Order, now: datetime, **changes: str) -> None:
    given = {"reason": "dava bitti", "document": "2041/7", "by": "hukuk", "request_id": "karar-2"}
    with recording(evidence, now) as run:
        orders.lift(run, placed, now=now, **{**given, **changes})
