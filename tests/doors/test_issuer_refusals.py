"""The token service refuses in the original's words, which never tell how near a guess came."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from issuer_house import (
    AGREEMENT,
    NAME,
    NOW,
    PASSWORD,
    SOAP_XML,
    SOURCE,
    House,
    agreements,
    golden,
    house,
    shape,
)
from lxml import etree

from kps_soap import faults
from kps_soap.authentication import PASSWORD_TEXT, Credential
from kps_soap.entry import Event, LoginNote
from kps_soap.gateway import Answer
from kps_soap.signing import Signer

REQUEST = shape("shape-1-php")
ELSEWHERE = "198.51.100.7"
S = "{http://www.w3.org/2003/05/soap-envelope}"


@pytest.fixture
def sts(tmp_path: Path) -> House:
    return house(tmp_path)


def changed(old: str, new: str, body: bytes = REQUEST) -> bytes:
    assert old.encode() in body, old
    return body.replace(old.encode(), new.encode())


WRONG = changed(PASSWORD, "yanlis at pil zimba")
UNKNOWN = changed(NAME, "KRM-99-9999")


def blocked(sts: House) -> None:
    sts.accounts.open[NAME] = replace(sts.accounts.open[NAME], open=False)


def suspended(sts: House, tmp_path: Path) -> None:
    sts.agreements = agreements(tmp_path, AGREEMENT.replace('"ACIK"', '"ASKIDA"', 1))


def without_routing(sts: House, tmp_path: Path) -> None:
    sts.agreements = agreements(tmp_path, AGREEMENT.replace('"direct", "routing"', '"direct"'))


def other_network(sts: House, tmp_path: Path) -> None:
    text = AGREEMENT.replace("203.0.113.10/32", "203.0.113.11/32")
    sts.agreements = agreements(tmp_path, text)


def nothing(sts: House, tmp_path: Path) -> None:
    """The house as it is."""


def blocked_account(sts: House, tmp_path: Path) -> None:
    blocked(sts)


def no_agreement(sts: House, tmp_path: Path) -> None:
    sts.agreements = agreements(tmp_path, AGREEMENT.replace('["KRM-34-0417"]', '["KRM-34-0418"]'))


INQUIRER = (
    "<o:Security s:must",
    '<Sorgulayan xmlns="http://kps.nvi.gov.tr/2011/01/01/sorgulayan">FATMA</Sorgulayan>'
    "<o:Security s:must",
)

#: Who may not have a token: what is wrong, what evidence says of it.
UNENTITLED: list[tuple[str, Callable[[House, Path], None], bytes, str, str]] = [
    ("wrong password", nothing, WRONG, SOURCE, "CredentialsRefused"),
    ("unknown account", nothing, UNKNOWN, SOURCE, "CredentialsRefused"),
    ("blocked account", blocked_account, REQUEST, SOURCE, "CredentialsRefused"),
    ("blocked, wrong password", blocked_account, WRONG, SOURCE, "CredentialsRefused"),
    ("another network", nothing, REQUEST, ELSEWHERE, "NetworkNotAllowed"),
    ("another network, wrong password", nothing, WRONG, ELSEWHERE, "NetworkNotAllowed"),
    ("a network of another agreement", other_network, REQUEST, SOURCE, "NetworkNotAllowed"),
    ("suspended agreement", suspended, REQUEST, SOURCE, "AgreementNotInForce"),
    ("no agreement", no_agreement, REQUEST, SOURCE, "ServiceNotGranted"),
    ("door not opened", without_routing, REQUEST, SOURCE, "ServiceNotGranted"),
    ("unknown inquirer", nothing, changed(*INQUIRER), SOURCE, "InquirerNotAllowed"),
]


@pytest.mark.parametrize(
    ("change", "body", "source", "refusal"),
    [case[1:] for case in UNENTITLED],
    ids=[case[0] for case in UNENTITLED],
)
def test_whoever_may_have_no_token_learns_that_and_no_more(
    sts: House,
    tmp_path: Path,
    change: Callable[[House, Path], None],
    body: bytes,
    source: str,
    refusal: str,
) -> None:
    change(sts, tmp_path)
    answer = sts.ask(body, source=source)
    assert answer.status == 500
    assert answer.body.decode() == golden("fault-failed-authentication")
    assert answer.headers == (
        ("Content-Type", SOAP_XML),
        ("Cache-Control", "no-store"),
        ("Kps-Istek-No", "istek-1"),
        ("Kps-Veri-Turu", "SENTETIK"),
    )
    noted = [entry.refusal for entry in sts.evidence.records]
    counted = [name for _, _, name in sts.evidence.counted]
    assert noted + counted == [refusal]


@pytest.mark.parametrize("known", [False, True], ids=["first", "after a good one"])
def test_the_credential_stage_costs_the_same_whatever_is_wrong(tmp_path: Path, known: bool) -> None:
    costs = set()
    for number, (_, change, body, source, _) in enumerate(UNENTITLED[:6]):
        folder = tmp_path / str(number)
        folder.mkdir()
        sts = house(folder)
        if known:
            assert sts.ask(REQUEST).status == 200
            sts.counts.taken()
        change(sts, folder)
        sts.ask(body, source=source)
        costs.add(sts.counts.taken())
    # The look that names the account, and the one when the comparison's turn has come.
    assert costs == {(2, 1, 0, 0)}


def test_a_refused_call_leaves_no_token(sts: House, tmp_path: Path) -> None:
    suspended(sts, tmp_path)
    sts.ask(REQUEST)
    entry = sts.entry
    assert (entry.issued, entry.token, entry.event) == (None, "", Event.REFUSAL)
    assert (entry.account, entry.institution, entry.agreement) == (NAME, "B-34-0417", "2026/117")
    assert entry.outcome == 205
    assert "ASKIDA" in entry.detail


def test_a_wrong_password_counts_towards_a_lock(sts: House) -> None:
    sts.ask(WRONG)
    assert sts.entry.login == LoginNote(NAME, right=False)
    assert sts.entry.account == NAME


@pytest.mark.parametrize("source", [SOURCE, ELSEWHERE])
def test_nobody_locks_an_account_from_elsewhere_or_while_it_is_shut(
    sts: House, source: str
) -> None:
    if source == SOURCE:
        blocked(sts)
    sts.ask(WRONG, source=source)
    assert sts.entry.login is None


def test_a_right_password_after_wrong_ones_is_noted(sts: House) -> None:
    sts.accounts.open[NAME] = Credential(NAME, PASSWORD, 3, open=True, failures=2)
    sts.ask(REQUEST)
    assert sts.entry.login == LoginNote(NAME, right=True)


def test_an_unknown_account_is_counted_and_not_recorded(sts: House) -> None:
    sts.ask(UNKNOWN)
    assert sts.evidence.records == []
    assert sts.evidence.counted == [(SOURCE, "issuer", "CredentialsRefused")]


# Structure and time


TIMES = "<u:Created>2026-01-01T09:01:00Z</u:Created><u:Expires>2026-01-01T09:11:00Z</u:Expires>"
STAMP = f'<u:Timestamp u:Id="_1">{TIMES}</u:Timestamp>'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (STAMP, ""),
        (STAMP, STAMP * 2),
        (TIMES, ""),
        (TIMES, "<u:Created>2026-01-01T09:01:00Z</u:Created>"),
        (TIMES, TIMES.replace("T09:", "T08:")),
        (TIMES, TIMES.replace("T09:", "T10:")),
        (TIMES, TIMES.replace("09:11", "09:31")),
        (TIMES, TIMES.replace("Z", "X")),
        (PASSWORD_TEXT, PASSWORD_TEXT.replace("PasswordText", "PasswordDigest")),
        ("<o:Username>KRM-34-0417</o:Username>", ""),
        ("<o:Username>", "<o:Username>A</o:Username><o:Username>"),
        ("</o:UsernameToken>", "</o:UsernameToken><o:UsernameToken/>"),
        (
            "</o:UsernameToken>",
            "</o:UsernameToken><o:BinarySecurityToken>AA</o:BinarySecurityToken>",
        ),
        ("<o:UsernameToken ", "<o:UsernamesToken "),
    ],
)
def test_broken_security_is_one_fault_too(sts: House, old: str, new: str) -> None:
    body = changed(old, new)
    if old.startswith("<o:UsernameToken "):
        body = changed("</o:UsernameToken>", "</o:UsernamesToken>", body)
    answer = sts.ask(body)
    assert (answer.status, answer.body.decode()) == (500, golden("fault-invalid-security"))
    assert sts.counts.signatures == sts.counts.encryptions == 0


def test_a_message_without_security_is_told_so_without_a_message_id(sts: House) -> None:
    body = shape("shape-4-python")
    start, end = body.index(b"<wsse:Security"), body.index(b"</wsse:Security>")
    answer = sts.ask(body[:start] + body[end + len(b"</wsse:Security>") :])
    assert answer.body.decode() == golden("fault-invalid-security-without-message-id")


def test_a_profile_with_a_strict_window_keeps_the_token_services_own(tmp_path: Path) -> None:
    text = AGREEMENT.replace('"KLASIK"\nsecurity_until = 2026-12-31', '"STANDART"')
    assert house(tmp_path, text=text).ask(REQUEST).status == 200


# Envelope, action, request


@pytest.mark.parametrize("account", [True, False])
def test_another_action_is_not_supported(sts: House, account: bool) -> None:
    cancel = changed("/RST/Issue", "/RST/Cancel")
    answer = sts.ask(cancel if account else changed(NAME, "KRM-99-9999", cancel))
    expected = "fault-action-not-supported" if account else "fault-failed-authentication"
    assert (answer.status, answer.body.decode()) == (500, golden(expected))


def subcode(answer: Answer) -> tuple[str | None, str | None]:
    fault = f"{S}Body/{S}Fault/{S}Code/"
    root = etree.fromstring(answer.body)
    return root.findtext(f"{fault}{S}Value"), root.findtext(f"{fault}{S}Subcode/{S}Value")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("200512/Issue<", "200512/Renew<"),
        ("</trust:RequestType>", "</trust:RequestType><trust:KeySize>128</trust:KeySize>"),
        ("trust:RequestSecurityToken", "trust:RequestSecurityTokens"),
    ],
)
def test_a_request_for_what_is_not_issued_is_invalid(sts: House, old: str, new: str) -> None:
    answer = sts.ask(changed(old, new))
    assert answer.status == 500
    assert subcode(answer) == ("s:Sender", "a:InvalidRequest")
    assert b'xmlns:a="http://docs.oasis-open.org/ws-sx/ws-trust/200512">a:Inv' in answer.body
    assert sts.entry.refusal == "TrustRequestRefused"
    assert dict(answer.headers)["Kps-Alindi-No"] == sts.entry.receipt_number


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/", 0),
        ("http://www.w3.org/2003/05/soap-envelope", "urn:x", 0),
        ("<o:Security s:must", '<x:X xmlns:x="urn:x" s:mustUnderstand="1"/><o:Security s:must', 1),
        ("</s:Body>", "<x/></s:Body>", 2),
        ("</s:Envelope>", "<x/></s:Envelope>", 2),
        ('<?xml version="1.0"?>', '<?xml version="1.0"?><?x y?>', 2),
    ],
)
def test_an_envelope_that_breaks_a_rule_of_soap_gets_soaps_fault(
    sts: House, old: str, new: str, code: int
) -> None:
    answer = sts.ask(changed(old, new))
    assert answer.status == 500
    assert subcode(answer)[0] == ("s:VersionMismatch", "s:MustUnderstand", "s:Sender")[code]


def test_a_message_that_breaks_a_rule_is_still_put_to_its_account(sts: House) -> None:
    sts.ask(changed("</s:Body>", "<x/></s:Body>"))
    assert (sts.entry.account, sts.entry.refusal) == (NAME, "ShapeRefused")
    assert sts.entry.receipt_number == ""


@pytest.mark.parametrize(
    "body",
    [
        b"<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'/>",
        changed("</s:Body>", "<x/></s:Body>", UNKNOWN),
        b"<a><b/></a>",
        b"<a/>",
    ],
)
def test_a_message_that_names_no_account_is_counted_only(sts: House, body: bytes) -> None:
    assert sts.ask(body).status == 500
    assert sts.evidence.records == []
    assert len(sts.evidence.counted) == 1


# What is no envelope


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (REQUEST, "text/xml; charset=utf-8", 415),
        (REQUEST, "", 415),
        (REQUEST, "application/xml", 415),
        (REQUEST, "application/soap+xml; charset=iso-8859-9", 415),
        (b"", SOAP_XML, 400),
        (b"<s:Envelope", SOAP_XML, 400),
        (b"\n" + REQUEST, SOAP_XML, 400),
        (b"<!DOCTYPE a><a/>", SOAP_XML, 400),
        ("\ufeff".encode("utf-32"), SOAP_XML, 400),
    ],
)
def test_what_is_no_envelope_gets_a_number_and_no_body(
    sts: House, body: bytes, content_type: str, status: int
) -> None:
    answer = sts.ask(body, content_type=content_type)
    assert (answer.status, answer.body) == (status, b"")
    assert dict(answer.headers)["Kps-Istek-No"] == "istek-1"


@pytest.mark.parametrize(
    ("trouble", "status", "allow"),
    [
        (faults.MethodRefused("method"), 405, "POST"),
        (faults.TooLarge("body"), 413, None),
        (faults.TooSlow("body"), 408, None),
        (faults.PlainHttpRefused("plain"), 403, None),
    ],
)
def test_what_the_intake_refused_gets_its_number(
    sts: House, trouble: faults.Refusal, status: int, allow: str | None
) -> None:
    question = replace(sts.question(b""), trouble=trouble)
    answer = asyncio.run(sts.gateway.answer(question))
    assert (answer.status, answer.body) == (status, b"")
    assert dict(answer.headers).get("Allow") == allow


# The gateway's own trouble


class _Full:
    """Passwords that cannot be compared now."""

    def knows(self, *_: Any) -> bool:
        return False

    async def check(self, *_: Any) -> None:
        raise faults.Overloaded("full", retry_after_s=1)


def test_trouble_of_the_gateway_says_when_to_come_back(sts: House) -> None:
    sts.door.logins._passwords = _Full()
    answer = sts.ask(REQUEST)
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "1")
    assert subcode(answer) == ("s:Receiver", None)


def test_an_expired_signing_certificate_issues_no_token(tmp_path: Path) -> None:
    sts = house(
        tmp_path, signer=lambda good: replace(good, not_after=datetime(2025, 2, 1, tzinfo=UTC))
    )
    answer = sts.ask(REQUEST)
    assert subcode(answer) == ("s:Receiver", None)
    assert dict(answer.headers)["Retry-After"] == "5"
    assert sts.entry.detail == "signing certificate not usable"
    assert sts.entry.issued is None


def _broken(_signer: Signer) -> Signer:
    raise RuntimeError("no words of this may leave")


def test_a_surprise_is_a_fault_without_its_words(tmp_path: Path) -> None:
    sts = house(tmp_path, signer=_broken)
    answer = sts.ask(REQUEST)
    assert subcode(answer) == ("s:Receiver", None)
    assert b"words" not in answer.body


def test_a_receipt_that_fails_takes_the_token_with_it(sts: House) -> None:
    def broken(exchange: Any) -> bytes:
        raise RuntimeError

    object.__setattr__(sts.door, "receipt", broken)
    answer = sts.ask(REQUEST)
    assert (answer.status, answer.body) == (500, b"")
    assert (sts.entry.issued, sts.entry.token) == (None, "")


def test_a_contract_without_an_agreement_issues_nothing(sts: House) -> None:
    async def run() -> Answer:
        def agree(*_: Any) -> Any:
            return None

        return await replace(sts.gateway, agree=agree).answer(sts.question(REQUEST))

    assert subcode(asyncio.run(run())) == ("s:Receiver", None)
    assert sts.entry.refusal == "InternalFailure"


def test_a_token_asked_for_later_is_a_new_day(sts: House, tmp_path: Path) -> None:
    sts.now = NOW + timedelta(days=365)
    assert sts.ask(REQUEST).body.decode() == golden("fault-invalid-security")
