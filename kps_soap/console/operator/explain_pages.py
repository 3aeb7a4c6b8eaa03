"""The page that answers "why was this allowed or refused then".

The records of the calls, the agreement's words of that day, each rule and the article behind it;
where no call is on record, what would have become of one.  The look is a record first, with its
reason, and the person's number travels in the posted form only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from starlette.responses import Response

from kps_soap.agreements.explaining import Case, Explained, explain_possible, explain_record
from kps_soap.agreements.recorded_calls import calls_about
from kps_soap.audit import search as searching
from kps_soap.audit.conditions import Criteria
from kps_soap.audit.keys import MonthUnreadable
from kps_soap.audit.months import ISTANBUL
from kps_soap.audit.records import Unreadable
from kps_soap.console.operator import explain_words
from kps_soap.console.operator.evidence_pages import asker, recording
from kps_soap.console.operator.institutions import ONE_AT_A_TIME
from kps_soap.console.operator.looking import Mistake, read_day, read_number, read_reason
from kps_soap.console.operator.people_words import wrongs
from kps_soap.console.visit import Visit
from kps_soap.terms import istanbul_date

ADDRESS: Final = "/isletmen/neden"
#: Records of one explanation; who needs more narrows the time.
_CALLS_MAX: Final = 20
_TEXT_MAX: Final = 100
_MINUTES_MAX: Final = 1440


@dataclass(frozen=True, slots=True)
class Question:
    """Which calls are to be explained, and why somebody wants to know."""

    institution: str
    service: str
    version: str
    purpose: str
    person: int
    since: datetime
    until: datetime
    reason: str

    @property
    def criteria(self) -> Criteria:
        """The calls as the evidence finds them."""
        return Criteria(
            person=self.person,
            institution=self.institution,
            service=self.service,
            since=self.since,
            until=self.until,
        )

    def moment(self, now: datetime) -> datetime:
        """When a call that nobody made is thought to be made: now, or in the middle of the time."""
        if self.since <= now < self.until:
            return now
        return self.since + (self.until - self.since) / 2


async def show(visit: Visit) -> Response:
    """The empty form."""
    return _page(visit)


async def explain(visit: Visit) -> Response:
    """Record the look, then explain the calls that are found, or one that nobody made."""
    wanted = _read(visit)
    if not isinstance(wanted, Question):
        return _page(visit, mistakes=wanted)
    record = recording(visit)
    entry = searching.search_entry(wanted.criteria, asker(visit, wanted.reason))

    def look() -> list[Explained]:
        record(entry)
        return _explained(visit, wanted)

    try:
        found = await visit.aside(look)
    except (MonthUnreadable, Unreadable):
        return visit.refused("operator.month_unreadable", status=503)
    return _page(visit, found=[explain_words.told_call(visit.t, one) for one in found])


def _explained(visit: Visit, wanted: Question) -> list[Explained]:
    house = visit.house
    with ONE_AT_A_TIME, house.engine.connect() as connection, connection.begin():
        calls = calls_about(connection, house.keyring, wanted.criteria, limit=_CALLS_MAX)
        told = [
            explain_record(connection, house.keeper, one)
            for one in calls
            if wanted.version in ("", one.columns["version"])
        ]
        if told:
            return told
        moment = wanted.moment(visit.now)
        on = istanbul_date(moment)
        return [
            one
            for version in _versions(visit, wanted)
            for one in explain_possible(
                connection,
                house.keeper,
                wanted.institution,
                moment,
                Case(wanted.service, version, on, purpose=wanted.purpose),
            )
        ]


def _versions(visit: Visit, wanted: Question) -> list[str]:
    every = sorted(one.version for one in visit.house.contracts if one.name == wanted.service)
    return [one for one in every if wanted.version in ("", one)]


def _read(visit: Visit) -> Question | list[Mistake]:
    form, mistakes = visit.form, list[Mistake]()
    reason = read_reason(form, mistakes)
    person = read_number(form.get("person", ""), mistakes)
    if not form.get("person"):
        mistakes.append(("person", "operator.wrong.person_missing"))
    since, until = _span(form, mistakes)
    texts = {name: form.get(name, "") for name in ("institution", "service", "version", "purpose")}
    mistakes += [
        (name, "operator.wrong.long") for name, text in texts.items() if len(text) > _TEXT_MAX
    ]
    if not texts["institution"]:
        mistakes.append(("institution", "operator.wrong.institution_missing"))
    known = [one for one in visit.house.contracts if one.name == texts["service"]]
    if not known:
        mistakes.append(("service", "operator.wrong.service"))
    elif texts["version"] and texts["version"] not in {one.version for one in known}:
        mistakes.append(("version", "operator.wrong.version"))
    if mistakes or person is None or since is None or until is None:
        return mistakes
    return Question(**texts, person=person, since=since, until=until, reason=reason)


def _span(
    form: Mapping[str, str], mistakes: list[Mistake]
) -> tuple[datetime, datetime] | tuple[None, None]:
    """The whole day, or the minutes around a time of it; of Europe/Istanbul."""
    day: date | None = read_day(form, "day", mistakes)
    if not form.get("day"):
        mistakes.append(("day", "operator.wrong.day_missing"))
    clock, around = form.get("time", ""), form.get("within", "") or "5"
    at: time | None = None
    if clock:
        try:
            at = time.fromisoformat(clock).replace(tzinfo=None)
        except ValueError:
            mistakes.append(("time", "operator.wrong.time"))
    minutes = int(around) if around.isascii() and around.isdecimal() and len(around) < 5 else -1
    if not 0 <= minutes <= _MINUTES_MAX:
        mistakes.append(("within", "operator.wrong.minutes"))
    if day is None:
        return None, None
    if at is None:
        first = datetime.combine(day, time(), ISTANBUL)
        return first, datetime.combine(day + timedelta(days=1), time(), ISTANBUL)
    moment, width = datetime.combine(day, at, ISTANBUL), timedelta(minutes=minutes, seconds=1)
    return moment - width, moment + width


def _page(
    visit: Visit,
    *,
    mistakes: list[Mistake] | None = None,
    found: list[explain_words.ToldCall] | None = None,
) -> Response:
    return visit.render(
        "isletmen_neden.html",
        status=422 if mistakes else 200,
        form=visit.form,
        services=sorted({one.name for one in visit.house.contracts}),
        found=found,
        cut=found is not None and len(found) == _CALLS_MAX,
        errors=wrongs(visit, mistakes or ()),
    )
