"""The report about a breach as text, CSV or JSON.

Persons are left out, or shown by their masked numbers, or by whole numbers where they have to be
told of the breach (KVKK Art. 12/5).  This module shows; it looks nothing up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from kps_soap import identity_number
from kps_soap.audit.breach_report import BreachReport
from kps_soap.audit.months import ISTANBUL
from kps_soap.audit.sheets import as_csv as sheet


class Persons(StrEnum):
    """How the persons are shown."""

    NO = "no"
    MASKED = "masked"
    WHOLE = "whole"


#: The columns of the one table that the CSV is; a row fills those that its part has.
COLUMNS: Final = (
    "part", "service", "version", "field", "account", "inquirer", "source_address", "person",
    "first", "last", "calls", "persons",
)  # fmt: skip


def value_of(report: BreachReport, persons: Persons) -> dict[str, Any]:
    """The report as one JSON value."""
    about = report.about
    value: dict[str, Any] = {
        "account": about.account,
        "institution": about.institution,
        "inquirer": about.inquirer,
        "since": _time(about.since),
        "until": _time(about.until),
        "made_at": _time(report.made_at),
        "persons": report.persons,
        "unnamed_persons": report.unnamed,
        "answered_calls": report.answered,
        "refused_calls": report.refused,
        "services": [
            {
                "service": one.service,
                "version": one.version,
                "calls": one.calls,
                "persons": one.persons,
                "fields": dict(one.fields),
            }
            for one in report.services
        ],
        "sources": [
            {
                "account": one.account,
                "inquirer": one.inquirer,
                "source_address": one.source_address,
                "calls": one.calls,
                "persons": one.persons,
            }
            for one in report.sources
        ],
    }
    if persons is not Persons.NO:
        value["people"] = [
            {
                "person": _number(one.number, persons),
                "calls": one.calls,
                "first": _time(one.first),
                "last": _time(one.last),
                "services": list(one.services),
            }
            for one in report.people
        ]
    return value


def as_json(report: BreachReport, persons: Persons) -> str:
    """One JSON document."""
    return json.dumps(value_of(report, persons), ensure_ascii=False, indent=1) + "\n"


def as_csv(report: BreachReport, persons: Persons) -> str:
    """One table, RFC 4180, with a byte order mark for spreadsheets, and no formula."""
    return "".join(sheet(_rows(value_of(report, persons)), COLUMNS))


def _rows(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {
        "part": "total",
        "account": value["account"],
        "inquirer": value["inquirer"],
        "first": value["since"],
        "last": value["until"],
        "calls": value["answered_calls"],
        "persons": value["persons"],
    }
    yield {"part": "unnamed", "persons": value["unnamed_persons"]}
    yield {"part": "refused", "calls": value["refused_calls"]}
    for one in value["services"]:
        fields = one.pop("fields")
        yield {"part": "service", **one}
        for path, calls in fields.items():
            named = {"service": one["service"], "version": one["version"]}
            yield {"part": "field", **named, "field": path, "calls": calls}
    for one in value["sources"]:
        yield {"part": "source", **one}
    for one in value.get("people", ()):
        yield {"part": "person", **one, "service": " ".join(one["services"])}


def as_text(report: BreachReport, persons: Persons) -> str:
    """Lines for a terminal."""
    return "\n".join(_shown(line) for line in _lines(report, persons)) + "\n"


def _lines(report: BreachReport, persons: Persons) -> Iterator[str]:
    about = report.about
    named = {
        "institution": about.institution,
        "account": about.account,
        "inquirer": about.inquirer,
    }
    yield "  ".join(f"{name} {value}" for name, value in named.items() if value is not None)
    yield f"from {_time(about.since)} until {_time(about.until)} (Europe/Istanbul)"
    yield ""
    unnamed = f", {report.unnamed} of them known by digest only" if report.unnamed else ""
    yield f"affected persons: {report.persons}{unnamed}"
    yield f"answered calls: {report.answered}"
    yield f"refused calls: {report.refused} (nothing was handed out)"
    for service in report.services:
        yield ""
        name = f"{service.service} {service.version}"
        yield f"{name}: {_many(service.calls, 'call')}, {_many(service.persons, 'person')}"
        for path, calls in service.fields:
            yield f"  {path}  {calls}"
    if report.sources:
        yield ""
        yield "who got the answers (account, inquirer, address): calls, persons"
    for source in report.sources:
        who = "  ".join(
            one or "-" for one in (source.account, source.inquirer, source.source_address)
        )
        yield f"  {who}: {source.calls}, {source.persons}"
    if persons is Persons.NO:
        return
    yield ""
    yield "persons: calls, first and last"
    for one in report.people:
        number = _number(one.number, persons)
        yield f"  {number}: {one.calls}, {_time(one.first)} - {_time(one.last)}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _number(number: int, persons: Persons) -> str:
    return str(number) if persons is Persons.WHOLE else identity_number.mask(number)


def _time(moment: datetime) -> str:
    return moment.astimezone(ISTANBUL).replace(tzinfo=None).isoformat(timespec="seconds")


def _shown(line: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in line)
