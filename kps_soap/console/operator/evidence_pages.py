"""Pages over the evidence: search it, open one record, report who asked about a person.

Every look is a record first, with its reason.  Numbers of persons travel in posted forms and
never in an address.  A look changes nothing, so a form may be sent again: that is another look,
and another record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.responses import Response

from kps_soap import identity_number
from kps_soap.audit import search as searching
from kps_soap.audit.keys import MonthUnreadable
from kps_soap.audit.masking import masked
from kps_soap.audit.person_report import PersonReport
from kps_soap.audit.person_report import report as report_about
from kps_soap.audit.records import Unreadable
from kps_soap.audit.search import Asker, NoSuchRecord
from kps_soap.console.forms import Wrong
from kps_soap.console.operator import wording
from kps_soap.console.operator.looking import (
    PAGE,
    Mistake,
    PersonQuestion,
    Search,
    place_of,
    position_text,
    read_person_question,
    read_reason,
    read_search,
    refusal_classes,
)
from kps_soap.console.visit import Visit
from kps_soap.entry import Entry, Event

#: A message longer than this is cut where it is shown.
SHOWN_CHARACTERS_MAX: Final = 20_000

#: Columns that a page tells in another place, or that mean nothing to people.
_NOT_TOLD: Final = frozenset({"received_us", "returned_digest"})

#: The refusals of a search form, by name.
REFUSALS: Final = tuple(refusal_classes())


async def show_search(visit: Visit) -> Response:
    """The empty form."""
    return _search_page(visit)


async def search(visit: Visit) -> Response:
    """Record the look, then show a page of what is found."""
    wanted = read_search(visit.form)
    if not isinstance(wanted, Search):
        return _search_page(visit, mistakes=wanted)
    record = recording(visit)
    house, who = visit.house, asker(visit, wanted.reason)
    try:
        page = await visit.aside(
            lambda: searching.search(
                house.engine,
                house.keyring,
                wanted.criteria,
                asker=who,
                record=record,
                limit=PAGE,
                after=wanted.after,
            )
        )
    except MonthUnreadable:
        return visit.refused("operator.month_unreadable", status=503)
    following = page.next and position_text(page.next)
    return _search_page(visit, page=page, following=following or "")


def _search_page(
    visit: Visit,
    *,
    mistakes: list[Mistake] | None = None,
    page: searching.Page | None = None,
    following: str = "",
) -> Response:
    return visit.render(
        "isletmen_iz.html",
        status=422 if mistakes else 200,
        form=visit.form,
        errors=[Wrong(field, visit.t(key)) for field, key in mistakes or ()],
        events=_events(visit),
        refusals=[("", visit.t("operator.choose_any")), *((one, one) for one in REFUSALS)],
        event_words=lambda event: wording.event_words(visit.t, event),
        page=page,
        following=following,
    )


def _events(visit: Visit) -> list[tuple[str, str]]:
    """Every event with its words, for a list to choose from."""
    any_of_them = ("", visit.t("operator.choose_any"))
    return [any_of_them, *((one.value, wording.event_text(visit.t, one.value)) for one in Event)]


async def show_record(visit: Visit) -> Response:
    """Record the look, then open one record, without the secrets that travelled in it."""
    mistakes: list[Mistake] = []
    reason, place = read_reason(visit.form, mistakes), place_of(visit.form.get("record", ""))
    if mistakes or place is None:
        return visit.refused("operator.record_unnamed", status=422)
    record = recording(visit)
    house, who = visit.house, asker(visit, reason)
    try:
        shown = await visit.aside(
            lambda: searching.show(house.engine, house.keyring, *place, asker=who, record=record)
        )
    except NoSuchRecord:
        return visit.refused("operator.record_unknown", status=404)
    except (MonthUnreadable, Unreadable):
        return visit.refused("operator.record_unreadable", status=503)
    told = shown.found.columns.items()
    columns = [
        (wording.column_text(visit.t, name), value)
        for name, value in told
        if value is not None and name not in _NOT_TOLD
    ]
    return visit.render(
        "isletmen_kayit.html",
        found=shown.found,
        columns=columns,
        fields=shown.returned_fields,
        question=_message(shown.question),
        answer=_message(shown.answer),
        reason=reason,
    )


def _message(content: bytes | None) -> str | None:
    return None if content is None else masked(content)[:SHOWN_CHARACTERS_MAX]


async def show_person_form(visit: Visit) -> Response:
    """The empty form of the person's report."""
    return _person_page(visit)


async def report_person(visit: Visit) -> Response:
    """Make, record and show who asked about a person."""
    wanted = read_person_question(visit.form)
    if not isinstance(wanted, PersonQuestion):
        return _person_page(visit, mistakes=wanted)
    record = recording(visit)
    house, who = visit.house, asker(visit, wanted.reason)
    try:
        made = await visit.aside(
            lambda: report_about(
                house.engine,
                house.keyring,
                wanted.person,
                asker=who,
                record=record,
                with_staff=wanted.with_staff,
                since=wanted.since,
                until=wanted.until,
            )
        )
    except MonthUnreadable:
        return visit.refused("operator.month_unreadable", status=503)
    return _person_page(visit, made=made)


def _person_page(
    visit: Visit, *, mistakes: list[Mistake] | None = None, made: PersonReport | None = None
) -> Response:
    return visit.render(
        "isletmen_kim_sordu.html",
        status=422 if mistakes else 200,
        form=visit.form,
        errors=[Wrong(field, visit.t(key)) for field, key in mistakes or ()],
        report=made,
        masked_person="" if made is None else identity_number.mask(made.person),
        names=_names(visit),
    )


def _names(visit: Visit) -> Mapping[str, str]:
    """The institutions' names by code."""
    agreements = visit.house.book.current().agreements
    return {one.institution.code: one.institution.name for one in agreements}


def recording(visit: Visit) -> Callable[[Entry], None]:
    """A function that writes an entry durably, for work that is done in a thread."""
    loop = asyncio.get_running_loop()

    def record(entry: Entry) -> None:
        entry.source_address = visit.source_address
        done: Any = visit.house.acts.do(entry, lambda _connection: None)
        asyncio.run_coroutine_threadsafe(done, loop).result()

    return record


def asker(visit: Visit, reason: str) -> Asker:
    """Whoever is signed in, as the one who looks, and why."""
    return Asker(visit.person.person_id, reason, visit.caller.request_id, visit.now, "WEB")
