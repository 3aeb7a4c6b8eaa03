"""Shares, special categories, seats, mandates, systems and tables of people at the console."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from house_samples import AUDITOR, OPERATOR, Browser, ConsoleHouse, console_house
from test_operator_acts import last_event, seen_on

from kps_soap.console.operator import shares
from kps_soap.entry import Event
from kps_soap.people import narrowings
from kps_soap.people.narrowings import Narrowing

TOWN, STATE = "B-34-0417", "V-06-0001"
HEAD, CLERK, TECHNICIAN = f"{STATE}.idari".lower(), f"{STATE}.memur".lower(), "v-06-0001.teknik"
CLERK_OF_TOWN = "b-34-0417.memur"
PERSONS, ADDRESSES = "KisiSorgulaTCKimlikNoServis", "KimlikNoSorgulaAdresServis"
REGISTERS = "BilesikKutukSorgulaKimlikNoServis"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleHouse]:
    """A house of its own: what is done here would surprise the tests of other pages."""
    with console_house(tmp_path_factory.mktemp("rights")) as opened:
        yield opened


@pytest.fixture(scope="module")
def operator(house: ConsoleHouse) -> Browser:
    return house.browser(OPERATOR)


@pytest.fixture(scope="module")
def head(house: ConsoleHouse) -> Browser:
    return house.browser(HEAD)


@pytest.fixture(scope="module")
def technician(house: ConsoleHouse) -> Browser:
    return house.browser(TECHNICIAN)


def share_of(house: ConsoleHouse, person_id: str) -> tuple[Narrowing, ...]:
    with house.engine.connect() as connection, connection.begin():
        return narrowings.of(connection, person_id)


def special_of(house: ConsoleHouse, person_id: str) -> frozenset[str]:
    with house.engine.connect() as connection, connection.begin():
        return narrowings.special_services(connection, person_id)


def service_box(service: str) -> str:
    return shares.box("s", service)


# The share.


def test_a_share_is_narrowed_to_some_services_and_widened_to_the_agreement_again(
    house: ConsoleHouse, head: Browser
) -> None:
    path = f"/kurum/kisiler/{CLERK}/pay"
    head.get(path)
    assert "her şeyi kullanabilir" in head.text and PERSONS in head.text
    seen = seen_on(head, path)
    given = {service_box(PERSONS): 1, "what": "some", "row_version": seen, "reason": "yalnız bu"}

    head.send(path, given)

    assert "payı kaydedildi" in head.text and "daraltılmış" in head.text
    assert share_of(house, CLERK) == (Narrowing(CLERK, PERSONS),)
    row, said = last_event(house, Event.PERSON_NARROWED)
    assert (row.account, row.institution, row.channel) == (HEAD, STATE, "WEB")
    assert said["reason"] == "yalnız bu"
    stale = head.send(path, {**given, "what": "all"})
    assert stale.status_code == 409 and share_of(house, CLERK) != ()
    head.send(path, {"what": "all", "row_version": seen_on(head, path), "reason": "yine tümü"})
    assert share_of(house, CLERK) == ()


def test_one_service_is_narrowed_and_the_others_stay(house: ConsoleHouse, head: Browser) -> None:
    path = f"/kurum/kisiler/{CLERK}/pay/{REGISTERS}"
    leaf = "BilesikKutukBilgileri/MaviKartliKisiKutukleri/HataBilgisi/Kod"
    page = head.get(path).text
    assert "PASAPORT" in page and "MaviKartliKisiKutukleri" in page
    leaves = [one for one in granted(house, REGISTERS).leaves if "MaviKartli" not in one]
    given: dict[str, object] = {shares.box("f", one): 1 for one in leaves}
    given |= {shares.box("p", "PASAPORT"): 1, "version": "", "reason": "mavi kartlılar dışında"}

    head.send(path, {**given, "row_version": seen_on(head, path)})

    assert "payı kaydedildi" in head.text and "bir bölümü" in head.text
    held = {one.service: one for one in share_of(house, CLERK)}
    assert held[REGISTERS].purposes == {"PASAPORT"} and leaf not in held[REGISTERS].fields
    assert held[PERSONS] == Narrowing(CLERK, PERSONS) and ADDRESSES in held
    shown = head.get(path).text
    assert f'name="{shares.box("p", "IKAMET_IZNI")}" type="checkbox" value="1">' in shown
    whole = {service_box(one): 1 for one in held}
    path = f"/kurum/kisiler/{CLERK}/pay"
    seen = seen_on(head, path)
    head.send(path, {**whole, "what": "some", "row_version": seen, "reason": "x"})
    assert {one.service: one for one in share_of(house, CLERK)} == held
    head.send(path, {"what": "all", "row_version": seen_on(head, path), "reason": "yine tümü"})


def granted(house: ConsoleHouse, service: str) -> shares.Granted:
    agreements = house.inside.book.current().of_institution(STATE)
    return shares.granted_services(agreements)[service]


def test_a_version_of_a_service_is_narrowed_by_itself(house: ConsoleHouse, head: Browser) -> None:
    path = f"/kurum/kisiler/{CLERK}/pay/{PERSONS}"
    whole = granted(house, PERSONS)
    (version,) = whole.versions
    boxes = {shares.box("f", one): 1 for one in whole.leaves[:3]}
    purposes = {shares.box("p", one): 1 for one in whole.purposes}
    head.get(f"{path}?surum={quote(version)}")
    assert version in head.text
    seen = seen_on(head, path)
    given = {**boxes, **purposes, "version": version, "row_version": seen, "reason": "az"}

    head.send(path, given)

    mine = [one for one in share_of(house, CLERK) if one.service == PERSONS]
    assert Narrowing(CLERK, PERSONS) in mine
    assert Narrowing(CLERK, PERSONS, version, frozenset(), whole.leaves[:3]) in mine
    path = f"/kurum/kisiler/{CLERK}/pay"
    head.send(path, {"what": "all", "row_version": seen_on(head, path), "reason": "yine tümü"})


def test_a_share_that_is_none_is_told_with_every_mistake(
    house: ConsoleHouse, head: Browser
) -> None:
    path = f"/kurum/kisiler/{CLERK}/pay"
    assert head.send(path, {"what": "some"}).status_code == 422
    assert "En az bir servis" in head.text and "Gerekçe yazın" in head.text
    assert head.send(path, {"what": "sil", "reason": "x"}).status_code == 422
    one = f"{path}/{PERSONS}"
    assert head.send(one, {"version": ""}).status_code == 422
    assert "En az bir amaç" in head.text and "En az bir alan" in head.text
    assert head.send(one, {"version": "1999/01/01"}).status_code == 404
    assert head.get(f"{path}/YokServis").status_code == 404
    assert head.get(f"{one}?surum=1999").status_code == 404
    assert share_of(house, CLERK) == ()


def test_a_form_that_is_too_long_asks_for_a_version(
    head: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kps_soap.console.operator.share_pages._BOXES_MAX", 2)
    head.get(f"/kurum/kisiler/{CLERK}/pay/{PERSONS}")
    assert "bir sürüm seçin" in head.text


def test_nobody_narrows_or_widens_themselves_and_strangers_are_unknown(
    house: ConsoleHouse, head: Browser
) -> None:
    own = f"/kurum/kisiler/{HEAD}"
    assert "reason" not in head.get(f"{own}/pay").text.partition("<main")[2]
    given = {service_box(PERSONS): 1, "what": "some", "row_version": "1", "reason": "x"}
    assert head.send(f"{own}/pay", given, page="/kurum/kisiler/yeni").status_code == 403
    asked = {"what": "ask", "service": PERSONS, "reason": "x"}
    assert head.send(f"{own}/ozel", asked, page="/kurum/kisiler/yeni").status_code == 403
    for place in ("pay", "ozel", f"pay/{PERSONS}"):
        path = f"/kurum/kisiler/{CLERK_OF_TOWN}/{place}"
        assert head.get(path).status_code == 404
        answer = head.send(path, {"reason": "x"}, page="/kurum/kisiler/yeni")
        assert answer.status_code == 404
    assert share_of(house, HEAD) == ()


# Special categories: four eyes.


def test_special_categories_are_taken_away_asked_for_and_allowed_by_another(
    house: ConsoleHouse, head: Browser, operator: Browser
) -> None:
    path = f"/kurum/kisiler/{CLERK}/ozel"
    head.get(path)
    assert "görebilir" in head.text and "KisiBilgisi/DurumBilgisi/Din" in head.text
    head.send(path, {"what": "withdraw", "service": PERSONS, "reason": "görevi değişti"})
    assert "geri alındı" in head.text and special_of(house, CLERK) == {REGISTERS}
    assert last_event(house, Event.PERSON_NARROWED)[1]["reason"] == "görevi değişti"
    given = {"what": "ask", "service": PERSONS, "reason": "pasaport işleri"}

    head.send(path, given)
    again = head.send(path, given)

    assert again.status_code == 422 and "zaten bekliyor" in head.text
    assert special_of(house, CLERK) == {REGISTERS}
    row, said = last_event(house, Event.APPROVAL_ASKED)
    assert (row.account, row.institution, said["reason"]) == (HEAD, STATE, "pasaport işleri")
    head.get(path)
    assert "onay bekliyor" in head.text
    head.get(f"/kurum/kisiler/{CLERK}")
    assert "pasaport işleri" in head.text
    head.get("/isletmen/onaylar")
    assert "geri çekebilirsiniz" in head.text
    number = operator.get("/isletmen/onaylar").text.split('name="number" value="')[1].split('"')[0]
    allowed = {"what": "approve", "number": number, "reason": "uygun"}
    assert head.send("/isletmen/onaylar", allowed).status_code == 403
    operator.send("/isletmen/onaylar", allowed)
    assert special_of(house, CLERK) == {REGISTERS, PERSONS}
    head.get(path)
    assert f"karar: {OPERATOR}" in head.text
    head.get("/isletmen/onaylar")
    assert "Sonuçlananlar" in head.text and "onaylandı" in head.text


def test_what_cannot_be_asked_for_is_told(head: Browser) -> None:
    path = f"/kurum/kisiler/{CLERK}/ozel"
    assert head.send(path, {"what": "ask", "service": REGISTERS}).status_code == 422
    assert "uygun bir servis" in head.text and "Gerekçe yazın" in head.text
    assert head.send(path, {"what": "sil", "reason": "x"}).status_code == 422


def test_a_refused_request_shows_as_refused(
    house: ConsoleHouse, head: Browser, operator: Browser
) -> None:
    path = f"/kurum/kisiler/{CLERK}/ozel"
    head.send(path, {"what": "withdraw", "service": REGISTERS, "reason": "x"})
    head.send(path, {"what": "ask", "service": REGISTERS, "reason": "olsun"})
    number = operator.get("/isletmen/onaylar").text.split('name="number" value="')[1].split('"')[0]
    operator.send("/isletmen/onaylar", {"what": "refuse", "number": number, "reason": "olmaz"})
    head.get(path)
    assert "istek reddedildi" in head.text and REGISTERS not in special_of(house, CLERK)


def test_an_institution_asks_the_centre_to_lift_the_centre_s_block(
    house: ConsoleHouse, head: Browser, operator: Browser
) -> None:
    one = f"/isletmen/kisiler/{CLERK}"
    block = {"what": "block", "reason": "inceleme", "row_version": seen_on(operator, one)}
    operator.send(one, block)
    mine = f"/kurum/kisiler/{CLERK}"
    seen = seen_on(head, mine)
    assert "Merkezden blokeyi" in head.text
    ask = {"what": "ask_unblock", "row_version": seen}

    assert head.send(mine, ask).status_code == 422
    head.send(mine, {**ask, "reason": "inceleme bitti"})

    assert "merkeze iletildi" in head.text and "inceleme bitti" in head.text
    twice = head.send(mine, {**ask, "reason": "bir daha"})
    assert twice.status_code == 422 and "zaten bekliyor" in head.text
    number = operator.get("/isletmen/onaylar").text.split('name="number" value="')[1].split('"')[0]
    operator.send("/isletmen/onaylar", {"what": "approve", "number": number, "reason": "tamam"})
    head.get(mine)
    assert "açık" in head.text


# Seats.


def test_seats_are_set_as_the_page_showed_them(house: ConsoleHouse, operator: Browser) -> None:
    path = "/isletmen/kontenjanlar"
    operator.get(f"{path}?kurum={TOWN}")
    assert "sınır yok" in operator.text
    form = {"institution": TOWN, "unit": " Emlak ", "most": "2", "seen": "", "reason": "protokol"}

    operator.send(path, form, page=f"{path}?kurum={TOWN}")

    assert "kaydedildi" in operator.text and "Emlak" in operator.text
    row, said = last_event(house, Event.SEATS_SET)
    assert (row.institution, said["reason"]) == (TOWN, "protokol")
    stale = operator.send(path, {**form, "most": "9"}, page=f"{path}?kurum={TOWN}")
    assert stale.status_code == 409
    shown = operator.get(f"{path}?kurum={TOWN}&birim=Emlak").text
    assert 'name="seen" value="2"' in shown
    operator.send(path, {**form, "unit": "Emlak", "most": "3", "seen": "2"}, page=f"{path}?kurum=x")
    assert 'name="seen" value="3"' in operator.get(f"{path}?kurum={TOWN}&birim=Emlak").text


def test_wrong_seats_are_told_at_once(operator: Browser) -> None:
    path = "/isletmen/kontenjanlar"
    operator.get(f"{path}?kurum=B-34-0418")
    assert f"{TOWN} mi demek istediniz" in operator.text
    operator.get(f"{path}?kurum=")
    assert "Kurum kodunu yazın" in operator.text
    wrong = {"institution": TOWN, "unit": "x" * 65, "most": "çok"}
    answer = operator.send(path, wrong, page=f"{path}?kurum={TOWN}")
    assert answer.status_code == 422
    for told in ("Bir sayı yazın", "en çok 64 karakter", "Gerekçe yazın"):
        assert told in operator.text
    given = {"institution": "QQQQ", "most": "1", "reason": "x"}
    assert operator.send(path, given, page=f"{path}?kurum={TOWN}").status_code == 422


def test_an_institution_s_head_sees_the_own_seats_and_sets_none(head: Browser) -> None:
    head.get(f"/kurum/kontenjanlar?kurum={TOWN}")
    assert STATE in head.text and TOWN not in head.text and "Kaydet" not in head.text
    answer = head.send("/kurum/kontenjanlar", {}, page="/kurum/kisiler/yeni")
    assert answer.status_code == 405
    assert head.get("/isletmen/kontenjanlar").status_code == 403


# Mandates.


def test_a_mandate_is_given_shown_and_ended(house: ConsoleHouse, operator: Browser) -> None:
    path = "/isletmen/vekaletler/yeni"
    page = f"{path}?kurum={TOWN}"
    operator.get(path)
    assert "Önce kurumu seçin" in operator.text
    given = {
        "institution": TOWN,
        "vendor": "Örnek Yazılım A.Ş.",
        "account": "FIRMA-001",
        "valid_until": "2099-12-31",
        "networks": "203.0.113.10/32\n2001:db8::/64",
        service_box(PERSONS): 1,
        "reason": "bakım sözleşmesi",
    }

    operator.send(path, given, page=page)

    assert operator.place == "/isletmen/vekaletler/1" and "Vekâlet verildi" in operator.text
    assert "2001:db8::/64" in operator.text and PERSONS in operator.text
    row, said = last_event(house, Event.MANDATE)
    assert (row.institution, said["reason"]) == (TOWN, "bakım sözleşmesi")
    operator.get(f"/isletmen/vekaletler?kurum={TOWN}")
    assert "FIRMA-001" in operator.text and "geçerli" in operator.text
    twice = operator.send(path, given, page=page)
    assert twice.status_code == 422 and "aynı günlerde geçerli" in operator.text

    account = "/isletmen/hesaplar/FIRMA-001"
    seen = seen_on(operator, account)
    assert "Örnek Yazılım" in operator.text and TOWN in operator.text
    opened = operator.send(account, {"what": "password", "reason": "ilk", "row_version": seen})
    assert opened.status_code == 200 and 'class="anahtar"' in opened.text
    assert last_event(house, Event.PASSWORD_SET)[0].institution == TOWN
    operator.get("/isletmen/hesaplar?q=FIRMA-001")
    assert "Örnek Yazılım" in operator.text

    one = "/isletmen/vekaletler/1"
    token = operator.token(one)
    assert operator.send(one, {"reason": ""}).status_code == 422
    operator.send(one, {"reason": "sözleşme bitti"}, token=token)
    assert "sona erdirildi" in operator.text
    again = operator.send(one, {"reason": "x"}, page=path)
    assert again.status_code == 422 and "Böyle geçerli bir vekâlet yok" in operator.text


def test_every_mistake_of_a_mandate_is_told_at_once(operator: Browser) -> None:
    path = "/isletmen/vekaletler/yeni"
    wrong = {"institution": TOWN, "account": "KRM-34-0417", "networks": "her yer"}
    answer = operator.send(path, wrong, page=f"{path}?kurum={TOWN}")
    assert answer.status_code == 422
    for told in ("Gerekçe yazın", "Bir gün yazın", "anlaşmasında yazılı", "Ağları", "Firma adını"):
        assert told in operator.text, told
    operator.get(f"{path}?kurum=QQQQ")
    assert "olan kurum yok" in operator.text
    assert operator.get("/isletmen/vekaletler/99").status_code == 404
    assert operator.send("/isletmen/vekaletler/99", {}, page=path).status_code == 404
    operator.get("/isletmen/vekaletler?kurum=BNK-0046")
    assert "FIRMA-001" not in operator.text


# Systems.


def test_a_technician_keeps_the_own_systems_and_nobody_else_s(
    house: ConsoleHouse, technician: Browser, operator: Browser
) -> None:
    given = {"vendor": "Evimiz", "product": "Nüfus Modülü", "version": "1.0", "reason": "yeni"}
    operator.send("/isletmen/sistemler/yeni", {**given, "institution": TOWN})
    technician.send("/kurum/sistemler/yeni", {**given, "institution": TOWN})
    assert "Sistem kaydedildi" in technician.text and "Nüfus Modülü" in technician.text
    row, said = last_event(house, Event.SYSTEM)
    assert (row.account, row.institution, said["reason"]) == (TECHNICIAN, STATE, "yeni")
    assert technician.get("/kurum/sistemler/1").status_code == 404
    path = "/kurum/sistemler/2"
    seen = seen_on(technician, path)
    change = {"version": "1.1", "row_version": seen, "reason": "güncelleme"}

    technician.send(path, change)

    assert "güncellendi" in technician.text and "1.1" in technician.text
    assert technician.send(path, change).status_code == 409
    retired = {"version": "1.1", "until": "2099-01-01", "reason": "bitti"}
    technician.send(path, {**retired, "row_version": seen_on(technician, path)})
    assert "01.01.2099" in technician.text
    operator.get("/isletmen/sistemler")
    assert TOWN in operator.text and STATE in operator.text
    operator.get(f"/isletmen/sistemler?kurum={TOWN}")
    assert STATE not in operator.text


def test_every_mistake_of_a_system_is_told_at_once(technician: Browser, operator: Browser) -> None:
    assert technician.send("/kurum/sistemler/yeni", {"since": "dün"}).status_code == 422
    for told in ("Gerekçe yazın", "Günü 2026-11-22", "1-120 karakter"):
        assert told in technician.text
    given = {"institution": "QQQQ", "vendor": "a", "product": "b", "version": "c", "reason": "x"}
    assert operator.send("/isletmen/sistemler/yeni", given).status_code == 422
    assert "olan kurum yok" in operator.text
    path = "/kurum/sistemler/2"
    given = {"version": "", "until": "1999-01-01", "row_version": seen_on(technician, path)}
    assert technician.send(path, {**given, "reason": "x"}).status_code == 422
    assert "1-120" in technician.text
    assert technician.send(path, {**given, "version": "2", "reason": "x"}).status_code == 422
    assert "başlangıçtan önce" in technician.text
    for path in ("/kurum/sistemler/99", "/kurum/sistemler/1"):
        assert technician.send(path, {}, page="/kurum/sistemler/yeni").status_code == 404


# A table of people.


def test_a_table_adds_everybody_or_nobody(house: ConsoleHouse, head: Browser) -> None:
    path = "/kurum/kisiler/dosyadan"
    top = "person_id;name;institution;roles\n"
    wrong = f"{top}X;Su;{STATE};ALT_KULLANICI\nv-06.can;Can;{STATE};MUDUR\n"

    assert head.send(path, {"table": wrong}).status_code == 422
    assert "Gerekçe yazın" in head.text
    assert head.send(path, {"table": wrong, "reason": "liste"}).status_code == 422
    assert "2" in head.text and "Böyle bir rol yok" in head.text and "2 yanlış" in head.text
    for table in ("", top, "ad;soyad\n", f"{top}v-06.su;Su;QQQ;ALT_KULLANICI"):
        assert head.send(path, {"table": table, "reason": "x"}).status_code == 422
    foreign = f"{top}b-34.su;Su;{TOWN};ALT_KULLANICI"
    assert head.send(path, {"table": foreign, "reason": "x"}).status_code in (403, 422)
    assert "yetkiniz yok" in head.text
    good = f"{top}v-06.su;Su;{STATE};ALT_KULLANICI\nv-06.can;Can;{STATE};SISTEM CIHAZ\n"
    head.send(path, {"table": good, "reason": "liste"})
    assert "2 kişi eklendi" in head.text
    row, said = last_event(house, Event.PERSON_ADDED)
    assert (row.institution, row.detail) == (STATE, "v-06.su, v-06.can")
    assert said["reason"] == "liste"
    assert head.get("/kurum/kisiler/v-06.can").status_code == 200
    long = head.send(path, {"table": "x" * 100_000, "reason": "x"})
    assert long.status_code == 422 and "çok uzun" in head.text


# Who may not.


@pytest.mark.parametrize(
    ("who", "path"),
    [
        (AUDITOR, f"/isletmen/kisiler/{CLERK}/pay"),
        (AUDITOR, "/isletmen/vekaletler"),
        (HEAD, "/isletmen/vekaletler"),
        (HEAD, "/isletmen/sistemler"),
        (HEAD, "/kurum/sistemler"),
        (HEAD, f"/isletmen/kisiler/{CLERK}/pay"),
        (TECHNICIAN, "/kurum/kisiler"),
        (TECHNICIAN, f"/kurum/kisiler/{CLERK}/pay"),
        (TECHNICIAN, "/kurum/kontenjanlar"),
        (TECHNICIAN, "/isletmen/sistemler"),
        (CLERK, "/kurum/sistemler"),
        (CLERK, f"/kurum/kisiler/{CLERK}/ozel"),
    ],
)
def test_who_lacks_the_right_sees_and_does_nothing(
    house: ConsoleHouse, browsers: dict[str, Any], who: str, path: str
) -> None:
    browser = browsers.setdefault(who, None) or house.browser(who)
    browsers[who] = browser
    assert browser.get(path).status_code == 403
    assert browser.send(path, {"reason": "x"}, page="/parola").status_code in (403, 405)


@pytest.fixture(scope="module")
def browsers() -> dict[str, Any]:
    return {}
