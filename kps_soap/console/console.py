"""The console as an ASGI application: which page answers, and who may see it.

    TLS → browser's cookie → session and person → right → origin and form token → the page

Every page names who may see it, and whoever may not gets a sentence and no hint of what is
there.  A page's own exceptions become sentences here, in one place.  Nothing here knows what a
page does.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from kps_soap import faults
from kps_soap.console import forms, rendering, sessions
from kps_soap.console.house import House, SignedIn
from kps_soap.console.pages import Open, Page
from kps_soap.console.sessions import COOKIE, Session, Step
from kps_soap.console.texts import LANGUAGES, is_known
from kps_soap.console.visit import NOTICE_COOKIE, ROOT, Caller, Visit
from kps_soap.database import FAILURES
from kps_soap.doors.intake import Disconnected
from kps_soap.people import keeping, signing_in
from kps_soap.people.problems import ChangedMeanwhile
from kps_soap.terms import istanbul_date

log = logging.getLogger("kps.konsol")

LANGUAGE_COOKIE: Final = "__Host-konsol-dil"
_COOKIE_VALUE: Final = re.compile(r"[0-9a-f]{64}")
_FIELDS_MAX: Final = 400
_QUERY_VALUE_MAX: Final = 200
_STEP_PAGES: Final = {Step.CODE: "/giris/kod", Step.PASSWORD: "/giris/parola"}
_STATIC: Final = {
    rendering.STYLE_FILE: "text/css; charset=utf-8",
    rendering.ICON_FILE: "image/svg+xml",
}


class _Away(Exception):
    """Whoever asks is sent to another page first."""

    def __init__(self, response: Response) -> None:
        super().__init__("away")
        self.response = response


class _Denied(Exception):
    """Not for whoever asks; ``key`` names the sentence."""

    def __init__(self, key: str, status: int = 403) -> None:
        super().__init__(key)
        self.key = key
        self.status = status


@dataclass(frozen=True, slots=True)
class Console:
    """The pages over one house."""

    house: House
    pages: Sequence[Page]

    def application(self) -> Starlette:
        """The ASGI application for everything below ``/konsol``."""
        routes = [
            Route(ROOT + page.path, self._endpoint(page), methods=_methods(page))
            for page in self.pages
        ]
        routes += [
            Route(f"{ROOT}/sabit/{name}", _static_file(name, kind))
            for name, kind in _STATIC.items()
        ]
        routes += [
            Route(ROOT, _to_front_page),
            Route(f"{ROOT}/dil/{{language}}", self._choose_language),
        ]
        handlers: Any = {HTTPException: self._no_such_page}
        return Starlette(routes=routes, exception_handlers=handlers)

    def _endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await self._answer(page, request)

        return endpoint

    async def _answer(self, page: Page, request: Request) -> Response:
        """One request to one page; whatever happens becomes an answer with our headers."""
        if not self.house.intake.is_secure(request.scope):
            return _with_headers(PlainTextResponse(_NOT_PLAIN, status_code=403))
        visit, is_new = self._arrival(request)
        try:
            visit, who = await self._recognised(visit)
            _check_access(visit, page, visit.session)
            if page.needs is Open.SIGNING_IN:
                # Not signed in yet; the page itself must know whose code or password it is about.
                visit = replace(visit, signed_in=who)
            response = await self._work(visit, page, request)
        except Disconnected:
            raise
        except Exception as trouble:
            response = self._told(visit, trouble)
        if is_new and COOKIE not in response.headers.get("set-cookie", ""):
            rendering.set_cookie(response, COOKIE, visit.caller.cookie)
        if visit.notice and response.status_code == 200:
            response.delete_cookie(NOTICE_COOKIE, path="/", secure=True, httponly=True)
        return _with_headers(response, secure=self.house.intake.was_tls(request.scope))

    def _arrival(self, request: Request) -> tuple[Visit, bool]:
        """What a request says of itself, and whether its browser is new here."""
        house, now = self.house, self.house.clock()
        stated = request.cookies.get(COOKIE, "")
        known = _COOKIE_VALUE.fullmatch(stated) is not None
        cookie = stated if known else house.random_bytes(sessions.COOKIE_BYTES).hex()
        caller = Caller(
            cookie=cookie,
            source_address=house.intake.source(request.scope),
            request_id=house.new_id(),
            host=request.headers.get("host", ""),
            agent=request.headers.get("user-agent", ""),
            secure=house.intake.was_tls(request.scope),
        )
        notice = request.cookies.get(NOTICE_COOKIE, "")
        visit = Visit(
            house=house,
            caller=caller,
            language=_language_of(request),
            now=now,
            place=request.url.path.removeprefix(ROOT),
            path={name: str(value) for name, value in request.path_params.items()},
            query=_cleaned(request.query_params.multi_items(), _QUERY_VALUE_MAX),
            form={},
            menu=(),
            tokens=forms.FormTokens(cookie, now=now, random_bytes=house.random_bytes),
            notice=notice if is_known(notice) else "",
        )
        return visit, not known

    async def _recognised(self, visit: Visit) -> tuple[Visit, SignedIn | None]:
        """The visit with who is signed in; and whoever has at least begun to sign in."""
        session, who = await visit.read(lambda connection: self._who(connection, visit))
        visit = replace(visit, session=session)
        if session is not None and session.step is Step.OPEN:
            visit = replace(visit, signed_in=who)
            visit = replace(visit, menu=self._menu(visit))
        if session is not None and sessions.is_due(session, now=visit.now):
            await visit.write(lambda connection: sessions.touch(connection, session, now=visit.now))
        return visit, who

    def _who(self, connection: Connection, visit: Visit) -> tuple[Session | None, SignedIn | None]:
        house = self.house
        session = sessions.find(connection, visit.caller.cookie, now=visit.now, lives=house.lives)
        if session is None:
            return None, None
        if (
            signing_in.login_version(connection, session.person_id, now=visit.now)
            != session.person_stamp
        ):
            return None, None
        person = keeping.find(connection, session.person_id, now=visit.now)
        if person is None or person.stands_on(_today(visit)):
            return None, None
        return session, SignedIn(person, person.rights)

    def _menu(self, visit: Visit) -> rendering.Menu:
        groups: dict[str, list[rendering.MenuEntry]] = {}
        for page in self.pages:
            if page.menu and _may(visit, page):
                here = visit.place == page.path or (
                    page.path != "/" and visit.place.startswith(f"{page.path}/")
                )
                entry = rendering.MenuEntry(ROOT + page.path, visit.t(page.menu), here)
                groups.setdefault(page.group, []).append(entry)
        return tuple(
            rendering.MenuGroup(visit.t(group) if group else "", tuple(entries))
            for group, entries in groups.items()
        )

    async def _work(self, visit: Visit, page: Page, request: Request) -> Response:
        if request.method != "POST":
            if page.show is None:
                raise HTTPException(405)
            return await page.show(visit)
        if page.act is None:
            raise HTTPException(405)
        _check_origin(request, self.house.settings.public_base_url)
        body = await self.house.intake.read_body(request.scope, request.receive)
        visit = _with_form(visit, request, body, page.value_max)
        return await page.act(visit)

    def _told(self, visit: Visit, trouble: Exception) -> Response:
        """The page that an exception becomes.  Never a value, a path or a trace."""
        if isinstance(trouble, _Away):
            return trouble.response
        if isinstance(trouble, _Denied):
            return visit.refused(trouble.key, status=trouble.status)
        if isinstance(trouble, HTTPException):
            key = "refused.not_here" if trouble.status_code == 404 else "refused.method"
            return visit.refused(key, status=trouble.status_code)
        if isinstance(trouble, forms.AlreadySent):
            return visit.refused("refused.sent_before", status=409)
        if isinstance(trouble, forms.Changed | ChangedMeanwhile):
            return visit.refused("refused.changed", status=409)
        if isinstance(trouble, forms.TokenWrong):
            return visit.refused("refused.form", status=403)
        if isinstance(trouble, faults.TransportRefused):
            return visit.refused("refused.too_large", status=trouble.http_status)
        if isinstance(trouble, (faults.ServerRefused, *FAILURES)):
            log.error("the console could not work: %s", type(trouble).__name__)
            return visit.refused("refused.unavailable", status=503)
        log.error(
            "unforeseen %s in the console, request %s",
            type(trouble).__name__,
            visit.caller.request_id,
        )
        number = visit.caller.request_id
        return visit.refused("refused.unforeseen", status=500, number=number)

    async def _no_such_page(self, request: Request, trouble: Exception) -> Response:
        status = trouble.status_code if isinstance(trouble, HTTPException) else 404
        page = Page("", Open.EVERYBODY, _not_here if status == 404 else _not_so)
        return await self._answer(page, request)

    async def _choose_language(self, request: Request) -> Response:
        """Remember the language in this browser, and go back to the page."""
        wanted = str(request.path_params["language"])
        back = request.query_params.get("geri", "")
        if not re.fullmatch(r"/[a-z0-9/_-]*", back) or back.startswith("//"):
            back = "/"
        response = RedirectResponse(ROOT + back, status_code=303)
        if wanted in LANGUAGES and self.house.intake.is_secure(request.scope):
            rendering.set_cookie(response, LANGUAGE_COOKIE, wanted, seconds=31_536_000)
        return _with_headers(response)


_NOT_PLAIN: Final = "Bu adres yalnızca https ile kullanılır. / Use https here.\n"


async def _not_here(visit: Visit) -> Response:
    return visit.refused("refused.not_here", status=404)


async def _not_so(visit: Visit) -> Response:
    return visit.refused("refused.method", status=405)


async def _to_front_page(_request: Request) -> Response:
    return _with_headers(RedirectResponse(f"{ROOT}/", status_code=303))


def _static_file(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        response = Response(rendering.static(name), media_type=kind)
        _with_headers(response)
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response

    return endpoint


def _methods(page: Page) -> list[str]:
    return ["GET", "POST"] if page.act is not None else ["GET"]


def _check_access(visit: Visit, page: Page, session: Session | None) -> None:
    """Raises ``_Away`` or ``_Denied`` unless the page is for whoever asks."""
    if page.needs is Open.EVERYBODY:
        return
    if session is not None and session.step is not Step.OPEN:
        wanted = _STEP_PAGES[session.step]
        if page.needs is not Open.SIGNING_IN or not page.path.startswith(wanted):
            raise _Away(visit.go(wanted))
        return
    if page.needs is Open.SIGNING_IN:
        raise _Away(visit.go("/" if visit.signed_in is not None else "/giris"))
    if visit.signed_in is None:
        raise _Away(visit.go("/giris", notice="notice.sign_in_first"))
    if not _may(visit, page):
        raise _Denied("refused.right")


def _may(visit: Visit, page: Page) -> bool:
    if isinstance(page.needs, Open):
        return page.needs is not Open.SIGNING_IN
    return visit.signed_in is not None and visit.signed_in.may(page.needs)


def _check_origin(request: Request, public_base_url: str) -> None:
    """A form comes from a page of this very host; raises ``_Denied``.

    A proxy may call the gateway by another name than browsers do: then the public one counts.
    """
    fetched = request.headers.get("sec-fetch-site", "same-origin")
    origin = urlsplit(request.headers.get("origin", ""))
    hosts = {request.headers.get("host", ""), urlsplit(public_base_url).netloc} - {""}
    if fetched != "same-origin" or origin.netloc not in hosts:
        raise _Denied("refused.origin")


def _with_form(visit: Visit, request: Request, body: bytes, value_max: int) -> Visit:
    """The visit with its form; raises ``TokenWrong`` where it is not a form of this browser."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise forms.TokenWrong
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError:
        raise forms.TokenWrong from None
    form = _cleaned(pairs, value_max, lines=True)
    digest = visit.tokens.check(form.pop(forms.TOKEN_FIELD, ""))
    return replace(visit, form=form, form_digest=digest)


def _cleaned(pairs: Sequence[tuple[str, str]], most: int, *, lines: bool = False) -> dict[str, str]:
    """The first value of each name, without control characters and blanks around it."""
    kept: dict[str, str] = {}
    for name, value in pairs:
        shown = "".join(
            letter for letter in value[:most] if letter.isprintable() or (lines and letter == "\n")
        )
        kept.setdefault(name[:100], shown.strip())
    return kept


def _language_of(request: Request) -> str:
    stated = request.cookies.get(LANGUAGE_COOKIE, "")
    return stated if stated in LANGUAGES else LANGUAGES[0]


def _today(visit: Visit) -> date:
    return istanbul_date(visit.now)


def _with_headers(response: Response, *, secure: bool = False) -> Response:
    headers = MutableHeaders(scope={"headers": response.raw_headers})
    for name, value in rendering.HEADERS.items():
        headers.setdefault(name, value)
    if secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    response.raw_headers[:] = headers.raw
    return response
