"""``kps check``: every damage shows as a line of its own, and nothing is changed by looking."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kps_soap import demo, inspection, places, settings
from kps_soap.audit import backlog
from kps_soap.audit.key_files import KeyFiles
from kps_soap.audit.keys import create_key_file
from kps_soap.audit.months import ISTANBUL
from kps_soap.certificates import (
    CERTIFICATE_DAYS,
    SigningKind,
    demo_authority,
    signing_certificate,
    tls_certificate,
    write_certificate,
    write_key,
)
from kps_soap.cli import main
from kps_soap.database import open_database
from kps_soap.inspection import Finding, inspect, problems
from kps_soap.sealing import Seals, seals_of
from kps_soap.settings import Settings

NAMES = [name for name, _ in inspection.LOOKS]


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("inspected") / "home"
    plan = demo.DemoPlan(home, 200, 1, date(2026, 1, 1), datetime.now(UTC))
    demo.make(plan, randomness=os.urandom)
    return home


@pytest.fixture
def home(made_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made_home, tmp_path / "home"))


def looked_at(home: Path, **values: object) -> dict[str, Finding]:
    """All findings by name, with some settings changed."""
    found = inspect(settings.read(home, {}, command_line=values))
    assert [one.name for one in found] == NAMES
    return {one.name: one for one in found}


def wrong_in(home: Path, **values: object) -> dict[str, str]:
    """What is wrong, by name."""
    return {one.name: one.text for one in looked_at(home, **values).values() if not one.ok}


def test_a_fresh_home_is_well_and_is_left_as_it_was(home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    assert wrong_in(home) == {}
    assert {path: path.stat().st_mtime_ns for path in before} == before
    # SQLite may leave an empty log beside a database that was opened.
    added = {path.name for path in home.rglob("*") if path.is_file()} - {p.name for p in before}
    assert added <= {"gateway.db-wal", "gateway.db-shm", "register.db-wal", "register.db-shm"}


def test_problems_are_the_sentences_of_what_failed() -> None:
    found = [Finding("one", True, "well"), Finding("two", False, "mend it")]
    assert list(problems(found)) == ["two: mend it"]


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("agreements_directory", "agreements"),
        ("versions_file", "versions"),
        ("codes_file", "codes"),
        ("signing_rsa_key_file", "signing keys"),
        ("signing_p256_certificate_file", "signing keys"),
        ("tls_certificate_file", "TLS"),
        ("tls_key_file", "TLS"),
        ("person_key_file", "keys"),
    ],
)
def test_a_missing_file_is_named(home: Path, setting: str, name: str) -> None:
    wrong = wrong_in(home, **{setting: "keys/absent"})
    assert set(wrong) == {name}
    assert str(home / "keys" / "absent") in wrong[name] or wrong[name].startswith("absent:")


def test_a_missing_evidence_key_leaves_the_evidence_unopened(home: Path) -> None:
    wrong = wrong_in(home, evidence_key_file="keys/absent")
    assert set(wrong) == {"keys", "evidence"}
    assert str(home / "keys" / "absent") in wrong["keys"]


@pytest.mark.parametrize("name", ["evidence.key", "rsa.key", "tls.key"])
def test_a_key_that_others_may_read_is_refused(home: Path, name: str) -> None:
    (home / "keys" / name).chmod(0o640)
    wrong = wrong_in(home)
    assert wrong
    assert all("0600" in text for text in wrong.values())


def test_keys_and_certificates_must_fit_together(home: Path) -> None:
    wrong = wrong_in(
        home, signing_rsa_key_file="keys/p256.key", tls_certificate_file="keys/rsa.pem"
    )
    assert set(wrong) == {"signing keys", "TLS"}
    assert "does not belong to" in wrong["signing keys"]
    assert "p256.key" in wrong["signing keys"]
    assert "do not fit together" in wrong["TLS"]


def issued(home: Path, name: str, *, days_left: int) -> dict[str, Any]:
    """A signing and a TLS pair that end at midnight so many days from today, as settings."""
    day = datetime.now(UTC).date() + timedelta(days=days_left + 1 - CERTIFICATE_DAYS)
    authority = demo_authority(day, randomness=os.urandom)
    pairs = {
        "signing_p256": signing_certificate(
            authority, day, kind=SigningKind.P256, randomness=os.urandom
        ),
        "tls": tls_certificate(authority, day, randomness=os.urandom),
    }
    values = {}
    for kind, pair in pairs.items():
        stem = home / "keys" / f"{name}-{kind}"
        write_key(stem.with_suffix(".key"), pair.key)
        write_certificate(stem.with_suffix(".pem"), pair.certificate)
        values[f"{kind}_key_file"] = str(stem.with_suffix(".key"))
        values[f"{kind}_certificate_file"] = str(stem.with_suffix(".pem"))
    return values


def test_certificates_are_renewed_before_their_last_day(home: Path) -> None:
    soon = looked_at(home, **issued(home, "soon", days_left=40))
    assert soon["signing keys"].ok
    assert soon["TLS"].ok
    assert " days" in soon["TLS"].text
    last = wrong_in(home, **issued(home, "last", days_left=1))
    assert set(last) == {"signing keys", "TLS"}
    assert "P256 signing certificate expires within a day" in last["signing keys"]
    over = wrong_in(home, **issued(home, "over", days_left=-3))
    assert "has expired" in over["signing keys"]
    assert "has expired" in over["TLS"]


def test_no_https_port_needs_no_certificate(home: Path) -> None:
    found = looked_at(home, https_port=0, tls_key_file="keys/absent")
    assert found["TLS"].ok
    assert "proxy" in found["TLS"].text


def test_an_encrypted_tls_key_is_no_reason_to_ask_on_a_terminal(home: Path) -> None:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    path = home / "keys" / "tls.key"
    key = load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"parola"))
    )
    assert "has a password" in wrong_in(home)["TLS"]


def test_a_database_that_is_not_there_is_not_made_by_looking(home: Path) -> None:
    (home / "gateway.db").unlink()
    (home / "register.db").unlink()
    wrong = wrong_in(home)
    assert set(wrong) == {"gateway database", "evidence", "seals", "register"}
    assert "kps db upgrade" in wrong["gateway database"]
    assert not (home / "gateway.db").exists()
    assert not (home / "register.db").exists()


def test_a_file_that_is_no_database_is_told_without_its_path(home: Path) -> None:
    (home / "gateway.db").write_bytes(b"no database at all, " * 100)
    wrong = wrong_in(home)
    assert set(wrong) == {"gateway database", "evidence", "seals"}
    assert all("database" in text for text in wrong.values())


def test_another_key_file_and_a_cut_chain_are_seen(home: Path) -> None:
    write_a_record(home, now=datetime.now(UTC))
    assert looked_at(home)["evidence"].text.startswith("1 chains end where they should")
    other = wrong_in(home, evidence_key_file="keys/person.key")
    assert set(other) == {"evidence"}
    assert "another key file" in other["evidence"]
    with closing(sqlite3.connect(home / "gateway.db")) as connection, connection:
        connection.execute("DELETE FROM evidence WHERE sequence > 1")
    assert "1 chains do not end where they should" in wrong_in(home)["evidence"]


def seal(home: Path, **values: object) -> Seals:
    """Seal what there is, and hand it on once."""
    chosen = settings.read(home, {}, command_line=values)
    engine = open_database(chosen.gateway_url, wait_seconds_max=5)
    seals = seals_of(chosen, engine)
    seals.sealer.seal_all(seconds_max=10)
    seals.hand_on()
    engine.dispose()
    return seals


def test_a_record_that_waits_long_for_its_seal_is_told_and_keeps_no_gateway_down(
    home: Path,
) -> None:
    write_a_record(home)
    found = looked_at(home)["seals"]
    assert (found.ok, found.blocks) == (False, False)
    assert "Records wait for a seal since 2026-03-01 00:00 UTC" in found.text
    seal(home)
    assert looked_at(home)["seals"].text.startswith("1 seals, none is due")


def test_a_fresh_record_may_wait_for_its_seal(home: Path) -> None:
    write_a_record(home, now=datetime.now(UTC))
    assert looked_at(home)["seals"].ok


def test_a_witness_that_lacks_seals_or_is_away_or_ahead_is_told(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    write_a_record(home)
    seal(home)
    away = looked_at(home, witness_directory=str(folder))["seals"]
    assert (away.ok, away.blocks) == (False, False)
    assert "The witness directory cannot be read" in away.text
    folder.mkdir()
    (folder / "checkpoint-000000000007.json").write_bytes(b"{}")
    ahead = looked_at(home, witness_directory=str(folder))["seals"]
    assert "The witness knows seal 7, the database ends at 1" in ahead.text


def test_seals_that_nobody_fetched_are_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "witness"
    folder.mkdir()
    write_a_record(home)
    seal(home)
    late = {"witness_directory": str(folder), "seal_seconds": 1}
    assert looked_at(home, witness_directory=str(folder))["seals"].ok
    monkeypatch.setattr(inspection, "utc_now", lambda: datetime.now(UTC) + timedelta(seconds=6))
    assert "The witness lacks the seals since" in wrong_in(home, **late)["seals"]
    seal(home, **late)
    assert looked_at(home, **late)["seals"].ok
    assert backlog.last_in(folder) == 1


@pytest.mark.parametrize("name", ["seal_key_file", "seal_certificate_file"])
def test_a_seal_that_cannot_be_made_keeps_a_gateway_down(home: Path, name: str) -> None:
    found = looked_at(home, **{name: "keys/absent"})["seals"]
    assert (found.ok, found.blocks) == (False, True)
    assert "absent" in found.text


def test_certificates_of_an_authority_that_cannot_be_read_are_told(home: Path) -> None:
    wrong = wrong_in(
        home, timestamp_url="http://stamps.example.org/", timestamp_ca_file="keys/absent"
    )
    assert set(wrong) == {"seals"}


def test_checkpoints_that_do_not_fit_together_are_told(home: Path) -> None:
    write_a_record(home)
    seal(home)
    with closing(sqlite3.connect(home / "gateway.db")) as connection, connection:
        connection.execute("UPDATE checkpoint_heads SET head_sequence = head_sequence + 1")
    assert "kps audit verify" in wrong_in(home)["seals"]


def write_a_record(home: Path, *, now: datetime = datetime(2026, 3, 1, tzinfo=UTC)) -> None:
    """A chain with a beginning, a record and an end."""
    from kps_soap import database
    from kps_soap.audit.appending import recorder
    from kps_soap.audit.keys import FileKey, Keyring, read_key_file
    from kps_soap.entry import Entry, Event

    keyring = Keyring(FileKey.of(read_key_file(home / "keys" / "evidence.key")))
    engine = database.open_database(f"sqlite:///{home / 'gateway.db'}", wait_seconds_max=5)
    with recorder(engine, keyring, worker="0", clock=lambda: now, random_bytes=os.urandom) as run:
        run.record(Entry("1", now, "", Event.SEARCH))
    engine.dispose()


def test_changed_wsdls_are_counted(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "wsdl"
    shutil.copytree(places.wsdl(), copy)
    monkeypatch.setattr(places, "wsdl", lambda: copy)
    next(copy.rglob("*.wsdl")).write_text("<x/>", encoding="ascii")
    assert wrong_in(home) == {
        "contracts": "1 WSDL files differ from their contracts: kps wsdl write"
    }


def test_an_old_parser_is_not_trusted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "LIBXML_LEAST", (99, 0))
    assert set(wrong_in(home)) == {"XML parser"}


def test_a_look_that_breaks_by_itself_is_not_hidden(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_settings: Settings) -> str:
        raise ZeroDivisionError

    looks: tuple[tuple[str, Callable[[Settings], str]], ...] = (("x", broken),)
    monkeypatch.setattr(inspection, "LOOKS", looks)
    with pytest.raises(ZeroDivisionError):
        inspect(settings.read(home, {}))


def loaded(home: Path, *words: str) -> None:
    done = CliRunner().invoke(main, ["agreements", *words, "--home", str(home)])
    assert done.exit_code == 0, done.stderr


def edit(home: Path, old: str, new: str) -> None:
    path = home / "agreements" / "ornek-sirket.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_wrong_agreement_files_forbid_a_start_only_where_no_good_set_is_in_force(
    home: Path,
) -> None:
    loaded(home, "load")
    edit(home, '"SIRKET"', '"SIRKETT"')
    found = looked_at(home)["agreements"]
    assert (found.ok, found.blocks) == (False, False)
    assert 'Did you mean "SIRKET"?' in found.text
    assert "stays in force" in found.text
    (home / "gateway.db").unlink()
    found = looked_at(home)["agreements"]
    assert (found.ok, found.blocks) == (False, True)


def test_a_stored_set_that_was_changed_is_told(home: Path) -> None:
    loaded(home, "load")
    with closing(sqlite3.connect(home / "gateway.db")) as connection, connection:
        connection.execute("UPDATE agreement_files SET content = 'x'")
    assert "was changed" in wrong_in(home)["agreements"]


def test_what_differs_what_is_suspended_and_what_ends_soon_are_warnings(home: Path) -> None:
    loaded(home, "load")
    (row,) = listed(home)
    loaded(home, "suspend", row, "--reason", "deneme")
    until = (datetime.now(ISTANBUL) + timedelta(days=10)).date()
    edit(home, "security_until = ", f"security_until = {until} # ")
    found = looked_at(home)["agreements"]
    assert found.ok
    assert found.warnings[0].startswith("the files differ from the set in force")
    assert f"{row} is suspended by command since" in found.warnings[-1]
    loaded(home, "load")
    found = looked_at(home)["agreements"]
    assert any("profile KLASIK ends" in one and "10 days" in one for one in found.warnings)


def listed(home: Path) -> list[str]:
    done = CliRunner().invoke(main, ["agreements", "list", "--json", "--home", str(home)])
    rows = json.loads(done.stdout)
    return [one["agreement"] for one in rows if one["file"] == "ornek-sirket.toml"]


def test_many_warnings_are_counted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "WARNINGS_MAX", 1)
    loaded(home, "load")
    shown = looked_at(home)["agreements"]
    near = (datetime.now(ISTANBUL) + timedelta(days=20)).date()
    for path in (home / "agreements").glob("ornek-*.toml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace("security_until = ", f"security_until = {near} # "), encoding="utf-8"
        )
    loaded(home, "load")
    found = looked_at(home)["agreements"]
    assert len(found.warnings) == 2
    assert "more; see: kps agreements expiries" in found.warnings[1]
    assert shown.ok


def test_seals_that_no_witness_keeps_are_told(home: Path) -> None:
    assert "nobody notices" not in looked_at(home)["seals"].text
    file = home / "kps.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('witness_directory = "witness"\n', ""), encoding="utf-8")
    assert "nobody notices an old copy" in looked_at(home)["seals"].text


def test_secrets_under_a_replaced_key_are_a_warning_until_they_are_wrapped_anew(home: Path) -> None:
    write_a_record(home)
    assert looked_at(home)["evidence"].warnings == ()
    key = home / "keys" / "evidence.key"
    old = KeyFiles(key)
    key.rename(old.retired(old.current().key_id))
    create_key_file(key, bytes(range(1, 33)))
    found = looked_at(home)["evidence"]
    assert found.ok
    (warning,) = found.warnings
    assert warning.startswith("1 secrets of months or orders are wrapped by a replaced key")


def test_a_database_role_that_may_make_no_partitions_is_a_warning(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for last, said in (("2027-11", "that of 2027-11"), ("", "that of no month")):
        monkeypatch.setattr(
            "kps_soap.audit.partitions.last_without_right", lambda _connection, last=last: last
        )
        (warning,) = looked_at(home)["evidence"].warnings
        assert said in warning
