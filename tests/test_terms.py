"""The agreement stage: every question that the agreement answers, in its order."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from terms_samples import (
    AGREEMENT,
    FRESH,
    KLASIK,
    NOW,
    PERSON,
    STRICT,
    Named,
    agreements,
    asked,
    edited,
    stage,
    vouched,
)

from kps_soap import faults
from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.versions import Sunset, Versions
from kps_soap.authentication import MessageTime
from kps_soap.quotas import CallRates
from kps_soap.terms import AgreementStage, Terms, istanbul_date

#: A second agreement of the same account, for the year before.
EARLIER = {
    '"2026/117"': '"2025/117"',
    "2026-12-31\nstate": "2026-01-31\nstate",
    "2026-02-01": "2025-02-01",
    "2026-01-15": "2025-01-15",
    "2025-12-05": "2024-12-05",
    '"P256"': '"RSA"',
}
ADDRESS = Named("KimlikNoSorgulaAdresServis", "2021/04/01")


def test_a_call_that_the_agreement_allows_gets_its_terms(tmp_path: Path) -> None:
    current, request = agreements(tmp_path, AGREEMENT), asked()
    terms = stage(current)(request, vouched(), PERSON)
    grant = current.agreements[0].services[PERSON].grant
    assert terms == Terms("B-34-0417", grant, "DUZELTMELI", 10, 5000, "UYAR")


def test_what_was_decided_under_which_agreement_stands_on_the_record(tmp_path: Path) -> None:
    current, request = agreements(tmp_path, AGREEMENT), asked()
    stage(current)(request, vouched(), PERSON)
    entry = request.entry
    assert request.signature == "P256"
    assert (entry.institution, entry.agreement) == ("B-34-0417", "2026/117")
    assert entry.agreement_digest == current.agreements[0].digest
    assert (entry.inquirer, entry.purpose, entry.case_number) == ("AYSE", "EMLAK_BEYAN", "2026/1")
    assert (entry.vouched_by, entry.message_id) == ("TLS_PASSWORD", "urn:uuid:1")
    assert entry.returned_fields == ("KisiBilgisi/TCKimlikNo", "KisiBilgisi/TemelBilgisi/Ad")
    assert len(entry.withheld_digest) == 64


def test_a_call_without_message_id_has_an_empty_one_on_record(tmp_path: Path) -> None:
    request = asked()
    stage(agreements(tmp_path, AGREEMENT))(request, vouched(message_id=None), PERSON)
    assert request.entry.message_id == ""


#: What is wrong with a call, in the order in which it is looked at; what it meets, and why.
WRONGS: list[tuple[str, type[faults.Refusal], str]] = [
    ("account", faults.ServiceNotGranted, "no agreement"),
    ("day", faults.AgreementNotInForce, "ended on"),
    ("network", faults.NetworkNotAllowed, "source address"),
    ("door", faults.ServiceNotGranted, "the door routing"),
    ("time", faults.StaleMessage, "timestamp"),
    ("sunset", faults.VersionWithdrawn, "withdrawn"),
    ("service", faults.ServiceNotGranted, "not in the agreement"),
    ("address", faults.AddressNotAllowed, "5490 Md.45/1"),
    ("inquirer", faults.InquirerNotAllowed, "not registered"),
    ("purpose", faults.PurposeNotGranted, "the granted service"),
    ("case number", faults.CaseNumberMissing, "no case number"),
    ("rate", faults.QuotaFull, "calls per second"),
]
NAMES = [name for name, _, _ in WRONGS]


def refusal_of_a_call_with(wrongs: set[str], folder: Path) -> faults.Refusal:
    """Make one call with all of these things wrong at once."""
    changes = {KLASIK: 'security = "STANDART"'} if "time" in wrongs else {}
    contract = ADDRESS if "address" in wrongs else PERSON
    contract = Named("AksOkuTumIlServis", "2011/01/01") if "service" in wrongs else contract
    current = agreements(folder, edited(changes))
    if "address" in wrongs:
        # The law changes while an agreement runs: it is asked at every call (K7.2).
        object.__setattr__(current, "address_rights", AddressRights(()))
    sunset = Sunset(contract.name, contract.version, date(2026, 1, 1), "2030/01/01")
    line = stage(
        current, sunsets={(sunset.service, sunset.version): sunset} if "sunset" in wrongs else {}
    )
    if "rate" in wrongs:
        for _ in range(2):
            line.rates.take("agreement 2026/117", 2)
    request = asked(
        at=datetime(2027, 3, 1, tzinfo=UTC) if "day" in wrongs else NOW,
        source="203.0.113.11" if "network" in wrongs else "203.0.113.10",
        door="routing" if "door" in wrongs else "direct",
    )
    caller = vouched(
        account="KRM-99" if "account" in wrongs else "KRM-34-0417",
        inquirer="HASAN" if "inquirer" in wrongs else "AYSE",
        purpose="SOSYAL_YARDIM" if "purpose" in wrongs else "EMLAK_BEYAN",
        case_number=None if "case number" in wrongs else "2026/1",
        time=None if "time" in wrongs else FRESH,
    )
    with pytest.raises(faults.Refusal) as caught:
        line(request, caller, contract)
    return caught.value


@pytest.mark.parametrize("index", range(len(WRONGS)), ids=NAMES)
def test_the_questions_are_asked_in_their_order(tmp_path: Path, index: int) -> None:
    # Everything from here on is wrong; the first of it is what the caller is told.
    refusal = refusal_of_a_call_with(set(NAMES[index:]), tmp_path)
    _, kind, reason = WRONGS[index]
    assert type(refusal) is kind
    assert reason in refusal.detail


@pytest.mark.parametrize(("name", "kind", "reason"), WRONGS, ids=NAMES)
def test_each_question_alone_refuses_a_call(
    tmp_path: Path, name: str, kind: type[faults.Refusal], reason: str
) -> None:
    refusal = refusal_of_a_call_with({name}, tmp_path)
    assert type(refusal) is kind
    assert reason in refusal.detail
    for said in ("HASAN", "SOSYAL_YARDIM", "203.0.113.11", "KRM-99"):
        assert said not in refusal.detail


def test_a_withdrawn_version_names_what_replaces_it(tmp_path: Path) -> None:
    refusal = refusal_of_a_call_with({"sunset"}, tmp_path)
    assert "2030/01/01" in refusal.english


def test_a_refused_rate_says_when_to_come_back(tmp_path: Path) -> None:
    assert refusal_of_a_call_with({"rate"}, tmp_path).retry_after_s == 1


def test_calls_are_counted_per_agreement_and_only_when_all_else_is_right(tmp_path: Path) -> None:
    line = stage(agreements(tmp_path, AGREEMENT))
    for _ in range(5):
        with pytest.raises(faults.PurposeNotGranted):
            line(asked(), vouched(purpose=None), PERSON)
    line(asked(), vouched(), PERSON)
    line(asked(), vouched(), PERSON)
    with pytest.raises(faults.QuotaFull):
        line(asked(), vouched(), PERSON)


def test_a_refusal_under_an_agreement_is_signed_and_recorded_under_it(tmp_path: Path) -> None:
    current, request = agreements(tmp_path, AGREEMENT), asked(source="203.0.113.11")
    with pytest.raises(faults.NetworkNotAllowed):
        stage(current)(request, vouched(), PERSON)
    assert request.signature == "P256"
    assert request.entry.institution == "B-34-0417"
    assert request.entry.agreement_digest == current.agreements[0].digest
    assert request.entry.vouched_by == "TLS_PASSWORD"
    assert request.entry.returned_fields == ()


def test_an_account_without_agreement_leaves_no_institution_on_the_record(tmp_path: Path) -> None:
    request = asked()
    with pytest.raises(faults.ServiceNotGranted):
        stage(agreements(tmp_path, AGREEMENT))(request, vouched(account="KRM-99"), PERSON)
    assert (request.signature, request.entry.institution) == ("RSA", "")
    assert request.entry.vouched_by == "TLS_PASSWORD"


@pytest.mark.parametrize(
    ("day", "number", "signature"),
    [
        (datetime(2026, 1, 20, tzinfo=UTC), "2025/117", "RSA"),
        (datetime(2026, 1, 31, 20, 59, 59, tzinfo=UTC), "2025/117", "RSA"),
        (datetime(2026, 1, 31, 21, tzinfo=UTC), "2026/117", "P256"),
        (datetime(2026, 12, 31, 20, 59, 59, tzinfo=UTC), "2026/117", "P256"),
    ],
)
def test_one_agreement_follows_another_at_midnight_in_istanbul(
    tmp_path: Path, day: datetime, number: str, signature: str
) -> None:
    request = asked(at=day)
    stage(agreements(tmp_path, AGREEMENT, edited(EARLIER)))(request, vouched(), PERSON)
    assert (request.entry.agreement, request.signature) == (number, signature)


@pytest.mark.parametrize(
    ("day", "number"),
    [
        (datetime(2025, 1, 1, tzinfo=UTC), "2026/117"),
        (datetime(2026, 12, 31, 21, tzinfo=UTC), "2026/117"),
    ],
)
def test_outside_every_validity_the_latest_agreement_is_on_the_record(
    tmp_path: Path, day: datetime, number: str
) -> None:
    request = asked(at=day)
    with pytest.raises(faults.AgreementNotInForce):
        stage(agreements(tmp_path, AGREEMENT, edited(EARLIER)))(request, vouched(), PERSON)
    assert request.entry.agreement == number


def test_a_suspended_agreement_is_the_one_on_the_record(tmp_path: Path) -> None:
    current = agreements(tmp_path, edited({'state = "ACIK"': 'state = "ASKIDA"'}))
    request = asked()
    with pytest.raises(faults.AgreementNotInForce):
        stage(current)(request, vouched(), PERSON)
    assert (request.entry.agreement, request.signature) == ("2026/117", "P256")


@pytest.mark.parametrize(
    ("time", "taken"),
    [
        (FRESH, True),
        (MessageTime("2026-03-01T12:01:00+03:00", "2026-03-01T12:05:00+03:00"), True),
        (None, False),
        (MessageTime("2026-03-01T09:01:00", "2026-03-01T09:05:00"), False),
        (MessageTime("2026-03-01T08:57:00Z", "2026-03-01T09:02:00Z"), False),
        (MessageTime("2026-03-01T09:01:00Z", "2026-03-01T09:07:00Z"), False),
        (MessageTime("2026-03-01T09:04:00Z", "2026-03-01T09:05:00Z"), False),
    ],
)
def test_the_standard_profile_holds_the_timestamp_to_the_strict_window(
    tmp_path: Path, time: MessageTime | None, *, taken: bool
) -> None:
    line = stage(agreements(tmp_path, edited({KLASIK: 'security = "STANDART"'})))
    if taken:
        line(asked(), vouched(time=time), PERSON)
        return
    with pytest.raises(faults.StaleMessage):
        line(asked(), vouched(time=time), PERSON)


def test_the_classic_profile_leaves_the_timestamp_to_the_door(tmp_path: Path) -> None:
    stage(agreements(tmp_path, AGREEMENT))(asked(), vouched(time=None), PERSON)


def test_a_service_in_test_is_answered_from_a_synthetic_register_only(tmp_path: Path) -> None:
    current = agreements(tmp_path, AGREEMENT)
    assert stage(current)(asked(), vouched(), ADDRESS).grant is not None
    with pytest.raises(faults.ServiceNotGranted) as caught:
        stage(current, register_kind="GERCEK")(asked(), vouched(), ADDRESS)
    assert "real register" in caught.value.detail
    assert stage(current, register_kind="GERCEK")(asked(), vouched(), PERSON)


def test_the_set_in_force_is_asked_for_at_every_call(tmp_path: Path) -> None:
    sets = [agreements(tmp_path, AGREEMENT)]
    (tmp_path / "0.toml").write_text(
        edited({'state = "ACIK"': 'state = "ASKIDA"'}), encoding="utf-8"
    )
    sets.append(agreements(tmp_path))
    in_force = sets[0]
    line = AgreementStage(
        agreements=lambda: in_force,
        versions=Versions({}),
        rates=CallRates(clock=lambda: 0.0, workers=1),
        strict_window=STRICT,
        register_kind="SENTETIK",
    )
    line(asked(), vouched(), PERSON)
    in_force = sets[1]
    with pytest.raises(faults.AgreementNotInForce):
        line(asked(), vouched(), PERSON)


# Days


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 1, 1, 20, 59, 59, 999_999, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2026, 1, 1, 21, tzinfo=UTC), date(2026, 1, 2)),
        (datetime(2015, 1, 1, 21, 59, tzinfo=UTC), date(2015, 1, 1)),
        (datetime(2015, 7, 1, 21, tzinfo=UTC), date(2015, 7, 2)),
    ],
)
def test_the_civil_day_is_that_of_istanbul(moment: datetime, day: date) -> None:
    assert istanbul_date(moment) == day


PILOT = (
    'stage = "PILOT"\npilot = { inquirers = ["AYSE"], calls_per_day_max = 7, until = 2026-06-30 }\n'
    'planned = [{ stage = "ACIK", from = 2026-05-01 }]\n'
)
OF_PERSON = '["2011/01/01"]\nstage = "ACIK"\n'
IN_PILOT = {OF_PERSON: f'["2011/01/01"]\n{PILOT}'}


def test_a_pilot_is_counted_by_its_name_and_open_to_its_list(tmp_path: Path) -> None:
    current = agreements(tmp_path, edited(IN_PILOT))
    request = asked()
    terms = stage(current)(request, vouched(), PERSON)
    assert request.entry.pilot == "2026/117 KisiSorgulaTCKimlikNoServis 2011/01/01"
    assert terms.pilot_calls_max == 7
    with pytest.raises(faults.ServiceNotGranted) as raised:
        stage(current)(asked(), vouched(inquirer="MEHMET"), PERSON)
    assert "PILOT" in raised.value.turkish


def test_a_planned_stage_begins_at_midnight_of_istanbul(tmp_path: Path) -> None:
    current = agreements(tmp_path, edited(IN_PILOT))
    for at, stage_then in (
        (datetime(2026, 4, 30, 20, 59, 59, tzinfo=UTC), "PILOT"),
        (datetime(2026, 4, 30, 21, 0, tzinfo=UTC), "ACIK"),
    ):
        request = asked(at=at)
        # Another one asks when it is open to everybody.
        inquirer = "AYSE" if stage_then == "PILOT" else "MEHMET"
        fresh = MessageTime(at.isoformat(), (at + timedelta(minutes=4)).isoformat())
        terms = stage(current)(request, vouched(inquirer=inquirer, time=fresh), PERSON)
        assert bool(request.entry.pilot) is (stage_then == "PILOT")
        assert [one.stage for one in terms.granted() if one.service == PERSON.name] == [stage_then]


def test_no_call_sees_two_sets(tmp_path: Path) -> None:
    current, looks = agreements(tmp_path, AGREEMENT), []

    def in_force() -> AgreementSet:
        looks.append(1)
        return current

    replace(stage(current), agreements=in_force)(asked(), vouched(), PERSON)
    assert len(looks) == 1
