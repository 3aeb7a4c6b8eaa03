"""The pages of an institution's people: front page, services, query, answer, own history.

What is shown of services is what the person may ask; what is asked walks the line.  The answer is
shown from the signed bytes that the line gave, in the same request, and kept nowhere but in the
evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from kps_soap.audit import search
from kps_soap.audit.conditions import Criteria, Position
from kps_soap.console import asking, extracts, photographs, query_forms, rendering
from kps_soap.console.forms import Wrong
from kps_soap.console.labels import code_label, service_label
from kps_soap.console.offers import Offer, offer_of, offers_for
from kps_soap.console.pages import Open, Page
from kps_soap.console.query_forms import CASE, CASE_MAX, PURPOSE
from kps_soap.console.visit import ROOT, Visit
from kps_soap.entry import Event
from kps_soap.faults import Outcome
from kps_soap.gateway import Answer
from kps_soap.people.ageing import days_by_institution, last_day
from kps_soap.people.reminders import THRESHOLDS
from kps_soap.people.roles import Right
from kps_soap.services.alindi import NAME as RECEIPTS
from kps_soap.services.bilgi import NAME as INFORMATION
from kps_soap.terms import istanbul_date

#: Services that have a page of their own in the menu.
OWN_PAGES: Final[Mapping[str, str]] = {RECEIPTS: "/alindi", INFORMATION: "/bilgi"}
_HISTORY_PAGE: Final = 50
#: Events of queries; whatever else somebody does stands in no list of queries.
_QUERIES: Final = frozenset(
    event.value
    for event in (
        *(Event.QUERY, Event.DICTIONARY, Event.INFORMATION, Event.VERIFICATION),
        *(Event.REFUSAL, Event.RECEIPT),
    )
)
_NOT_FOUND: Final = frozenset(
    int(one) for one in (Outcome.NOT_FOUND, Outcome.SEVERAL, Outcome.NOT_ON_ROSTER)
)


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the menu, with its versions, newest first."""

    name: str
    text: str
    versions: tuple[tuple[str, str, str], ...]


async def show_front(visit: Visit) -> Response:
    """Who one is here, and what one can do."""
    who = visit.person
    held = visit.house.book.current().of_institution(who.institution) if who.institution else ()
    name = held[0].institution.name if held else who.institution or visit.t("frame.centre")
    known = [
        (visit.t("front.institution"), name),
        (visit.t("front.unit"), who.unit),
        (
            visit.t("front.roles"),
            ", ".join(sorted(visit.t(f"role.{one}") for one in who.person.roles)),
        ),
        (visit.t("front.inquirer"), who.inquirer if who.institution else ""),
    ]
    return visit.render("ana.html", known=known, ends=_ends(visit))


def _ends(visit: Visit) -> list[str]:
    """What of the person's own access ends soon, in sentences."""
    person, today = visit.person.person, istanbul_date(visit.now)
    own = visit.house.settings.password_days_max
    days_max = days_by_institution(visit.house.book.current(), own)(person.institution)
    days = (
        ("front.access_ends", person.valid_until),
        ("front.password_ends", last_day(person.password_at, days_max)),
    )
    soon = THRESHOLDS[0]
    return [
        visit.t(key, day=rendering.day(on))
        for key, on in days
        if on is not None and (on - today).days <= soon
    ]


async def show_services(visit: Visit) -> Response:
    """The services that the person may ask."""
    offers = await visit.read(lambda connection: offers_for(visit, connection))
    by_name: dict[str, list[Offer]] = {}
    for offer in offers:
        if offer.contract.name in OWN_PAGES:
            continue
        by_name.setdefault(offer.contract.name, []).append(offer)
    services = [
        Service(
            name,
            service_label(name, visit.language),
            tuple(
                (one.contract.version, f"{ROOT}/sorgu/{name}/{one.contract.version}", _stage(one))
                for one in held
            ),
        )
        for name, held in by_name.items()
    ]
    services.sort(key=lambda one: one.text)
    return visit.render("servisler.html", services=services)


def _stage(offer: Offer) -> str:
    return offer.granted.stage if offer.granted.stage in ("PILOT", "TEST") else ""


async def _offer(visit: Visit) -> Offer | None:
    offers = await visit.read(lambda connection: offers_for(visit, connection))
    return offer_of(offers, visit.path["service"], visit.path["version"])


async def show_query(visit: Visit) -> Response:
    """The form of one version of one service."""
    offer = await _offer(visit)
    if offer is None:
        return visit.refused("query.unknown", status=404)
    if offer.contract.name in OWN_PAGES:
        return visit.go(OWN_PAGES[offer.contract.name])
    return _query_page(visit, offer, {}, ())


def _query_page(
    visit: Visit,
    offer: Offer,
    form: Mapping[str, str],
    errors: Sequence[Wrong],
    status: int = 200,
) -> Response:
    default = offer.agreement.access.default_purpose
    chosen = form.get(PURPOSE, default if default in offer.purposes else "")
    return visit.render(
        "sorgu.html",
        status=status,
        service=service_label(offer.contract.name, visit.language),
        published=offer.contract.name,
        version=offer.contract.version,
        stage=_stage(offer),
        fields=query_forms.fields_of(offer.contract, visit.language),
        form=form,
        purposes=[("", visit.t("query.choose"))]
        + [(one, code_label(one)) for one in offer.purposes],
        purpose=chosen,
        has_purpose=bool(offer.purposes),
        case_demanded=offer.case_demanded,
        errors=errors,
    )


async def ask(visit: Visit) -> Response:
    """One query: from the form to the line, and its answer as a page."""
    offer = await _offer(visit)
    if offer is None:
        return visit.refused("query.unknown", status=404)
    errors = _problems(visit, offer)
    if errors:
        return _query_page(visit, offer, visit.form, errors, 422)
    await visit.spend()
    answer = await asking.ask(visit, offer, visit.form)
    return _answer_page(visit, offer, answer)


def _problems(visit: Visit, offer: Offer) -> list[Wrong]:
    form = visit.form
    found = list(query_forms.problems(offer.contract, form, visit.language))
    if offer.purposes and form.get(PURPOSE, "") not in offer.purposes:
        found.append(Wrong(PURPOSE, visit.t("query.purpose_missing")))
    case = form.get(CASE, "")
    if (offer.case_demanded and not case) or len(case) > CASE_MAX:
        found.append(Wrong(CASE, visit.t("query.case_missing")))
    return found


def _answer_page(visit: Visit, offer: Offer, answer: Answer) -> Response:
    """The answer as people read it, with its receipt."""
    view = asking.view_of_answer(visit, answer)
    receipt = view.receipt
    code = extracts.code_of(receipt.number, receipt.answer_digest) if receipt.number else ""
    language = visit.language
    held = offer.agreement.institution
    service = service_label(offer.contract.name, language)
    facts = [
        (visit.t("answer.institution"), f"{held.name} ({held.code})"),
        (visit.t("answer.by"), f"{visit.person.name} ({visit.person.inquirer})"),
        (visit.t("answer.service"), f"{service} ({offer.contract.name} {offer.contract.version})"),
        (visit.t("query.purpose"), code_label(visit.form.get(PURPOSE, ""))),
        (visit.t("query.case"), visit.form.get(CASE, "")),
    ]
    status = 200 if answer.status == 200 else answer.status
    return visit.render(
        "sonuc.html",
        status=status,
        service=service,
        view=view,
        facts=facts,
        asked=_asked(offer, visit),
        asked_at=visit.now,
        code=code,
        picture=f"{ROOT}/karekod/{receipt.number}/{code}.svg",
        address=f"{visit.house.settings.public_base_url.rstrip('/')}{ROOT}/dogrula",
        request_id=visit.caller.request_id,
        again=f"{ROOT}/sorgu/{offer.contract.name}/{offer.contract.version}",
        signed=asking.download(answer.body, "application/xml") if receipt.number else "",
        photographs=photographs.addresses_of(visit, view),
    )


def _asked(offer: Offer, visit: Visit) -> list[tuple[str, str]]:
    """What was asked, as it was typed."""
    shown = []
    for field in query_forms.fields_of(offer.contract, visit.language):
        value = visit.form.get(field.name, "")
        if value:
            shown.append((field.text, visit.t("frame.yes") if field.kind == "check" else value))
    return shown


# What was asked


async def show_history(visit: Visit) -> Response:
    """The queries made in the person's own name."""
    who = visit.person
    criteria = Criteria(institution=who.institution, inquirer=who.inquirer)
    return await _history(visit, criteria, "kendi sorguları", own=True)


async def show_institutions_history(visit: Visit) -> Response:
    """The queries of the person's institution, by whomever and through whichever door."""
    criteria = Criteria(institution=visit.person.institution)
    return await _history(visit, criteria, "kurumun sorguları", own=False)


async def _history(visit: Visit, criteria: Criteria, reason: str, *, own: bool) -> Response:
    """A page of queries, never about whom; the look itself is on record (K15.3)."""
    who, house = visit.person, visit.house
    asker = search.Asker(who.person_id, reason, visit.caller.request_id, visit.now, "WEB")
    entry = search.search_entry(criteria, asker)
    entry.door, entry.institution = "console", who.institution
    entry.source_address = visit.source_address
    after = _position(visit.query.get("sonra", ""))
    page = await house.acts.do(
        entry,
        lambda connection: search.find(
            connection, house.keyring, criteria, limit=_HISTORY_PAGE, after=after
        ),
    )
    rows = [_history_row(visit, one) for one in page.found if _is_query(one)]
    following = "" if page.next is None else f"{ROOT}{visit.place}?sonra={_written(page.next)}"
    return visit.render("gecmis.html", rows=rows, following=following, own=own)


def _is_query(found: search.Found) -> bool:
    """A call of a service, answered or not; not every act has one."""
    return found.columns["event"] in _QUERIES and bool(found.columns["service"])


def _history_row(visit: Visit, found: search.Found) -> Mapping[str, Any]:
    columns = found.columns
    outcome = columns["outcome"]
    if columns["event"] == Event.REFUSAL.value:
        text, kind = visit.t("history.refused", code=outcome or columns["refusal"]), "kotu"
    elif outcome in _NOT_FOUND:
        text, kind = visit.t("history.not_found"), "uyari"
    else:
        text, kind = visit.t("history.answered"), "iyi"
    return {
        "at": found.received_at,
        "service": service_label(columns["service"] or "", visit.language),
        "version": columns["version"] or "",
        "purpose": code_label(columns["purpose"] or ""),
        "case": columns["case_number"] or "",
        "channel": columns["channel"] or "",
        "inquirer": columns["inquirer"] or columns["account"] or "",
        "receipt": columns["receipt_number"] or "",
        "outcome": text,
        "kind": kind,
    }


def _written(position: Position) -> str:
    return f"{position.received_us}.{position.chain_id}.{position.sequence}"


def _position(text: str) -> Position | None:
    """Where a page begins; an address that somebody changed begins at the newest."""
    parts = text.split(".")
    if len(parts) != 3 or not (parts[0].isdecimal() and parts[2].isdecimal()):
        return None
    if len(parts[0]) > 18 or len(parts[2]) > 18 or not parts[1].isalnum():
        return None
    return Position(int(parts[0]), parts[1], int(parts[2]))


PAGES: Final = (
    Page("/", Open.SIGNED_IN, show_front, menu="menu.front"),
    Page("/sorgu", Right.QUERY, show_services, menu="menu.query", group="menu.sorgu"),
    Page("/sorgu/{service}/{version:path}", Right.QUERY, show_query, ask),
    Page("/gecmis", Right.OWN_HISTORY, show_history, menu="menu.history", group="menu.sorgu"),
    Page(
        "/kurum/gecmis",
        Right.INSTITUTION_HISTORY,
        show_institutions_history,
        menu="menu.institution_history",
        group="menu.kurum",
    ),
)
