"""The file of the public door is read as strictly as an agreement."""

from pathlib import Path

import pytest
from agreement_samples import PUBLIC, edited, refused

BROKEN = [
    ("enabled = true", 'enabled = "yes"', "2: public.enabled: must be a boolean, not a string"),
    ('"DUZELTMELI"', '"YAKIN"', '3: public.name_matching: "YAKIN" is not one of TAM, DUZELTMELI'),
    ("[public]", "[public]\nx = 1", "2: public.x: unknown key"),
    ("calls_per_second_max = 5", "", "5: limits.calls_per_second_max: is missing"),
    ("calls_per_second_max = 5", "calls_per_second_max = 10001", "must lie between 1 and 10000"),
    ("_second_max = 5", "_second_max = 5\ncriteria_per_call_max = 1", "unknown key"),
    ('"KPSPublic"', '"KPSPublik"', '9: services[0].name: "KPSPublik" is not a service'),
    ('"KPSPublic"', '"AksOkuTumIlServis"', "AksOkuTumIlServis is not a public service"),
    ('["WS"]', '["2011/01/01"]', 'has no version "2011/01/01"; it has WS'),
    ('"KPSPublicV2"', '"KPSPublic"', "services[1].versions: KPSPublic WS is opened twice"),
    ('stage = "ACIK"', 'stage = "ACIK"\nfields = ["x"]', "services[0].fields: unknown key"),
    ('stage = "KAPALI"', "", "services[1].stage: is missing"),
    ("[limits]", "[limit]", 'limit: unknown key Did you mean "limits"?'),
]


@pytest.mark.parametrize(("old", "new", "expected"), BROKEN)
def test_a_broken_rule_of_the_public_file_is_told(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    lines = refused(tmp_path, {"acik.toml": edited({old: new}, PUBLIC)})
    assert any(expected in line for line in lines), lines
