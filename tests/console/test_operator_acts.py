"""Acts of an operator and an auditor at the console: done once, with a record, or told why not."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from house_samples import AUDITOR, OPERATOR, Browser, ConsoleHouse, console_house
from sqlalchemy import update

from kps_soap.agreements.keeping import Mover
from kps_soap.audit.months import month_of
from kps_soap.audit.search import open_record
from kps_soap.authentication import HASHER
from kps_soap.console.operator import agreement_pages, paging
from kps_soap.console.operator.pages import PAGES
from kps_soap.console.texts import LANGUAGES
from kps_soap.credentials import OPEN
from kps_soap.database import writing
from kps_soap.entry import Event
from kps_soap.misuse import findings
from kps_soap.misuse.rules import Rule, Suspicion
from kps_soap.models import credentials as accounts_table
from kps_soap.models import evidence
from kps_soap.people import approvals
from kps_soap.people.approvals import Kind
from kps_soap.people.person import Actor

TOWN, AGREEMENT = "B-34-0417", "2026/117"
BANK_ACCOUNT = "KRM-BNK-0046"
HEAD_OF_TOWN, CLERK_OF_TOWN = "b-34-0417.idari", "b-34-0417.memur"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleHouse]:
    """A house of its own: what is done here would surprise the tests of other pages."""
    with console_house(tmp_path_factory.mktemp("operator")) as opened:
        yield opened


@pytest.fixture(scope="module")
def operator(house: ConsoleHouse) -> Browser:
    return house.browser(OPERATOR)


@pytest.fixture(scope="module")
def auditor(house: ConsoleHouse) -> Browser:
    return house.browser(AUDITOR)


@pytest.fixture(scope="module")
def head(house: ConsoleHouse) -> Browser:
    return house.browser(HEAD_OF_TOWN)


def last_event(house: ConsoleHouse, event: Event) -> tuple[Any, dict[str, Any]]:
    """The newest record of an event, and what its encrypted part says."""
    row = house.events(event=event.value)[-1]
    with house.engine.connect() as connection, connection.begin():
        shown = open_record(connection, house.inside.keyring, row.chain_id, row.sequence)
    return row, json.loads(shown.question or b"{}")


def suspicion(house: ConsoleHouse, finding_id: str, about: str) -> None:
    one = Suspicion(Rule.OFF_HOURS, about, "42 queries.", 42, 20, TOWN, AGREEMENT, about, "U-77")
    now = datetime.now(UTC)
    with house.engine.connect() as connection, writing(connection):
        findings.put(connection, finding_id, one, now=now, day=now.date().isoformat())


# Every page shows itself, in both languages.

SHOWN = [page for page in PAGES if "{" not in page.path and page.show is not None]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_shows_itself(
    house: ConsoleHouse, operator: Browser, auditor: Browser, head: Browser, language: str
) -> None:
    for browser in (operator, auditor, head):
        browser.get(f"/dil/{language}")
        answers = {page.path: browser.get(page.path).status_code for page in SHOWN}
        assert set(answers.values()) == {200, 403}
        browser.get("/dil/tr")


# Agreements.


def test_a_suspension_demands_a_reason(operator: Browser) -> None:
    answer = operator.send(
        f"/isletmen/askiya-al/{AGREEMENT}", {"reason": " ", "document": "x" * 65}
    )

    assert answer.status_code == 422
    assert "Gerekçe yazın" in operator.text and "çok uzun" in operator.text


def seen_on(browser: Browser, path: str) -> str:
    text = browser.get(path).text
    return text.split('name="row_version" value="')[1].split('"')[0]


def test_a_suspension_is_done_once_and_is_on_record_with_its_reason(
    house: ConsoleHouse, operator: Browser
) -> None:
    path = f"/isletmen/askiya-al/{AGREEMENT}"
    seen, token = seen_on(operator, path), operator.token(path)
    given = {"reason": "şüpheli trafik", "document": "E-7", "row_version": seen}

    operator.send(path, given, token=token)
    assert (
        operator.place == f"/isletmen/anlasmalar/{AGREEMENT}" and "askıya alındı" in operator.text
    )
    again = operator.send(path, given, token=token)
    stale = operator.send(path, given, page=path)

    assert (again.status_code, stale.status_code) == (409, 409)
    row, said = last_event(house, Event.AGREEMENT_SUSPENDED)
    assert (row.account, row.channel, row.case_number) == (OPERATOR, "WEB", "E-7")
    assert said["reason"] == "şüpheli trafik" and len(house.events(event=row.event)) == 1
    lift = f"/isletmen/askidan-kaldir/{AGREEMENT}"
    operator.send(lift, {"reason": "bitti", "row_version": fresh(house, operator, lift)})
    assert "artık askıda değil" in operator.text
    assert last_event(house, Event.AGREEMENT_RESUMED)[1]["reason"] == "bitti"


def fresh(house: ConsoleHouse, browser: Browser, path: str) -> str:
    """What the page shows once this worker has taken what is in force."""
    house.inside.book.poll()
    return seen_on(browser, path)


def test_whoever_was_slower_by_a_moment_is_told(
    house: ConsoleHouse, operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/isletmen/askidan-kaldir/{AGREEMENT}"
    # The page's own look comes first; then somebody else is faster.
    monkeypatch.setattr(agreement_pages.institutions, "seen", lambda _agreement: "ayni")

    answer = operator.send(path, {"reason": "yarış", "row_version": "ayni"})

    assert answer.status_code == 409 and "değiştir" in operator.text


def test_an_unknown_agreement_has_no_pages(operator: Browser) -> None:
    for place in ("anlasmalar", "askiya-al", "askidan-kaldir"):
        assert operator.get(f"/isletmen/{place}/2026/9999").status_code == 404
    answer = operator.send(
        "/isletmen/askiya-al/2026/9999", {"reason": "x"}, page=f"/isletmen/askiya-al/{AGREEMENT}"
    )
    assert answer.status_code == 404
    assert operator.get("/isletmen/degisiklikler/999").status_code == 404


def test_steps_are_told_in_words(house: ConsoleHouse, operator: Browser) -> None:
    file = house.home / "agreements" / "ornek-ilce-belediyesi.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("calls_per_second_max = 10000", "calls_per_second_max = 5000"))
    keeper = house.inside.keeper
    contents = {path.name: path.read_bytes() for path in file.parent.glob("*.toml")}
    loaded = keeper.compiler.compile(contents, today=datetime.now(UTC).date(), shown_in=file.parent)
    version = keeper.load(contents, loaded, Mover("ayse", "yeni sınır", "E-8"))

    operator.get(f"/isletmen/degisiklikler/{version.number}")

    assert "Saniyedeki çağrı sınırı: 10000 yerine 5000." in operator.text
    assert "geri alır" in operator.text and "E-8" in operator.text
    operator.get("/isletmen/degisiklikler/1")
    assert "değiştirmedi" in operator.text


def test_long_lists_come_in_parts(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging.part_of, "__kwdefaults__", {"size": 2})

    for path in ("/isletmen/anlasmalar", "/isletmen/hesaplar"):
        first = operator.get(f"{path}?q=a").text
        assert 'href="?q=a&amp;sayfa=2"' in first and "Öncekiler" not in operator.text
        operator.get(f"{path}?q=a&sayfa=2")
        assert "Öncekiler" in operator.text and "Sayfa 2 /" in operator.text


# Evidence.


def test_a_search_is_a_record_of_its_own_and_may_be_sent_again(
    house: ConsoleHouse, auditor: Browser
) -> None:
    before = len(house.events(event=Event.SEARCH.value))
    token, number = auditor.token("/isletmen/iz"), house.demo["personas"][0]["identity_number"]
    given = {"reason": "şikâyet 9", "person": number}

    for _ in range(2):
        assert auditor.send("/isletmen/iz", given, token=token).status_code == 200

    assert len(house.events(event=Event.SEARCH.value)) == before + 2
    row, said = last_event(house, Event.SEARCH)
    assert said == {"reason": "şikâyet 9", "person": number}
    assert (row.account, row.channel, row.source_address) == (AUDITOR, "WEB", "127.0.0.1")
    assert "IZ_ARAMA" in auditor.text


def test_results_come_in_pages(auditor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kps_soap.console.operator.evidence_pages.PAGE", 1)
    first = auditor.send("/isletmen/iz", {"reason": "sayfa"})
    after = first.text.split('name="after" value="')[1].split('"')[0]

    second = auditor.send("/isletmen/iz", {"reason": "sayfa", "after": after})

    assert second.status_code == 200
    places = [one.text.split('name="record" value="')[1].split('"')[0] for one in (first, second)]
    assert places[0] != places[1]


def test_nothing_is_looked_for_without_a_reason(house: ConsoleHouse, auditor: Browser) -> None:
    before = len(house.events(event=Event.SEARCH.value))

    assert auditor.send("/isletmen/iz", {"institution": TOWN}).status_code == 422
    assert auditor.send("/isletmen/kim-sordu", {"person": "1"}).status_code == 422
    for given in ({"record": "a:1"}, {"reason": "x", "record": "a"}):
        answer = auditor.send("/isletmen/iz/kayit", given, page="/isletmen/iz")
        assert answer.status_code == 422
    assert len(house.events(event=Event.SEARCH.value)) == before


def test_a_record_is_opened_or_told_not_to_be_there(house: ConsoleHouse, auditor: Browser) -> None:
    row = house.events(event=Event.SEARCH.value)[0]
    given = {"reason": "denetim", "record": f"{row.chain_id}:{row.sequence}"}

    opened = auditor.send("/isletmen/iz/kayit", given, page="/isletmen/iz")
    assert opened.status_code == 200 and "denetim" in auditor.text
    missing = {"reason": "denetim", "record": f"{row.chain_id}:999999"}
    assert auditor.send("/isletmen/iz/kayit", missing, page="/isletmen/iz").status_code == 404


def test_a_record_that_was_tampered_with_is_not_shown(
    house: ConsoleHouse, auditor: Browser
) -> None:
    row = house.events(event=Event.SEARCH.value)[0]
    mine = (evidence.c.chain_id == row.chain_id) & (evidence.c.sequence == row.sequence)
    house.write(update(evidence).where(mine).values(ciphertext=b"x" * len(row.ciphertext)))
    given = {"reason": "denetim", "record": f"{row.chain_id}:{row.sequence}"}

    answer = auditor.send("/isletmen/iz/kayit", given, page="/isletmen/iz")
    house.write(update(evidence).where(mine).values(ciphertext=row.ciphertext))

    assert answer.status_code == 503 and "kps audit verify" in auditor.text


def test_who_asked_is_reported_with_its_record(house: ConsoleHouse, auditor: Browser) -> None:
    number = house.demo["personas"][3]["identity_number"]

    answer = auditor.send(
        "/isletmen/kim-sordu", {"reason": "başvuru 3", "person": number, "staff": "1"}
    )

    assert answer.status_code == 200 and str(number) not in auditor.text
    assert "sorgu yok" in auditor.text
    _, said = last_event(house, Event.SEARCH)
    assert (said["report"], said["person"], said["staff"]) == ("person", number, True)


# Alerts, statements.


def test_an_alert_is_settled_once_with_what_came_of_it(
    house: ConsoleHouse, operator: Browser
) -> None:
    suspicion(house, "00000000000000aa", "KRM-1")
    path = "/isletmen/uyari-onay/00000000000000aa"
    operator.get("/isletmen/uyarilar?kural=MESAI_DISI")
    assert "Mesai dışı sorgu" in operator.text
    assert operator.send(path, {"reason": ""}).status_code == 422
    token = operator.token(path)

    operator.send(path, {"reason": "nöbet"}, token=token)
    assert operator.place == "/isletmen/uyarilar"
    later = operator.send(path, {"reason": "yine"}, page="/isletmen/hesaplar/KRM-34-0417")

    assert later.status_code == 409
    row, said = last_event(house, Event.FINDING_SETTLED)
    assert (row.detail, row.institution, said["reason"]) == ("00000000000000aa", TOWN, "nöbet")
    operator.get("/isletmen/uyarilar?durum=ONAYLI")
    assert "sonuçlandı" in operator.text
    operator.get("/isletmen/uyarilar?durum=TUMU&kural=YOK")
    assert operator.get("/isletmen/uyarilar/yok").status_code == 404
    unknown = operator.send("/isletmen/uyari-onay/yok", {"reason": "x"}, page="/parola")
    assert unknown.status_code == 404


def test_an_auditor_sees_alerts_and_settles_none(house: ConsoleHouse, auditor: Browser) -> None:
    suspicion(house, "00000000000000bb", "KRM-2")

    auditor.get("/isletmen/uyarilar/00000000000000bb")

    assert "42 sorgu" in auditor.text and "Uyarıyı sonuçlandır" not in auditor.text


def test_a_statement_is_shown_on_record(house: ConsoleHouse, operator: Browser) -> None:
    month = month_of(datetime.now(UTC))
    given = {"month": month, "institution": TOWN}

    shown = operator.send("/isletmen/hesap-ozetleri", given)

    assert shown.status_code == 200 and "SHA-256" in operator.text
    row = house.events(event=Event.STATEMENT.value)[-1]
    assert (row.account, row.institution, row.detail) == (OPERATOR, TOWN, month)
    for wrong in ("2026-13", "x"):
        assert operator.get(f"/isletmen/hesap-ozetleri?ay={wrong}").status_code == 422
    assert operator.send("/isletmen/hesap-ozetleri", {"month": "x"}).status_code == 422


def test_an_institution_s_head_sees_the_own_statement_and_no_other(
    house: ConsoleHouse, head: Browser
) -> None:
    given = {"month": month_of(datetime.now(UTC)), "institution": "BNK-0046"}

    shown = head.send("/isletmen/hesap-ozetleri", given)

    assert shown.status_code == 200 and TOWN in head.text and "BNK-0046" not in head.text
    assert house.events(event=Event.STATEMENT.value)[-1].institution == TOWN


# Accounts.


def account_path(account: str) -> str:
    return f"/isletmen/hesaplar/{quote(account)}"


def test_an_account_is_blocked_and_opened_as_the_page_showed_it(
    house: ConsoleHouse, operator: Browser
) -> None:
    path = account_path(BANK_ACCOUNT)
    seen = seen_on(operator, path)

    operator.send(path, {"what": "block", "reason": "kurum istedi", "row_version": seen})
    assert "Hesap bloke edildi" in operator.text
    stale = operator.send(path, {"what": "unblock", "reason": "x", "row_version": seen})
    assert stale.status_code == 409
    row, said = last_event(house, Event.ACCOUNT_BLOCKED)
    assert (row.detail, row.institution, said["reason"]) == (
        BANK_ACCOUNT,
        "BNK-0046",
        "kurum istedi",
    )
    now_seen = seen_on(operator, path)
    operator.send(path, {"what": "unblock", "reason": "bitti", "row_version": now_seen})
    assert "yeniden açık" in operator.text


def test_a_new_password_is_shown_once_and_works(house: ConsoleHouse, operator: Browser) -> None:
    path = account_path(BANK_ACCOUNT)

    answer = operator.send(
        path, {"what": "password", "reason": "unutuldu", "row_version": seen_on(operator, path)}
    )

    password = answer.text.split('class="anahtar">')[1].split("<")[0]
    assert len(password) == 36 and last_event(house, Event.PASSWORD_SET)[0].detail == BANK_ACCOUNT
    with house.engine.connect() as connection:
        rows = connection.execute(
            accounts_table.select().where(accounts_table.c.account == BANK_ACCOUNT)
        ).all()
    assert HASHER.verify(rows[0].password_hash, password) and rows[0].state == OPEN


def test_a_former_password_holds_on_for_unattended_software(
    house: ConsoleHouse, operator: Browser
) -> None:
    path = account_path("KRM-34-0417")
    given = {"what": "beside", "reason": "yıllık değişim", "days": "3"}
    wrong = {**given, "days": "8", "row_version": seen_on(operator, path)}
    assert operator.send(path, wrong).status_code == 422 and "1 ile 7" in operator.text

    answer = operator.send(path, {**given, "row_version": seen_on(operator, path)})

    assert answer.status_code == 200 and "Eski parola" in operator.text
    operator.get(path)
    assert "Eski parolanın bitişi" in operator.text
    blocked = {"what": "block", "reason": "x", "row_version": seen_on(operator, path)}
    operator.send(path, blocked)
    shut = operator.send(path, {**given, "row_version": seen_on(operator, path)})
    assert shut.status_code == 409 and "uygun değil" in operator.text


def test_a_wrong_form_about_an_account_changes_nothing(operator: Browser) -> None:
    path = account_path(BANK_ACCOUNT)

    assert operator.send(path, {"what": "sil", "reason": ""}).status_code == 422
    assert "Gerekçe yazın" in operator.text and "Listeden" in operator.text
    assert operator.get(account_path("YOK")).status_code == 404
    given = {"what": "password", "reason": "x", "row_version": "0"}
    assert operator.send(account_path("YOK"), given, page=path).status_code == 404


# People.


def test_a_person_is_added_with_every_mistake_told_first(
    house: ConsoleHouse, operator: Browser
) -> None:
    path = "/isletmen/kisiler/yeni"
    assert operator.send(path, {"valid_from": "dün"}).status_code == 422
    assert "Gerekçe yazın" in operator.text and "Günü 2026-11-22" in operator.text
    wrong = {"person_id": "X", "institution": TOWN, "role_MERKEZ": "1", "reason": "yeni"}
    assert operator.send(path, wrong).status_code == 422
    assert "yalnız merkezde" in operator.text and "3-64 karakter" in operator.text
    right = {
        "person_id": "b-34-0417.su",
        "institution": TOWN,
        "name": "Su  Yeni",
        "role_ALT_KULLANICI": "1",
        "reason": "yeni memur",
    }

    operator.send(path, right)

    assert operator.place == "/isletmen/kisiler/b-34-0417.su" and "Su Yeni" in operator.text
    row, said = last_event(house, Event.PERSON_ADDED)
    assert (row.detail, row.institution, said["reason"]) == ("b-34-0417.su", TOWN, "yeni memur")


def version_of(browser: Browser, path: str) -> str:
    return seen_on(browser, path)


def test_a_person_is_changed_blocked_opened_let_go_and_taken_back(
    house: ConsoleHouse, operator: Browser
) -> None:
    one = f"/isletmen/kisiler/{CLERK_OF_TOWN}"
    edit = f"{one}/duzenle"
    before = version_of(operator, edit)
    changes = {
        "name": "Ekin Memur",
        "unit": "Emlak",
        "inquirer": "U-77",
        "role_ALT_KULLANICI": "1",
        "reason": "birim",
        "row_version": before,
    }
    operator.send(edit, changes)
    assert operator.place == one and "Emlak" in operator.text
    assert operator.send(edit, changes).status_code == 409
    assert operator.send(edit, {**changes, "valid_until": "x"}).status_code == 422
    now = version_of(operator, edit)
    assert operator.send(edit, {**changes, "name": "", "row_version": now}).status_code == 422
    assert "Ad soyad" in operator.text

    for what, words, event in (
        ("block", "bloke edildi", Event.PERSON_BLOCKED),
        ("unblock", "yeniden açık", Event.PERSON_OPENED),
        ("leave", "Ayrılık kaydedildi", Event.PERSON_LEFT),
        ("reactivate", "yeniden başlatıldı", Event.PERSON_OPENED),
    ):
        version = version_of(operator, one)
        operator.send(one, {"what": what, "reason": f"neden {what}", "row_version": version})
        assert words in operator.text
        row, said = last_event(house, event)
        assert (row.detail, said["reason"]) == (CLERK_OF_TOWN, f"neden {what}")
        stale = operator.send(one, {"what": what, "reason": "x", "row_version": version})
        assert stale.status_code == 409
    version = version_of(operator, one)
    wrong = operator.send(one, {"what": "unblock", "reason": "x", "row_version": version})
    assert wrong.status_code == 422 and "Bloke değil" in operator.text


def test_a_one_time_password_is_shown_once(house: ConsoleHouse, operator: Browser) -> None:
    one = "/isletmen/kisiler/bnk-0046.memur"
    given = {"what": "password_and_code", "reason": "telefonu kayıp"}

    stale = operator.send(one, {**given, "row_version": "0"})
    answer = operator.send(one, {**given, "row_version": version_of(operator, one)})

    assert stale.status_code == 409 and answer.status_code == 200
    password = answer.text.split('class="anahtar">')[1].split("<")[0]
    stranger = house.stranger()
    stranger.send("/giris", {"kimlik": "bnk-0046.memur", "parola": password, "kod": ""})
    assert stranger.place == "/giris/kod"
    assert last_event(house, Event.PERSON_PASSWORD)[0].detail == "bnk-0046.memur"


def test_nobody_changes_their_own_record(operator: Browser) -> None:
    one = f"/isletmen/kisiler/{OPERATOR}"

    operator.get(one)
    assert "Kimse kendi kaydını" in operator.text
    given = {"what": "block", "reason": "x", "row_version": "1"}
    assert operator.send(one, given, page="/isletmen/kisiler/yeni").status_code == 403
    operator.get(f"{one}/duzenle")


def test_wrong_acts_on_people_are_told_and_strangers_are_unknown(operator: Browser) -> None:
    one = "/isletmen/kisiler/bnk-0046.idari"
    assert operator.send(one, {"what": "sil", "on": "x"}).status_code == 422
    for path in ("/isletmen/kisiler/yok", "/isletmen/kisiler/yok/duzenle"):
        assert operator.get(path).status_code == 404
        assert operator.send(path, {"reason": "x"}, page=one).status_code == 404


def test_people_are_listed_in_pages_by_words_institution_and_state(
    operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.get("/isletmen/kisiler?q=denetci&durum=ACIK")
    assert "merkez.denetci" in operator.text and "bnk-0046" not in operator.text
    operator.get("/isletmen/kisiler?kurum=BNK-0046&durum=YOK")
    assert "bnk-0046.memur" in operator.text and "merkez.denetci" not in operator.text
    monkeypatch.setattr("kps_soap.console.operator.people_pages._MOST", 1)
    first = operator.get("/isletmen/kisiler?kurum=BNK-0046").text
    assert "?kurum=BNK-0046&amp;sonra=bnk-0046.idari" in first


def test_an_institution_s_head_keeps_the_own_people_alone(
    house: ConsoleHouse, head: Browser
) -> None:
    head.get("/kurum/kisiler?kurum=BNK-0046")
    assert CLERK_OF_TOWN in head.text and "bnk-0046" not in head.text
    assert head.get("/kurum/kisiler/bnk-0046.memur").status_code == 404
    assert head.get(f"/kurum/kisiler/{CLERK_OF_TOWN}/duzenle").status_code == 200
    assert "Merkez işletmeni" not in head.get("/kurum/kisiler/yeni").text
    given = {
        "person_id": "b-34-0417.can",
        "institution": "BNK-0046",
        "name": "Can Yeni",
        "role_IDARI": "1",
        "reason": "yeni",
    }
    assert head.send("/kurum/kisiler/yeni", given).status_code == 403
    head.send("/kurum/kisiler/yeni", {**given, "role_IDARI": "0", "role_ALT_KULLANICI": "1"})
    assert head.place == "/kurum/kisiler/b-34-0417.can"
    assert last_event(house, Event.PERSON_ADDED)[0].institution == TOWN


# Four eyes.


def ask_for(house: ConsoleHouse, asker: str, service: str) -> int:
    with house.engine.connect() as connection, writing(connection):
        asked = approvals.ask(
            connection,
            Kind.SPECIAL_FIELDS,
            CLERK_OF_TOWN,
            {"service": service},
            by=Actor.operator(asker),
            reason="nikâh işleri",
            now=datetime.now(UTC),
        )
    return asked.number


def test_what_was_asked_for_is_decided_by_another(house: ConsoleHouse, operator: Browser) -> None:
    page = "/isletmen/onaylar"
    mine = ask_for(house, OPERATOR, "BilesikKutukSorgulaKimlikNoServis")
    theirs = ask_for(house, "baska.isletmen", "NkoSorgulaTCKimlikNoServis")
    operator.get(page)
    assert "nikâh işleri" in operator.text and "geri çekebilirsiniz" in operator.text
    assert operator.send(page, {"what": "approve", "number": "x"}).status_code == 422
    given = {"what": "approve", "reason": "uygun"}

    assert operator.send(page, {**given, "number": mine}).status_code == 403
    assert operator.send(page, {**given, "number": 99_999}).status_code == 422
    operator.send(page, {**given, "number": theirs})
    assert "onaylandı" in operator.text
    row, said = last_event(house, Event.APPROVAL_DECIDED)
    assert row.detail == f"{theirs}: approve" and said["reason"] == "uygun"
    operator.send(page, {"what": "refuse", "reason": "vazgeçtim", "number": mine})
    assert "reddedildi" in operator.text
