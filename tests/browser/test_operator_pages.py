"""An operator's and an auditor's day at the console, in a browser without JavaScript of ours."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from end_to_end.questions import FIRST, PERSON, PROVINCES, person_query
from end_to_end.running import Served, kps
from playwright.sync_api import FloatRect, expect
from sqlalchemy import Connection

from browser.desk import WIDTH, Desk
from kps_soap import database, settings
from kps_soap.database import writing
from kps_soap.misuse import findings
from kps_soap.misuse.rules import Rule, Suspicion
from kps_soap.people import approvals
from kps_soap.people.approvals import Kind
from kps_soap.people.person import Actor

DeskOf = Callable[[str], Desk]
OPERATOR, AUDITOR, ADMINISTRATOR = "merkez.isletmen", "merkez.denetci", "b-34-0417.idari"
TOWN, AGREEMENT = "B-34-0417", "2026/117"
#: Of a long page only its beginning is worth a picture.
TOP: FloatRect = {"x": 0, "y": 0, "width": WIDTH, "height": 1500}


@pytest.fixture(scope="module")
def busy(konsol: Served) -> Iterator[Served]:
    """The gateway after some calls, answered and refused, and with an alert."""
    for _ in range(6):
        assert konsol.ask(PERSON, person_query(konsol.number(0))).status == 200
    assert konsol.ask(PERSON, person_query(12345)).status == 200
    konsol.ask(PERSON, person_query(konsol.number(0)), password="yanlis yanlis yanlis")
    konsol.ask(PERSON, "<bozuk/>")
    konsol.ask(PROVINCES, f'<Listele xmlns="{FIRST}"/>')
    write(konsol, suspect)
    yield konsol


def suspect(connection: Connection) -> None:
    one = Suspicion(
        rule=Rule.OFF_HOURS,
        about="B-34-0417 KRM-34-0417",
        institution=TOWN,
        agreement=AGREEMENT,
        account="KRM-34-0417",
        inquirer="U-77",
        summary="42 queries out of hours in ten minutes.",
        measured=42,
        threshold=20,
    )
    now = datetime.now(UTC)
    findings.put(connection, secrets.token_hex(8), one, now=now, day=now.date().isoformat())


def write(served: Served, work: Callable[[Connection], object]) -> None:
    chosen = settings.read(served.home, {})
    engine = database.open_database(chosen.gateway_url, wait_seconds_max=10)
    with engine.connect() as connection, writing(connection):
        work(connection)
    engine.dispose()


@pytest.fixture
def operator(desk_of: DeskOf) -> Desk:
    return desk_of(OPERATOR)


@pytest.fixture
def auditor(desk_of: DeskOf) -> Desk:
    return desk_of(AUDITOR)


def test_the_overview_tells_how_the_gateway_does(busy: Served, operator: Desk) -> None:
    operator.open("/isletmen/durum")
    assert "Sorgu yanıtlanıyor" in operator.text()
    operator.picture("isletmen-durum")


def test_traffic_shows_services_latencies_and_refusals(busy: Served, operator: Desk) -> None:
    operator.open("/isletmen/trafik")
    assert "KisiSorgulaTCKimlikNoServis" in operator.text()
    assert "CredentialsRefused" in operator.text()
    operator.picture("isletmen-trafik")
    operator.page.get_by_role("link", name="son 5 dakika").click()
    assert "dakika=5" in operator.page.url


def test_health_shows_parts_seals_certificates_and_processes(busy: Served, operator: Desk) -> None:
    operator.open("/isletmen/saglik")
    assert "çalışmıyor" not in operator.text() and "güncel" in operator.text()
    operator.picture("isletmen-saglik")


def test_an_agreement_is_suspended_and_resumed_and_calls_follow(
    busy: Served, operator: Desk
) -> None:
    operator.open("/isletmen/anlasmalar?q=belediye")
    operator.picture("isletmen-anlasmalar")
    operator.page.get_by_role("link", name=AGREEMENT, exact=True).click()
    operator.picture("isletmen-anlasma", clip=TOP)
    operator.page.get_by_role("link", name="Askıya al").click()
    operator.picture("isletmen-askiya-al")
    operator.fill(reason="şüpheli trafik", document="E-2026/91")
    operator.send("Askıya al")
    expect(operator.page.get_by_role("status")).to_contain_text("askıya alındı")
    refused = until_refused(busy)
    assert refused == "205"
    operator.open(f"/isletmen/anlasmalar/{AGREEMENT}")
    assert "şüpheli trafik" in operator.text()
    operator.picture("isletmen-anlasma-askida", clip=TOP)
    operator.page.get_by_role("link", name="Askıdan kaldır").click()
    operator.fill(reason="açıklandı")
    operator.send("Askıdan kaldır")
    expect(operator.page.get_by_role("status")).to_contain_text("artık askıda değil")
    operator.open("/isletmen/degisiklikler")
    assert "E-2026/91" in operator.text()
    operator.picture("isletmen-degisiklikler")
    step = operator.page.locator("tbody tr", has_text="E-2026/91")
    step.get_by_role("link").click()
    assert "askıya alındı" in operator.text()


def until_refused(served: Served) -> str:
    """The house number of the next refusal; a worker looks at what is in force within moments."""
    for _ in range(200):
        reply = served.ask(PERSON, person_query(served.number(0)))
        number = reply.headers.get("kps-sonuc-kodu", "0")
        if number != "0":
            return number
    return ""


def test_a_suspension_without_a_reason_is_told_what_is_missing(operator: Desk) -> None:
    operator.open(f"/isletmen/askiya-al/{AGREEMENT}")
    operator.page.locator("[name=reason]").evaluate("one => one.removeAttribute('required')")
    operator.send("Askıya al")
    told = operator.page.get_by_role("alert")
    expect(told).to_contain_text("Gerekçe yazın")
    told.get_by_role("link").click()
    expect(operator.page.locator("[name=reason]")).to_be_focused()
    operator.picture("isletmen-askiya-al-yanlis")


def test_an_edit_is_told_in_words(busy: Served, operator: Desk) -> None:
    file = busy.home / "agreements" / "ornek-ilce-belediyesi.toml"
    before = file.read_text(encoding="utf-8")
    edited = before.replace("valid_until = 2027-12-31", "valid_until = 2027-06-30")
    edited = edited.replace('    "KisiBilgisi/EsTCKimlikNo",\n', "", 1)
    file.write_text(edited, encoding="utf-8")
    try:
        assert kps("agreements", "load", "--home", str(busy.home), "--reason", "yenileme").stdout
        operator.open("/isletmen/degisiklikler")
        operator.page.locator("tbody a").first.click()
        assert "Geçerlilik bitişi: 2027-12-31 yerine 2027-06-30." in operator.text()
        assert "KisiBilgisi/EsTCKimlikNo" in operator.text()
        operator.picture("isletmen-degisiklik")
    finally:
        file.write_text(before, encoding="utf-8")
        kps("agreements", "load", "--home", str(busy.home), "--reason", "geri")


def test_an_alert_is_settled_with_what_came_of_it(busy: Served, operator: Desk) -> None:
    operator.open("/isletmen/uyarilar")
    assert "Mesai dışı sorgu" in operator.text()
    operator.picture("isletmen-uyarilar")
    operator.page.get_by_role("link", name="Mesai dışı sorgu").first.click()
    operator.picture("isletmen-uyari")
    operator.fill(reason="nöbetçi memur; kurum doğruladı")
    operator.send("Uyarıyı sonuçlandır")
    expect(operator.page.get_by_role("status")).to_contain_text("sonuçlandırıldı")


def test_an_auditor_finds_a_call_and_opens_its_record(busy: Served, auditor: Desk) -> None:
    auditor.open("/isletmen/iz")
    auditor.picture("isletmen-iz-form")
    auditor.fill(reason="şikâyet 2026/14", person=busy.number(0), institution=TOWN)
    auditor.send("Ara")
    assert "SORGU" in auditor.text() and str(busy.number(0)) not in auditor.page.url
    auditor.picture("isletmen-iz")
    with auditor.context.expect_page() as opened:
        auditor.page.get_by_role("button", name="Kaydı aç").first.click()
    auditor.page = opened.value
    auditor.page.wait_for_load_state()
    assert "ListeleCoklu" in auditor.text() and "***" in auditor.text()
    auditor.picture("isletmen-kayit", clip=TOP)


def test_an_auditor_reports_who_asked_about_a_person(busy: Served, auditor: Desk) -> None:
    auditor.open("/isletmen/kim-sordu")
    auditor.picture("isletmen-kim-sordu-form")
    auditor.fill(reason="başvuru 2026/9", person=busy.number(0))
    auditor.send("Raporu hazırla")
    assert "Belediyesi" in auditor.text() and str(busy.number(0)) not in auditor.text()
    auditor.picture("isletmen-kim-sordu")


def test_every_mistake_of_a_search_is_told_at_once(auditor: Desk) -> None:
    auditor.open("/isletmen/iz")
    auditor.fill(reason="deneme", person="123", since="2026-11-20", until="2026-11-19")
    auditor.send("Ara")
    told = auditor.page.get_by_role("alert")
    expect(told).to_contain_text("kimlik numarası değil")
    expect(told).to_contain_text("Son gün ilk günden önce")
    auditor.picture("isletmen-iz-yanlis")


def test_a_month_and_a_statement_are_shown_to_print(busy: Served, operator: Desk) -> None:
    operator.open("/isletmen/hesap-ozetleri")
    assert "Belediyesi" in operator.text()
    operator.picture("isletmen-hesap-ozetleri")
    operator.page.get_by_role("button", name=f"{TOWN} özetini aç").click()
    assert "SHA-256" in operator.text()
    operator.picture("isletmen-hesap-ozeti")


def test_an_account_is_blocked_opened_and_given_a_password(busy: Served, operator: Desk) -> None:
    operator.open("/isletmen/hesaplar")
    operator.picture("isletmen-hesaplar")
    operator.page.get_by_role("link", name="BNK", exact=False).first.click()
    operator.picture("isletmen-hesap")
    operator.fill(reason="kurum istedi")
    operator.send("Bloke et")
    expect(operator.page.get_by_role("status")).to_contain_text("bloke edildi")
    operator.fill(reason="bitti")
    operator.send("Blokeyi ve kilidi kaldır")
    expect(operator.page.get_by_role("status")).to_contain_text("yeniden açık")
    operator.fill(reason="unutuldu")
    operator.send("Yeni parola ver")
    assert "bir daha gösterilmez" in operator.text()
    code = operator.page.locator("code.anahtar")
    code.evaluate("one => { one.textContent = '••••••••••••••••••••' }")
    operator.picture("isletmen-hesap-parola")


def test_a_person_is_added_changed_and_let_go(operator: Desk) -> None:
    operator.open("/isletmen/kisiler")
    operator.picture("isletmen-kisiler")
    operator.page.get_by_role("link", name="Kişi ekle").click()
    operator.fill(person_id="Yanlış Ad", name="Su Yeni (sentetik)", reason="yeni memur")
    operator.send("Ekle")
    expect(operator.page.get_by_role("alert")).to_contain_text("En az bir rol")
    operator.picture("isletmen-kisi-yeni-yanlis")
    operator.fill(person_id="b-34-0417.yeni", institution=TOWN)
    operator.page.get_by_label("Sorgu kullanıcısı").check()
    operator.picture("isletmen-kisi-yeni")
    operator.send("Ekle")
    expect(operator.page.get_by_role("status")).to_contain_text("Kişi eklendi")
    operator.picture("isletmen-kisi")
    operator.page.get_by_role("link", name="Bilgileri düzenle").click()
    operator.picture("isletmen-kisi-duzenle")
    operator.fill(unit="Emlak", reason="birim verildi")
    operator.send("Kaydet")
    assert "Emlak" in operator.text()
    operator.fill(reason="ilk giriş")
    operator.send("Bir kullanımlık parola ver")
    code = operator.page.locator("code.anahtar")
    code.evaluate("one => { one.textContent = '•••••-•••••-•••••-•••••-•••••' }")
    operator.picture("isletmen-kisi-parola")
    operator.page.get_by_role("link", name="Kişiye dön").click()
    operator.fill(reason="ayrıldı")
    operator.send("Ayrıldı olarak işaretle")
    expect(operator.page.get_by_role("status")).to_contain_text("Ayrılık kaydedildi")
    assert "Yeniden başlat" in operator.text()


def test_an_administrator_sees_the_own_people_and_nobody_else(desk_of: DeskOf) -> None:
    administrator = desk_of(ADMINISTRATOR)
    administrator.open("/kurum/kisiler")
    assert "b-34-0417.memur" in administrator.text()
    assert "bnk-0046.memur" not in administrator.text()
    administrator.picture("kurum-kisiler")
    administrator.open("/kurum/kisiler/bnk-0046.memur")
    assert "Böyle bir kişi yok" in administrator.text()


def test_what_somebody_asked_for_is_approved_by_another(konsol: Served, operator: Desk) -> None:
    def ask(connection: Connection) -> None:
        approvals.ask(
            connection,
            Kind.UNBLOCK_CENTRAL,
            "bnk-0046.memur",
            {},
            by=Actor.operator("baska.isletmen"),
            reason="itiraz kabul edildi",
            now=datetime.now(UTC),
        )

    write(konsol, ask)
    operator.open("/isletmen/onaylar")
    assert "itiraz kabul edildi" in operator.text()
    operator.picture("isletmen-onaylar")
    operator.fill(reason="uygun değil")
    operator.send("Reddet")
    expect(operator.page.get_by_role("status")).to_contain_text("reddedildi")


def test_pages_are_english_for_who_wants_it(busy: Served, operator: Desk) -> None:
    operator.open("/isletmen/durum")
    operator.page.get_by_role("link", name="English").click()
    assert "Overview" in operator.text()
    operator.picture("isletmen-durum-english")
    operator.page.get_by_role("link", name="Türkçe").click()
    assert "Genel durum" in operator.text()


@pytest.mark.parametrize(
    ("who", "path"),
    [
        (AUDITOR, f"/isletmen/askiya-al/{AGREEMENT}"),
        (AUDITOR, "/isletmen/hesaplar"),
        (OPERATOR, "/isletmen/iz"),
        (OPERATOR, "/isletmen/kim-sordu"),
        (ADMINISTRATOR, "/isletmen/trafik"),
        (ADMINISTRATOR, "/isletmen/kisiler"),
    ],
)
def test_who_lacks_a_right_sees_nothing_of_its_page(desk_of: DeskOf, who: str, path: str) -> None:
    desk = desk_of(who)
    answer = desk.page.goto(f"{desk.served.https}/konsol{path}")
    assert answer is not None and answer.status == 403
