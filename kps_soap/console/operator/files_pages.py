"""The page of the agreement files: what the directory would change, who runs what, and loading it.

Stages and states are changed in the files, where they are reviewed; the page says in words what
an edit grants and withdraws, and puts exactly what it showed in force.  It edits no file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from kps_soap.agreements import leases
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.changes import AgreementChange, changes_between
from kps_soap.agreements.drift import LeftOut, fields_left_out
from kps_soap.agreements.keeping import Mover
from kps_soap.agreements.leases import Lease
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.store import SetUnreadable, Version
from kps_soap.configured import directory_watch
from kps_soap.console.forms import Changed, Wrong
from kps_soap.console.operator import wording
from kps_soap.console.operator.agreement_pages import (
    DOCUMENT_CHARACTERS_MAX,
    LOOK_SECONDS,
    LOOKS_MAX,
    address_of,
)
from kps_soap.console.operator.institutions import ONE_AT_A_TIME
from kps_soap.console.operator.looking import Mistake, read_reason
from kps_soap.console.operator.people_words import wrongs
from kps_soap.console.visit import Visit
from kps_soap.people.roles import Right

ADDRESS: Final = "/isletmen/anlasma-dosyalari"
LOAD: Final = "/isletmen/anlasma-yukle"
#: So many agreements are told; a set of thousands that is all new fills no page.
_CHANGES_MAX: Final = 200
_LEFT_OUT_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Comparison:
    """The directory beside what is in force.  ``problems`` are all that is wrong with the files."""

    version: Version | None
    current: AgreementSet | None
    workers: tuple[Lease, ...]
    contents: dict[str, bytes]
    loaded: AgreementSet | None
    changes: tuple[AgreementChange, ...]
    problems: tuple[str, ...]

    @property
    def seen(self) -> str:
        """What a form must still find: an edited file or another load makes another value."""
        number = 0 if self.version is None else self.version.number
        return f"{number}:{'' if self.loaded is None else self.loaded.digest}"

    @property
    def same(self) -> bool:
        """Whether the directory holds what is in force."""
        held = None if self.loaded is None else self.loaded.digest
        return self.version is not None and held == self.version.digest

    @property
    def left_out(self) -> list[LeftOut]:
        """Fields of contracts that are newer than the signature of an agreement in force."""
        return [] if self.current is None else fields_left_out(self.current)[:_LEFT_OUT_MAX]


async def show(visit: Visit) -> Response:
    """What differs, in words."""
    return await _page(visit)


async def load(visit: Visit) -> Response:
    """Put what the page showed in force, on record."""
    mistakes: list[Mistake] = []
    reason, document = read_reason(visit.form, mistakes), visit.form.get("document", "")
    if len(document) > DOCUMENT_CHARACTERS_MAX:
        mistakes.append(("document", "operator.wrong.long"))
    if mistakes:
        return await _page(visit, wrongs(visit, mistakes))
    await visit.spend()
    mover, keeper = (
        Mover(visit.person.person_id, reason, document, channel="WEB"),
        visit.house.keeper,
    )

    def work() -> Version:
        with ONE_AT_A_TIME:
            found = _compared(visit)
            if found.loaded is None or found.seen != visit.form.get("row_version", ""):
                raise Changed
            watch = directory_watch(visit.house.settings, keeper)
            noting = watch.noting(found.loaded.digest)
            return keeper.load(found.contents, found.loaded, mover, noting)

    version = await visit.aside(work)
    await _until_taken(visit, version)
    return visit.go(ADDRESS, "operator.files.loaded")


async def _until_taken(visit: Visit, version: Version) -> None:
    """Let this worker take the set first, so that the next page shows it; not for long."""
    for _ in range(LOOKS_MAX):
        if visit.house.book.current().digest == version.digest:
            return
        await asyncio.sleep(LOOK_SECONDS)


async def _page(visit: Visit, errors: Sequence[Wrong] = ()) -> Response:
    def look() -> Comparison:
        with ONE_AT_A_TIME:
            return _compared(visit)

    found = await visit.aside(look)
    told = [wording.told_agreement(visit.t, one) for one in found.changes[:_CHANGES_MAX]]
    return visit.render(
        "isletmen_dosyalar.html",
        status=422 if errors else 200,
        found=found,
        agreements=told,
        more=len(found.changes) - len(told),
        left_out=found.left_out,
        address=address_of,
        may_load=visit.person.may(Right.OPERATE),
        load_address=f"/konsol{LOAD}",
        form=visit.form,
        errors=errors,
    )


def _compared(visit: Visit) -> Comparison:
    """Look at the directory and at what is in force; the keeper's lock is held."""
    keeper, now = visit.house.keeper, visit.now
    version = keeper.newest()
    current = None
    try:
        current = None if version is None else keeper.compiled(version)
    except (AgreementErrors, SetUnreadable):
        # What this release reads otherwise cannot be compared; the files can be judged still.
        current = None
    with keeper.engine.connect() as connection:
        workers = tuple(leases.living(connection, now))
    try:
        contents, loaded = directory_watch(visit.house.settings, keeper).judge()
    except AgreementErrors as errors:
        problems = tuple(str(errors).splitlines())
        return Comparison(version, current, workers, {}, None, (), problems)
    changes: Sequence[AgreementChange] = ()
    if current is not None and version is not None:
        changes = changes_between(current, loaded.suspending(version.suspended))
    return Comparison(version, current, workers, contents, loaded, tuple(changes), ())
