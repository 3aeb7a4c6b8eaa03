"""What the three public verifications have in common: how said data are held against a record.

The rules are the classic interface's (wire A) with the gateway's own decisions where it is
silent: a name matches whole or not at all; a part of a date that nobody gave (nil or 0) matches
only a part that the register does not know either (design D20); data are compared, not fates,
so a closed record still verifies.  Nothing here says which part differed.
"""

from __future__ import annotations

from typing import Any, Final

from kps_soap import turkish
from kps_soap.registry.records import PartialDate
from kps_soap.spyne_import import Boolean, Int, Long, Unicode

NAMESPACE: Final = "http://tckimlik.nvi.gov.tr/WS"

#: The classic interface's facets: numbers and booleans must be there, text may be missing.
RequiredLong = Long(min_occurs=1, nillable=False)
RequiredInt = Int(min_occurs=1, nillable=False)
NillableInt = Int(min_occurs=1, nillable=True)
RequiredBoolean = Boolean(min_occurs=1, nillable=False)
OptionalText = Unicode(min_occurs=0, nillable=False)


def is_given(text: str | None) -> bool:
    """Whether a text member says anything."""
    return text is not None and not text.isspace() and text != ""


def name_matches(said: str | None, held: str | None, level: str) -> bool:
    """One name.  Nothing said matches only a name that the register does not hold."""
    if held is None:
        return not is_given(said)
    return said is not None and is_given(said) and turkish.same_name(said, held, level)


def surname_matches(said: str | None, held: str | None, level: str, *, has_none: bool) -> bool:
    """A surname beside its ``SoyadYok`` (K3.5 R15): the flag and the text must agree."""
    if has_none or held is None:
        return has_none and held is None and not is_given(said)
    return name_matches(said, held, level)


def part_matches(said: int | None, held: int | None, *, is_unknown: bool = False) -> bool:
    """A day or a month beside its ``…Yok``: given and flagged unknown at once is no match."""
    given = said or None
    if is_unknown and given is not None:
        return False
    return given == held


def year_matches(said: int, born: PartialDate) -> bool:
    """A birth year; a year that the register does not know matches nothing."""
    return born.year is not None and born.year == said


def code_matches(said: str, held: Any) -> bool:
    """A document's series or number as printed; small letters and outer blanks are forgiven."""
    return held is not None and turkish.ascii_upper(said.strip()) == turkish.ascii_upper(held)
