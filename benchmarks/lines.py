"""A line of the bench's table: what was measured, what it must reach, what it should.

Only lines are known here, no measurement.  A benchmark prints verdicts and fails nothing: no test
depends on a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

MET_GOAL, MET, MISSED, NONE = "goal", "bar", "MISSED", ""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure.  ``must`` and ``goal`` are None where there is none; ``less`` is better, or
    more is.  ``note`` says how the figure came about.
    """

    name: str
    value: float
    unit: str = ""
    must: float | None = None
    goal: float | None = None
    less: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """``goal``, ``bar`` or ``MISSED``; empty for a figure that has nothing to reach."""
        if self.goal is not None and self._reaches(self.goal):
            return MET_GOAL
        if self.must is not None:
            return MET if self._reaches(self.must) else MISSED
        return NONE if self.goal is None else "behind"

    def _reaches(self, mark: float) -> bool:
        return self.value <= mark if self.less else self.value >= mark


def told(line: Line) -> dict[str, Any]:
    """A line as JSON has it, with its verdict."""
    return asdict(line) | {"verdict": line.verdict}


def line_of(values: dict[str, Any]) -> Line:
    """The line that ``told`` has told."""
    return Line(**{name: value for name, value in values.items() if name != "verdict"})


def print_lines(lines: Sequence[Line]) -> None:
    """The table of bars."""
    print(f"\n{'what':66}{'measured':>12}{'bar':>10}{'goal':>10}  verdict")
    for line in lines:
        sign = "≤" if line.less else "≥"
        print(
            f"{line.name:66}{figure(line.value, line.unit):>12}"
            f"{mark(line.must, sign):>10}{mark(line.goal, sign):>10}  {line.verdict}"
            + (f"   ({line.note})" if line.note else "")
        )


def mark(value: float | None, sign: str) -> str:
    """What a figure must reach, in words."""
    return "" if value is None else f"{sign} {_number(value)}"


def figure(value: float, unit: str) -> str:
    """A figure with its unit."""
    return f"{_number(value)} {unit}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")
