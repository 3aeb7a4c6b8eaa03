"""What a service of an agreement may grant, judged against the contracts and the law."""

from datetime import date
from pathlib import Path

import pytest
from agreement_samples import ADDRESS_SERVICE, PERSON_SERVICE, PLAIN, edited, refused, served

FIELDS = PLAIN[PLAIN.index("fields = [") :]
COMBINED = "BilesikKutukSorgulaKimlikNoServis"
PHOTO = "BilesikKutukBilgileri/TCVatandasiKisiKutukleri/TCKKFotografBilgisi/Fotograf"
NEW_PHOTO = "BilesikKutukBilgileri/MaviKartliKisiKutukleri/YeniMaviKartFotoBilgisi/Fotograf"
DIN = "KisiBilgisi/DurumBilgisi/Din"

ADDRESS = f"""
[[services]]
name = "{ADDRESS_SERVICE[0]}"
versions = ["{ADDRESS_SERVICE[1]}"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN"]
fields = ["KimlikNoileKisiAdresBilgileri/YerlesimYeriAdresi/AcikAdres"]
"""
COMPANY = {
    'class = "KAMU"': 'class = "DIGER_TUZEL"',
    '"BELEDIYE"': '"SIRKET"',
    '"GENEL_YONETIM"': '"YOK"',
    '"GENEL_MUDUR"': '"BAKAN"',
}


def granting(fields: str, special: str = "") -> str:
    return edited({FIELDS: f"fields = {fields}\n{special}"})


def combined(versions: str, fields: str, special: str = "") -> str:
    return edited(
        {PERSON_SERVICE[0]: COMBINED, '["2011/01/01"]': versions}, granting(fields, special)
    )


def special(field: str, basis: str = "5490 Md.7") -> str:
    return f'special = [{{ field = "{field}", legal_basis = "{basis}" }}]\n'


BROKEN = [
    (PERSON_SERVICE[0], "KisiSorgulaTCKimlikServis", f'Did you mean "{PERSON_SERVICE[0]}"?'),
    (PERSON_SERVICE[0], "KPSPublic", "KPSPublic is a public service; it is opened in the file"),
    (
        '["2011/01/01"]',
        '["2011/01/02"]',
        "47: services[0].versions[0]: KisiSorgulaTCKimlikNoServis has no version "
        '"2011/01/02"; it has 2011/01/01 Did you mean "2011/01/01"?',
    ),
    ('["2011/01/01"]', "[]", "services[0].versions: must not be empty"),
    ('stage = "ACIK"', 'stage = "OPEN"', "services[0].stage: "),
    ('stage = "ACIK"', 'stagge = "ACIK"', 'stagge: unknown key Did you mean "stage"?'),
    ('purposes = ["EMLAK_BEYAN"]', "purposes = []", "services[0].purposes: must not be empty"),
    ('purposes = ["EMLAK_BEYAN"]', "", "services[0].purposes: is missing"),
    (
        'purposes = ["EMLAK_BEYAN"]',
        'purposes = ["EMLAK_BEYANI"]',
        'is not one of access.purposes Did you mean "EMLAK_BEYAN"?',
    ),
    (FIELDS, "fields = []", "50: services[0].fields: must not be empty"),
    (FIELDS, "", "45: services[0].fields: is missing"),
    (
        "KisiBilgisi/TemelBilgisi",
        "KisiBilgisi/TemelBilgi",
        "52: services[0].fields[1]: KisiSorgulaTCKimlikNoServis 2011/01/01 has no field "
        '"KisiBilgisi/TemelBilgi" Did you mean "KisiBilgisi/TemelBilgisi"?',
    ),
    ("KisiBilgisi/TemelBilgisi", "KisiBilgisi/Soyad", '"KisiBilgisi/TemelBilgisi/Soyad"?'),
    ("KisiBilgisi/TemelBilgisi", "Soyad", '"KisiBilgisi/TemelBilgisi/Soyad"?'),
    ("KisiBilgisi/TemelBilgisi", "KisiBilgisi.TemelBilgisi", '"KisiBilgisi/TemelBilgisi"?'),
    ("KisiBilgisi/TemelBilgisi", "KisiBilgisi/HataBilgisi", "has no field"),
    ("KisiBilgisi/TemelBilgisi", "KisiBilgisi/TCKimlikNo", "is given twice"),
    (
        "KisiBilgisi/DurumBilgisi/Durum",
        DIN,
        f'53: services[0].fields[2]: "{DIN}" is a special category: it needs an entry in special',
    ),
    ("KisiBilgisi/DurumBilgisi/Durum", f"{DIN}/Kod", "is a special category"),
    ("[[services]]", '[[services]]\nbulk_basis = "5490 Md.45"', "lists no persons; leave this out"),
]


@pytest.mark.parametrize(("old", "new", "expected"), BROKEN)
def test_a_grant_that_no_contract_can_keep_is_told(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    lines = refused(tmp_path, {"a.toml": edited({old: new})})
    assert any(expected in line for line in lines), lines


def test_a_field_must_exist_in_every_version_that_is_listed(tmp_path: Path) -> None:
    newer = '["BilesikKutukBilgileri/MaviKartliKisiKutukleri/YeniMaviKartFotoBilgisi"]'
    assert served(tmp_path, {"a.toml": combined('["2023/02/01"]', newer)})
    lines = refused(tmp_path, {"a.toml": combined('["2023/02/01", "2011/01/01"]', newer)})
    assert len(lines) == 1
    assert f"{COMBINED} 2011/01/01 has no field" in lines[0]


def test_each_listed_version_is_granted(tmp_path: Path) -> None:
    text = combined('["2011/01/01", "2023/02/01"]', '["BilesikKutukBilgileri/KimlikNo"]')
    services = served(tmp_path, {"a.toml": text}).agreements[0].services
    assert set(services) == {(COMBINED, "2011/01/01"), (COMBINED, "2023/02/01")}


def test_one_contract_is_granted_once(tmp_path: Path) -> None:
    service = PLAIN[PLAIN.index("[[services]]") :]
    lines = refused(tmp_path, {"a.toml": PLAIN + "\n" + service})
    assert lines == [
        "a.toml:58: services[1].versions: KisiSorgulaTCKimlikNoServis 2011/01/01 is granted twice"
    ]


def test_a_section_grants_no_special_category_without_its_own_line(tmp_path: Path) -> None:
    text = granting('["KisiBilgisi"]')
    granted = served(tmp_path, {"a.toml": text}).agreements[0].services[PERSON_SERVICE]
    assert not granted.grant.wants(DIN)
    assert granted.special == {}


@pytest.mark.parametrize("path", ["KisiBilgisi", "KisiBilgisi/DurumBilgisi", DIN, f"{DIN}/Kod"])
def test_a_special_category_with_a_legal_basis_is_granted(tmp_path: Path, path: str) -> None:
    named = f"{DIN}/Kod" if path.endswith("Kod") else DIN
    text = granting(f'["{path}"]', special(named))
    granted = served(tmp_path, {"a.toml": text}).agreements[0].services[PERSON_SERVICE]
    assert granted.grant.wants(f"{DIN}/Kod")
    assert granted.special == {named: "5490 Md.7"}


def test_part_of_a_special_category_can_be_granted(tmp_path: Path) -> None:
    text = granting(f'["{DIN}"]', special(f"{DIN}/Kod"))
    granted = served(tmp_path, {"a.toml": text}).agreements[0].services[PERSON_SERVICE]
    assert granted.grant.granted_leaves == (f"{DIN}/Kod",)


SPECIAL = [
    (special(DIN, ""), "services[0].special[0].legal_basis: must not be empty"),
    (f'special = [{{ field = "{DIN}" }}]', "services[0].special[0].legal_basis: is missing"),
    (special("KisiBilgisi/Din"), f'Did you mean "{DIN}"?'),
    (special("KisiBilgisi/TCKimlikNo"), "is not of a special category here"),
    (special(f"{DIN}/Adi"), "is not in every version listed here"),
    (special(DIN).replace("{", "{ x = 1,"), "services[0].special[0].x: unknown key"),
    (
        f'[[services.special]]\nfield = "{DIN}"\nlegal_basis = "a"\n' * 2,
        f'services[0].special[1].field: "{DIN}" is given twice',
    ),
]


@pytest.mark.parametrize(("entry", "expected"), SPECIAL)
def test_a_second_grant_that_says_too_little_is_told(
    tmp_path: Path, entry: str, expected: str
) -> None:
    lines = refused(tmp_path, {"a.toml": granting('["KisiBilgisi"]', entry)})
    assert any(expected in line for line in lines), lines


def test_a_second_grant_without_the_first_is_told(tmp_path: Path) -> None:
    text = granting('["KisiBilgisi/TCKimlikNo"]', special(DIN))
    assert refused(tmp_path, {"a.toml": text}) == [
        f'a.toml:51: services[0].special[0].field: "{DIN}" is not granted by fields'
    ]


def test_a_special_category_must_be_in_every_version_too(tmp_path: Path) -> None:
    both = '["2011/01/01", "2023/02/01"]'
    text = combined(both, '["BilesikKutukBilgileri"]', special(PHOTO))
    assert served(tmp_path, {"a.toml": text})
    text = combined(both, '["BilesikKutukBilgileri"]', special(NEW_PHOTO))
    (line,) = refused(tmp_path, {"a.toml": text})
    assert "is not in every version listed here" in line


def test_a_list_of_persons_needs_a_basis_for_bulk_data(tmp_path: Path) -> None:
    text = edited(
        {PERSON_SERVICE[0]: "KisiListeleServis"},
        granting('["KisiListesi/Sonuc/TCKimlikNo"]'),
    )
    assert refused(tmp_path, {"a.toml": text}) == ["a.toml:45: services[0].bulk_basis: is missing"]
    allowed = text + 'bulk_basis = "298 sayılı Kanun Md.33"\n'
    granted = served(tmp_path, {"a.toml": allowed}).agreements[0].services
    assert granted["KisiListeleServis", "2011/01/01"].bulk_basis == "298 sayılı Kanun Md.33"


def test_an_address_is_granted_to_a_public_body_and_not_to_a_company(tmp_path: Path) -> None:
    assert served(tmp_path, {"a.toml": PLAIN + ADDRESS})
    (line,) = refused(tmp_path, {"a.toml": edited(COMPANY) + ADDRESS})
    assert line == (
        "a.toml:57: services[1].name: gives addresses, and SIRKET may not receive addresses on "
        "2026-01-01 (5490 Md.45/1; ADR-3)"
    )


@pytest.mark.parametrize(
    ("years", "today", "told"),
    [
        (("2008", "2010"), date(2009, 6, 1), "2009-06-01"),
        (("2008", "2010"), date(2026, 1, 1), "2010-12-31"),
        (("2008", "2010"), date(2007, 1, 1), "2008-01-01"),
    ],
    ids=["today", "after its end", "before its start"],
)
def test_the_law_is_that_of_a_day_on_which_the_agreement_is_valid(
    tmp_path: Path, years: tuple[str, str], today: date, told: str
) -> None:
    changes = COMPANY | {
        "2025-10-05": "2007-01-01",
        "signed = 2025-11-15": "signed = 2007-02-01",
        "TAAHHUTNAME": "IKILI_ANLASMA",
        "valid_from = 2026-01-01": f"valid_from = {years[0]}-01-01",
        "valid_until = 2026-12-31": f"valid_until = {years[1]}-12-31",
    }
    insurer = edited({"SIRKET": "SIGORTA"}, edited(changes)) + ADDRESS
    (line,) = refused(tmp_path, {"a.toml": insurer}, today=today)
    assert f"SIGORTA may not receive addresses on {told}" in line


def test_an_address_is_not_judged_where_the_dates_are_wrong_already(tmp_path: Path) -> None:
    text = edited(COMPANY | {"valid_from = 2026-01-01": "valid_from = 2027-01-01"}) + ADDRESS
    (line,) = refused(tmp_path, {"a.toml": text})
    assert "valid_until: 2026-12-31 lies before valid_from" in line


def test_agreements_with_the_same_fields_share_one_compiled_grant(tmp_path: Path) -> None:
    second = edited(
        {
            "B-34-0417": "B-35-0001",
            "2026/117": "2026/118",
            "KRM-34": "KRM-35",
            "113.10/32": "113.20/32",
        }
    )
    one, two = served(tmp_path, {"a.toml": PLAIN, "b.toml": second}).agreements
    assert one.services[PERSON_SERVICE].grant is two.services[PERSON_SERVICE].grant


@pytest.mark.parametrize(
    ("state", "stage", "synthetic"),
    [("ACIK", "ACIK", False), ("TEST", "ACIK", True), ("ACIK", "TEST", True)],
)
def test_a_test_is_answered_from_the_synthetic_register_only(
    tmp_path: Path, state: str, stage: str, synthetic: bool
) -> None:
    text = edited({'stage = "ACIK"': "@", 'state = "ACIK"': f'state = "{state}"'})
    agreement = served(tmp_path, {"a.toml": text.replace("@", f'stage = "{stage}"')}).agreements[0]
    assert agreement.services[PERSON_SERVICE].synthetic_only is synthetic
    assert agreement.in_test is (state == "TEST")
