"""Signing in: password, code, first password; locks, sessions, and what is on record."""

import re
import secrets
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from house_samples import HEAD, OPERATOR, Browser, ConsoleHouse
from sqlalchemy import select, update

from kps_soap.console_models import console_sessions
from kps_soap.database import writing
from kps_soap.people import keeping, passwords
from kps_soap.people.person import Actor, NewPerson
from kps_soap.people.roles import Role
from kps_soap.people_models import people

FIRST = "yalniz bir kez gecer 7"
OWN = "kendi sectigim uzun parola"


@pytest.fixture
def newcomer(house: ConsoleHouse) -> str:
    """Somebody with a one-time password, who has never signed in."""
    person_id = f"yeni.{secrets.token_hex(4)}"
    by, now = Actor.operator("test"), datetime.now(UTC)
    new = NewPerson(
        person_id=person_id,
        name="Yeni Gelen",
        roles=frozenset({Role.USER}),
        valid_from=now.date() - timedelta(days=1),
        institution="V-06-0001",
    )
    first = passwords.new_hash(FIRST)
    with house.engine.connect() as connection, writing(connection):
        keeping.add(connection, new, by=by, now=now)
        passwords.set_initial(connection, person_id, first, by=by, now=now)
    return person_id


def begin(browser: Browser, person_id: str, password: str = FIRST, code: str = "") -> None:
    browser.send("/giris", {"kimlik": person_id, "parola": password, "kod": code})


def secret_on(browser: Browser) -> str:
    found = re.search(r'class="anahtar">([^<]+)<', browser.last.text)
    assert found is not None
    return found[1].replace(" ", "")


def test_the_first_time_one_sets_up_the_code_and_then_a_password(
    house: ConsoleHouse, newcomer: str, stranger: Browser
) -> None:
    begin(stranger, newcomer)
    assert stranger.place == "/giris/kod"
    secret = secret_on(stranger)
    assert stranger.get("/giris/kod/karekod.svg").headers["content-type"] == "image/svg+xml"
    # Until all of it is done nothing else opens.
    assert stranger.get("/sorgu").url.path == "/konsol/giris/kod"
    stranger.send("/giris/kod", {"code": "000000"})
    assert stranger.last.status_code == 422
    assert secret_on(stranger) == secret
    stranger.send("/giris/kod", {"code": pyotp.TOTP(secret).now()})
    assert stranger.place == "/giris/parola"
    assert stranger.get("/sorgu").url.path == "/konsol/giris/parola"
    stranger.send("/giris/parola", {"password": OWN, "again": "baska"})
    assert "aynı değil" in stranger.text
    stranger.send("/giris/parola", {"password": "kisa", "again": "kisa"})
    assert "14-256" in stranger.text
    stranger.send("/giris/parola", {"password": FIRST, "again": FIRST})
    assert stranger.last.status_code == 422
    stranger.send("/giris/parola", {"password": OWN, "again": OWN})
    assert stranger.place == "/"
    assert "Hoş geldiniz, Yeni Gelen" in stranger.text
    events = [row.event for row in house.events(account=newcomer)]
    assert events == ["OTURUM_ACMA", "KISI_KOD", "KISI_PAROLA"]


def test_wrong_and_unknown_look_the_same_and_the_known_one_is_on_record(
    house: ConsoleHouse, newcomer: str, stranger: Browser
) -> None:
    begin(stranger, newcomer, "yanlis")
    wrong = stranger.text.replace(newcomer, "x")
    assert stranger.last.status_code == 403
    begin(stranger, "kimse.yok", "yanlis")
    assert stranger.text.replace("kimse.yok", "x") == wrong
    (refused,) = house.events(account=newcomer, event="OTURUM_RET")
    assert (refused.door, refused.channel, refused.institution) == ("console", "WEB", "V-06-0001")
    assert refused.detail == "wrong password"
    assert not house.events(account="kimse.yok")


def test_five_wrong_passwords_shut_the_door_for_the_right_one_too(
    newcomer: str, stranger: Browser
) -> None:
    for _ in range(5):
        begin(stranger, newcomer, "yanlis")
    begin(stranger, newcomer)
    assert stranger.last.status_code == 403
    assert stranger.place == "/giris"


def test_a_right_password_without_its_code_opens_nothing(
    house: ConsoleHouse, stranger: Browser
) -> None:
    stranger.sign_in(HEAD, kod="")
    assert stranger.last.status_code == 403
    stranger.sign_in(HEAD, kod="000000")
    assert stranger.last.status_code == 403
    assert stranger.get("/").url.path == "/konsol/giris"


def test_whatever_is_wrong_the_page_says_the_same(house: ConsoleHouse, stranger: Browser) -> None:
    said = set()
    for changes in (
        {"kod": ""},
        {"kod": "000000"},
        {"parola": "yanlis"},
        {"parola": "yanlis", "kod": ""},
        {"kimlik": "kimse.yok"},
    ):
        stranger.sign_in(HEAD, **changes)
        said.add((stranger.last.status_code, stranger.text))
        shown = {**changes}.get("kimlik", HEAD)
        assert f'value="{shown}"' in stranger.last.text
    assert len(said) == 1
    house.forget_codes()


def test_a_form_without_a_name_or_a_password_is_no_guess(
    house: ConsoleHouse, newcomer: str, stranger: Browser
) -> None:
    begin(stranger, "", "")
    assert stranger.last.status_code == 422
    assert "Kullanıcı kimliğinizi yazın" in stranger.text
    begin(stranger, newcomer, "")
    assert "Parolanızı yazın" in stranger.text
    assert not house.events(account=newcomer)


def test_a_code_is_good_once(house: ConsoleHouse, stranger: Browser) -> None:
    known = house.person(HEAD)
    first = house.stranger()
    code = pyotp.TOTP(known["code_secret"]).now()
    first.sign_in(HEAD, kod=code)
    assert first.place == "/"
    begin(stranger, HEAD, known["password"], code)
    assert stranger.last.status_code == 403


def test_signing_in_gives_the_browser_another_cookie(house: ConsoleHouse) -> None:
    browser = house.stranger()
    browser.get("/giris")
    before = browser.client.cookies["__Host-konsol"]
    browser.sign_in(HEAD)
    after = browser.client.cookies["__Host-konsol"]
    assert before != after
    stated = browser.last.history[0].headers.get_list("set-cookie")
    assert any(
        "HttpOnly" in line and "Secure" in line and "SameSite=strict" in line for line in stated
    )


def test_the_database_holds_no_cookie(house: ConsoleHouse) -> None:
    browser = house.browser(HEAD)
    cookie = browser.client.cookies["__Host-konsol"]
    with house.engine.connect() as connection:
        stored = connection.execute(select(console_sessions.c.digest)).scalars().all()
    assert stored
    assert all(bytes.fromhex(cookie) != bytes(one) for one in stored)


def test_a_session_that_nobody_uses_ends(house: ConsoleHouse) -> None:
    browser = house.browser(HEAD)
    ago = round((datetime.now(UTC) - timedelta(minutes=16)).timestamp() * 1_000_000)
    house.write(
        update(console_sessions).where(console_sessions.c.person_id == HEAD).values(seen_us=ago)
    )
    browser.get("/parola")
    assert browser.place == "/giris"
    assert "Önce oturum açın" in browser.text


def test_using_a_session_keeps_it_open_until_its_end(house: ConsoleHouse) -> None:
    browser = house.browser(HEAD)
    now = datetime.now(UTC)
    mine = console_sessions.c.person_id == HEAD
    ago = round((now - timedelta(minutes=14)).timestamp() * 1_000_000)
    house.write(update(console_sessions).where(mine).values(seen_us=ago))
    browser.get("/parola")
    assert browser.place == "/parola"
    with house.engine.connect() as connection:
        seen = connection.execute(select(console_sessions.c.seen_us).where(mine)).scalars().all()
    assert max(seen) > ago
    past = round((now - timedelta(seconds=1)).timestamp() * 1_000_000)
    house.write(update(console_sessions).where(mine).values(ends_us=past))
    browser.get("/parola")
    assert browser.place == "/giris"


def test_a_block_ends_the_session_at_its_next_request(house: ConsoleHouse, newcomer: str) -> None:
    browser = signed_in_newcomer(house, newcomer)
    with house.engine.connect() as connection, writing(connection):
        keeping.block(connection, newcomer, by=Actor.operator("test"), now=datetime.now(UTC))
    browser.get("/sorgu")
    assert browser.place == "/giris"


def signed_in_newcomer(house: ConsoleHouse, person_id: str) -> Browser:
    browser = house.stranger()
    begin(browser, person_id)
    secret = secret_on(browser)
    browser.send("/giris/kod", {"code": pyotp.TOTP(secret).now()})
    browser.send("/giris/parola", {"password": OWN, "again": OWN})
    assert browser.place == "/"
    house.demo["people"].append(
        {"person_id": person_id, "password": OWN, "code_secret": secret, "role": "ALT_KULLANICI"}
    )
    return browser


def test_another_password_ends_every_other_session(house: ConsoleHouse, newcomer: str) -> None:
    here = signed_in_newcomer(house, newcomer)
    there = house.browser(newcomer)
    secret = house.person(newcomer)["code_secret"]
    house.forget_codes()
    here.send("/parola", {"parola": "yanlis", "kod": "1", "password": OWN, "again": OWN})
    assert here.last.status_code == 403
    house.forget_codes()
    values = {"parola": OWN, "kod": pyotp.TOTP(secret).now()}
    other = "baska bir uzun parola 9"
    here.send("/parola", values | {"password": other, "again": other})
    assert here.place == "/", here.text
    assert "Parolanız değişti" in here.text
    there.get("/sorgu")
    assert there.place == "/giris"


def test_signing_out_ends_the_session_and_is_on_record(house: ConsoleHouse) -> None:
    browser = house.browser(OPERATOR)
    cookie = browser.client.cookies["__Host-konsol"]
    browser.send("/cikis", {}, page="/parola")
    assert "Oturumunuz kapatıldı" in browser.text
    again = house.stranger()
    again.client.cookies.set("__Host-konsol", cookie, domain="127.0.0.1")
    again.get("/parola")
    assert again.place == "/giris"
    assert house.events(account=OPERATOR, event="OTURUM_KAPAMA")


def test_whoever_is_signed_in_is_not_asked_again(clerk: Browser) -> None:
    clerk.get("/giris")
    assert clerk.place == "/"


def test_too_many_wrong_ones_from_one_address_wait(house: ConsoleHouse) -> None:
    browser = house.stranger(source="198.51.100.9")
    for _ in range(100):
        house.inside.attempts.failed("198.51.100.9")
    browser.sign_in(HEAD)
    assert browser.last.status_code == 429
    assert "dakika sonra" in browser.text


def test_nobody_is_locked_out_by_what_the_tests_did(house: ConsoleHouse) -> None:
    house.forget_codes()
    with house.engine.connect() as connection:
        locked = connection.execute(
            select(people.c.person_id).where(people.c.locked_until_us > 0)
        ).all()
    assert not locked


def test_a_password_that_is_too_old_is_changed_before_anything_else(
    house: ConsoleHouse, newcomer: str
) -> None:
    browser = signed_in_newcomer(house, newcomer)
    browser.get("/")
    assert "Parolanızı" not in browser.text
    mine = people.c.person_id == newcomer
    days = house.inside.settings.password_days_max
    soon = datetime.now(UTC) - timedelta(days=days - 3)
    house.write(update(people).where(mine).values(password_us=round(soon.timestamp() * 1e6)))
    browser.get("/")
    assert "Parolanızı" in browser.text
    past = soon - timedelta(days=9)
    house.write(update(people).where(mine).values(password_us=round(past.timestamp() * 1e6)))
    again = house.stranger()
    again.sign_in(newcomer)
    assert again.place == "/giris/parola"
    assert f"Parolanız {days} günden eski" in again.text
    assert again.get("/sorgu").url.path == "/konsol/giris/parola"
    again.send("/giris/parola", {"password": OWN, "again": OWN})
    assert "Son 5 paroladan biri" in again.text
    other = "yepyeni uzun bir parola 3"
    again.send("/giris/parola", {"password": other, "again": other})
    assert again.place == "/", again.text
    browser.get("/sorgu")
    assert browser.place == "/giris"


def test_a_password_that_is_too_old_can_still_be_changed_by_whoever_is_signed_in(
    house: ConsoleHouse, newcomer: str
) -> None:
    browser = signed_in_newcomer(house, newcomer)
    mine = people.c.person_id == newcomer
    house.write(update(people).where(mine).values(password_us=1))
    house.forget_codes()
    other = "yepyeni uzun bir parola 4"
    known = pyotp.TOTP(house.person(newcomer)["code_secret"]).now()
    values = {"parola": OWN, "kod": known, "password": other, "again": other}
    browser.send("/parola", values)
    assert browser.place == "/", browser.text


def test_whose_access_ends_soon_is_told_on_the_front_page(
    house: ConsoleHouse, newcomer: str
) -> None:
    browser = signed_in_newcomer(house, newcomer)
    until = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    mine = people.c.person_id == newcomer
    house.write(update(people).where(mine).values(valid_until=until))
    browser.get("/")
    assert "gününün sonunda kapanır" in browser.text
