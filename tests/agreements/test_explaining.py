"""Why a call was allowed or refused: the record, the archived words, the rule and the article."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from agreement_samples import ADDRESS_SERVICE, OTHER, PERSON_SERVICE, PLAIN, PUBLIC, edited
from office_samples import FILE_KEY, MOVER, START, Office
from sqlalchemy import Connection, delete, update

from kps_soap.agreement_models import agreement_files
from kps_soap.agreements.drift import fields_left_out
from kps_soap.agreements.explaining import Case, Explained, explain_possible, explain_record
from kps_soap.agreements.loading import Compiler
from kps_soap.agreements.recorded_calls import calls_about
from kps_soap.agreements.wording import explained_lines, lease_lines, version_line
from kps_soap.audit.conditions import Criteria
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.audit.search import find
from kps_soap.entry import Entry, Event
from kps_soap.fields import Field, FieldTree

PERSON = 99012345602
MEMBERS = {
    "institution": "B-34-0417",
    "account": "KRM-34-0417",
    "service": PERSON_SERVICE[0],
    "version": PERSON_SERVICE[1],
    "purpose": "EMLAK_BEYAN",
    "inquirer": "AYSE",
    "source_address": "203.0.113.10",
    "receipt_number": "20260301-B-34-0417-1-0",
    "persons": [PERSON],
}
FIELDS = PLAIN[PLAIN.index("fields = [") :]


def asked(office: Office, at: datetime = START, **changes: Any) -> None:
    """A call on record, answered unless a refusal is named."""
    office.clock.advance(1)
    version = office.keeper.newest()
    assert version is not None
    agreement = office.keeper.compiled(version).agreements[0]
    given = {"agreement": agreement.number, "agreement_digest": agreement.digest}
    members = {**MEMBERS, **given, **changes}
    event = Event.REFUSAL if members.get("refusal") else Event.QUERY
    with office.recorder() as run:
        run.record(Entry(f"{at.timestamp()}", at, "direct", event, **members))


def explained(office: Office, **criteria: Any) -> list[Explained]:
    with office.engine.connect() as connection, connection.begin():
        keyring = Keyring(FileKey.of(FILE_KEY))
        page = find(connection, keyring, Criteria(person=PERSON, **criteria), limit=10)
        return [explain_record(connection, office.keeper, one) for one in page.found]


def the_only(office: Office) -> Explained:
    (one,) = explained(office)
    return one


def refused_by(one: Explained) -> tuple[str, str, str]:
    last = one.verdicts[-1]
    assert not last.allowed
    assert all(verdict.allowed for verdict in one.verdicts[:-1])
    return last.rule, last.text, last.article


@pytest.fixture
def loaded(office: Office) -> Office:
    office.load({"a.toml": PLAIN})
    return office


def test_an_answered_call_names_every_rule_that_let_it_through(loaded: Office) -> None:
    asked(loaded)
    one = the_only(loaded)
    assert one.allowed
    assert one.agrees
    assert [verdict.rule for verdict in one.verdicts] == [
        "in force", "network", "door", "service and stage", "inquirer", "purpose", "fields",
    ]  # fmt: skip
    assert (one.agreement, one.file, one.set_version) == ("2026/117", "a.toml", 1)
    version = loaded.keeper.newest()
    assert version is not None
    assert one.set_digest == version.digest
    assert one.legal_basis == ("5393 Md.14", "5490 Md.45")
    articles = {verdict.rule: verdict.article for verdict in one.verdicts}
    assert articles["purpose"] == "5490 Md.45/2"
    assert articles["fields"] == "5490 Md.45/1; 6698 Md.4"
    text = "\n".join(explained_lines(one))
    for words in ("ALLOWED", one.record, one.receipt, one.file_digest, one.set_digest, "a.toml"):
        assert words in text
    assert str(PERSON) not in text


def test_a_call_under_a_mandate_came_from_the_vendors_networks(loaded: Office) -> None:
    asked(loaded, source_address="198.51.100.7", on_behalf_of="VEKALET 1", account="FIRMA-001")
    one = the_only(loaded)
    assert one.agrees
    assert "network" not in [verdict.rule for verdict in one.verdicts]


def test_the_words_are_those_of_the_day_and_not_of_today(loaded: Office) -> None:
    asked(loaded)
    loaded.clock.advance(3600)
    loaded.load({"a.toml": edited({'state = "ACIK"': 'state = "ASKIDA"'})})
    refused = {"refusal": "AgreementNotInForce", "outcome": 205, "detail": "its state is ASKIDA"}
    asked(loaded, START + timedelta(hours=2), **refused)
    second, first = explained(loaded)
    assert (first.allowed, first.agrees, first.set_version) == (True, True, 1)
    assert (second.allowed, second.agrees, second.set_version) == (False, True, 2)
    assert refused_by(second) == (
        "in force",
        "2026/117: its state is ASKIDA",
        "5490 Md.45/1; RG 31220",
    )
    assert "REFUSED, AgreementNotInForce (205)" in explained_lines(second)[0]


REFUSALS = [
    ({"source_address": "198.51.100.1"}, "NetworkNotAllowed", "network", "RG 31220"),
    ({"version": "2021/04/01"}, "ServiceNotGranted", "service and stage", "5490 Md.45/1"),
    ({"purpose": "SOSYAL_YARDIM"}, "PurposeNotGranted", "purpose", "5490 Md.45/2"),
    ({"inquirer": ""}, "InquirerNotAllowed", "inquirer", "5490 Md.45/3"),
    ({}, "QuotaFull", "quota", "5490 Md.45/2"),
    ({}, "TooManyCriteria", "criteria", "5490 Md.45/2"),
    ({}, "VersionWithdrawn", "version", "conf/versions.toml"),
    ({}, "RegisterUnavailable", "RegisterUnavailable", ""),
]


@pytest.mark.parametrize(("changes", "refusal", "rule", "article"), REFUSALS)
def test_a_refused_call_names_the_rule_and_the_article(
    loaded: Office, changes: dict[str, str], refusal: str, rule: str, article: str
) -> None:
    asked(loaded, refusal=refusal, detail="why", **changes)
    one = the_only(loaded)
    assert not one.allowed
    assert one.agrees
    assert refused_by(one)[0] == rule
    assert refused_by(one)[2].startswith(article)


def test_special_categories_pilots_addresses_and_case_numbers_have_their_articles(
    office: Office,
) -> None:
    pilot = 'stage = "PILOT"\npilot = { inquirers = ["AYSE"], calls_per_day_max = 5 }\n'
    address = f"""
[[services]]
name = "{ADDRESS_SERVICE[0]}"
versions = ["{ADDRESS_SERVICE[1]}"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN"]
fields = ["KimlikNoileKisiAdresBilgileri/KimlikNo"]
"""
    changes = {
        'stage = "ACIK"\n': pilot,
        FIELDS: 'fields = ["KisiBilgisi/DurumBilgisi/Din"]\n'
        'special = [{ field = "KisiBilgisi/DurumBilgisi/Din", legal_basis = "5490 Md.7" }]\n',
        "case_number_required = false": "case_number_required = true",
    }
    office.load({"a.toml": edited(changes) + address})
    asked(office, case_number="E-1")
    one = the_only(office)
    told = {verdict.rule: (verdict.text, verdict.article) for verdict in one.verdicts}
    assert told["pilot"] == ("AYSE", "5490 Md.45/2")
    assert told["case number"][1] == "5490 Md.45/2"
    assert told["special categories"] == ("KisiBilgisi/DurumBilgisi/Din: 5490 Md.7", "6698 Md.6")
    (possible,) = possible_of(office, Case(*ADDRESS_SERVICE, START.date()))
    assert ("address", True) in [(one.rule, one.allowed) for one in possible.verdicts]


def test_what_became_of_the_criteria_is_told(loaded: Office) -> None:
    asked(loaded, criterion_outcomes=[0, 208, 301])
    one = the_only(loaded)
    told = [(verdict.rule, verdict.text) for verdict in one.verdicts[-2:]]
    assert told == [("roster", "208: a person was not on it"), ("criterion", "301 NOT FOUND")]


def test_a_service_that_is_open_to_every_account_needs_no_grant(loaded: Office) -> None:
    asked(loaded, service="BilgiServis", version="1")
    one = the_only(loaded)
    assert one.allowed
    assert one.verdicts[-1].text == "open to every account with an agreement"


def test_a_suspension_by_command_is_told_with_its_day(loaded: Office) -> None:
    loaded.keeper.suspend("2026/117", MOVER)
    asked(loaded, loaded.clock.present + timedelta(seconds=1), refusal="AgreementNotInForce")
    assert "suspended by command on 2026-03-01" in refused_by(the_only(loaded))[1]


def test_a_call_of_the_second_in_which_a_version_was_taken_may_differ(loaded: Office) -> None:
    loaded.keeper.suspend("2026/117", MOVER)
    asked(loaded, loaded.clock.present)
    one = the_only(loaded)
    assert one.allowed
    assert not one.agrees
    assert "taken within a second" in explained_lines(one)[-1]


def lose(connection: Connection) -> None:
    connection.execute(delete(agreement_files))


def change(connection: Connection) -> None:
    connection.execute(update(agreement_files).values(content=b"x"))


@pytest.mark.parametrize(("harm", "words"), [(lose, "not in the archive"), (change, "was changed")])
def test_words_that_are_gone_or_changed_are_not_made_up(
    loaded: Office, harm: Any, words: str
) -> None:
    asked(loaded)
    with loaded.engine.begin() as connection:
        harm(connection)
    one = the_only(loaded)
    assert words in one.trouble
    assert (one.verdicts, one.allowed, one.agrees) == ((), True, True)
    assert words in "\n".join(explained_lines(one))


def test_a_record_without_an_agreement_or_of_the_public_door_says_so(loaded: Office) -> None:
    loaded.load({"acik.toml": PUBLIC})
    asked(loaded, agreement_digest="")
    version = loaded.keeper.newest()
    assert version is not None
    public = loaded.keeper.compiled(version).public
    assert public is not None
    asked(loaded, START + timedelta(seconds=5), agreement_digest=public.digest)
    second, first = explained(loaded)
    assert "no agreement is named" in first.trouble
    assert "public door" in second.trouble


def test_a_file_that_this_release_reads_otherwise_is_named(loaded: Office) -> None:
    asked(loaded)
    rules = loaded.keeper.compiler.rules
    loaded.keeper.compiler = Compiler(replace(rules, catalogue={}))
    assert "this release reads the file of that time otherwise" in the_only(loaded).trouble


def test_calls_that_were_refused_before_anybody_read_them_are_found(loaded: Office) -> None:
    number = str(PERSON)
    asked(loaded, question=number.encode())
    refused = {"refusal": "AgreementNotInForce", "outcome": 205, "persons": []}
    for count, question in enumerate(
        (f"<a>{number}</a>".encode(), number.encode("utf-16"), b"<a>99012345603</a>", b"")
    ):
        asked(loaded, START + timedelta(minutes=count + 1), question=question, **refused)
    # Who was refused later in the line is found by the person already.
    asked(loaded, START + timedelta(minutes=9), refusal="QuotaFull", question=number.encode())
    criteria = Criteria(person=PERSON, institution="B-34-0417", service=PERSON_SERVICE[0])
    with loaded.engine.connect() as connection, connection.begin():
        keyring = Keyring(FileKey.of(FILE_KEY))
        found = calls_about(connection, keyring, criteria, limit=10)
        assert [one.columns["refusal"] for one in found] == [
            "QuotaFull", "AgreementNotInForce", "AgreementNotInForce", None,
        ]  # fmt: skip
        assert len(calls_about(connection, keyring, criteria, limit=2)) == 2
        told = [explain_record(connection, loaded.keeper, one).allowed for one in found]
    assert told == [False, False, False, True]


def possible_of(office: Office, case: Case, institution: str = "B-34-0417") -> list[Explained]:
    with office.engine.connect() as connection:
        at = office.clock.present
        return explain_possible(connection, office.keeper, institution, at, case)


PERSON_CASE = Case(*PERSON_SERVICE, START.date())


def test_a_call_that_nobody_made_is_judged_by_the_set_of_that_time(loaded: Office) -> None:
    (one,) = possible_of(loaded, PERSON_CASE)
    assert one.allowed
    assert one.record == ""
    assert "no such call is on record; it would have been ALLOWED" in explained_lines(one)[0]
    (one,) = possible_of(loaded, replace(PERSON_CASE, purpose="SOSYAL_YARDIM"))
    assert refused_by(one)[0] == "purpose"
    (one,) = possible_of(loaded, replace(PERSON_CASE, version="2021/04/01"))
    assert refused_by(one)[1].endswith("is not in the agreement")
    (one,) = possible_of(loaded, PERSON_CASE, "B-99-0001")
    assert (one.trouble, one.allowed) == ("the institution had no agreement at that time", False)


def test_before_the_first_load_nothing_was_granted(office: Office) -> None:
    (one,) = possible_of(office, PERSON_CASE)
    assert one.trouble == "no agreement set was in force at that time"


def test_every_agreement_of_the_institution_is_asked(loaded: Office) -> None:
    earlier = edited(
        {
            **OTHER,
            "valid_until = 2026-12-31\n": "valid_until = 2026-01-31\n",
            "B-34-0417": "B-34-0417",
        }
    ).replace("B-35-0001", "B-34-0417")
    loaded.load({"b.toml": earlier, "a.toml": edited({"2026-01-01\nvalid": "2026-02-01\nvalid"})})
    found = possible_of(loaded, PERSON_CASE)
    assert [(one.agreement, one.allowed) for one in found] == [
        ("2026/117", True), ("2026/118", False),
    ]  # fmt: skip


@pytest.fixture
def newer() -> Iterator[FieldTree]:
    """A contract to which a member was added on 1 June 2026."""
    late = Field("Yeni", "KisiBilgisi/TemelBilgisi/Yeni", since=date(2026, 6, 1))
    old = Field("Ad", "KisiBilgisi/TemelBilgisi/Ad")
    basics = Field("TemelBilgisi", "KisiBilgisi/TemelBilgisi", (old, late))
    yield FieldTree(*PERSON_SERVICE, Field("KisiBilgisi", "KisiBilgisi", (basics,)))


@pytest.mark.parametrize(
    ("fields", "signed", "left_out"),
    [
        ('["KisiBilgisi/TemelBilgisi"]', "2025-11-15", True),
        ('["KisiBilgisi"]', "2025-11-15", True),
        ('["KisiBilgisi/TemelBilgisi/Ad"]', "2025-11-15", False),
        ('["KisiBilgisi/TemelBilgisi", "KisiBilgisi/TemelBilgisi/Yeni"]', "2025-11-15", False),
        ('["KisiBilgisi/TemelBilgisi"]', "2026-06-01", False),
    ],
)
def test_a_field_that_is_newer_than_the_signature_is_named(
    office: Office, newer: FieldTree, fields: str, signed: str, left_out: bool
) -> None:
    catalogue: Any = office.keeper.compiler.rules.catalogue
    served = {PERSON_SERVICE: replace(catalogue[PERSON_SERVICE], tree=newer)}
    rules = replace(office.keeper.compiler.rules, catalogue=served)
    later = "2026-06-02" if signed > "2026" else "2026-01-01"
    text = edited(
        {
            FIELDS: f"fields = {fields}\n",
            "signed = 2025-11-15": f"signed = {signed}",
            "valid_from = 2026-01-01": f"valid_from = {later}",
        }
    )
    office.write({"a.toml": text})
    agreements = Compiler(rules).directory(office.directory, today=date(2026, 7, 1))
    found = fields_left_out(agreements)
    assert [one.path for one in found] == ["KisiBilgisi/TemelBilgisi/Yeni"] * left_out
    granted = agreements.agreements[0].services[PERSON_SERVICE].grant
    assert granted.wants("KisiBilgisi/TemelBilgisi/Yeni") is not left_out or "Yeni" not in fields
    if found:
        assert "since 2026-06-01, after the signature" in found[0].text


def test_versions_and_leases_have_lines(loaded: Office) -> None:
    version = loaded.keeper.newest()
    assert version is not None
    assert version_line(version) == (
        "version 1, YUKLEME by ayse at 2026-03-01 12:00:00 (deneme; E-2026/55), "
        f"set {version.digest}"
    )
    assert lease_lines([], version, START) == ["no worker lives"]
