"""People of an institution by command, and what it means for the next call of a running gateway."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from end_to_end.questions import (
    MEDIA,
    PERSON,
    SOAP11,
    envelope,
    on_behalf,
    person_query,
    security,
)
from end_to_end.running import Served
from kps_soap.authentication import ISTANBUL
from kps_soap.cli import main

TOWN, SERVICE = "B-34-0417", "KisiSorgulaTCKimlikNoServis"
Command = Callable[..., Result]


@pytest.fixture
def here(gateway: Served) -> Command:
    """Commands in the home that is being served, by the operator on duty."""

    def run(
        *words: str, by: str = "nobetci", exit_code: int = 0, stdin: str | None = None
    ) -> Result:
        given = [*words]
        # Only what changes something asks who does it.
        if "--reason" in words:
            given += ["--by", by]
        done = CliRunner().invoke(main, given, input=stdin, env={"KPS_HOME": str(gateway.home)})
        assert done.exit_code == exit_code, done.output
        return done

    return run


@pytest.fixture
def clerk(here: Command) -> Iterator[str]:
    """A clerk of the town, who leaves when the test is over."""
    number = len(json.loads(here("accounts", "people", "--json").stdout))
    name = f"memur{number}"
    here(
        *("accounts", "person", "add", name, "--name", "Zeynep Kaya", "--institution", TOWN),
        *("--role", "ALT_KULLANICI", "--unit", "Emlak", "--inquirer", name),
        *("--reason", "görevlendirme 2026/3"),
    )
    yield name
    shown = json.loads(here("accounts", "person", "show", name, "--json").stdout)
    if shown["state"] != "AYRILDI":
        here("accounts", "person", "leave", name, "--reason", "test bitti")


@pytest.fixture(scope="module")
def firm(gateway: Served) -> dict[str, str]:
    """An account of these tests' own that acts for the town: other tests lock the town's."""
    until = (datetime.now(ISTANBUL) + timedelta(days=30)).date().isoformat()
    words = ("accounts", "mandate", "add", "FIRMA-000", "--vendor", "Örnek", "--until", until)
    more = ("--institution", TOWN, "--network", "127.0.0.0/8", "--reason", "x")
    home = {"KPS_HOME": str(gateway.home)}
    assert CliRunner().invoke(main, [*words, *more], env=home).exit_code == 0
    done = CliRunner().invoke(main, ["accounts", "password", "FIRMA-000"], env=home)
    return {"username": "FIRMA-000", "password": done.stdout.strip()}


@pytest.fixture
def asked(gateway: Served, firm: dict[str, str]) -> Callable[[str], Any]:
    """A question in somebody's name."""
    return lambda inquirer: call(gateway, **firm, inquirer=inquirer)


def shown(here: Command, name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(here("accounts", "person", "show", name, "--json").stdout)
    return value


def newest(here: Command, event: str) -> dict[str, Any]:
    said = here("audit", "search", "--reason", "deneme", "--json", "--limit", "50").stdout
    record: dict[str, Any] = next(
        one for one in json.loads(said)["records"] if one["event"] == event
    )
    return record


def test_a_block_holds_at_the_next_call_and_is_on_record(
    asked: Callable[[str], Any], here: Command, clerk: str
) -> None:
    assert asked(clerk).records
    record = newest(here, "SORGU")
    assert (record["inquirer"], record["unit"]) == (clerk, "Emlak")
    here("accounts", "person", "block", clerk, "--reason", "şikâyet 14")
    assert asked(clerk).refused[:2] == (200, "204")
    assert newest(here, "KISI_BLOKE")["detail"] == clerk
    assert "is blocked" in newest(here, "RET")["detail"]
    again = here("accounts", "person", "block", clerk, "--reason", "x", exit_code=1)
    assert "Is blocked already." in again.output
    here("accounts", "person", "unblock", clerk, "--reason", "şikâyet kapandı")
    assert asked(clerk).records
    left = here("accounts", "person", "leave", clerk, "--reason", "nakil")
    assert "Has left." in left.output
    assert asked(clerk).refused[:2] == (200, "204")
    here("accounts", "person", "reactivate", clerk, "--reason", "geri döndü")
    assert asked(clerk).records


def test_a_share_narrows_the_very_next_answer(
    asked: Callable[[str], Any], here: Command, clerk: str
) -> None:
    (whole,) = asked(clerk).records
    here(
        *("accounts", "person", "narrow", clerk, "--service", SERVICE),
        *("--field", "KisiBilgisi/TemelBilgisi/Ad", "--reason", "yalnız ad"),
    )
    (narrow,) = asked(clerk).records
    assert whole["TemelBilgisi"]["Soyad"]
    assert (whole["TemelBilgisi"]["Ad"], narrow["TemelBilgisi"].get("Soyad")) == (
        *(narrow["TemelBilgisi"]["Ad"], None),
    )
    assert [one["service"] for one in shown(here, clerk)["share"]] == [SERVICE]
    assert "TemelBilgisi/Ad" in here("accounts", "person", "show", clerk).output
    wrong = here(
        *("accounts", "person", "narrow", clerk, "--service", "YokServis"),
        *("--reason", "x"),
        exit_code=1,
    )
    assert "not in the agreement" in wrong.output
    for flags in (("--service", SERVICE, "--drop"), ()):
        here(
            "accounts",
            "person",
            "narrow",
            clerk,
            *flags,
            "--reason",
            "x",
            exit_code=2 - bool(flags),
        )
    here("accounts", "person", "narrow", clerk, "--all", "--reason", "tamamı")
    assert asked(clerk).records == [whole]


def call(gateway: Served, username: str, password: str, inquirer: str = "FIRMA") -> Any:
    """A question of another account than the town's own."""
    token = security({"username": username}, password)
    question = envelope(person_query([gateway.number(0)]), token + on_behalf(inquirer=inquirer))
    return gateway.post(PERSON, question, names={"Content-Type": MEDIA[SOAP11]})


def mandate(here: Command, account: str) -> str:
    """Let a vendor act for the town for some days; returns the account's password."""
    until = (datetime.now(ISTANBUL) + timedelta(days=30)).date().isoformat()
    here(
        *("accounts", "mandate", "add", account, "--vendor", "Örnek Yazılım"),
        *("--institution", TOWN, "--until", until, "--network", "127.0.0.0/8"),
        *("--service", SERVICE, "--reason", "sözleşme 7"),
    )
    return here("accounts", "password", account, "--reason", "x").stdout.strip()


def test_both_passwords_hold_while_a_system_changes(gateway: Served, here: Command) -> None:
    account = "FIRMA-002"
    first = mandate(here, account)
    rotate = ("accounts", "password", account, "--reason", "yıllık")
    here(*rotate, "--keep-old", "9", exit_code=1)
    second = here(*rotate, "--keep-old", "7").stdout.strip()
    assert call(gateway, account, first).records
    assert call(gateway, account, second).records
    assert call(gateway, account, "yanlış parola 99").fault[0] == 500
    listed = json.loads(here("accounts", "list", "--json").stdout)
    until = next(one for one in listed if one["account"] == account)["former_password_until"]
    assert datetime.fromisoformat(until) - datetime.now(UTC) > timedelta(days=6)
    third = here(*rotate, "--ask", stdin="uzunca bir parola 1\nuzunca bir parola 1\n")
    assert "The password is set." in third.output
    assert call(gateway, account, "uzunca bir parola 1").records
    assert call(gateway, account, first).fault[0] == 500


def test_a_vendors_account_acts_under_a_mandate_until_it_ends(
    gateway: Served, here: Command
) -> None:
    account = "FIRMA-001"
    before = here("accounts", "password", account, "--reason", "x").stdout.strip()
    assert call(gateway, account, before).refused[:2] == (200, "201")
    wrong = ("accounts", "mandate", "add", account, "--vendor", "Ö", "--until", "2099-01-01")
    told = here(
        *(*wrong, "--institution", TOWN, "--service", "YokServis", "--reason", "x"), exit_code=1
    )
    assert "does not grant: YokServis" in told.output
    told = here(*wrong, "--institution", "B-34-0418", "--reason", "x", exit_code=1)
    assert "Did you mean B-34-0417?" in told.output
    password = mandate(here, account)
    assert call(gateway, account, password).records
    record = newest(here, "SORGU")
    assert (record["account"], record["institution"]) == (account, TOWN)
    assert record["on_behalf_of"].startswith("VEKALET ")
    held = json.loads(here("accounts", "mandates", "--json").stdout)
    listed = next(one for one in held if one["account"] == account)
    assert listed["holds"] == "yes"
    assert account in here("accounts", "mandates", "--institution", TOWN).output
    number = str(listed["number"])
    here("accounts", "mandate", "end", number, "--reason", "sözleşme bitti")
    assert call(gateway, account, password).refused[:2] == (200, "201")
    here("accounts", "mandate", "end", number, "--reason", "x", exit_code=1)


def test_special_categories_take_two_people(here: Command, clerk: str) -> None:
    asked = here("accounts", "special", clerk, SERVICE, "--reason", "mahkeme", by="ayse")
    number = asked.output.split()[1]
    assert clerk in here("accounts", "approvals").output
    (waiting,) = json.loads(here("accounts", "approvals", "--json").stdout)
    assert (waiting["number"], waiting["asked_by"]) == (int(number), "ayse")
    own = here("accounts", "approve", number, "--reason", "olur", by="ayse", exit_code=1)
    assert "somebody else must" in own.output
    here("accounts", "approve", number, "--reason", "olur", by="bulent")
    assert shown(here, clerk)["special_categories_of"] == [SERVICE]
    here("accounts", "special", clerk, SERVICE, "--withdraw", "--reason", "bitti")
    assert shown(here, clerk)["special_categories_of"] == []
    asked = here("accounts", "special", clerk, SERVICE, "--reason", "mahkeme", by="ayse")
    number = asked.output.split()[1]
    done = here("accounts", "approve", number, "--refuse", "--reason", "hayır", by="bulent")
    assert "RED" in done.output


def test_people_are_changed_and_listed(here: Command, clerk: str) -> None:
    here("accounts", "person", "change", clerk, "--unit", "Yazı İşleri", "--reason", "nakil")
    here("accounts", "person", "change", clerk, "--until", "2099-12-31", "--reason", "süre")
    assert shown(here, clerk)["valid_until"] == "2099-12-31"
    here("accounts", "person", "change", clerk, "--no-end", "--reason", "süresiz")
    here("accounts", "person", "change", clerk, "--deputy-for", "", "--reason", "yok")
    here(
        *("accounts", "person", "change", clerk, "--role", "TEKNIK", "--role", "ALT_KULLANICI"),
        *("--row-version", "5", "--reason", "rol"),
    )
    stale = here(
        *("accounts", "person", "change", clerk, "--unit", "A", "--row-version", "1"),
        *("--reason", "x"),
        exit_code=1,
    )
    assert "changed since you read it" in stale.output
    assert (
        "Say what to change"
        in here("accounts", "person", "change", clerk, "--reason", "x", exit_code=2).output
    )
    person = shown(here, clerk)
    assert (person["unit"], person["roles"]) == ("Yazı İşleri", "ALT_KULLANICI TEKNIK")
    assert clerk in here("accounts", "people", "--text", "yazı işleri").output
    assert clerk not in here("accounts", "people", "--institution", "").output
    none = here("accounts", "person", "show", "no.one", exit_code=1)
    assert "nobody with this id" in none.output
    day = here(
        "accounts", "person", "leave", clerk, "--on", "31.12.2099", "--reason", "x", exit_code=2
    )
    assert "no day such as 2026-12-31" in day.output
    later = here("accounts", "person", "leave", clerk, "--on", "2099-12-31", "--reason", "x")
    assert "Leaves after 2099-12-31" in later.output


def test_everything_wrong_with_a_person_is_told_at_once(here: Command) -> None:
    wrong = here(
        *("accounts", "person", "add", "Zeynep K", "--name", " ", "--institution", TOWN),
        *("--role", "MERKEZ", "--reason", "x"),
        exit_code=1,
    )
    assert len(wrong.output.strip().splitlines()) == 3
    unknown = here(
        *("accounts", "person", "add", "z.k", "--name", "Z K", "--institution", "B-99-0000"),
        *("--role", "IDARI", "--reason", "x"),
        exit_code=1,
    )
    assert "No agreement in force is with the institution B-99-0000" in unknown.output


def test_a_one_time_password_is_printed_once(here: Command, clerk: str) -> None:
    done = here("accounts", "person", "password", clerk, "--new-codes", "--reason", "ilk giriş")
    made = done.stdout.strip()
    assert len(made) == 29
    assert shown(here, clerk)["password"] == "one-time"
    assert made not in json.dumps(newest(here, "KISI_PAROLA"))
    assert "one-time" in here("accounts", "person", "show", clerk).output


def test_seats_and_systems_are_kept(here: Command, clerk: str) -> None:
    seats = here("accounts", "seats", TOWN, "--unit", "Arşiv", "--most", "0", "--reason", "yok")
    assert "Arşiv" in seats.output
    full = here(
        *("accounts", "person", "change", clerk, "--unit", "Arşiv", "--reason", "x"), exit_code=1
    )
    assert "no free seat" in full.output
    assert json.loads(here("accounts", "seats", TOWN, "--json").stdout) == [
        {"unit": "Arşiv", "most": 0, "taken": 0}
    ]
    made = here(
        *("accounts", "system", "add", TOWN, "--vendor", "Örnek", "--product", "Belediye"),
        *("--version", "1.0", "--reason", "kurulum"),
    )
    number = made.output.split()[1].rstrip(".")
    here("accounts", "system", "change", number, "--version", "1.1", "--reason", "güncelleme")
    here("accounts", "system", "change", number, "--until", "2099-01-01", "--reason", "bitiş")
    (listed,) = json.loads(here("accounts", "systems", "--institution", TOWN, "--json").stdout)
    assert (listed["version"], listed["until"]) == ("1.1", "2099-01-01")
    assert "Belediye" in here("accounts", "systems").output


def test_a_staff_list_is_brought_in_as_a_whole(
    asked: Callable[[str], Any], here: Command, tmp_path: Path
) -> None:
    table = tmp_path / "personel.csv"
    head = "person_id,name,institution,roles\n"
    line = f"toplu.bir,Toplu Bir,{TOWN},ALT_KULLANICI\n"
    for wrong, said in (
        (line + f"toplu.iki,Toplu İki,{TOWN},YOK\n", "Line 3, roles: There is no role YOK."),
        (
            line + "toplu.iki,Toplu İki,B-99-0000,IDARI\n",
            "Line 3, institution: No agreement in force is with B-99",
        ),
    ):
        table.write_text(head + wrong, encoding="utf-8")
        told = here("accounts", "person", "import", str(table), "--reason", "x", exit_code=1)
        assert said in told.output
    table.write_text("person_id\n", encoding="utf-8")
    told = here("accounts", "person", "import", str(table), "--reason", "x", exit_code=1)
    assert "There is no column name." in told.output
    table.write_text(head + line, encoding="utf-8")
    done = here("accounts", "person", "import", str(table), "--reason", "yıllık liste")
    assert "1 people are registered." in done.output
    assert asked("toplu.bir").records
    here("accounts", "person", "leave", "toplu.bir", "--reason", "bitti")


def changed_by_itself(gateway: Served, password: str, new: str) -> str:
    payload = (
        '<p:ParolaDegistir xmlns:p="urn:kps-soap:parola:1">'
        f"<p:yeniParola>{new}</p:yeniParola></p:ParolaDegistir>"
    )
    address = "/kps/ParolaServis/1"
    return gateway.ask(address, payload, institution="SRK-0112", password=password).body.decode()


def test_a_password_for_one_use_opens_its_own_change_and_nothing_else(
    gateway: Served, here: Command
) -> None:
    own = gateway.account("SRK-0112")
    words = ("accounts", "password", own["username"], "--reason", "başlangıç paketi", "--one-time")
    once = here(*words).stdout.strip()
    question = person_query(gateway.number(0))
    refused = gateway.ask(PERSON, question, institution="SRK-0112", password=once)
    assert refused.headers["kps-sonuc-kodu"] == "201"
    assert "tek kullanımlık" in refused.body.decode()
    assert "14-256 karakter" in changed_by_itself(gateway, once, "kisa")
    assert "ParolaDegisti>true<" in changed_by_itself(gateway, once, own["password"])
    answered = gateway.ask(PERSON, question, institution="SRK-0112")
    assert answered.headers["kps-sonuc-kodu"] == "0"
    assert "with both" in here(*words, "--keep-old", "3", exit_code=2).stderr
