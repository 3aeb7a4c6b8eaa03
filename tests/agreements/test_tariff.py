"""The tariff: which rate holds for which service on which day."""

from datetime import date
from pathlib import Path

import pytest

from kps_soap import places
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.tariff import Tariff
from kps_soap.configured import catalogue_of
from kps_soap.contracts.catalogue import compile_all
from kps_soap.fees import Fee

CATALOGUE = catalogue_of(compile_all())
SERVICE = "KisiSorgulaTCKimlikNoServis"
RATE = """
[[rates]]
since = 2020-01-01
per = "SORGU"
hundredths_of_kurus = 300
source = "s"
"""


def loaded(folder: Path, text: str) -> Tariff:
    path = folder / "tariff.toml"
    path.write_text(text, encoding="utf-8")
    return Tariff.load(path, CATALOGUE)


def problems(folder: Path, text: str) -> str:
    with pytest.raises(AgreementErrors) as caught:
        loaded(folder, text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("day", "hundredths"), [(date(2020, 6, 26), 200), (date(2020, 6, 27), 300)]
)
def test_the_shipped_tariff_changes_on_the_day_of_the_law(day: date, hundredths: int) -> None:
    shipped = Tariff.load(places.conf() / "tariff.toml", CATALOGUE)
    assert shipped.fee(SERVICE, "YOK", day) == Fee("SORGU", hundredths)


@pytest.mark.parametrize("exemption", ["GENEL_YONETIM", "MUHTARLIK"])
def test_the_shipped_tariff_exempts_whom_the_law_exempts(exemption: str) -> None:
    shipped = Tariff.load(places.conf() / "tariff.toml", CATALOGUE)
    fee = shipped.fee(SERVICE, exemption, date(2026, 1, 1))
    assert fee is not None
    assert fee.text == f"MUAF:{exemption}"


def test_a_rate_that_names_a_service_wins_over_one_that_names_none(tmp_path: Path) -> None:
    own = RATE.replace("300", "500").replace('"SORGU"', '"KAYIT"')
    tariff = loaded(tmp_path, RATE + own + f'services = ["{SERVICE}"]\n')
    assert tariff.fee(SERVICE, "YOK", date(2026, 1, 1)) == Fee("KAYIT", 500)
    assert tariff.fee("AksOkuTumIlServis", "YOK", date(2026, 1, 1)) == Fee("SORGU", 300)


def test_without_a_rate_in_force_there_is_no_fee(tmp_path: Path) -> None:
    assert loaded(tmp_path, RATE).fee(SERVICE, "YOK", date(2019, 12, 31)) is None


def test_an_exemption_ends_on_its_day(tmp_path: Path) -> None:
    row = "[[exemptions]]\nsince = 2020-01-01\nuntil = 2021-12-31\n"
    row += 'exemption = "MUHTARLIK"\nsource = "s"\n'
    tariff = loaded(tmp_path, RATE + row)
    assert tariff.fee(SERVICE, "MUHTARLIK", date(2021, 12, 31)) == Fee("SORGU", 300, "MUHTARLIK")
    assert tariff.fee(SERVICE, "MUHTARLIK", date(2022, 1, 1)) == Fee("SORGU", 300)


def test_every_error_is_told_with_its_line(tmp_path: Path) -> None:
    text = (
        RATE + RATE.replace('"SORGU"', '"SORGUU"') + 'services = ["KisiSorgulaServis"]\nprice = 3\n'
    )
    told = problems(tmp_path, text + RATE)
    assert "price: unknown key" in told
    assert '"SORGUU" is not one of' in told
    assert "is not a service of this gateway" in told
    assert "another rate of the same services is in force" in told


def test_a_rate_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    assert "lies before since" in problems(tmp_path, RATE + "until = 2019-01-01\n")


def test_an_exemption_of_those_who_pay_is_refused(tmp_path: Path) -> None:
    row = '[[exemptions]]\nsince = 2020-01-01\nexemption = "YOK"\nsource = "s"\n'
    assert '"YOK" is not one of' in problems(tmp_path, RATE + row)
