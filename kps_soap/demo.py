"""Makes a complete demo home: settings, keys, demo CA, register, databases, accounts, agreements.

``demo.json`` is the one file that tools may rely on (design §10); it holds the demo's
passwords, so it is readable by its owner only.  Everything in a demo is synthetic and says so.
This room serves nothing, and it never touches a home that already exists.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from kps_soap import database, places
from kps_soap.addresses import parse_address
from kps_soap.agreements.schema import FILE_NAME as SCHEMA_FILE
from kps_soap.audit.keys import create_key_file, read_key_file
from kps_soap.certificates import DemoFiles, write_demo_files
from kps_soap.contracts.catalogue import all_contracts
from kps_soap.credentials import set_password
from kps_soap.demo_people import open_people
from kps_soap.people.codes import CodeKeys
from kps_soap.registry import population
from kps_soap.registry.persona_cast import Persona
from kps_soap.settings import FILE_NAME, SettingsRefused, render
from kps_soap.settings import of as settings_of
from kps_soap.turkish import ascii_lower

DEMO_FILE: Final = "demo.json"
AGREEMENTS: Final = "agreements"
WITNESS: Final = "witness"
PASSWORD_BYTES: Final = 18
#: The year for which the shipped examples are written.
EXAMPLES_YEAR: Final = 2026
_DATE: Final = re.compile(r"\b(20[0-9]{2})(-[0-9]{2}-[0-9]{2})\b")

Randomness = Callable[[int], bytes]


class DemoError(Exception):
    """A demo home that cannot be made; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What to make.  ``day`` dates the register; ``now`` dates keys and accounts.

    ``names`` are further hosts under which the gateway is reached: its certificate bears them,
    and its WSDLs advertise them to whoever came by one of them.  ``metrics_port`` may be 0.
    """

    home: Path
    persons: int
    seed: int
    day: date
    now: datetime
    https_port: int = 8443
    http_port: int = 8080
    names: Sequence[str] = ()
    metrics_port: int = 9464


def make(plan: DemoPlan, *, randomness: Randomness, progress: Any = None) -> Path:
    """Make the home and return the path of its ``demo.json``.

    Raises ``DemoError`` when the home already holds a gateway, or anything else, and for a
    name that no certificate and no setting can hold.
    """
    home = plan.home.absolute()
    if (home / FILE_NAME).exists():
        raise DemoError("This directory already holds a gateway; choose another or remove it.")
    if home.is_dir() and any(home.iterdir()):
        raise DemoError("This directory is not empty; choose another or remove it.")
    if any(letter in str(home) for letter in "?#%"):
        raise DemoError("The path of a home may not hold ?, # or %; choose another.")
    _check_hosts(home, plan)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    register_url = f"sqlite:///{home / 'register.db'}"
    gateway_url = f"sqlite:///{home / 'gateway.db'}"
    population.make(
        register_url, persons=plan.persons, seed=plan.seed, date=plan.day, progress=progress
    )
    database.upgrade(gateway_url)
    files = write_demo_files(
        home / "keys", plan.now.date(), names=_names(plan), randomness=randomness
    )
    for name in ("evidence.key", "person.key", "token.key"):
        create_key_file(home / "keys" / name, randomness(32))
    bundle = home / "keys" / "signing.crt"
    bundle.write_bytes(files.rsa_certificate.read_bytes() + files.p256_certificate.read_bytes())
    _copy_agreements(home / AGREEMENTS, years=max(0, plan.now.year - EXAMPLES_YEAR))
    (home / WITNESS).mkdir(mode=0o700)
    accounts = _open_accounts(home, gateway_url, plan, randomness)
    people = _open_people(home, gateway_url, plan, randomness)
    (home / FILE_NAME).write_text(render(_settings(home, files, plan)), encoding="utf-8")
    described = _description(plan, files, bundle, accounts) | {"people": people}
    target = home / DEMO_FILE
    text = json.dumps(described, ensure_ascii=False, indent=1)
    _write_private(target, text.encode() + b"\n")
    return target


def _names(plan: DemoPlan) -> tuple[str, ...]:
    """The further names of the demo, in small letters, each once."""
    return tuple(dict.fromkeys(map(ascii_lower, plan.names)))


def _hosts(plan: DemoPlan) -> list[str]:
    """The names of the demo as a setting has them; an IPv6 address stands in brackets."""
    names = dict.fromkeys(("localhost", "127.0.0.1", *_names(plan)))
    return [f"[{name}]" if ":" in name else name for name in names]


def _check_hosts(home: Path, plan: DemoPlan) -> None:
    """A name stands in the certificate too, which knows no ports."""
    refused = DemoError(
        "A name must be a host name in ASCII (its xn-- form) or an IP address, without a port."
    )
    if not all(map(_is_name_or_address, plan.names)):
        raise refused
    try:
        settings_of(home, {"allowed_hosts": _hosts(plan)})
    except SettingsRefused:
        raise refused from None


def _is_name_or_address(name: str) -> bool:
    return not set(name) & set(":[]") or parse_address(name) is not None


def _settings(home: Path, files: DemoFiles, plan: DemoPlan) -> Mapping[str, object]:
    def inside(path: Path) -> str:
        return str(path.relative_to(home))

    return {
        "public_base_url": f"https://127.0.0.1:{plan.https_port}",
        "allowed_hosts": _hosts(plan),
        "https_port": plan.https_port,
        "http_port": plan.http_port,
        "metrics_port": plan.metrics_port,
        "tls_certificate_file": inside(files.tls_certificate),
        "tls_key_file": inside(files.tls_key),
        "agreements_directory": AGREEMENTS,
        "register_url": "sqlite:///register.db",
        "gateway_url": "sqlite:///gateway.db",
        "evidence_key_file": "keys/evidence.key",
        "person_key_file": "keys/person.key",
        "token_certificate_file": inside(files.token_certificate),
        "token_key_file": "keys/token.key",
        "signing_rsa_key_file": inside(files.rsa_key),
        "signing_rsa_certificate_file": inside(files.rsa_certificate),
        "signing_p256_key_file": inside(files.p256_key),
        "signing_p256_certificate_file": inside(files.p256_certificate),
        "seal_key_file": inside(files.seal_key),
        "seal_certificate_file": inside(files.seal_certificate),
        # A real witness lies on another machine; this one shows what it is good for.
        "witness_directory": WITNESS,
    }


def _copy_agreements(target: Path, *, years: int) -> None:
    """The shipped examples, with every date moved by whole years, so that no demo is too late.

    Their schema comes along, for editors: the files' first lines name it.
    """
    target.mkdir(mode=0o700)
    schema = (places.conf() / SCHEMA_FILE).read_text(encoding="utf-8")
    (target.parent / SCHEMA_FILE).write_text(schema, encoding="utf-8")
    for source in sorted((places.conf() / AGREEMENTS).glob("*.toml")):
        text = source.read_text(encoding="utf-8")
        moved = _DATE.sub(lambda found: f"{int(found[1]) + years}{found[2]}", text)
        (target / source.name).write_text(moved, encoding="utf-8")


def _open_accounts(
    home: Path, gateway_url: str, plan: DemoPlan, randomness: Randomness
) -> list[dict[str, Any]]:
    """Open every account that a demo agreement names, each with a password of its own."""
    engine = database.open_database(gateway_url, wait_seconds_max=10)
    described = []
    try:
        for path in sorted((home / AGREEMENTS).glob("*.toml")):
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            for account in values.get("access", {}).get("accounts", ()):
                password = randomness(PASSWORD_BYTES).hex()
                set_password(engine, account, password, now=plan.now)
                described.append(_account(values, account, password, plan))
    finally:
        engine.dispose()
    return sorted(described, key=_simplest_first)


def _open_people(
    home: Path, gateway_url: str, plan: DemoPlan, randomness: Randomness
) -> list[dict[str, Any]]:
    """The people who sign in at the console."""
    keys = CodeKeys(read_key_file(home / "keys" / "person.key"))
    files = sorted((home / AGREEMENTS).glob("*.toml"))
    agreements = [tomllib.loads(path.read_text(encoding="utf-8")) for path in files]
    engine = database.open_database(gateway_url, wait_seconds_max=10)
    try:
        return open_people(engine, keys, agreements, randomness=randomness, now=plan.now)
    finally:
        engine.dispose()


def _simplest_first(account: Mapping[str, Any]) -> tuple[bool, int]:
    """The account that works with nothing but a password, and has most services, comes first."""
    return account["inquirer"] is not None, -len(account["services"])


def _account(
    values: Mapping[str, Any], account: str, password: str, plan: DemoPlan
) -> dict[str, Any]:
    access = values["access"]
    named = access.get("inquirer_required", True) and not access.get("default_inquirer")
    inquirer = next(iter(access.get("inquirers", ())), account) if named else None
    return {
        "institution": values["institution"]["code"],
        "agreement": values["agreement"]["number"],
        "username": account,
        "password": password,
        "door": access["doors"],
        "inquirer": inquirer,
        "services": list(_services(values, plan)),
    }


def _services(values: Mapping[str, Any], plan: DemoPlan) -> Iterator[dict[str, str]]:
    served = {(contract.name, contract.version) for contract in all_contracts()}
    base = f"https://127.0.0.1:{plan.https_port}"
    for service in values["services"]:
        for version in service["versions"]:
            if (service["name"], version) in served:
                yield {
                    "name": service["name"],
                    "version": version,
                    "wsdl": f"{base}/kps/{service['name']}/{version}?wsdl",
                }


def _description(
    plan: DemoPlan, files: DemoFiles, bundle: Path, accounts: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "base_url": f"https://127.0.0.1:{plan.https_port}",
        "http_url": f"http://127.0.0.1:{plan.http_port}",
        "ca_file": str(files.ca_certificate),
        "signing_certificate_file": str(bundle),
        "seal_certificate_file": str(files.seal_certificate),
        "accounts": accounts,
        "personas": [_persona(persona) for persona in population.personas(plan.seed, plan.day)],
    }


def _persona(persona: Persona) -> dict[str, Any]:
    born, booklet = persona.born, persona.booklet
    return {
        "index": persona.index,
        "kind": persona.kind,
        "identity_number": persona.identity_number,
        "given_name": persona.given_name,
        "surname": persona.surname,
        "birth": {"day": born.day, "month": born.month, "year": born.year},
        "document": {
            "series": booklet.series if booklet else None,
            "number": booklet.number if booklet else None,
            "card_serial": persona.card_serial,
        },
    }


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
