"""Every version of a service is answered until the end of its last day, and not after."""

from datetime import date
from pathlib import Path

import pytest
from agreement_samples import CATALOGUE, CONF, edited

from kps_soap.agreements import AgreementErrors, Versions
from kps_soap.configured import catalogue_of
from kps_soap.contracts.catalogue import compile_all
from kps_soap.faults import VersionWithdrawn

COMBINED = "BilesikKutukSorgulaKimlikNoServis"
TABLE = f"""\
[[versions]]
service = "{COMBINED}"
version = "2011/01/01"
sunset = 2027-06-30
replacement = "2021/04/01"

[[versions]]
service = "{COMBINED}"
version = "2021/04/01"
sunset = 2028-06-30
replacement = "2023/02/01"
"""


def read(folder: Path, text: str) -> Versions:
    (folder / "versions.toml").write_text(text)
    return Versions.load(folder / "versions.toml", CATALOGUE)


def test_a_version_is_answered_on_its_last_day_and_withdrawn_on_the_next(tmp_path: Path) -> None:
    versions = read(tmp_path, TABLE)
    versions.check(COMBINED, "2011/01/01", date(2027, 6, 30))
    with pytest.raises(VersionWithdrawn) as raised:
        versions.check(COMBINED, "2011/01/01", date(2027, 7, 1))
    assert raised.value.code == 601
    assert "2021/04/01" in raised.value.turkish
    assert "2021/04/01" in raised.value.english
    assert raised.value.detail == f"{COMBINED} 2011/01/01 was withdrawn after 2027-06-30"


def test_a_version_without_a_row_has_no_end(tmp_path: Path) -> None:
    read(tmp_path, TABLE).check(COMBINED, "2023/02/01", date(2999, 1, 1))
    read(tmp_path, "").check(COMBINED, "2011/01/01", date(2999, 1, 1))


def test_the_shipped_table_fits_the_contracts_and_withdraws_nothing_soon() -> None:
    served = catalogue_of(compile_all())
    versions = Versions.load(CONF / "versions.toml", served)
    for service, version in served:
        versions.check(service, version, date(2027, 12, 31))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("sunset = 2027-06-30\n", "", "1: versions[0].sunset: is missing"),
        ("sunset = 2027-06-30", 'sunset = "2027"', "must be a date, not a string"),
        ('replacement = "2023/02/01"\n', "", "versions[1].replacement: is missing"),
        (f'service = "{COMBINED}"', 'service = "BilesikServis"', "is not a service of this"),
        (COMBINED, COMBINED[:-1], f'Did you mean "{COMBINED}"?'),
        ('version = "2011/01/01"', 'version = "2011/01/02"', 'has no version "2011/01/02"'),
        ('"2023/02/01"', '"2024/04/01"', "has no version"),
        ('"2023/02/01"', '"2021/04/01"', "a version cannot replace itself"),
        ('version = "2021/04/01"', 'version = "2011/01/01"', "has two rows"),
        ("sunset = 2028-06-30", "sunset = 2027-06-30", "2021/04/01 ends no later than 2011/01/01"),
        ("sunset = 2028-06-30", "sunset = 2028-06-30\nx = 1", "versions[1].x: unknown key"),
        ("[[versions]]", "[[version]]", "version: unknown key"),
    ],
)
def test_a_table_with_an_error_is_refused(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    with pytest.raises(AgreementErrors) as raised:
        read(tmp_path, edited({old: new}, TABLE))
    assert expected in str(raised.value)
