"""Passwords of people: the policy, one-time passwords, and a change by oneself."""

import hashlib
from pathlib import Path

import pytest
from people_samples import CENTRE, CLERK, LOCAL, NOW, TODAY, added, done, found
from sqlalchemy import Engine, select

from kps_soap.authentication import matches
from kps_soap.people import keeping, passwords
from kps_soap.people.passwords import BreachList, LoginRow, check_new, prepare_change
from kps_soap.people.person import Actor
from kps_soap.people.problems import ChangedMeanwhile, NotAllowed, PeopleError
from kps_soap.people.roles import Role
from kps_soap.people_models import former_passwords, people

GOOD = "Ğüçlü parola 1"
ID = CLERK.person_id


def never(_password: str) -> bool:
    return False


def initial(engine: Engine, password: str = GOOD, *, by: Actor = CENTRE, **more: bool) -> None:
    made = passwords.new_hash(password)
    done(
        engine,
        lambda connection: passwords.set_initial(connection, ID, made, by=by, now=NOW, **more),
    )


def login(engine: Engine) -> LoginRow:
    with engine.connect() as connection:
        return passwords.login_row(connection, ID)


def changed(engine: Engine, password: str) -> int:
    prepared = prepare_change(login(engine), password, breached=never)
    return done(engine, lambda connection: passwords.store_change(connection, prepared, now=NOW))


@pytest.mark.parametrize(
    ("password", "count"),
    [
        (GOOD, 0),
        ("x" * 13, 2),
        ("abcdefgh12345", 1),
        ("abcdefgh123456\n", 1),
        ("abcabcabcabcabc", 1),
        ("MEHMET.DEMIR 2026", 1),
        ("abcdefg" * 40, 1),
    ],
)
def test_a_password_is_long_printable_and_not_the_id(password: str, count: int) -> None:
    problems = check_new(password, person_id=ID, breached=never)
    assert len(problems) == count
    assert all(password not in one.english + one.turkish for one in problems)


@pytest.mark.parametrize(
    "line",
    [
        GOOD,
        hashlib.sha1(GOOD.encode()).hexdigest(),
        hashlib.sha1(GOOD.encode()).hexdigest().swapcase() + ":3730471",
        hashlib.sha256(GOOD.encode()).hexdigest() + ":1",
    ],
)
def test_a_breached_password_is_found_however_the_list_spells_it(tmp_path: Path, line: str) -> None:
    path = tmp_path / "breached.txt"
    path.write_text(f"123456\r\n{line}\r\nqwerty\n", encoding="utf-8")
    assert BreachList(path)(GOOD)
    assert not BreachList(path)("another password")
    problems = check_new(GOOD, person_id=ID, breached=BreachList(path))
    assert [one.field for one in problems] == ["password"]


def test_without_a_list_nothing_is_breached(tmp_path: Path) -> None:
    assert not BreachList(None)("123456")
    with pytest.raises(OSError, match="absent"):
        BreachList(tmp_path / "absent")(GOOD)


def test_one_time_passwords_are_typed_easily_and_never_the_same() -> None:
    drawn = iter(range(0, 256 * 100))

    def random_bytes(count: int) -> bytes:
        return bytes(next(drawn) % 256 for _ in range(count))

    made = [passwords.one_time_password(random_bytes) for _ in range(3)]
    assert made[0] == "23456-789ab-cdefg-hjkmn-pqrst"
    assert len(set(made)) == 3
    assert not check_new(made[0], person_id=ID, breached=never)


def test_a_one_time_password_must_be_changed(both: Engine) -> None:
    added(both)
    initial(both, by=LOCAL)
    person = found(both)
    assert (person.has_password, person.must_change, person.row_version) == (True, True, 2)
    version = login(both).login_version
    assert changed(both, "Another one 2026") == version + 1
    assert not found(both).must_change
    assert matches(login(both).password_hash, "Another one 2026")


def test_nobody_gives_themselves_a_one_time_password_nor_a_machine_one(engine: Engine) -> None:
    added(engine)
    with pytest.raises(NotAllowed):
        initial(engine, by=Actor.operator(ID))
    added(engine, person_id="makine", inquirer="M", roles=frozenset({Role.SYSTEM}))
    made = passwords.new_hash(GOOD)
    with pytest.raises(PeopleError, match="does not log in"):
        done(
            engine,
            lambda connection: passwords.set_initial(
                connection, "makine", made, by=CENTRE, now=NOW
            ),
        )
    done(engine, lambda one: keeping.leave(one, ID, on=TODAY, by=CENTRE, now=NOW))
    with pytest.raises(PeopleError, match="does not log in"):
        initial(engine)


def test_a_lost_phone_is_forgotten_with_the_password(engine: Engine) -> None:
    added(engine)
    initial(engine)
    done(engine, lambda one: one.execute(people.update().values(code_secret=b"x")))
    initial(engine)
    assert found(engine).enrolled
    initial(engine, drop_code=True)
    assert not found(engine).enrolled


def test_none_of_the_last_five_passwords_comes_back(engine: Engine) -> None:
    added(engine)
    initial(engine, "one-time password 0")
    own = [f"my own password {number}" for number in range(7)]
    for password in own[:6]:
        changed(engine, password)
    for password in own[1:6]:
        with pytest.raises(PeopleError, match="last 5"):
            changed(engine, password)
    initial(engine, "one-time password 1")
    with pytest.raises(PeopleError, match="last 5"):
        changed(engine, own[5])
    with pytest.raises(PeopleError, match="last 5"):
        changed(engine, "one-time password 1")
    changed(engine, own[0])
    with engine.connect() as connection:
        assert len(connection.execute(select(former_passwords)).all()) == 5


def test_the_present_password_is_asked_where_somebody_changes_their_own(engine: Engine) -> None:
    added(engine)
    initial(engine)
    with pytest.raises(PeopleError) as told:
        prepare_change(login(engine), "short", breached=never, current="wrong")
    assert [one.field for one in told.value.problems] == ["password", "password", "current"]
    prepared = prepare_change(login(engine), "Another one 2026", breached=never, current=GOOD)
    assert "argon2" not in repr(prepared) + repr(login(engine))


def test_a_password_that_was_judged_before_another_change_is_not_stored(both: Engine) -> None:
    added(both)
    initial(both)
    prepared = prepare_change(login(both), "Another one 2026", breached=never)
    changed(both, "Yet another 2026")
    with pytest.raises(ChangedMeanwhile):
        done(both, lambda one: passwords.store_change(one, prepared, now=NOW))


def test_who_has_no_password_changes_none(engine: Engine) -> None:
    added(engine)
    with pytest.raises(PeopleError):
        login(engine)
