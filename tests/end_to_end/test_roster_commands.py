"""``kps rosters`` and deposits by call, at a gateway of two workers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from end_to_end.questions import PERSON, on_behalf, person_query, plain
from end_to_end.running import Served, make_home, serving, wait_for
from kps_soap.cli import main

TOWN = "B-34-0417"
DEPOSIT = "/kps/KisiListesiYukleServis/1"
GRANT = """
[[services]]
name = "KisiListesiYukleServis"
versions = ["1"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN"]
fields = ["ListeDurumu"]
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway of its own, whose town may deposit a roster and is held to it."""
    home = make_home(tmp_path_factory.mktemp("own") / "home", persons=200)
    file = home / "agreements" / "ornek-ilce-belediyesi.toml"
    text = file.read_text(encoding="utf-8")
    held = text.replace('person_relation = "KAPALI"', 'person_relation = "ENGELLE"')
    assert held != text
    file.write_text(held + GRANT, encoding="utf-8")
    with serving(home) as served:
        yield served


def rosters(home: Path, *words: str | Path) -> Result:
    typed = ["rosters", *map(str, words)]
    done = CliRunner().invoke(main, typed, env={"KPS_HOME": str(home)})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def written(tmp_path: Path, *lines: object) -> Path:
    file = tmp_path / "roster.csv"
    file.write_text("\n".join(map(str, lines)), encoding="utf-8")
    return file


def status(home: Path) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(rosters(home, "status", "--json").stdout)
    return {one["institution"]: one for one in found}[TOWN]


def deposit(served: Served, action: str, *numbers: int) -> Any:
    listed = "".join(f"<l:KisiNumarasi>{one}</l:KisiNumarasi>" for one in numbers)
    payload = (
        '<l:Yukle xmlns:l="urn:kps-soap:kisi-listesi:1">'
        f"<l:kisiNumaralari>{listed}</l:kisiNumaralari>"
        f"<l:listeIslemi>{action}</l:listeIslemi></l:Yukle>"
    )
    reply = served.ask(DEPOSIT, payload, institution=TOWN, headers=on_behalf(purpose="EMLAK_BEYAN"))
    assert reply.headers["kps-sonuc-kodu"] == "0", reply.headers
    return plain(reply.payload[0].find("{*}SorguSonucu"))


def outcomes(served: Served, number: int) -> set[str]:
    asked = [served.ask(PERSON, person_query(number), institution=TOWN) for _ in range(4)]
    return {reply.headers["kps-sonuc-kodu"] for reply in asked}


def test_an_institution_deposits_whom_it_may_ask_about(own: Served) -> None:
    first, second = own.number(0), own.number(1)
    assert outcomes(own, first) == {"208"}
    answer = deposit(own, "EKLE", first, second)
    assert (answer["EklenenSayisi"], answer["ListeKisiSayisi"]) == ("2", "2")
    assert outcomes(own, first) == {"0"}
    gone = deposit(own, "CIKAR", first)
    assert (gone["CikanSayisi"], gone["ListeKisiSayisi"]) == ("1", "1")
    assert outcomes(own, first) == {"208"}
    assert outcomes(own, second) == {"0"}
    seen = status(own.home)
    assert seen["set_digest"] == gone["ListeSha256"]
    wait_for(lambda: status(own.home)["asked_today"] >= 16, seconds=20)
    assert status(own.home)["refused_today"] == status(own.home)["would_refuse_today"] == 8


def test_a_file_is_added_taken_off_and_put_in_place(own: Served, tmp_path: Path) -> None:
    numbers = [own.number(index) for index in range(4)]
    file = written(tmp_path, "TCKimlikNo;Ad", *(f'"{one}";x' for one in numbers[:3]), "")
    done = rosters(own.home, "replace", TOWN, file, "--reason", "deneme")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(f"The roster of {TOWN} holds 3 persons.\n")
    added = rosters(own.home, "add", TOWN, written(tmp_path, *numbers))
    assert "1 joined, 0 left" in added.stdout
    removed = rosters(own.home, "remove", TOWN, written(tmp_path, numbers[0]))
    assert "0 joined, 1 left" in removed.stdout
    assert f"{TOWN}" in rosters(own.home, "status").stdout
    assert status(own.home)["persons"] == 3


def test_every_wrong_line_is_told_at_once_and_nothing_is_changed(
    own: Served, tmp_path: Path
) -> None:
    before = status(own.home)["set_digest"]
    good = own.number(0)
    refused = rosters(own.home, "replace", TOWN, written(tmp_path, good, "123", good, "x;y", "ü"))
    assert refused.exit_code == 1
    assert refused.stderr == "Lines 2, 4, 5 hold no identity number; nothing was changed.\n"
    many = rosters(own.home, "add", TOWN, written(tmp_path, *["7"] * 60))
    assert many.stderr.endswith(" 50 and 10 more hold no identity number; nothing was changed.\n")
    assert status(own.home)["set_digest"] == before


def test_a_file_without_anybody_empties_no_roster_by_mistake(own: Served, tmp_path: Path) -> None:
    before = status(own.home)["persons"]
    nobody = written(tmp_path, "kimlik_no;ad", "")
    refused = rosters(own.home, "replace", TOWN, nobody, "--reason", "deneme")
    assert refused.exit_code == 1
    assert "nothing was changed" in refused.stderr
    assert status(own.home)["persons"] == before
    done = rosters(own.home, "replace", TOWN, nobody, "--empty", "--reason", "deneme")
    assert done.stdout.startswith(f"The roster of {TOWN} holds 0 persons.\n")


def test_nobody_has_a_roster_without_an_agreement(own: Served, tmp_path: Path) -> None:
    refused = rosters(own.home, "add", "B-34-0471", written(tmp_path, own.number(0)))
    assert refused.exit_code == 1
    assert "Did you mean B-34-0417?" in refused.stderr
