"""What is answered without a grant of its own: the public door, and what is open to accounts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from terms_samples import AGREEMENT, Named, agreements, asked, edited, stage, vouched

from kps_soap import faults
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.contracts.catalogue import compile_all
from kps_soap.quotas import CallRates
from kps_soap.terms import PublicStage, Terms

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
VERIFY = Named("KPSPublic", "WS")


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


def test_a_public_service_in_test_answers_from_a_synthetic_register_only(tmp_path: Path) -> None:
    current = agreements(tmp_path, edited({'stage = "ACIK"': 'stage = "TEST"'}, PUBLIC))
    for kind, answers in (("SENTETIK", True), ("GERCEK", False)):
        public = PublicStage(lambda: current, CallRates(clock=lambda: 0.0, workers=1), kind)
        if answers:
            assert public(asked(door="public"), vouched(), VERIFY).criteria_max == 1
            continue
        with pytest.raises(faults.ServiceNotGranted):
            public(asked(door="public"), vouched(), VERIFY)
