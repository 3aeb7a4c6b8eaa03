"""What ``kps agreements list`` and ``show`` say of a set, in words and as data."""

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from agreement_samples import OTHER, PLAIN, PUBLIC, TODAY, edited, served

from kps_soap.agreements import AgreementSet, listing
from kps_soap.agreements.agreement import Suspension
from kps_soap.authentication import ISTANBUL

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


STAGED = {
    'stage = "ACIK"': (
        'stage = "TEST"\nplanned = [{ stage = "PILOT", from = 2026-04-01 }]\n'
        'pilot = { inquirers = ["VELI", "AYSE"], calls_per_day_max = 5, until = 2026-05-31 }'
    ),
    "valid_until = 2026-12-31": (
        "valid_until = 2026-12-31\nrenewal = { from = 2026-12-04, until = 2026-12-31 }"
    ),
}


def test_stages_that_are_planned_pilots_and_renewals_are_shown(tmp_path: Path) -> None:
    (agreement,) = served(tmp_path, {"a.toml": edited(STAGED)}).agreements
    text = listing.show_text(agreement, TODAY)
    assert "(TEST, answered from the synthetic register, PILOT from 2026-04-01)" in text
    assert "  pilot for AYSE, VELI, at most 5 calls a day, until 2026-05-31" in text
    assert "renewal: from 2026-12-04 until 2026-12-31, not started" in text
    (granted,) = listing.details(agreement, TODAY)["granted"]
    assert granted["planned"] == [{"stage": "PILOT", "from": "2026-04-01"}]
    assert granted["pilot"] == {
        "inquirers": ["AYSE", "VELI"], "calls_per_day_max": 5, "until": "2026-05-31",
    }  # fmt: skip
    later = listing.show_text(agreement, date(2026, 4, 1))
    assert "2011/01/01 (PILOT)" in later


def test_a_suspension_by_command_is_shown_with_who_and_why(tmp_path: Path) -> None:
    since = datetime(2026, 2, 3, 10, 5, tzinfo=ISTANBUL)
    held = Suspension("2026/117", since, "ayse", "şikâyet", "E-7")
    agreements = served(tmp_path, {"a.toml": PLAIN}).suspending([held])
    (row,) = listing.rows(agreements, TODAY)
    assert row["status"] == "not in force: it was suspended by command on 2026-02-03"
    assert row["suspended"] == {
        "since": "2026-02-03T10:05:00+03:00", "by": "ayse", "reason": "şikâyet", "document": "E-7",
    }  # fmt: skip
    text = listing.show_text(agreements.agreements[0], TODAY)
    assert "suspended by ayse since 2026-02-03 10:05: şikâyet; E-7" in text
