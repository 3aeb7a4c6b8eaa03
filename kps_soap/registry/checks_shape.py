"""Invariants about the population as a whole: how many live, how old, how housed (I13, I20).

The shares are those the simulation aims at; a small register may stray further.  Nothing here
looks at a single person.
"""

# Tables and columns in statements are constants of this package; values are always bound.
# ruff: noqa: S608

from collections.abc import Iterator
from typing import Final

from kps_soap.registry.rules import Register, Violation

_LIVING: Final = (
    "(SELECT number, born FROM citizens WHERE status_code = :open"
    " UNION ALL SELECT number, born FROM foreigners WHERE status_code = :open"
    " UNION ALL SELECT number, born FROM blue_card_persons WHERE status_code = :open)"
)
_SHARE_WITHOUT_RESIDENCE: Final = 0.007
#: Smaller registers have no shape: the personas alone would bend it.
SHAPED_FROM: Final = 1000
_LIVING_SHARE: Final = (0.60, 0.65)
_YOUNG_SHARE: Final = (0.12, 0.30)
_OLD_SHARE: Final = (0.05, 0.17)
_HOUSEHOLD: Final = (2.5, 3.7)


def check_residences(register: Register) -> Iterator[Violation]:
    """I13: all who live have a residence but for seven in a thousand."""
    living = register.count(f"SELECT count(*) FROM {_LIVING} AS living")
    without = register.count(
        f"SELECT count(*) FROM {_LIVING} AS living WHERE NOT EXISTS"
        " (SELECT 1 FROM addresses a WHERE a.number = living.number"
        " AND a.residence AND NOT a.archived)"
    )
    expected = living * _SHARE_WITHOUT_RESIDENCE
    if without > expected + 5 * expected**0.5 + 3:
        yield Violation("I13", "too many have no residence", without)


def check_shape(register: Register) -> Iterator[Violation]:
    """I20: the shares of the living, the young and the old, and the size of households."""
    size = int(register.notes["size"])
    if size < SHAPED_FROM:
        return
    slack = 1.3 / size**0.5
    everybody = sum(
        register.count(f"SELECT count(*) FROM {table}") for table in ("citizens", "foreigners")
    )
    everybody += register.count(
        "SELECT count(*) FROM blue_card_persons b"
        " WHERE NOT EXISTS (SELECT 1 FROM citizens c WHERE c.number = b.number)"
    )
    if everybody != size:
        yield Violation("I20", "there are more or fewer persons than were made", 1)
    living = register.count(f"SELECT count(*) FROM {_LIVING} AS living")
    age = "(:today - born) / 10000"
    young = register.count(f"SELECT count(*) FROM {_LIVING} AS living WHERE {age} < 15")
    old = register.count(f"SELECT count(*) FROM {_LIVING} AS living WHERE {age} >= 65")
    homes = register.count(
        "SELECT count(DISTINCT address_no) FROM addresses"
        " WHERE residence AND NOT archived AND address_no IS NOT NULL"
    )
    housed = register.count(
        "SELECT count(*) FROM addresses WHERE residence AND NOT archived AND address_no IS NOT NULL"
    )
    for sentence, value, (low, high), stray in (
        ("the share of the living is off", living / max(1, everybody), _LIVING_SHARE, slack),
        ("the share of the young is off", young / max(1, living), _YOUNG_SHARE, slack),
        ("the share of the old is off", old / max(1, living), _OLD_SHARE, slack),
        ("the size of households is off", housed / max(1, homes), _HOUSEHOLD, 10 * slack),
    ):
        if not low - stray <= value <= high + stray:
            yield Violation("I20", sentence, 1)
