"""From the template to an agreement in force: what is empty is named, what is wrong is found."""

import json
import shutil
import tomllib
from datetime import date
from pathlib import Path

import pytest
from agreement_samples import CONF
from click.testing import CliRunner, Result

from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.template import FILE_NAME, Given, TemplateRefused, account_of, filled
from kps_soap.cli import main
from kps_soap.settings import render

TEMPLATE = (CONF / FILE_NAME).read_text(encoding="utf-8")
TODAY = date(2026, 11, 21)
GIVEN = Given("B-35-0900", "Deneme Belediyesi (sentetik)", "BELEDIYE", "2026/300")

#: What the operator writes into the empty lines, in their order.
ANSWERS = {
    'application = { number = ""': 'application = { number = "E-300"',
    'reason = ""': 'reason = "emlak beyanı"',
    "legal_basis = []": 'legal_basis = ["5393 Md.14"]',
    'administrator = ""': 'administrator = "U-35-0900-1"',
    'technician = ""': 'technician = "U-35-0900-2"',
    "networks = []": 'networks = ["203.0.113.77/32"]',
    "purposes = []": 'purposes = ["EMLAK_BEYAN"]',
}


def answered(text: str) -> str:
    for empty, full in ANSWERS.items():
        assert empty in text
        text = text.replace(empty, full)
    return text


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    shutil.copytree(CONF / "agreements", home / "agreements")
    (home / "kps.toml").write_text(render({}), encoding="utf-8")
    return home


def kps(home: Path, *words: str) -> Result:
    return CliRunner().invoke(main, words, env={"KPS_HOME": str(home)}, catch_exceptions=False)


def new(home: Path, *options: str, to: Path) -> Result:
    said = ("--name", GIVEN.name, "--kind", GIVEN.kind, "--number", GIVEN.number)
    return kps(home, "agreements", "new", GIVEN.code, *said, "--to", str(to), *options)


def line_of(file: Path, text: str) -> int:
    lines = file.read_text(encoding="utf-8").split("\n")
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_check_names_every_empty_line_of_a_new_file_and_nothing_else(
    home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "b-35-0900.toml"
    made = new(home, to=file)
    assert made.exit_code == 0, made.stderr
    assert str(file) in made.stdout
    checked = kps(home, "agreements", "check", str(file))
    assert checked.exit_code == 1
    named = {line.split(": ")[0] for line in checked.stderr.strip().split("\n")}
    lines = {line_of(file, empty) for empty in ANSWERS if empty != "purposes = []"}
    text = file.read_text(encoding="utf-8").split("\n")
    lines |= {n for n, line in enumerate(text, start=1) if line.startswith("purposes = []")}
    assert named == {f"{file}:{line}" for line in lines}


def test_a_filled_in_draft_is_right_and_answers_nobody(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "b-35-0900.toml"
    assert new(home, to=file).exit_code == 0
    file.write_text(answered(file.read_text(encoding="utf-8")), encoding="utf-8")
    before = kps(home, "agreements", "check").stdout
    checked = kps(home, "agreements", "check", str(file))
    assert checked.exit_code == 0, checked.stderr
    assert "9 files are right" in checked.stdout
    # Looking at a file from elsewhere puts it nowhere.
    assert kps(home, "agreements", "check").stdout == before
    shutil.copy(file, home / "agreements")
    shown = kps(home, "agreements", "list", "--files").stdout
    assert "2026/300" in shown
    (row,) = [line for line in shown.splitlines() if "2026/300" in line]
    assert "not in force" in row
    assert "KisiBilgisi/TemelBilgisi/Ad" in kps(
        home, "agreements", "show", "--files", "2026/300"
    ).stdout  # fmt: skip


PLANTED = {
    'class = "KAMU"': 'class = "DIGER_TUZEL"',
    'networks = ["203.0.113.77/32"]': 'networks = ["203.0.113.77/24"]',
    "criteria_per_call_max = 20": "criteria_per_call_maks = 20",
    '"KisiBilgisi/TemelBilgisi/Soyad"': '"KisiBilgisi/TemelBilgisi/Soyadi"',
}


def test_four_planted_mistakes_are_all_named_with_their_lines(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "b-35-0900.toml"
    assert new(home, to=file).exit_code == 0
    text = answered(file.read_text(encoding="utf-8"))
    for right, wrong in PLANTED.items():
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    file.write_text(text, encoding="utf-8")
    checked = kps(home, "agreements", "check", str(file), "--json")
    assert checked.exit_code == 1
    problems = json.loads(checked.stdout)["problems"]
    assert {one["file"] for one in problems} == {str(file)}
    lines = {one["line"] for one in problems}
    # A misspelt key is also a missing one, which is told at the head of its table.
    missing = line_of(file, "[limits]")
    kind = line_of(file, 'class = "DIGER_TUZEL"')
    wrong_lines = {line_of(file, wrong) for wrong in PLANTED.values()}
    exempt = line_of(file, "exemption = ")
    assert wrong_lines - {kind} <= lines
    assert lines <= wrong_lines | {missing, exempt, line_of(file, "kind = ")}
    meant = {one["suggestion"] for one in problems} - {""}
    assert {"203.0.113.0/24", "KisiBilgisi/TemelBilgisi/Soyad", "criteria_per_call_max"} <= meant


def test_a_file_from_elsewhere_takes_the_place_of_the_one_of_its_name(
    home: Path, tmp_path: Path
) -> None:
    edited = tmp_path / "ornek-banka.toml"
    text = (home / "agreements" / edited.name).read_text(encoding="utf-8")
    edited.write_text(text.replace("[limits]", "[limit]"), encoding="utf-8")
    checked = kps(home, "agreements", "check", str(edited))
    assert checked.exit_code == 1
    assert f"{edited}:" in checked.stderr
    edited.write_text(text, encoding="utf-8")
    assert "8 files are right" in kps(home, "agreements", "check", str(edited)).stdout


def test_the_first_agreement_is_checked_beside_an_empty_directory(
    home: Path, tmp_path: Path
) -> None:
    for file in (home / "agreements").iterdir():
        file.unlink()
    file = tmp_path / "first.toml"
    file.write_text(answered(filled(TEMPLATE, GIVEN, TODAY)), encoding="utf-8")
    assert kps(home, "agreements", "check", str(file)).exit_code == 0
    assert kps(home, "agreements", "check").exit_code == 1


@pytest.mark.parametrize("name", ["draft.txt", "missing.toml"])
def test_files_that_the_gateway_would_not_read_are_problems(
    home: Path, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    if name == "draft.txt":
        file.write_text("", encoding="utf-8")
    checked = kps(home, "agreements", "check", str(file))
    assert (checked.exit_code, str(file) in checked.stderr) == (1, True)


def test_new_never_writes_over_a_file_and_says_where_it_cannot_write(
    home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "there.toml"
    file.write_text("mine", encoding="utf-8")
    refused = new(home, to=file)
    assert (refused.exit_code, "is there already" in refused.stderr) == (1, True)
    assert file.read_text(encoding="utf-8") == "mine"
    nowhere = new(home, to=Path("/nowhere/x.toml"))
    assert (nowhere.exit_code, "cannot be written" in nowhere.stderr) == (1, True)


def test_a_home_may_have_a_template_of_its_own(home: Path, tmp_path: Path) -> None:
    (home / FILE_NAME).write_text('# ours\n[institution]\ncode = "${code}"\n', encoding="utf-8")
    file = tmp_path / "ours.toml"
    assert new(home, to=file).exit_code == 0
    assert file.read_text(encoding="utf-8").startswith('# ours\n[institution]\ncode = "B-35-0900"')
    for broken in (b"\xff", b"x = ${unknown}", b"x = $"):
        other = tmp_path / "broken.toml"
        other.write_bytes(broken)
        refused = new(home, "--template", str(other), to=tmp_path / "none.toml")
        assert (refused.exit_code != 0, "template" in refused.stderr) == (True, True)


@pytest.mark.parametrize("kind", sorted(words.CLASS_OF_KIND))
def test_the_template_of_every_kind_is_right_once_filled_in(home: Path, kind: str) -> None:
    given = Given("X-1", 'Ad "tırnak" \\ ve satır', kind, "2026/300")
    file = home / "x.toml"
    file.write_text(answered(filled(TEMPLATE, given, TODAY)), encoding="utf-8")
    values = tomllib.loads(file.read_text(encoding="utf-8"))
    assert values["institution"]["name"] == given.name
    checked = kps(home, "agreements", "check", str(file))
    assert checked.exit_code == 0, checked.stderr


def test_a_wrong_code_or_kind_is_refused() -> None:
    for given in (
        Given("b-34", "x", "BELEDIYE", "1"),
        Given("B-34", "x", "BELEDIYELER", "1"),
    ):
        with pytest.raises(TemplateRefused):
            filled(TEMPLATE, given, TODAY)
    assert (account_of("B-34-0417"), account_of("MAHKEME")) == ("KRM-34-0417", "KRM-MAHKEME")
