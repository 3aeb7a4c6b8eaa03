"""Stages of a service: pilots, days that are planned, renewal windows, suspensions by command."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from agreement_samples import PERSON_SERVICE, PLAIN, PUBLIC, TODAY, edited, refused, served

from kps_soap import faults
from kps_soap.agreements import Agreement, ServiceGrant, scope
from kps_soap.agreements.agreement import Suspension

STAGE = 'stage = "ACIK"\n'
PILOT = 'pilot = { inquirers = ["AYSE", "MEHMET"], calls_per_day_max = 5, until = 2026-05-31 }\n'
PLANNED = (
    'planned = [{ stage = "PILOT", from = 2026-04-01 }, { stage = "ACIK", from = 2026-06-01 }]\n'
)
STAGED = f'stage = "TEST"\n{PLANNED}{PILOT}'
RENEWAL = "renewal = { from = 2026-11-04, until = 2026-11-30 }\n"
VALID = "valid_until = 2026-12-31\n"


def agreed(folder: Path, changes: dict[str, str], **options: Any) -> Agreement:
    return served(folder, {"a.toml": edited(changes)}, **options).agreements[0]


def granted(agreement: Agreement, on: date) -> ServiceGrant:
    return scope.grant_for(agreement, *PERSON_SERVICE, on=on)


@pytest.mark.parametrize(
    ("day", "stage"),
    [
        (date(2026, 3, 31), "TEST"),
        (date(2026, 4, 1), "PILOT"),
        (date(2026, 5, 31), "PILOT"),
        (date(2026, 6, 1), "ACIK"),
        (date(2026, 12, 31), "ACIK"),
    ],
)
def test_a_planned_stage_begins_on_its_day_and_ends_with_the_next(
    tmp_path: Path, day: date, stage: str
) -> None:
    grant = granted(agreed(tmp_path, {STAGE: STAGED}), day)
    assert grant.stage == stage
    # TEST is answered from the synthetic register, and nothing after it is.
    assert grant.synthetic_only is (stage == "TEST")
    assert grant.grant.granted_leaves


def test_a_planned_closing_refuses_from_its_day_on(tmp_path: Path) -> None:
    closing = 'planned = [{ stage = "KAPALI", from = 2026-04-01 }]\n'
    agreement = agreed(tmp_path, {STAGE: STAGE + closing})
    assert granted(agreement, date(2026, 3, 31)).stage == "ACIK"
    with pytest.raises(faults.ServiceNotGranted) as raised:
        granted(agreement, date(2026, 4, 1))
    assert raised.value.detail.endswith("is in stage KAPALI")


def test_a_pilot_is_open_to_its_list_until_its_day(tmp_path: Path) -> None:
    grant = granted(agreed(tmp_path, {STAGE: f'stage = "PILOT"\n{PILOT}'}), TODAY)
    scope.check_pilot(grant, "AYSE", on=date(2026, 5, 31))
    for inquirer, day in (("FATMA", TODAY), ("", TODAY), ("AYSE", date(2026, 6, 1))):
        with pytest.raises(faults.ServiceNotGranted) as raised:
            scope.check_pilot(grant, inquirer, on=day)
        assert raised.value.code == 201
        assert "PILOT" in raised.value.turkish
        assert "PILOT" in raised.value.english
        assert "PILOT" in raised.value.detail
        assert "FATMA" not in raised.value.detail
    assert "PILOT" not in faults.ServiceNotGranted().turkish


def test_a_pilots_list_concerns_no_other_stage(tmp_path: Path) -> None:
    agreement = agreed(tmp_path, {STAGE: STAGED})
    for day in (date(2026, 3, 1), date(2026, 6, 1)):
        scope.check_pilot(granted(agreement, day), "FATMA", on=day)


BROKEN = [
    ('stage = "PILOT"\n', "services[0].pilot: is missing: stage PILOT needs inquirers"),
    (f"{STAGE}{PILOT}", "services[0].pilot: neither stage nor planned says PILOT"),
    (
        'stage = "PILOT"\npilot = { inquirers = [], calls_per_day_max = 5 }\n',
        "services[0].pilot.inquirers: must not be empty",
    ),
    (
        'stage = "PILOT"\npilot = { inquirers = ["A"] }\n',
        "services[0].pilot.calls_per_day_max: is missing",
    ),
    (
        'stage = "PILOT"\npilot = { inquirers = ["A"], calls_per_day_max = 0, x = 1 }\n',
        "services[0].pilot.calls_per_day_max: must lie between 1 and 100000",
    ),
    (
        'stage = "PILOT"\npilot = { inquirers = ["A"], calls_per_day_max = 5, untill = 1 }\n',
        'services[0].pilot.untill: unknown key Did you mean "until"?',
    ),
    (
        f'{STAGE}planned = [{{ stage = "ACIKK", from = 2026-04-01 }}]\n',
        'services[0].planned[0].stage: "ACIKK" is not one of',
    ),
    (f'{STAGE}planned = [{{ stage = "TEST" }}]\n', "services[0].planned[0].from: is missing"),
    (
        f'{STAGE}planned = [{{ stage = "TEST", from = 2026-04-01 }},'
        ' { stage = "ACIK", from = 2026-04-01 }]\n',
        "services[0].planned[1].from: 2026-04-01 does not lie after the day before it",
    ),
    (
        'stage = "TEST"\nplanned = [{ stage = "PILOT", from = 2026-06-01 }]\n' + PILOT,
        "services[0].pilot: ends on 2026-05-31, before it begins (2026-06-01)",
    ),
]


@pytest.mark.parametrize(("stage", "expected"), BROKEN)
def test_a_broken_rule_of_the_stages_is_told(tmp_path: Path, stage: str, expected: str) -> None:
    lines = refused(tmp_path, {"a.toml": edited({STAGE: stage})})
    assert any(expected in line for line in lines), lines


def test_a_pilots_inquirers_are_some_of_the_agreements(tmp_path: Path) -> None:
    named = {
        "inquirer_required = true\n": 'inquirer_required = true\ninquirers = ["AYSE", "ALI"]\n',
        STAGE: f'stage = "PILOT"\n{PILOT}',
    }
    (line,) = refused(tmp_path, {"a.toml": edited(named)})
    assert 'pilot.inquirers[1]: "MEHMET" is not one of access.inquirers' in line
    named[STAGE] = named[STAGE].replace("MEHMET", "ALI")
    assert served(tmp_path, {"a.toml": edited(named)}).agreements


def test_a_stage_that_begins_after_the_agreement_ends_is_a_warning(tmp_path: Path) -> None:
    planned = 'planned = [{ stage = "KAPALI", from = 2027-01-01 }]\n'
    (warning,) = served(tmp_path, {"a.toml": edited({STAGE: STAGE + planned})}).warnings
    assert "begins on 2027-01-01, after valid_until" in str(warning)


def test_after_a_renewal_window_nothing_is_answered_unless_a_renewal_was_started(
    tmp_path: Path,
) -> None:
    agreement = agreed(tmp_path, {VALID: VALID + RENEWAL})
    assert scope.not_in_force(agreement, date(2026, 11, 30)) == ""
    reason = scope.not_in_force(agreement, date(2026, 12, 1))
    assert reason == "no renewal was started until 2026-11-30"
    with pytest.raises(faults.AgreementNotInForce):
        granted(agreement, date(2026, 12, 1))
    started = RENEWAL.replace(" }", ", started = 2026-11-12 }")
    agreement = agreed(tmp_path, {VALID: VALID + started})
    assert scope.not_in_force(agreement, date(2026, 12, 1)) == ""


@pytest.mark.parametrize(
    ("renewal", "expected"),
    [
        ("{ from = 2026-11-04 }", "agreement.renewal.until: is missing"),
        (
            "{ from = 2025-11-04, until = 2026-11-30 }",
            "agreement.renewal.from: 2025-11-04 lies before valid",
        ),
        (
            "{ from = 2026-11-04, until = 2026-11-03 }",
            "renewal.until: 2026-11-03 lies before from (2026-11-04)",
        ),
        (
            "{ from = 2026-11-04, until = 2027-01-01 }",
            "until: 2027-01-01 lies after valid_until (2026",
        ),
        (
            "{ from = 2026-11-04, until = 2026-11-30, started = 2026-11-03 }",
            "renewal.started: 2026-11-03 lies before from (2026-11-04)",
        ),
    ],
)
def test_a_wrong_renewal_window_is_told(tmp_path: Path, renewal: str, expected: str) -> None:
    lines = refused(tmp_path, {"a.toml": edited({VALID: f"{VALID}renewal = {renewal}\n"})})
    assert any(expected in line for line in lines), lines


def test_an_agreement_that_is_suspended_by_command_answers_nothing(tmp_path: Path) -> None:
    agreements = served(tmp_path, {"a.toml": PLAIN})
    since = datetime(2026, 2, 3, 10, tzinfo=UTC)
    held = Suspension("2026/117", since, "ayse", "deneme", "E-1")
    suspended = agreements.suspending([held, replace(held, agreement="2026/999")])
    assert suspended.digest == agreements.digest
    (agreement,) = suspended.agreements
    assert agreement.suspension == held
    with pytest.raises(faults.AgreementNotInForce) as raised:
        suspended.choose("KRM-34-0417", TODAY)
    assert "suspended by command on 2026-02-03" in raised.value.detail
    assert suspended.suspending([]).choose("KRM-34-0417", TODAY).number == "2026/117"


def test_a_public_service_has_planned_days_too_and_no_pilot(tmp_path: Path) -> None:
    planned = (
        'planned = [{ stage = "TEST", from = 2026-04-01 }, { stage = "ASKIDA", from = 2026-05-01 }]'
    )
    text = edited({'"KPSPublic"\nversions = ["WS"]\nstage = "ACIK"': (
        f'"KPSPublic"\nversions = ["WS"]\nstage = "ACIK"\n{planned}'
    )}, PUBLIC)  # fmt: skip
    public = served(tmp_path, {"a.toml": PLAIN, "acik.toml": text}).public

    def check(day: date, *, synthetic: bool = False) -> None:
        scope.check_public(public, "KPSPublic", "WS", on=day, synthetic=synthetic)

    check(date(2026, 3, 31))
    check(date(2026, 4, 1), synthetic=True)
    # Stage TEST gives nothing of a real register.
    with pytest.raises(faults.ServiceNotGranted):
        check(date(2026, 4, 1))
    with pytest.raises(faults.ServiceNotGranted):
        check(date(2026, 5, 1), synthetic=True)
    lines = refused(tmp_path, {"acik.toml": edited({'"ACIK"': '"PILOT"'}, PUBLIC)})
    assert any('"PILOT" is not one of KAPALI, TEST, ACIK, ASKIDA' in line for line in lines)


def test_a_table_that_two_agreements_share_is_judged_for_each(tmp_path: Path) -> None:
    other = {
        "B-34-0417": "B-35-0001", "2026/117": "2026/118", "KRM-34-0417": "KRM-35-0001",
        "203.0.113.10/32": "203.0.113.20/32",
        'purposes = ["EMLAK_BEYAN", "SOSYAL_YARDIM"]': 'purposes = ["SOSYAL_YARDIM"]',
        'default_purpose = "EMLAK_BEYAN"\n': "",
    }  # fmt: skip
    (line,) = refused(tmp_path, {"a.toml": PLAIN, "b.toml": edited(other)})
    assert line.startswith("b.toml:")
    assert '"EMLAK_BEYAN" is not one of access.purposes' in line
