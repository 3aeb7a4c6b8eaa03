"""Pages that tell how the gateway does: a summary, live traffic, health of its parts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection
from starlette.responses import Response

from kps_soap.agreements.store import Version
from kps_soap.audit.months import ISTANBUL
from kps_soap.console.operator import health, institutions, traffic, wording
from kps_soap.console.operator.agreement_pages import address_of
from kps_soap.console.operator.alert_words import reasons_of
from kps_soap.console.operator.looking import refusal_classes
from kps_soap.console.visit import Visit
from kps_soap.metrics import gauges
from kps_soap.misuse import findings

#: The spans of the traffic page, in minutes.
SPANS: Final = (5, 15, 60)
_SUMMARY_MINUTES: Final = 15
_NEAR_MAX: Final = 8
_STEPS: Final = 5
#: The chart of the traffic page, in its own units.
CHART: Final = (600, 120)


async def show_summary(visit: Visit) -> Response:
    """What an operator looks at first."""
    today = visit.now.astimezone(ISTANBUL).date()
    agreements = visit.house.book.current()
    red = await visit.house.vitals.red()

    def look(at: Connection) -> tuple[traffic.Traffic, list[Version], int]:
        return (
            traffic.traffic(at, visit.now, minutes=_SUMMARY_MINUTES),
            institutions.last_steps(at, limit=_STEPS),
            sum(findings.open_counts(at).values()),
        )

    passed, steps, alerts = await visit.read(look)
    rows, near = await visit.aside(
        lambda: (
            institutions.rows(agreements, today),
            institutions.endings(agreements, today, days=institutions.NEAR_DAYS),
        )
    )
    return visit.render(
        "isletmen.html",
        parts=health.parts(red),
        traffic=passed,
        minutes=_SUMMARY_MINUTES,
        steps=steps,
        told_reason=reasons_of(visit),
        agreements=len(rows),
        answering=sum(1 for row in rows if row.standing.level != institutions.BAD),
        problems=len(visit.house.book.problems),
        near=near[:_NEAR_MAX],
        alerts=alerts,
        address=address_of,
        near_more=max(0, len(near) - _NEAR_MAX),
        ending=lambda one: wording.ending_text(visit.t, one),
        days=lambda count: wording.days_text(visit.t, count),
    )


async def show_traffic(visit: Visit) -> Response:
    """Calls, latencies and refusals of the last minutes."""
    asked = visit.query.get("dakika", "")
    minutes = int(asked) if asked in map(str, SPANS) else SPANS[1]
    passed = await visit.read(lambda at: traffic.traffic(at, visit.now, minutes=minutes))
    return visit.render(
        "isletmen_trafik.html",
        traffic=passed,
        minutes=minutes,
        spans=SPANS,
        bars=bars(passed),
        chart=CHART,
        refusals=refusal_classes(),
    )


def bars(passed: traffic.Traffic) -> list[tuple[float, float, float, float]]:
    """A bar a minute in the chart's units: where it begins, how wide, answered, refused."""
    wide, high = CHART
    width = wide / max(1, len(passed.minutes))
    unit = high / max(1, passed.busiest)
    return [
        (round(place * width, 2), round(width * 0.8, 2), one.answered * unit, one.refused * unit)
        for place, one in enumerate(passed.minutes)
    ]


async def show_health(visit: Visit) -> Response:
    """Parts, keys, database, chains, seals, volumes, and the workers of all gateways."""
    house = visit.house
    red = await house.vitals.red()

    def look(at: Connection) -> tuple[health.Seals, list[health.WorkerLease]]:
        return health.seals(at), list(health.workers(at, visit.now))

    sealed, workers = await visit.read(look)
    signers = {
        f"signing_{'rsa' if name == 'RSA' else 'p256'}": one.not_after
        for name, one in house.signers.items()
    }
    files = await visit.aside(lambda: gauges.file_certificates(house.settings))
    return visit.render(
        "isletmen_saglik.html",
        status=200,
        parts=health.parts(red),
        seals=sealed,
        workers=workers,
        certificates=health.certificates({**signers, **files}, visit.now),
        volumes=health.volumes(gauges.volumes(house.settings)),
        waiting=house.vitals.evidence.waiting,
        last_commit=house.vitals.evidence.last_commit_seconds,
        problems=house.book.problems,
    )
