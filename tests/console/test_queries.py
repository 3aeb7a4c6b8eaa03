"""A query by hand: the same line, record and limits as a SOAP call."""

import base64
import re
from datetime import UTC, datetime

import pytest
from house_samples import AUDITOR, CLERK, HEAD, Browser, ConsoleHouse
from lxml import etree

from kps_soap.audit import search
from kps_soap.database import writing
from kps_soap.people import keeping, narrowings
from kps_soap.people.narrowings import Narrowing
from kps_soap.people.person import Actor

PATH = "/sorgu/KisiSorgulaTCKimlikNoServis/2011/01/01"
PURPOSE, CASE = "amac", "islem"


def ask(browser: Browser, number: int, case: str, *, purpose: str = "PASAPORT") -> str:
    browser.send(PATH, {"TCKimlikNo": number, PURPOSE: purpose, CASE: case})
    return browser.text


def persona(house: ConsoleHouse, index: int = 0) -> dict[str, object]:
    return dict(house.demo["personas"][index])


def test_an_answer_shows_the_person_and_its_receipt(house: ConsoleHouse, clerk: Browser) -> None:
    found = persona(house)
    text = ask(clerk, int(str(found["identity_number"])), "2026/1")
    assert str(found["surname"]) in text
    assert "Alındı numarası" in text
    (record,) = house.events(case_number="2026/1")
    assert record.receipt_number in text
    assert record.answer_digest in text


def test_the_record_holds_what_a_soap_calls_does(house: ConsoleHouse, clerk: Browser) -> None:
    ask(clerk, int(str(persona(house)["identity_number"])), "2026/2")
    (record,) = house.events(case_number="2026/2")
    assert record.event == "SORGU"
    assert (record.door, record.channel, record.vouched_by) == ("console", "WEB", "OTURUM")
    assert (record.account, record.inquirer) == (CLERK, "V06-PASAPORT-01")
    assert (record.institution, record.agreement) == ("V-06-0001", "2026/118")
    assert (record.purpose, record.unit, record.units) == ("PASAPORT", "Servis", 1)
    assert record.fee.startswith("MUAF")
    assert record.source_address == "127.0.0.1"
    assert record.message_id is None


def test_question_and_answer_lie_in_the_evidence(house: ConsoleHouse, clerk: Browser) -> None:
    number = persona(house)["identity_number"]
    ask(clerk, int(str(number)), "2026/3")
    (record,) = house.events(case_number="2026/3")
    inside = house.inside
    with house.engine.connect() as connection:
        shown = search.open_record(connection, inside.keyring, record.chain_id, record.sequence)
    assert shown.question is not None
    assert shown.answer is not None
    assert str(number).encode() in shown.question
    assert b"Sorgulayan" in shown.question
    assert b"<ds:SignatureValue>" in shown.answer


def test_what_the_page_gives_to_download_is_what_was_signed(
    house: ConsoleHouse, clerk: Browser
) -> None:
    ask(clerk, int(str(persona(house)["identity_number"])), "2026/4")
    link = re.search(r'href="data:application/xml;base64,([^"]+)"', clerk.last.text)
    assert link is not None
    root = etree.fromstring(base64.b64decode(link[1]))
    assert etree.QName(root).localname == "Envelope"
    assert root.findtext(".//{urn:kps-soap:alindi:1}AlindiNo") in clerk.text


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "T.C. kimlik no: doldurun."),
        ({"TCKimlikNo": "12a"}, "yalnızca rakam"),
        ({"TCKimlikNo": "9" * 19}, "yalnızca rakam"),
        ({"TCKimlikNo": "1"}, "sorgunun amacını seçin"),
        ({"TCKimlikNo": "1", PURPOSE: "IKAMET_IZNI"}, "sorgunun amacını seçin"),
        ({"TCKimlikNo": "1", PURPOSE: "PASAPORT"}, "anlaşmanız her sorguda bunu ister"),
        ({"TCKimlikNo": "1", PURPOSE: "PASAPORT", CASE: "x" * 65}, "bunu ister"),
    ],
)
def test_a_wrong_form_says_what_is_wrong_and_asks_nobody(
    values: dict[str, str], sentence: str, house: ConsoleHouse, clerk: Browser
) -> None:
    before = len(house.events(account=CLERK))
    assert clerk.send(PATH, values).status_code == 422
    assert sentence in clerk.text
    assert len(house.events(account=CLERK)) == before


def test_a_number_with_wrong_check_digits_is_the_same_answer_as_an_unknown_one(
    house: ConsoleHouse, clerk: Browser
) -> None:
    ask(clerk, 12345678901, "2026/5")
    wrong = clerk.text
    assert "bulunamadı" in wrong
    ask(clerk, 10000000146, "2026/6")
    assert "bulunamadı" in clerk.text


def test_a_form_by_hand_for_a_service_that_is_not_open_finds_nothing(clerk: Browser) -> None:
    for path in (
        "/sorgu/KisiListeleServis/2011/01/01",
        "/sorgu/KPSPublic/WS",
        "/sorgu/YokServis/1",
        "/sorgu/KisiSorgulaTCKimlikNoServis/1999/01/01",
    ):
        assert clerk.get(path).status_code == 404
        assert clerk.send(path, {"TCKimlikNo": 1}, page=PATH).status_code == 404


def test_an_agreement_without_the_door_opens_no_service(house: ConsoleHouse) -> None:
    """The insurer's agreement does not name the console."""
    agreement = house.inside.book.current().of_institution("SGR-0102")
    assert all("console" not in one.access.doors for one in agreement)


def test_a_share_narrows_the_menu_and_the_line(house: ConsoleHouse) -> None:
    browser = house.browser("bnk-0046.memur")
    person_id, now = "bnk-0046.memur", datetime.now(UTC)
    browser.get("/sorgu")
    offered = re.findall(r'href="/konsol(/sorgu/[^"]+)"', browser.last.text)
    assert len(offered) > 1
    kept = offered[0].split("/")[2]
    agreements = house.inside.book.current().of_institution("BNK-0046")
    with house.engine.connect() as connection, writing(connection):
        found = keeping.find(connection, person_id, now=now)
        assert found is not None
        narrowings.replace(
            connection,
            person_id,
            [Narrowing(person_id, kept)],
            agreements=agreements,
            row_version=found.row_version,
            by=Actor.operator("test"),
            now=now,
        )
    browser.get("/sorgu")
    left = re.findall(r'href="/konsol(/sorgu/[^"]+)"', browser.last.text)
    assert left
    assert {path.split("/")[2] for path in left} == {kept}


def test_a_dictionary_is_shown_too(house: ConsoleHouse, clerk: Browser) -> None:
    browser = house.browser("b-34-0417.memur")
    path = "/sorgu/AksOkuTumIleBagliIlceServis/2011/01/01"
    if browser.get(path).status_code == 404:
        path = "/sorgu/BilesikKutukSorgulaKimlikNoServis/2024/04/01"
    assert browser.get(path).status_code == 200


@pytest.mark.parametrize("index", range(12))
def test_every_service_shows_an_answer_about_many_kinds_of_people(
    index: int, house: ConsoleHouse
) -> None:
    browser = _municipal(house)
    found = persona(house, index * 5)
    born = found["birth"]
    assert isinstance(born, dict)
    values = {
        "KimlikNo": found["identity_number"],
        "DogumGun": born["day"] or "",
        "DogumAy": born["month"] or "",
        "DogumYil": born["year"] or 1900,
        PURPOSE: "EMLAK_BEYAN",
    }
    path = "/sorgu/BilesikKutukSorgulaKimlikNoServis/2024/04/01"
    assert browser.send(path, values).status_code == 200
    assert "Alındı numarası" in browser.text


_signed_in: dict[int, Browser] = {}


def _municipal(house: ConsoleHouse) -> Browser:
    if id(house) not in _signed_in:
        _signed_in[id(house)] = house.browser("b-34-0417.memur")
    return _signed_in[id(house)]


def test_ones_history_lists_queries_without_whom_and_is_on_record(
    house: ConsoleHouse, clerk: Browser
) -> None:
    number = persona(house)["identity_number"]
    ask(clerk, int(str(number)), "gecmis-1")
    clerk.get("/gecmis")
    assert "gecmis-1" in clerk.text
    assert str(number) not in clerk.last.text
    assert house.events(account=CLERK, event="IZ_ARAMA", door="console")


def test_history_goes_on_in_pages_and_takes_no_address_that_somebody_made_up(
    house: ConsoleHouse, clerk: Browser
) -> None:
    (record,) = house.events(case_number="gecmis-1")
    after = f"{record.received_us}.{record.chain_id}.{record.sequence}"
    clerk.get(f"/gecmis?sonra={after}")
    assert "gecmis-1" not in clerk.text
    for wrong in ("1", "1.2", "x.y.z", "9" * 30 + ".a.1", "1.%00.2"):
        assert clerk.get(f"/gecmis?sonra={wrong}").status_code == 200
        assert "gecmis-1" in clerk.text


def test_the_administrator_sees_all_queries_of_the_institution(
    house: ConsoleHouse, clerk: Browser
) -> None:
    ask(clerk, int(str(persona(house)["identity_number"])), "kurum-1")
    head = house.browser(HEAD)
    assert head.get("/sorgu").status_code == 403
    head.get("/kurum/gecmis")
    assert "kurum-1" in head.text
    assert "V06-PASAPORT-01" in head.text
    assert str(persona(house)["identity_number"]) not in head.last.text
    assert house.events(account=HEAD, event="IZ_ARAMA")


def test_a_query_from_elsewhere_than_the_agreement_says_is_refused_on_record(
    house: ConsoleHouse,
) -> None:
    browser = house.stranger(source="203.0.113.77")
    browser.sign_in(CLERK)
    assert browser.place == "/"
    ask(browser, int(str(persona(house)["identity_number"])), "uzaktan-1")
    assert "IP adresi anlaşmanızda tanımlı değil" in browser.text
    refused = house.events(account=CLERK, event="RET")[-1]
    assert (refused.outcome, refused.source_address) == (206, "203.0.113.77")
    assert str(persona(house)["surname"]) not in browser.text


def test_an_auditor_finds_the_query_in_the_evidence(house: ConsoleHouse) -> None:
    assert house.person(AUDITOR)["role"] == "DENETCI"
    assert house.events(account=CLERK, event="SORGU")


def test_a_query_by_somebody_blocked_meanwhile_is_no_query(house: ConsoleHouse) -> None:
    person_id = "bnk-0046.memur"
    browser = house.browser(person_id)
    browser.get("/sorgu")
    path = re.findall(r'href="/konsol(/sorgu/[^"]+)"', browser.last.text)[0]
    token = browser.token(path)
    with house.engine.connect() as connection, writing(connection):
        by = Actor.operator("test")
        keeping.block(connection, person_id, by=by, now=datetime.now(UTC))
    browser.send(path, {}, token=token)
    assert browser.place == "/giris"
    assert not house.events(account=person_id, event="SORGU")
