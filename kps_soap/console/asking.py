"""One query by hand: from a form to the line, and from the answer's bytes to what a page needs.

Every page that asks something asks through here, so that there is one way from the console to
the line (design D8).  This module shows nothing and judges nobody.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from kps_soap.console import query_forms
from kps_soap.console.answer_view import View, view_of
from kps_soap.console.offers import Offer
from kps_soap.console.query_door import CONTENT_TYPE, ConsoleDoor, message_of
from kps_soap.console.query_forms import CASE, PURPOSE
from kps_soap.console.visit import Visit
from kps_soap.gateway import Answer, Question
from kps_soap.metrics.timing import TimedFamily

_NO_RECEIPT: Final = view_of(b"<nothing/>", "tr").receipt


async def ask(visit: Visit, offer: Offer, form: Mapping[str, str]) -> Answer:
    """Ask what a form without problems says; the line judges it as it judges anybody's."""
    house, person = visit.house, visit.person
    purpose, case = form.get(PURPOSE, ""), form.get(CASE, "")
    message = message_of(
        query_forms.request_of(offer.contract, form),
        inquirer=person.inquirer,
        purpose=purpose,
        case_number=case,
    )
    question = Question(
        family=TimedFamily(ConsoleDoor(house.direct, person, purpose, case), house.meter),
        contract=offer.contract,
        unverified_body=message,
        unverified_content_type=CONTENT_TYPE,
        unverified_content_encoding="",
        unverified_action=None,
        unverified_agent=visit.caller.agent,
        source_address=visit.source_address,
        received_at=house.clock(),
        request_id=visit.caller.request_id,
    )
    return await house.answer(question)


def view_of_answer(visit: Visit, answer: Answer) -> View:
    """What the answer says, in the visitor's language."""
    if answer.body.lstrip().startswith(b"<"):
        return view_of(answer.body, visit.language)
    # Too many queries at once, or no key to sign with: nothing was answered.
    return View((), visit.t("refused.unavailable"), _NO_RECEIPT)


def download(content: bytes, media_type: str) -> str:
    """A file inside the page itself: nothing of it is kept for a second request."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def purpose_without_asking(offer: Offer) -> str:
    """The purpose of a question that is about nobody: the agreement's default, or any granted."""
    default = offer.agreement.access.default_purpose
    if not offer.purposes or default in offer.purposes:
        return default if offer.purposes else ""
    return offer.purposes[0]
