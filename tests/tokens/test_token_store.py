"""Issued tokens are found by their digest: once in the database, then in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, insert

from kps_soap.entry import IssuedToken
from kps_soap.faults import EvidenceUnavailable, TokenRefused
from kps_soap.lookups import Lookups
from kps_soap.models import METADATA, issued_tokens
from kps_soap.tokens.proof import ProofKeys
from kps_soap.tokens.store import Tokens

NOW = datetime(2026, 1, 1, 9, 2, tzinfo=UTC)
KEYS = ProofKeys(bytes(range(32)))
NOW_US = round(NOW.timestamp() * 1_000_000)
PROOF = b"k" * 32


def issued(number: int, *, minutes: int = 60) -> IssuedToken:
    digest = bytes([number]) * 32
    return IssuedToken(
        digest=digest,
        assertion_id=f"_{number}",
        account="KRM-34-0417",
        credential_version=3,
        institution="B-34-0417",
        inquirer="AYŞE",
        agreement="2026/117",
        agreement_digest="ab" * 32,
        source_address="203.0.113.10",
        issued_us=NOW_US,
        not_after_us=NOW_US + minutes * 60_000_000,
        wrapped_key=KEYS.wrap(PROOF, digest),
    )


@dataclass
class Counted:
    """A store with counters at both of its sources, and a clock to move."""

    tokens: Tokens
    reads: int = 0
    unwraps: int = 0
    now: datetime = NOW


def with_tokens(
    url: str, work: Callable[[Counted], Awaitable[Any]], *stored: IssuedToken, entries_max: int = 10
) -> Any:
    engine = create_engine(url)
    METADATA.create_all(engine)
    with engine.begin() as connection:
        for one in stored:
            row = {name: getattr(one, name) for name, _ in issued_tokens.columns.items()}
            connection.execute(insert(issued_tokens).values(row))
    engine.dispose()

    async def run() -> Any:
        lookups = Lookups(url, seconds_max=5)
        read = lookups.rows

        async def counted_rows(sql: str, values: Any) -> Any:
            counted.reads += 1
            return await read(sql, values)

        def unwrap(wrapped: bytes, digest: bytes) -> bytes:
            counted.unwraps += 1
            return KEYS.unwrap(wrapped, digest)

        lookups.rows = counted_rows  # type: ignore[method-assign]
        counted = Counted(None)  # type: ignore[arg-type]
        counted.tokens = Tokens(lookups, unwrap, clock=lambda: counted.now, entries_max=entries_max)
        try:
            return await work(counted)
        finally:
            await lookups.close()

    return asyncio.run(run())


def test_a_token_is_read_once_and_then_remembered(database_url: str) -> None:
    async def work(counted: Counted) -> None:
        for _ in range(3):
            found = await counted.tokens.find(issued(1).digest)
            assert found is not None
            assert found.issued == issued(1)
            assert found.proof_key == PROOF
            assert found.not_after == NOW + timedelta(hours=1)
        assert (counted.reads, counted.unwraps) == (1, 1)

    with_tokens(database_url, work, issued(1))


def sqlite(tmp_path: Any) -> str:
    return f"sqlite:///{tmp_path}/tokens.db"


def test_an_unknown_digest_is_asked_for_each_time(tmp_path: Any) -> None:
    async def work(counted: Counted) -> None:
        for reads in (1, 2, 3):
            assert await counted.tokens.find(b"\xff" * 32) is None
            assert (counted.reads, counted.unwraps) == (reads, 0)

    with_tokens(sqlite(tmp_path), work, issued(1))


def test_the_token_unused_for_longest_makes_room(tmp_path: Any) -> None:
    async def work(counted: Counted) -> None:
        for number in (1, 2, 1, 3):
            await counted.tokens.find(issued(number).digest)
        assert counted.reads == 3
        await counted.tokens.find(issued(1).digest)
        assert counted.reads == 3
        await counted.tokens.find(issued(2).digest)
        assert counted.reads == 4

    with_tokens(sqlite(tmp_path), work, issued(1), issued(2), issued(3), entries_max=2)


def test_a_token_that_has_ended_is_found_but_not_kept(tmp_path: Any) -> None:
    async def work(counted: Counted) -> None:
        counted.now = NOW + timedelta(hours=1)
        for reads in (1, 2):
            assert await counted.tokens.find(issued(1).digest) is not None
            assert counted.reads == reads

    with_tokens(sqlite(tmp_path), work, issued(1))


def test_a_key_of_another_key_file_refuses_its_token(tmp_path: Any) -> None:
    foreign = replace(issued(1), wrapped_key=ProofKeys(b"x" * 32).wrap(PROOF, issued(1).digest))

    async def work(counted: Counted) -> None:
        with pytest.raises(TokenRefused):
            await counted.tokens.find(foreign.digest)

    with_tokens(sqlite(tmp_path), work, foreign)


def test_a_database_that_cannot_be_read_is_no_unknown_token(tmp_path: Any) -> None:
    async def work(counted: Counted) -> None:
        (tmp_path / "tokens.db").unlink()
        (tmp_path / "tokens.db").mkdir()
        with pytest.raises(EvidenceUnavailable):
            await counted.tokens.find(issued(1).digest)

    with_tokens(sqlite(tmp_path), work, issued(1))


def test_a_proof_key_shows_in_no_representation(tmp_path: Any) -> None:
    async def work(counted: Counted) -> None:
        found = await counted.tokens.find(issued(1).digest)
        assert "proof_key" not in repr(found)

    with_tokens(sqlite(tmp_path), work, issued(1))
