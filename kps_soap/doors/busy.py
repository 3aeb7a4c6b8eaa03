"""The one fault that must be cheap: "busy, come back", signed once a second for everybody.

A signature costs as much as an answer, so a gateway that signed each of these would spend itself
on saying that it has no time.  The fault holds nothing of a request: no receipt, no number, no
name.  Whoever gets it in the same second gets the same signed bytes; the request's own number
travels in the HTTP headers, outside the signature.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from kps_soap.gateway import Answer, Exchange

_SECOND: Final = timedelta(seconds=1)
_NUMBER: Final = "Kps-Istek-No"


@dataclass(slots=True)
class BusyAnswers:
    """The last fault of each kind, for as long as it is fresh; there are few kinds."""

    _said: dict[Hashable, tuple[datetime, Answer, str]] = field(default_factory=dict)

    def answer(
        self, exchange: Exchange, kind: Hashable, now: datetime, make: Callable[[], Answer]
    ) -> Answer:
        """The fault for this exchange; ``make`` writes and signs one where the last is too old."""
        entry = exchange.entry
        known = self._said.get(kind)
        # A clock that was put back must not keep an old one fresh.
        if known is None or not timedelta(0) <= now - known[0] < _SECOND:
            answer = make()
            known = self._said[kind] = (now, answer, entry.sent_digest)
        _, answer, entry.sent_digest = known
        entry.answer_digest = answer.body_digest
        headers = [
            (name, entry.request_id if name == _NUMBER else value) for name, value in answer.headers
        ]
        return replace(answer, headers=tuple(headers))
