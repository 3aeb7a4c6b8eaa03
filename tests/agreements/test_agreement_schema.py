"""The schema for editors is made from the loader's rules, and judges as it does where it can."""

import json
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
import test_agreement_sections
import test_agreement_services
import test_public_terms
from agreement_samples import CATALOGUE, CONF, PLAIN, PUBLIC, edited, refused, served

from kps_soap.agreements.schema import FILE_NAME, schema_of, schema_text
from kps_soap.configured import catalogue_of
from kps_soap.contracts.catalogue import compile_all

#: What an editor cannot see: other keys, other files, the law, TOML's own types, blanks.
BEYOND_A_SCHEMA = (
    "lies before", "is granted twice", "is opened twice", "is not one of access",
    "may not be the administrator", "is not one of purposes", "is not one of inquirers",
    "means every address", "is not a network", "written as IPv6", "belongs to KLASIK",
    "is for public bodies",
    "is for institutions of kind", "an institution of kind", "is not served by this gateway",
    "is a special category", "is not granted by fields", "gives addresses", "in every version",
    "does not lie after", "neither stage", "must be a date", "one line of printable",
)  # fmt: skip


def as_an_editor_sees_it(value: Any) -> Any:
    """TOML as JSON: an editor hands a date to the schema as its text."""
    if isinstance(value, dict):
        return {name: as_an_editor_sees_it(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_an_editor_sees_it(one) for one in value]
    return value.isoformat() if isinstance(value, date | datetime) else value


JUDGE = fastjsonschema.compile(schema_of(CATALOGUE))


def is_right(text: str, judge: Any = JUDGE) -> bool:
    try:
        judge(as_an_editor_sees_it(tomllib.loads(text)))
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


def keys_of(values: Any) -> set[str]:
    """Every key of every table of a file."""
    if isinstance(values, list):
        return {name for one in values for name in keys_of(one)}
    if not isinstance(values, dict):
        return set()
    return set(values).union(*(keys_of(one) for one in values.values()))


def known_keys(schema: Any) -> set[str]:
    """Every key that the schema knows."""
    if isinstance(schema, list):
        return {name for one in schema for name in known_keys(one)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", ()))
    return own.union(*(known_keys(one) for one in schema.values()))


def test_the_shipped_schema_is_the_one_that_the_rules_make() -> None:
    shipped = (CONF / FILE_NAME).read_text(encoding="utf-8")
    assert shipped == schema_text(catalogue_of(compile_all())), "run `kps agreements schema --to`"
    assert json.loads(shipped)["$schema"].endswith("draft-04/schema#")


@pytest.mark.parametrize("path", sorted((CONF / "agreements").glob("*.toml")), ids=lambda p: p.name)
def test_every_example_is_right_and_names_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"#:schema ../{FILE_NAME}\n")
    assert is_right(text, fastjsonschema.compile(schema_of(catalogue_of(compile_all()))))


EVERYTHING = {
    'province = 34': "province = 34",
    "valid_until = 2026-12-31\n": (
        "valid_until = 2026-12-31\n"
        "renewal = { from = 2026-12-04, until = 2026-12-31, started = 2026-12-05 }\n"
    ),
    "inquirer_required = true\n": (
        'inquirer_required = true\ninquirers = ["AYSE"]\ndefault_inquirer = "AYSE"\n'
        "registered_inquirers = false\n"
        "password_days_max = 180\n"
        "token_address_free = true\n"
    ),
    'stage = "ACIK"\n': (
        'stage = "PILOT"\nplanned = [{ stage = "ACIK", from = 2026-10-01 }]\n'
        'pilot = { inquirers = ["AYSE"], calls_per_day_max = 5, until = 2026-09-30 }\n'
    ),
    '    "KisiBilgisi/DurumBilgisi/Durum",\n]\n': (
        '    "KisiBilgisi/DurumBilgisi/Din",\n]\n'
        'special = [{ field = "KisiBilgisi/DurumBilgisi/Din", legal_basis = "örnek" }]\n'
    ),
}  # fmt: skip
LISTING = """
[[services]]
name = "KisiListeleServis"
versions = ["2011/01/01"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN"]
bulk_basis = "298 sayılı Kanun Md.33"
fields = ["KisiListesi/SayfaAnahtari"]
"""


def test_every_key_of_the_loader_is_a_key_of_the_schema_and_no_other(tmp_path: Path) -> None:
    text = edited(EVERYTHING) + LISTING
    public = edited({'stage = "ACIK"': 'stage = "ACIK"\nplanned = []'}, PUBLIC)
    served(tmp_path, {"a.toml": text, "acik.toml": public})
    assert is_right(text)
    assert is_right(public)
    given = keys_of(tomllib.loads(text)) | keys_of(tomllib.loads(public))
    assert known_keys(schema_of(CATALOGUE)) == given


def mistakes() -> list[tuple[str, str, str]]:
    """The mistakes of the loader's own tests: what is replaced, by what, in which file."""
    tables = (
        (test_agreement_sections.BROKEN, PLAIN),
        (test_agreement_services.BROKEN, PLAIN),
        (test_public_terms.BROKEN, PUBLIC),
    )
    return [(row[0], row[1], text) for table, text in tables for row in table]


@pytest.mark.parametrize(("old", "new", "text"), mistakes())
def test_a_mistake_that_a_schema_can_see_is_seen(
    tmp_path: Path, old: str, new: str, text: str
) -> None:
    wrong = edited({old: new}, text)
    lines = refused(tmp_path, {"a.toml": wrong})
    beyond = all(any(words in line for words in BEYOND_A_SCHEMA) for line in lines)
    assert beyond or not is_right(wrong), lines


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"KisiBilgisi/TCKimlikNo"', '"KisiBilgisi/TCKimlik"'),
        ('"2011/01/01"', '"2021/04/01"'),
        ('kind = "BELEDIYE"', 'kind = "BELEDIYESI"'),
        ('stage = "ACIK"', 'stage = "ACIK"\nbulk_basis = "x"'),
        ("calls_per_second_max = 20", "calls_per_second_max = 20000"),
        ("province = 34", 'province = "34"'),
        ('stage = "ACIK"', 'stage = "ACIK"\nstages = []'),
        ('stage = "ACIK"', 'stage = "PILOT"'),
        ('state = "ACIK"', 'state = "ACIKK"'),
    ],
)
def test_an_editor_marks_what_is_most_often_wrong(old: str, new: str) -> None:
    assert is_right(PLAIN)
    assert not is_right(edited({old: new}))
