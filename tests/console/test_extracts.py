"""The extract of an answer: its code, its picture, and the page that verifies it."""

import re

import pytest
from house_samples import Browser, ConsoleHouse

from kps_soap.console.extracts import code_of

PATH = "/sorgu/KisiSorgulaTCKimlikNoServis/2011/01/01"


@pytest.fixture
def receipt(house: ConsoleHouse, clerk: Browser) -> tuple[str, str]:
    """Receipt number and code of a query that was just made."""
    number = house.demo["personas"][4]["identity_number"]
    clerk.send(PATH, {"TCKimlikNo": number, "amac": "PASAPORT", "islem": "cikti"})
    found = re.findall(r"<dd><strong>([^<]+)</strong></dd>", clerk.last.text)
    return found[0], found[1]


def test_a_code_is_of_one_receipt_and_one_answer() -> None:
    code = code_of("N", "ab")
    assert re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", code)
    assert len({code, code_of("N", "ac"), code_of("M", "ab")}) == 3


def test_whoever_holds_an_extract_learns_that_it_is_genuine(
    receipt: tuple[str, str], stranger: Browser, house: ConsoleHouse
) -> None:
    number, code = receipt
    assert stranger.get(f"/dogrula?no={number}&kod={code.lower()}").status_code == 200
    assert "Bu alındı gerçek" in stranger.text
    assert "Örnek Valiliği" in stranger.text
    assert house.demo["personas"][4]["surname"] not in stranger.last.text
    assert house.events(event="ALINDI", channel="WEB")


@pytest.mark.parametrize(
    ("number", "code", "status"),
    [
        ("", "", 200),
        ("{number}", "", 422),
        ("", "{code}", 422),
        ("{number}", "AAAA-AAAA-AAAA-AAAA", 404),
        ("20261122-V-06-0001-00000099-00", "{code}", 404),
        ("bozuk", "{code}", 404),
        ("{number}", "ıİ%F0%9F%98%80", 404),
    ],
)
def test_a_wrong_code_and_an_unknown_number_are_one_answer(
    number: str, code: str, status: int, receipt: tuple[str, str], stranger: Browser
) -> None:
    known = {"number": receipt[0], "code": receipt[1]}
    address = f"/dogrula?no={number.format(**known)}&kod={code.format(**known)}"
    assert stranger.get(address).status_code == status
    assert "gerçek:" not in stranger.text
    if status == 404:
        assert "bulunamadı" in stranger.text


def test_the_picture_is_for_who_is_signed_in(
    receipt: tuple[str, str], clerk: Browser, stranger: Browser
) -> None:
    number, code = receipt
    picture = clerk.get(f"/karekod/{number}/{code}.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert b"style" not in picture.content
    stranger.get(f"/karekod/{number}/{code}.svg")
    assert stranger.place == "/giris"
