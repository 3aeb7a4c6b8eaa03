"""A plot of the grid as SVG, drawn here: no library that draws is among the locked packages.

One panel a database and measure: requests a second, and the 99th percentile, against the number
of callers, for calls about one person.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 34, 40
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_MEASURES = (("per_second", "requests a second"), ("p99_ms", "p99, ms"))
_LEGEND_LINE = 18

Cells = Sequence[Mapping[str, Any]]


def drawn(cells: Cells) -> str:
    """The whole picture; what was not measured is not drawn."""
    shown = [one for one in cells if one["criteria"] == 1]
    names = list(dict.fromkeys(_name(one) for one in shown))
    colours = dict(zip(names, _COLOURS * len(names), strict=False))
    databases = list(dict.fromkeys(one["database"] for one in shown))
    panels = []
    for row, (measure, label) in enumerate(_MEASURES):
        highest = max((one[measure] for one in shown), default=1) or 1
        for column, database in enumerate(databases):
            there = [one for one in shown if one["database"] == database]
            panels.append(
                f'<g transform="translate({column * _WIDTH} {row * _HEIGHT})">'
                + _panel(there, measure, f"{database}: {label}", highest, colours)
                + "</g>"
            )
    width, height = max(1, len(databases)) * _WIDTH, len(_MEASURES) * _HEIGHT
    legend = "".join(
        f'<rect x="{_LEFT}" y="{height + place * _LEGEND_LINE}" width="12" height="12" '
        f'fill="{colours[name]}"/><text x="{_LEFT + 18}" '
        f'y="{height + 10 + place * _LEGEND_LINE}">{escape(name)}</text>'
        for place, name in enumerate(names)
    )
    whole = height + (len(names) + 1) * _LEGEND_LINE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {whole}" width="{width}" '
        f'font-family="sans-serif" font-size="12"><title>Calls about one person, by callers at a '
        f'time</title><rect width="{width}" height="{whole}" fill="#ffffff"/>'
        f"{''.join(panels)}{legend}</svg>\n"
    )


def _panel(
    cells: Cells, measure: str, title: str, highest: float, colours: Mapping[str, str]
) -> str:
    callers = sorted({one["clients"] for one in cells}) or [1]
    step, top = _steps(highest)
    lines = [f'<text x="{_LEFT}" y="20" font-weight="bold">{escape(title)}</text>']
    for turn in range(round(top / step) + 1):
        y = _y(turn * step, top)
        lines.append(
            f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#dddddd"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{turn * step:,.0f}</text>'
        )
    lines += [
        f'<text x="{_x(count, callers):.1f}" y="{_HEIGHT - _BOTTOM + 18}" '
        f'text-anchor="middle">{count}</text>'
        for count in callers
    ]
    for name, colour in colours.items():
        own = sorted((one for one in cells if _name(one) == name), key=lambda one: one["clients"])
        points = [(_x(one["clients"], callers), _y(one[measure], top)) for one in own]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    return "".join(lines)


def _name(cell: Mapping[str, Any]) -> str:
    signed = "unsigned" if cell["signature"] == "none" else cell["signature"]
    return str(cell["door"] if cell["door"] == "token service" else f"{cell['door']}, {signed}")


def _x(count: int, callers: Sequence[int]) -> float:
    first, last = math.log2(callers[0]), math.log2(callers[-1])
    share = (math.log2(count) - first) / (last - first) if last > first else 0.5
    return _LEFT + 12 + share * (_WIDTH - _LEFT - _RIGHT - 24)


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - value / top * (_HEIGHT - _TOP - _BOTTOM)


def _steps(highest: float) -> tuple[float, float]:
    """A round step of the scale, and where the scale ends."""
    power = 10.0 ** math.floor(math.log10(highest / 5))
    step = next(power * one for one in (1, 2, 5, 10) if power * one * 5 >= highest)
    return step, step * math.ceil(highest / step)
