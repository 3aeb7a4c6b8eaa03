"""The page that adds many people at once, from a table (CSV) that somebody pastes into it.

All of them, or none and every reason with its line; the rules are those of one person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from kps_soap.audit.months import ISTANBUL
from kps_soap.console.forms import Wrong
from kps_soap.console.operator.looking import Mistake, read_reason
from kps_soap.console.operator.people_words import (
    NotDone,
    acted,
    actor_of,
    institution_wrong,
    problems_of,
    status_of,
    wrongs,
)
from kps_soap.console.pages import Page
from kps_soap.console.visit import Visit
from kps_soap.entry import Event
from kps_soap.people import importing
from kps_soap.people.problems import PeopleError
from kps_soap.people.roles import Right

#: The longest table, in characters: a staff list of more than a thousand.
TABLE_MAX: Final = 100_000
#: So many reasons are shown; whoever has more mends these first.
_SHOWN_MAX: Final = 100
_ABOUT_MAX: Final = 2_000
_FIELD: Final = "table"


@dataclass(frozen=True, slots=True)
class ImportPages:
    """The page below one address.  ``own`` narrows to the visitor's institution."""

    base: str
    own: bool

    def pages(self, needs: Right) -> tuple[Page, ...]:
        """The page; the way to it is the list of people."""
        place = f"{self.base}/dosyadan"
        return (Page(place, needs, self.show, self.add, value_max=TABLE_MAX),)

    async def show(self, visit: Visit) -> Response:
        """The empty form."""
        return self._page(visit)

    async def add(self, visit: Visit) -> Response:
        """Add everybody, on record; or say on which line what is wrong."""
        mistakes: list[Mistake] = []
        reason, table = read_reason(visit.form, mistakes), visit.form.get(_FIELD, "")
        if not table:
            mistakes.append((_FIELD, "operator.import.missing"))
        if len(table) >= TABLE_MAX:
            mistakes.append((_FIELD, "operator.wrong.long"))
        if mistakes:
            return self._page(visit, wrongs(visit, mistakes))
        try:
            lines = importing.read(table.splitlines(keepends=True))
            codes = sorted({cells["institution"] for _, cells in lines} - {""})
            unknown = [one for code in codes for one in institution_wrong(visit, code)]
            if unknown or not lines:
                missing = [Wrong(_FIELD, visit.t("operator.import.missing"))]
                return self._page(visit, unknown or missing)
            added = await self._act(visit, lines, codes, reason)
        except PeopleError as error:
            return self._page(visit, problems_of(visit, error), status_of(error))
        except NotDone as told:
            return self._page(visit, told.errors, told.status)
        return visit.render(
            "isletmen_kisi_dosya_son.html",
            added=added,
            base=f"/konsol{self.base}",
        )

    async def _act(
        self, visit: Visit, lines: list[importing.Line], codes: list[str], reason: str
    ) -> int:
        by, today = actor_of(visit), visit.now.astimezone(ISTANBUL).date()
        return await acted(
            visit,
            Event.PERSON_ADDED,
            lambda at: importing.add_all(at, lines, by=by, today=today, now=visit.now),
            about=", ".join(cells["person_id"] for _, cells in lines)[:_ABOUT_MAX],
            reason=reason,
            institution=codes[0] if len(codes) == 1 else "",
        )

    def _page(self, visit: Visit, errors: Sequence[Wrong] = (), status: int = 422) -> Response:
        # A reason is about the table, whichever of its columns it names.
        told = [
            Wrong(one.field if one.field == "reason" else _FIELD, one.sentence) for one in errors
        ]
        return visit.render(
            "isletmen_kisi_dosya.html",
            status=status if errors else 200,
            form=visit.form,
            needed=importing.NEEDED,
            optional=importing.OPTIONAL,
            most=TABLE_MAX - 1,
            cut=len(told) > _SHOWN_MAX,
            base=f"/konsol{self.base}",
            example=visit.person.institution or "B-34-0417",
            errors=told[:_SHOWN_MAX],
        )
