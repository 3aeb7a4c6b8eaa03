"""The console over PostgreSQL: sessions, wrong attempts, forms taken once, four eyes."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from house_samples import CLERK, HEAD, OPERATOR, Browser, ConsoleHouse, console_house
from sqlalchemy import delete, func, select
from test_operator_acts import last_event, seen_on
from test_operator_rights import PERSONS, special_of

from kps_soap.console import forms, sessions
from kps_soap.console_models import console_sessions, console_spent_forms
from kps_soap.database import writing
from kps_soap.entry import Event


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, new_postgresql: str) -> Iterator[ConsoleHouse]:
    """A house whose gateway database is in PostgreSQL."""
    with console_house(tmp_path_factory.mktemp("pg"), moved_to=new_postgresql) as opened:
        assert opened.engine.dialect.name == "postgresql"
        yield opened


@pytest.fixture(scope="module")
def operator(house: ConsoleHouse) -> Browser:
    return house.browser(OPERATOR)


@pytest.fixture(scope="module")
def head(house: ConsoleHouse) -> Browser:
    return house.browser(HEAD)


def rows_in(house: ConsoleHouse, table: object) -> int:
    with house.engine.connect() as connection, connection.begin():
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


# Sessions.


def test_a_session_begins_is_used_and_ends(house: ConsoleHouse) -> None:
    browser = house.browser(CLERK)
    before = rows_in(house, console_sessions)
    assert browser.get("/parola").status_code == 200
    (digest,) = {
        sessions.digest_of(cookie.value or "")
        for cookie in browser.client.cookies.jar
        if cookie.name == sessions.COOKIE
    }
    with house.engine.connect() as connection, connection.begin():
        kept = connection.execute(
            select(console_sessions.c.source_address).where(console_sessions.c.digest == digest)
        ).scalar()
    assert kept == "127.0.0.1"
    browser.send("/cikis", {}, page="/parola")
    assert rows_in(house, console_sessions) == before - 1
    browser.get("/parola")
    assert browser.place == "/giris"


def test_an_idle_session_is_over_and_swept_away(house: ConsoleHouse) -> None:
    browser = house.browser(CLERK)
    long_ago = round((datetime.now(UTC) - timedelta(days=1)).timestamp() * 1e6)
    house.write(console_sessions.update().values(seen_us=long_ago))
    browser.get("/parola")
    assert browser.place == "/giris"
    house.browser(CLERK)
    assert rows_in(house, console_sessions) == 1


def test_a_block_ends_the_session_on_the_next_page(house: ConsoleHouse, operator: Browser) -> None:
    browser = house.browser(CLERK)
    one = f"/isletmen/kisiler/{CLERK}"
    operator.sign_in(OPERATOR)
    for what in ("block", "unblock"):
        seen = seen_on(operator, one)
        operator.send(one, {"what": what, "reason": "deneme", "row_version": seen})
        browser.get("/parola")
        assert browser.place == "/giris"


def test_wrong_passwords_lock_the_log_in_and_are_on_record(house: ConsoleHouse) -> None:
    stranger = house.stranger(source="203.0.113.9")
    stated = {"kimlik": HEAD, "parola": "yanlis yanlis", "kod": "000000"}
    for _ in range(3):
        stranger.send("/giris", stated)
        assert stranger.place == "/giris"
    assert len([one for one in house.events(account=HEAD) if one.event != "KONSOL_GIRIS"]) >= 1


def test_a_code_is_good_once(house: ConsoleHouse) -> None:
    first, second = house.stranger(), house.stranger()
    known = house.person(CLERK)
    code = pyotp.TOTP(known["code_secret"]).now()
    first.sign_in(CLERK, kod=code)
    assert first.place == "/"
    second.send("/giris", {"kimlik": CLERK, "parola": known["password"], "kod": code})
    assert second.place == "/giris"


# Forms.


def test_a_form_is_taken_once_even_where_it_is_sent_twice_at_the_same_instant(
    house: ConsoleHouse, operator: Browser
) -> None:
    operator.sign_in(OPERATOR)
    path = "/isletmen/kontenjanlar"
    token = operator.token(f"{path}?kurum=B-34-0417")
    given = {"institution": "B-34-0417", "most": "7", "seen": "", "reason": "x", "form": token}
    names = {"origin": house.base_url, "sec-fetch-site": "same-origin"}

    async def both() -> list[int]:
        sent = [operator.client.post(f"/konsol{path}", data=given, headers=names) for _ in "ab"]
        return [answer.status_code for answer in await asyncio.gather(*sent)]

    assert sorted(house.run(both())) == [200, 409]
    assert len(house.events(event=Event.SEATS_SET.value)) == 1


def test_two_workers_that_take_one_form_do_it_once(house: ConsoleHouse) -> None:
    now, digest = datetime.now(UTC), b"\x01" * 32
    with ExitStack() as stack:
        one, other = (stack.enter_context(house.engine.connect()) for _ in range(2))
        with writing(one):
            forms.spend(one, digest, now=now)
        with pytest.raises(forms.AlreadySent), writing(other):
            forms.spend(other, digest, now=now)
        with writing(other):
            forms.forget_old(other, now=now + timedelta(days=1))
    with house.engine.connect() as connection, writing(connection):
        left = connection.execute(delete(console_spent_forms)).rowcount
    assert left == 0


# Four eyes, and people.


def test_four_eyes_work_and_each_act_has_its_record(
    house: ConsoleHouse, operator: Browser, head: Browser
) -> None:
    operator.sign_in(OPERATOR)
    head.sign_in(HEAD)
    path = f"/kurum/kisiler/{CLERK}/ozel"
    head.send(path, {"what": "withdraw", "service": PERSONS, "reason": "görevi değişti"})
    head.send(path, {"what": "ask", "service": PERSONS, "reason": "yeni görev"})
    assert PERSONS not in special_of(house, CLERK)
    text = operator.get("/isletmen/onaylar").text
    number = text.split('name="number" value="')[1].split('"')[0]
    allowed = {"what": "approve", "number": number, "reason": "uygun"}
    assert head.send("/isletmen/onaylar", allowed).status_code == 403
    operator.send("/isletmen/onaylar", allowed)
    assert PERSONS in special_of(house, CLERK)
    row, said = last_event(house, Event.APPROVAL_DECIDED)
    assert (row.account, said["reason"]) == (OPERATOR, "uygun")
    again = operator.send("/isletmen/onaylar", {**allowed, "what": "refuse"})
    assert again.status_code == 422 and "artık beklemiyor" in operator.text


def test_people_systems_and_mandates_are_kept(house: ConsoleHouse, operator: Browser) -> None:
    operator.sign_in(OPERATOR)
    new = {
        "person_id": "b-34-0417.pg",
        "institution": "B-34-0417",
        "name": "Su Yeni",
        "role_ALT_KULLANICI": "1",
        "reason": "yeni memur",
    }
    operator.send("/isletmen/kisiler/yeni", new)
    assert operator.place == "/isletmen/kisiler/b-34-0417.pg"
    twice = operator.send("/isletmen/kisiler/yeni", new)
    assert twice.status_code == 422 and "alınmış" in operator.text
    system = {"institution": "B-34-0417", "vendor": "a", "product": "b", "version": "c"}
    operator.send("/isletmen/sistemler/yeni", {**system, "reason": "x"})
    assert "Sistem kaydedildi" in operator.text
    mandate = {
        "institution": "B-34-0417",
        "vendor": "Firma",
        "account": "FIRMA-001",
        "valid_until": "2099-12-31",
        "networks": "203.0.113.10/32",
        "reason": "x",
    }
    place = "/isletmen/vekaletler/yeni"
    operator.send(place, mandate, page=f"{place}?kurum=B-34-0417")
    assert operator.place == "/isletmen/vekaletler/1"
