"""Rates by which the synthetic population is born, marries, parts and dies.

General demographic knowledge as round figures, not official microdata (K4.3): each table is a
list of (year, value) points, straight lines between them.  Only ``random()`` is drawn and only
``+ - * /`` is computed, so that the same seed gives the same people on every platform.

This module refuses to know any person: it turns a year and a random number into a figure.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, TypeAlias

FIRST_YEAR: Final = 1800
LAST_YEAR: Final = 2110

Points: TypeAlias = Sequence[tuple[float, float]]


def between(points: Points, at: float) -> float:
    """The value of a table at ``at``; beyond its ends the end's value."""
    position = bisect_right(points, at, key=lambda point: point[0])
    if position == 0:
        return points[0][1]
    if position == len(points):
        return points[-1][1]
    (x0, y0), (x1, y1) = points[position - 1], points[position]
    return y0 + (y1 - y0) * (at - x0) / (x1 - x0)


def _by_year(points: Points) -> tuple[float, ...]:
    """A table as one figure a year, to be read by index ``year - FIRST_YEAR``."""
    return tuple(between(points, year) for year in range(FIRST_YEAR, LAST_YEAR + 1))


#: Children a wife wants, by the year of her marriage.
CHILDREN = _by_year(
    [(1860, 6.0), (1920, 6.2), (1955, 6.0), (1975, 4.4), (1995, 2.8), (2010, 2.2), (2024, 1.7)]
)
#: Share of the newborn who die before their first birthday, by birth year.
INFANT_DEATH = _by_year([(1850, 0.17), (1945, 0.14), (1975, 0.08), (1995, 0.03), (2015, 0.010)])
#: Share of one-year-olds who die before they are fifteen, by birth year.
CHILD_DEATH = _by_year([(1850, 0.12), (1930, 0.09), (1960, 0.03), (1990, 0.008), (2010, 0.003)])
#: How far the ages of adult death lie above those of the oldest cohort, in years.
LONGER_LIFE = _by_year([(1850, 0.0), (1900, 3.0), (1940, 7.5), (1970, 12.0), (2000, 15.0)])
#: Share of marriages that end in divorce, by the year of the marriage.
DIVORCE = _by_year([(1950, 0.01), (1980, 0.06), (2000, 0.15), (2015, 0.25)])
#: Mean age at first marriage, by birth year.
MAN_MARRIES = _by_year([(1840, 22.5), (1950, 23.5), (1980, 26.5), (2000, 28.5)])
WOMAN_MARRIES = _by_year([(1840, 18.5), (1950, 20.0), (1980, 23.5), (2000, 26.0)])
#: Share of those who never look for a spouse, by birth year.
STAYS_SINGLE = _by_year([(1840, 0.03), (1950, 0.04), (1980, 0.08), (2000, 0.15)])

#: Age at the death of those who reach fifteen in the oldest cohort, by share dead.
_ADULT_DEATH: Points = (
    (0.0, 15.0),
    (0.06, 25.0),
    (0.14, 38.0),
    (0.28, 52.0),
    (0.5, 63.5),
    (0.75, 74.0),
    (0.9, 81.5),
    (0.985, 89.0),
    (1.0, 95.0),
)
_ADULT_STEPS: Final = 1024
_ADULT_AGES = tuple(between(_ADULT_DEATH, step / _ADULT_STEPS) for step in range(_ADULT_STEPS + 1))
_WOMEN_LIVE_LONGER: Final = 3.0
_AGE_MAX: Final = 108.0

SHARE_OF_TWIN_BIRTHS: Final = 0.014
SHARE_OUT_OF_WEDLOCK: Final = 0.03
SHARE_ACKNOWLEDGED: Final = 0.60
SHARE_ADOPTED: Final = 0.002
SHARE_HEAPED: Final = 0.15
LAST_HEAPED_YEAR: Final = 1970


def age_at_death(sex: int, birth_year: int, one: float, two: float) -> float:
    """Age in years at death from two random numbers; ``sex`` 2 is a woman."""
    index = birth_year - FIRST_YEAR
    infant = INFANT_DEATH[index]
    if one < infant:
        return two * two
    child = infant + (1.0 - infant) * CHILD_DEATH[index]
    if one < child:
        return 1.0 + 14.0 * two * two
    share = (one - child) / (1.0 - child)
    age = _ADULT_AGES[int(share * _ADULT_STEPS)] + two
    longer = LONGER_LIFE[index] + (_WOMEN_LIVE_LONGER if sex == 2 else 0.0)
    age += longer * min(1.0, (age - 15.0) / 45.0)
    return min(age, _AGE_MAX)
