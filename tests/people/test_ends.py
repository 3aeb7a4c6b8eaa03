"""People who are here for a while, passwords that grow old, and what is said of it in time."""

import secrets
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from people_samples import (
    AGREEMENT,
    CENTRE,
    CLERK,
    NOW,
    TODAY,
    TOWN,
    added,
    agreements,
    done,
    found,
)
from sqlalchemy import Engine, select, update

from kps_soap import credentials
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.audit.appending import Recorder, recorder
from kps_soap.audit.keys import FileKey, Keyring
from kps_soap.audit.months import microseconds
from kps_soap.models import credentials as credentials_table
from kps_soap.models import evidence
from kps_soap.people import ageing, keeping, passwords, reminders
from kps_soap.people.person import Changes
from kps_soap.people.problems import PeopleError
from kps_soap.people.roles import Role
from kps_soap.people_models import people

ID = CLERK.person_id
ACCOUNT = "KRM-34-0417"
PASSWORD = "Ğüçlü parola 1"
DAY = timedelta(days=1)


def temporary(engine: Engine, **changes: Any) -> Any:
    last = TODAY + timedelta(days=30)
    return added(engine, **{"valid_from": TODAY, "valid_until": last, "temporary": True, **changes})


def change(engine: Engine, now: datetime = NOW, **stated: Any) -> Any:
    return done(
        engine,
        lambda one: keeping.change(
            one, ID, Changes(**stated), row_version=None, by=CENTRE, now=now
        ),
    )


def fields_of(error: pytest.ExceptionInfo[PeopleError]) -> list[str]:
    return [one.field for one in error.value.problems]


def test_somebody_temporary_has_a_last_day_within_thirty_and_only_asks(engine: Engine) -> None:
    for wrong in (None, TODAY + timedelta(days=31)):
        with pytest.raises(PeopleError) as told:
            temporary(engine, valid_until=wrong)
        assert fields_of(told) == ["valid_until"]
    with pytest.raises(PeopleError) as told:
        temporary(engine, roles=frozenset({Role.USER, Role.TECHNICIAN}), valid_until=None)
    assert fields_of(told) == ["roles", "valid_until"]
    assert temporary(engine).temporary == 1
    assert found(engine).stands_on(TODAY + timedelta(days=31)) == "was valid until 2026-03-31"


def test_somebody_temporary_is_renewed_once(engine: Engine) -> None:
    temporary(engine, valid_until=TODAY + 5 * DAY)
    # Less is no renewal, and another unit is none either.
    assert change(engine, valid_until=TODAY + 4 * DAY, unit="Arşiv").temporary == 1
    later = NOW + 4 * DAY
    with pytest.raises(PeopleError) as told:
        change(engine, now=later, valid_until=TODAY + 35 * DAY)
    assert fields_of(told) == ["valid_until"]
    assert change(engine, now=later, valid_until=TODAY + 34 * DAY).temporary == 2
    assert change(engine, now=later, unit="Emlak").temporary == 2
    with pytest.raises(PeopleError) as told:
        change(engine, now=later, valid_until=TODAY + 35 * DAY)
    assert "renewed once" in str(told.value)
    with pytest.raises(PeopleError):
        change(engine, now=later, valid_until=None)


def test_to_come_back_is_a_renewal_too(engine: Engine) -> None:
    temporary(engine, valid_until=TODAY)
    until = TODAY + 9 * DAY
    for renewals in (2, 3):
        done(engine, lambda one: keeping.leave(one, ID, on=TODAY, by=CENTRE, now=NOW))
        if renewals == 3:
            with pytest.raises(PeopleError, match="renewed once"):
                back(engine, until)
            return
        assert back(engine, until).temporary == renewals


def back(engine: Engine, until: date) -> Any:
    return done(
        engine, lambda one: keeping.reactivate(one, ID, by=CENTRE, now=NOW, valid_until=until)
    )


# The age of a password


def test_the_fewest_days_hold(tmp_path: Path) -> None:
    stated = AGREEMENT.replace("[access]\n", "[access]\npassword_days_max = 90\n")
    days = ageing.days_by_institution(agreements(tmp_path / "a", stated), 365)
    assert (days(TOWN), days(""), days("X-1")) == (90, 365, 365)
    never = ageing.days_by_institution(agreements(tmp_path / "b", stated), 0)
    assert (never(TOWN), never("")) == (90, 0)


def test_a_password_is_old_on_the_day_after_its_last() -> None:
    assert ageing.last_day(NOW, 10) == TODAY + 10 * DAY
    # 23:59 and 00:00 in Istanbul.
    last = datetime.fromisoformat("2026-03-11T20:59:59+00:00")
    assert not ageing.is_aged(NOW, 10, now=last)
    assert ageing.is_aged(NOW, 10, now=last + timedelta(seconds=1))
    assert not ageing.is_aged(NOW, 0, now=last + 9999 * DAY)
    assert not ageing.is_aged(None, 10, now=last)


def test_a_chosen_password_begins_anew(engine: Engine) -> None:
    added(engine)
    assert found(engine).password_at is None
    hashed = passwords.new_hash("baska bir parola 2")
    done(engine, lambda one: passwords.set_initial(one, ID, hashed, by=CENTRE, now=NOW))
    with engine.connect() as connection:
        row = passwords.login_row(connection, ID)
    prepared = passwords.prepare_change(row, PASSWORD, breached=lambda _: False)
    done(engine, lambda one: passwords.store_change(one, prepared, now=NOW + DAY))
    assert found(engine).password_at == NOW + DAY


# What is said in time


@pytest.fixture
def current(tmp_path: Path) -> AgreementSet:
    return agreements(tmp_path / "agreements")


def said(engine: Engine, current: AgreementSet, now: datetime, own_days: int = 100) -> list[str]:
    def chain() -> AbstractContextManager[Recorder]:
        return recorder(
            engine,
            Keyring(FileKey.of(b"k" * 32)),
            worker="reminders",
            clock=lambda: now,
            random_bytes=secrets.token_bytes,
        )

    reminders.note_due(
        engine,
        chain,
        lambda: current,
        own_days=own_days,
        now=now,
        new_id=lambda: secrets.token_hex(8),
    )
    columns = evidence.c
    query = select(columns.detail).where(
        columns.event == "ERISIM_SURE", columns.received_us == microseconds(now)
    )
    with engine.connect() as connection:
        return sorted(connection.execute(query).scalars())


def test_a_last_day_is_told_14_7_and_1_days_before_and_after_it(
    engine: Engine, current: AgreementSet
) -> None:
    added(engine, valid_until=TODAY + 30 * DAY)
    told = {
        ahead: lines
        for ahead in range(60)
        if (lines := said(engine, current, NOW + ahead * DAY, own_days=0))
    }
    assert {ahead: line for ahead, (line,) in told.items()} == {
        16: f"{ID}: the person's access ends on 2026-03-31, in 14 days",
        23: f"{ID}: the person's access ends on 2026-03-31, in 7 days",
        29: f"{ID}: the person's access ends on 2026-03-31, in 1 day",
        31: f"{ID}: the person's access ends on 2026-03-31, 1 day ago",
    }


def test_old_passwords_of_people_and_of_accounts_are_told(
    engine: Engine, current: AgreementSet
) -> None:
    added(engine)
    chosen = {"password_hash": "x", "password_us": microseconds(NOW)}
    done(engine, lambda one: one.execute(update(people).values(chosen)))
    row = credentials.password_row(ACCOUNT, PASSWORD, now=NOW)
    done(engine, lambda one: credentials.put_password(one, ACCOUNT, row))
    assert said(engine, current, NOW + 80 * DAY) == []
    assert said(engine, current, NOW + 86 * DAY) == [
        f"{ACCOUNT}: the account's password should be changed on 2026-06-09, in 14 days",
        f"{ID}: the person's password must be changed on 2026-06-09, in 14 days",
    ]
    assert len(said(engine, current, NOW + 101 * DAY)) == 2
    assert said(engine, current, NOW + 102 * DAY) == []
    # A new one is a new matter, and a block of the account moves nothing.
    done(engine, lambda one: credentials.set_state(one, ACCOUNT, blocked=True, now=NOW))
    done(engine, lambda one: credentials.set_state(one, ACCOUNT, blocked=False, now=NOW + DAY))
    with engine.connect() as connection:
        assert connection.execute(select(credentials_table.c.password_us)).scalar() == microseconds(
            NOW
        )


def test_it_is_said_once_a_day_by_one_of_all(engine: Engine, current: AgreementSet) -> None:
    added(engine, valid_until=TODAY)
    assert len(said(engine, current, NOW)) == 1
    added(engine, replace(CLERK, person_id="b.b", inquirer="B", valid_until=TODAY))
    assert said(engine, current, NOW + timedelta(hours=1)) == []
    assert len(said(engine, current, NOW + DAY)) == 2


def test_whoever_is_gone_or_blocked_is_not_told_of(engine: Engine, current: AgreementSet) -> None:
    added(engine, valid_until=TODAY)
    done(engine, lambda one: keeping.block(one, ID, by=CENTRE, now=NOW))
    assert said(engine, current, NOW) == []
