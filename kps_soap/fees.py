"""What a call costs: a rate, how it counts, and the text under which a record keeps both.

Money is whole hundredths of a kuruş; nothing is rounded (§2.6, design D11).  This room knows no
tariff, no agreement and no record: it multiplies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

PER_QUERY: Final = "SORGU"
PER_RECORD: Final = "KAYIT"
EXEMPT: Final = "MUAF"

_TEXT: Final = re.compile(
    rf"(?:({PER_QUERY}|{PER_RECORD}):([0-9]{{1,9}})|{EXEMPT}:([A-Z_]{{1,32}}))"
)


@dataclass(frozen=True, slots=True)
class Fee:
    """How one call is charged: ``hundredths`` of a kuruş per query or per returned record.

    With an ``exemption`` its units are counted and nothing is charged.
    """

    per: str = PER_QUERY
    hundredths: int = 0
    exemption: str = ""

    @property
    def text(self) -> str:
        """As a record keeps it: ``SORGU:300``, ``KAYIT:300`` or ``MUAF:GENEL_YONETIM``."""
        return f"{EXEMPT}:{self.exemption}" if self.exemption else f"{self.per}:{self.hundredths}"

    def amount(self, units: int, records: int) -> int:
        """Hundredths of a kuruş.

        ``units`` are the criteria that reached the register, found or not (design D19),
        ``records`` the records that the answer held.
        """
        if self.exemption:
            return 0
        return self.hundredths * (records if self.per == PER_RECORD else units)

    @classmethod
    def parse(cls, text: str) -> Fee:
        """The fee that a record tells of; raises ``ValueError`` for a text that tells of none."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError("no fee")
        if found[3]:
            return cls(exemption=found[3])
        return cls(per=found[1], hundredths=int(found[2]))


def liras(hundredths: int) -> str:
    """An amount in Turkish lira with four decimals, exactly: 12345 is ``1,2345``."""
    whole, rest = divmod(abs(hundredths), 10_000)
    grouped = f"{whole:,}".replace(",", ".")
    return f"{'-' if hundredths < 0 else ''}{grouped},{rest:04d}"
