"""Every page says who may see it, and shows itself to nobody else."""

import re

import pytest
from house_samples import AUDITOR, CLERK, OPERATOR, Browser, ConsoleHouse

from kps_soap.console.opening import PAGES
from kps_soap.console.pages import Open, Page
from kps_soap.people.roles import Right

WITHOUT_PLACES = [page for page in PAGES if "{" not in page.path and page.show is not None]
GUARDED = [page for page in WITHOUT_PLACES if page.needs is not Open.EVERYBODY]


def path_of(page: Page) -> str:
    return page.path


@pytest.mark.parametrize("page", PAGES, ids=path_of)
def test_every_page_names_a_right_or_says_that_it_needs_none(page: Page) -> None:
    assert isinstance(page.needs, Right | Open)
    assert page.show is not None or page.act is not None


def test_what_everybody_may_see_is_the_door_and_the_verification_of_an_extract() -> None:
    assert {page.path for page in PAGES if page.needs is Open.EVERYBODY} == {"/giris", "/dogrula"}


def test_no_two_pages_are_at_one_place() -> None:
    paths = [page.path for page in PAGES]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("page", GUARDED, ids=path_of)
def test_nobody_sees_a_page_without_signing_in(page: Page, stranger: Browser) -> None:
    stranger.get(page.path)
    assert stranger.place == "/giris"


@pytest.mark.parametrize(
    "page", [page for page in GUARDED if isinstance(page.needs, Right)], ids=path_of
)
def test_a_page_of_a_right_is_refused_to_who_has_it_not(page: Page, clerk: Browser) -> None:
    status = clerk.get(page.path).status_code
    if page.needs in (Right.QUERY, Right.OWN_HISTORY):
        assert status == 200
    else:
        assert status == 403
        assert "yetkiniz yok" in clerk.text


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.act and isinstance(page.needs, Right)], ids=path_of
)
def test_a_form_of_a_right_is_refused_to_who_has_it_not(page: Page, clerk: Browser) -> None:
    if page.needs is not Right.QUERY:
        path = re.sub(r"\{number:\w+\}", "1", page.path).replace("{", "").replace("}", "")
        answer = clerk.send(path, {}, page="/parola")
        assert answer.status_code == 403, path


def test_the_operator_asks_nobody_s_data_by_hand(house: ConsoleHouse) -> None:
    for person_id in (OPERATOR, AUDITOR):
        assert house.browser(person_id).get("/sorgu").status_code == 403


def test_the_navigation_shows_what_one_may_do(clerk: Browser) -> None:
    text = clerk.get("/").text
    assert 'href="/konsol/sorgu"' in text
    assert "/konsol/isletmen" not in text


def test_an_unknown_address_is_a_page_of_the_console(clerk: Browser, stranger: Browser) -> None:
    for browser in (clerk, stranger):
        assert browser.get("/olmayan/sayfa").status_code == 404
        assert "sayfa yok" in browser.text


def test_a_page_that_is_only_shown_takes_no_form(clerk: Browser) -> None:
    assert clerk.send("/gecmis", {}, page="/parola").status_code == 405


def test_a_page_that_is_only_sent_to_shows_nothing(clerk: Browser) -> None:
    assert clerk.get("/cikis").status_code == 405


@pytest.mark.parametrize("path", ["", "/", "/giris", "/sorgu", "/olmayan", "/sabit/konsol.css"])
def test_every_answer_carries_the_policies(path: str, stranger: Browser) -> None:
    headers = stranger.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    if path.startswith("/giris"):
        assert headers["strict-transport-security"].startswith("max-age=")
    if not path.startswith("/sabit"):
        assert headers["cache-control"] == "no-store"


def test_no_page_has_a_script_or_a_style_of_its_own(clerk: Browser) -> None:
    for path in ("/", "/sorgu", "/sorgu/KisiSorgulaTCKimlikNoServis/2011/01/01", "/gecmis"):
        text = clerk.get(path).text
        assert "<script" not in text
        assert " style=" not in text
        assert "<style" not in text


def test_outside_loopback_nothing_is_shown_over_plain_http(house: ConsoleHouse) -> None:
    browser = house.stranger(source="203.0.113.7", base_url="http://127.0.0.1:8080")
    answer = browser.get("/giris")
    assert answer.status_code == 403
    assert "https" in answer.text
    assert "set-cookie" not in answer.headers


def test_the_language_is_a_cookie_and_leads_back_to_a_page_of_the_console(
    stranger: Browser,
) -> None:
    stranger.get("/dil/en?geri=/dogrula")
    assert stranger.place == "/dogrula"
    assert "Verify an extract" in stranger.text
    stranger.get("/dil/de?geri=//elsewhere.example")
    assert stranger.place == "/giris"
    assert "Sign in" in stranger.text


def test_a_clerk_of_the_demo_is_a_user_of_the_institution(house: ConsoleHouse) -> None:
    assert house.person(CLERK)["role"] == "ALT_KULLANICI"
