"""What a page of the console says when something goes wrong, and what it never says."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from house_samples import HEAD, Browser, ConsoleHouse
from sqlalchemy.exc import OperationalError
from starlette.responses import Response

from kps_soap import faults
from kps_soap.console.console import Console
from kps_soap.console.forms import Changed
from kps_soap.console.pages import Open, Page
from kps_soap.console.query_door import ConsoleDoor
from kps_soap.console.visit import Visit
from kps_soap.doors.intake import Disconnected
from kps_soap.entry import Entry
from kps_soap.gateway import Answer, Exchange, Question
from kps_soap.people.problems import ChangedMeanwhile
from kps_soap.people.signing_in import Outcome

SECRET = "22342678150"


def browser_of(house: ConsoleHouse, *pages: Page, **parts: Any) -> Browser:
    """A browser before a console of these pages alone."""
    inside = replace(house.inside, **parts)
    transport = httpx.ASGITransport(Console(inside, pages).application(), client=("127.0.0.1", 1))
    client = httpx.AsyncClient(
        transport=transport, base_url=house.base_url, follow_redirects=True, timeout=60
    )
    return Browser(house, client)


def failing(trouble: BaseException) -> Page:
    async def show(_visit: Visit) -> Response:
        raise trouble

    return Page("/olur", Open.EVERYBODY, show)


@pytest.mark.parametrize(
    ("trouble", "status", "sentence"),
    [
        (Changed(), 409, "bir başkası bunu değiştirdi"),
        (ChangedMeanwhile(), 409, "bir başkası bunu değiştirdi"),
        (faults.EvidenceUnavailable(SECRET), 503, "hiçbir şey yapılmadı"),
        (OperationalError(SECRET, {}, ValueError(SECRET)), 503, "hiçbir şey yapılmadı"),
        (ValueError(SECRET), 500, "Beklenmeyen bir hata"),
    ],
)
def test_a_trouble_is_a_sentence_without_a_value(
    trouble: Exception,
    status: int,
    sentence: str,
    house: ConsoleHouse,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    browser = browser_of(house, failing(trouble))
    assert browser.get("/olur").status_code == status
    assert sentence in browser.text
    assert SECRET not in browser.last.text
    assert SECRET not in caplog.text
    assert browser.last.headers["cache-control"] == "no-store"


def test_who_goes_away_is_not_answered(house: ConsoleHouse) -> None:
    browser = browser_of(house, failing(Disconnected()))
    with pytest.raises(Disconnected):
        browser.get("/olur")


def test_a_page_may_show_what_it_is_told_beside_the_event_loop(house: ConsoleHouse) -> None:
    async def show(visit: Visit) -> Response:
        found = await visit.aside(lambda: 7)
        return visit.refused("refused.unforeseen", status=200, number=found)

    browser = browser_of(house, Page("/olur", Open.EVERYBODY, show))
    assert "7" in browser.get("/olur").text


def test_nobody_is_signed_in_on_a_page_for_everybody(house: ConsoleHouse) -> None:
    async def show(visit: Visit) -> Response:
        return visit.refused("refused.right", status=200, name=visit.person.name)

    browser = browser_of(house, Page("/olur", Open.EVERYBODY, show))
    assert browser.get("/olur").status_code == 500


def test_a_log_in_that_is_shut_while_the_password_is_compared_is_refused(
    house: ConsoleHouse, stranger: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kps_soap.console import signing_in

    finish: Callable[..., Outcome] = signing_in.people.finish

    def shut_meanwhile(connection: Any, verdict: Any, *, now: Any) -> Outcome:
        if verdict.outcome is Outcome.OPEN:
            return Outcome.WRONG
        return finish(connection, verdict, now=now)

    monkeypatch.setattr(signing_in.people, "finish", shut_meanwhile)
    before = len(house.events(account=HEAD, event="OTURUM_ACMA"))
    stranger.sign_in(HEAD)
    assert stranger.last.status_code == 403
    assert len(house.events(account=HEAD, event="OTURUM_ACMA")) == before
    refused = house.events(account=HEAD, event="OTURUM_RET")[-1]
    assert refused.detail == "shut or used meanwhile"
    house.forget_codes()


def test_too_many_queries_at_once_are_told_to_come_later(house: ConsoleHouse) -> None:
    from kps_soap.console.opening import PAGES

    async def busy(_question: Question) -> Answer:
        return Answer(503, (), b"busy")

    signed = house.browser("v-06-0001.memur")
    browser = browser_of(house, *PAGES, answer=busy)
    browser.client.cookies = signed.client.cookies
    path = "/sorgu/KisiSorgulaTCKimlikNoServis/2011/01/01"
    values = {"TCKimlikNo": "1", "amac": "PASAPORT", "islem": "x"}
    assert browser.send(path, values).status_code == 503
    assert "Biraz sonra yeniden deneyin" in browser.text


def test_the_door_names_the_person_whatever_becomes_of_the_message(house: ConsoleHouse) -> None:
    person = _signed_in(house)
    door = ConsoleDoor(house.inside.direct, person, "", "")
    question = Question(
        family=door,
        contract=house.inside.contracts[0],
        unverified_body=b"",
        unverified_content_type="",
        unverified_content_encoding="",
        unverified_action=None,
        unverified_agent="",
        source_address="127.0.0.1",
        received_at=house.inside.clock(),
        request_id="r",
        trouble=faults.TooLarge("body"),
    )
    entry = Entry("r", question.received_at, "console")
    exchange = Exchange(question, entry, contract=question.contract)
    with pytest.raises(faults.TooLarge):
        door.read(exchange)
    asyncio.run(door.attribute(exchange))
    assert exchange.on_record
    assert (entry.account, entry.channel) == ("v-06-0001.memur", "WEB")
    refused = door.refuse(exchange, faults.InternalFailure("x"))
    assert refused.status == 500


def _signed_in(house: ConsoleHouse) -> Any:
    from kps_soap.console.house import SignedIn
    from kps_soap.people import keeping

    with house.engine.connect() as connection:
        person = keeping.find(connection, "v-06-0001.memur", now=house.inside.clock())
    assert person is not None
    return SignedIn(person, person.rights)


def test_a_gateway_may_serve_no_console() -> None:
    from contextlib import AsyncExitStack
    from types import SimpleNamespace

    from kps_soap.console.opening import open_console

    around: Any = SimpleNamespace(settings=SimpleNamespace(console="off"))
    assert open_console(AsyncExitStack(), around) is None
