"""What two agreements of one set may not share, and what they may."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from agreement_samples import OTHER, PLAIN, PUBLIC, edited, refused, served

LATER = {
    "valid_from = 2026-01-01": "valid_from = 2027-01-01",
    "valid_until = 2026-12-31": "valid_until = 2027-12-31",
}
STRONG = {
    '"KLASIK"\nsecurity_until = 2026-12-31': '"GUCLU"',
    "certificates = []": f'certificates = ["{"ab" * 32}"]',
}
ALL_PROFILES: dict[str, Any] = {"served_profiles": frozenset({"KLASIK", "STANDART", "GUCLU"})}


def other(changes: Mapping[str, str] | None = None, *, but: str = "") -> str:
    """A second institution's file that shares one value with the first, or none."""
    text = edited({key: value for key, value in OTHER.items() if key != but})
    return edited(changes or {}, text)


def test_two_institutions_side_by_side_load(tmp_path: Path) -> None:
    agreements = served(tmp_path, {"a.toml": PLAIN, "b.toml": other()})
    assert len(agreements.agreements) == 2
    assert not agreements.warnings


def test_a_number_is_given_once(tmp_path: Path) -> None:
    files = {"a.toml": PLAIN, "b.toml": other(but="2026/117")}
    assert refused(tmp_path, files) == [
        "b.toml:9: agreement.number: 2026/117 is the number of the agreement in a.toml too"
    ]


def test_an_account_is_of_one_institution_for_ever(tmp_path: Path) -> None:
    ended = other(LATER | {'state = "ACIK"': 'state = "FESIH"'}, but="KRM-34-0417")
    assert refused(tmp_path, {"a.toml": PLAIN, "b.toml": ended}) == [
        "b.toml:21: access.accounts[0]: KRM-34-0417 is an account of institution B-34-0417 (a.toml)"
    ]


def test_an_account_has_one_agreement_on_a_day(tmp_path: Path) -> None:
    more = {'name = "KisiSorgulaTCKimlikNoServis"': 'name = "AksOkuTumIlServis"'}
    fields = PLAIN[PLAIN.index("fields = [") :]
    text = edited(more | {"2026/117": "2026/118", fields: 'fields = ["Il"]\n'})
    assert refused(tmp_path, {"a.toml": PLAIN, "b.toml": text}) == [
        "b.toml:21: access.accounts[0]: KRM-34-0417 has another agreement on the same days (a.toml)"
    ]
    suspended = edited({'state = "ACIK"': 'state = "ASKIDA"'}, text)
    assert served(tmp_path, {"a.toml": PLAIN, "b.toml": suspended})


def test_an_agreement_that_follows_another_keeps_everything(tmp_path: Path) -> None:
    following = edited(LATER | {"2026/117": "2027/001"})
    agreements = served(tmp_path, {"a.toml": PLAIN, "b.toml": following})
    assert agreements.choose("KRM-34-0417", date(2026, 12, 31)).number == "2026/117"


@pytest.mark.parametrize("day", ["2026-12-31", "2026-06-01"])
def test_agreements_of_one_institution_for_one_service_do_not_overlap(
    tmp_path: Path, day: str
) -> None:
    overlapping = edited(
        LATER
        | {"valid_from = 2026-01-01": f"valid_from = {day}", "2026/117": "2027/001"}
        | {"KRM-34-0417": "KRM-34-0418"}
    )
    (line,) = refused(tmp_path, {"a.toml": PLAIN, "b.toml": overlapping})
    assert line == (
        "b.toml:45: services: KisiSorgulaTCKimlikNoServis is granted to this institution on the "
        "same days in a.toml"
    )


def test_an_agreement_in_test_may_stand_beside_an_open_one(tmp_path: Path) -> None:
    changes = {
        "2026/117": "2026/118",
        "KRM-34-0417": "KRM-34-0418",
        'state = "ACIK"': 'state = "TEST"',
    }
    in_test = edited(changes)
    assert served(tmp_path, {"a.toml": PLAIN, "b.toml": in_test})


def test_one_code_with_two_descriptions_is_a_warning(tmp_path: Path) -> None:
    following = edited(LATER | {"2026/117": "2027/001", "Örnek İlçe": "Başka İlçe"})
    (warning,) = served(tmp_path, {"a.toml": PLAIN, "b.toml": following}).warnings
    assert str(warning).endswith(
        "b.toml:2: institution.code: B-34-0417 is described differently in a.toml"
    )


def test_a_certificate_proves_one_institution(tmp_path: Path) -> None:
    files = {"a.toml": edited(STRONG), "b.toml": other(STRONG)}
    assert refused(tmp_path, files, **ALL_PROFILES) == [
        "b.toml:27: access.certificates[0]: is a certificate of another institution (a.toml)"
    ]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("203.0.113.10/32", "203.0.113.10", "203.0.113.10/32 overlaps 203.0.113.10/32"),
        ("203.0.113.0/24", "203.0.113.10/32", "203.0.113.10/32 overlaps 203.0.113.0/24"),
        ("2001:db8::/32", "2001:db8::1", "2001:db8::1/128 overlaps 2001:db8::/32"),
    ],
)
def test_an_address_is_of_one_institution(
    tmp_path: Path, first: str, second: str, told: str
) -> None:
    files = {
        "a.toml": edited({"203.0.113.10/32": first}),
        "b.toml": other({"203.0.113.20/32": second}),
    }
    assert refused(tmp_path, files) == [
        f"b.toml:24: access.networks[0]: {told} of another institution (a.toml)"
    ]


def test_the_wider_network_may_stand_in_the_later_file(tmp_path: Path) -> None:
    files = {"a.toml": PLAIN, "b.toml": other({"203.0.113.20/32": "203.0.113.0/24"})}
    (line,) = refused(tmp_path, files)
    assert line.startswith("a.toml:24: access.networks[0]: 203.0.113.10/32 overlaps")


@pytest.mark.parametrize(
    "change",
    [
        {"203.0.113.20/32": "203.0.113.11/32"},
        {"203.0.113.20/32": "2001:db8::1"},
        LATER | {"203.0.113.20/32": "203.0.113.10/32"},
        {'state = "ACIK"': 'state = "FESIH"', "203.0.113.20/32": "203.0.113.10/32"},
    ],
    ids=["beside it", "other protocol", "on other days", "of an agreement that has ended"],
)
def test_an_address_is_free_again_where_nobody_else_uses_it(
    tmp_path: Path, change: dict[str, str]
) -> None:
    assert served(tmp_path, {"a.toml": PLAIN, "b.toml": other(change)})


@pytest.mark.parametrize("network", ["127.0.0.0/8", "127.0.0.1", "::1/128"])
def test_everybody_may_call_from_the_machine_itself(tmp_path: Path, network: str) -> None:
    files = {
        "a.toml": edited({"203.0.113.10/32": network}),
        "b.toml": other({"203.0.113.20/32": network}),
    }
    assert served(tmp_path, files)


def test_networks_of_one_institution_may_overlap(tmp_path: Path) -> None:
    networks = {'["203.0.113.10/32"]': '["203.0.113.0/24", "203.0.113.10/32", "2001:db8::/32"]'}
    assert served(
        tmp_path,
        {
            "a.toml": edited(networks),
            "b.toml": edited(
                {
                    "203.0.113.20": "198.51.100.20",
                },
                other(),
            ),
        },
    )


def test_nested_networks_find_the_one_that_is_not_ours(tmp_path: Path) -> None:
    mine = edited({'["203.0.113.10/32"]': '["203.0.113.0/28", "203.0.113.32/28"]'})
    files = {
        "a.toml": mine,
        "b.toml": other({"203.0.113.20/32": "203.0.113.40/32"}),
        "c.toml": edited(
            {"B-35-0001": "B-36-0001", "2026/118": "2026/119", "KRM-35": "KRM-36"},
            other({"203.0.113.20/32": "203.0.113.64/26"}),
        ),
    }
    (line,) = refused(tmp_path, files)
    assert line.startswith(
        "b.toml:24: access.networks[0]: 203.0.113.40/32 overlaps 203.0.113.32/28"
    )


def test_the_public_door_is_opened_once(tmp_path: Path) -> None:
    assert refused(tmp_path, {"a.toml": PUBLIC, "b.toml": PUBLIC}) == [
        "b.toml:1: public: the public door is opened by a.toml too"
    ]


def test_values_that_could_not_be_read_collide_with_nothing(tmp_path: Path) -> None:
    broken = edited({'"B-34-0417"': '""', '"2026/117"': '""', '["KRM-34-0417"]': "[]"})
    lines = refused(tmp_path, {"a.toml": broken, "b.toml": broken})
    assert not any("too" in line or "another" in line for line in lines)
