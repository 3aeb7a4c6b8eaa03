"""Every stack makes code of every published WSDL; what it makes compiles."""

from __future__ import annotations

from pathlib import Path

import pytest
from end_to_end.running import Served

from interop.roster import INSTITUTION
from interop.surveys import PUBLISHED, SURVEYS, Survey
from interop.toolchains import Toolchains, Workshop


@pytest.mark.parametrize(
    ("survey", "family"),
    [
        pytest.param(survey, family, id=f"{survey.name} - {family}")
        for survey in SURVEYS
        for family in PUBLISHED
    ],
)
def test_every_published_wsdl_can_be_generated_from(
    survey: Survey,
    family: str,
    gateway: Served,
    toolchains: Toolchains,
    workshop: Workshop,
    tmp_path: Path,
) -> None:
    ready = toolchains.ready(survey.toolchain)
    services = gateway.account(INSTITUTION)["services"]
    assert len(services) > 20
    addresses = [gateway.https + PUBLISHED[family].format(**service) for service in services]
    assert survey.of(workshop, ready, addresses, tmp_path) == dict.fromkeys(addresses, 1)
