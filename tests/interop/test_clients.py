"""Generated and hand-written clients of other stacks against a served gateway.

Each asks as its own users do and tells what it found; nothing of it shares code with the gateway.
A toolchain that this machine lacks is skipped by name.
"""

from __future__ import annotations

import pytest

from interop.roster import CLIENTS, Client
from interop.toolchains import Toolchains, Workshop


@pytest.mark.parametrize(
    ("client", "door"),
    [
        pytest.param(client, door, id=f"{client.name} - {door}")
        for client in CLIENTS
        for door in client.doors
    ],
)
def test_a_client_finds_what_it_asks_for(
    client: Client, door: str, toolchains: Toolchains, workshop: Workshop
) -> None:
    toolchain = toolchains.ready(client.toolchain)
    done = workshop.run(*toolchain.command(client.program), door, **toolchain.variables)
    found = dict(
        line.split("=", 1) for line in done.stdout.splitlines() if "=" in line.split(" ")[0]
    )
    surname = workshop.situation["INTEROP_SURNAME"]
    assert (done.returncode, found) == (0, client.finds(door, surname)), done.stderr
