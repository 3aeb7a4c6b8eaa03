"""Pages from templates, and the headers that every answer of the console carries.

Jinja2 escapes whatever a template shows.  The content security policy lets a page load styles,
pictures and fonts from here and nothing else: no script runs at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from kps_soap.authentication import ISTANBUL
from kps_soap.console import forms

if TYPE_CHECKING:
    from kps_soap.console.visit import Visit

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}

STYLE_FILE: Final = "konsol.css"
ICON_FILE: Final = "simge.svg"


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One link of the navigation."""

    path: str
    text: str
    here: bool


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """A heading of the navigation with its links."""

    text: str
    entries: tuple[MenuEntry, ...]


Menu = tuple[MenuGroup, ...]


def page(visit: Visit, template: str, status: int, values: dict[str, Any]) -> Response:
    """The page that a template makes of its values."""
    given = {
        "me": visit.signed_in,
        "language": visit.language,
        "today": visit.now.astimezone(ISTANBUL).date(),
        "menu": visit.menu,
        "place": visit.place,
        "notice": visit.t(visit.notice) if visit.notice else "",
        "t": visit.t,
        "token": lambda: hidden_token(visit.tokens),
        "errors": (),
        "synthetic": visit.house.register_kind == "SENTETIK",
        "style": f"/konsol/sabit/{STYLE_FILE}?{_digest(STYLE_FILE)}",
        "icon": f"/konsol/sabit/{ICON_FILE}?{_digest(ICON_FILE)}",
    }
    text = environment().get_template(template).render(given | values)
    return HTMLResponse(text, status_code=status)


def hidden_token(tokens: forms.FormTokens) -> Markup:
    """The hidden field of a form's token."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(
        forms.TOKEN_FIELD, tokens.new()
    )


def set_cookie(response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """A cookie for this host alone, which no script reads and no other site sends along."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="strict"
    )


@cache
def environment() -> Environment:
    """The templates, compiled once."""
    made = Environment(
        loader=PackageLoader("kps_soap.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        moment=moment,
        day=day,
        whole=whole,
        kurus=kurus,
        wrong_in=_wrong_in,
        pair=lambda value: (value, value),
    )
    return made


@cache
def static(name: str) -> bytes:
    """A file of the directory ``static``."""
    return (files("kps_soap.console") / "static" / name).read_bytes()


@cache
def _digest(name: str) -> str:
    return sha256(static(name)).hexdigest()[:12]


def moment(value: datetime | None) -> str:
    """An instant as an office in Istanbul writes it; a dash for none."""
    if value is None:
        return "–"
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return f"{aware.astimezone(ISTANBUL):%d.%m.%Y %H:%M}"


def day(value: date | None) -> str:
    """A civil day; a dash for none."""
    return "–" if value is None else f"{value:%d.%m.%Y}"


def whole(value: int) -> str:
    """A whole number with points between thousands."""
    return f"{value:,}".replace(",", ".")


def kurus(hundredths: int) -> str:
    """An amount in hundredths of a kuruş, in lira; what is below a kuruş is shown where it is."""
    lira, rest = divmod(abs(hundredths), 10_000)
    decimals = f"{rest:04d}"
    shown = decimals[:2] if decimals.endswith("00") else decimals
    return f"{'-' if hundredths < 0 else ''}{whole(lira)},{shown} TL"


def _wrong_in(errors: Sequence[forms.Wrong], field: str) -> str:
    return forms.wrong_in(errors, field)


def reason_document(reason: str, about: str) -> bytes:
    """What the encrypted part of an act's record holds."""
    said = {"reason": reason.strip(), "about": about}
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
