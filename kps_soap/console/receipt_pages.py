"""Two pages over services of ours: a receipt by its number, and what the gateway sees of who asks.

Both ask ``AlindiServis`` and ``BilgiServis`` on the same line as any program, and show what the
signed answer says.  The page proves a receipt before it calls it genuine, with the certificates of
this gateway and nothing that the answer says of itself; what it proved is handed out as files that
anybody can prove again.  Neither page knows about whom a query was.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lxml import etree
from starlette.responses import Response

from kps_soap.audit import receipts
from kps_soap.audit.checkpoints import Certificates, SealRefused
from kps_soap.console import asking
from kps_soap.console.answer_view import View
from kps_soap.console.forms import Wrong
from kps_soap.console.labels import code_label, service_label
from kps_soap.console.offers import Offer, newest_of, offers_for
from kps_soap.console.pages import Page
from kps_soap.console.query_forms import CASE, CASE_MAX, PURPOSE
from kps_soap.console.visit import Visit
from kps_soap.envelopes import Element, read_own
from kps_soap.gateway import Answer
from kps_soap.people.roles import Right
from kps_soap.receipt_check import Papers, ReceiptRefused, check_receipts
from kps_soap.services import alindi, bilgi
from kps_soap.turkish import ascii_upper

NUMBER: Final = "AlindiNumarasi"
_XML: Final = "application/xml"
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A receipt as the page shows it.  ``files`` are pairs of a file name and its address."""

    number: str
    facts: Sequence[tuple[str, object]]
    genuine: bool
    seal: str
    files: Sequence[tuple[str, str, str]]


async def _offered(visit: Visit, service: str) -> Offer | None:
    offers = await visit.read(lambda connection: offers_for(visit, connection))
    return newest_of(offers, service)


# A receipt


async def show_form(visit: Visit) -> Response:
    """The form; a number may come with the address, from a list of queries."""
    offer = await _offered(visit, alindi.NAME)
    if offer is None:
        return visit.refused("query.unknown", status=404)
    return _page(visit, offer, {NUMBER: visit.query.get("no", "")})


def _page(visit: Visit, offer: Offer, form: Mapping[str, str], **values: Any) -> Response:
    given = {"errors": (), "fetched": None, "refusal": ""} | values
    return visit.render("alindi.html", form=form, case_demanded=offer.case_demanded, **given)


async def fetch(visit: Visit) -> Response:
    """Ask for one receipt, prove it, and show it."""
    offer = await _offered(visit, alindi.NAME)
    if offer is None:
        return visit.refused("query.unknown", status=404)
    form = {**visit.form, NUMBER: ascii_upper(visit.form.get(NUMBER, ""))}
    if errors := _wrong(visit, offer, form):
        return _page(visit, offer, form, errors=errors, status=422)
    await visit.spend()
    answer = await asking.ask(visit, offer, form | {PURPOSE: asking.purpose_without_asking(offer)})
    view = asking.view_of_answer(visit, answer)
    if view.refusal:
        return _page(visit, offer, form, refusal=view.refusal, status=answer.status)
    item = _first(answer.body, alindi.NAMESPACE, alindi.ITEM)
    if item is None or not _text(item, alindi.NAMESPACE, NUMBER):
        error = Wrong(NUMBER, visit.t("receipt.none"))
        return _page(visit, offer, form, errors=(error,), status=404)
    fetched = await visit.aside(lambda: _fetched(visit, answer, item))
    return _page(visit, offer, form, fetched=fetched)


def _wrong(visit: Visit, offer: Offer, form: Mapping[str, str]) -> list[Wrong]:
    """What is wrong with the form.  A mistyped number is known before anybody is asked."""
    found = []
    number, case = form[NUMBER], form.get(CASE, "")
    if not number:
        found.append(Wrong(NUMBER, visit.t("receipt.missing")))
    else:
        try:
            receipts.parse(number)
        except receipts.NotAReceiptNumber:
            found.append(Wrong(NUMBER, visit.t("receipt.mistyped")))
    if (offer.case_demanded and not case) or len(case) > CASE_MAX:
        found.append(Wrong(CASE, visit.t("query.case_missing")))
    return found


def _fetched(visit: Visit, answer: Answer, item: Element) -> Fetched:
    genuine, checkpoint = _proven(visit, answer.body)
    said = {etree.QName(one).localname: (one.text or "").strip() for one in item}
    number, language = said[NUMBER], visit.language
    if checkpoint is None:
        seal = visit.t("receipt.unsealed")
    else:
        seal = visit.t("receipt.sealed", number=checkpoint)
    code = said.get("SonucNumarasi", "0")
    service = said.get("ServisAdi", "")
    shown = f"{service_label(service, language)} ({service} {said.get('ServisSurumu', '')})"
    facts: list[tuple[str, object]] = [
        (visit.t("receipt.at"), _instant(said.get("AlindiZamani", ""))),
        (visit.t("answer.service"), shown if service else ""),
        (
            visit.t("receipt.outcome"),
            visit.t("receipt.answered")
            if code in ("0", "")
            else visit.t("receipt.refused", code=code),
        ),
        (visit.t("receipt.question_digest"), said.get("IstekSha256", "")),
        (visit.t("answer.digest"), said.get("YanitSha256", "")),
        (visit.t("answer.agreement_digest"), said.get("AnlasmaSha256", "")),
        (visit.t("receipt.record_digest"), said.get("KayitSha256", "")),
    ]
    return Fetched(number, facts, genuine, seal, _files(visit, number, said, answer))


def _files(
    visit: Visit, number: str, said: Mapping[str, str], answer: Answer
) -> list[tuple[str, str, str]]:
    """What to keep: each with its words, its file name and the file itself."""
    found = [(visit.t("receipt.answer"), f"{number}-yanit.xml", answer.body, _XML)]
    for name, key, ending, kind in (
        ("MuhurKaniti", "receipt.proof", "muhur.json", _JSON),
        ("ImzaliAlindiBelgesi", "receipt.document", "alindi.xml", _XML),
    ):
        if said.get(name):
            content = base64.b64decode(said[name])
            found.insert(0, (visit.t(key), f"{number}-{ending}", content, kind))
    return [(text, name, asking.download(content, kind)) for text, name, content, kind in found]


def _proven(visit: Visit, content: bytes) -> tuple[bool, int | None]:
    """Whether the receipt is genuine, and the number of the seal that was checked over it."""
    house = visit.house
    signers = [one.certificate for one in house.signers.values()]
    try:
        seals = Certificates.read(house.settings.seal_certificate_file)
    except (SealRefused, OSError):
        seals = None
    try:
        (checked, *_) = check_receipts(Papers(content), signers, seals)
    except (ReceiptRefused, SealRefused):
        return False, None
    return True, None if checked.checkpoint is None else checked.checkpoint.number


# What the gateway sees


@dataclass(frozen=True, slots=True)
class Opened:
    """One line of what is open: a service in a version, and what of it."""

    text: str
    name: str
    version: str
    stage: str
    purposes: str
    fields: Sequence[str]


async def show_information(visit: Visit) -> Response:
    """How the gateway sees who asks, and what is open today."""
    offer = await _offered(visit, bilgi.NAME)
    if offer is None:
        return visit.refused("query.unknown", status=404)
    form = {PURPOSE: asking.purpose_without_asking(offer)}
    answer = await asking.ask(visit, offer, form)
    view = asking.view_of_answer(visit, answer)
    if view.refusal:
        return visit.render(
            "bilgi.html", status=answer.status, refusal=view.refusal, facts=(), rights=()
        )
    found = _first(answer.body, bilgi.NAMESPACE, "SorguSonucu")
    facts, rights = ((), ()) if found is None else _information(visit, found, view)
    return visit.render("bilgi.html", refusal="", facts=facts, rights=rights)


def _information(
    visit: Visit, found: Element, view: View
) -> tuple[Sequence[tuple[str, object]], Sequence[Opened]]:
    def said(name: str) -> str:
        return _text(found, bilgi.NAMESPACE, name)

    held = visit.house.book.current().of_institution(said("GorulenKurum"))
    name = f"{held[0].institution.name} ({said('GorulenKurum')})" if held else said("GorulenKurum")
    facts: list[tuple[str, object]] = [
        (visit.t("information.time"), _instant(said("UtcZamani"))),
        (visit.t("information.address"), said("GorulenAdres")),
        (visit.t("information.account"), said("GorulenHesap")),
        (visit.t("front.inquirer"), said("GorulenSorgulayan")),
        (visit.t("front.institution"), name),
        (visit.t("information.agreement"), said("AnlasmaNo")),
        (visit.t("answer.agreement_digest"), said("AnlasmaSurumu")),
        (visit.t("answer.number"), view.receipt.number),
    ]
    rights = [_right(visit, one) for one in found.iter(f"{{{bilgi.NAMESPACE}}}Yetki")]
    return facts, sorted(rights, key=lambda one: (one.text, one.version))


def _right(visit: Visit, element: Element) -> Opened:
    def all_of(name: str) -> list[str]:
        return [one.text or "" for one in element.iter(f"{{{bilgi.NAMESPACE}}}{name}")]

    name = _text(element, bilgi.NAMESPACE, "Servis")
    return Opened(
        text=service_label(name, visit.language),
        name=name,
        version=_text(element, bilgi.NAMESPACE, "Surum"),
        stage=_text(element, bilgi.NAMESPACE, "Asama"),
        purposes=", ".join(map(code_label, all_of("Amac"))),
        fields=all_of("Alan"),
    )


def _first(content: bytes, space: str, name: str) -> Element | None:
    return next(read_own(content).iter(f"{{{space}}}{name}"), None)


def _text(element: Element, space: str, name: str) -> str:
    return (element.findtext(f"{{{space}}}{name}") or "").strip()


def _instant(text: str) -> datetime | str:
    """A moment as the wire has it, for the page's own way to write one."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


PAGES: Final = (
    Page("/alindi", Right.QUERY, show_form, fetch, menu="menu.receipt", group="menu.sorgu"),
    Page("/bilgi", Right.QUERY, show_information, menu="menu.information", group="menu.sorgu"),
)
