"""Signing in and out: password and code, the code's first set-up, one's own password.

    password and code → set up the code, the first time → change the password, where that is due

A session exists from the first right password on, but nothing opens before all of it is done.
Every step that ends well or badly leaves a record; names that nobody has are counted only.  A
browser gets another cookie with every step, so that nobody can hand it one that he knows.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

import segno
from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.configured import lock_policy_of
from kps_soap.console import forms, rendering, sessions
from kps_soap.console.forms import Wrong
from kps_soap.console.pages import Open, Page
from kps_soap.console.sessions import COOKIE, Step
from kps_soap.console.visit import Visit
from kps_soap.entry import Event
from kps_soap.people import codes, passwords
from kps_soap.people import signing_in as people
from kps_soap.people.ageing import days_by_institution
from kps_soap.people.problems import PeopleError
from kps_soap.people.signing_in import Outcome, Verdict
from kps_soap.turkish import ascii_lower

_PICTURE: Final = "image/svg+xml"
_STEPS: Final = {
    Outcome.OPEN: Step.OPEN,
    Outcome.ENROL: Step.CODE,
    Outcome.MUST_CHANGE: Step.PASSWORD,
}
_PLACES: Final = {Step.OPEN: "/", Step.CODE: "/giris/kod", Step.PASSWORD: "/giris/parola"}


async def show_sign_in(visit: Visit) -> Response:
    """The form; whoever is signed in already goes on."""
    if visit.signed_in is not None:
        return visit.go("/")
    return _sign_in_page(visit, ())


def _sign_in_page(visit: Visit, errors: Sequence[Wrong], status: int = 200) -> Response:
    person_id = visit.form.get("kimlik", "")
    return visit.render("giris.html", status=status, person_id=person_id, errors=errors)


async def sign_in(visit: Visit) -> Response:
    """One guess at password and code."""
    waiting = visit.house.attempts.seconds_to_wait(visit.source_address)
    if waiting:
        minutes = -(-waiting // 60)
        sentence = visit.t("sign_in.too_many", minutes=minutes)
        return _sign_in_page(visit, (Wrong("", sentence),), 429)
    if missing := _left_empty(visit):
        return _sign_in_page(visit, missing, 422)
    await visit.spend()
    person_id = ascii_lower(visit.form.get("kimlik", ""))[:64]
    verdict = await _judged(visit, person_id)
    if verdict.outcome is Outcome.WRONG:
        await _refused(visit, verdict)
        return _sign_in_page(visit, (Wrong("", visit.t("sign_in.wrong")),), 403)
    return await _accepted(visit, person_id, verdict)


def _left_empty(visit: Visit) -> tuple[Wrong, ...]:
    """What nobody signs in without.  The code may be missing: the first time there is none."""
    return tuple(
        Wrong(name, visit.t(f"{key}_missing"))
        for name, key in (("kimlik", "sign_in.id"), ("parola", "sign_in.password"))
        if not visit.form.get(name)
    )


async def _judged(visit: Visit, person_id: str) -> Verdict:
    """A guess that is counted first and compared then, outside of any transaction."""
    house, form = visit.house, visit.form
    policy = lock_policy_of(house.settings)
    attempt = await visit.write(
        lambda connection: people.begin(
            connection,
            person_id,
            now=visit.now,
            policy=policy,
            days_max=days_by_institution(house.book.current(), house.settings.password_days_max),
        )
    )
    password, code = form.get("parola", ""), form.get("kod", "")
    return await house.turns.run(
        lambda: people.judge(attempt, password, code, keys=house.code_keys, now=visit.now)
    )


class _Meanwhile(Exception):
    """Something shut the log-in, or took the code, while the password was compared."""


async def _refused(visit: Visit, verdict: Verdict) -> None:
    """A wrong guess: on record where the name exists, else only counted (design D6)."""
    house = visit.house
    house.attempts.failed(visit.source_address)
    if verdict.attempt.person is None:
        house.count_refusal(visit.source_address, "console", "CredentialsRefused", visit.now)
        return
    columns = _columns(verdict.attempt.person)
    entry = visit.entry(Event.SIGN_IN_REFUSED, about=verdict.why, **columns)
    await house.acts.do(entry, lambda connection: people.finish(connection, verdict, now=visit.now))


async def _accepted(visit: Visit, person_id: str, verdict: Verdict) -> Response:
    step = _STEPS[verdict.outcome]
    cookie = _new_cookie(visit)

    def work(connection: Connection) -> None:
        if people.finish(connection, verdict, now=visit.now) is not verdict.outcome:
            raise _Meanwhile
        forms.forget_old(connection, now=visit.now)
        _begin(connection, visit, cookie, (person_id, verdict.login_version), step)

    columns = {} if verdict.person is None else _columns(verdict.person)
    entry = visit.entry(Event.SIGNED_IN, about=verdict.outcome.value, **columns)
    try:
        await visit.house.acts.do(entry, work)
    except _Meanwhile:
        late = replace(verdict, outcome=Outcome.WRONG, why="shut or used meanwhile")
        await _refused(visit, late)
        return _sign_in_page(visit, (Wrong("", visit.t("sign_in.wrong")),), 403)
    return _with_cookie(visit.go(_PLACES[step]), cookie)


def _columns(person: Any) -> dict[str, Any]:
    return {
        "account": person.person_id,
        "institution": person.institution,
        "unit": person.unit,
    }


def _begin(
    connection: Connection, visit: Visit, cookie: str, who: tuple[str, int], step: Step
) -> None:
    """Another session for this browser in place of the one that it has."""
    if visit.session is not None:
        sessions.end(connection, visit.session)
    person_id, stamp = who
    sessions.begin(
        connection,
        cookie,
        person_id,
        stamp,
        step,
        now=visit.now,
        lives=visit.house.lives,
        source_address=visit.source_address,
    )


def _new_cookie(visit: Visit) -> str:
    return visit.house.random_bytes(sessions.COOKIE_BYTES).hex()


def _with_cookie(response: Response, cookie: str) -> Response:
    rendering.set_cookie(response, COOKIE, cookie)
    return response


async def sign_out(visit: Visit) -> Response:
    """End the session of this browser."""
    session = visit.session

    def work(connection: Connection) -> None:
        if session is not None:
            sessions.end(connection, session)

    await visit.act(Event.SIGNED_OUT, work, about=visit.person.person_id)
    response = visit.go("/giris", notice="notice.signed_out")
    return _with_cookie(response, _new_cookie(visit))


# The code of an authenticator app


def _enrolment(visit: Visit) -> codes.Enrolment:
    """The secret that this session sets up: it follows from cookie and key, and is stored nowhere.

    The page and its picture, and the page after a wrong code, show the same one.
    """
    key, cookie = visit.house.form_key, visit.caller.cookie.encode()
    stream = b"".join(
        hmac.digest(key, b"kps-konsol-kod\0%d\0%b" % (number, cookie), sha256)
        for number in range(4)
    )
    return codes.begin_enrolment(visit.person.person_id, random_bytes=lambda size: stream[:size])


async def show_code(visit: Visit) -> Response:
    """How to set up the code."""
    return _code_page(visit, ())


def _code_page(visit: Visit, errors: Sequence[Wrong], status: int = 200) -> Response:
    secret = _enrolment(visit).secret
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return visit.render("kod.html", status=status, secret=groups, errors=errors)


async def show_code_picture(visit: Visit) -> Response:
    """What an app reads, as a picture of this session only."""
    return qr_picture(_enrolment(visit).uri)


def qr_picture(content: str) -> Response:
    """A QR code as SVG without styles."""
    written = BytesIO()
    segno.make(content, error="m").save(
        written, kind="svg", scale=4, border=2, xmldecl=False, svgclass=None, lineclass=None
    )
    return Response(written.getvalue(), media_type=_PICTURE)


async def set_code(visit: Visit) -> Response:
    """Keep the secret, now that the app has shown that it has it."""
    house, who = visit.house, visit.person
    enrolment, cookie = _enrolment(visit), _new_cookie(visit)
    step = Step.PASSWORD if who.person.must_change else Step.OPEN

    def work(connection: Connection) -> None:
        stamp = codes.complete_enrolment(
            connection,
            house.code_keys,
            who.person_id,
            enrolment,
            visit.form.get("code", ""),
            random_bytes=house.random_bytes,
            now=visit.now,
        )
        _begin(connection, visit, cookie, (who.person_id, stamp), step)

    try:
        await visit.act(Event.CODE_SET, work, about=who.person_id)
    except PeopleError as refused:
        return _code_page(visit, wrongs(visit, refused), 422)
    return _with_cookie(visit.go(_PLACES[step], notice="notice.code_set"), cookie)


# Passwords


async def show_password(visit: Visit) -> Response:
    """The form for a password of one's own."""
    return _password_page(visit, ())


def _password_page(visit: Visit, errors: Sequence[Wrong], status: int = 200) -> Response:
    first = visit.session is not None and visit.session.step is Step.PASSWORD
    lead = "password.lead_own"
    if first:
        once = visit.person.person.must_change
        lead = "password.lead_first" if once else "password.lead_aged"
    return visit.render(
        "parola.html",
        status=status,
        first=first,
        lead=visit.t(lead, days=_days_max(visit)) if first else visit.t(lead),
        person_id=visit.person.person_id,
        errors=errors,
    )


def _days_max(visit: Visit) -> int:
    """How long a password of the visitor's institution holds, in days."""
    book, own = visit.house.book, visit.house.settings.password_days_max
    return days_by_institution(book.current(), own)(visit.person.institution)


async def set_own_password(visit: Visit) -> Response:
    """Another password, for who proves once more to be the person."""
    form = visit.form
    known = replace(visit, form={**form, "kimlik": visit.person.person_id})
    verdict = await _judged(known, visit.person.person_id)
    if verdict.outcome not in (Outcome.OPEN, Outcome.MUST_CHANGE):
        await _refused(visit, verdict)
        return _password_page(visit, (Wrong("parola", visit.t("password.current_wrong")),), 403)
    await visit.write(lambda connection: people.finish(connection, verdict, now=visit.now))
    return await change_password(visit)


async def change_password(visit: Visit) -> Response:
    """The password that somebody chooses, who has proven before to be the person."""
    house, form, person_id = visit.house, visit.form, visit.person.person_id
    if form.get("password", "") != form.get("again", ""):
        return _password_page(visit, (Wrong("again", visit.t("password.differs")),), 422)
    cookie = _new_cookie(visit)
    try:
        login = await visit.read(lambda connection: passwords.login_row(connection, person_id))
        prepared = await house.turns.run(
            lambda: passwords.prepare_change(
                login, form.get("password", ""), breached=house.breached
            )
        )

        def work(connection: Connection) -> None:
            stamp = passwords.store_change(connection, prepared, now=visit.now)
            sessions.end_all(connection, person_id)
            _begin(connection, visit, cookie, (person_id, stamp), Step.OPEN)

        await visit.act(Event.PERSON_PASSWORD, work, about=person_id)
    except PeopleError as refused:
        return _password_page(visit, wrongs(visit, refused), 422)
    return _with_cookie(visit.go("/", notice="notice.password_changed"), cookie)


def wrongs(visit: Visit, refused: PeopleError) -> tuple[Wrong, ...]:
    """What a refused act about people says, field by field."""
    english = visit.language == "en"
    return tuple(
        Wrong(one.field, one.english if english else one.turkish) for one in refused.problems
    )


PAGES: Final = (
    Page("/giris", Open.EVERYBODY, show_sign_in, sign_in),
    Page("/giris/kod", Open.SIGNING_IN, show_code, set_code),
    Page("/giris/kod/karekod.svg", Open.SIGNING_IN, show_code_picture),
    Page("/giris/parola", Open.SIGNING_IN, show_password, change_password),
    Page("/cikis", Open.SIGNED_IN, None, sign_out),
)
OWN_PAGES: Final = (
    Page(
        "/parola",
        Open.SIGNED_IN,
        show_password,
        set_own_password,
        menu="menu.password",
        group="menu.own",
    ),
)
