"""A small home without a register: keys, an evidence database, an agreement, and its commands."""

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from evidence_samples import FILE_KEY, Evidence
from export_samples import CERTIFICATE, SEAL_KEY

from kps_soap import database, places
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import Keyring, create_key_file
from kps_soap.cli import main
from kps_soap.settings import render

_CLOCKED = ("looking", "audit_orders", "audit_retention", "audit_backup", "recorded", "billing")


def make_home(home: Path) -> Path:
    (home / "keys").mkdir(parents=True)
    create_key_file(home / "keys" / "evidence.key", FILE_KEY)
    private = SEAL_KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    seal_key = home / "keys" / "seal.key"
    seal_key.touch(mode=0o600)
    seal_key.write_bytes(private)
    pem = CERTIFICATE.public_bytes(serialization.Encoding.PEM)
    (home / "keys" / "seal.pem").write_bytes(pem)
    (home / "agreements").mkdir()
    agreement = places.conf() / "agreements" / "ornek-ilce-belediyesi.toml"
    (home / "agreements" / "belediye.toml").write_bytes(agreement.read_bytes())
    (home / "kps.toml").write_text(render({}), encoding="utf-8")
    database.upgrade(f"sqlite:///{home / 'gateway.db'}")
    return home


@contextmanager
def evidence_of(home: Path) -> Iterator[Evidence]:
    url = f"sqlite:///{home / 'gateway.db'}"
    engine = database.open_database(url, wait_seconds_max=5)
    try:
        yield Evidence(url, engine, Keyring(KeyFiles(home / "keys" / "evidence.key")))
    finally:
        engine.dispose()


Command = Callable[..., Result]


def commands_in(home: Path) -> Command:
    def run(*words: str) -> Result:
        environment = {name: None for name in os.environ if name.startswith("KPS_")}
        return CliRunner().invoke(
            main,
            words,
            env={**environment, "KPS_HOME": str(home)},
            catch_exceptions=False,
            prog_name="kps",
        )

    return run


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Let every command think that it is this moment."""
    for name in _CLOCKED:
        module = importlib.import_module(f"kps_soap.cli.{name}")
        if hasattr(module, "utc_now"):
            monkeypatch.setattr(module, "utc_now", lambda: moment)
