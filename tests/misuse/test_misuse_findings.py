"""A finding is there once a day, on record, and somebody settles it with a reason."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from misuse_samples import ACCOUNT, AGREEMENT, INSTITUTION, NOON, SHIPPED, House
from sqlalchemy import select

from kps_soap import credentials
from kps_soap.credentials import put_password
from kps_soap.database import writing
from kps_soap.misuse import findings
from kps_soap.misuse.findings import AlreadySettled, Finding, FindingUnknown, ReasonMissing
from kps_soap.misuse.rules import Rule, Suspicion
from kps_soap.models import credentials as accounts

FOUND = Suspicion(
    Rule.NOT_FOUND,
    f"{INSTITUTION} {ACCOUNT} U-1",
    "30 of 50 criteria of the day matched nobody",
    60,
    40,
    institution=INSTITUTION,
    agreement=AGREEMENT,
    account=ACCOUNT,
    inquirer="U-1",
)
OTHER = replace(FOUND, rule=Rule.SHARED_SUBJECT, about="ab" * 200, agreement="", account="")


def listed(house: House, **only: str) -> list[Finding]:
    with house.engine.connect() as connection:
        return findings.newest(connection, **only)  # type: ignore[arg-type]


def settle(house: House, finding_id: str, reason: str = "bakıldı") -> Finding:
    with house.engine.connect() as connection, writing(connection):
        return findings.acknowledge(
            connection, finding_id, by="ayse", reason=reason, now=house.present
        )


def test_a_suspicion_is_a_finding_an_event_and_a_line_of_the_log(
    any_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "kps.misuse"):
        (new,) = any_house.alarms.raise_all([FOUND])
    (one,) = listed(any_house)
    assert (one.finding_id, one.found_at, one.day) == (new, NOON, "2026-03-03")
    assert (one.rule, one.measured, one.threshold) == ("BULUNAMADI", 60, 40)
    assert (one.institution, one.account, one.inquirer) == (INSTITUTION, ACCOUNT, "U-1")
    assert (one.state, one.act, one.settled_at, one.settled_by) == ("YENI", "", None, "")
    assert any_house.events() == [("UYARI", f"BULUNAMADI {new}: {FOUND.summary}")]
    chain, _, sequence = one.record.partition(":")
    assert len(chain) == 16
    assert sequence == "2"
    assert caplog.messages == [f"BULUNAMADI: finding {new}, institution {INSTITUTION}"]


def test_the_same_is_found_once_a_day(house: House) -> None:
    assert len(house.alarms.raise_all([FOUND, OTHER])) == 2
    assert house.alarms.raise_all([FOUND, replace(OTHER, measured=99)]) == []
    house.present += timedelta(days=1)
    assert len(house.alarms.raise_all([FOUND])) == 1
    assert [one.day for one in listed(house, rule="BULUNAMADI")] == ["2026-03-04", "2026-03-03"]


def test_findings_are_listed_by_state_rule_and_institution(any_house: House) -> None:
    elsewhere = replace(FOUND, institution="B-35-0001", about="B-35-0001")
    new = any_house.alarms.raise_all([FOUND, OTHER, elsewhere])
    settle(any_house, new[0])
    assert {one.finding_id for one in listed(any_house, state="YENI")} == set(new[1:])
    assert [one.finding_id for one in listed(any_house, state="ONAYLI")] == [new[0]]
    assert [one.finding_id for one in listed(any_house, institution="B-35-0001")] == [new[2]]
    with any_house.engine.connect() as connection:
        assert len(findings.newest(connection, most=1)) == 1
        counts = findings.open_counts(connection)
    assert counts == {rule.value: 0 for rule in Rule} | {"BULUNAMADI": 1, "COK_KISI_AYNI": 1}


def test_who_settles_a_finding_says_why_and_is_not_overtaken(any_house: House) -> None:
    (new,) = any_house.alarms.raise_all([FOUND])
    with pytest.raises(ReasonMissing):
        settle(any_house, new, "  ")
    any_house.present += timedelta(minutes=5)
    settled = settle(any_house, new)
    assert (settled.state, settled.settled_by, settled.settled_reason, settled.settled_at) == (
        "ONAYLI",
        "ayse",
        "bakıldı",
        any_house.present,
    )
    with pytest.raises(AlreadySettled, match="ayse has settled"):
        settle(any_house, new)
    with pytest.raises(FindingUnknown):
        settle(any_house, "0" * 16)


def test_nothing_is_done_by_itself_unless_the_file_says_so(house: House) -> None:
    house.alarms.raise_all([FOUND])
    assert house.alarms.act(SHIPPED) == []
    assert house.keeper.suspended == []
    assert listed(house)[0].act == ""


def acting(act: str) -> dict[Rule, object]:
    return {rule: replace(limit, act=act) for rule, limit in SHIPPED.items()}


def test_the_agreement_is_suspended_once_where_the_file_says_so(house: House) -> None:
    (new, _) = house.alarms.raise_all([FOUND, OTHER])
    assert [one.finding_id for one in house.alarms.act(acting("ASKI"))] == [new]  # type: ignore[arg-type]
    ((agreement, mover),) = house.keeper.suspended
    assert agreement == AGREEMENT
    assert (mover.by, mover.document, mover.channel) == ("kps misuse", new, "SERVICE")
    assert mover.reason == f"BULUNAMADI: {FOUND.summary}"
    assert {one.finding_id: one.act for one in listed(house)}[new] == "ASKI"
    # Who resumes it is not overruled by the same finding.
    assert house.alarms.act(acting("ASKI")) == []  # type: ignore[arg-type]
    assert len(house.keeper.suspended) == 1


def test_what_cannot_be_suspended_any_more_is_left(house: House) -> None:
    house.keeper.gone = True
    house.alarms.raise_all([FOUND])
    house.alarms.act(acting("ASKI"))  # type: ignore[arg-type]
    assert house.alarms.act(acting("ASKI")) == []  # type: ignore[arg-type]


def test_the_account_is_blocked_on_record_where_the_file_says_so(any_house: House) -> None:
    row = credentials.password_row(ACCOUNT, "uzun-bir-parola-2026", now=NOON)
    with any_house.engine.connect() as connection, writing(connection):
        put_password(connection, ACCOUNT, row)
    (new,) = any_house.alarms.raise_all([FOUND])
    any_house.alarms.act(acting("BLOKE"))  # type: ignore[arg-type]
    with any_house.engine.connect() as connection:
        assert connection.execute(select(accounts.c.state)).scalar() == "BLOKE"
    assert listed(any_house)[0].act == "BLOKE"
    assert ("HESAP_BLOKE", f"{ACCOUNT} (finding {new})") in any_house.events()


def test_an_account_that_is_not_there_is_not_tried_again(house: House) -> None:
    house.alarms.raise_all([FOUND])
    assert len(house.alarms.act(acting("BLOKE"))) == 1  # type: ignore[arg-type]
    assert house.alarms.act(acting("BLOKE")) == []  # type: ignore[arg-type]
    assert [event for event, _ in house.events()] == ["UYARI"]


def test_nobody_is_shut_for_an_old_finding_or_where_the_rule_leaves_them_alone(
    house: House,
) -> None:
    house.alarms.raise_all([FOUND])
    exempt = {
        rule: replace(limit, act="ASKI", exempt=frozenset({ACCOUNT}))
        for rule, limit in SHIPPED.items()
    }
    assert house.alarms.act(exempt) == []
    house.present += timedelta(minutes=11)
    assert house.alarms.act(acting("ASKI")) == []  # type: ignore[arg-type]
