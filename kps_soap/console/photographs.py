"""Photographs of an answer, for the page that shows it and for nobody else.

A page may load pictures from this host only, so each photograph is a request of its own.  Its
address is sealed for one browser's session and some minutes; the picture is taken out of the
recorded answer, which must be this very person's own query through the console.  So nothing of
an answer is kept anywhere but in the evidence, and any worker can show it.  Whoever has the
address and not the session gets what a wrong address gets.  It is the answer that the record
names already, shown to whom it was given: no further look, and so no further record.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, select
from starlette.responses import Response

from kps_soap.audit import receipts, search
from kps_soap.audit.keys import MonthUnreadable
from kps_soap.audit.records import Unreadable
from kps_soap.audit.search import NoSuchRecord
from kps_soap.console.answer_view import View, photograph_of
from kps_soap.console.pages import Page
from kps_soap.console.query_door import DOOR
from kps_soap.console.visit import ROOT, Visit
from kps_soap.models import evidence
from kps_soap.people.roles import Right

_SEAL_CHARACTERS: Final = 32


def addresses_of(visit: Visit, view: View) -> tuple[str, ...]:
    """Where the page finds the photographs of its answer, by their places."""
    number = view.receipt.number
    until = int((visit.now + visit.house.lives.idle).timestamp())
    return tuple(
        f"{ROOT}/fotograf/{number}/{place}/{until:x}-{_seal(visit, number, place, until)}"
        for place in range(view.photographs)
    )


def _seal(visit: Visit, number: str, place: int, until: int) -> str:
    """What only this browser's session can have been given."""
    session = b"" if visit.session is None else visit.session.digest
    said = b"kps-konsol-fotograf\0%b\0%d\0%d\0%b" % (number.encode(), place, until, session)
    return hmac.digest(visit.house.form_key, said, sha256).hex()[:_SEAL_CHARACTERS]


async def show_photograph(visit: Visit) -> Response:
    """One photograph; a wrong, foreign or old address finds nothing."""
    number, place = visit.path["number"], _whole(visit.path["place"])
    stated, _, seal = visit.path["seal"].partition("-")
    until = _whole(stated, 16)
    right = _seal(visit, number, place, until)
    if not hmac.compare_digest(right.encode(), seal.encode()) or until < visit.now.timestamp():
        return visit.refused("refused.not_here", status=404)
    answer = await visit.read(lambda connection: _answer(connection, visit, number))
    found = None if answer is None else photograph_of(answer, place)
    if found is None:
        return visit.refused("refused.not_here", status=404)
    return Response(found.content, media_type=found.media_type)


def _whole(text: str, base: int = 10) -> int:
    """A number of an address; -1 for what is none."""
    try:
        return int(text, base) if text.isalnum() and len(text) <= 12 else -1
    except ValueError:
        return -1


def _answer(connection: Connection, visit: Visit, number: str) -> bytes | None:
    """The recorded answer, if it was this person's own query here."""
    try:
        parsed = receipts.parse(number)
    except receipts.NotAReceiptNumber:
        return None
    columns = evidence.c
    row = connection.execute(
        select(columns.chain_id, columns.sequence).where(
            columns.receipt_number == number,
            columns.month == parsed.month,
            columns.account == visit.person.person_id,
            columns.door == DOOR,
        )
    ).first()
    if row is None:
        return None
    try:
        shown = search.open_record(connection, visit.house.keyring, row.chain_id, row.sequence)
    except (NoSuchRecord, MonthUnreadable, Unreadable):
        return None
    return shown.answer


PAGES: Final = (Page("/fotograf/{number}/{place}/{seal}", Right.QUERY, show_photograph),)
