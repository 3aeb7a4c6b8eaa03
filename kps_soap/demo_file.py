"""Reads ``demo.json``: the demo's accounts and people for the commands that try it out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEMO_FILE: Final = "demo.json"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account of a demo, and where its gateway is."""

    username: str
    password: str
    inquirer: str | None
    base_url: str
    ca_file: Path
    certificate_file: Path


def read_demo_account(home: Path, username: str | None) -> DemoAccount | None:
    """The named account, or the first one; None where the home is no demo or has none such."""
    try:
        described = json.loads((home / DEMO_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    for account in described["accounts"]:
        if username in (None, account["username"]):
            return DemoAccount(
                username=account["username"],
                password=account["password"],
                inquirer=account["inquirer"],
                base_url=described["base_url"],
                ca_file=Path(described["ca_file"]),
                certificate_file=Path(described["signing_certificate_file"]),
            )
    return None


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who may sign in at the console of a demo; ``code_secret`` is Base32 (RFC 6238)."""

    person_id: str
    name: str
    institution: str
    role: str
    password: str
    code_secret: str


def read_demo_people(home: Path) -> tuple[DemoPerson, ...]:
    """The people of a demo home; none where the home is no demo."""
    try:
        described = json.loads((home / DEMO_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    names = DemoPerson.__dataclass_fields__
    return tuple(
        DemoPerson(**{name: one[name] for name in names}) for one in described.get("people", ())
    )
