"""People, actors and moments that the tests of people share."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from town_samples import in_force, town

from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.database import writing
from kps_soap.people import keeping
from kps_soap.people.person import Actor, NewPerson, Person
from kps_soap.people.roles import Role, rights_of

#: 12:02 in Istanbul, on 1 March 2026.
NOW = datetime(2026, 3, 1, 9, 2, tzinfo=UTC)
TODAY = date(2026, 3, 1)
TOWN, BANK = "B-34-0417", "S-06-0002"

CENTRE = Actor.operator("nobetci")
#: The administrator of the town.
LOCAL = Actor("ayse", TOWN, rights_of({Role.ADMINISTRATOR}))

CLERK = NewPerson(
    person_id="mehmet.demir",
    name="Mehmet Demir",
    institution=TOWN,
    unit="Emlak",
    inquirer="MEHMET",
    roles=frozenset({Role.USER}),
    valid_from=date(2026, 1, 1),
)

T = TypeVar("T")
Act = Callable[..., Any]


def done(engine: Engine, work: Callable[[Connection], T]) -> T:
    """What some work in a transaction of its own gives."""
    with engine.connect() as connection, writing(connection):
        return work(connection)


def added(engine: Engine, new: NewPerson = CLERK, **changes: Any) -> Person:
    """A person, added by the centre."""
    person = replace(new, **changes)
    return done(engine, lambda connection: keeping.add(connection, person, by=CENTRE, now=NOW))


def found(engine: Engine, person_id: str = CLERK.person_id, now: datetime = NOW) -> Person:
    """The person as they are now."""
    with engine.connect() as connection:
        person = keeping.find(connection, person_id, now=now)
    assert person is not None
    return person


AGREEMENT = (
    town(signed="2026-01-15", valid_from="2026-02-01")
    + """\
doors = ["direct", "routing"]
security = "KLASIK"
security_until = 2026-12-31
inquirer_required = true
purposes = ["EMLAK_BEYAN", "SOSYAL_YARDIM"]
default_purpose = "EMLAK_BEYAN"

[fees]
exemption = "GENEL_YONETIM"

[limits]
criteria_per_call_max = 10
persons_per_day_max = 5000
calls_per_second_max = 1000

[[services]]
name = "KisiSorgulaTCKimlikNoServis"
versions = ["2011/01/01"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN", "SOSYAL_YARDIM"]
fields = ["KisiBilgisi/TCKimlikNo", "KisiBilgisi/TemelBilgisi", "KisiBilgisi/DurumBilgisi"]
special = [{ field = "KisiBilgisi/DurumBilgisi/Din", legal_basis = "6698 Md.6" }]

[[services]]
name = "AileListesiAraTCNoServis"
versions = ["2011/01/01"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN"]
fields = ["AileBilgisi/KisiBilgisi/TCKimlikNo", "AileBilgisi/AileKisiListesi/TCKimlikNo"]
"""
)

PERSON_SERVICE = "KisiSorgulaTCKimlikNoServis"
FAMILY_SERVICE = "AileListesiAraTCNoServis"
VERSION = "2011/01/01"
RELIGION = "KisiBilgisi/DurumBilgisi/Din"


def agreements(folder: Path, *texts: str) -> AgreementSet:
    """A set in force, made of some files."""
    folder.mkdir(exist_ok=True)
    return in_force(folder, texts or (AGREEMENT,), today=TODAY)
