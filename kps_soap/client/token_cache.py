"""Keeps one token and gets another when its time comes: one at a time, for all threads.

Whoever finds no live token while another is being fetched waits for that one and shares its fate,
so a wrong password is tried once and not once a thread (it would lock the account).  A failure
is not remembered: the next caller tries again.  This module fetches nothing by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime

from kps_soap.client.tokens import Token


class TokenCache:
    """``fetch`` gets a new token or raises; ``clock`` gives aware times."""

    def __init__(self, fetch: Callable[[], Token], clock: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._flight: Future[Token] | None = None

    def live(self) -> Token | None:
        """The token at hand, if it may still be used."""
        token = self._token
        return token if token is not None and self._clock() < token.usable_until else None

    def get(self) -> Token:
        """A live token; waits for it, and raises what fetching it raised."""
        with self._lock:
            token = self.live()
            if token is not None:
                return token
            leading = self._flight is None
            flight = self._flight = self._flight or Future()
        if leading:
            self._lead(flight)
        return flight.result()

    def forget(self, token: Token) -> None:
        """Use this token no more; one that came after it stays."""
        with self._lock:
            if self._token is token:
                self._token = None

    def _lead(self, flight: Future[Token]) -> None:
        """Fetch for everybody who waits."""
        try:
            token = self._fetch()
        except BaseException as error:
            with self._lock:
                self._flight = None
            flight.set_exception(error)
        else:
            with self._lock:
                self._token, self._flight = token, None
            flight.set_result(token)
