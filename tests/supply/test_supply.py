"""What the product is made of is locked, allowed and listed, and so say the tools."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.supply import report
from tests.supply.licences import (
    LOCK,
    ROOT,
    Locked,
    installed,
    is_allowed,
    licence_of,
    locked,
    refusals,
    rules,
)

ALLOWED = frozenset({"MIT", "Apache-2.0", "PSF-2.0"})
ONE = Locked("paket", "1.0")


def judged(metadata: dict[str, Any], **more: Any) -> list[str]:
    return list(refusals({ONE: metadata}, {"licences": sorted(ALLOWED), **more}))


def test_every_locked_package_is_held_to_its_hashes() -> None:
    text = LOCK.read_text(encoding="utf-8")
    parts = re.split(r"(?m)^(?=[a-z])", text)[1:]
    assert len(parts) == len(locked(text)) > 50
    assert all(" --hash=sha256:" in part for part in parts)


def test_the_licence_of_every_installed_package_is_allowed() -> None:
    packages = installed(locked(LOCK.read_text(encoding="utf-8")))
    assert len(packages) > 50
    assert list(refusals(packages, rules())) == []


def test_every_exception_says_why() -> None:
    allowed = rules()
    for one in (*allowed["exceptions"].values(), *allowed["stated"].values()):
        assert len(one["reason"]) > 10
        assert one["licence"]
    assert all(len(reason) > 10 for reason in allowed["weaknesses"].values())


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ({"license_expression": "MIT", "license": "GPL"}, "MIT"),
        ({"license": "Apache 2.0"}, "Apache-2.0"),
        ({"license": "long text\nof many lines", "classifier": []}, ""),
        ({"classifier": ["License :: OSI Approved :: MIT License"]}, "MIT"),
        ({"classifier": ["License :: OSI Approved"]}, ""),
        ({"classifier": ["Topic :: Security"]}, ""),
        ({}, ""),
    ],
)
def test_a_licence_is_read_from_expression_text_or_classifier(
    metadata: dict[str, Any], licence: str
) -> None:
    assert licence_of(metadata) == licence


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND PSF-2.0", True),
        ("MIT AND GPL-3.0-only", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
        ("(MPL-2.0 OR MIT) AND (Apache-2.0 OR (GPL-3.0-only AND MIT))", True),
        ("(MIT", False),
        ("MIT)", False),
        ("what was allowed", False),
        ("", False),
    ],
)
def test_one_of_several_or_all_of_several_must_be_allowed(
    expression: str, *, allowed: bool
) -> None:
    assert is_allowed(expression, ALLOWED) is allowed


def test_a_licence_that_nobody_allowed_is_named_and_an_exception_lets_it_through() -> None:
    gpl = {"license_expression": "GPL-3.0-only"}
    assert judged(gpl) == ["paket 1.0: GPL-3.0-only, which nobody allowed"]
    excepted = {"paket": {"licence": "GPL-3.0-only", "reason": "a test"}}
    assert judged(gpl, exceptions=excepted) == []
    assert judged({"license_expression": "MIT"}, exceptions=excepted) == [
        "paket: its exception is not needed any more"
    ]
    other = {"paket": {"licence": "GPL-2.0-only", "reason": "a test"}}
    assert len(judged(gpl, exceptions=other)) == 1


def test_a_package_that_tells_nothing_is_not_allowed_unless_its_licence_was_read() -> None:
    assert judged({}) == ["paket 1.0: no licence is told, which nobody allowed"]
    assert judged({}, stated={"paket": {"licence": "MIT", "reason": "its file"}}) == []


def test_a_weakness_is_named_with_the_version_that_mends_it() -> None:
    found = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1"]}
    audit = {"dependencies": [{"name": "paket", "version": "1.0", "vulns": [found]}]}
    assert list(report.weaknesses(audit, {})) == ["paket 1.0: PYSEC-1, mended in 1.1"]
    assert list(report.weaknesses(audit, {"CVE-1": "not reached"})) == []
    assert report.looked_up(audit) == 1
    assert report.looked_up({"dependencies": [{"name": "x", "skip_reason": "not found"}]}) == 0


def test_the_list_holds_what_is_locked_and_nothing_else() -> None:
    listed = {"components": [{"name": "Pa_ket", "version": "1.0"}, {"name": "pip", "version": "1"}]}
    assert list(report.gaps(listed, [Locked("pa-ket", "1.0")])) == []
    assert list(report.gaps(listed, [ONE])) == [
        "paket 1.0: not in the list",
        "pa-ket 1.0: not locked",
    ]


def test_the_report_says_by_name_what_could_not_be_looked_at(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.supply.report"]
    nowhere = str(tmp_path / "none.json")
    said = subprocess.run(
        [*command, nowhere, nowhere], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert re.search(r"(?m)^ok  licences of \d+ packages$", said.stdout)
    assert said.stdout.count("skipped, ") == 2
    (tmp_path / "sbom.json").write_text(json.dumps({"components": []}), encoding="utf-8")
    assert report.main(nowhere, str(tmp_path / "sbom.json")) == 1
