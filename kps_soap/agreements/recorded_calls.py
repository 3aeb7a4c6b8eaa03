"""The calls of an institution about a person, those that were refused before anybody read them.

A call that its agreement refuses as a whole is refused before its criteria are read, so its
record has no digest of the person.  The question itself is on record, though: here the refused
calls of a short time are opened and searched for the number.  Whoever calls this has recorded
the search, with its reason; nothing that is opened leaves this module.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from kps_soap.audit.conditions import Criteria
from kps_soap.audit.keys import Keyring
from kps_soap.audit.search import Found, find, open_record
from kps_soap.entry import Event

#: Refused calls that are opened at most.
OPENED_MAX: Final = 500


def calls_about(
    connection: Connection, keyring: Keyring, criteria: Criteria, *, limit: int
) -> list[Found]:
    """The calls that the criteria describe, newest first; ``criteria.person`` must be given.

    Raises ``MonthUnreadable`` and ``Unreadable``.
    """
    found = list(find(connection, keyring, criteria, limit=limit).found)
    known = {(one.chain_id, one.sequence) for one in found}
    refused = replace(criteria, person=None, event=Event.REFUSAL)
    for one in find(connection, keyring, refused, limit=OPENED_MAX).found:
        if (one.chain_id, one.sequence) in known or one.columns["criterion_outcomes"]:
            continue
        if _names(connection, keyring, one, str(criteria.person)):
            found.append(one)
    told = [one for one in found if one.received_at is not None and _is_call(one)]
    told.sort(key=lambda one: one.columns["received_us"], reverse=True)
    return told[:limit]


def _is_call(found: Found) -> bool:
    """Searches of the evidence are about persons too, and are no calls."""
    return bool(found.columns["service"]) and found.columns["event"] != Event.SEARCH.value


def _names(connection: Connection, keyring: Keyring, found: Found, number: str) -> bool:
    question = open_record(connection, keyring, found.chain_id, found.sequence).question or b""
    return any(number.encode(form) in question for form in ("utf-8", "utf-16-le", "utf-16-be"))
