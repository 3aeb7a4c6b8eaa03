"""Receipts by number, what the gateway sees of who asks, and photographs, as pages."""

import base64
import re
from pathlib import Path

import pytest
from house_samples import CLERK, HEAD, Browser, ConsoleHouse
from lxml import etree

from kps_soap.answers import load_certificates
from kps_soap.audit.checkpoints import Certificates
from kps_soap.receipt_check import Papers, check_receipts

QUERY = "/sorgu/KisiSorgulaTCKimlikNoServis/2011/01/01"
COMBINED = "/sorgu/BilesikKutukSorgulaKimlikNoServis/2023/02/01"
BIRTH = {"DogumGun": "day", "DogumAy": "month", "DogumYil": "year"}


def asked(house: ConsoleHouse, browser: Browser, case: str) -> str:
    """Ask something; the number of its receipt."""
    number = house.demo["personas"][0]["identity_number"]
    browser.send(QUERY, {"TCKimlikNo": number, "amac": "PASAPORT", "islem": case})
    (record,) = house.events(case_number=case, event="SORGU")
    return str(record.receipt_number)


def files_on(browser: Browser) -> dict[str, bytes]:
    found = re.findall(r'href="data:[^;]+;base64,([^"]+)" download="([^"]+)"', browser.last.text)
    return {name.rpartition("-")[2]: base64.b64decode(content) for content, name in found}


def fetch(browser: Browser, number: str, case: str = "dosya 9") -> str:
    browser.send("/alindi", {"AlindiNumarasi": number, "islem": case})
    return browser.text


def test_a_receipt_comes_by_its_number_signed_and_in_files_that_anybody_verifies(
    house: ConsoleHouse, clerk: Browser
) -> None:
    number = asked(house, clerk, "alindi-1")
    text = fetch(clerk, f" {number} ")
    assert clerk.last.status_code == 200, text
    assert f"Alındı {number}" in text
    assert "geçerli: belge kapının anahtarıyla imzalanmış" in text
    files = files_on(clerk)
    certificates = load_certificates(house.demo["signing_certificate_file"])
    for name in ("alindi.xml", "yanit.xml"):
        (checked,) = check_receipts(Papers(files[name]), certificates)
        assert checked.receipt["AlindiNo"] == number
    assert str(house.demo["personas"][0]["identity_number"]) not in clerk.last.text


def test_a_sealed_receipt_says_under_which_seal_and_hands_its_proof_out(
    house: ConsoleHouse, clerk: Browser
) -> None:
    number = asked(house, clerk, "alindi-2")
    fetch(clerk, number)
    assert "henüz mühürlenmedi" in clerk.text
    assert "muhur.json" not in files_on(clerk)
    house.seal()
    fetch(clerk, number)
    said = re.search(r"(\d+) numaralı mührün altında; kanıtı doğrulandı", clerk.text)
    assert said is not None, clerk.text
    files = files_on(clerk)
    (checked,) = check_receipts(
        Papers(files["alindi.xml"], proof=files["muhur.json"]),
        load_certificates(house.demo["signing_certificate_file"]),
        Certificates.read(Path(house.demo["seal_certificate_file"])),
    )
    assert checked.checkpoint is not None
    assert checked.checkpoint.number == int(said[1])


def test_fetching_is_on_record_and_free(house: ConsoleHouse, clerk: Browser) -> None:
    number = asked(house, clerk, "alindi-3")
    fetch(clerk, number)
    record = house.events(account=CLERK, event="ALINDI")[-1]
    assert (record.door, record.channel, record.units) == ("console", "WEB", 0)


@pytest.mark.parametrize(
    ("number", "status", "sentence"),
    [
        ("", 422, "Alındı numarasını yazın"),
        ("12345", 422, "yanlış yazılmış"),
        ("20260101-V-06-0001-00000001-00", 422, "sonundaki iki rakam tutmuyor"),
        ("20260101-V-06-0001-00000001-{check}", 404, "bu numarayla bir alındısı yok"),
    ],
)
def test_a_number_that_is_none_is_told_and_the_number_stays_in_the_form(
    number: str, status: int, sentence: str, clerk: Browser
) -> None:
    if "{check}" in number:
        digits = "".join(str(int(one, 36)) for one in number[:-7].replace("-", "")) + "00"
        number = number.format(check=f"{98 - int(digits) % 97:02d}")
    fetch(clerk, number)
    assert clerk.last.status_code == status, clerk.text
    assert sentence in clerk.text
    assert f'value="{number}"' in clerk.last.text


def test_a_receipt_of_another_institution_is_no_receipt(
    house: ConsoleHouse, clerk: Browser
) -> None:
    number = asked(house, clerk, "alindi-4")
    other = house.browser("b-34-0417.memur")
    fetch(other, number)
    assert "bu numarayla bir alındısı yok" in other.text


def test_the_services_of_ones_own_are_in_the_menu_and_no_cards(clerk: Browser) -> None:
    clerk.get("/sorgu")
    assert 'href="/konsol/alindi"' in clerk.last.text
    assert 'href="/konsol/bilgi"' in clerk.last.text
    for name in ("AlindiServis", "BilgiServis"):
        assert name not in clerk.last.text
    clerk.get("/sorgu/AlindiServis/1")
    assert clerk.place == "/alindi"
    clerk.get("/sorgu/BilgiServis/1")
    assert clerk.place == "/bilgi"


def test_a_query_in_the_history_leads_to_its_receipt(house: ConsoleHouse, clerk: Browser) -> None:
    number = asked(house, clerk, "alindi-5")
    clerk.get("/gecmis")
    assert f'href="/konsol/alindi?no={number}"' in clerk.last.text
    clerk.get(f"/alindi?no={number}")
    assert f'value="{number}"' in clerk.last.text


def test_the_page_of_information_says_as_whom_one_is_seen_and_what_is_open(
    house: ConsoleHouse, clerk: Browser
) -> None:
    clerk.get("/bilgi")
    for said in (CLERK, "127.0.0.1", "V06-PASAPORT-01", "2026/118", "KisiSorgulaTCKimlikNoServis"):
        assert said in clerk.text
    assert "Alanlar (" in clerk.text
    assert house.events(account=CLERK, event="BILGI")


def test_information_from_an_address_that_is_not_declared_is_refused_in_words(
    house: ConsoleHouse,
) -> None:
    browser = house.stranger(source="203.0.113.78")
    browser.sign_in(CLERK)
    browser.get("/bilgi")
    assert "IP adresi anlaşmanızda tanımlı değil" in browser.text


def test_whoever_asks_nothing_has_neither_page(house: ConsoleHouse) -> None:
    head = house.browser(HEAD)
    assert head.get("/alindi").status_code == 403
    assert head.get("/bilgi").status_code == 403


# Photographs


def photograph(house: ConsoleHouse, browser: Browser) -> str:
    """Ask about somebody with a photograph; where the page says that it is."""
    for persona in house.demo["personas"]:
        values = {name: persona["birth"][part] or "" for name, part in BIRTH.items()}
        values |= {"KimlikNo": persona["identity_number"], "amac": "PASAPORT", "islem": "foto"}
        browser.send(COMBINED, values)
        found = re.search(r'<img src="/konsol(/fotograf/[^"]+)" alt="([^"]+)"', browser.last.text)
        if found is not None:
            assert found[2]
            return found[1]
    raise AssertionError("nobody in the demo has a photograph that this agreement grants")


def test_a_photograph_is_shown_from_the_signed_answer_to_who_got_it(
    house: ConsoleHouse, clerk: Browser
) -> None:
    place = photograph(house, clerk)
    signed = files_on(clerk)
    answer = etree.fromstring(next(iter(signed.values())))
    stated = next(one for one in answer.iter("{*}Fotograf") if one.text)
    shown = clerk.get(place)
    assert shown.content == base64.b64decode(stated.text)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "img-src 'self'" in shown.headers["content-security-policy"]


def test_a_photograph_is_for_the_session_that_holds_its_answer_only(
    house: ConsoleHouse, clerk: Browser
) -> None:
    place = photograph(house, clerk)
    # The same person in another browser, somebody else, and nobody.
    assert house.browser(CLERK).get(place).status_code == 404
    assert house.browser("b-34-0417.memur").get(place).status_code == 404
    assert house.browser(HEAD).get(place).status_code == 403
    stranger = house.stranger()
    stranger.get(place)
    assert stranger.place == "/giris"


def test_an_address_of_a_photograph_that_somebody_made_up_finds_nothing(
    house: ConsoleHouse, clerk: Browser
) -> None:
    place = photograph(house, clerk)
    _, _, number, position, seal = place.split("/")
    until, mac = seal.split("-")
    other = asked(house, clerk, "foto-baska")
    for wrong in (
        f"/fotograf/{number}/1/{seal}",
        f"/fotograf/{number}/x/{seal}",
        f"/fotograf/{number}/{position}/{mac}",
        f"/fotograf/{number}/{position}/ffffffffff-{mac}",
        f"/fotograf/{number}/{position}/{until}-{'0' * 32}",
        f"/fotograf/{number}/{position}/{until}-ğ",
        f"/fotograf/{other}/{position}/{seal}",
        "/fotograf/x/0/0-0",
    ):
        assert clerk.get(wrong).status_code == 404, wrong
