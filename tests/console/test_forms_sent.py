"""Forms: where they come from, whose they are, and that each is taken once."""

from datetime import UTC, datetime, timedelta

import pytest
from house_samples import CLERK, HEAD, Browser, ConsoleHouse
from sqlalchemy import create_engine, select

from kps_soap.console import forms
from kps_soap.console.forms import AlreadySent, FormTokens, TokenWrong
from kps_soap.console_models import console_spent_forms
from kps_soap.model_metadata import METADATA

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def numbers(size: int) -> bytes:
    return bytes(range(size))


def tokens(secret: str = "a" * 64, *, at: datetime = NOW) -> FormTokens:
    return FormTokens(secret, now=at, random_bytes=numbers)


def test_a_token_is_good_for_its_own_browser_only() -> None:
    token = tokens().new()
    assert len(tokens().check(token)) == 32
    with pytest.raises(TokenWrong):
        tokens("b" * 64).check(token)


@pytest.mark.parametrize("token", ["", ".", "x.y.z", "00.0", "é" * 9])
def test_what_is_no_token_is_none(token: str) -> None:
    with pytest.raises(TokenWrong):
        tokens().check(token)


def test_a_changed_token_is_none() -> None:
    token = tokens().new()
    with pytest.raises(TokenWrong):
        tokens().check(("1" if token[0] == "0" else "0") + token[1:])


@pytest.mark.parametrize("hours", [-1, 9])
def test_a_token_is_good_for_as_long_as_a_session_can_last(hours: int) -> None:
    token = tokens().new()
    with pytest.raises(TokenWrong):
        tokens(at=NOW + timedelta(hours=hours)).check(token)
    assert tokens(at=NOW + timedelta(hours=7)).check(token)


def test_a_form_is_spent_once_and_forgotten_later() -> None:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine, tables=[console_spent_forms])
    with engine.connect() as connection:
        forms.spend(connection, b"x", now=NOW)
        with pytest.raises(AlreadySent):
            forms.spend(connection, b"x", now=NOW)
        forms.forget_old(connection, now=NOW + timedelta(hours=15))
        assert connection.execute(select(console_spent_forms)).all()
        forms.forget_old(connection, now=NOW + timedelta(hours=17))
        assert not connection.execute(select(console_spent_forms)).all()
    engine.dispose()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_a_form_from_elsewhere_does_nothing(headers: dict[str, str], house: ConsoleHouse) -> None:
    browser = house.browser(HEAD)
    answer = browser.send("/cikis", {}, page="/parola", **headers)
    assert answer.status_code == 403
    browser.get("/parola")
    assert browser.place == "/parola"


def test_behind_a_proxy_the_public_name_counts(house: ConsoleHouse) -> None:
    browser = house.browser(HEAD)
    answer = browser.send("/cikis", {}, page="/parola", host="gateway.internal")
    assert answer.status_code == 200
    assert browser.place == "/giris"


def test_a_form_without_a_token_or_with_another_browsers_does_nothing(
    house: ConsoleHouse, clerk: Browser
) -> None:
    browser = house.browser(HEAD)
    for token in ("", "x", clerk.token("/parola")):
        assert browser.send("/cikis", {}, token=token).status_code == 403
        assert "süresi dolmuş" in browser.text
    browser.get("/parola")
    assert browser.place == "/parola"


def test_signing_in_demands_a_form_of_this_browser_too(stranger: Browser) -> None:
    answer = stranger.send("/giris", {"kimlik": "x", "parola": "y"}, token="none")
    assert answer.status_code == 403
    assert "süresi dolmuş" in stranger.text


def test_a_form_that_is_no_form_does_nothing(house: ConsoleHouse, clerk: Browser) -> None:
    for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x"):
        request = clerk.client.post(
            "/konsol/parola",
            content=b"form=x",
            headers={"origin": house.base_url, "content-type": kind},
        )
        assert house.run(request).status_code == 403


def test_a_form_that_is_too_large_is_refused_before_it_is_read(
    house: ConsoleHouse, clerk: Browser
) -> None:
    request = clerk.client.post(
        "/konsol/parola",
        content=b"a=" + b"x" * 200_000,
        headers={
            "origin": house.base_url,
            "content-type": "application/x-www-form-urlencoded",
        },
    )
    answer = house.run(request)
    assert answer.status_code == 413
    assert "çok büyük" in answer.text


def test_a_form_with_too_many_fields_is_none(house: ConsoleHouse, clerk: Browser) -> None:
    content = "&".join(f"a{number}=1" for number in range(500)).encode()
    request = clerk.client.post(
        "/konsol/parola",
        content=content,
        headers={
            "origin": house.base_url,
            "content-type": "application/x-www-form-urlencoded",
        },
    )
    assert house.run(request).status_code == 403


def test_the_second_of_two_equal_forms_is_told(house: ConsoleHouse) -> None:
    browser = house.browser(CLERK)
    path = "/sorgu/KisiSorgulaTCKimlikNoServis/2011/01/01"
    number = house.demo["personas"][0]["identity_number"]
    values = {"TCKimlikNo": number, "amac": "PASAPORT", "islem": "iki-kez-1"}
    token = browser.token(path)
    assert browser.send(path, values, token=token).status_code == 200
    assert browser.send(path, values, token=token).status_code == 409
    assert "daha önce gönderilmiş" in browser.text
    assert len(house.events(case_number="iki-kez-1")) == 1


def test_a_wrong_form_may_be_corrected_and_sent_again(house: ConsoleHouse) -> None:
    browser = house.browser(CLERK)
    path = "/sorgu/KisiSorgulaTCKimlikNoServis/2011/01/01"
    assert browser.send(path, {"TCKimlikNo": "abc"}).status_code == 422
    assert not house.events(case_number="duzeltilmis")
    number = house.demo["personas"][0]["identity_number"]
    values = {"TCKimlikNo": number, "amac": "PASAPORT", "islem": "duzeltilmis"}
    assert browser.send(path, values).status_code == 200
    assert len(house.events(case_number="duzeltilmis")) == 1
