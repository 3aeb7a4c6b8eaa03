"""What keeps a new worker from starting is told before an old one is ended for it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from end_to_end.running import make_home

from kps_soap.configured import served_certificate
from kps_soap.renewal import obstacles
from kps_soap.settings import Settings, read


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return read(make_home(tmp_path_factory.mktemp("renewal") / "home", persons=200), {})


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def open_to_all(path: Path) -> None:
    path.chmod(0o644)


def another(path: Path) -> None:
    shutil.copy(path.with_name("p256.key"), path)


@pytest.mark.parametrize(
    ("name", "spoil", "told"),
    [
        ("tls.pem", half, "TLS: the certificate and its key do not fit together"),
        ("tls.pem", Path.unlink, "TLS: No such file or directory"),
        ("tls.key", another, "TLS: the certificate and its key do not fit together"),
        ("rsa.key", another, "signing keys: "),
        ("rsa.pem", half, "signing keys: "),
        ("p256.key", open_to_all, "signing keys: "),
        ("token.key", half, "keys: "),
        ("token.pem", half, "keys: "),
        ("person.key", Path.unlink, "keys: "),
    ],
)
def test_every_file_that_a_new_worker_reads_is_looked_at(
    settings: Settings, name: str, spoil: Callable[[Path], None], told: str
) -> None:
    path, kept = settings.home / "keys" / name, settings.home / "kept"
    shutil.copy2(path, kept)
    assert list(obstacles(settings)) == []
    spoil(path)
    found = list(obstacles(settings))
    kept.replace(path)
    assert len(found) == 1
    assert found[0].startswith(told), found
    assert list(obstacles(settings)) == []


def test_the_certificate_that_callers_are_shown_is_read_where_there_is_one(
    settings: Settings,
) -> None:
    shown = served_certificate(settings)
    assert shown is not None
    assert "DEMO" in shown.subject.rfc4514_string()
    assert served_certificate(replace(settings, https_port=0)) is None
    nowhere = settings.home / "nowhere.pem"
    without = replace(settings, tls_certificate_file=nowhere)
    assert served_certificate(without) is None
    assert [one[:4] for one in obstacles(replace(without, https_port=0))] == []
