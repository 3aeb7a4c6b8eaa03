"""The agreement stage: every question that the agreement answers, in its order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from lxml import etree
from town_samples import town

from kps_soap import faults, places
from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.loading import load
from kps_soap.agreements.versions import Sunset, Versions
from kps_soap.authentication import Freshness, MessageTime, TokenBinding, Vouched
from kps_soap.configured import SERVED_RELATIONS, catalogue_of
from kps_soap.contracts.catalogue import compile_all
from kps_soap.entry import Entry
from kps_soap.quotas import CallRates
from kps_soap.terms import AgreementStage, PublicStage, Terms, istanbul_date

TODAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 9, 2, tzinfo=UTC)
STRICT = Freshness(60, 300, timestamp_required=True, late_seconds_max=0, zone_required=True)
FRESH = MessageTime("2026-03-01T09:01:00Z", "2026-03-01T09:05:00Z")

AGREEMENT = (
    town(signed="2026-01-15", valid_from="2026-02-01")
    + """\
doors = ["direct"]
security = "KLASIK"
security_until = 2026-12-31
name_matching = "DUZELTMELI"
answer = { signature = "P256" }
inquirer_required = true
inquirers = ["AYSE", "MEHMET"]
purposes = ["EMLAK_BEYAN", "SOSYAL_YARDIM"]
case_number_required = true
person_relation = "UYAR"

[fees]
exemption = "GENEL_YONETIM"

[limits]
criteria_per_call_max = 10
persons_per_day_max = 5000
calls_per_second_max = 2

[[services]]
name = "KisiSorgulaTCKimlikNoServis"
versions = ["2011/01/01"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN"]
fields = ["KisiBilgisi/TCKimlikNo", "KisiBilgisi/TemelBilgisi/Ad"]

[[services]]
name = "KimlikNoSorgulaAdresServis"
versions = ["2021/04/01"]
stage = "TEST"
purposes = ["EMLAK_BEYAN"]
fields = ["KimlikNoileKisiAdresBilgileri/KimlikNo"]
"""
)

PUBLIC = """\
[public]
enabled = true
name_matching = "DUZELTMELI"

[limits]
calls_per_second_max = 2

[[services]]
name = "KPSPublic"
versions = ["WS"]
stage = "ACIK"
"""

KLASIK = 'security = "KLASIK"\nsecurity_until = 2026-12-31'
#: A second agreement of the same account, for the year before.
EARLIER = {
    '"2026/117"': '"2025/117"',
    "2026-12-31\nstate": "2026-01-31\nstate",
    "2026-02-01": "2025-02-01",
    "2026-01-15": "2025-01-15",
    "2025-12-05": "2024-12-05",
    '"P256"': '"RSA"',
}


class Named(NamedTuple):
    """What the stage reads of a contract."""

    name: str
    version: str
    open_grant = None


PERSON = Named("KisiSorgulaTCKimlikNoServis", "2011/01/01")
ADDRESS = Named("KimlikNoSorgulaAdresServis", "2021/04/01")
VERIFY = Named("KPSPublic", "WS")


def edited(changes: Mapping[str, str], text: str = AGREEMENT) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def agreements(folder: Path, *texts: str) -> AgreementSet:
    """A set in force, made of some files."""
    for number, text in enumerate(texts):
        (folder / f"{number}.toml").write_text(text, encoding="utf-8")
    return load(
        folder,
        catalogue_of(compile_all()),
        today=TODAY,
        address_rights=AddressRights.load(places.conf() / "address_rights.toml"),
        served_relations=SERVED_RELATIONS,
    )


@dataclass
class Asked:
    """The part of a request that the stage writes to."""

    entry: Entry
    signature: str = "RSA"
    routing_signature: bool = False


def asked(*, at: datetime = NOW, source: str = "203.0.113.10", door: str = "direct") -> Asked:
    return Asked(Entry("r", at, door, source_address=source))


def vouched(**changes: Any) -> Vouched:
    given: dict[str, Any] = {
        "account": "KRM-34-0417",
        "payload": etree.Element("a"),
        "action": "urn:a",
        "how": "TLS_PASSWORD",
        "inquirer": "AYSE",
        "purpose": "EMLAK_BEYAN",
        "case_number": "2026/1",
        "message_id": "urn:uuid:1",
    }
    return Vouched(**(given | changes))


def stage(
    current: AgreementSet,
    *,
    sunsets: Mapping[tuple[str, str], Sunset] | None = None,
    register_kind: str = "SENTETIK",
    clock: Callable[[], float] = lambda: 0.0,
) -> AgreementStage:
    return AgreementStage(
        agreements=lambda: current,
        versions=Versions(sunsets or {}),
        rates=CallRates(clock=clock, workers=1),
        strict_window=STRICT,
        register_kind=register_kind,
    )


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


# The public door


def public_stage(current: AgreementSet) -> PublicStage:
    return PublicStage(agreements=lambda: current, rates=CallRates(clock=lambda: 0.0, workers=1))


def test_anybody_may_ask_the_public_door_that_its_file_opens(tmp_path: Path) -> None:
    current, request = agreements(tmp_path, AGREEMENT, PUBLIC), asked(door="public")
    terms = public_stage(current)(request, vouched(account=""), VERIFY)
    assert terms == Terms("", None, "DUZELTMELI", 1)
    assert current.public is not None
    assert request.entry.vouched_by == "PUBLIC"
    assert request.entry.agreement == "1.toml"
    assert request.entry.agreement_digest == current.public.digest


def test_the_public_door_is_closed_without_its_file(tmp_path: Path) -> None:
    request = asked(door="public")
    with pytest.raises(faults.ServiceNotGranted):
        public_stage(agreements(tmp_path, AGREEMENT))(request, vouched(), VERIFY)
    assert request.entry.vouched_by == "PUBLIC"
    assert request.entry.agreement == ""


@pytest.mark.parametrize(
    ("changes", "contract"),
    [
        ({"enabled = true": "enabled = false"}, VERIFY),
        ({'stage = "ACIK"': 'stage = "KAPALI"'}, VERIFY),
        ({}, Named("KPSPublicV2", "WS")),
    ],
)
def test_the_public_door_opens_only_what_its_file_names(
    tmp_path: Path, changes: dict[str, str], contract: Named
) -> None:
    current, request = agreements(tmp_path, edited(changes, PUBLIC)), asked(door="public")
    with pytest.raises(faults.ServiceNotGranted):
        public_stage(current)(request, vouched(), contract)
    assert request.entry.agreement == "0.toml"


def test_the_public_door_counts_calls_by_source_address(tmp_path: Path) -> None:
    line = public_stage(agreements(tmp_path, PUBLIC))
    for source in ("203.0.113.1", "203.0.113.2"):
        for _ in range(2):
            line(asked(door="public", source=source), vouched(), VERIFY)
        with pytest.raises(faults.QuotaFull):
            line(asked(door="public", source=source), vouched(), VERIFY)


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


# What is open to every account


INFORMATION = next(one for one in compile_all() if one.name == "BilgiServis")


def test_what_gives_nobodys_data_needs_no_entry_no_purpose_and_no_case(tmp_path: Path) -> None:
    current, request = agreements(tmp_path, AGREEMENT), asked()
    newcomer = vouched(purpose=None, case_number=None)
    terms = stage(current, register_kind="GERCEK")(request, newcomer, INFORMATION)
    assert terms.grant is INFORMATION.open_grant
    assert (request.entry.purpose, request.entry.case_number) == ("", "")
    assert [one.service for one in terms.granted()] == [
        "KimlikNoSorgulaAdresServis",
        "KisiSorgulaTCKimlikNoServis",
    ]


def test_a_case_number_and_a_purpose_that_come_along_do_no_harm(tmp_path: Path) -> None:
    request = asked()
    caller = vouched(purpose="BASKA", case_number="2026/1")
    stage(agreements(tmp_path, AGREEMENT))(request, caller, INFORMATION)
    assert (request.entry.purpose, request.entry.case_number) == ("", "2026/1")


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"at": datetime(2027, 3, 1, tzinfo=UTC)}, faults.AgreementNotInForce),
        ({"source": "203.0.113.11"}, faults.NetworkNotAllowed),
        ({"door": "routing"}, faults.ServiceNotGranted),
    ],
)
def test_an_open_contract_is_open_only_under_an_agreement_in_force(
    tmp_path: Path, wrong: dict[str, Any], kind: type[faults.Refusal]
) -> None:
    with pytest.raises(kind):
        stage(agreements(tmp_path, AGREEMENT))(asked(**wrong), vouched(), INFORMATION)


def test_an_inquirer_who_is_not_registered_learns_it_there_too(tmp_path: Path) -> None:
    with pytest.raises(faults.InquirerNotAllowed):
        stage(agreements(tmp_path, AGREEMENT))(asked(), vouched(inquirer="HASAN"), INFORMATION)


@pytest.mark.parametrize("in_stage", ["ACIK", "KAPALI"])
def test_what_a_file_says_of_an_open_contract_comes_first(tmp_path: Path, in_stage: str) -> None:
    entry = (
        f'\n[[services]]\nname = "BilgiServis"\nversions = ["1"]\nstage = "{in_stage}"\n'
        'purposes = ["EMLAK_BEYAN"]\nfields = ["ErisimBilgisi/UtcZamani"]\n'
    )
    line = stage(agreements(tmp_path, AGREEMENT + entry))
    if in_stage == "KAPALI":
        with pytest.raises(faults.ServiceNotGranted):
            line(asked(), vouched(), INFORMATION)
        return
    terms = line(asked(), vouched(), INFORMATION)
    assert terms.grant is not None
    assert terms.grant.granted_leaves == ("ErisimBilgisi/UtcZamani",)
    with pytest.raises(faults.PurposeNotGranted):
        line(asked(), vouched(purpose=None), INFORMATION)


# Tokens


BINDING = TokenBinding("_guid", "B-34-0417", "AYSE", "203.0.113.10")


def with_token(**changes: Any) -> Vouched:
    given: dict[str, Any] = {"how": "TOKEN_HMAC_SHA1", "inquirer": None, "token": BINDING}
    return vouched(**given | changes)


def token_stage(folder: Path, changes: Mapping[str, str] | None = None) -> AgreementStage:
    return stage(agreements(folder, edited(changes or {})))


def test_a_token_brings_its_inquirer(tmp_path: Path) -> None:
    request = asked()
    token_stage(tmp_path)(request, with_token(), PERSON)
    assert (request.entry.inquirer, request.entry.bound_inquirer) == ("AYSE", "")


@pytest.mark.parametrize(
    ("bound", "stated", "recorded"),
    [
        ("AYSE", "MEHMET", ("MEHMET", "AYSE")),
        ("AYSE", "AYSE", ("AYSE", "")),
        ("", "MEHMET", ("MEHMET", "")),
    ],
)
def test_an_inquirer_of_the_query_and_one_of_the_token_are_both_recorded(
    tmp_path: Path, bound: str, stated: str, recorded: tuple[str, str]
) -> None:
    request = asked()
    token = replace(BINDING, inquirer=bound)
    token_stage(tmp_path)(request, with_token(token=token, inquirer=stated), PERSON)
    assert (request.entry.inquirer, request.entry.bound_inquirer) == recorded


@pytest.mark.parametrize(
    ("bound", "stated"), [("VELI", "AYSE"), ("AYSE", "VELI"), ("VELI", None), ("", None)]
)
def test_both_inquirers_must_be_registered_today(
    tmp_path: Path, bound: str, stated: str | None
) -> None:
    token = replace(BINDING, inquirer=bound)
    with pytest.raises(faults.InquirerNotAllowed):
        token_stage(tmp_path)(asked(), with_token(token=token, inquirer=stated), PERSON)


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        (replace(BINDING, institution="B-06-0001"), "another institution"),
        (replace(BINDING, source_address="203.0.113.11"), "another address"),
        (replace(BINDING, source_address=""), "another address"),
    ],
)
def test_a_token_of_somebody_else_is_refused_like_an_unknown_one(
    tmp_path: Path, token: TokenBinding, detail: str
) -> None:
    with pytest.raises(faults.TokenRefused) as caught:
        token_stage(tmp_path)(asked(), with_token(token=token), PERSON)
    assert detail in caught.value.detail


def test_a_token_is_held_to_its_address_before_the_network_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(faults.TokenRefused):
        token_stage(tmp_path)(asked(source="198.51.100.1"), with_token(), PERSON)


def test_an_agreement_may_let_tokens_move_between_its_addresses(tmp_path: Path) -> None:
    changes = {
        'networks = ["203.0.113.10/32"]': 'networks = ["203.0.113.8/29"]\ntoken_address_free = true'
    }
    made = token_stage(tmp_path, changes)
    made(asked(source="203.0.113.11"), with_token(), PERSON)
    with pytest.raises(faults.NetworkNotAllowed):
        made(asked(source="198.51.100.1"), with_token(), PERSON)


@pytest.mark.parametrize(
    ("how", "profile", "good"),
    [
        ("TOKEN_HMAC_SHA1", KLASIK, True),
        ("TOKEN_HMAC_SHA256", KLASIK, True),
        ("TOKEN_HMAC_SHA1", 'security = "STANDART"', False),
        ("TOKEN_HMAC_SHA256", 'security = "STANDART"', True),
        ("TOKEN_SOMETHING", KLASIK, False),
    ],
)
def test_a_weak_proof_counts_in_profile_klasik_only(
    tmp_path: Path, how: str, profile: str, good: bool
) -> None:
    made = token_stage(tmp_path, {KLASIK: profile})
    call = with_token(how=how, time=FRESH)
    if good:
        assert made(asked(), call, PERSON).institution == "B-34-0417"
    else:
        with pytest.raises(faults.ProofRefused):
            made(asked(), call, PERSON)


def test_an_agreement_that_wants_signed_routing_answers_says_so(tmp_path: Path) -> None:
    request = asked()
    changes = {
        'answer = { signature = "P256" }': (
            'answer = { signature = "P256", routing_signature = true }'
        )
    }
    token_stage(tmp_path, changes)(request, with_token(), PERSON)
    assert (request.signature, request.routing_signature) == ("P256", True)


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


def test_a_public_service_in_test_answers_from_a_synthetic_register_only(tmp_path: Path) -> None:
    current = agreements(tmp_path, edited({'stage = "ACIK"': 'stage = "TEST"'}, PUBLIC))
    for kind, answers in (("SENTETIK", True), ("GERCEK", False)):
        public = PublicStage(lambda: current, CallRates(clock=lambda: 0.0, workers=1), kind)
        if answers:
            assert public(asked(door="public"), vouched(), VERIFY).criteria_max == 1
            continue
        with pytest.raises(faults.ServiceNotGranted):
            public(asked(door="public"), vouched(), VERIFY)
