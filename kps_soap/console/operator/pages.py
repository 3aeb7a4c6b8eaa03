"""The operator's pages: their addresses, who may see them, and their places in the navigation."""

from __future__ import annotations

from typing import Final

from kps_soap.console.operator import (
    account_pages,
    agreement_pages,
    alert_pages,
    approval_pages,
    evidence_pages,
    explain_pages,
    files_pages,
    mandate_pages,
    month_pages,
    statement_pages,
    watch_pages,
)
from kps_soap.console.operator.import_pages import ImportPages
from kps_soap.console.operator.people_pages import PeoplePages
from kps_soap.console.operator.seat_pages import SeatPages
from kps_soap.console.operator.share_pages import SharePages
from kps_soap.console.operator.system_pages import SystemPages
from kps_soap.console.pages import Handler, Page
from kps_soap.people.roles import Right

_GROUP: Final = "menu.isletme"
_OWN_GROUP: Final = "menu.kurum"


def _entry(path: str, needs: Right, menu: str, show: Handler, act: Handler | None = None) -> Page:
    """A page with an entry in the navigation."""
    return Page(path, needs, show, act, menu=f"operator.menu.{menu}", group=_GROUP)


_WATCH: Final = (
    _entry("/isletmen/durum", Right.SEE_TRAFFIC, "summary", watch_pages.show_summary),
    _entry("/isletmen/trafik", Right.SEE_TRAFFIC, "traffic", watch_pages.show_traffic),
    _entry("/isletmen/saglik", Right.SEE_TRAFFIC, "health", watch_pages.show_health),
)

_ALERTS: Final = (
    _entry(alert_pages.ADDRESS, Right.SEE_TRAFFIC, "alerts", alert_pages.show_list),
    Page(f"{alert_pages.ADDRESS}/{{finding}}", Right.SEE_TRAFFIC, alert_pages.show_one),
    Page(
        "/isletmen/uyari-onay/{finding}",
        Right.OPERATE,
        alert_pages.show_one,
        alert_pages.settle,
    ),
)

_AGREEMENTS: Final = (
    _entry(agreement_pages.ADDRESS, Right.SEE_AGREEMENTS, "agreements", agreement_pages.show_list),
    Page(
        f"{agreement_pages.ADDRESS}/{{number:path}}",
        Right.SEE_AGREEMENTS,
        agreement_pages.show_one,
    ),
    Page(
        f"{agreement_pages.SUSPEND}/{{number:path}}",
        Right.OPERATE,
        agreement_pages.show_suspend,
        agreement_pages.suspend,
    ),
    Page(
        f"{agreement_pages.RESUME}/{{number:path}}",
        Right.OPERATE,
        agreement_pages.show_resume,
        agreement_pages.resume,
    ),
    _entry("/isletmen/degisiklikler", Right.SEE_AGREEMENTS, "steps", agreement_pages.show_steps),
    Page(
        "/isletmen/degisiklikler/{number:int}",
        Right.SEE_AGREEMENTS,
        agreement_pages.show_step,
    ),
    _entry(files_pages.ADDRESS, Right.SEE_AGREEMENTS, "files", files_pages.show),
    Page(files_pages.LOAD, Right.OPERATE, files_pages.show, files_pages.load),
)

_EVIDENCE: Final = (
    _entry(
        "/isletmen/iz",
        Right.SEE_EVIDENCE,
        "search",
        evidence_pages.show_search,
        evidence_pages.search,
    ),
    Page("/isletmen/iz/kayit", Right.SEE_EVIDENCE, None, evidence_pages.show_record),
    _entry(
        "/isletmen/kim-sordu",
        Right.SEE_EVIDENCE,
        "person",
        evidence_pages.show_person_form,
        evidence_pages.report_person,
    ),
    _entry(
        explain_pages.ADDRESS,
        Right.SEE_EVIDENCE,
        "why",
        explain_pages.show,
        explain_pages.explain,
    ),
)

_OFFICE: Final = (
    _entry(
        "/isletmen/hesap-ozetleri",
        Right.SEE_STATEMENTS,
        "statements",
        statement_pages.show_month,
        statement_pages.show_statement,
    ),
    Page(month_pages.CLOSE, Right.OPERATE, month_pages.show_close, month_pages.close),
    Page(month_pages.VERIFY, Right.OPERATE, None, month_pages.verify),
    _entry(account_pages.ADDRESS, Right.OPERATE, "accounts", account_pages.show_list),
    Page(
        f"{account_pages.ADDRESS}/{{account:path}}",
        Right.OPERATE,
        account_pages.show_one,
        account_pages.act,
    ),
)

_VENDORS: Final = (
    _entry(mandate_pages.ADDRESS, Right.MANAGE_ALL_PEOPLE, "mandates", mandate_pages.show_list),
    Page(
        f"{mandate_pages.ADDRESS}/yeni",
        Right.MANAGE_ALL_PEOPLE,
        mandate_pages.show_new,
        mandate_pages.give,
    ),
    Page(
        f"{mandate_pages.ADDRESS}/{{number:int}}",
        Right.MANAGE_ALL_PEOPLE,
        mandate_pages.show_one,
        mandate_pages.end,
    ),
    *SystemPages("/isletmen/sistemler", own=False).pages(
        Right.MANAGE_ALL_PEOPLE, "operator.menu.systems", _GROUP
    ),
)

_PEOPLE: Final = (
    *ImportPages("/isletmen/kisiler", own=False).pages(Right.MANAGE_ALL_PEOPLE),
    *ImportPages("/kurum/kisiler", own=True).pages(Right.MANAGE_OWN_PEOPLE),
    *PeoplePages("/isletmen/kisiler", own=False).pages(
        Right.MANAGE_ALL_PEOPLE, "operator.menu.people", _GROUP
    ),
    _entry(
        "/isletmen/onaylar",
        Right.APPROVE,
        "approvals",
        approval_pages.show_list,
        approval_pages.decide,
    ),
    *SeatPages("/isletmen/kontenjanlar", own=False).pages(
        Right.MANAGE_ALL_PEOPLE, "operator.menu.seats", _GROUP
    ),
    *PeoplePages("/kurum/kisiler", own=True).pages(
        Right.MANAGE_OWN_PEOPLE, "operator.menu.own_people", _OWN_GROUP
    ),
    *SeatPages("/kurum/kontenjanlar", own=True).pages(
        Right.MANAGE_OWN_PEOPLE, "operator.menu.seats", _OWN_GROUP
    ),
    *SystemPages("/kurum/sistemler", own=True).pages(
        Right.MANAGE_OWN_SYSTEMS, "operator.menu.systems", _OWN_GROUP
    ),
    *SharePages("/isletmen/kisiler", own=False).pages(Right.MANAGE_ALL_PEOPLE),
    *SharePages("/kurum/kisiler", own=True).pages(Right.MANAGE_OWN_PEOPLE),
)

PAGES: Final[tuple[Page, ...]] = (
    *_WATCH,
    *_ALERTS,
    *_AGREEMENTS,
    *_EVIDENCE,
    *_OFFICE,
    *_PEOPLE,
    *_VENDORS,
)
