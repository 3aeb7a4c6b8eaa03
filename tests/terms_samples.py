"""An agreement as text, edited case by case, and the calls that are judged under it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree
from town_samples import in_force, town

from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.versions import Sunset, Versions
from kps_soap.authentication import Freshness, MessageTime, Vouched
from kps_soap.entry import Entry
from kps_soap.quotas import CallRates
from kps_soap.terms import AgreementStage

TODAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 9, 2, tzinfo=UTC)
STRICT = Freshness(60, 300, timestamp_required=True, late_seconds_max=0, zone_required=True)
FRESH = MessageTime("2026-03-01T09:01:00Z", "2026-03-01T09:05:00Z")
AGREEMENT = (
    town(signed="2026-01-15", valid_from="2026-02-01")
    + """\
doors = ["direct"]
security = "KLASIK"
security_until = 2026-12-31
name_matching = "DUZELTMELI"
answer = { signature = "P256" }
inquirer_required = true
inquirers = ["AYSE", "MEHMET"]
purposes = ["EMLAK_BEYAN", "SOSYAL_YARDIM"]
case_number_required = true
person_relation = "UYAR"

[fees]
exemption = "GENEL_YONETIM"

[limits]
criteria_per_call_max = 10
persons_per_day_max = 5000
calls_per_second_max = 2

[[services]]
name = "KisiSorgulaTCKimlikNoServis"
versions = ["2011/01/01"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN"]
fields = ["KisiBilgisi/TCKimlikNo", "KisiBilgisi/TemelBilgisi/Ad"]

[[services]]
name = "KimlikNoSorgulaAdresServis"
versions = ["2021/04/01"]
stage = "TEST"
purposes = ["EMLAK_BEYAN"]
fields = ["KimlikNoileKisiAdresBilgileri/KimlikNo"]
"""
)
KLASIK = 'security = "KLASIK"\nsecurity_until = 2026-12-31'


class Named(NamedTuple):
    """What the stage reads of a contract."""

    name: str
    version: str
    open_grant = None


PERSON = Named("KisiSorgulaTCKimlikNoServis", "2011/01/01")


def edited(changes: Mapping[str, str], text: str = AGREEMENT) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def agreements(folder: Path, *texts: str) -> AgreementSet:
    """A set in force, made of some files."""
    return in_force(folder, texts, today=TODAY)


@dataclass
class Asked:
    """The part of a request that the stage writes to."""

    entry: Entry
    signature: str = "RSA"
    routing_signature: bool = False


def asked(*, at: datetime = NOW, source: str = "203.0.113.10", door: str = "direct") -> Asked:
    return Asked(Entry("r", at, door, source_address=source))


def vouched(**changes: Any) -> Vouched:
    given: dict[str, Any] = {
        "account": "KRM-34-0417",
        "payload": etree.Element("a"),
        "action": "urn:a",
        "how": "TLS_PASSWORD",
        "inquirer": "AYSE",
        "purpose": "EMLAK_BEYAN",
        "case_number": "2026/1",
        "message_id": "urn:uuid:1",
    }
    return Vouched(**(given | changes))


def stage(
    current: AgreementSet,
    *,
    sunsets: Mapping[tuple[str, str], Sunset] | None = None,
    register_kind: str = "SENTETIK",
    clock: Callable[[], float] = lambda: 0.0,
) -> AgreementStage:
    return AgreementStage(
        agreements=lambda: current,
        versions=Versions(sunsets or {}),
        rates=CallRates(clock=clock, workers=1),
        strict_window=STRICT,
        register_kind=register_kind,
    )
