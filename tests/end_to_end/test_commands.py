"""The commands of an operator, on a demo home and on a served one."""

import json
import sqlite3
import stat
from pathlib import Path

import pytest
from free_ports import free_ports

from end_to_end.commands import Command, run
from end_to_end.questions import PERSON, person_query
from end_to_end.running import Served, kps, program
from kps_soap import places
from kps_soap.cli.terminal import printable

COMPANY_FILE = "ornek-sirket.toml"


ADDRESS_SERVICE = """
[[services]]
name = "KimlikNoSorgulaAdresServis"
versions = ["2021/04/01"]
stage = "ACIK"
purposes = ["KIRACI_DOGRULAMA"]
fields = ["KimlikNoileKisiAdresBilgileri"]
"""


# The command itself


def test_the_command_runs_as_a_program_and_says_its_version_and_its_commands() -> None:
    version, help_text = program("--version"), kps("--help")
    assert (version.returncode, version.stdout.split()[0]) == (0, "kps,")
    for name in ("serve", "check", "query", "demo", "agreements", "accounts", "rosters", "audit"):
        assert name in help_text.stdout
    for name in ("population", "wsdl", "db"):
        assert name in help_text.stdout
    assert program("nosuch").returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("serve",),
        ("agreements", "check"),
        ("agreements", "list"),
        ("agreements", "show", "2026/117"),
        ("accounts", "list"),
        ("audit", "verify"),
        ("audit", "search", "--reason", "deneme"),
        ("db", "check"),
        ("db", "upgrade"),
        ("population", "check"),
    ],
    ids=" ".join,
)
def test_a_directory_that_is_no_home_is_said_so(words: tuple[str, ...], tmp_path: Path) -> None:
    result = run(*words, "--home", str(tmp_path))
    assert result.exit_code == 2
    assert "There is no kps.toml in this home" in result.stderr
    assert "kps demo init HOME" in result.stderr


def test_all_wrong_settings_are_told_at_once_before_a_port_opens(home: Path) -> None:
    with (home / "kps.toml").open("a", encoding="utf-8") as file:
        file.write('https_prot = 1\nworkers = "many"\n')
    for result in (run("serve", "--home", str(home)), run("check", "--home", str(home))):
        assert result.exit_code == 2
        assert "https_prot: is no setting; did you mean https_port?" in result.stderr
        assert "workers" in result.stderr
    served = run("serve", "--home", str(home), "--http-port", "99999")
    assert served.exit_code == 2
    assert "http_port" in served.stderr
    assert "99999" not in served.stderr


# kps demo


def test_a_demo_file_has_exactly_the_promised_shape(demo_home: Path) -> None:
    file = demo_home / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    demo = json.loads(file.read_text(encoding="utf-8"))
    assert list(demo) == [
        "base_url", "http_url", "ca_file", "signing_certificate_file", "seal_certificate_file",
        "accounts", "personas", "people",
    ]  # fmt: skip
    assert Path(demo["ca_file"]).is_file()
    assert Path(demo["signing_certificate_file"]).is_file()
    assert len({account["institution"] for account in demo["accounts"]}) >= 4
    for account in demo["accounts"]:
        assert list(account) == [
            "institution", "agreement", "username", "password", "door", "inquirer", "services",
        ]  # fmt: skip
        assert isinstance(account["door"], list)
        assert len(account["password"]) >= 14
        for service in account["services"]:
            assert list(service) == ["name", "version", "wsdl"]
            path = f"/kps/{service['name']}/{service['version']}?wsdl"
            assert service["wsdl"] == demo["base_url"] + path
    first = demo["accounts"][0]
    assert (first["institution"], first["inquirer"]) == ("B-34-0417", None)
    strict = [account for account in demo["accounts"] if account["inquirer"]]
    assert [account["institution"] for account in strict] == ["V-06-0001"]
    assert [persona["index"] for persona in demo["personas"]] == list(range(64))
    for persona in demo["personas"]:
        assert list(persona) == [
            "index", "kind", "identity_number", "given_name", "surname", "birth", "document",
        ]  # fmt: skip
        assert list(persona["birth"]) == ["day", "month", "year"]
        assert list(persona["document"]) == ["series", "number", "card_serial"]


def test_secrets_of_a_demo_home_belong_to_its_owner_only(demo_home: Path) -> None:
    assert stat.S_IMODE(demo_home.stat().st_mode) == 0o700
    private = [*(demo_home / "keys").glob("*.key"), demo_home / "gateway.db"]
    assert len(private) == 10
    for path in private:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    passwords = [
        one["password"] for one in json.loads((demo_home / "demo.json").read_text())["accounts"]
    ]
    settings = (demo_home / "kps.toml").read_text(encoding="utf-8")
    assert not any(password in settings for password in passwords)


def test_a_demo_is_never_made_where_something_is(home: Path, tmp_path: Path) -> None:
    before = (home / "demo.json").read_bytes()
    result = run("demo", "init", str(home))
    assert (result.exit_code, result.stderr) == (
        1, "This directory already holds a gateway; choose another or remove it.\n",
    )  # fmt: skip
    assert (home / "demo.json").read_bytes() == before
    other = tmp_path / "other"
    other.mkdir()
    (other / "register.db").write_bytes(b"somebody's")
    result = run("demo", "init", str(other))
    assert result.exit_code == 1
    assert "not empty" in result.stderr
    assert (other / "register.db").read_bytes() == b"somebody's"
    assert run("demo", "init", str(other / "register.db")).exit_code == 2


def test_a_demo_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    few = run("demo", "init", str(tmp_path / "few"), "--persons", "5")
    assert (few.exit_code, few.stderr) == (1, "a population has 200 to 50000000 persons\n")
    (tmp_path / "file").touch()
    inside = run("demo", "init", str(tmp_path / "file" / "home"))
    assert inside.exit_code == 1
    assert "Not a directory" in inside.stderr
    assert run("demo", "init", str(tmp_path / "x"), "--port", "0").exit_code == 2


def test_a_demo_made_by_the_command_passes_its_own_check(tmp_path: Path) -> None:
    home = tmp_path / "new"
    words = ("--persons", "200", "--seed", "7", "--port", "9443", "--name", "gecit.example")
    made = run("demo", "init", str(home), *words)
    assert made.exit_code == 0
    assert f"kps serve --home {home}" in made.stdout
    demo = json.loads((home / "demo.json").read_text(encoding="utf-8"))
    assert demo["base_url"] == "https://127.0.0.1:9443"
    checked = run("check", "--home", str(home))
    assert checked.exit_code == 0, checked.stdout


# kps check


def test_the_check_has_a_line_for_everything_and_is_well(here: Command) -> None:
    result = here("check")
    assert result.exit_code == 0
    # Once a gateway has served the home, what of its agreements ends soon is told as well.
    lines = [line for line in result.stdout.splitlines() if not line.startswith("!!  agreements: ")]
    assert [line for line in lines if not line.startswith("ok  ")] == []
    for name in (
        "contracts", "agreements", "versions", "codes", "signing keys", "TLS", "keys",
        "gateway database", "evidence", "register",
    ):  # fmt: skip
        assert any(line.startswith(f"ok  {name}: ") for line in lines), name
    findings = json.loads(here("check", "--json").stdout)
    assert {one["ok"] for one in findings} == {True}
    assert len(findings) == len(lines)


def test_the_check_finds_damage_and_serving_is_refused(home: Path, here: Command) -> None:
    (home / "keys" / "tls.key").unlink()
    (home / "agreements" / COMPANY_FILE).write_text("[institution]\n", encoding="utf-8")
    checked = here("check")
    assert checked.exit_code == 1
    wrong = [line for line in checked.stdout.splitlines() if line.startswith("NO  ")]
    assert any("tls.key" in line for line in wrong)
    assert any(f"agreements/{COMPANY_FILE}:1: " in line for line in wrong)
    assert json.loads(here("check", "--json").stdout)[0]["ok"] is True
    served = program("serve", "--home", str(home))
    assert served.returncode == 2
    assert COMPANY_FILE in served.stderr
    assert "Not started." in served.stderr
    assert "Serving on" not in served.stderr


def test_a_port_that_is_taken_is_named(home: Path, gateway: Served) -> None:
    port = gateway.https.rpartition(":")[2]
    result = program("serve", "--home", str(home), "--port", port)
    assert result.returncode == 2
    assert f"Cannot listen on 127.0.0.1:{port}: " in result.stderr
    assert "https_port" in result.stderr


def test_a_worker_that_cannot_start_ends_the_command(home: Path) -> None:
    # Right to look at, and broken for whoever writes: the one thing that no check changes.
    with sqlite3.connect(home / "gateway.db", isolation_level=None) as holder:
        https_port, http_port = free_ports(2)
        holder.execute("BEGIN IMMEDIATE")
        result = program(
            "serve", "--home", str(home), "--workers", "1", "--port", str(https_port),
            "--http-port", str(http_port), "--metrics-port", "0", KPS_EVIDENCE_SECONDS_MAX="1",
        )  # fmt: skip
    holder.close()
    assert result.returncode == 1
    assert "A worker could not start; see the lines above." in result.stderr
    assert "Traceback" not in result.stderr


# kps agreements


def test_right_agreements_are_counted_listed_and_shown(here: Command, home: Path) -> None:
    files = list((home / "agreements").glob("*.toml"))
    checked = here("agreements", "check")
    assert checked.exit_code == 0
    assert checked.stdout.startswith(f"{len(files)} files are right; the set is ")
    data = json.loads(here("agreements", "check", "--json").stdout)
    assert data["problems"] == []
    assert data["digest"] in checked.stdout
    listed = here("agreements", "list").stdout
    assert "SGR-0021" in listed
    assert "not in force: it ended on" in listed
    assert "not in force: its state is ASKIDA" in listed
    rows = json.loads(here("agreements", "list", "--json").stdout)
    assert {row["institution"] for row in rows} >= {"B-34-0417", "V-06-0001", "SRK-0112"}
    shown = here("agreements", "show", "2026/305").stdout
    assert "KisiBilgisi/TemelBilgisi/Ad" in shown
    assert "withholds" in shown
    (by_institution,) = json.loads(here("agreements", "show", "SRK-0112", "--json").stdout)
    assert by_institution["agreement"] == "2026/305"
    missing = here("agreements", "show", "1999/1")
    assert missing.exit_code == 1
    assert "kps agreements list" in missing.stderr


def test_an_address_service_for_a_company_is_refused_with_file_and_line(
    here: Command, home: Path
) -> None:
    file = home / "agreements" / COMPANY_FILE
    text = file.read_text(encoding="utf-8")
    file.write_text(text + ADDRESS_SERVICE, encoding="utf-8")
    result = here("agreements", "check")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    name, number, sentence = line.split(":", 2)
    assert name == str(file)
    assert (
        "KimlikNoSorgulaAdresServis"
        in file.read_text(encoding="utf-8").splitlines()[int(number) - 1]
    )
    assert "5490" in sentence
    (problem,) = json.loads(here("agreements", "check", "--json").stdout)["problems"]
    assert problem["file"] == str(file)
    assert here("agreements", "list", "--files").exit_code == 1
    # Every error of every file at once.
    (home / "agreements" / "ornek-banka.toml").write_text("[institutoin]\n", encoding="utf-8")
    both = here("agreements", "check").stderr
    assert COMPANY_FILE in both
    assert "ornek-banka.toml:1" in both


# kps wsdl, kps db


def test_the_shipped_wsdls_are_what_the_contracts_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = run("wsdl", "write", "--to", str(tmp_path))
    assert written.exit_code == 0
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.wsdl"))
    assert written.stdout == f"{len(files)} files written.\n"
    for name in files:
        assert (tmp_path / name).read_bytes() == (places.wsdl() / name).read_bytes()
    assert run("wsdl", "check").exit_code == 0
    monkeypatch.setattr(places, "wsdl", lambda: tmp_path)
    (tmp_path / files[0]).write_text("<x/>", encoding="utf-8")
    changed = run("wsdl", "check")
    assert changed.exit_code == 1
    assert "kps wsdl write" in changed.stderr


def test_a_database_is_checked_and_brought_up_to_date(here: Command, tmp_path: Path) -> None:
    assert here("db", "check").exit_code == 0
    fresh = {"KPS_GATEWAY_URL": f"sqlite:///{tmp_path / 'fresh.db'}"}
    missing = here("db", "check", **fresh)
    assert missing.exit_code == 1
    assert "run: kps db upgrade" in missing.stderr
    assert not (tmp_path / "fresh.db").exists()
    assert here("db", "upgrade", **fresh).exit_code == 0
    assert here("db", "check", **fresh).exit_code == 0
    (tmp_path / "text.db").write_text("this is no database at all, " * 99, encoding="ascii")
    spoiled = {"KPS_GATEWAY_URL": f"sqlite:///{tmp_path / 'text.db'}"}
    for words in (("db", "check"), ("db", "upgrade"), ("accounts", "list"), ("audit", "verify")):
        result = here(*words, **spoiled)
        assert result.exit_code == 1
        assert "database" in result.stderr
        assert str(tmp_path) not in result.stderr


# kps accounts


def test_accounts_are_listed_and_unknown_ones_are_not_blocked(here: Command) -> None:
    listed = here("accounts", "list")
    assert "KRM-34-0417" in listed.stdout
    rows = json.loads(here("accounts", "list", "--json").stdout)
    (town,) = [row for row in rows if row["account"] == "KRM-34-0417"]
    assert (town["state"], town["locked_until"]) == ("ACIK", None)
    assert town["former_password_until"] is None
    for word in ("block", "unblock"):
        result = here("accounts", word, "KRM-YOK")
        assert result.exit_code == 1
        assert "kps accounts list" in result.stderr


def test_a_bad_name_or_password_is_refused(here: Command) -> None:
    assert here("accounts", "password", "iki kelime").exit_code == 1
    short = here("accounts", "password", "KRM-YENI", "--ask", stdin="kısa\nkısa\n")
    assert short.exit_code == 1
    assert "14 to 256" in short.stderr
    good = "uzunca bir parola 1"
    asked = here("accounts", "password", "KRM-YENI", "--ask", stdin=f"{good}\n{good}\n")
    assert asked.exit_code == 0
    assert good not in asked.output
    assert "KRM-YENI" in here("accounts", "list").stdout


def test_a_block_holds_on_the_next_call_in_every_worker(gateway: Served, served: Command) -> None:
    account, payload = gateway.account("SRK-0112")["username"], person_query(gateway.number(0))
    try:
        assert gateway.ask(PERSON, payload, institution="SRK-0112").status == 200
        blocked = served("accounts", "block", account)
        assert (blocked.exit_code, blocked.stdout) == (0, "Blocked.\n")
        faults = [gateway.ask(PERSON, payload, institution="SRK-0112").fault for _ in range(6)]
        assert {fault[1] for fault in faults} == {"FailedAuthentication"}
        assert "BLOKE" in served("accounts", "list").stdout
    finally:
        assert served("accounts", "unblock", account).stdout == "Open again.\n"
    for _ in range(4):
        assert gateway.ask(PERSON, payload, institution="SRK-0112").status == 200


def test_a_new_password_holds_on_the_next_call(gateway: Served, served: Command) -> None:
    account, payload = gateway.account("SRK-0112"), person_query(gateway.number(0))
    try:
        made = served("accounts", "password", account["username"]).stdout.strip()
        for _ in range(4):
            old = gateway.ask(PERSON, payload, institution="SRK-0112")
            new = gateway.ask(PERSON, payload, institution="SRK-0112", password=made)
            assert old.fault[1] == "FailedAuthentication"
            assert new.status == 200
    finally:
        again = f"{account['password']}\n" * 2
        served("accounts", "password", account["username"], "--ask", stdin=again)
    assert gateway.ask(PERSON, payload, institution="SRK-0112").status == 200


# kps rosters (what an ENGELLE agreement makes of it stands in test_reload.py)


def test_a_roster_with_a_wrong_line_changes_nothing(here: Command, tmp_path: Path) -> None:
    roster = tmp_path / "roster.txt"
    for content in ("12345678901\n", "on bir\n", "\n\n１２\n"):
        roster.write_text(content, encoding="utf-8")
        result = here("rosters", "replace", "SRK-0112", str(roster))
        assert result.exit_code == 1
        assert "nothing was changed" in result.stderr
    assert here("rosters", "replace", "SRK-0112", str(tmp_path / "absent")).exit_code == 2
    roster.write_text("10000000146\n\n10000000146\n", encoding="utf-8")
    (tmp_path / "short").write_text("c2hvcnQ=\n", encoding="ascii")
    (tmp_path / "short").chmod(0o600)
    spoiled = here(
        "rosters", "replace", "SRK-0112", str(roster), KPS_PERSON_KEY_FILE=str(tmp_path / "short")
    )
    assert spoiled.exit_code == 1
    assert "32 bytes" in spoiled.stderr
    right = here("rosters", "replace", "SRK-0112", str(roster))
    assert right.stdout.startswith("The roster of SRK-0112 holds 1 persons.\n1 joined, 0 left; ")


# kps population


def test_a_population_is_made_checked_and_never_overwritten(here: Command, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'people.db'}"
    words = ("population", "make", url, "--persons", "300", "--date", "2025-06-01")
    made = run(*words, "--seed", "3", "--numbers", "ayrik")
    assert (made.exit_code, made.stdout) == (
        0, "300 synthetic persons of 2025-06-01 are ready.\n",
    )  # fmt: skip
    again = run(*words)
    assert again.exit_code == 1
    assert "There is a register already" in again.stderr
    assert run("population", "make", url, "--persons", "3").exit_code == 1
    assert run("population", "make", "nowhere://x").exit_code == 1
    checked = here("population", "check", "--url", url)
    assert (checked.exit_code, checked.stdout) == (0, "Every invariant holds.\n")
    assert here("population", "check", "--url", url, "--json").stdout == "[]\n"
    absent = here("population", "check", "--url", f"sqlite:///{tmp_path / 'absent.db'}")
    assert absent.exit_code == 1
    with sqlite3.connect(tmp_path / "people.db") as connection:
        connection.execute("UPDATE citizens SET mother_number = number")
    connection.close()
    wrong = here("population", "check", "--url", url)
    assert wrong.exit_code == 1
    assert wrong.stderr


# As a program, from a shell


def test_exit_codes_reach_the_shell(gateway: Served, home: Path) -> None:
    environment = {"KPS_HOME": str(home)}
    assert kps("check", **environment).returncode == 0
    assert kps("check", "--home", str(home / "keys")).returncode == 2
    (home / "agreements" / COMPANY_FILE).write_text("=\n", encoding="utf-8")
    checked = program("agreements", "check", **environment)
    assert (checked.returncode, checked.stdout) == (1, "")
    assert f"agreements/{COMPANY_FILE}:1: " in checked.stderr
    genuine = program("query", str(gateway.number(0)), "--home", str(gateway.home))
    assert genuine.returncode == 0
    assert genuine.stderr == "The signature is genuine.\n"
    refused = kps("query", "1", "--account", "KRM-42-0003", "--home", str(gateway.home))
    assert refused.returncode == 1


def test_a_database_address_is_never_repeated_with_its_password() -> None:
    made = kps("population", "make", "postgresql+psycopg://u:pa@ss:w0rdSECRET@127.0.0.1:1/x")
    assert made.returncode == 2
    assert "w0rdSECRET" not in made.stderr + made.stdout


def test_no_terminal_obeys_what_a_caller_sent() -> None:
    assert printable("a\nb\x1b[2J\x9bÇ") == "a\\nb\\x1b[2J\\x9bÇ"


def test_a_home_whose_path_no_database_address_can_hold_is_refused(tmp_path: Path) -> None:
    made = kps("demo", "init", str(tmp_path / "q?x"), "--persons", "200")
    assert made.returncode == 1
    assert "may not hold" in made.stderr
    assert not list(tmp_path.iterdir())
