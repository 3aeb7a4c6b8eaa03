"""Our own services count their versions (1, 2, …): agreements and sunset dates take those too."""

from datetime import date
from pathlib import Path

import pytest
from agreement_samples import CATALOGUE, CONF, RIGHTS

from kps_soap.agreements import Catalogue, Versions, load, scope
from kps_soap.configured import SERVED_RELATIONS, catalogue_of
from kps_soap.contracts.catalogue import compile_all
from kps_soap.faults import VersionWithdrawn

OWN = "KimlikDogrulaServis"
ENTRY = CATALOGUE["KisiSorgulaTCKimlikNoServis", "2011/01/01"]
COUNTED: Catalogue = {(OWN, "1"): ENTRY, (OWN, "2"): ENTRY}
TABLE = f"""\
[[versions]]
service = "{OWN}"
version = "1"
sunset = 2030-12-31
replacement = "2"
"""


def test_an_undated_version_may_have_a_sunset(tmp_path: Path) -> None:
    (tmp_path / "versions.toml").write_text(TABLE)
    versions = Versions.load(tmp_path / "versions.toml", COUNTED)
    versions.check(OWN, "1", date(2030, 12, 31))
    with pytest.raises(VersionWithdrawn) as raised:
        versions.check(OWN, "1", date(2031, 1, 1))
    assert raised.value.english.endswith("use 2.")


def test_an_agreement_grants_an_undated_version() -> None:
    served = catalogue_of(compile_all())
    on = date(2026, 1, 1)
    examples = load(
        CONF / "agreements",
        served,
        today=on,
        address_rights=RIGHTS,
        served_relations=SERVED_RELATIONS,
    )
    company = examples.choose("KRM-SRK-0112", on)
    granted = scope.grant_for(company, OWN, "1", on=on)
    assert granted.grant.granted_leaves == ("KimlikDogrulama/Sonuc",)
