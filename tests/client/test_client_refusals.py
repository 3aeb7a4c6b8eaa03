"""Faults and notes as errors: which kind, and what they carry."""

import pytest
from fake_kps import SOAP12, WSA, WSSE
from lxml import etree

from kps_soap.client.errors import (
    ActionNotSupported,
    AuthenticationFailed,
    GatewayFault,
    KpsError,
    MessageRefused,
    QueryRefused,
    SecurityFault,
    ServiceUnavailable,
    TokenRefused,
)
from kps_soap.client.refusals import HttpFacts, is_fault, refusal_in

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"


def envelope(payload: str, soap: str = SOAP12) -> etree._Element:
    return etree.fromstring(
        f'<s:Envelope xmlns:s="{soap}"><s:Header/><s:Body>{payload}</s:Body></s:Envelope>'
    )


def fault12(code: str, *subcodes: tuple[str, str], detail: str = "") -> etree._Element:
    inner = ""
    for namespace, name in reversed(subcodes):
        declared = f'<s:Value xmlns:n="{namespace}">n:{name}</s:Value>'
        inner = f"<s:Subcode>{declared}{inner}</s:Subcode>"
    return envelope(
        f"<s:Fault><s:Code><s:Value>{code}</s:Value>{inner}</s:Code><s:Reason>"
        f'<s:Text xml:lang="tr">Olmadı.</s:Text></s:Reason>{detail}</s:Fault>'
    )


def fault11(code: str, detail: str = "") -> etree._Element:
    return envelope(
        f'<s:Fault><faultcode xmlns:o="{WSSE}">{code}</faultcode><faultstring>Olmadı.'
        f"</faultstring>{detail}</s:Fault>",
        SOAP11,
    )


def error_of(root: etree._Element, *, with_token: bool = False, **headers: str) -> GatewayFault:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = refusal_in(root, HttpFacts(500, named), with_token=with_token)
    assert isinstance(error, GatewayFault)
    assert is_fault(root)
    assert error.text == "Olmadı."
    return error


@pytest.mark.parametrize(
    ("root", "kind", "code"),
    [
        (fault12("s:Sender", (WSSE, "FailedAuthentication")), AuthenticationFailed, None),
        (fault11("o:FailedAuthentication"), AuthenticationFailed, None),
        (fault12("s:Sender", (WSSE, "InvalidSecurity")), SecurityFault, "InvalidSecurity"),
        (fault11("o:InvalidSecurity"), SecurityFault, "InvalidSecurity"),
        (fault12("s:Sender", (WSSE, "InvalidSecurityToken")), SecurityFault, None),
        (fault12("s:Sender", (WSA, "ActionNotSupported")), ActionNotSupported, None),
        (fault12("s:Receiver"), ServiceUnavailable, "Receiver"),
        (fault12("s:Receiver", ("urn:x", "Ic")), ServiceUnavailable, "Ic"),
        (fault11("s:Server"), ServiceUnavailable, "Server"),
        (fault12("s:Sender"), MessageRefused, "Sender"),
        (fault11("s:Client"), MessageRefused, "Client"),
        (fault11("Client"), MessageRefused, "Client"),
        (fault12("s:Sender", ("urn:x", "FailedAuthentication")), MessageRefused, None),
        (fault12("s:Sender", ("urn:x", "ActionNotSupported")), MessageRefused, None),
        (fault12("s:MustUnderstand"), MessageRefused, "MustUnderstand"),
        (fault12(""), MessageRefused, ""),
        (fault12("yok:Receiver"), MessageRefused, "Receiver"),
    ],
)
def test_a_fault_is_an_error_by_its_innermost_code(
    root: etree._Element, kind: type[KpsError], code: str | None
) -> None:
    error = error_of(root)
    assert type(error) is kind
    assert code is None or error.code == code
    assert isinstance(error, KpsError)


def test_a_failed_authentication_is_the_tokens_where_there_was_one() -> None:
    root = fault12("s:Sender", (WSSE, "FailedAuthentication"))
    assert type(error_of(root, with_token=True)) is TokenRefused


def test_endless_subcodes_are_not_followed() -> None:
    root = fault12("s:Sender", *[("urn:x", f"S{number}") for number in range(50)])
    assert error_of(root).code == "S2"


def held(number: str) -> str:
    """A fault detail with our own number."""
    number_of = f"<h:HataNo>{number}</h:HataNo>"
    return f'<h:KapiHatasi xmlns:h="urn:kps-soap:hata:1">{number_of}</h:KapiHatasi>'


def test_the_house_number_comes_from_the_header_or_from_the_detail() -> None:
    detail = f"<s:Detail>{held('601')}</s:Detail>"
    assert error_of(fault12("s:Sender", detail=detail)).house_number == 601
    assert error_of(fault11("s:Client", f"<detail>{held('601')}</detail>")).house_number == 601
    assert error_of(fault12("s:Sender"), Kps_Sonuc_Kodu="502").house_number == 502
    assert error_of(fault12("s:Sender")).house_number is None
    none = f"<s:Detail>{held('0')}</s:Detail>"
    assert error_of(fault12("s:Sender", detail=none)).house_number is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("5", 5), (" 60 ", 60), ("-1", None), ("1e3", None), ("٣", None), ("9" * 7, None),
     ("Wed, 04 Mar 2026 05:06:07 GMT", None)],
)  # fmt: skip
def test_when_to_come_back_is_a_number_of_seconds(said: str, seconds: int | None) -> None:
    error = error_of(fault12("s:Receiver"), Retry_After=said)
    assert isinstance(error, ServiceUnavailable)
    assert error.retry_after_s == seconds


def result(inside: str) -> etree._Element:
    return envelope(
        '<SorgulaResponse xmlns="urn:k"><SorgulaResult '
        f'xmlns:i="http://www.w3.org/2001/XMLSchema-instance">{inside}</SorgulaResult>'
        "</SorgulaResponse>"
    )


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<SorguSonucu/>",
        '<HataBilgisi i:nil="true"/>',
        '<HataBilgisi i:nil="1"><Kod>8</Kod></HataBilgisi>',
        '<HataBilgisi><Aciklama>x</Aciklama><Kod i:nil="true"/></HataBilgisi>',
        "<SorguSonucu><Kisi><HataBilgisi><Kod>2</Kod></HataBilgisi></Kisi></SorguSonucu>",
    ],
)
def test_a_result_without_a_note_on_the_whole_call_is_no_refusal(inside: str) -> None:
    root = result(inside)
    assert refusal_in(root, HttpFacts(), with_token=True) is None
    assert not is_fault(root)


def test_a_note_is_read_whatever_its_prefix() -> None:
    root = result(
        '<HataBilgisi xmlns:b="urn:b"><b:Aciklama>Boş.</b:Aciklama><b:Kod>10</b:Kod></HataBilgisi>'
    )
    error = refusal_in(root, HttpFacts(), with_token=True)
    assert isinstance(error, QueryRefused)
    assert (error.code, error.text, error.house_number) == (10, "Boş.", None)
    assert error.retry_after_s is None
    full = refusal_in(root, HttpFacts(200, {"Retry-After": "47399"}), with_token=True)
    assert isinstance(full, QueryRefused)
    assert full.retry_after_s == 47399


@pytest.mark.parametrize(
    "root",
    [
        envelope(""),
        envelope("<YanitResponse/>"),
        etree.fromstring(f'<s:Envelope xmlns:s="{SOAP12}"/>'),
    ],
)
def test_an_envelope_with_nothing_inside_says_nothing(root: etree._Element) -> None:
    assert refusal_in(root, HttpFacts(), with_token=False) is None
    assert not is_fault(root)


def test_every_error_has_the_one_base() -> None:
    from kps_soap.client import errors

    kinds = [getattr(errors, name) for name in errors.__all__]
    assert all(issubclass(kind, errors.KpsError) for kind in kinds)
