"""What an agreement file may say of institution, paper, access, fees and limits.

Every rule has a file that breaks it; the file that keeps them all is ``PLAIN`` itself.
"""

from datetime import date
from ipaddress import ip_network
from pathlib import Path

import pytest
from agreement_samples import PLAIN, edited, refused, served

from kps_soap.agreements.listing import show_text

ALL_DOORS = {"served_doors": frozenset({"direct", "routing"})}
ALL_PROFILES = {"served_profiles": frozenset({"KLASIK", "STANDART", "GUCLU"})}
DIGEST = "0123456789abcdef" * 4


def test_a_right_file_loads_with_everything_that_it_says(tmp_path: Path) -> None:
    agreements = served(tmp_path, {"a.toml": PLAIN})
    agreement = agreements.agreements[0]
    assert not agreements.warnings
    assert agreement.institution.code == "B-34-0417"
    assert agreement.institution.legal_class == "KAMU"
    assert agreement.institution.province == 34
    assert agreement.number == "2026/117"
    assert agreement.document.application_date == date(2025, 10, 5)
    assert agreement.document.legal_basis == ("5393 Md.14", "5490 Md.45")
    assert agreement.access.accounts == ("KRM-34-0417",)
    assert agreement.access.networks == (ip_network("203.0.113.10/32"),)
    assert agreement.access.doors == {"direct"}
    assert agreement.access.answer_signature == "RSA"
    assert agreement.access.purposes == {"EMLAK_BEYAN", "SOSYAL_YARDIM"}
    assert agreement.fee_exemption == "GENEL_YONETIM"
    assert agreement.limits.persons_per_day_max == 5000
    # No limit where none is named.
    assert agreement.limits.calls_per_day_max == 0
    assert set(agreement.services) == {("KisiSorgulaTCKimlikNoServis", "2011/01/01")}


def test_keys_with_a_default_may_be_left_out(tmp_path: Path) -> None:
    left_out = {
        "province = 34\n": "",
        "certificates = []\n": "",
        'name_matching = "TAM"\n': "",
        'answer = { signature = "RSA", routing_signature = false }\n': "",
        "inquirer_required = true\n": "",
        'default_purpose = "EMLAK_BEYAN"\n': "",
        "case_number_required = false\n": "",
        'person_relation = "KAPALI"\n': "",
    }
    access = served(tmp_path, {"a.toml": edited(left_out)}).agreements[0].access
    assert access.name_matching == "TAM"
    assert access.answer_signature == "RSA"
    assert access.inquirer_required
    assert not access.case_number_required
    assert access.person_relation == "KAPALI"
    assert access.default_purpose == access.default_inquirer == ""


BROKEN = [
    # institution
    ('class = "KAMU"\n', "", "1: institution.class: is missing"),
    (
        'class = "KAMU"',
        'class = "KAMUU"',
        '4: institution.class: "KAMUU" is not one of KAMU, DIGER_TUZEL Did you mean "KAMU"?',
    ),
    (
        'class = "KAMU"',
        'class = "DIGER_TUZEL"',
        "4: institution.class: an institution of kind BELEDIYE is KAMU, not DIGER_TUZEL",
    ),
    ('kind = "BELEDIYE"', 'kind = "BELEDIYEE"', 'Did you mean "BELEDIYE"?'),
    ("province = 34", "province = 82", "institution.province: must lie between 1 and 81, is 82"),
    ("province = 34", "province = true", "institution.province: must be an integer, not a boolean"),
    ("province = 34", 'province = "34"', "institution.province: must be an integer, not a string"),
    ("province = 34", "province = 34.0", "must be an integer, not a decimal number"),
    ('code = "B-34-0417"', 'code = "b 34"', 'institution.code: "b 34" is not an institution code'),
    (
        'name = "Örnek İlçe Belediyesi"',
        'nmae = "Örnek"',
        '3: institution.nmae: unknown key Did you mean "name"?',
    ),
    ('name = "Örnek İlçe Belediyesi"', 'name = " "', "institution.name: must not be empty"),
    ('"Örnek İlçe Belediyesi"', '"a\\u0000b"', "institution.name: must be one line of printable"),
    ('"Örnek İlçe Belediyesi"', f'"{"x" * 201}"', "must not be longer than 200 characters"),
    # agreement
    ('reason = "emlak beyanı"', 'reason = ""', "12: agreement.reason: must not be empty"),
    ('["5393 Md.14", "5490 Md.45"]', "[]", "13: agreement.legal_basis: must not be empty"),
    ('["5393 Md.14", "5490 Md.45"]', "[5393]", "13: agreement.legal_basis[0]: must be a string"),
    ('["5393 Md.14", "5490 Md.45"]', '["a", "a"]', 'legal_basis[1]: "a" is given twice'),
    ('["5393 Md.14", "5490 Md.45"]', '[" a"]', "has blanks at its beginning or end"),
    ('"2026/117"', "117", "9: agreement.number: must be a string, not an integer"),
    ('{ number = "E-117", date = 2025-10-05 }', '"E-117"', "application: must be a table"),
    ('number = "E-117", ', "", "11: agreement.application.number: is missing"),
    (
        'number = "E-117", ',
        'numbr = "E-117", ',
        'application.numbr: unknown key Did you mean "number"?',
    ),
    ('"TAAHHUTNAME"', '"PROTOKOL"', "is not one of TAAHHUTNAME, IKILI_ANLASMA"),
    ('"GENEL_MUDUR"', '"MUDUR"', "agreement.approved_by: "),
    ('state = "ACIK"', 'state = "AÇIK"', 'agreement.state: "AÇIK" is not one of'),
    ("signed = 2025-11-15\n", "", "8: agreement.signed: is missing"),
    (
        "signed = 2025-11-15",
        "signed = 2025-10-01",
        "15: agreement.signed: 2025-10-01 lies before application.date (2025-10-05)",
    ),
    (
        "valid_from = 2026-01-01",
        "valid_from = 2025-11-14",
        "valid_from: 2025-11-14 lies before signed (2025-11-15)",
    ),
    (
        "valid_until = 2026-12-31",
        "valid_until = 2025-12-31",
        "17: agreement.valid_until: 2025-12-31 lies before valid_from (2026-01-01)",
    ),
    ("valid_from = 2026-01-01", "valid_from = 2026-01-01T00:00:00Z", "must be a date, not a date"),
    ("valid_from = 2026-01-01", "valid_from = 08:00:00", "must be a date, not a time"),
    ("valid_from = 2026-01-01", 'valid_from = "2026-01-01"', "must be a date, not a string"),
    # access
    ('["KRM-34-0417"]', "[]", "21: access.accounts: must not be empty"),
    ('["KRM-34-0417"]', '"KRM-34-0417"', "access.accounts: must be an array, not a string"),
    ('["KRM-34-0417"]', '["KRM 34"]', 'accounts[0]: "KRM 34" is not an account such as'),
    ('technician = "U-002"', 'technician = "U-001"', "technician: may not be the administrator"),
    ('technician = "U-002"\n', "", "access.technician: is missing"),
    ('["203.0.113.10/32"]', '["203.0.113.10/24"]', 'Did you mean "203.0.113.0/24"?'),
    ('["203.0.113.10/32"]', '["gateway.example"]', "networks[0]: "),
    ('["203.0.113.10/32"]', '["0.0.0.0/0"]', "networks[0]: means every address"),
    ('["203.0.113.10/32"]', '["::/0"]', "networks[0]: means every address"),
    (
        '["203.0.113.10/32"]',
        '["::ffff:203.0.113.0/120"]',
        'is an IPv4 network written as IPv6 Did you mean "203.0.113.0/24"?',
    ),
    ('["direct"]', "[]", "access.doors: must not be empty"),
    ('["direct"]', '["derect"]', 'doors[0]: "derect" is not one of direct, routing'),
    ('"KLASIK"', '"GUCLU"', "access.certificates: must not be empty"),
    ("security_until = 2026-12-31\n", "", "access.security_until: is missing"),
    ('"KLASIK"', '"STANDART"', "security_until: belongs to KLASIK; STANDART has no end"),
    ("certificates = []", 'certificates = ["ab"]', "certificates[0]: is not a SHA-256 digest"),
    ("certificates = []", 'certificates = ["none"]', "certificates[0]: is not a SHA-256 digest"),
    ('name_matching = "TAM"', 'name_matching = "YAKIN"', "is not one of TAM, DUZELTMELI"),
    ('signature = "RSA"', 'signature = "RS256"', "access.answer.signature: "),
    ("routing_signature = false", "routing = false", "access.answer.routing: unknown key"),
    ("inquirer_required = true", 'inquirer_required = "yes"', "must be a boolean, not a string"),
    ("inquirer_required = true", "inquirer_requird = true", 'Did you mean "inquirer_required"?'),
    ('["EMLAK_BEYAN", "SOSYAL_YARDIM"]', '["emlak"]', 'purposes[0]: "emlak" is not a purpose code'),
    ('default_purpose = "EMLAK_BEYAN"', 'default_purpose = "EMLAK"', "is not one of purposes"),
    ('person_relation = "KAPALI"', 'person_relation = "ENGELLE"', '"ENGELLE" is not served'),
    (
        "inquirer_required = true",
        'inquirers = ["P-1"]\ndefault_inquirer = "P-2"',
        "access.default_inquirer: is not one of inquirers",
    ),
    ("inquirer_required = true", "inquirers = []", "access.inquirers: must not be empty"),
    # fees, limits
    ('"GENEL_YONETIM"', '"MUHTARLIK"', "MUHTARLIK is for institutions of kind MUHTARLIK"),
    (
        'class = "KAMU"\nkind = "BELEDIYE"',
        'class = "DIGER_TUZEL"\nkind = "SIRKET"',
        "fees.exemption: GENEL_YONETIM is for public bodies (class KAMU)",
    ),
    ("persons_per_day_max = 5000", "persons_per_day_max = 0", "must lie between 1 and 1000000"),
    (
        "calls_per_second_max = 20",
        "calls_per_second_max = 20\ncalls_per_day_max = 0",
        "must lie between 1 and 100000000",
    ),
    ("criteria_per_call_max = 100", "criteria_per_call_max = 257", "between 1 and 256, is 257"),
    ("calls_per_second_max = 20", "calls_per_second_max = -1", "must lie between 1 and 10000"),
    # the file as a whole
    ("[fees]", "[fee]", 'fee: unknown key Did you mean "fees"?'),
    ("[institution]", "version = 2\n[institution]", "1: version: unknown key"),
]


@pytest.mark.parametrize(("old", "new", "expected"), BROKEN)
def test_a_broken_rule_is_told_with_its_line_and_key(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    lines = refused(tmp_path, {"a.toml": edited({old: new})})
    assert any(expected in line for line in lines), lines
    assert all(line.startswith("a.toml:") for line in lines)


def test_a_section_that_is_missing_is_told_once(tmp_path: Path) -> None:
    text = edited({"[limits]": "[[limit]]"})
    lines = [line for line in refused(tmp_path, {"a.toml": text}) if "limits" in line]
    assert lines == [
        "a.toml:1: limits: is missing",
        'a.toml:40: limit: unknown key Did you mean "limits"?',
    ]


def test_a_draft_needs_no_signature_yet(tmp_path: Path) -> None:
    draft = edited({"signed = 2025-11-15\n": "", 'state = "ACIK"': 'state = "TASLAK"'})
    assert served(tmp_path, {"a.toml": draft}).agreements[0].document.signed is None


def test_the_strong_profile_demands_certificates(tmp_path: Path) -> None:
    strong = edited({'"KLASIK"\nsecurity_until = 2026-12-31': '"GUCLU"'})
    lines = refused(tmp_path, {"a.toml": strong}, **ALL_PROFILES)
    assert lines == ["a.toml:27: access.certificates: must not be empty"]
    without = edited({"certificates = []\n": ""}, strong)
    lines = refused(tmp_path, {"a.toml": without}, **ALL_PROFILES)
    assert lines == ["a.toml:20: access.certificates: is missing"]
    named = edited({"certificates = []": f'certificates = ["{DIGEST}"]'}, strong)
    agreements = served(tmp_path, {"a.toml": named}, **ALL_PROFILES)
    assert agreements.agreements[0].access.certificates == {DIGEST}


def test_the_strong_profile_knows_one_account_and_no_routing_door(tmp_path: Path) -> None:
    strong = edited(
        {
            '"KLASIK"\nsecurity_until = 2026-12-31': '"GUCLU"',
            "certificates = []": f'certificates = ["{DIGEST}"]',
            '["KRM-34-0417"]': '["KRM-34-0417", "KRM-34-0418"]',
            '["direct"]': '["direct", "routing"]',
        }
    )
    lines = refused(tmp_path, {"a.toml": strong}, **ALL_DOORS)
    assert lines == [
        "a.toml:21: access.accounts: GUCLU knows one account, that of the certificates",
        "a.toml:25: access.doors: under GUCLU nothing comes by the routing door",
    ]


def test_a_profile_that_is_not_served_is_refused(tmp_path: Path) -> None:
    lines = refused(tmp_path, {"a.toml": PLAIN}, served_profiles=frozenset({"STANDART"}))
    assert lines == ['a.toml:26: access.security: "KLASIK" is not served by this gateway; '
                     "leave it out until it is"]  # fmt: skip


def test_a_digest_with_colons_and_capitals_is_shown_as_it_should_be(tmp_path: Path) -> None:
    spelt = ":".join(DIGEST[at : at + 2] for at in range(0, 64, 2)).replace("a", "A")
    lines = refused(
        tmp_path, {"a.toml": edited({"certificates = []": f'certificates = ["{spelt}"]'})}
    )
    assert lines[0].endswith(f'Did you mean "{DIGEST}"?')


def test_what_this_gateway_serves_is_for_its_caller_to_say(tmp_path: Path) -> None:
    text = edited({'["direct"]': '["direct", "routing"]', '"KAPALI"': '"UYAR"'})
    options = {"served_relations": frozenset({"KAPALI", "UYAR"}), **ALL_DOORS}
    access = served(tmp_path, {"a.toml": text}, **options).agreements[0].access
    assert access.doors == {"direct", "routing"}
    assert access.person_relation == "UYAR"


WARNED = [
    (
        '"TAAHHUTNAME"',
        '"IKILI_ANLASMA"',
        "a.toml:10: agreement.instrument: agreements signed on 2025-11-15 are TAAHHUTNAME, "
        "not IKILI_ANLASMA",
    ),
    (
        "signed = 2025-11-15",
        "signed = 2020-08-20",
        "agreements signed on 2020-08-20 are IKILI_ANLASMA, not TAAHHUTNAME",
    ),
    ('"Örnek İlçe Belediyesi"', '"Örnek "', "institution.name: blanks at the beginning or end"),
    ("security_until = 2026-12-31", "security_until = 2025-12-31", "KLASIK ended on 2025-12-31"),
    ('"GENEL_YONETIM"', '"YOK"', "an institution that pays is approved by BAKAN"),
    ('purposes = ["EMLAK_BEYAN"]', 'purposes = ["SOSYAL_YARDIM"]', "without EMLAK_BEYAN, calls"),
]


@pytest.mark.parametrize(("old", "new", "expected"), WARNED)
def test_what_is_odd_but_lawful_loads_with_a_warning(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    text = edited({old: new, "date = 2025-10-05": "date = 2020-01-01"})
    warnings = served(tmp_path, {"a.toml": text}).warnings
    assert len(warnings) == 1
    assert expected in str(warnings[0])


def test_a_name_with_blanks_around_it_is_trimmed(tmp_path: Path) -> None:
    text = edited({'"Örnek İlçe Belediyesi"': '" Örnek "'})
    assert served(tmp_path, {"a.toml": text}).agreements[0].institution.name == "Örnek"


def test_the_day_of_the_new_regulation_belongs_to_the_new_instrument(tmp_path: Path) -> None:
    text = edited({"2025-10-05": "2020-01-01", "signed = 2025-11-15": "signed = 2020-08-21"})
    assert not served(tmp_path, {"a.toml": text}).warnings


def test_the_pinned_certificates_are_shown(tmp_path: Path) -> None:
    strong = edited(
        {
            '"KLASIK"\nsecurity_until = 2026-12-31': '"GUCLU"',
            "certificates = []": f'certificates = ["{DIGEST}"]',
        }
    )
    (agreement,) = served(tmp_path, {"a.toml": strong}).agreements
    shown = show_text(agreement, date(2026, 6, 1))
    assert "security: GUCLU\n" in shown
    assert f"certificate: {DIGEST}\n" in shown
