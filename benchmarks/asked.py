"""Who asks about whom in a measurement: accounts of a demo home, persons of its register, loads."""

from __future__ import annotations

import json
import random
import sqlite3
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.load import Load
from benchmarks.messages import direct_message, public_message
from benchmarks.routing import (
    HEADERS,
    QUERIES_PATH,
    TOKENS_PATH,
    fetch_token,
    routing_message,
    token_message,
)

SERVICE = "KisiSorgulaTCKimlikNoServis"
VERSION = "2011/01/01"
PATH = f"/kps/{SERVICE}/{VERSION}"
TEXT = {"Content-Type": "text/xml; charset=utf-8"}
MARK = "TCKimlikNo>"

#: So many tokens are fetched before the run in which each of them is used once, or a few times.
TOKENS = 2_000
#: So many different persons are asked about: a gateway that is asked about a few remembers them.
PERSONS = 2_000
#: Personas that every demo register holds, and of whom the public door says yes.
_VERIFIED = (0, 1, 8, 13, 14, 16, 18)
_FIRST_NUMBER, _LAST_NUMBER = 10_000_000_000, 98_999_999_999


@dataclass(frozen=True)
class Asked:
    """A demo home as those see it who ask there."""

    home: Path

    @cached_property
    def demo(self) -> dict[str, Any]:
        """The demo's own description, with a purpose for every account."""
        demo: dict[str, Any] = json.loads((self.home / "demo.json").read_text(encoding="utf-8"))
        for account in demo["accounts"]:
            account["purpose"] = _purpose_of(self.home, account["agreement"])
        return demo

    @cached_property
    def numbers(self) -> list[int]:
        """Citizens spread over the whole register, the same ones every time."""
        chance = random.Random(1)
        found = set()
        with sqlite3.connect(f"file:{self.home / 'register.db'}?mode=ro", uri=True) as register:
            for _ in range(PERSONS):
                row = register.execute(
                    "SELECT number FROM citizens WHERE number >= ? ORDER BY number LIMIT 1",
                    (chance.randint(_FIRST_NUMBER, _LAST_NUMBER),),
                ).fetchone()
                if row is not None:
                    found.add(int(row[0]))
        numbers = sorted(found)
        chance.shuffle(numbers)
        return numbers

    @cached_property
    def verified(self) -> list[dict[str, Any]]:
        """The personas whom the public door knows."""
        personas = self.demo["personas"]
        return [one for one in personas if one["kind"] and one["index"] in _VERIFIED]

    def account(self, *, inquirer: bool) -> dict[str, Any]:
        """The first account with the person service that names an inquirer (its answers are
        signed with P-256), or that needs none (RSA-2048).
        """
        for account in self.demo["accounts"]:
            services = {(one["name"], one["version"]) for one in account["services"]}
            if (SERVICE, VERSION) in services and (account["inquirer"] is not None) is inquirer:
                return dict(account)
        raise SystemExit("the demo lacks an account for the benchmark")

    def direct(self, name: str, url: str, *, p256: bool = False, criteria: int = 1) -> Load:
        """Person queries at the direct door, about so many persons a call."""
        account = self.account(inquirer=p256)

        def bodies() -> Sequence[str]:
            return [direct_message(some, account) for some in self._groups(criteria)]

        return Load(name, url + PATH, bodies, TEXT, MARK)

    def routing(self, name: str, url: str, *, criteria: int = 1) -> Load:
        """Person queries at the routing door, under one token."""

        def bodies() -> Sequence[str]:
            token = fetch_token(url, self.account(inquirer=False))
            return [routing_message(some, token) for some in self._groups(criteria)]

        return Load(name, url + QUERIES_PATH, bodies, HEADERS, MARK)

    def routing_anew(self, name: str, url: str) -> Load:
        """Person queries at the routing door, a token each as far as the tokens go."""
        account, number = self.account(inquirer=False), self.numbers[0]

        def bodies() -> Sequence[str]:
            return [routing_message(number, fetch_token(url, account)) for _ in range(TOKENS)]

        return Load(name, url + QUERIES_PATH, bodies, HEADERS, MARK)

    def tokens(self, name: str, url: str) -> Load:
        """Requests for a token."""
        account = self.account(inquirer=False)
        return Load(name, url + TOKENS_PATH, lambda: [token_message(account)], HEADERS, "Secret>")

    def public(self, name: str, url: str, path: str = "/Service/KPSPublic.asmx") -> Load:
        """Verifications at the public door, all true."""
        bodies = [public_message(one) for one in self.verified]
        return Load(name, url + path, lambda: bodies, TEXT, "true")

    def stock(self, name: str, url: str) -> Load:
        """Person queries for stock Spyne, which wants no account."""
        return Load(
            name, url + "/person", lambda: [direct_message(one, None) for one in self.numbers],
            TEXT, MARK,
        )  # fmt: skip

    def _groups(self, size: int) -> list[Sequence[int]]:
        """Persons in groups, each group once; of single persons all."""
        numbers = self.numbers
        return [
            [numbers[(first + place) % len(numbers)] for place in range(size)]
            for first in range(0, len(numbers), max(1, min(size, len(numbers) // 20)))
        ]


def _purpose_of(home: Path, number: str) -> str:
    """A purpose under which an agreement grants the person service; empty if it does not."""
    for path in (home / "agreements").glob("*.toml"):
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        if values.get("agreement", {}).get("number") == number:
            granted = [one["purposes"][0] for one in values["services"] if one["name"] == SERVICE]
            return str(granted[0]) if granted else ""
    return ""
