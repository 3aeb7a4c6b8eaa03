"""At every call: whoever is blocked, gone or not yet there is refused, and shares only narrow."""

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from lxml import etree
from people_samples import (
    AGREEMENT,
    BANK,
    CENTRE,
    CLERK,
    FAMILY_SERVICE,
    NOW,
    PERSON_SERVICE,
    RELIGION,
    TODAY,
    TOWN,
    VERSION,
    added,
    agreements,
    done,
)
from sqlalchemy import Engine

from kps_soap import faults
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.versions import Versions
from kps_soap.authentication import Freshness, TokenBinding, Vouched
from kps_soap.entry import Entry, Event
from kps_soap.fields import Grant
from kps_soap.lookups import Lookups
from kps_soap.people import keeping, mandates, narrowings
from kps_soap.people.narrowings import Narrowing
from kps_soap.people.person import Changes
from kps_soap.people.roles import Role
from kps_soap.people.standing import Standing, Standings
from kps_soap.people_models import people
from kps_soap.quotas import CallRates
from kps_soap.remembered import Remembered
from kps_soap.terms import AgreementStage, IssuerStage, Terms

STRICT = Freshness(60, 300, timestamp_required=True, late_seconds_max=0, zone_required=True)
ID = CLERK.person_id
DEMANDING = {"inquirer_required = true": "inquirer_required = true\nregistered_inquirers = true"}
CONSOLE = {'"direct", "routing"': '"console"'}
VENDOR = "FIRMA-001"


@contextmanager
def refused(kind: type[faults.Refusal], detail: str) -> Iterator[None]:
    """A refusal with these words (a pattern) for the record."""
    with pytest.raises(kind) as told:
        yield
    assert re.search(detail, told.value.detail)


class Named(NamedTuple):
    """What the stage reads of a contract."""

    name: str
    version: str = VERSION
    open_grant: Grant | None = None
    event: Event = Event.QUERY


PERSON, FAMILY = Named(PERSON_SERVICE), Named(FAMILY_SERVICE)


@dataclass
class Asked:
    """The part of a request that the stages write to."""

    entry: Entry
    signature: str = "RSA"
    routing_signature: bool = False
    started_ns: int = 0


def asked(door: str = "direct", source: str = "203.0.113.10", at: datetime = NOW) -> Asked:
    return Asked(Entry("r", at, door, source_address=source))


def vouched(**changes: Any) -> Vouched:
    given: dict[str, Any] = {
        "account": "KRM-34-0417",
        "payload": etree.Element("a"),
        "action": "urn:a",
        "how": "TLS_PASSWORD",
        "inquirer": "MEHMET",
    }
    return Vouched(**(given | changes))


def text(changes: Mapping[str, str]) -> str:
    made = AGREEMENT
    for old, new in changes.items():
        assert old in made
        made = made.replace(old, new)
    return made


@pytest.fixture
def current(tmp_path: Path) -> AgreementSet:
    return agreements(tmp_path / "agreements")


def admitted(url: str, request: Asked, call: Vouched, current: AgreementSet) -> Vouched:
    """The call with its standing, as the line has it."""

    async def run() -> Vouched:
        lookups = Lookups(url, seconds_max=5)
        try:
            remembered = Remembered(lookups, ticks=time.perf_counter_ns)
            standings = Standings(lookups, lambda: current, remembered)
            return await standings.admit(request, call)
        finally:
            await lookups.close()

    return asyncio.run(run())


def ask(
    url: str,
    current: AgreementSet,
    call: Vouched | None = None,
    contract: Named = PERSON,
    request: Asked | None = None,
) -> tuple[Terms, Entry]:
    """A call through both stages."""
    request = request or asked()
    stage = AgreementStage(
        agreements=lambda: current,
        versions=Versions({}),
        rates=CallRates(clock=lambda: 0.0, workers=1),
        strict_window=STRICT,
        register_kind="SENTETIK",
    )
    known = admitted(url, request, call or vouched(), current)
    return stage(request, known, contract), request.entry


def token(url: str, current: AgreementSet, call: Vouched, request: Asked | None = None) -> Entry:
    """A token request through its stages."""
    request = request or asked("issuer")
    IssuerStage(lambda: current)(request, admitted(url, request, call, current), None)
    return request.entry


def test_who_is_not_registered_asks_as_ever(url: str, current: AgreementSet) -> None:
    terms, entry = ask(url, current)
    assert terms.grant is current.agreements[0].services[PERSON_SERVICE, VERSION].grant
    assert (entry.inquirer, entry.unit, entry.on_behalf_of) == ("MEHMET", "", "")


def test_a_registered_person_asks_with_their_unit_and_without_special_categories(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    added(engine)
    terms, entry = ask(url, current)
    assert entry.unit == "Emlak"
    assert not any(one.startswith(RELIGION) for one in entry.returned_fields)
    assert terms.grant is not None
    assert entry.withheld_digest == terms.grant.withheld_digest
    person, family = sorted(terms.granted(), key=lambda one: one.service, reverse=True)
    assert (person.service, family.service) == (PERSON_SERVICE, FAMILY_SERVICE)
    assert person.fields == terms.grant.granted_leaves


def shut(engine: Engine, how: str) -> None:
    if how == "blocked":
        done(engine, lambda one: keeping.block(one, ID, by=CENTRE, now=NOW))
    elif how == "has left":
        done(engine, lambda one: keeping.leave(one, ID, on=TODAY, by=CENTRE, now=NOW))
    else:
        days = {
            "valid from": Changes(valid_from=TODAY + timedelta(days=1)),
            "valid until": Changes(valid_until=TODAY - timedelta(days=1)),
            "no role that asks": Changes(roles=frozenset({Role.ADMINISTRATOR})),
        }[how]
        done(
            engine,
            lambda one: keeping.change(one, ID, days, row_version=None, by=CENTRE, now=NOW),
        )


@pytest.mark.parametrize(
    "how", ["blocked", "has left", "valid from", "valid until", "no role that asks"]
)
def test_who_may_not_ask_is_refused_at_the_next_call_in_every_door(
    engine: Engine, url: str, current: AgreementSet, how: str
) -> None:
    added(engine)
    bound = TokenBinding("_1", TOWN, "MEHMET", "203.0.113.10")
    by_token = vouched(how="TOKEN_HMAC_SHA256", inquirer=None, token=bound)
    calls = [
        ("direct", vouched()),
        ("routing", by_token),
        # Whom the token names must still be there, whoever is named by the query.
        ("routing", replace(by_token, inquirer="BASKA")),
    ]
    for door, call in calls:
        ask(url, current, call, request=asked(door))
    token(url, current, vouched())
    shut(engine, how)
    for door, call in calls:
        with pytest.raises(faults.InquirerNotAllowed) as told:
            ask(url, current, call, request=asked(door))
        assert how in told.value.detail
        assert "MEHMET" not in told.value.detail
    with pytest.raises(faults.InquirerNotAllowed):
        token(url, current, vouched())


def test_days_of_people_switch_at_midnight_in_istanbul(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    added(engine, valid_until=TODAY)
    before = datetime(2026, 3, 1, 20, 59, 59, tzinfo=UTC)
    ask(url, current, request=asked(at=before))
    with pytest.raises(faults.InquirerNotAllowed):
        ask(url, current, request=asked(at=before + timedelta(seconds=1)))


def test_a_person_of_another_institution_is_nobody_here(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    added(engine, institution=BANK)
    done(engine, lambda one: keeping.block(one, ID, by=CENTRE, now=NOW))
    assert ask(url, current)[1].unit == ""


def test_an_agreement_may_demand_registered_people(
    engine: Engine, url: str, tmp_path: Path
) -> None:
    current = agreements(tmp_path / "demanding", text(DEMANDING))
    with refused(faults.InquirerNotAllowed, "registered"):
        ask(url, current)
    with pytest.raises(faults.InquirerNotAllowed):
        token(url, current, vouched())
    # A token may be fetched by a system that names its people only in the queries.
    token(url, current, vouched(inquirer=None))
    added(engine)
    ask(url, current)
    token(url, current, vouched())


def test_such_an_agreement_lets_nobody_in_where_nobody_looked(tmp_path: Path) -> None:
    current = agreements(tmp_path / "demanding", text(DEMANDING))
    with refused(faults.InquirerNotAllowed, "nobody looked"):
        IssuerStage(lambda: current)(asked(), vouched(), None)


def test_the_default_inquirer_is_a_person_like_any_other(
    engine: Engine, url: str, tmp_path: Path
) -> None:
    default = {"inquirer_required = true": 'default_inquirer = "MEHMET"'}
    current = agreements(tmp_path / "default", text(default))
    added(engine)
    ask(url, current, vouched(inquirer=None))
    shut(engine, "blocked")
    with pytest.raises(faults.InquirerNotAllowed):
        ask(url, current, vouched(inquirer=None))
    assert ask(url, current, vouched(inquirer=" AYSE "))[1].inquirer == "AYSE"


def narrow(engine: Engine, current: AgreementSet, *wanted: Narrowing, person_id: str = ID) -> None:
    done(
        engine,
        lambda one: narrowings.replace(
            one,
            person_id,
            [replace(each, person_id=person_id) for each in wanted],
            agreements=current.agreements,
            row_version=None,
            by=CENTRE,
            now=NOW,
        ),
    )


AD = "KisiBilgisi/TemelBilgisi/Ad"
ONLY_NAMES = Narrowing("", PERSON_SERVICE, "", frozenset({"SOSYAL_YARDIM"}), (AD,))


def test_a_share_decides_services_purposes_and_fields(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    added(engine)
    narrow(engine, current, ONLY_NAMES)
    social = vouched(purpose="SOSYAL_YARDIM")
    terms, entry = ask(url, current, social)
    assert entry.returned_fields == (AD,)
    assert terms.grant is not None
    assert terms.grant.granted_leaves == (AD,)
    assert [one.service for one in terms.granted()] == [PERSON_SERVICE]
    with refused(faults.PurposeNotGranted, "share"):
        ask(url, current)
    with refused(faults.ServiceNotGranted, "share"):
        ask(url, current, contract=FAMILY)


def test_what_is_open_to_every_account_is_open_to_every_person(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    added(engine)
    narrow(engine, current, ONLY_NAMES)
    open_grant = current.agreements[0].services[FAMILY_SERVICE, VERSION].grant
    terms, _ = ask(url, current, contract=Named("BilgiServis", "1", open_grant))
    assert terms.grant is open_grant


def test_a_deputy_has_the_others_share_too_and_it_is_on_record(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    added(engine)
    added(engine, person_id="ali.veli", inquirer="ALI")
    narrow(engine, current, ONLY_NAMES)
    narrow(engine, current, Narrowing("", FAMILY_SERVICE), person_id="ali.veli")
    with pytest.raises(faults.ServiceNotGranted):
        ask(url, current, contract=FAMILY)
    deputy = Changes(deputy_for="ali.veli", deputy_until=TODAY)
    done(engine, lambda one: keeping.change(one, ID, deputy, row_version=None, by=CENTRE, now=NOW))
    assert ask(url, current, contract=FAMILY)[1].on_behalf_of == "ALI"
    assert ask(url, current, vouched(purpose="SOSYAL_YARDIM"))[1].on_behalf_of == ""
    with pytest.raises(faults.PurposeNotGranted):
        ask(url, current)
    with pytest.raises(faults.ServiceNotGranted):
        ask(url, current, contract=FAMILY, request=asked(at=NOW + timedelta(days=1)))
    elsewhere = people.update().where(people.c.person_id == "ali.veli").values(institution=BANK)
    back = people.update().where(people.c.person_id == "ali.veli").values(institution=TOWN)
    done(engine, lambda one: one.execute(elsewhere))
    with pytest.raises(faults.ServiceNotGranted):
        ask(url, current, contract=FAMILY)
    done(engine, lambda one: one.execute(back))
    ask(url, current, contract=FAMILY)
    done(engine, lambda one: keeping.block(one, "ali.veli", by=CENTRE, now=NOW))
    with pytest.raises(faults.ServiceNotGranted):
        ask(url, current, contract=FAMILY)


def mandated(engine: Engine, **changes: Any) -> int:
    new = mandates.NewMandate(
        account=VENDOR,
        vendor="Örnek Yazılım",
        institution=TOWN,
        valid_from=TODAY,
        valid_until=date(2026, 6, 30),
        networks=("198.51.100.0/28",),
        services=frozenset({PERSON_SERVICE}),
    )
    new = replace(new, **changes)
    return done(engine, lambda one: mandates.add(one, new, agreed=(), by=CENTRE)).number


def vendors(**changes: Any) -> Asked:
    return asked(**{"source": "198.51.100.7", **changes})


def test_a_vendor_acts_for_an_institution_and_the_record_shows_both(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    call = vouched(account=VENDOR)
    with refused(faults.ServiceNotGranted, "no agreement"):
        ask(url, current, call, request=vendors())
    mandated(engine)
    terms, entry = ask(url, current, call, request=vendors())
    assert terms.institution == entry.institution == TOWN
    assert entry.on_behalf_of == "VEKALET 1"
    assert entry.agreement == "2026/117"
    assert token(url, current, call, vendors(door="issuer")).institution == TOWN


def test_a_vendor_goes_no_further_than_the_mandate(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    mandated(engine)
    call = vouched(account=VENDOR)
    with refused(faults.ServiceNotGranted, "not hold for this service"):
        ask(url, current, call, FAMILY, vendors())
    with pytest.raises(faults.NetworkNotAllowed):
        ask(url, current, call, request=asked())
    with pytest.raises(faults.NetworkNotAllowed):
        ask(url, current, call, request=asked(source="nowhere"))
    with refused(faults.ServiceNotGranted, "not hold today"):
        ask(url, current, call, request=vendors(at=datetime(2026, 7, 1, tzinfo=UTC)))
    done(engine, lambda one: mandates.end(one, 1, by=CENTRE, now=NOW))
    with refused(faults.ServiceNotGranted, "not hold today"):
        ask(url, current, call, request=vendors())
    with pytest.raises(faults.ServiceNotGranted):
        token(url, current, call, vendors(door="issuer"))


def test_a_mandate_for_all_services_reaches_what_the_agreement_grants(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    mandated(engine, services=frozenset())
    ask(url, current, vouched(account=VENDOR), FAMILY, vendors())
    with refused(faults.ServiceNotGranted, "not in the agreement"):
        ask(url, current, vouched(account=VENDOR), Named("YokServis"), vendors())


def test_a_mandate_for_an_institution_without_an_agreement_opens_nothing(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    mandated(engine, institution=BANK)
    with refused(faults.ServiceNotGranted, "no agreement"):
        ask(url, current, vouched(account=VENDOR), request=vendors())


def test_the_people_of_the_institution_stand_behind_a_vendor_too(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    mandated(engine)
    added(engine)
    shut(engine, "blocked")
    with pytest.raises(faults.InquirerNotAllowed):
        ask(url, current, vouched(account=VENDOR), request=vendors())


def logged_in(**changes: Any) -> Vouched:
    given = {"account": ID, "how": "OTURUM", "institution": TOWN, **changes}
    return vouched(**given)


def test_a_person_of_the_console_asks_under_the_agreement_of_the_institution(
    engine: Engine, url: str, tmp_path: Path
) -> None:
    strict = {'security = "KLASIK"\nsecurity_until = 2026-12-31': 'security = "STANDART"'}
    current = agreements_with_console(tmp_path, strict)
    added(engine)
    terms, entry = ask(url, current, logged_in(), request=asked("console"))
    assert (terms.institution, entry.agreement) == (TOWN, "2026/117")
    shut(engine, "blocked")
    with pytest.raises(faults.InquirerNotAllowed):
        ask(url, current, logged_in(), request=asked("console"))


def agreements_with_console(folder: Path, changes: Mapping[str, str]) -> AgreementSet:
    """A set of which every agreement opens the console, whatever this gateway serves."""
    made = agreements(folder / "console", text(changes))
    opened = [
        replace(one, access=replace(one.access, doors=frozenset({"console"})))
        for one in made.agreements
    ]
    return AgreementSet.of(
        opened, files=made.files, public=None, address_rights=made.address_rights
    )


def test_nobody_asks_in_the_console_as_somebody_else(
    engine: Engine, url: str, tmp_path: Path
) -> None:
    current = agreements_with_console(tmp_path, {})
    added(engine)
    for call in (logged_in(account="another.one"), logged_in(inquirer="AYSE")):
        with refused(faults.InquirerNotAllowed, "another person"):
            ask(url, current, call, request=asked("console"))


def test_of_two_agreements_the_one_that_grants_the_service_is_taken(tmp_path: Path) -> None:
    second = text(
        {
            '"2026/117"': '"2026/118"',
            "KRM-34-0417": "KRM-34-0418",
            FAMILY_SERVICE: "NkoSorgulaKayitYeriServis",
            f'versions = ["{VERSION}"]\nstage = "ACIK"\npurposes = ["EMLAK_BEYAN"]': (
                'versions = ["1"]\nstage = "ACIK"\npurposes = ["EMLAK_BEYAN"]'
            ),
            "AileBilgisi/KisiBilgisi/TCKimlikNo": "Nko/Kisiler/TCKimlikNo",
            ', "AileBilgisi/AileKisiListesi/TCKimlikNo"': "",
        }
    )
    first = second[second.index("[[services]]") :].split("[[services]]")[1]
    second = second.replace(f"[[services]]{first}", "")
    current = agreements(tmp_path / "two", AGREEMENT, second)
    chosen = [
        current.choose_of(TOWN, TODAY, key).number
        for key in ((PERSON_SERVICE, VERSION), ("NkoSorgulaKayitYeriServis", "1"), ("Yok", "1"))
    ]
    assert chosen == ["2026/117", "2026/118", "2026/117"]
    with refused(faults.AgreementNotInForce, r"2026/117.*2026/118"):
        current.choose_of(TOWN, date(2027, 1, 1), ("", ""))
    assert current.of_institution(BANK) == ()


def test_the_public_door_knows_no_people(url: str, current: AgreementSet) -> None:
    call = vouched(account="")
    assert admitted(url, asked("public"), call, current) is call


def test_without_mandates_nothing_is_held_against_anybody() -> None:
    assert Standing().mandate_on(TODAY, PERSON_SERVICE) is None
    assert Standing().institution == ""


def test_who_is_here_for_a_while_verifies_and_is_counted(
    engine: Engine, url: str, current: AgreementSet
) -> None:
    last = TODAY + timedelta(days=9)
    added(engine, valid_from=TODAY, valid_until=last, temporary=True)
    with refused(faults.ServiceNotGranted, "a temporary user only verifies"):
        ask(url, current)
    terms, entry = ask(url, current, contract=PERSON._replace(event=Event.VERIFICATION))
    assert entry.pilot == f"GECICI {TOWN} MEHMET"
    assert terms.pilot_calls_max == 200
    with refused(faults.InquirerNotAllowed, "was valid until"):
        ask(url, current, request=asked(at=NOW + timedelta(days=10)))
