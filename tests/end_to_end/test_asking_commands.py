"""The commands that ask: the evidence of a served gateway, and its doors."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from end_to_end.commands import Command, run
from end_to_end.running import Served

# kps audit


def records_of(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["records"]
    return found


def test_who_asked_about_a_person_is_found_and_the_search_is_on_record(
    served: Command, asked: dict[str, str]
) -> None:
    words = ("audit", "search", "--person", asked["person"], "--reason", "şikâyet 2026/14")
    newest = records_of(served(*words, "--json"))
    # The search itself asked about the person: it comes first.
    assert newest[0]["event"] == "IZ_ARAMA"
    assert newest[1]["receipt_number"] == asked["receipt"]
    assert newest[1]["account"] == "KRM-34-0417"
    again = records_of(served(*words, "--json", "--by", "denetçi"))
    assert [one["account"] for one in again[:1]] == ["denetçi"]
    assert len(again) == len(newest) + 1
    table = served(*words).stdout
    assert asked["receipt"] in table
    assert asked["person"] not in table


def test_a_look_without_a_reason_is_no_look(served: Command, asked: dict[str, str]) -> None:
    assert served("audit", "search").exit_code == 2
    assert served("audit", "show", asked["receipt"]).exit_code == 2
    blank = served("audit", "search", "--reason", "  ")
    assert blank.exit_code == 1
    assert "why" in blank.stderr


def test_conditions_narrow_a_search(served: Command, asked: dict[str, str]) -> None:
    words = ("audit", "search", "--reason", "deneme", "--json")
    (found,) = records_of(served(*words, "--request", asked["request"]))
    assert found["receipt_number"] == asked["receipt"]
    time = found["time"]
    assert time.endswith("+03:00")
    same = ("--receipt", asked["receipt"])
    for more, count in (
        ((), 1),
        (("--since", time[:10]), 1),
        (("--since", time[:23]), 1),
        (("--since", time), 1),
        (("--until", time), 0),
        (("--institution", "B-34-0417", "--outcome", "0", "--account", "KRM-34-0417"), 1),
        (("--service", "KisiSorgulaTCKimlikNoServis"), 1),
        (("--outcome", "205"), 0),
        (("--inquirer", "x"), 0),
        (("--case-number", "x"), 0),
        (("--refusal", "CredentialsRefused"), 0),
    ):
        assert len(records_of(served(*words, *same, *more))) == count, more
    assert "(none)" in served("audit", "search", "--reason", "x", "--receipt", "yok").stdout


def test_pages_follow_each_other_without_a_gap(served: Command, asked: dict[str, str]) -> None:
    words = ("audit", "search", "--reason", "deneme", "--json", "--institution", "B-34-0417")
    for _ in range(2):
        whole = records_of(served(*words, "--limit", "4"))
    pages: list[dict[str, Any]] = []
    after: tuple[str, ...] = ()
    for _ in range(2):
        page = json.loads(served(*words, "--limit", "2", *after).stdout)
        pages += page["records"]
        after = ("--after", page["after"]) if page["after"] else after
    assert [one["record"] for one in pages] == [one["record"] for one in whole]
    told = served("audit", "search", "--reason", "deneme", "--limit", "1")
    assert "There are more: --after " in told.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--person", "12345678901"),
        ("--since", "dün"),
        ("--after", "1:2"),
        ("--limit", "0"),
    ],
    ids=" ".join,
)
def test_a_wrong_condition_is_a_wrong_command(here: Command, words: tuple[str, ...]) -> None:
    assert here("audit", "search", "--reason", "deneme", *words).exit_code == 2


def test_a_record_is_shown_whole_by_receipt_or_place(
    served: Command, asked: dict[str, str]
) -> None:
    words = ("audit", "show", "--reason", "deneme")
    shown = json.loads(served(*words, "--json", asked["receipt"]).stdout)
    assert asked["person"] in shown["question"]
    assert asked["receipt"] in shown["answer"]
    assert "KisiBilgisi/TCKimlikNo" in shown["returned_fields"]
    assert f"receipt_number: {asked['receipt']}" in served(*words, shown["record"]).stdout
    for missing in ("20260101-YOK-00000001-00", f"{shown['record']}999"):
        absent = served(*words, missing)
        assert absent.exit_code == 1
        assert "There is no" in absent.stderr or "there is no" in absent.stderr


def test_evidence_verifies_while_the_gateway_runs(served: Command, asked: dict[str, str]) -> None:
    result = served("audit", "verify")
    assert result.exit_code == 0
    assert result.stdout.endswith("all is well\n")
    report = json.loads(served("audit", "verify", "--json").stdout)
    assert report["ok"] is True
    assert report["findings"] == []
    assert served("audit", "verify", "--without-keys").exit_code == 0
    assert served("audit", "verify", "--chains-only", "--jobs", "2").exit_code == 0


def test_seals_are_made_handed_over_and_held_against(
    served: Command, asked: dict[str, str], here: Command, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    witness.mkdir()
    result = served("audit", "seal", KPS_WITNESS_DIRECTORY=str(witness))
    assert result.exit_code == 0
    numbers = len(list(witness.glob("checkpoint-*.json")))
    assert numbers >= 1
    assert f"{numbers} files were delivered" in result.stdout
    report = json.loads(served("audit", "verify", "--json", "--witness", str(witness)).stdout)
    assert (report["ok"], report["witnessed"]) == (True, numbers)
    assert report["sealed"] > 0
    # The home as it was before any seal: an old copy.
    result = here("audit", "verify", "--without-keys", "--witness", str(witness))
    assert (result.exit_code, "old copy" in result.stderr) == (1, True)
    away = served("audit", "seal", KPS_WITNESS_DIRECTORY=str(tmp_path / "absent"))
    assert (away.exit_code, "has not got all seals" in away.stderr) == (1, True)
    missing = here("audit", "verify", "--certificate", "absent.pem")
    assert (missing.exit_code, "absent.pem" in missing.stderr) == (1, True)


def test_a_flipped_byte_is_named_and_the_record_does_not_open(
    asked: dict[str, str], home: Path, here: Command
) -> None:
    with sqlite3.connect(home / "gateway.db") as connection:
        chain, sequence, ciphertext = connection.execute(
            "SELECT chain_id, sequence, ciphertext FROM evidence WHERE receipt_number = ?",
            (asked["receipt"],),
        ).fetchone()
        changed = ciphertext[:20] + bytes([ciphertext[20] ^ 1]) + ciphertext[21:]
        connection.execute(
            "UPDATE evidence SET ciphertext = ? WHERE chain_id = ? AND sequence = ?",
            (changed, chain, sequence),
        )
    connection.close()
    result = here("audit", "verify")
    assert result.exit_code == 1
    assert f"{chain}:{sequence}" in result.stderr.replace(" ", ":").replace("/", ":")
    assert "findings" in result.stdout
    report = here("audit", "verify", "--json")
    assert report.exit_code == 1
    assert json.loads(report.stdout)["ok"] is False
    shown = here("audit", "show", "--reason", "deneme", asked["receipt"])
    assert shown.exit_code == 1
    assert "cannot be decrypted" in shown.stderr


def test_another_evidence_key_opens_nothing(asked: dict[str, str], here: Command) -> None:
    other = {"KPS_EVIDENCE_KEY_FILE": "keys/person.key"}
    for words in (
        ("audit", "search", "--reason", "deneme", "--person", asked["person"]),
        ("audit", "show", "--reason", "deneme", asked["receipt"]),
        ("audit", "verify"),
        ("check",),
    ):
        assert here(*words, **other).exit_code == 1, words
    missing = here("audit", "verify", KPS_EVIDENCE_KEY_FILE="keys/none.key")
    assert missing.exit_code == 1
    assert "key file" in missing.stderr


# kps query


def test_a_query_prints_the_answer_and_that_it_is_genuine(gateway: Served, served: Command) -> None:
    number = str(gateway.number(0))
    result = served("query", number)
    assert result.exit_code == 0
    assert result.stderr == "The signature is genuine.\n"
    (person,) = json.loads(result.stdout)["SorguSonucu"]["KisiBilgisi"]
    assert person["TCKimlikNo"] == gateway.number(0)
    batch = json.loads(served("query", "--json", number, str(gateway.number(63))).stdout)
    notes = [one["HataBilgisi"]["Kod"] for one in batch["SorguSonucu"]["KisiBilgisi"]]
    assert notes == [None, 2]


def test_a_query_reaches_every_kind_of_service(gateway: Served, served: Command) -> None:
    birth = gateway.persona(0)["birth"]
    born = f"{birth['year']}-{birth['month']:02}-{birth['day']:02}"
    number = str(gateway.number(0))
    for words, expected in (
        (("--service", "AksOkuTumIlServis"), "İSTANBUL"),
        (("--service", "AksOkuTumIleBagliIlceServis", "--province", "34"), "IlKod"),
        (
            ("--service", "BilesikKutukSorgulaKimlikNoServis", "--version", "2023/02/01",
             "--born", born, number),
            gateway.persona(0)["surname"],
        ),
        (
            ("--service", "KimlikNoSorgulaAdresServis", "--version", "2021/04/01",
             "--born", born, number),
            "AcikAdres",
        ),
        (
            ("--account", "KRM-06-0001", "--purpose", "PASAPORT", "--case-number", "1", number),
            "İslam",
        ),
    ):  # fmt: skip
        result = served("query", *words)
        assert result.exit_code == 0, result.output
        assert expected in result.stdout


def test_a_refused_query_says_so_in_the_gateway_s_words(gateway: Served, served: Command) -> None:
    number = str(gateway.number(0))
    for words, sentence in (
        ((), "10: Sorgu kriteri boş geçilemez."),
        (("--account", "KRM-42-0003", number), "8: Anlaşmanız yürürlükte değil"),
        (("--account", "KRM-06-0001", number), "8: Amaç kodu eksik"),
        (("--service", "Yok", number), "There is no such service and version"),
        (("--service", "KPSPublic", "--version", "WS", number), "There is no such service"),
        (("--url", "https://127.0.0.1:1", number), "The gateway cannot be reached"),
        (("--password-file", "-", number), "The gateway refused: İletideki kimlik bilgileri"),
    ):
        result = served("query", *words, stdin="yanlış bir parola")
        assert result.exit_code == 1, words
        assert sentence in result.stderr
        assert not result.stdout


def test_an_answer_by_another_signer_is_not_genuine(gateway: Served, served: Command) -> None:
    number, keys = str(gateway.number(0)), gateway.home / "keys"
    other = served("query", "--certificate-file", str(keys / "p256.pem"), number)
    assert other.exit_code == 1
    assert "use nothing of it" in other.stderr
    assert not other.stdout
    no_certificate = served("query", "--certificate-file", str(keys / "evidence.key"), number)
    assert no_certificate.exit_code == 1
    assert "The certificate file cannot be used" in no_certificate.stderr
    not_trusted = served("query", "--ca-file", str(keys / "rsa.pem"), number)
    assert not_trusted.exit_code == 1
    assert "cannot be reached" in not_trusted.stderr


def test_outside_a_demo_everything_has_to_be_named(gateway: Served, tmp_path: Path) -> None:
    number, demo = str(gateway.number(0)), gateway.demo
    nothing = run("query", "--home", str(tmp_path), number)
    assert nothing.exit_code == 2
    assert "--password-file" in nothing.stderr
    (tmp_path / "demo.json").write_text("{ this is no JSON", encoding="utf-8")
    assert run("query", "--home", str(tmp_path), number).exit_code == 2
    secret = tmp_path / "secret"
    secret.write_text(f"{demo['accounts'][0]['password']}\n", encoding="utf-8")
    named = run(
        "query", "--home", str(tmp_path), "--account", demo["accounts"][0]["username"],
        "--password-file", str(secret), "--url", gateway.https, "--ca-file", demo["ca_file"],
        "--certificate-file", demo["signing_certificate_file"], "--json", number,
    )  # fmt: skip
    assert named.exit_code == 0, named.output
