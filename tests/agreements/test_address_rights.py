"""Who may receive addresses is the law's dated table, read strictly (Law 5490 Art. 45/1)."""

from datetime import date
from pathlib import Path

import pytest
from agreement_samples import RIGHTS, edited

from kps_soap.agreements import AddressRights, AgreementErrors
from kps_soap.agreements.vocabulary import CLASS_OF_KIND

TABLE = """\
[[rules]]
id = "ADR-1"
since = 2006-04-29
until = 2017-11-02
classes = ["KAMU"]
kinds = ["BANKA"]
source = "5490 Md.45/1"
verified = true

[[rules]]
id = "ADR-3"
since = 2017-11-03
kinds = ["SIGORTA"]
source = "7039"
"""


@pytest.mark.parametrize(
    ("kind", "in_2010", "in_2014", "in_2018"),
    [
        ("BANKA", True, True, True),
        ("SIGORTA", False, True, True),
        ("SIRKET", False, False, False),
        ("BELEDIYE", True, True, True),
        ("ADRESE_DAYALI_KAMU_HIZMETI", False, False, True),
    ],
)
def test_the_shipped_table_is_that_of_the_law(
    kind: str, in_2010: bool, in_2014: bool, in_2018: bool
) -> None:
    answers = [RIGHTS.may_receive_address(kind, date(year, 6, 1)) for year in (2010, 2014, 2018)]
    assert answers == [in_2010, in_2014, in_2018]


def test_nobody_received_addresses_before_the_law() -> None:
    assert not any(RIGHTS.may_receive_address(kind, date(2006, 4, 28)) for kind in CLASS_OF_KIND)


def test_a_row_holds_on_its_first_and_on_its_last_day() -> None:
    assert RIGHTS.may_receive_address("BANKA", date(2006, 4, 29))
    assert RIGHTS.may_receive_address("BANKA", date(2017, 11, 2))
    assert not RIGHTS.may_receive_address("FINANSAL_HIZMET", date(2017, 11, 2))
    assert RIGHTS.may_receive_address("FINANSAL_HIZMET", date(2017, 11, 3))


def test_every_public_body_may_receive_addresses_today_and_no_unknown_kind() -> None:
    for kind, legal_class in CLASS_OF_KIND.items():
        if legal_class == "KAMU":
            assert RIGHTS.may_receive_address(kind, date(2026, 1, 1))
    assert not RIGHTS.may_receive_address("BILINMEYEN", date(2026, 1, 1))
    assert not RIGHTS.may_receive_address("", date(2026, 1, 1))


def test_an_answer_names_the_rows_that_gave_it() -> None:
    assert RIGHTS.explain("SIGORTA", date(2014, 1, 1)).endswith("on 2014-01-01 (ADR-2)")
    assert "(5490 Md.45/1; ADR-1, ADR-2)" in RIGHTS.explain("SIRKET", date(2014, 1, 1))
    assert "no rule is in force" in RIGHTS.explain("BANKA", date(2000, 1, 1))


def test_what_is_not_known_from_a_source_is_marked() -> None:
    assert {rule.name: rule.verified for rule in RIGHTS.rules} == {
        "ADR-1": True,
        "ADR-2": False,
        "ADR-3": False,
    }


def read(folder: Path, text: str) -> AddressRights:
    (folder / "address_rights.toml").write_text(text)
    return AddressRights.load(folder / "address_rights.toml")


def test_a_table_of_an_operator_s_own_loads(tmp_path: Path) -> None:
    rights = read(tmp_path, TABLE)
    assert rights.rules[1].until is None
    assert not rights.rules[1].verified
    assert not rights.may_receive_address("BANKA", date(2018, 1, 1))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"ADR-3"', '"ADR-1"', "10: rules[1]: id ADR-1 is given twice"),
        ('"ADR-3"', '"adr 3"', "is not a rule's id such as ADR-1"),
        ("until = 2017-11-02", "until = 2005-01-01", "until: 2005-01-01 lies before since"),
        ("since = 2017-11-03", "", "10: rules[1].since: is missing"),
        ('kinds = ["SIGORTA"]', "", "rules[1].kinds: a rule must name a class or a kind"),
        ('kinds = ["SIGORTA"]', "kinds = []", "rules[1].kinds: must not be empty"),
        ('["SIGORTA"]', '["SIGORTACI"]', 'Did you mean "SIGORTA"?'),
        ('["KAMU"]', '["OZEL"]', "is not one of KAMU, DIGER_TUZEL"),
        ("verified = true", "verified = 1", "must be a boolean, not an integer"),
        ('source = "7039"', "", "rules[1].source: is missing"),
        ("[[rules]]\nid", "[[rules]]\nfrom = 1\nid", "rules[0].from: unknown key"),
        ("[[rules]]", "[[rule]]", "rules: is missing"),
        ("[[rules]]", "[[rules]", "is not valid TOML"),
    ],
)
def test_a_table_with_an_error_is_refused(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    with pytest.raises(AgreementErrors) as raised:
        read(tmp_path, edited({old: new}, TABLE))
    assert expected in str(raised.value)


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(AgreementErrors, match="the file does not exist"):
        AddressRights.load(tmp_path / "none.toml")
