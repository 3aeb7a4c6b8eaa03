"""Faults in the framework's words: codes, sentences, and what the headers leave out."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from kps_soap import faults
from kps_soap.doors.wcf_faults import stated_message_id, transport_answer, wcf_fault, wcf_refusal
from kps_soap.entry import Entry
from kps_soap.envelopes import open_envelope
from kps_soap.gateway import Exchange
from kps_soap.tokens.trust import TrustRequestRefused

S = "{http://www.w3.org/2003/05/soap-envelope}"
A = "{http://www.w3.org/2005/08/addressing}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
TRUST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
DISPATCHER = "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"


def every_refusal(root: type[faults.Refusal] = faults.Refusal) -> list[type[faults.Refusal]]:
    below = [
        every_refusal(one) for one in root.__subclasses__() if one.__module__ == faults.__name__
    ]
    return [root, *itertools.chain(*below)]


def qualified(value: etree._Element) -> tuple[str | None, str]:
    prefix, _, name = (value.text or "").rpartition(":")
    return value.nsmap.get(prefix), name


@pytest.mark.parametrize("kind", every_refusal(), ids=lambda kind: kind.__name__)
def test_every_refusal_is_a_well_formed_fault_that_repeats_the_message_id(
    kind: type[faults.Refusal],
) -> None:
    raw = wcf_fault(kind("gizli ayrıntı"), "urn:uuid:<1>")
    assert b"gizli" not in raw
    root = etree.fromstring(raw)
    assert root.findtext(f"{S}Header/{A}RelatesTo") == "urn:uuid:<1>"
    (text,) = root.iterfind(f"{S}Body/{S}Fault/{S}Reason/{S}Text")
    assert text.get(XML_LANG) == "en-US"
    assert text.text
    (code,) = root.iterfind(f"{S}Body/{S}Fault/{S}Code/{S}Value")
    assert qualified(code)[0] == S[1:-1]


@pytest.mark.parametrize(
    ("refusal", "value", "subcode", "action"),
    [
        (faults.CredentialsRefused(), "Sender", (WSSE, "FailedAuthentication"), "/soap/fault"),
        (faults.TokenRefused(), "Sender", (WSSE, "FailedAuthentication"), "/soap/fault"),
        (faults.ProofRefused(), "Sender", (WSSE, "InvalidSecurity"), "/soap/fault"),
        (faults.StaleMessage(), "Sender", (WSSE, "InvalidSecurity"), "/soap/fault"),
        (faults.SecurityMissing(), "Sender", (WSSE, "InvalidSecurity"), "/soap/fault"),
        (faults.ActionUnknown(), "Sender", (ADDRESSING, "ActionNotSupported"), "/fault"),
        (TrustRequestRefused(), "Sender", (TRUST, "InvalidRequest"), "/soap/fault"),
        (faults.SchemaRefused(), "Sender", (DISPATCHER, "DeserializationFailed"), DISPATCHER),
        (faults.ShapeRefused(), "Sender", None, "/soap/fault"),
        (faults.LimitExceeded(), "Sender", None, "/soap/fault"),
        (faults.VersionMismatch(), "VersionMismatch", None, "/soap/fault"),
        (faults.NotUnderstood(), "MustUnderstand", None, "/soap/fault"),
        (faults.RegisterUnavailable(), "Receiver", None, "/soap/fault"),
        (faults.InternalFailure(), "Receiver", None, "/soap/fault"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, faults.Refusal) else None,
)
def test_codes_are_those_of_the_framework(
    refusal: faults.Refusal, value: str, subcode: tuple[str, str] | None, action: str
) -> None:
    root = etree.fromstring(wcf_fault(refusal, None))
    code = f"{S}Body/{S}Fault/{S}Code/"
    (outer,) = root.iterfind(f"{code}{S}Value")
    assert qualified(outer)[1] == value
    inner = [qualified(one) for one in root.iterfind(f"{code}{S}Subcode/{S}Value")]
    assert inner == ([] if subcode is None else [subcode])
    expected = f"{DISPATCHER}/fault" if action == DISPATCHER else ADDRESSING + action
    (stated,) = root.iterfind(f"{S}Header/{A}Action")
    assert (stated.text, stated.get(f"{S}mustUnderstand")) == (expected, "1")
    assert root.find(f"{S}Header/{A}RelatesTo") is None


def test_two_refusals_of_one_stage_are_one_text() -> None:
    assert wcf_fault(faults.CredentialsRefused("a"), "1") == wcf_fault(
        faults.TokenRefused("b"), "1"
    )
    assert wcf_fault(faults.ProofRefused("a"), "1") == wcf_fault(faults.StaleMessage("b"), "1")


def test_an_unknown_action_is_repeated_shortened_and_as_text() -> None:
    text = "<&>" + "x" * 2_000
    raw = wcf_fault(faults.ActionUnknown(unverified_action=text), None)
    (reason,) = etree.fromstring(raw).iter(f"{S}Text")
    assert (reason.text or "").startswith("The message with Action '<&>xxx")
    assert len(raw) < 2_000


def test_a_header_that_nobody_understood_is_named() -> None:
    raw = wcf_fault(faults.NotUnderstood(unverified_header=("urn:x?a&b", "Baş")), None)
    (block,) = etree.fromstring(raw).iterfind(f"{S}Header/{S}NotUnderstood")
    prefix, _, name = (block.get("qname") or "").partition(":")
    assert (block.nsmap[prefix], name) == ("urn:x?a&b", "Baş")


@pytest.mark.parametrize("header", [("", ""), ("urn:x", "y" * 600)])
def test_a_header_without_a_sensible_name_is_not(header: tuple[str, str]) -> None:
    raw = wcf_fault(faults.NotUnderstood(unverified_header=header), None)
    assert b"NotUnderstood" not in raw


# Whole answers


def exchange(header: str | None = None, *, receipt: str = "20260101-X-1-1") -> Exchange:
    entry = Entry("istek-1", datetime(2026, 1, 1, tzinfo=UTC), "routing")
    entry.receipt_number = receipt
    question: Any = None
    found = Exchange(question, entry, contract=None)
    if header is not None:
        text = f'<s:Envelope xmlns:s="{S[1:-1]}"><s:Header>{header}</s:Header><s:Body><x/></s:Body>'
        root = etree.fromstring(f"{text}</s:Envelope>")
        found.envelope = open_envelope(root, understood={f"{A}MessageID"})
    return found


def answered(refusal: faults.Refusal, found: Exchange | None = None) -> Any:
    return wcf_refusal(
        found or exchange(),
        refusal,
        receipt=lambda _: b"<r/>",
        standing_headers=(("Kps-Veri-Turu", "SENTETIK"),),
    )


@pytest.mark.parametrize(
    ("header", "stated"),
    [
        (None, None),
        ("", None),
        (f'<MessageID xmlns="{ADDRESSING}"> urn:1 \n</MessageID>', "urn:1"),
        (f'<MessageID xmlns="{ADDRESSING}"/>', None),
        (f'<MessageID xmlns="{ADDRESSING}"><x/></MessageID>', None),
    ],
)
def test_the_message_id_is_the_one_header_that_is_repeated(
    header: str | None, stated: str | None
) -> None:
    assert stated_message_id(exchange(header)) == stated


def test_a_security_fault_has_neither_receipt_nor_number() -> None:
    headers = dict(answered(faults.TokenRefused("x")).headers)
    assert headers.keys() == {"Content-Type", "Cache-Control", "Kps-Istek-No", "Kps-Veri-Turu"}


def test_another_fault_has_both_where_there_are_any() -> None:
    headers = dict(answered(faults.ServiceNotGranted("x")).headers)
    assert headers["Kps-Sonuc-Kodu"] == "201"
    assert headers["Kps-Alindi-No"] == "20260101-X-1-1"
    assert len(headers["Kps-Alindi-Ozeti"]) == 64
    bare = dict(answered(faults.ShapeRefused("x"), exchange(receipt="")).headers)
    assert bare.keys().isdisjoint({"Kps-Sonuc-Kodu", "Kps-Alindi-No"})


def test_evidence_keeps_the_digests_of_a_fault() -> None:
    found = exchange()
    answer = answered(faults.Overloaded("x", retry_after_s=3), found)
    assert answer.status == 503
    assert dict(answer.headers)["Retry-After"] == "3"
    assert found.entry.answer_digest == answer.body_digest != found.entry.sent_digest


def test_what_is_no_envelope_is_answered_without_a_body() -> None:
    found = exchange()
    answer = answered(faults.NotWellFormed("x"), found)
    assert (answer.status, answer.body) == (400, b"")
    assert found.entry.sent_digest == answer.body_digest
    method = transport_answer(faults.MethodRefused("x"), request_id="1")
    assert dict(method.headers) == {
        "Cache-Control": "no-store",
        "Kps-Istek-No": "1",
        "Allow": "POST",
    }
