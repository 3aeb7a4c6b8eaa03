"""What ``kps agreements list`` and ``show`` say of a set, in words and as data."""

import json
from datetime import date
from pathlib import Path

import pytest
from agreement_samples import OTHER, PLAIN, PUBLIC, TODAY, edited, served

from kps_soap.agreements import AgreementSet, listing

DIN = "KisiBilgisi/DurumBilgisi/Din"


@pytest.fixture
def agreements(tmp_path: Path) -> AgreementSet:
    suspended = edited(OTHER | {'state = "ACIK"': 'state = "ASKIDA"', "Örnek İlçe": "Başka İlçe"})
    return served(tmp_path, {"a.toml": PLAIN, "b.toml": suspended, "p.toml": PUBLIC})


def test_a_row_says_who_until_when_and_whether_it_is_in_force(agreements: AgreementSet) -> None:
    first, second = listing.rows(agreements, TODAY)
    assert first == {
        "institution": "B-34-0417",
        "name": "Örnek İlçe Belediyesi",
        "kind": "BELEDIYE",
        "agreement": "2026/117",
        "state": "ACIK",
        "status": "in force",
        "suspended": None,
        "valid_until": "2026-12-31",
        "days_left": 364,
        "services": 1,
        "accounts": ["KRM-34-0417"],
        "file": "a.toml",
    }
    assert second["status"] == "not in force: its state is ASKIDA"


@pytest.mark.parametrize(
    ("on", "status", "days", "words"),
    [
        (date(2025, 12, 31), "not in force: it is valid from 2026-01-01", 365, "365 days left"),
        (date(2026, 12, 31), "in force", 0, "its last day"),
        (date(2027, 1, 10), "not in force: it ended on 2026-12-31", -10, "ended 10 days ago"),
    ],
)
def test_the_days_left_are_counted_from_the_day_that_is_asked(
    agreements: AgreementSet, on: date, status: str, days: int, words: str
) -> None:
    row = listing.rows(agreements, on)[0]
    assert (row["status"], row["days_left"]) == (status, days)
    assert words in listing.show_text(agreements.agreements[0], on)


def test_an_agreement_in_test_says_so(tmp_path: Path) -> None:
    text = edited({'state = "ACIK"': 'state = "TEST"'})
    agreement = served(tmp_path, {"a.toml": text}).agreements[0]
    assert listing.status(agreement, TODAY) == "in force, test data only"
    assert "(ACIK, answered from the synthetic register)" in listing.show_text(agreement, TODAY)


def test_the_list_is_a_table_with_the_public_door_below(agreements: AgreementSet) -> None:
    lines = listing.list_text(agreements, TODAY).splitlines()
    column = lines[0].index("status")
    assert lines[1][column:].startswith("in force")
    assert lines[2][column:].startswith("not in force: its state is ASKIDA")
    assert lines[-2] == (
        "public door: open for KPSPublic (ACIK), KPSPublicV2 (KAPALI), "
        "at most 5 calls a second and source"
    )
    assert lines[-1] == f"set {agreements.digest}, 3 files"


def test_a_closed_public_door_is_told(tmp_path: Path) -> None:
    assert "public door: closed" in listing.list_text(served(tmp_path, {"a.toml": PLAIN}), TODAY)


def test_what_is_given_and_withheld_is_listed_for_each_service(tmp_path: Path) -> None:
    fields = PLAIN[PLAIN.index("fields = [") :]
    text = edited(
        {
            fields: 'fields = ["KisiBilgisi/DurumBilgisi", "KisiBilgisi/TCKimlikNo"]\n'
            f'special = [{{ field = "{DIN}", legal_basis = "5490 Md.7" }}]\n'
        }
    )
    agreement = served(tmp_path, {"a.toml": text}).agreements[0]
    shown = listing.show_text(agreement, TODAY)
    assert "2026/117: Örnek İlçe Belediyesi (B-34-0417, BELEDIYE)" in shown
    assert f"  special category {DIN}: 5490 Md.7" in shown
    assert (
        "  gives 10 fields:\n"
        "    KisiBilgisi/DurumBilgisi (all 9)\n"
        "    KisiBilgisi/TCKimlikNo\n"
        "  withholds 17 fields:\n"
        "    KisiBilgisi/AnneTCKimlikNo\n"
    ) in shown
    assert shown.endswith("    KisiBilgisi/TemelBilgisi (all 7)")
    assert "HataBilgisi" not in shown
    assert "\ninquirer_required: yes\ncase_number_required: no\n" in shown
    assert "\nlegal_basis: 5393 Md.14, 5490 Md.45\n" in shown


def test_a_grant_of_everything_withholds_nothing(tmp_path: Path) -> None:
    text = edited(
        {
            "KisiSorgulaTCKimlikNoServis": "AksOkuTumIlServis",
            PLAIN[PLAIN.index("fields = [") :]: 'fields = ["Il"]\n',
        }
    )
    agreement = served(tmp_path, {"a.toml": text}).agreements[0]
    assert listing.show_text(agreement, TODAY).endswith("  withholds 0 fields")


def test_the_details_are_data_that_json_can_carry(agreements: AgreementSet) -> None:
    details = listing.details(agreements.agreements[0], TODAY)
    assert json.loads(json.dumps(details)) == details
    assert details["granted"][0]["service"] == "KisiSorgulaTCKimlikNoServis"
    assert details["granted"][0]["withheld_digest"]
    assert details["security_until"] == "2026-12-31"


def test_a_draft_without_dates_can_be_shown(tmp_path: Path) -> None:
    text = edited(
        {
            "signed = 2025-11-15\n": "",
            'state = "ACIK"': 'state = "TASLAK"',
            '"KLASIK"\nsecurity_until = 2026-12-31': '"STANDART"',
        }
    )
    agreement = served(tmp_path, {"a.toml": text}).agreements[0]
    details = listing.details(agreement, TODAY)
    assert details["signed"] is details["security_until"] is None
    assert "\nsigned: -\n" in listing.show_text(agreement, TODAY)
