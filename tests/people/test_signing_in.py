"""Log-ins of people: guesses are counted first, and whatever is wrong looks the same."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from people_samples import CENTRE, CLERK, LOCAL, NOW, TODAY, added, done, found
from sqlalchemy import Engine

from kps_soap.audit.alongside import LockPolicy
from kps_soap.people import codes, keeping, passwords, signing_in
from kps_soap.people.codes import CodeKeys, Enrolment
from kps_soap.people.person import Actor, Changes
from kps_soap.people.problems import NotAllowed, PeopleError
from kps_soap.people.roles import Role
from kps_soap.people.signing_in import Outcome, Verdict

ID = CLERK.person_id
PASSWORD = "Ğüçlü parola 1"
KEYS = CodeKeys(b"k" * 32)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def random_bytes(count: int) -> bytes:
    return bytes(range(count))


def code(at: datetime = NOW, steps: int = 0) -> str:
    return pyotp.TOTP(SECRET).at(at + timedelta(seconds=30 * steps))


def with_password(engine: Engine, *, own: bool = True) -> None:
    """A clerk with a password of their own, or a one-time one."""
    added(engine)
    made = passwords.new_hash(PASSWORD if not own else "one-time password")
    done(engine, lambda one: passwords.set_initial(one, ID, made, by=CENTRE, now=NOW))
    if own:
        with engine.connect() as connection:
            row = passwords.login_row(connection, ID)
        prepared = passwords.prepare_change(row, PASSWORD, breached=lambda _: False)
        done(engine, lambda one: passwords.store_change(one, prepared, now=NOW))


def enrolled(engine: Engine, at: datetime = NOW) -> int:
    return done(
        engine,
        lambda one: codes.complete_enrolment(
            one, KEYS, ID, Enrolment(SECRET, ""), code(at), random_bytes=random_bytes, now=at
        ),
    )


def ready(engine: Engine) -> None:
    """A clerk who can log in; the code of the step before NOW is used."""
    with_password(engine)
    enrolled(engine, NOW - timedelta(seconds=60))


def attempt(
    engine: Engine,
    password: str = PASSWORD,
    given: str = "",
    *,
    person_id: str = ID,
    now: datetime = NOW,
    policy: LockPolicy | None = None,
) -> Verdict:
    return done(
        engine,
        lambda one: signing_in.verify(
            one, person_id, password, given, keys=KEYS, now=now, policy=policy
        ),
    )


def test_password_and_code_open(both: Engine) -> None:
    ready(both)
    verdict = attempt(both, given=code())
    assert verdict.outcome is Outcome.OPEN
    assert verdict.person == found(both)
    with both.connect() as connection:
        assert signing_in.login_version(connection, ID, now=NOW) == verdict.login_version


def test_a_first_log_in_sets_up_codes_and_then_only_changes_the_password(engine: Engine) -> None:
    with_password(engine, own=False)
    assert attempt(engine).outcome is Outcome.ENROL
    enrolled(engine)
    later = NOW + timedelta(seconds=30)
    assert attempt(engine, given=code(later), now=later).outcome is Outcome.MUST_CHANGE


def test_a_code_opens_once(engine: Engine) -> None:
    ready(engine)
    assert attempt(engine, given=code()).outcome is Outcome.OPEN
    assert attempt(engine, given=code()).why == "wrong code"
    later = NOW + timedelta(seconds=30)
    assert attempt(engine, given=code(later), now=later).outcome is Outcome.OPEN


def test_of_two_log_ins_with_one_code_at_once_one_opens(both: Engine) -> None:
    ready(both)
    begun = [done(both, lambda one: signing_in.begin(one, ID, now=NOW)) for _ in range(2)]
    verdicts = [signing_in.judge(one, PASSWORD, code(), keys=KEYS, now=NOW) for one in begun]
    ends = [
        done(both, lambda one, verdict=verdict: signing_in.finish(one, verdict, now=NOW))  # type: ignore[misc]
        for verdict in verdicts
    ]
    assert ends == [Outcome.OPEN, Outcome.WRONG]


@pytest.mark.parametrize(("steps", "opens"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_clock_may_be_off_by_one_step(engine: Engine, steps: int, opens: bool) -> None:
    with_password(engine)
    enrolled(engine, NOW - timedelta(seconds=300))
    assert (attempt(engine, given=code(steps=steps)).outcome is Outcome.OPEN) is opens


def test_a_right_password_without_its_code_is_wrong_and_counted(engine: Engine) -> None:
    ready(engine)
    verdict = attempt(engine)
    assert (verdict.outcome, verdict.why) == (Outcome.WRONG, "no code")
    assert verdict.person is None
    assert [attempt(engine).why for _ in range(3)] == ["no code"] * 3
    assert attempt(engine).why == "no code; locked for 900 s: wrong guesses in a row"


def test_blanks_inside_a_code_do_not_count(engine: Engine) -> None:
    ready(engine)
    assert attempt(engine, given=f"{code()[:3]} {code()[3:]}").outcome is Outcome.OPEN


def wrongs() -> list[tuple[str, Callable[[Engine], Verdict]]]:
    def unknown(engine: Engine) -> Verdict:
        return attempt(engine, person_id="no.one")

    def password(engine: Engine) -> Verdict:
        return attempt(engine, "wrong", code())

    def one_time_code(engine: Engine) -> Verdict:
        return attempt(engine, PASSWORD, "000000")

    def blocked(engine: Engine) -> Verdict:
        done(engine, lambda one: keeping.block(one, ID, by=CENTRE, now=NOW))
        return attempt(engine, PASSWORD, code())

    def left(engine: Engine) -> Verdict:
        done(engine, lambda one: keeping.leave(one, ID, on=TODAY, by=CENTRE, now=NOW))
        return attempt(engine, PASSWORD, code())

    def expired(engine: Engine) -> Verdict:
        changes = Changes(valid_until=TODAY - timedelta(days=1))
        done(
            engine,
            lambda one: keeping.change(one, ID, changes, row_version=None, by=CENTRE, now=NOW),
        )
        return attempt(engine, PASSWORD, code())

    return [
        ("unknown", unknown),
        ("wrong password", password),
        ("wrong code", one_time_code),
        ("is blocked", blocked),
        ("has left", left),
        ("was valid until 2026-02-28", expired),
    ]


@pytest.mark.parametrize(("why", "guess"), wrongs(), ids=[why for why, _ in wrongs()])
def test_whatever_is_wrong_looks_the_same(
    engine: Engine, why: str, guess: Callable[[Engine], Verdict]
) -> None:
    ready(engine)
    verdict = guess(engine)
    assert (verdict.outcome, verdict.person, verdict.login_version) == (Outcome.WRONG, None, 0)
    assert verdict.why == why


def test_every_guess_costs_one_slow_comparison(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(engine)
    compared: list[str] = []
    slow = signing_in.matches

    def counted(stored: str, password: str) -> bool:
        compared.append(stored)
        return slow(stored, password)

    monkeypatch.setattr(signing_in, "matches", counted)
    for _, guess in wrongs()[:4]:
        guess(engine)
    assert len(compared) == 4


def test_a_machine_and_who_has_no_password_cannot_log_in(engine: Engine) -> None:
    added(engine)
    assert attempt(engine).why == "no password"
    added(engine, person_id="makine", inquirer="M", roles=frozenset({Role.SYSTEM}))
    assert attempt(engine, person_id="makine").why == "no log-in"
    with engine.connect() as connection:
        assert signing_in.login_version(connection, "makine", now=NOW) is None
        assert signing_in.login_version(connection, "no.one", now=NOW) is None


def test_five_wrong_in_a_row_lock_for_a_quarter_of_an_hour(both: Engine) -> None:
    ready(both)
    whys = [attempt(both, "wrong").why for _ in range(6)]
    assert whys[:4] == ["wrong password"] * 4
    assert whys[4] == "wrong password; locked for 900 s: wrong guesses in a row"
    assert whys[5] == "locked"
    assert attempt(both, given=code()).why == "locked"
    assert found(both).locked_until == NOW + timedelta(seconds=900)
    with both.connect() as connection:
        # Somebody else's guesses throw nobody out.
        assert signing_in.login_version(connection, ID, now=NOW) is not None
    later = NOW + timedelta(seconds=901)
    assert attempt(both, given=code(later), now=later).outcome is Outcome.OPEN


def test_a_right_guess_forgets_the_wrong_ones(engine: Engine) -> None:
    ready(engine)
    for _ in range(4):
        attempt(engine, "wrong")
    # The fifth guess is counted as it begins, and given back since it is right.
    assert attempt(engine, given=code()).outcome is Outcome.OPEN
    assert [attempt(engine, "wrong").why for _ in range(4)] == ["wrong password"] * 4
    assert attempt(engine, "wrong").why.startswith("wrong password; locked")


def test_guesses_sent_at_once_are_no_more_than_one_after_the_other(engine: Engine) -> None:
    ready(engine)
    begun = [done(engine, lambda one: signing_in.begin(one, ID, now=NOW)) for _ in range(8)]
    assert [one.shut for one in begun] == [""] * 5 + ["locked"] * 3


def test_twenty_wrong_on_one_day_block(both: Engine) -> None:
    ready(both)
    policy = LockPolicy(failures_max=100)
    assert policy.failures_per_day_max == 20
    for _ in range(19):
        done(both, lambda one: signing_in.begin(one, ID, now=NOW, policy=policy))
    why = attempt(both, "wrong", policy=policy).why
    assert why == "wrong password; blocked: 20 wrong guesses on one day"
    person = found(both)
    assert (person.state, person.shut_by) == ("BLOKE", "KURUM")
    assert attempt(both, given=code(), policy=policy).why == "is blocked"
    done(both, lambda one: keeping.unblock(one, ID, by=LOCAL, now=NOW))
    assert attempt(both, given=code()).outcome is Outcome.OPEN


def test_the_count_of_a_day_ends_at_midnight_in_istanbul(engine: Engine) -> None:
    ready(engine)
    policy = LockPolicy(failures_max=100, failures_per_day_max=3)
    for _ in range(2):
        attempt(engine, "wrong", policy=policy)
    midnight = NOW + timedelta(hours=12)
    for _ in range(2):
        attempt(engine, "wrong", policy=policy, now=midnight)
    assert found(engine).state == "ACIK"


def test_more_guesses_at_once_than_a_day_allows_are_not_compared(engine: Engine) -> None:
    ready(engine)
    policy = LockPolicy(failures_max=100, failures_per_day_max=2)
    begun = [
        done(engine, lambda one: signing_in.begin(one, ID, now=NOW, policy=policy))
        for _ in range(3)
    ]
    assert [one.shut for one in begun] == ["", "", "too many wrong passwords on one day"]


def test_what_was_shut_while_it_was_compared_does_not_open(engine: Engine) -> None:
    ready(engine)
    begun = done(engine, lambda one: signing_in.begin(one, ID, now=NOW))
    verdict = signing_in.judge(begun, PASSWORD, code(), keys=KEYS, now=NOW)
    done(engine, lambda one: keeping.block(one, ID, by=CENTRE, now=NOW))
    assert done(engine, lambda one: signing_in.finish(one, verdict, now=NOW)) is Outcome.WRONG


def test_a_lock_is_lifted_by_whoever_keeps_the_people(engine: Engine) -> None:
    ready(engine)
    for _ in range(5):
        attempt(engine, "wrong")
    done(engine, lambda one: keeping.unblock(one, ID, by=LOCAL, now=NOW))
    assert attempt(engine, given=code()).outcome is Outcome.OPEN


def test_a_secret_opens_for_its_person_and_key_file_only() -> None:
    wrapped = KEYS.wrap(ID, SECRET, random_bytes)
    assert SECRET.encode() not in wrapped
    assert KEYS.unwrap(ID, wrapped) == SECRET
    assert KEYS.unwrap("another", wrapped) is None
    assert CodeKeys(b"l" * 32).unwrap(ID, wrapped) is None
    with pytest.raises(ValueError, match="32 bytes"):
        CodeKeys(b"short")


def test_under_another_key_file_no_code_is_right(engine: Engine) -> None:
    ready(engine)
    verdict = done(
        engine,
        lambda one: signing_in.verify(one, ID, PASSWORD, code(), keys=CodeKeys(b"l" * 32), now=NOW),
    )
    assert verdict.why == "wrong code"


def test_a_new_secret_is_shown_for_an_app_and_stored_only_with_its_first_code(
    engine: Engine,
) -> None:
    with_password(engine)
    made = codes.begin_enrolment(ID, random_bytes=random_bytes)
    assert made.uri.startswith("otpauth://totp/kps-soap:mehmet.demir?secret=")
    assert made.secret not in repr(made)

    def complete(given: str) -> int:
        return done(
            engine,
            lambda one: codes.complete_enrolment(
                one, KEYS, ID, made, given, random_bytes=random_bytes, now=NOW
            ),
        )

    with pytest.raises(PeopleError, match="The code is wrong"):
        complete("000000")
    assert not found(engine).enrolled
    version = complete(pyotp.TOTP(made.secret).at(NOW))
    with engine.connect() as connection:
        assert signing_in.login_version(connection, ID, now=NOW) == version
    with pytest.raises(PeopleError, match="already"):
        complete(pyotp.TOTP(made.secret).at(NOW))


def test_codes_are_dropped_by_others_only(engine: Engine) -> None:
    ready(engine)
    with pytest.raises(NotAllowed):
        done(
            engine,
            lambda one: codes.drop_enrolment(one, ID, by=Actor.operator(ID), now=NOW),
        )
    done(engine, lambda one: codes.drop_enrolment(one, ID, by=LOCAL, now=NOW))
    assert attempt(engine).outcome is Outcome.ENROL


def test_who_has_no_password_sets_up_no_codes(engine: Engine) -> None:
    added(engine)
    nothing: Any = Enrolment(SECRET, "")
    with pytest.raises(PeopleError):
        done(
            engine,
            lambda one: codes.complete_enrolment(
                one, KEYS, ID, nothing, code(), random_bytes=random_bytes, now=NOW
            ),
        )


def test_an_old_password_opens_its_own_change_and_nothing_else(engine: Engine) -> None:
    ready(engine)

    def outcome(days: int, now: datetime) -> Outcome:
        begun = done(
            engine, lambda one: signing_in.begin(one, ID, now=now, days_max=lambda _town: days)
        )
        verdict = signing_in.judge(begun, PASSWORD, code(now), keys=KEYS, now=now)
        return done(engine, lambda one: signing_in.finish(one, verdict, now=now))

    assert outcome(30, NOW + timedelta(days=30)) is Outcome.OPEN
    assert outcome(0, NOW + timedelta(days=400)) is Outcome.OPEN
    assert outcome(30, NOW + timedelta(days=401)) is Outcome.MUST_CHANGE
    begun = done(engine, lambda one: signing_in.begin(one, ID, now=NOW, days_max=lambda _: 1))
    assert signing_in.judge(begun, "wrong", code(), keys=KEYS, now=NOW).outcome is Outcome.WRONG
