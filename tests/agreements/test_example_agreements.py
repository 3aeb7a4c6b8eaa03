"""The agreements that ship with the product load, and each shows what it was made to show."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from agreement_samples import ADDRESS_SERVICE, CONF, PERSON_SERVICE, RIGHTS

from kps_soap import faults
from kps_soap.agreements import AgreementErrors, AgreementSet, load, scope
from kps_soap.agreements.neighbours import is_loopback
from kps_soap.configured import SERVED_RELATIONS, catalogue_of
from kps_soap.contracts.catalogue import compile_all

EXAMPLES = CONF / "agreements"
#: The examples grant what is really served, not what the other tests of this room make up.
CATALOGUE = catalogue_of(compile_all())
DEMO_DAYS = (date(2026, 1, 1), date(2026, 11, 21))


@pytest.fixture(params=DEMO_DAYS, ids=str)
def on(request: pytest.FixtureRequest) -> date:
    return date.fromisoformat(str(request.param))


@pytest.fixture
def agreements(on: date) -> AgreementSet:
    return load(
        EXAMPLES, CATALOGUE, today=on, address_rights=RIGHTS, served_relations=SERVED_RELATIONS
    )


def test_the_examples_load_without_a_warning(agreements: AgreementSet) -> None:
    assert agreements.warnings == ()
    assert len({one.institution.code for one in agreements.agreements}) >= 4


def test_the_plain_municipality_needs_nothing_but_an_account(
    agreements: AgreementSet, on: date
) -> None:
    agreement = agreements.choose("KRM-34-0417", on)
    assert (agreement.institution.code, agreement.number) == ("B-34-0417", "2026/117")
    assert agreement.access.answer_signature == "RSA"
    assert scope.inquirer_for(agreement, None) == ""
    assert scope.case_number_for(agreement, None) == ""
    scope.check_network(agreement, "127.0.0.1")
    scope.check_network(agreement, "::1")
    for service, version in agreement.services:
        granted = scope.grant_for(agreement, service, version, on=on)
        scope.check_address_right(agreement, granted, RIGHTS, on=on)
        assert scope.purpose_for(agreement, granted, None) == "EMLAK_BEYAN"
    # It keeps no roster, so it deposits none.
    others = {key for key, one in CATALOGUE.items() if not one.public}
    unlisted = {("KisiListesiYukleServis", "1"), ("ParolaServis", "1")}
    assert set(agreement.services) == others - unlisted


def test_the_strict_governorate_demands_inquirer_purpose_and_case(
    agreements: AgreementSet, on: date
) -> None:
    agreement = agreements.choose("KRM-06-0001", on)
    granted = scope.grant_for(agreement, *PERSON_SERVICE, on=on)
    assert agreement.access.answer_signature == "P256"
    with pytest.raises(faults.InquirerNotAllowed):
        scope.inquirer_for(agreement, None)
    with pytest.raises(faults.PurposeNotGranted):
        scope.purpose_for(agreement, granted, None)
    with pytest.raises(faults.CaseNumberMissing):
        scope.case_number_for(agreement, None)
    assert scope.inquirer_for(agreement, "V06-PASAPORT-01")
    assert scope.purpose_for(agreement, granted, "PASAPORT")
    assert granted.grant.wants("KisiBilgisi/DurumBilgisi/Din")


def test_the_bank_may_have_addresses_and_the_company_may_not(
    agreements: AgreementSet, on: date, tmp_path: Path
) -> None:
    bank = agreements.choose("KRM-BNK-0046", on)
    scope.check_address_right(bank, scope.grant_for(bank, *ADDRESS_SERVICE, on=on), RIGHTS, on=on)
    company = agreements.choose("KRM-SRK-0112", on)
    with pytest.raises(faults.ServiceNotGranted):
        scope.grant_for(company, *ADDRESS_SERVICE, on=on)
    text = (EXAMPLES / "ornek-sirket.toml").read_text(encoding="utf-8")
    service = (EXAMPLES / "ornek-banka.toml").read_text(encoding="utf-8").split("[[services]]")[-1]
    wanted = text + "\n[[services]]" + service.replace("MUSTERI_TANIMA", "KIRACI_DOGRULAMA")
    (tmp_path / "sirket.toml").write_text(wanted, encoding="utf-8")
    with pytest.raises(AgreementErrors) as raised:
        load(
            tmp_path, CATALOGUE, today=on, address_rights=RIGHTS, served_relations=SERVED_RELATIONS
        )
    assert len(str(raised.value).splitlines()) == 1


def test_a_suspended_and_an_ended_agreement_are_refused(agreements: AgreementSet, on: date) -> None:
    for account, detail in (
        ("KRM-42-0003", "its state is ASKIDA"),
        ("KRM-SGR-0021", "it ended on 2025-12-31"),
    ):
        with pytest.raises(faults.AgreementNotInForce, match="AgreementNotInForce") as raised:
            agreements.choose(account, on)
        assert raised.value.detail.endswith(detail)


def test_one_institution_cannot_call_from_the_demo_machine(
    agreements: AgreementSet, on: date
) -> None:
    far_away = [
        one
        for one in agreements.agreements
        if not any(is_loopback(network) for network in one.access.networks)
    ]
    assert [one.institution.code for one in far_away] == ["K-35-0012"]
    with pytest.raises(faults.NetworkNotAllowed):
        scope.check_network(agreements.choose("KRM-35-0012", on), "127.0.0.1")


def test_the_public_door_of_the_demo_is_open(agreements: AgreementSet, on: date) -> None:
    for service in ("KPSPublic", "KPSPublicV2", "KPSPublicYabanciDogrula"):
        scope.check_public(agreements.public, service, "WS", on=on, synthetic=True)


def test_the_examples_are_a_set_that_an_operator_can_copy(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "agreements")
    copied = load(
        tmp_path / "agreements",
        CATALOGUE,
        today=DEMO_DAYS[0],
        address_rights=RIGHTS,
        served_relations=SERVED_RELATIONS,
    )
    original = load(
        EXAMPLES,
        CATALOGUE,
        today=DEMO_DAYS[0],
        address_rights=RIGHTS,
        served_relations=SERVED_RELATIONS,
    )
    assert copied.digest == original.digest
