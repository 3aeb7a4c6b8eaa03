"""The operator's pages: their addresses, who may see them, and their places in the navigation."""

from __future__ import annotations

from typing import Final

from kps_soap.console.operator import (
    account_pages,
    agreement_pages,
    alert_pages,
    approval_pages,
    evidence_pages,
    statement_pages,
    watch_pages,
)
from kps_soap.console.operator.people_pages import PeoplePages
from kps_soap.console.pages import Handler, Page
from kps_soap.people.roles import Right

_GROUP: Final = "menu.isletme"


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
)

_OFFICE: Final = (
    _entry(
        "/isletmen/hesap-ozetleri",
        Right.SEE_STATEMENTS,
        "statements",
        statement_pages.show_month,
        statement_pages.show_statement,
    ),
    _entry(account_pages.ADDRESS, Right.OPERATE, "accounts", account_pages.show_list),
    Page(
        f"{account_pages.ADDRESS}/{{account:path}}",
        Right.OPERATE,
        account_pages.show_one,
        account_pages.act,
    ),
)

_PEOPLE: Final = (
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
    *PeoplePages("/kurum/kisiler", own=True).pages(
        Right.MANAGE_OWN_PEOPLE, "operator.menu.own_people", "menu.kurum"
    ),
)

PAGES: Final[tuple[Page, ...]] = (*_WATCH, *_ALERTS, *_AGREEMENTS, *_EVIDENCE, *_OFFICE, *_PEOPLE)
