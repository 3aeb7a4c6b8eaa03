"""A person's share of the agreement: never more than the agreement grants."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from people_samples import (
    BANK,
    CENTRE,
    CLERK,
    FAMILY_SERVICE,
    LOCAL,
    NOW,
    PERSON_SERVICE,
    RELIGION,
    TODAY,
    VERSION,
    added,
    agreements,
    done,
    found,
)
from sqlalchemy import Engine

from kps_soap.agreements.agreement import ServiceGrant
from kps_soap.configured import catalogue_of
from kps_soap.contracts.catalogue import compile_all
from kps_soap.fields import FieldTree, Grant
from kps_soap.people import approvals, narrowings
from kps_soap.people.approvals import Kind
from kps_soap.people.narrowings import Narrowing, narrowed
from kps_soap.people.person import Actor, Person
from kps_soap.people.problems import ChangedMeanwhile, NotAllowed, PeopleError
from kps_soap.people.roles import Role, rights_of

ID = CLERK.person_id
OTHER = Actor("bulent", "", rights_of({Role.CENTRE}))


@cache
def tree() -> FieldTree:
    found = catalogue_of(compile_all())[PERSON_SERVICE, VERSION].tree
    assert found is not None
    return found


def grant(fields: Sequence[str], special: Sequence[str] = (), **more: Any) -> ServiceGrant:
    given_: dict[str, Any] = {
        "service": PERSON_SERVICE,
        "version": VERSION,
        "stage": "ACIK",
        "purposes": frozenset({"EMLAK_BEYAN", "SOSYAL_YARDIM"}),
        "grant": Grant.of(tree(), fields, special),
        "address": False,
        "synthetic_only": False,
        "fields": tuple(fields),
        "special": {},
    }
    return ServiceGrant(**(given_ | more))


def share(*fields: str, purposes: Sequence[str] = (), version: str = "") -> Narrowing:
    return Narrowing(ID, PERSON_SERVICE, version, frozenset(purposes), fields)


PATHS = some.lists(some.sampled_from(sorted(tree().grantable())), max_size=6)
PURPOSES = some.lists(some.sampled_from(["EMLAK_BEYAN", "SOSYAL_YARDIM", "BASKA"]), max_size=3)


@given(
    granted=PATHS,
    special=PATHS,
    narrowing=some.lists(
        some.builds(
            lambda fields, purposes, version, service: Narrowing(
                ID, service, version, frozenset(purposes), tuple(fields)
            ),
            PATHS,
            PURPOSES,
            some.sampled_from(["", VERSION, "2099/01/01"]),
            some.sampled_from([PERSON_SERVICE, FAMILY_SERVICE]),
        ),
        max_size=4,
    ),
    special_services=some.sampled_from([None, frozenset(), frozenset({PERSON_SERVICE})]),
)
def test_whatever_is_narrowed_stays_within_the_agreement(
    granted: list[str],
    special: list[str],
    narrowing: list[Narrowing],
    special_services: frozenset[str] | None,
) -> None:
    agreed = grant(granted, special)
    effective = narrowed(agreed, narrowing, special_services=special_services)
    if effective is None:
        assert narrowing
        return
    assert set(effective.grant.granted_leaves) <= set(agreed.grant.granted_leaves)
    assert effective.purposes <= agreed.purposes
    assert (effective.stage, effective.service, effective.version) == (
        *("ACIK", PERSON_SERVICE, VERSION),
    )
    withheld = set(effective.grant.withheld_leaves)
    assert withheld | set(effective.grant.granted_leaves) == set(tree().leaves())
    if special_services == frozenset():
        assert RELIGION not in {one[: len(RELIGION)] for one in effective.grant.granted_leaves}


def test_without_narrowings_the_share_is_the_agreement() -> None:
    agreed = grant(["KisiBilgisi"], [RELIGION])
    assert narrowed(agreed, ()) is agreed


def test_a_share_names_fields_and_purposes() -> None:
    agreed = grant(["KisiBilgisi/TCKimlikNo", "KisiBilgisi/TemelBilgisi"])
    effective = narrowed(agreed, [share("KisiBilgisi/TemelBilgisi/Ad", purposes=["EMLAK_BEYAN"])])
    assert effective is not None
    assert effective.grant.granted_leaves == ("KisiBilgisi/TemelBilgisi/Ad",)
    assert effective.fields == effective.grant.granted_leaves
    assert effective.purposes == {"EMLAK_BEYAN"}


def test_a_service_that_no_narrowing_names_is_no_share() -> None:
    agreed = grant(["KisiBilgisi"])
    assert narrowed(agreed, [Narrowing(ID, FAMILY_SERVICE)]) is None
    assert narrowed(agreed, [share(version="2099/01/01")]) is None


def test_the_narrowing_of_a_version_comes_first() -> None:
    agreed = grant(["KisiBilgisi/TemelBilgisi"])
    both = [share(), share("KisiBilgisi/TemelBilgisi/Ad", version=VERSION)]
    effective = narrowed(agreed, both)
    assert effective is not None
    assert effective.grant.granted_leaves == ("KisiBilgisi/TemelBilgisi/Ad",)


def test_what_is_open_to_every_account_is_not_narrowed() -> None:
    agreed = grant(["KisiBilgisi"], open_to_accounts=True, purposes=frozenset())
    assert narrowed(agreed, [Narrowing(ID, FAMILY_SERVICE)]) is agreed


def test_special_categories_need_a_share_of_their_own() -> None:
    agreed = grant(["KisiBilgisi/DurumBilgisi"], [RELIGION])
    plain = narrowed(agreed, (), special_services=frozenset())
    assert plain is not None
    religion = [one for one in agreed.grant.granted_leaves if one.startswith(RELIGION)]
    assert religion
    assert not set(religion) & set(plain.grant.granted_leaves)
    assert len(plain.grant.granted_leaves) + len(religion) == len(agreed.grant.granted_leaves)
    assert narrowed(agreed, (), special_services=frozenset({PERSON_SERVICE})) is agreed


def replaced(engine: Engine, folder: Path, *wanted: Narrowing, **more: Any) -> Person:
    given_: dict[str, Any] = {"row_version": None, "by": LOCAL, "now": NOW, **more}
    current = agreements(folder)
    return done(
        engine,
        lambda one: narrowings.replace(one, ID, wanted, agreements=current.agreements, **given_),
    )


def test_narrowings_are_stored_as_a_whole(engine: Engine, tmp_path: Path) -> None:
    added(engine)
    wanted = (
        Narrowing(ID, FAMILY_SERVICE),
        share("KisiBilgisi/TemelBilgisi/Ad", purposes=["SOSYAL_YARDIM"], version=VERSION),
    )
    assert replaced(engine, tmp_path, *wanted).row_version == 2
    with engine.connect() as connection:
        assert narrowings.of(connection, ID) == wanted
        assert narrowings.of(connection, "no.one") == ()
    replaced(engine, tmp_path)
    with engine.connect() as connection:
        assert narrowings.of(connection, ID) == ()


def test_what_no_agreement_grants_is_told_at_once(engine: Engine, tmp_path: Path) -> None:
    added(engine)
    wanted = (
        Narrowing(ID, "YokServis"),
        share("KisiBilgisi/EsTCKimlikNo", "Uydurma", purposes=["TAPU"]),
        share(version="2099/01/01"),
        share(),
    )
    with pytest.raises(PeopleError) as told:
        replaced(engine, tmp_path, *wanted)
    assert [one.field for one in told.value.problems] == [
        *("service", "purposes", "fields", "fields", "service", "service"),
    ]
    with engine.connect() as connection:
        assert narrowings.of(connection, ID) == ()


def test_a_share_is_not_narrowed_by_oneself_nor_from_elsewhere(
    engine: Engine, tmp_path: Path
) -> None:
    added(engine)
    with pytest.raises(NotAllowed):
        replaced(engine, tmp_path, by=replace(LOCAL, person_id=ID))
    with pytest.raises(PeopleError, match="nobody"):
        replaced(engine, tmp_path, by=replace(LOCAL, institution=BANK))
    with pytest.raises(ChangedMeanwhile):
        replaced(engine, tmp_path, row_version=7)


def special_of(engine: Engine) -> frozenset[str]:
    with engine.connect() as connection:
        return narrowings.special_services(connection, ID)


def asked(engine: Engine, by: Actor = LOCAL, **more: Any) -> approvals.Approval:
    given_: dict[str, Any] = {
        "kind": Kind.SPECIAL_FIELDS,
        "subject": ID,
        "what": {"service": PERSON_SERVICE},
        "reason": "mahkeme kararı",
        "now": NOW,
        **more,
    }
    return done(engine, lambda one: approvals.ask(one, by=by, **given_))


def decided(engine: Engine, number: int, by: Actor = OTHER, **more: Any) -> approvals.Approval:
    given_: dict[str, Any] = {"reason": "uygundur", "now": NOW, **more}
    return done(engine, lambda one: approvals.approve(one, number, by=by, **given_))


def test_four_eyes_let_somebody_see_special_categories(both: Engine) -> None:
    added(both)
    request = asked(both)
    assert (request.number, request.state, request.asked_by) == (1, "BEKLIYOR", "ayse")
    with both.connect() as connection:
        assert approvals.pending(connection, now=NOW, institution=BANK) == ()
        assert approvals.pending(connection, now=NOW) == (request,)
    assert special_of(both) == frozenset()
    done_ = decided(both, 1)
    assert (done_.state, done_.decided_by, done_.decided_at) == ("ONAY", "bulent", NOW)
    assert special_of(both) == {PERSON_SERVICE}
    assert found(both).row_version == 2
    with both.connect() as connection:
        assert approvals.pending(connection, now=NOW) == ()
        stored = approvals.find(connection, 1, now=NOW)
    assert stored == done_
    done(
        both,
        lambda one: narrowings.withdraw_special(one, ID, PERSON_SERVICE, by=LOCAL, now=NOW),
    )
    assert special_of(both) == frozenset()
    with pytest.raises(PeopleError, match="no share"):
        done(
            both,
            lambda one: narrowings.withdraw_special(one, ID, PERSON_SERVICE, by=LOCAL, now=NOW),
        )


def test_whoever_asked_or_is_concerned_does_not_approve(engine: Engine) -> None:
    added(engine)
    asked(engine, CENTRE)
    for by in (CENTRE, Actor.operator(ID)):
        with pytest.raises(NotAllowed, match="somebody else must"):
            decided(engine, 1, by)
    assert special_of(engine) == frozenset()
    assert decided(engine, 1, LOCAL).state == "ONAY"


@pytest.mark.parametrize(
    "by",
    [
        Actor("x", BANK, rights_of({Role.ADMINISTRATOR})),
        Actor("x", "", rights_of({Role.AUDITOR})),
        Actor("x", CLERK.institution, rights_of({Role.USER})),
    ],
    ids=["another institution", "auditor", "user"],
)
def test_only_who_has_the_right_decides(engine: Engine, by: Actor) -> None:
    added(engine)
    asked(engine)
    with pytest.raises(PeopleError, match="no such request"):
        decided(engine, 1, by)
    with pytest.raises(PeopleError, match="nobody"):
        asked(engine, by)


def test_a_request_is_decided_once_and_with_a_reason(engine: Engine) -> None:
    added(engine)
    asked(engine)
    with pytest.raises(PeopleError, match="reason"):
        decided(engine, 1, reason=" ")
    refused = done(
        engine, lambda one: approvals.refuse(one, 1, by=LOCAL, reason="vazgeçildi", now=NOW)
    )
    assert refused.state == "RED"
    with pytest.raises(PeopleError, match="waits no more: RED"):
        decided(engine, 1)
    with pytest.raises(PeopleError, match="no such request"):
        decided(engine, 7)


def test_a_request_lapses_after_two_weeks(engine: Engine) -> None:
    added(engine)
    asked(engine)
    later = NOW + approvals.LAPSES_AFTER + (NOW - NOW.replace(second=0, minute=0))
    with engine.connect() as connection:
        assert approvals.pending(connection, now=later) == ()
    with pytest.raises(PeopleError, match="SURESI_DOLDU"):
        decided(engine, 1, now=later)


def test_a_request_says_what_and_why(engine: Engine) -> None:
    added(engine)
    with pytest.raises(PeopleError) as told:
        asked(engine, what={}, reason="")
    assert [one.field for one in told.value.problems] == ["service", "reason"]
    with pytest.raises(PeopleError):
        asked(engine, institution=BANK)


def test_a_block_of_the_centre_is_lifted_by_four_eyes_too(engine: Engine) -> None:
    from kps_soap.people import keeping

    added(engine)
    done(engine, lambda one: keeping.block(one, ID, by=CENTRE, now=NOW))
    asked(engine, kind=Kind.UNBLOCK_CENTRAL, what={})
    decided(engine, 1)
    assert not found(engine).stands_on(TODAY)
