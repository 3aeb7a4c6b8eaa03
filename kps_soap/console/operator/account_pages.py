"""Pages of institutions' accounts: block, open again, and a new password that is shown once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap import credentials
from kps_soap.console.forms import Wrong
from kps_soap.console.operator import accounts
from kps_soap.console.operator.accounts import AccountRow
from kps_soap.console.operator.looking import Mistake, read_reason
from kps_soap.console.operator.paging import part_of
from kps_soap.console.visit import Visit
from kps_soap.credentials import CredentialError
from kps_soap.entry import Event

ADDRESS: Final = "/isletmen/hesaplar"
_PASSWORD_BYTES: Final = 18


async def show_list(visit: Visit) -> Response:
    """Every account, narrowed by words."""
    wanted, agreements = visit.query.get("q", ""), visit.house.book.current()
    found = await visit.read(lambda at: accounts.rows(at, agreements, now=visit.now, wanted=wanted))
    return visit.render(
        "isletmen_hesaplar.html",
        part=part_of(found, visit.query.get("sayfa", "")),
        wanted=wanted,
        address=_address,
    )


async def show_one(visit: Visit) -> Response:
    """One account with what can be done to it."""
    return await _page(visit)


async def act(visit: Visit) -> Response:
    """Block, open again, or set a new password: for what the page showed, with a reason."""
    account, form = visit.path["account"], visit.form
    mistakes: list[Mistake] = []
    reason, seen = read_reason(form, mistakes), form.get("row_version", "")
    what = form.get("what", "")
    days = form.get("days", "") or str(credentials.OVERLAP_DAYS_MAX)
    if what == "beside" and days not in _DAYS:
        mistakes.append(("days", "operator.wrong.days"))
    if what not in _WORK and what not in _PASSWORDS:
        mistakes.append(("what", "operator.wrong.choice"))
    row = await _row(visit)
    if mistakes or row is None:
        return await _page(visit, mistakes)
    try:
        if what in _PASSWORDS:
            beside = int(days) if what == "beside" else 0
            return await _new_password(visit, row, seen, reason, beside=beside)
        work, event = _WORK[what]
        await visit.act(
            event,
            lambda at: work(at, account, seen=seen, now=visit.now),
            about=account,
            reason=reason,
            institution=row.institution,
        )
    except CredentialError:
        # Another one than the page showed, or one whose former password nobody should keep.
        return visit.refused("operator.account_not_so", status=409)
    return visit.go(f"{ADDRESS}/{quote(account, safe='')}", f"operator.account_{what}.done")


async def _new_password(
    visit: Visit, whose: AccountRow, seen: str, reason: str, *, beside: int
) -> Response:
    """A new password; ``beside`` is for how many days the present one holds on."""
    account, password = whose.account, visit.house.random_bytes(_PASSWORD_BYTES).hex()

    def prepare() -> tuple[str, dict[str, Any]]:
        former = credentials.present_hash(visit.house.engine, account) if beside else ""
        return former, credentials.password_row(account, password, now=visit.now, beside=former)

    former, row = await visit.aside(prepare)

    def work(at: Connection) -> datetime | None:
        if not beside:
            accounts.set_password(at, account, row, seen=seen)
            return None
        return accounts.set_password_beside(
            at, account, row, former=former, days=beside, seen=seen, now=visit.now
        )

    until = await visit.act(
        Event.PASSWORD_SET,
        work,
        about=account,
        reason=reason,
        institution=whose.institution,
    )
    return visit.render(
        "isletmen_hesap_parola.html",
        account=account,
        password=password,
        former_until=until,
        back=_address(account),
    )


#: The ways to give a password: in place of the present one, or beside it for some days.
_PASSWORDS: Final = ("password", "beside")
#: For how many days a former password can hold on.
_DAYS: Final = tuple(str(one) for one in range(1, credentials.OVERLAP_DAYS_MAX + 1))

_Work = Callable[..., None]
_WORK: Final[dict[str, tuple[_Work, Event]]] = {
    "block": (accounts.block, Event.ACCOUNT_BLOCKED),
    "unblock": (accounts.unblock, Event.ACCOUNT_OPENED),
}


async def _page(visit: Visit, mistakes: list[Mistake] | None = None) -> Response:
    row = await _row(visit)
    if row is None:
        return visit.refused("operator.account_unknown", status=404)
    return visit.render(
        "isletmen_hesap.html",
        status=422 if mistakes else 200,
        row=row,
        days=_DAYS,
        form=visit.form,
        errors=[Wrong(field, visit.t(key)) for field, key in mistakes or ()],
    )


async def _row(visit: Visit) -> AccountRow | None:
    """The account of the address; None where nobody knows it."""
    account, agreements = visit.path["account"], visit.house.book.current()

    def look(at: Connection) -> AccountRow | None:
        return accounts.find(at, agreements, account, now=visit.now)

    return await visit.read(look)


def _address(account: str) -> str:
    return f"/konsol{ADDRESS}/{quote(account, safe='')}"
