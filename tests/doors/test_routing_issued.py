"""A token of the token service opens the routing door: both doors, the real store between them."""

import asyncio
import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from issuer_house import KEYS, NAME, NOW, shape
from issuer_house import house as issuer_house
from lxml import etree
from routed import ACCOUNT, Message, Router, agreements, router
from sqlalchemy import create_engine, insert

from kps_soap.authentication import Credential
from kps_soap.entry import IssuedToken
from kps_soap.lookups import Lookups
from kps_soap.models import METADATA, issued_tokens
from kps_soap.signing import Signer
from kps_soap.tokens.proof import p_sha1
from kps_soap.tokens.store import Tokens

TRUST = "{http://docs.oasis-open.org/ws-sx/ws-trust/200512}"


def registered(folder: Path, token: IssuedToken) -> str:
    """The address of a database in which the token was registered."""
    url = f"sqlite:///{folder / 'gateway.sqlite'}"
    engine = create_engine(url)
    METADATA.create_all(engine)
    row = {name: getattr(token, name) for name, _ in issued_tokens.columns.items()}
    with engine.begin() as connection:
        connection.execute(insert(issued_tokens).values(row))
    engine.dispose()
    return url


def fetched(folder: Path, request: str) -> tuple[Message, IssuedToken]:
    """A query with a fresh token, made of the token service's answer as clients make it."""
    issuer = issuer_house(folder)
    answer = issuer.ask(shape(request)).body.decode()
    tree = etree.fromstring(answer.encode())
    start, end = "<trust:RequestedSecurityToken>", "</trust:RequestedSecurityToken>"
    secret = base64.b64decode(tree.findtext(f".//{TRUST}BinarySecret") or "")
    entropy = etree.fromstring(shape(request)).findtext(f".//{TRUST}BinarySecret")
    token = issuer.entry.issued
    assert token is not None
    assert NAME == ACCOUNT
    message = Message(
        token=answer.partition(start)[2].partition(end)[0],
        key=secret if entropy is None else p_sha1(base64.b64decode(entropy), secret, 32),
        key_identifier=tree.findtext(".//{*}KeyIdentifier") or "",
    )
    return message, token


class Counted:
    """The real store over a database, counting reads and key operations."""

    def __init__(self, url: str) -> None:
        self.reads = self.unwraps = 0
        self.url = url

    def opened(self) -> tuple[Tokens, Lookups]:
        lookups = Lookups(self.url, seconds_max=5)
        read = lookups.rows

        async def rows(sql: str, values: Any) -> Any:
            self.reads += 1
            return await read(sql, values)

        def unwrap(wrapped: bytes, digest: bytes) -> bytes:
            self.unwraps += 1
            return KEYS.unwrap(wrapped, digest)

        lookups.rows = rows  # type: ignore[method-assign]
        return Tokens(lookups, unwrap, clock=lambda: NOW), lookups


def asked(made: Router, counted: Counted, *bodies: str) -> list[int]:
    """The status of every body's answer, in one loop."""

    async def run() -> list[int]:
        tokens, lookups = counted.opened()
        object.__setattr__(made.door, "tokens", tokens)
        try:
            return [
                (await made.gateway.answer(made.question(body, received_at=NOW))).status
                for body in bodies
            ]
        finally:
            await lookups.close()

    return asyncio.run(run())


@pytest.fixture
def opened(signers: dict[str, Signer], tmp_path: Path) -> Router:
    folder = tmp_path / "agreements"
    folder.mkdir()
    issuer_folder = tmp_path / "issuer"
    issuer_folder.mkdir()
    recipe = issuer_house(issuer_folder).contract.recipe
    made = router(agreements(folder), signers, recipe=recipe, clock=lambda: NOW)
    made.credentials.held = {ACCOUNT: Credential(ACCOUNT, "no hash", 3, open=True)}
    return made


@pytest.mark.parametrize("request_shape", ["shape-1-php", "shape-2-go", "shape-7-wcf-entropy"])
def test_an_issued_token_opens_the_router_and_costs_one_read_and_one_unwrapping(
    opened: Router, tmp_path: Path, request_shape: str
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    message, token = fetched(folder, request_shape)
    counted = Counted(registered(tmp_path, token))
    assert asked(opened, counted, *[message.text] * 3) == [200] * 3
    assert (counted.reads, counted.unwraps) == (1, 1)
    assert {entry.token for entry in opened.records} == {token.assertion_id}


def test_a_token_that_a_client_wrote_anew_is_the_same_token(opened: Router, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    message, token = fetched(folder, "shape-1-php")
    # Another prefix, declared elsewhere, white space: the cipher values are the same.
    anew = message.token.replace("xenc:", "q:").replace(":xenc=", ":q=")
    spaced = message.token.replace("<e:CipherData>", "\n  <e:CipherData>")
    counted = Counted(registered(tmp_path, token))
    bodies = [replace(message, token=one).text for one in (anew, spaced)]
    assert asked(opened, counted, *bodies) == [200, 200]


def test_a_token_of_nobody_is_read_every_time(opened: Router, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    message, token = fetched(folder, "shape-1-php")
    counted = Counted(registered(tmp_path, replace(token, digest=bytes(32))))
    assert asked(opened, counted, *[message.text] * 2) == [500, 500]
    assert (counted.reads, counted.unwraps) == (2, 0)
