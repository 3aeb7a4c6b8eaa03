"""The files beside the package are found, in a working copy and in an installed wheel."""

from pathlib import Path

import pytest

from kps_soap import places


def test_a_working_copy_has_its_files_beside_the_package() -> None:
    root = Path(places.__file__).resolve().parent.parent
    assert places.schemas() == root / "schemas"
    assert places.wsdl() == root / "wsdl"
    assert places.conf() == root / "conf"


def test_an_installed_wheel_has_its_files_in_the_share_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "share" / "kps-soap" / "schemas"
    installed.mkdir(parents=True)
    monkeypatch.setattr(places, "_PACKAGE", tmp_path / "site-packages" / "kps_soap")
    monkeypatch.setattr(places.sysconfig, "get_path", lambda name, scheme: str(tmp_path))
    assert places.schemas() == installed


def test_an_incomplete_installation_is_told_without_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_PACKAGE", tmp_path / "kps_soap")
    monkeypatch.setattr(places.sysconfig, "get_path", lambda name, scheme: str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no directory wsdl") as caught:
        places.wsdl()
    assert str(tmp_path) not in str(caught.value)
