"""Agreement files that are edited while the gateway runs, and what stays when an edit is wrong."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from end_to_end.questions import NOT_FOUND, PERSON, envelope, person_query
from end_to_end.running import Served, kps, wait_for

COMPANY, FILE = "SRK-0112", "ornek-sirket.toml"
WORKERS = 2


@contextmanager
def edited(gateway: Served, old: str, new: str, *, file: str = FILE) -> Iterator[None]:
    """An operator's edit, in force in every worker inside the block, taken back behind it."""
    path = gateway.home / "agreements" / file
    before = path.read_text(encoding="utf-8")
    assert before.count(old) == 1
    save(gateway, path, before.replace(old, new), "is in force")
    try:
        yield
    finally:
        save(gateway, path, before, "is in force")


def save(gateway: Served, path: Path, text: str, sentence: str, *, workers: int = WORKERS) -> None:
    """Write the file and wait until each worker has said what it made of it."""
    seen = gateway.log.count(sentence)
    path.write_text(text, encoding="utf-8")
    wait_for(lambda: gateway.log.count(sentence) >= seen + workers, seconds=20)


def outcomes(gateway: Served) -> set[str]:
    """What the company is told by several connections, so that every worker has its say."""
    payload = person_query(gateway.number(0))
    replies = [gateway.ask(PERSON, payload, institution=COMPANY) for _ in range(6)]
    return {reply.headers["kps-sonuc-kodu"] for reply in replies}


def test_an_edit_is_in_force_without_a_restart(gateway: Served) -> None:
    before = gateway.health()[1]["agreement_set"]
    assert outcomes(gateway) == {"0"}
    with edited(gateway, 'state = "ACIK"\n\n[access]', 'state = "ASKIDA"\n\n[access]'):
        assert outcomes(gateway) == {"205"}
        assert gateway.health()[1]["agreement_set"] != before
    assert outcomes(gateway) == {"0"}
    assert gateway.health()[1]["agreement_set"] == before


def test_a_field_that_is_taken_away_is_withheld(gateway: Served) -> None:
    line = '    "KisiBilgisi/TemelBilgisi/Ad",\n'
    with edited(gateway, line, ""):
        (record,) = gateway.ask(
            PERSON, person_query(gateway.number(0)), institution=COMPANY
        ).records
        assert record["TemelBilgisi"]["Ad"] is None
        assert record["TemelBilgisi"]["Soyad"] == gateway.persona(0)["surname"]


def test_a_wrong_edit_changes_nothing_and_is_told(gateway: Served) -> None:
    path = gateway.home / "agreements" / FILE
    before, in_force = path.read_text(encoding="utf-8"), gateway.health()[1]["agreement_set"]
    try:
        # One worker watches the files, and the log says once what is wrong with them.
        wrong = before.replace('"SIRKET"', '"SIRKETT"')
        save(gateway, path, wrong, "the last good set stays", workers=1)
        assert gateway.log.count("the last good set stays") == 1
        wait_for(lambda: {gateway.health()[1]["agreement_problems"] for _ in range(8)} == {1})
        status, health = gateway.health()
        assert (status, health["ready"]) == (200, True)
        assert health["agreement_set"] == in_force
        assert outcomes(gateway) == {"0"}
        assert f"{FILE}:" in gateway.log
    finally:
        path.write_text(before, encoding="utf-8")

    def mended() -> bool:
        return {gateway.health()[1]["agreement_problems"] for _ in range(8)} == {0}

    wait_for(mended, seconds=20)
    assert gateway.health()[1]["agreement_set"] == in_force
    assert outcomes(gateway) == {"0"}


def test_an_agreement_that_enforces_its_roster_answers_about_nobody_else(
    gateway: Served, tmp_path: Path
) -> None:
    roster = tmp_path / "roster.txt"
    mine, other = gateway.number(0), gateway.number(1)
    payload = person_query([mine, other])

    def ask(institution: str = COMPANY) -> list[object]:
        reply = gateway.ask(PERSON, payload, institution=institution)
        return [
            reply.headers["kps-sonuc-kodu"],
            *(one["HataBilgisi"] for one in reply.records),
        ]

    with edited(gateway, 'person_relation = "KAPALI"', 'person_relation = "ENGELLE"'):
        # No roster is a roster without persons.
        assert ask() == ["208", NOT_FOUND, NOT_FOUND]
        for numbers, expected in (
            ([mine], ["208", None, NOT_FOUND]),
            ([mine, other], ["0", None, None]),
            ([], ["208", NOT_FOUND, NOT_FOUND]),
        ):
            roster.write_text("".join(f"{number}\n" for number in numbers), encoding="utf-8")
            words = ("replace", COMPANY, str(roster), *(() if numbers else ("--empty",)))
            replaced = kps("rosters", *words, KPS_HOME=str(gateway.home))
            said = f"The roster of {COMPANY} holds {len(numbers)} persons.\n"
            assert replaced.stdout.startswith(said)
            # Each worker holds its own connections; all of them see the new roster.
            assert [ask() for _ in range(4)] == [expected] * 4
        # A refusal by the roster looks like "no record", but for the house's own number.
        (not_mine,) = gateway.ask(PERSON, person_query(mine), institution=COMPANY).records
        (nobody,) = gateway.ask(PERSON, person_query(gateway.number(63))).records
        assert not_mine["HataBilgisi"] == nobody["HataBilgisi"]
    assert ask() == ["0", None, None]
    assert ask("B-34-0417") == ["0", None, None]


def test_every_load_is_on_record_with_the_digests_of_its_files(gateway: Served) -> None:
    in_force = gateway.health()[1]["agreement_set"]
    words = ("audit", "search", "--json", "--reason", "deneme", "--home", str(gateway.home))
    found = json.loads(kps(*words, "--limit", "1000").stdout)["records"]
    held = [(one["event"], one.get("agreement_digest")) for one in found]
    assert held.count(("ANLASMA_YUKLEME", in_force)) >= 1
    # A load is one event of all; that a worker took it is one of its own.
    assert held.count(("ANLASMA_ALMA", in_force)) >= WORKERS
    (first, *_) = [one for one in found[::-1] if one["event"] == "ANLASMA_YUKLEME"]
    shown = kps(
        "audit", "show", first["record"], "--json", "--reason", "deneme",
        "--home", str(gateway.home),
    )  # fmt: skip
    files = json.loads(json.loads(shown.stdout)["question"])["files"]
    content = (gateway.home / "agreements" / FILE).read_bytes()
    assert files[FILE] == sha256(content).hexdigest()


def test_the_public_door_opens_and_closes_with_its_file(gateway: Served) -> None:
    request = (
        '<TCKimlikNoDogrula xmlns="http://tckimlik.nvi.gov.tr/WS"><TCKimlikNo>1</TCKimlikNo>'
        "<Ad>A</Ad><Soyad>B</Soyad><DogumYili>1980</DogumYili></TCKimlikNoDogrula>"
    )

    def statuses() -> set[int]:
        names = {"Content-Type": "text/xml; charset=utf-8"}
        replies = [
            gateway.post("/Service/KPSPublic.asmx", envelope(request), names=names)
            for _ in range(6)
        ]
        return {reply.status for reply in replies}

    assert statuses() == {200}
    file = "acik-dogrulama.toml"
    with edited(gateway, "enabled = true", "enabled = false", file=file):
        assert statuses() == {500}
    assert statuses() == {200}
