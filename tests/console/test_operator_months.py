"""Months of fees, explanations, agreement files and words for findings, at the console."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from house_samples import AUDITOR, OPERATOR, Browser, ConsoleHouse, console_house
from test_operator_acts import last_event, seen_on

from kps_soap.agreements.explaining import Verdict
from kps_soap.agreements.keeping import Mover
from kps_soap.audit.months import day_of, month_of
from kps_soap.billing import closing
from kps_soap.billing.statement import Span
from kps_soap.console.operator import (
    alert_pages,
    explain_pages,
    explain_words,
    month_pages,
    statements,
)
from kps_soap.console.texts import told
from kps_soap.database import writing
from kps_soap.entry import Entry, Event
from kps_soap.misuse import findings
from kps_soap.misuse.rules import Rule, Suspicion

TOWN, AGREEMENT, BANK = "B-34-0417", "2026/117", "BNK-0046"
SERVICE, VERSION = "KisiSorgulaTCKimlikNoServis", "2011/01/01"
MONTH = "2026-01"
STATEMENTS = "/isletmen/hesap-ozetleri"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleHouse]:
    """A house of its own, with calls in a month that is over."""
    with console_house(tmp_path_factory.mktemp("months"), agreements_poll_seconds=0) as opened:
        for number, institution in enumerate((TOWN, TOWN, BANK)):
            record(opened, number, institution)
        yield opened


def record(house: ConsoleHouse, number: int, institution: str, **changes: Any) -> None:
    """A call that was charged, in the middle of the month."""
    given: dict[str, Any] = {
        "institution": institution,
        "agreement": AGREEMENT,
        "account": f"KRM-{institution}",
        "service": SERVICE,
        "version": VERSION,
        "purpose": "EMLAK_BEYAN",
        "units": 1,
        "records": 1,
        "amount": 30_000,
        "fee": "SORGU:30000",
        "door": "direct",
        "question": b"<Soru/>",
    }
    at = datetime.fromtimestamp(Span.of(MONTH).first_us / 1e6, UTC) + timedelta(days=3)
    entry = Entry(f"{number:032x}", at, event=Event.QUERY, **{**given, **changes})
    house.run(house.inside.acts.do(entry, lambda _connection: None))


@pytest.fixture(scope="module")
def operator(house: ConsoleHouse) -> Browser:
    return house.browser(OPERATOR)


@pytest.fixture(scope="module")
def auditor(house: ConsoleHouse) -> Browser:
    return house.browser(AUDITOR)


# Closing and verifying a month.


def closing_form(browser: Browser, institution: str) -> dict[str, str]:
    text = browser.get(f"/isletmen/ay-kapat?ay={MONTH}&kurum={institution}").text
    seen = text.split('name="seen" value="')[1].split('"')[0]
    return {"month": MONTH, "institution": institution, "seen": seen}


def test_a_month_is_closed_as_the_page_showed_it_and_once(
    house: ConsoleHouse, operator: Browser
) -> None:
    operator.get(f"{STATEMENTS}?ay={MONTH}")
    assert "Ayı kapat" in operator.text
    form = closing_form(operator, TOWN)
    assert "6,00 TL" in operator.text and "yeniden açılmaz" in operator.text
    page = f"/isletmen/ay-kapat?ay={MONTH}&kurum={BANK}"

    operator.send("/isletmen/ay-kapat", form, page=page)

    assert operator.place == STATEMENTS, operator.text
    assert "Ay kapatıldı" in operator.text
    row = house.events(event=Event.MONTH_CLOSED.value)[-1]
    assert (row.account, row.institution, row.channel) == (OPERATOR, TOWN, "WEB")
    assert row.source_address == "127.0.0.1" and row.detail.startswith(f"{MONTH} ")
    again = operator.send("/isletmen/ay-kapat", form, page=page)
    assert again.status_code == 409
    assert len(house.events(event=Event.MONTH_CLOSED.value)) == 1
    operator.get(f"{STATEMENTS}?ay={MONTH}")
    assert "kapandı" in operator.text and "Doğrula" in operator.text


def test_a_closed_month_is_computed_again_and_a_line_that_differs_is_named(
    house: ConsoleHouse, operator: Browser
) -> None:
    page = f"{STATEMENTS}?ay={MONTH}"
    asked = {"month": MONTH, "institution": TOWN}
    operator.send("/isletmen/ay-dogrula", asked, page=page)
    assert (
        "kayıtlardan ya da tarifeden farklı" in operator.text
        and "tarifenin ücreti başka" in operator.text
    )
    row = house.events(event=Event.STATEMENT.value)[-1]
    assert (row.account, row.detail) == (OPERATOR, f"{MONTH} computed again")

    record(house, 77, TOWN)
    operator.send("/isletmen/ay-dogrula", {"month": MONTH}, page=page)

    assert "özette 2 çağrı" in operator.text and "kayıtlarda 3 çağrı" in operator.text
    other = operator.send("/isletmen/ay-dogrula", {**asked, "institution": BANK}, page=page)
    assert other.status_code == 409 and "kapatılmamış" in operator.text


def test_every_month_that_is_left_is_closed_together(
    house: ConsoleHouse, operator: Browser
) -> None:
    form = closing_form(operator, "")
    assert BANK in operator.text and TOWN not in operator.text
    stale = {**form, "seen": "0"}
    page = f"/isletmen/ay-kapat?ay={MONTH}"
    assert operator.send("/isletmen/ay-kapat", stale, page=page).status_code == 409

    operator.send("/isletmen/ay-kapat", form, page=page)

    assert house.events(event=Event.MONTH_CLOSED.value)[-1].institution == BANK
    operator.get(page)
    assert "kapatılacak bir şey kalmadı" in operator.text


def test_a_month_that_runs_or_is_none_is_not_closed(operator: Browser) -> None:
    running = month_of(datetime.now(UTC))
    assert operator.get(f"/isletmen/ay-kapat?ay={running}").status_code == 409
    assert operator.get("/isletmen/ay-kapat?ay=x").status_code == 422
    for month, status in ((running, 409), ("x", 422)):
        answer = operator.send("/isletmen/ay-kapat", {"month": month}, page=STATEMENTS)
        assert answer.status_code == status
    answer = operator.send("/isletmen/ay-dogrula", {"month": "x"}, page=STATEMENTS)
    assert answer.status_code == 422


def test_records_that_contradict_themselves_are_not_closed(
    house: ConsoleHouse, operator: Browser
) -> None:
    record(house, 99, "K-34-0001", amount=1)
    form = closing_form(operator, "K-34-0001")

    answer = operator.send("/isletmen/ay-kapat", form, page=STATEMENTS)

    assert answer.status_code == 409 and "çelişiyor" in operator.text


def test_somebody_who_was_faster_by_a_moment_is_believed(
    house: ConsoleHouse, operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(house, 98, "K-34-0002")
    form = closing_form(operator, "K-34-0002")
    monkeypatch.setattr(statements, "closed_by", lambda *_: {"another request"})
    answer = operator.send("/isletmen/ay-kapat", form, page=STATEMENTS)
    assert answer.status_code == 409 and "değişt" in operator.text


@pytest.mark.parametrize("path", ["/isletmen/ay-kapat", "/isletmen/anlasma-yukle"])
def test_an_auditor_closes_and_loads_nothing(auditor: Browser, path: str) -> None:
    assert auditor.get(path).status_code == 403
    assert auditor.send(path, {}, page=STATEMENTS).status_code == 403
    auditor.get(f"{STATEMENTS}?ay={MONTH}")
    assert "Ayı kapat" not in auditor.text


def test_every_difference_has_words_in_both_languages(house: ConsoleHouse) -> None:
    class Somebody:
        @staticmethod
        def t(key: str, **values: object) -> str:
            return told(key, "tr", **values)

    for kind in closing.Kind:
        one = closing.Difference(kind, "Servis 1", tuple("12345678"))
        assert one.about in one.text
        said = month_pages.difference_text(Somebody(), one)  # type: ignore[arg-type]
        assert "Servis 1" in said and "{" not in said


# Why was it so?

CASE = {
    "institution": TOWN,
    "service": SERVICE,
    "day": "2026-02-03",
    "reason": "itiraz 2026/4",
    "person": "10000000146",
}


def test_a_call_that_nobody_made_is_thought_to_be_made_now_or_in_the_middle_of_its_day() -> None:
    day = datetime(2026, 2, 3, tzinfo=UTC)
    asked = explain_pages.Question(
        TOWN, SERVICE, VERSION, "", 10000000146, day, day + timedelta(days=1), "itiraz"
    )
    assert asked.moment(day + timedelta(hours=15)) == day + timedelta(hours=15)
    assert asked.moment(day + timedelta(days=1)) == day + timedelta(hours=12)
    assert asked.moment(day - timedelta(days=9)) == day + timedelta(hours=12)


def test_a_call_that_nobody_made_is_explained_on_the_words_of_that_day(
    house: ConsoleHouse, auditor: Browser
) -> None:
    today = day_of(datetime.now(UTC))
    given = {**CASE, "day": today, "version": VERSION, "purpose": "EMLAK_BEYAN"}

    answer = auditor.send("/isletmen/neden", given)

    assert answer.status_code == 200
    assert "Yürürlük" in auditor.text and "5490 Md.45" in auditor.text
    row, said = last_event(house, Event.SEARCH)
    assert (row.account, row.channel) == (AUDITOR, "WEB")
    assert "itiraz 2026/4" in json.dumps(said, ensure_ascii=False)
    assert "10000000146" not in str(auditor.last.url)


def test_before_the_first_set_nothing_was_granted(auditor: Browser) -> None:
    auditor.send("/isletmen/neden", {**CASE, "time": "14:30", "within": "1"})
    assert "anlaşma kümesi yoktu" in auditor.text


def test_a_call_on_record_is_explained(house: ConsoleHouse, auditor: Browser) -> None:
    digest = house.inside.book.current().of_institution(TOWN)[0].digest
    record(
        house,
        321,
        TOWN,
        persons=[10000000146],
        agreement_digest=digest,
        door="direct",
        source_address="127.0.0.1",
        inquirer="U-77",
    )
    day = datetime.fromtimestamp(Span.of(MONTH).first_us / 1e6, UTC) + timedelta(days=4)

    auditor.send("/isletmen/neden", {**CASE, "day": f"{day:%Y-%m-%d}"})

    assert "izin verildi" in auditor.text and "kayıtlı değil" not in auditor.text
    assert "verilmeyen alan sayısı" in auditor.text, auditor.text


def test_every_mistake_of_a_question_is_told_at_once(auditor: Browser) -> None:
    wrong = {"service": "Yok", "person": "12", "time": "öğlen", "within": "x", "purpose": "x" * 101}
    assert auditor.send("/isletmen/neden", wrong).status_code == 422
    for said in (
        "Gerekçe",
        "on bir hane",
        "Bir gün yazın",
        "14:30",
        "0 ile 1440",
        "çok uzun",
        "Kurum kodunu",
        "bir servis",
    ):
        assert said in auditor.text, said
    auditor.send("/isletmen/neden", {**CASE, "version": "1999/01/01", "day": "x", "person": ""})
    for said in ("böyle bir sürümü yok", "Günü 2026", "Kimlik numarasını yazın"):
        assert said in auditor.text, said


def test_who_may_not_see_the_evidence_asks_for_no_reasons(operator: Browser) -> None:
    assert operator.get("/isletmen/neden").status_code == 403


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026/117: it ended on 2026-12-31", "sona erdi"),
        ("2026/117: its state is TASLAK", "durumu TASLAK"),
        ("KisiServis 2011/01/01 is in stage KAPALI", "KAPALI aşamasında"),
        ("no purpose was sent, and the agreement has no default", "amaç gönderilmedi"),
        ("gives a/b (all 3); withholds 4 (digest 0123456789ab)", "verilen: a/b"),
        ("208: a person was not on it", "listede olmayan"),
        ("BELEDIYE may not receive addresses on 2026-01-01 (5490 Md.45/1; ADR-1)", "alamaz"),
    ],
)
def test_what_a_rule_says_has_turkish_words(text: str, words: str) -> None:
    def say(key: str, **values: object) -> str:
        return told(key, "tr", **values)

    said, language = explain_words.sentence(say, text)

    assert words in said and language == ""


def test_what_is_not_known_is_shown_as_the_english_it_is() -> None:
    def say(key: str, **values: object) -> str:
        return told(key, "tr", **values)

    assert explain_words.sentence(say, "something else entirely")[1] == "en"
    assert explain_words.sentence(say, "NIKAH, TASINMAZ")[1] == ""
    assert explain_words._told(say, Verdict("QuotaFull", False, "x", "")).rule == "QuotaFull"


# Agreement files.


def edited(house: ConsoleHouse, old: str, new: str) -> None:
    file = house.home / "agreements" / "ornek-ilce-belediyesi.toml"
    before = file.read_text(encoding="utf-8")
    assert old in before
    file.write_text(before.replace(old, new, 1), encoding="utf-8")


def test_a_stage_that_was_edited_is_told_and_put_in_force(
    house: ConsoleHouse, operator: Browser, auditor: Browser
) -> None:
    path, load = "/isletmen/anlasma-dosyalari", "/isletmen/anlasma-yukle"
    operator.get(path)
    assert "kümenin aynısı" in operator.text and "Yürürlüğe koy" not in operator.text
    edited(house, "valid_until = 2027-12-31", "valid_until = 2027-06-30")
    auditor.get(path)
    assert "2027-06-30" in auditor.text and "Yürürlüğe koy" not in auditor.text
    seen = seen_on(operator, path)
    given = {"row_version": seen, "document": "E-9"}
    assert operator.send(load, given, page=path).status_code == 422
    assert "Gerekçe yazın" in operator.text
    edited(house, "valid_until = 2027-06-30", "valid_until = 2027-05-31")
    stale = operator.send(load, {**given, "reason": "ek protokol"}, page=path)
    assert stale.status_code == 409

    seen = seen_on(operator, path)
    operator.send(load, {**given, "row_version": seen, "reason": "ek protokol"}, page=path)

    assert operator.place == path and "yürürlüğe kondu" in operator.text
    row, said = last_event(house, Event.AGREEMENTS_LOADED)
    assert (row.account, row.channel, row.case_number) == (OPERATOR, "WEB", "E-9")
    assert said["reason"] == "ek protokol"
    house.inside.book.poll()
    (agreement,) = house.inside.book.current().of_institution(TOWN)
    assert f"{agreement.document.valid_until}" == "2027-05-31"


def test_files_with_mistakes_are_told_with_their_lines_and_change_nothing(
    house: ConsoleHouse, operator: Browser
) -> None:
    path, load = "/isletmen/anlasma-dosyalari", "/isletmen/anlasma-yukle"
    seen = before = house.inside.book.current().digest
    edited(house, 'state = "ACIK"', 'state = "ACK"')
    try:
        operator.get(path)
        assert "ornek-ilce-belediyesi.toml" in operator.text and "düzeltilene dek" in operator.text
        answer = operator.send(load, {"row_version": seen, "reason": "x"}, page=STATEMENTS)
        assert answer.status_code == 409
        long = {"reason": "x", "document": "x" * 65}
        assert operator.send(load, long, page=STATEMENTS).status_code == 422
    finally:
        edited(house, 'state = "ACK"', 'state = "ACIK"')
    house.inside.book.poll()
    assert house.inside.book.current().digest == before


def test_a_suspension_is_no_change_of_the_files(house: ConsoleHouse, operator: Browser) -> None:
    mover = Mover("ayse", "deneme")
    house.inside.keeper.suspend(AGREEMENT, mover)
    try:
        operator.get("/isletmen/anlasma-dosyalari")
        assert f"{AGREEMENT} komutla askıda" in operator.text
        assert "Yürürlüğe konursa" not in operator.text
    finally:
        house.inside.keeper.resume(AGREEMENT, mover)


# Words for what the rules of misuse found.

FOUND = [
    (Rule.SEQUENTIAL, "12 of 20 numbers lay next to one asked shortly before", "20 numaradan 12"),
    (Rule.NOT_FOUND, "9 of 10 criteria of the day matched nobody", "10 ölçütünden 9"),
    (Rule.SHARED_SUBJECT, "5 inquirers asked about the same person on one day", "5 ayrı kullanıcı"),
    (Rule.OWN_SURNAME, "5 of 6 calls of the day were about the inquirer's own surname", "6 sorgu"),
    (Rule.OFF_HOURS, "30 calls at night or at the weekend", "30 sorgu"),
    (Rule.TWO_ADDRESSES, "one inquirer from 3 addresses within ten minutes", "3 ayrı adres"),
    (Rule.SUDDEN_GROWTH, "900 calls on a day, 30 on a usual one", "olağan bir günde 30"),
    (Rule.PROTECTED, "2 protected persons met, the call was refused", "ve reddedildi"),
    (Rule.PROTECTED, "1 protected person met, the call was answered", "ve yanıtlandı"),
]


@pytest.mark.parametrize(("rule", "summary", "words"), FOUND)
def test_a_finding_is_told_in_turkish(
    house: ConsoleHouse, operator: Browser, rule: Rule, summary: str, words: str
) -> None:
    finding = f"{len(house.events()):016x}{abs(hash(summary)) % 10**6:06d}"
    one = Suspicion(rule, finding, summary, 42, 20, TOWN, AGREEMENT, "KRM-34-0417", "U-77")
    now = datetime.now(UTC)
    with house.engine.connect() as connection, writing(connection):
        findings.put(connection, finding, one, now=now, day=now.date().isoformat())
    path = f"{alert_pages.ADDRESS}/{finding}"

    operator.get(path)
    assert words in operator.text and summary not in operator.text
    operator.get("/dil/en")
    operator.get(path)
    assert summary in operator.text
    operator.get("/dil/tr")


def test_a_suspension_by_a_rule_tells_its_reason_in_turkish(
    house: ConsoleHouse, operator: Browser
) -> None:
    reason = "MESAI_DISI: 30 calls at night or at the weekend"
    house.inside.keeper.suspend(AGREEMENT, Mover("kps misuse", reason))
    house.inside.book.poll()
    try:
        for path in (f"/isletmen/anlasmalar/{AGREEMENT}", "/isletmen/degisiklikler"):
            operator.get(path)
            assert "Mesai dışı sorgu: Gece ya da hafta sonu 30 sorgu" in operator.text
        operator.get("/isletmen/durum")
        assert "30 calls" not in operator.text
    finally:
        house.inside.keeper.resume(AGREEMENT, Mover("ayse", "bitti: deneme"))


def test_every_rule_of_misuse_has_words() -> None:
    assert {rule for rule, _, _ in FOUND} == set(Rule)
