"""How a page is registered: its address, who may see it, and what shows and does it.

There is no page without a word about who may see it: default deny (design D3).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from starlette.responses import Response

from kps_soap.people.roles import Right

if TYPE_CHECKING:
    from kps_soap.console.visit import Visit

Handler = Callable[["Visit"], Awaitable[Response]]


class Open(Enum):
    """Pages that need no right of their own."""

    EVERYBODY = "everybody"
    #: Whoever has begun to sign in and has a code or a password to set first.
    SIGNING_IN = "signing in"
    SIGNED_IN = "signed in"


@dataclass(frozen=True, slots=True)
class Page:
    """One address below ``/konsol``.

    ``show`` answers GET.  ``act`` answers POST: by then the form was read, it came from a page of
    this console in this browser, and it was not taken before.  ``menu`` and ``group`` are keys of
    texts: the page's entry in the navigation, and the heading that it stands under.  A value of
    its forms is cut behind ``value_max`` characters.
    """

    path: str
    needs: Right | Open
    show: Handler | None
    act: Handler | None = None
    menu: str = ""
    group: str = ""
    value_max: int = 4_000
