"""The printed extract of an answer: the code that proves it, and the page that checks it.

The code follows from the receipt number and the digest of the signed answer, so only who holds
the answer, or its extract, knows it.  Whoever has both learns that the query was made, when, by
which institution and of which service; never about whom.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import Connection, select
from starlette.responses import Response

from kps_soap.audit import receipts
from kps_soap.audit.months import moment_of
from kps_soap.console.forms import Wrong
from kps_soap.console.labels import service_label
from kps_soap.console.pages import Open, Page
from kps_soap.console.signing_in import qr_picture
from kps_soap.console.visit import ROOT, Visit
from kps_soap.entry import Event
from kps_soap.models import evidence
from kps_soap.turkish import ascii_upper

#: 80 bits, in four groups of four letters.
_CODE_LETTERS: Final = 16
_COLUMNS: Final = [
    evidence.c[name]
    for name in (
        *("receipt_number", "received_us", "institution", "service", "version"),
        *("answer_digest", "agreement_digest", "purpose", "case_number", "refusal"),
    )
]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a stranger may know of a query whose extract he holds."""

    number: str
    received_at: datetime
    institution: str
    service: str
    version: str
    answer_digest: str


def code_of(number: str, answer_digest: str) -> str:
    """The verification code of a receipt: sixteen letters and digits in groups of four."""
    said = f"kps-konsol-cikti\0{number}\0{answer_digest}".encode()
    letters = base64.b32encode(sha256(said).digest()).decode()[:_CODE_LETTERS]
    return "-".join(letters[start : start + 4] for start in range(0, _CODE_LETTERS, 4))


def address_of(visit: Visit, number: str, code: str) -> str:
    """Where the extract is verified, as its QR code says."""
    base = visit.house.settings.public_base_url.rstrip("/")
    return f"{base}{ROOT}/dogrula?{urlencode({'no': number, 'kod': code})}"


def find(connection: Connection, number: str, code: str) -> Verified | None:
    """The query of a receipt; None for an unknown number and for a wrong code alike."""
    try:
        parsed = receipts.parse(number)
    except receipts.NotAReceiptNumber:
        return None
    here = (evidence.c.receipt_number == str(parsed)) & (evidence.c.month == parsed.month)
    for row in connection.execute(select(*_COLUMNS).where(here)).mappings():
        right = code_of(row["receipt_number"], row["answer_digest"] or "")
        if hmac.compare_digest(right.encode(), code.encode()):
            return _verified(dict(row))
    return None


def _verified(row: Mapping[str, Any]) -> Verified:
    return Verified(
        number=row["receipt_number"],
        received_at=moment_of(row["received_us"]),
        institution=row["institution"] or "",
        service=row["service"] or "",
        version=row["version"] or "",
        answer_digest=row["answer_digest"] or "",
    )


async def show_verification(visit: Visit) -> Response:
    """The form, and what became of it where a number and a code came with the address."""
    number = visit.query.get("no", "")
    code = ascii_upper(visit.query.get("kod", ""))
    if not number and not code:
        return _page(visit, number, code, None, ())
    if not number or not code:
        return _page(visit, number, code, None, (Wrong("no", visit.t("verify.missing")),), 422)
    found = await visit.read(lambda connection: find(connection, number, code))
    if found is None:
        return _page(visit, number, code, None, (Wrong("", visit.t("verify.bad")),), 404)
    entry = visit.entry(
        Event.RECEIPT,
        about=f"extract verified: {found.number}",
        institution=found.institution,
    )
    await visit.house.acts.do(entry, lambda _connection: None)
    return _page(visit, number, code, found, ())


def _page(
    visit: Visit,
    number: str,
    code: str,
    found: Verified | None,
    errors: tuple[Wrong, ...],
    status: int = 200,
) -> Response:
    facts = []
    if found is not None:
        service = service_label(found.service, visit.language)
        facts = [
            (visit.t("answer.number"), found.number),
            (visit.t("answer.at"), found.received_at),
            (visit.t("answer.institution"), _institution(visit, found.institution)),
            (visit.t("answer.service"), f"{service} ({found.service} {found.version})"),
            (visit.t("answer.digest"), found.answer_digest),
        ]
    return visit.render(
        "dogrula.html", status=status, number=number, code=code, facts=facts, errors=errors
    )


def _institution(visit: Visit, code: str) -> str:
    held = visit.house.book.current().of_institution(code)
    return f"{held[0].institution.name} ({code})" if held else code


async def show_picture(visit: Visit) -> Response:
    """The QR code of an extract."""
    return qr_picture(address_of(visit, visit.path["number"], visit.path["code"]))


PAGES: Final = (
    Page("/dogrula", Open.EVERYBODY, show_verification),
    Page("/karekod/{number}/{code}.svg", Open.SIGNED_IN, show_picture),
)
