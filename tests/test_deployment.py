"""The files of a deployment under systemd: right, tight, and what the page says of them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kps_soap import places

SYSTEMD = places.conf() / "systemd"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "installing.md"
PROGRAM = "/opt/kps-soap/bin/kps"

#: Tenths of what `systemd-analyze security` calls the exposure; what is left is the network.
EXPOSURE_MAX = 15


def analyzed(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What systemd says of the unit, whose program is put where this machine has one."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    text = (SYSTEMD / "kps-soap.service").read_text(encoding="utf-8")
    assert PROGRAM in text
    unit = directory / "kps-soap.service"
    unit.write_text(text.replace(PROGRAM, sys.executable), encoding="utf-8")
    return subprocess.run(
        [program, *words, str(unit)], capture_output=True, text=True, timeout=60, check=False
    )


def settings_of_unit() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (SYSTEMD / "kps-soap.service").read_text(encoding="utf-8").splitlines():
        name, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_is_right(tmp_path: Path) -> None:
    said = analyzed(tmp_path, "verify", "--man=no", "--recursive-errors=no")
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_the_unit_is_a_sandbox(tmp_path: Path) -> None:
    said = analyzed(
        tmp_path, "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager"
    )
    assert said.returncode == 0, said.stdout[-400:] + said.stderr


def test_the_service_is_of_an_account_without_any_right_of_its_own() -> None:
    unit = settings_of_unit()
    assert unit["User"] == unit["Group"] == ["kps-soap"]
    assert unit["CapabilityBoundingSet"] == unit["AmbientCapabilities"] == [""]
    for name in ("NoNewPrivileges", "MemoryDenyWriteExecute", "PrivateUsers", "ProtectHome"):
        assert unit[name] == ["yes"], name
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["UMask"] == ["0077"]
    # No dump of the memory, which holds keys.
    assert unit["LimitCORE"] == ["0"]
    # No secret is handed over by value.
    assert not {"Environment", "EnvironmentFile", "PassEnvironment"} & unit.keys()


def test_an_end_takes_as_long_as_the_calls_in_hand_and_no_wrong_setting_is_tried_for_ever() -> None:
    from kps_soap.cli.terminal import WRONG
    from kps_soap.http_server import GRACE_SECONDS

    unit = settings_of_unit()
    assert int(unit["TimeoutStopSec"][0]) > GRACE_SECONDS + 5
    assert unit["RestartPreventExitStatus"] == [str(WRONG)]
    assert unit["ExecReload"] == ["/bin/kill -USR2 $MAINPID"]


def test_the_account_and_the_directories_are_those_of_the_unit(tmp_path: Path) -> None:
    account = (SYSTEMD / "kps-soap.sysusers.conf").read_text(encoding="utf-8")
    assert re.search(r"(?m)^u kps-soap - ", account)
    lines = (SYSTEMD / "kps-soap.tmpfiles.conf").read_text(encoding="utf-8").splitlines()
    rows = {path: (kind, mode, user, group) for kind, path, mode, user, group, _ in map(
        str.split, (line for line in lines if not line.startswith("#"))
    )}  # fmt: skip
    home = settings_of_unit()["ExecStart"][0].rpartition(" ")[2]
    assert rows[home] == ("d", "0750", "root", "kps-soap")
    assert rows[f"{home}/keys"] == ("d", "0700", "kps-soap", "kps-soap")
    assert rows["/var/lib/kps-soap"] == ("d", "0700", "kps-soap", "kps-soap")
    # Nobody but root changes settings and agreements, and nothing is for everybody.
    for path, (_, mode, user, _) in rows.items():
        assert mode.endswith("0"), path
        assert user == "root" or "keys" in path or path == "/var/lib/kps-soap", path


@pytest.mark.parametrize(
    ("program", "file", "words"),
    [
        ("systemd-sysusers", "kps-soap.sysusers.conf", ()),
        ("systemd-tmpfiles", "kps-soap.tmpfiles.conf", ("--create",)),
    ],
)
def test_systemd_reads_account_and_directories_without_a_complaint(
    tmp_path: Path, program: str, file: str, words: tuple[str, ...]
) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    (tmp_path / "etc").mkdir()
    root = f"--root={tmp_path}"
    account = SYSTEMD / "kps-soap.sysusers.conf"
    sysusers = shutil.which("systemd-sysusers")
    assert sysusers is not None
    subprocess.run([sysusers, root, str(account)], capture_output=True, check=True)
    said = subprocess.run(
        [found, root, *words, str(SYSTEMD / file)], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    if words and Path("/").stat().st_uid == 0:
        assert (tmp_path / "etc" / "kps-soap" / "keys").stat().st_mode & 0o777 == 0o700


def test_the_page_names_every_file_and_the_setting_for_every_step() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for path in SYSTEMD.iterdir():
        assert f"conf/systemd/{path.name}" in page, path.name
    for name in ("listen_on_all_addresses", "passfile", "kps check", "systemctl reload"):
        assert name in page, name
