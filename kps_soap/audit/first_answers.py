"""The answer that a question got the first time, out of its record (design D18).

It is read for the institution that asked, within the window in which a question may be repeated,
and only what is in its Body.  One thread does it, one answer at a time and within a deadline: a
caller who repeats himself waits for himself.  Whether it may be given again is not said here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from lxml import etree
from sqlalchemy import Engine, select

from kps_soap.aside import Aside
from kps_soap.audit.keys import Keyring, MonthUnreadable
from kps_soap.audit.months import month_of
from kps_soap.audit.records import Unreadable
from kps_soap.audit.search import open_record
from kps_soap.envelopes import read_own
from kps_soap.models import evidence
from kps_soap.repetitions import FirstAnswer

#: No window is longer, so the first record lies in the month of this moment or of the present.
_WINDOW_MAX: Final = timedelta(days=1)


class FirstAnswers:
    """Finds answers by the number of their request; ``seconds_max`` bounds one search."""

    def __init__(
        self,
        engine: Engine,
        keyring: Keyring,
        *,
        clock: Callable[[], datetime],
        seconds_max: float,
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._clock = clock
        self._aside = Aside("first answer", thread="kps-first", seconds_max=seconds_max)

    async def find(self, request_id: str) -> FirstAnswer | None:
        """The answer to a request; None where it has no Body to give any more.

        Raises ``EvidenceUnavailable``.
        """
        return await self._aside.run(self._find, request_id)

    def close(self) -> None:
        """Let go of the thread; a search that is under way is left behind."""
        self._aside.close()

    def _find(self, request_id: str) -> FirstAnswer | None:
        columns, now = evidence.c, self._clock()
        # A month is a partition: without it every month would be looked through.
        months = {month_of(now), month_of(now - _WINDOW_MAX)}
        query = select(columns.chain_id, columns.sequence).where(
            columns.request_id == request_id, columns.month.in_(sorted(months))
        )
        with self._engine.connect() as connection, connection.begin():
            place = connection.execute(query).one_or_none()
            if place is None:
                return None
            try:
                shown = open_record(connection, self._keyring, *place)
            except (MonthUnreadable, Unreadable):
                return None
        return None if shown.answer is None else _first_answer(shown)


def _first_answer(shown: Any) -> FirstAnswer:
    plain = shown.found.columns
    payload = _payload(shown.answer)
    return FirstAnswer(
        place=f"{shown.found.chain_id}:{shown.found.sequence}",
        terms=(plain["agreement_digest"] or "", plain["withheld_digest"] or ""),
        body_digest=plain["answer_digest"] or "",
        outcome=plain["outcome"] or 0,
        criterion_outcomes=[int(one) for one in (plain["criterion_outcomes"] or "0").split(",")],
        records=plain["records"] or 0,
        returned_fields=shown.returned_fields,
        payload=payload,
        tree=read_own(payload),
    )


def _payload(answer: bytes) -> bytes:
    """What is in the Body of an answer of ours, canonical."""
    (body,) = read_own(answer).iterchildren("{*}Body")
    return etree.tostring(body[0], method="c14n", exclusive=True)
