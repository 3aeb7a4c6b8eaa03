"""The checks of a call: each lets the right one through and refuses the wrong one by number."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from agreement_samples import (
    ADDRESS_SERVICE,
    LIST_SERVICE,
    PERSON_SERVICE,
    PLAIN,
    PUBLIC,
    RIGHTS,
    TODAY,
    edited,
    served,
)

from kps_soap import faults
from kps_soap.agreements import Agreement, AgreementSet, ServiceGrant, scope

ADDRESS = f"""
[[services]]
name = "{ADDRESS_SERVICE[0]}"
versions = ["{ADDRESS_SERVICE[1]}"]
stage = "ACIK"
purposes = ["SOSYAL_YARDIM"]
fields = ["KimlikNoileKisiAdresBilgileri"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def agreed(folder: Path, changes: Mapping[str, str] | None = None) -> Agreement:
    return served(folder, {"a.toml": edited(changes or {}) + ADDRESS}).agreements[0]


def granted(agreement: Agreement, key: tuple[str, str] = PERSON_SERVICE) -> ServiceGrant:
    return scope.grant_for(agreement, *key, on=TODAY)


def chosen(folder: Path, on: date, changes: Mapping[str, str] | None = None) -> Agreement:
    return served(folder, {"a.toml": edited(changes or {})}).choose("KRM-34-0417", on)


@pytest.mark.parametrize("on", [date(2026, 1, 1), date(2026, 12, 31)])
def test_an_agreement_is_in_force_on_its_first_and_on_its_last_day(folder: Path, on: date) -> None:
    assert chosen(folder, on).number == "2026/117"


@pytest.mark.parametrize(
    ("on", "changes", "detail"),
    [
        (date(2025, 12, 31), {}, "2026/117: it is valid from 2026-01-01"),
        (date(2027, 1, 1), {}, "2026/117: it ended on 2026-12-31"),
        (TODAY, {'state = "ACIK"': 'state = "ASKIDA"'}, "2026/117: its state is ASKIDA"),
        (TODAY, {'state = "ACIK"': 'state = "TANIMLI"'}, "2026/117: its state is TANIMLI"),
        (TODAY, {'state = "ACIK"': 'state = "FESIH"'}, "2026/117: its state is FESIH"),
        (
            date(2026, 7, 1),
            {"security_until = 2026-12-31": "security_until = 2026-06-30"},
            "2026/117: its security profile KLASIK ended on 2026-06-30",
        ),
    ],
)
def test_an_agreement_that_is_not_in_force_is_refused_with_the_reason(
    folder: Path, on: date, changes: dict[str, str], detail: str
) -> None:
    with pytest.raises(faults.AgreementNotInForce) as raised:
        chosen(folder, on, changes)
    assert raised.value.code == 205
    assert raised.value.detail == detail


def test_the_classic_profile_answers_on_its_last_day(folder: Path) -> None:
    changes = {"security_until = 2026-12-31": "security_until = 2026-06-30"}
    assert chosen(folder, date(2026, 6, 30), changes)


def test_an_agreement_in_test_is_in_force_too(folder: Path) -> None:
    assert chosen(folder, TODAY, {'state = "ACIK"': 'state = "TEST"'}).in_test


def test_an_account_without_an_agreement_gets_no_service(folder: Path) -> None:
    with pytest.raises(faults.ServiceNotGranted) as raised:
        served(folder, {"a.toml": PLAIN}).choose("KRM-99-0001", TODAY)
    assert raised.value.code == 201


def test_of_several_agreements_the_one_in_force_is_chosen(folder: Path) -> None:
    following = {
        "valid_from = 2026-01-01": "valid_from = 2027-01-01",
        "valid_until = 2026-12-31": "valid_until = 2027-12-31",
        "security_until = 2026-12-31": "security_until = 2027-12-31",
        "2026/117": "2027/001",
    }
    agreements = served(folder, {"b.toml": PLAIN, "a.toml": edited(following)})
    assert agreements.choose("KRM-34-0417", date(2026, 12, 31)).number == "2026/117"
    assert agreements.choose("KRM-34-0417", date(2027, 1, 1)).number == "2027/001"
    held = agreements.for_account("KRM-34-0417")
    assert [one.number for one in held] == ["2026/117", "2027/001"]
    assert agreements.for_account("nobody") == ()
    assert agreements.accounts() == {"KRM-34-0417"}
    with pytest.raises(faults.AgreementNotInForce) as raised:
        agreements.choose("KRM-34-0417", date(2028, 1, 1))
    assert raised.value.detail == (
        "2026/117: it ended on 2026-12-31; 2027/001: it ended on 2027-12-31"
    )


NETWORKS = {'["203.0.113.10/32"]': '["203.0.113.0/28", "2001:db8::/32"]'}


@pytest.mark.parametrize(
    "address", ["203.0.113.0", "203.0.113.15", "2001:db8::7", "::ffff:203.0.113.9"]
)
def test_a_declared_address_may_call(folder: Path, address: str) -> None:
    scope.check_network(agreed(folder, NETWORKS), address)


@pytest.mark.parametrize(
    "address",
    ["203.0.113.16", "2001:db9::7", "::ffff:203.0.113.16", "127.0.0.1", "", "nowhere", "1.2.3"],
)
def test_another_address_is_refused(folder: Path, address: str) -> None:
    with pytest.raises(faults.NetworkNotAllowed) as raised:
        scope.check_network(agreed(folder, NETWORKS), address)
    assert raised.value.code == 206
    assert not address or address not in raised.value.detail


def test_a_door_must_be_opened_by_the_agreement(folder: Path) -> None:
    scope.check_door(agreed(folder), "direct")
    with pytest.raises(faults.ServiceNotGranted):
        scope.check_door(agreed(folder), "routing")


def test_a_granted_service_is_found_by_name_and_version(folder: Path) -> None:
    found = granted(agreed(folder))
    assert (found.service, found.version) == PERSON_SERVICE
    assert found.grant.wants("KisiBilgisi/TCKimlikNo")
    assert not found.address


@pytest.mark.parametrize("stage", ["TEST", "PILOT", "ACIK"])
def test_a_service_answers_in_three_stages(folder: Path, stage: str) -> None:
    pilot = 'pilot = { inquirers = ["AYSE"], calls_per_day_max = 5 }\n' * (stage == "PILOT")
    agreement = agreed(folder, {'"ACIK"\npurposes': f'"{stage}"\n{pilot}purposes'})
    assert granted(agreement).stage == stage
    assert granted(agreement).synthetic_only is (stage == "TEST")


@pytest.mark.parametrize("stage", ["KAPALI", "ASKIDA"])
def test_a_closed_or_suspended_service_is_refused(folder: Path, stage: str) -> None:
    agreement = agreed(folder, {'"ACIK"\npurposes': f'"{stage}"\npurposes'})
    with pytest.raises(faults.ServiceNotGranted, match="ServiceNotGranted") as raised:
        granted(agreement)
    assert raised.value.detail.endswith(f"is in stage {stage}")


@pytest.mark.parametrize(
    "key", [("KisiSorgulaTCKimlikNoServis", "2021/04/01"), ("AksOkuTumIlServis", "2011/01/01")]
)
def test_a_service_or_version_that_is_not_granted_is_refused(
    folder: Path, key: tuple[str, str]
) -> None:
    with pytest.raises(faults.ServiceNotGranted):
        granted(agreed(folder), key)


LIST = f"""
[[services]]
name = "{LIST_SERVICE[0]}"
versions = ["{LIST_SERVICE[1]}"]
stage = "ACIK"
purposes = ["SOSYAL_YARDIM"]
fields = ["KisiListesi"]
special = [{{ field = "KisiListesi/Sonuc/DurumBilgisi/Din", legal_basis = "örnek" }}]
bulk_basis = "298 sayılı Kanun Md.33"
"""


def test_a_list_of_persons_is_answered_on_its_own_legal_basis_only(folder: Path) -> None:
    agreement = served(folder, {"a.toml": PLAIN + LIST}).agreements[0]
    listing = granted(agreement, LIST_SERVICE)
    assert listing.bulk_basis == "298 sayılı Kanun Md.33"
    bare = replace(
        agreement,
        services={**agreement.services, LIST_SERVICE: replace(listing, bulk_basis="")},
    )
    assert granted(bare)
    with pytest.raises(faults.ServiceNotGranted) as raised:
        granted(bare, LIST_SERVICE)
    assert raised.value.code == 201
    assert "has no bulk_basis" in raised.value.detail


def test_a_grant_is_asked_for_a_day(folder: Path) -> None:
    with pytest.raises(faults.AgreementNotInForce):
        scope.grant_for(agreed(folder), *PERSON_SERVICE, on=date(2027, 1, 1))


def test_the_address_right_is_checked_again_at_the_call(folder: Path) -> None:
    agreement = agreed(folder)
    scope.check_address_right(agreement, granted(agreement, ADDRESS_SERVICE), RIGHTS, on=TODAY)
    scope.check_address_right(agreement, granted(agreement), RIGHTS, on=date(1990, 1, 1))
    with pytest.raises(faults.AddressNotAllowed) as raised:
        scope.check_address_right(
            agreement, granted(agreement, ADDRESS_SERVICE), RIGHTS, on=date(1990, 1, 1)
        )
    assert raised.value.code == 207
    assert "BELEDIYE may not receive addresses on 1990-01-01" in raised.value.detail


@pytest.mark.parametrize("requested", [None, "", "  ", "EMLAK_BEYAN", " EMLAK_BEYAN "])
def test_a_call_without_a_purpose_has_the_default_one(folder: Path, requested: str | None) -> None:
    agreement = agreed(folder)
    assert scope.purpose_for(agreement, granted(agreement), requested) == "EMLAK_BEYAN"


@pytest.mark.parametrize("requested", ["SOSYAL_YARDIM", "BASKA", "emlak_beyan"])
def test_a_purpose_that_the_service_is_not_granted_for_is_refused(
    folder: Path, requested: str
) -> None:
    agreement = agreed(folder)
    with pytest.raises(faults.PurposeNotGranted) as raised:
        scope.purpose_for(agreement, granted(agreement), requested)
    assert raised.value.code == 202
    assert requested not in raised.value.detail


def test_a_default_purpose_does_not_open_a_service_that_lacks_it(folder: Path) -> None:
    agreement = agreed(folder)
    with pytest.raises(faults.PurposeNotGranted):
        scope.purpose_for(agreement, granted(agreement, ADDRESS_SERVICE), None)


def test_without_a_default_a_purpose_must_be_sent(folder: Path) -> None:
    agreement = agreed(folder, {'default_purpose = "EMLAK_BEYAN"\n': ""})
    with pytest.raises(faults.PurposeNotGranted):
        scope.purpose_for(agreement, granted(agreement), None)


INQUIRER = "inquirer_required = true"
ONE_OF = {INQUIRER: 'inquirers = ["P-1", "P-2"]'}


@pytest.mark.parametrize(
    ("changes", "requested", "inquirer"),
    [
        ({}, "Memur 7", "Memur 7"),
        ({}, " P-1 ", "P-1"),
        ({}, "x" * 64, "x" * 64),
        (ONE_OF, "P-2", "P-2"),
        ({INQUIRER: 'default_inquirer = "SISTEM"'}, None, "SISTEM"),
        ({INQUIRER: 'default_inquirer = "SISTEM"'}, " ", "SISTEM"),
        ({INQUIRER: 'default_inquirer = "SISTEM"'}, "P-9", "P-9"),
        ({INQUIRER: "inquirer_required = false"}, None, ""),
        ({INQUIRER: "inquirer_required = false"}, "P-1", "P-1"),
        ({INQUIRER: 'inquirers = ["P-1"]\ndefault_inquirer = "P-1"'}, None, "P-1"),
    ],
)
def test_the_inquirer_is_the_one_sent_or_the_default(
    folder: Path, changes: dict[str, str], requested: str | None, inquirer: str
) -> None:
    assert scope.inquirer_for(agreed(folder, changes), requested) == inquirer


@pytest.mark.parametrize(
    ("changes", "requested"),
    [
        ({}, None),
        ({}, "  "),
        ({}, "x" * 65),
        ({}, "a\nb"),
        ({}, "a\u202eb"),
        (ONE_OF, "P-3"),
        (ONE_OF, None),
        ({INQUIRER: 'inquirers = ["P-1"]\ndefault_inquirer = "P-1"'}, "P-3"),
        ({INQUIRER: "inquirer_required = false"}, "a\x07b"),
    ],
)
def test_an_inquirer_that_is_missing_or_unknown_is_refused(
    folder: Path, changes: dict[str, str], requested: str | None
) -> None:
    with pytest.raises(faults.InquirerNotAllowed) as raised:
        scope.inquirer_for(agreed(folder, changes), requested)
    assert raised.value.code == 204


DEMANDED = {"case_number_required = false": "case_number_required = true"}


@pytest.mark.parametrize(
    ("changes", "requested", "case_number"),
    [
        ({}, None, ""),
        ({}, "2015/EVR-000123", "2015/EVR-000123"),
        (DEMANDED, "2015/EVR-000123", "2015/EVR-000123"),
        (DEMANDED, "ş" * 64, "ş" * 64),
    ],
)
def test_a_case_number_keeps_the_institution_s_own_format(
    folder: Path, changes: dict[str, str], requested: str | None, case_number: str
) -> None:
    assert scope.case_number_for(agreed(folder, changes), requested) == case_number


@pytest.mark.parametrize(
    ("changes", "requested"), [(DEMANDED, None), (DEMANDED, " "), ({}, "x" * 65), ({}, "a\tb")]
)
def test_a_case_number_that_is_missing_or_none_is_refused(
    folder: Path, changes: dict[str, str], requested: str | None
) -> None:
    with pytest.raises(faults.CaseNumberMissing) as raised:
        scope.case_number_for(agreed(folder, changes), requested)
    assert raised.value.code == 203


def test_the_count_of_criteria_has_the_agreement_s_limit(folder: Path) -> None:
    agreement = agreed(folder)
    scope.check_criteria_count(agreement, 100)
    with pytest.raises(faults.TooManyCriteria) as raised:
        scope.check_criteria_count(agreement, 101)
    assert raised.value.code == 103


def public_set(folder: Path, changes: dict[str, str]) -> AgreementSet:
    return served(folder, {"p.toml": edited(changes, PUBLIC)})


def test_the_public_door_answers_what_its_file_opens(folder: Path) -> None:
    public = public_set(folder, {}).public
    assert public is not None
    assert public.name_matching == "DUZELTMELI"
    assert public.calls_per_second_max == 5
    scope.check_public(public, "KPSPublic", "WS", on=TODAY, synthetic=False)


@pytest.mark.parametrize(
    ("changes", "service"),
    [
        ({}, "KPSPublicV2"),
        ({}, "KPSPublicYabanciDogrula"),
        ({"enabled = true": "enabled = false"}, "KPSPublic"),
        ({"enabled = true": ""}, "KPSPublic"),
    ],
)
def test_the_public_door_is_closed_for_everything_else(
    folder: Path, changes: dict[str, Any], service: str
) -> None:
    with pytest.raises(faults.ServiceNotGranted):
        public = public_set(folder, changes).public
        scope.check_public(public, service, "WS", on=TODAY, synthetic=True)


def test_without_its_file_the_public_door_is_closed(folder: Path) -> None:
    assert served(folder, {"a.toml": PLAIN}).public is None
    with pytest.raises(faults.ServiceNotGranted):
        scope.check_public(None, "KPSPublic", "WS", on=TODAY, synthetic=True)
