"""Shares, four eyes, seats, mandates, systems, months and agreement files, in a browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from end_to_end.running import Served
from playwright.sync_api import FloatRect, expect

from browser.desk import WIDTH, Desk
from kps_soap import configured, database, settings
from kps_soap.billing.statement import Span
from kps_soap.entry import Entry, Event

DeskOf = Callable[[str], Desk]
OPERATOR, AUDITOR = "merkez.isletmen", "merkez.denetci"
HEAD, CLERK, TECHNICIAN = "v-06-0001.idari", "v-06-0001.memur", "v-06-0001.teknik"
TOWN, AGREEMENT, MONTH = "B-34-0417", "2026/117", "2026-01"
PERSONS, VERSION = "KisiSorgulaTCKimlikNoServis", "2011/01/01"
#: Of a long page only its beginning is worth a picture.
TOP: FloatRect = {"x": 0, "y": 0, "width": WIDTH, "height": 1500}


@pytest.fixture
def operator(desk_of: DeskOf) -> Desk:
    return desk_of(OPERATOR)


@pytest.fixture
def head(desk_of: DeskOf) -> Desk:
    return desk_of(HEAD)


def told(desk: Desk, words: str) -> None:
    expect(desk.page.get_by_role("status")).to_contain_text(words)


def test_a_share_is_narrowed_and_widened_again(konsol: Served, head: Desk) -> None:
    head.open(f"/kurum/kisiler/{CLERK}")
    head.page.get_by_role("link", name="Yetki payı").click()
    head.picture("kurum-pay")
    head.page.get_by_label("KimlikNoBulServis", exact=True).uncheck()
    head.fill(reason="görevi değil")
    head.send("Yalnız işaretlileri bırak")
    told(head, "payı kaydedildi")
    head.page.get_by_role("link", name=f"{PERSONS}: amaç ve alanlar").click()
    head.picture("kurum-pay-servis", clip=TOP)
    head.page.get_by_label("Ad", exact=True).first.uncheck()
    head.fill(reason="adı gerekmiyor")
    head.send("Kaydet")
    assert "bir bölümü" in head.text()
    head.picture("kurum-pay-daraltilmis")
    head.fill(reason="eski haline")
    head.send("Anlaşmanın tümünü ver")
    assert "her şeyi kullanabilir" in head.text()


def test_a_share_without_a_service_is_told_at_its_field(head: Desk) -> None:
    head.open(f"/kurum/kisiler/{CLERK}/pay")
    for box in head.page.locator("input[type=checkbox]").all():
        box.uncheck()
    head.fill(reason="deneme")
    head.send("Yalnız işaretlileri bırak")
    expect(head.page.get_by_role("alert")).to_contain_text("En az bir servis")
    head.picture("kurum-pay-yanlis")


def test_special_categories_need_four_eyes(head: Desk, operator: Desk) -> None:
    head.open(f"/kurum/kisiler/{CLERK}")
    head.page.get_by_role("link", name="Özel nitelikli veriler").click()
    head.page.get_by_label("Servis", exact=True).select_option(PERSONS)
    head.fill(reason="görevi değişti")
    head.send("Yetkiyi geri al")
    told(head, "geri alındı")
    head.page.get_by_label("Servis", exact=True).select_option(PERSONS)
    head.fill(reason="pasaport birimine döndü")
    head.send("Onay iste")
    told(head, "onayını bekliyor")
    head.picture("kurum-ozel")
    operator.open("/isletmen/onaylar")
    assert "pasaport birimine döndü" in operator.text()
    operator.picture("isletmen-onaylar-ozel")
    operator.page.locator("section.onay").first.get_by_label("Gerekçe").fill("uygun")
    operator.page.locator("section.onay").first.get_by_role("button", name="Onayla").click()
    told(operator, "onaylandı")
    assert "Sonuçlananlar" in operator.text()
    head.open(f"/kurum/kisiler/{CLERK}/ozel")
    assert f"karar: {OPERATOR}" in head.text()


def test_seats_are_set_for_a_unit(operator: Desk) -> None:
    operator.open("/isletmen/kontenjanlar")
    operator.fill(kurum=TOWN)
    operator.send("Göster")
    operator.fill(unit="Emlak", most="5", reason="protokol eki")
    operator.send("Kaydet")
    told(operator, "Kontenjan kaydedildi")
    operator.page.get_by_role("link", name="Emlak: değiştir").click()
    assert operator.page.locator("[name=most]").input_value() == "5"
    operator.picture("isletmen-kontenjan")


def test_a_vendor_gets_a_mandate_that_is_ended(operator: Desk) -> None:
    operator.open("/isletmen/vekaletler")
    operator.page.get_by_role("link", name="Vekâlet ver").click()
    operator.fill(kurum=TOWN)
    operator.send("Devam")
    operator.fill(vendor="Örnek Yazılım A.Ş. (sentetik)", account="KRM-34-0417", networks="her yer")
    operator.fill(valid_until="2099-12-31", reason="bakım sözleşmesi")
    operator.send("Vekâleti ver")
    alert = operator.page.get_by_role("alert")
    expect(alert).to_contain_text("anlaşmasında yazılı")
    expect(alert).to_contain_text("Ağları")
    operator.picture("isletmen-vekalet-yeni-yanlis", clip=TOP)
    operator.fill(account="FIRMA-001", networks="203.0.113.10/32\n203.0.113.11/32")
    operator.page.get_by_label(PERSONS, exact=True).check()
    operator.send("Vekâleti ver")
    told(operator, "Vekâlet verildi")
    operator.picture("isletmen-vekalet")
    operator.open("/isletmen/vekaletler")
    operator.picture("isletmen-vekaletler")
    operator.page.get_by_role("link", name="1", exact=True).click()
    operator.fill(reason="sözleşme bitti")
    operator.send("Vekâleti sona erdir")
    told(operator, "sona erdirildi")


def test_a_technician_keeps_the_systems(desk_of: DeskOf) -> None:
    technician = desk_of(TECHNICIAN)
    technician.open("/kurum/sistemler")
    technician.page.get_by_role("link", name="Sistem kaydet").click()
    technician.fill(vendor="Örnek Yazılım", product="Evrak Modülü", version="4.1", reason="kurulum")
    technician.picture("kurum-sistem-yeni")
    technician.send("Kaydet")
    told(technician, "Sistem kaydedildi")
    technician.picture("kurum-sistemler")
    technician.page.get_by_role("link", name="Evrak Modülü").click()
    technician.fill(version="4.2", reason="güncelleme")
    technician.picture("kurum-sistem")
    technician.send("Kaydet")
    told(technician, "güncellendi")


def test_a_table_with_mistakes_adds_nobody(head: Desk) -> None:
    head.open("/kurum/kisiler")
    head.page.get_by_role("link", name="Tablodan ekle").click()
    head.picture("kurum-kisi-dosya")
    top = "person_id;name;institution;roles\n"
    head.fill(table=f"{top}V-06;Su;V-06-0001;ALT_KULANICI\n", reason="yeni liste")
    head.send("Hepsini ekle")
    expect(head.page.get_by_role("alert")).to_contain_text("Satır 2")
    head.picture("kurum-kisi-dosya-yanlis")
    head.fill(table=f"{top}v-06-0001.su;Su Yeni (sentetik);V-06-0001;ALT_KULLANICI\n")
    head.send("Hepsini ekle")
    told(head, "1 kişi eklendi")


def charge(served: Served) -> None:
    """Calls of the town in a month that is over."""
    chosen = settings.read(served.home, {})
    engine = database.open_database(chosen.gateway_url, wait_seconds_max=10)
    at = datetime.fromtimestamp(Span.of(MONTH).first_us / 1e6, UTC) + timedelta(days=5)
    with configured.recorder_of(chosen, engine, worker="test") as run:
        for number in range(3):
            run.record(
                Entry(
                    f"{number:032x}", at, "direct", Event.QUERY,
                    institution=TOWN, agreement=AGREEMENT, account="KRM-34-0417",
                    service=PERSONS, version=VERSION, units=1, records=1,
                    amount=30_000, fee="SORGU:30000", question=b"<Soru/>",
                )
            )  # fmt: skip
    engine.dispose()


def test_a_month_is_closed_and_verified(konsol: Served, operator: Desk) -> None:
    charge(konsol)
    operator.open(f"/isletmen/hesap-ozetleri?ay={MONTH}")
    operator.page.get_by_role("link", name=f"{TOWN} ayını kapat").click()
    operator.picture("isletmen-ay-kapat")
    operator.send("Ayı kapat")
    told(operator, "Ay kapatıldı")
    operator.picture("isletmen-hesap-ozetleri-kapali")
    operator.send(f"{TOWN} ayını doğrula")
    assert "Dondurulan tutar" in operator.text()
    operator.picture("isletmen-ay-dogrula")


def test_an_auditor_learns_why_it_was_so(konsol: Served, desk_of: DeskOf) -> None:
    auditor = desk_of(AUDITOR)
    auditor.open("/isletmen/neden")
    auditor.picture("isletmen-neden-form")
    today = f"{datetime.now(UTC) + timedelta(hours=3):%Y-%m-%d}"
    auditor.fill(institution=TOWN, person=konsol.number(1), day=today, version=VERSION)
    auditor.fill(purpose="PASAPORT", reason="itiraz 2026/4")
    auditor.page.get_by_label("Servis", exact=True).select_option(PERSONS)
    auditor.send("Açıkla")
    assert "reddedildi" in auditor.text() and "5490 Md.45" in auditor.text()
    assert str(konsol.number(1)) not in auditor.page.url
    auditor.picture("isletmen-neden")


def test_an_edited_stage_is_told_and_put_in_force(konsol: Served, operator: Desk) -> None:
    file = konsol.home / "agreements" / "ornek-ilce-belediyesi.toml"
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(before.replace('stage = "ACIK"', 'stage = "ACK"', 1), encoding="utf-8")
        operator.open("/isletmen/anlasma-dosyalari")
        assert "düzeltilene dek" in operator.text()
        operator.picture("isletmen-dosyalar-yanlis")
        file.write_text(before.replace('stage = "ACIK"', 'stage = "KAPALI"', 1), encoding="utf-8")
        operator.open("/isletmen/anlasma-dosyalari")
        assert "KAPALI" in operator.text()
        operator.fill(reason="kurum istedi", document="E-2026/93")
        operator.picture("isletmen-dosyalar")
        operator.send("Yürürlüğe koy")
        told(operator, "yürürlüğe kondu")
    finally:
        file.write_text(before, encoding="utf-8")
    operator.open("/isletmen/anlasma-dosyalari")
    operator.fill(reason="eski haline")
    operator.send("Yürürlüğe koy")
    told(operator, "yürürlüğe kondu")
    operator.page.reload()
    assert "kümenin aynısı" in operator.text()
