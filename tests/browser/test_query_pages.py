"""An office clerk at the console: signing in, a query, its extract, its verification, history."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from end_to_end.running import Served, kps
from playwright.sync_api import Browser, expect

from browser.desk import HEIGHT, WIDTH, Desk, new_context, person_of

CLERK = "v-06-0001.memur"
SERVICE = "/sorgu/KisiSorgulaTCKimlikNoServis/2011/01/01"
DeskOf = Callable[[str], Desk]
BIRTH = {"Gun": "day", "Ay": "month", "Yil": "year"}


@pytest.fixture
def clerk(desk_of: DeskOf) -> Desk:
    return desk_of(CLERK)


def ask(desk: Desk, number: int) -> None:
    desk.open(SERVICE)
    desk.fill(TCKimlikNo=number, islem="2026/117")
    desk.page.locator("[name=amac]").select_option("PASAPORT")
    desk.send("Sorgula")


def test_the_page_to_sign_in_can_be_used_by_everybody(desk: Desk) -> None:
    desk.open("/giris")
    desk.picture("giris")
    assert desk.page.title() == "Oturum aç · Kimlik Paylaşım Kapısı"


def test_a_wrong_password_says_what_to_do_and_nothing_more(desk: Desk) -> None:
    desk.open("/giris")
    desk.fill(kimlik="nobody.here", parola="yanlis parola")
    desk.send("Oturum aç")
    expect(desk.page.get_by_role("alert")).to_contain_text("Bilgiler doğrulanamadı")
    desk.picture("giris-yanlis")


def test_the_language_is_switched_and_remembered(desk: Desk) -> None:
    desk.open("/giris")
    desk.page.get_by_role("link", name="English").click()
    assert "Sign in" in desk.text()
    desk.open("/dogrula")
    assert "Verify an extract" in desk.text()
    desk.picture("giris-english")


def test_the_front_page_says_who_one_is_and_what_one_can_do(clerk: Desk) -> None:
    clerk.open("/")
    assert "Ekin Memur" in clerk.text()
    assert "V06-PASAPORT-01" in clerk.text()
    clerk.picture("ana")


def test_the_menu_of_services_is_what_the_agreement_opens(clerk: Desk) -> None:
    clerk.open("/sorgu")
    assert "Kişi bilgisi" in clerk.text()
    assert "Kişi listesi" not in clerk.text()
    clerk.picture("servisler")


def test_everything_wrong_in_a_form_is_told_at_once_with_its_field(clerk: Desk) -> None:
    clerk.open(SERVICE)
    clerk.picture("sorgu")
    clerk.fill(TCKimlikNo="on bir hane")
    clerk.send("Sorgula")
    told = clerk.page.get_by_role("alert")
    expect(told).to_contain_text("yalnızca rakam")
    expect(told).to_contain_text("amacını seçin")
    expect(told).to_contain_text("İşlem numarası")
    told.get_by_role("link", name=re.compile("rakam")).click()
    expect(clerk.page.locator("[name=TCKimlikNo]")).to_be_focused()
    clerk.picture("sorgu-hatali")


def test_a_query_gives_a_page_an_extract_and_a_receipt_that_is_verified(
    clerk: Desk, konsol: Served, desk: Desk, tmp_path: Path
) -> None:
    persona = konsol.persona(0)
    ask(clerk, persona["identity_number"])
    assert persona["surname"] in clerk.text()
    clerk.picture("sonuc")
    # As wide as a sheet between its margins.
    clerk.page.set_viewport_size({"width": 690, "height": 1000})
    clerk.page.emulate_media(media="print")
    clerk.picture("cikti")
    clerk.page.emulate_media(media="screen")
    clerk.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    with clerk.page.expect_download() as download:
        clerk.page.get_by_role("link", name="İmzalı yanıtı indir").click()
    saved = tmp_path / "yanit.xml"
    download.value.save_as(saved)
    assert persona["surname"].encode() in saved.read_bytes()
    certificate = konsol.demo["signing_certificate_file"]
    checked = kps("receipt", "verify", str(saved), "--certificate", certificate)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    number, code = clerk.page.locator(".alindi dd strong").all_inner_texts()
    desk.open("/dogrula")
    desk.fill(no=number, kod=code)
    desk.send("Doğrula")
    assert "Bu alındı gerçek" in desk.text()
    assert persona["surname"] not in desk.text()
    desk.picture("dogrula")


def test_the_signed_answer_travels_inside_the_page(clerk: Desk, konsol: Served) -> None:
    ask(clerk, konsol.number(1))
    link = clerk.page.get_by_role("link", name="İmzalı yanıtı indir").get_attribute("href")
    assert link is not None
    content = base64.b64decode(link.partition(",")[2])
    assert b"Signature" in content


def test_a_number_that_nobody_has_is_an_answer_too(clerk: Desk) -> None:
    ask(clerk, 10000000146)
    assert "bulunamadı" in clerk.text()
    clerk.picture("sonuc-yok")


def test_a_form_that_is_sent_twice_is_taken_once(clerk: Desk, konsol: Served) -> None:
    ask(clerk, konsol.number(2))
    clerk.page.reload()
    assert "daha önce gönderilmiş" in clerk.text()
    clerk.picture("iki-kez")


def test_ones_own_queries_are_listed_without_whom_they_were_about(
    clerk: Desk, konsol: Served
) -> None:
    ask(clerk, konsol.number(0))
    clerk.open("/gecmis")
    assert "2026/117" in clerk.text()
    assert str(konsol.number(0)) not in clerk.text()
    clerk.picture("gecmis")


def test_everything_works_without_javascript_and_by_keyboard(
    konsol: Served, chromium: Browser, clerk: Desk
) -> None:
    state = clerk.context.storage_state()
    context = new_context(chromium, java_script_enabled=False, storage_state=state)
    desk = Desk(konsol, context)
    desk.open("/sorgu/KisiSorgulaTCKimlikNoServis/2011/01/01")
    desk.page.keyboard.press("Tab")
    assert desk.page.locator(":focus").inner_text() == "İçeriğe geç"
    desk.page.locator("[name=TCKimlikNo]").focus()
    desk.page.keyboard.type(str(konsol.number(3)))
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.type("PASAPORT")
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.type("2026/9")
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_text("Alındı numarası").first).to_be_visible()
    context.close()


def test_no_page_loads_anything_from_elsewhere_or_breaks_its_own_policy(
    clerk: Desk, konsol: Served
) -> None:
    asked, said = [], []
    clerk.page.on("request", lambda request: asked.append(request.url))
    clerk.page.on("console", lambda message: said.append(message.text))
    ask(clerk, konsol.number(0))
    assert all(url.startswith(konsol.https) for url in asked), asked
    assert not said


def test_a_page_of_the_operator_is_not_for_a_clerk(clerk: Desk) -> None:
    clerk.open("/isletmen/durum")
    assert "yetkiniz yok" in clerk.text()
    clerk.picture("yetki-yok")


def test_the_page_of_ones_own_password_can_be_used_by_everybody(clerk: Desk) -> None:
    clerk.open("/parola")
    clerk.picture("parola")


def test_the_administrator_sees_the_queries_of_the_institution(desk_of: DeskOf) -> None:
    desk = desk_of("v-06-0001.idari")
    desk.open("/kurum/gecmis")
    assert "Kurumun sorguları" in desk.text()
    desk.picture("kurum-gecmis")


def test_a_form_of_many_fields_and_a_long_answer_can_be_used_too(
    desk_of: DeskOf, konsol: Served
) -> None:
    desk = desk_of(CLERK)
    desk.open("/sorgu/KimlikDogrulaServis/1")
    desk.picture("sorgu-uzun")
    desk.open("/sorgu/BilesikKutukSorgulaKimlikNoServis/2023/02/01")
    persona = konsol.persona(0)
    desk.fill(KimlikNo=persona["identity_number"], islem="2026/5")
    desk.fill(**{f"Dogum{name}": persona["birth"][key] for name, key in BIRTH.items()})
    desk.page.locator("[name=amac]").select_option("PASAPORT")
    desk.send("Sorgula")
    assert persona["surname"] in desk.text()
    desk.picture("sonuc-uzun")


def test_a_narrow_screen_shows_everything_too(clerk: Desk) -> None:
    clerk.page.set_viewport_size({"width": 390, "height": 780})
    clerk.open("/")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not clerk.page.evaluate(wide)
    clerk.picture("dar-ekran")
    clerk.open("/gecmis")
    assert not clerk.page.evaluate(wide)


def test_the_extract_is_one_sheet_of_paper(clerk: Desk, konsol: Served, tmp_path: Path) -> None:
    ask(clerk, konsol.number(0))
    paper = clerk.page.pdf(path=tmp_path / "cikti.pdf", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


def test_signing_out_ends_the_session(desk_of: DeskOf) -> None:
    desk = desk_of("bnk-0046.idari")
    desk.open("/")
    desk.page.get_by_role("button", name="Oturumu kapat").click()
    assert "Oturumunuz kapatıldı" in desk.text()
    desk.open("/gecmis")
    assert "Önce oturum açın" in desk.text()


def test_the_demo_tells_who_can_sign_in(konsol: Served) -> None:
    assert person_of(konsol, CLERK)["role"] == "ALT_KULLANICI"


def test_a_receipt_comes_by_its_number_with_files_that_anybody_verifies(
    clerk: Desk, konsol: Served, tmp_path: Path
) -> None:
    ask(clerk, konsol.number(0))
    number = clerk.page.locator(".alindi dd strong").first.inner_text()
    clerk.open("/")
    clerk.page.get_by_role("link", name="Alındı getir").first.click()
    clerk.fill(AlindiNumarasi=f"{number}9")
    clerk.send("Alındıyı getir")
    expect(clerk.page.get_by_role("alert")).to_contain_text("yanlış yazılmış")
    sealed = kps("audit", "seal", "--home", str(konsol.home))
    assert sealed.returncode == 0, sealed.stderr
    clerk.fill(AlindiNumarasi=number)
    clerk.send("Alındıyı getir")
    assert "geçerli" in clerk.text()
    assert "numaralı mührün altında" in clerk.text()
    clerk.picture("alindi")
    kept = {}
    for name in ("İmzalı alındı belgesi", "Mühür kanıtı"):
        with clerk.page.expect_download() as download:
            clerk.page.get_by_role("link", name=re.compile(name)).click()
        kept[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(kept[name])
    document, proof = map(str, kept.values())
    certificates = [
        *("--certificate", konsol.demo["signing_certificate_file"]),
        *("--seal-certificate", konsol.demo["seal_certificate_file"]),
    ]
    checked = kps("receipt", "verify", document, "--proof", proof, *certificates)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert number in checked.stdout


def test_the_page_of_ones_own_access_says_what_is_open(clerk: Desk) -> None:
    clerk.open("/")
    clerk.page.get_by_role("link", name="Erişim bilgim").first.click()
    assert "V06-PASAPORT-01" in clerk.text()
    clerk.page.locator("summary").first.click()
    expect(clerk.page.locator("details code").first).to_be_visible()
    clerk.picture("bilgi")


def test_a_photograph_is_shown_in_the_answer_and_on_paper(
    clerk: Desk, konsol: Served, tmp_path: Path
) -> None:
    for persona in konsol.demo["personas"]:
        clerk.open("/sorgu/BilesikKutukSorgulaKimlikNoServis/2023/02/01")
        clerk.fill(KimlikNo=persona["identity_number"], islem="2026/6")
        born = {f"Dogum{name}": persona["birth"][key] or 0 for name, key in BIRTH.items()}
        clerk.fill(**born)
        clerk.page.locator("[name=amac]").select_option("PASAPORT")
        clerk.send("Sorgula")
        if clerk.page.locator(".fotograf img").count():
            break
    photograph = clerk.page.get_by_alt_text("fotoğrafı").first
    assert photograph.evaluate("one => one.complete && one.naturalWidth") > 0
    clerk.picture("sonuc-fotograf")
    clerk.page.emulate_media(media="print")
    expect(photograph).to_be_visible()
    paper = clerk.page.pdf(path=tmp_path / "cikti.pdf", prefer_css_page_size=True)
    assert b"/Subtype /Image" in paper
