"""WS-Trust's words: what a request may say, and the answer's members."""

import base64
from pathlib import Path

import pytest
from lxml import etree

from kps_soap.faults import SchemaRefused
from kps_soap.tokens.base64_values import decoded
from kps_soap.tokens.trust import (
    ADDRESS_CHARACTERS_MAX,
    CONTEXT_CHARACTERS_MAX,
    ENTROPY_BYTES_MAX,
    ENTROPY_BYTES_MIN,
    TRUST,
    Response,
    TokenRequest,
    TrustRequestRefused,
    read_request,
    write_response,
)

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "issuer"
SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
ROUTING = "https://gecit.example/Services/RoutingService.svc"
ISSUE = f"<t:RequestType>{TRUST}/Issue</t:RequestType>"
DECLARED = (
    f'xmlns:t="{TRUST}" xmlns:a="http://www.w3.org/2005/08/addressing"'
    ' xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy"'
    ' xmlns:q="http://www.w3.org/ns/ws-policy"'
    ' xmlns:n="http://docs.oasis-open.org/ws-sx/ws-trust/200802"'
)
SECRET = base64.b64encode(bytes(range(32))).decode()


def request(members: str = ISSUE, *, name: str = "RequestSecurityToken", more: str = "") -> str:
    return f"<t:{name} {DECLARED} {more}>{members}</t:{name}>"


def read(text: str) -> TokenRequest:
    return read_request(etree.fromstring(text))


def applies(address: str, *, prefix: str = "p") -> str:
    return (
        f"<{prefix}:AppliesTo><a:EndpointReference><a:Address>{address}</a:Address>"
        f"</a:EndpointReference></{prefix}:AppliesTo>"
    )


def entropy(value: str, attributes: str = f'Type="{TRUST}/Nonce"') -> str:
    return f"<t:Entropy><t:BinarySecret {attributes}>{value}</t:BinarySecret></t:Entropy>"


# The shapes of the field


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("shape-*.xml")), ids=lambda file: file.stem)
def test_every_published_shape_is_read(file: Path) -> None:
    (element,) = etree.parse(file).getroot().iterfind(f"{SOAP}Body/*")
    found = read_request(element)
    assert found.applies_to.partition("://")[2].lower() == ROUTING.partition("://")[2].lower()
    assert found.context == ""
    assert found.entropy == (bytes(range(32)) if "entropy" in file.stem else None)


def test_the_address_is_repeated_as_it_was_written() -> None:
    address = "http://GECIT.example:8080/services/x.svc?a=1&amp;b=2"
    assert read(request(applies(address) + ISSUE)).applies_to == address.replace("&amp;", "&")
    assert read(request(applies(f"\n  {ROUTING}\n") + ISSUE)).applies_to == ROUTING


def test_the_newer_policy_namespace_is_read_too() -> None:
    assert read(request(applies(ROUTING, prefix="q") + ISSUE)).applies_to == ROUTING


def test_a_request_without_an_address_names_none() -> None:
    assert read(request()) == TokenRequest()


def test_further_members_of_the_address_are_not_read() -> None:
    text = applies(ROUTING).replace(
        "</a:Address>", "</a:Address><a:ReferenceParameters><x/></a:ReferenceParameters>"
    )
    assert read(request(text + ISSUE)).applies_to == ROUTING


def test_the_context_is_repeated() -> None:
    assert read(request(more='Context="urn:uuid:1"')).context == "urn:uuid:1"


@pytest.mark.parametrize(
    "hint",
    [
        "<t:Claims Dialect='urn:x'><x/></t:Claims>",
        "<t:Lifetime><x/></t:Lifetime>",
        "<t:Renewing/>",
        "<t:SignatureAlgorithm>urn:x</t:SignatureAlgorithm><t:SignatureAlgorithm/>",
        "<x xmlns='urn:other'>y</x>",
        "<t:SecondaryParameters><t:Claims/><t:KeyType>\n"
        f"{TRUST}/SymmetricKey</t:KeyType></t:SecondaryParameters>",
        "<t:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</t:TokenType>",
        "<t:KeySize> 256 </t:KeySize>",
    ],
)
def test_hints_are_the_issuers_to_decide(hint: str) -> None:
    assert read(request(hint + ISSUE)) == TokenRequest()


@pytest.mark.parametrize("length", [ENTROPY_BYTES_MIN, 32, ENTROPY_BYTES_MAX])
def test_entropy_of_any_sensible_length_is_taken(length: int) -> None:
    value = base64.b64encode(bytes(length)).decode()
    assert read(request(ISSUE + entropy(value))).entropy == bytes(length)


def test_entropy_may_stand_on_many_lines_and_leave_its_type_out() -> None:
    assert read(request(ISSUE + entropy(f"\n{SECRET[:20]}\r\n {SECRET[20:]}\n", ""))).entropy


# What is refused


@pytest.mark.parametrize(
    "members",
    [
        "",
        "<t:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</t:TokenType>",
        f"<t:RequestType>{TRUST}/Renew</t:RequestType>",
        f"<t:RequestType>{TRUST}/Validate</t:RequestType>",
        f"<t:RequestType>{TRUST}/Cancel</t:RequestType>",
        "<t:RequestType/>",
        f"<t:RequestType>{TRUST}/issue</t:RequestType>",
        "<t:RequestType>http://schemas.xmlsoap.org/ws/2005/02/trust/Issue</t:RequestType>",
        f"<t:RequestType><x/>{TRUST}/Issue</t:RequestType>",
        ISSUE + ISSUE,
        ISSUE + "text",
        "text" + ISSUE,
        ISSUE + f"<t:KeyType>{TRUST}/PublicKey</t:KeyType>",
        ISSUE + f"<t:KeyType>{TRUST}/Bearer</t:KeyType>",
        ISSUE + "<t:KeySize>128</t:KeySize>",
        ISSUE + "<t:KeySize>512</t:KeySize>",
        ISSUE + "<t:KeySize>0256</t:KeySize>",
        ISSUE + "<t:SecondaryParameters><t:KeySize>128</t:KeySize></t:SecondaryParameters>",
        ISSUE + "<t:SecondaryParameters/><t:SecondaryParameters/>",
        ISSUE + "<t:SecondaryParameters>x</t:SecondaryParameters>",
        ISSUE + "<t:TokenType>urn:oasis:names:tc:SAML:2.0:assertion</t:TokenType>",
        ISSUE + "<t:ComputedKeyAlgorithm>urn:other</t:ComputedKeyAlgorithm>",
        ISSUE + "<t:OnBehalfOf><x/></t:OnBehalfOf>",
        ISSUE + "<n:ActAs><x/></n:ActAs>",
        ISSUE + "<t:UseKey/>",
        ISSUE + "<t:SecondaryParameters><t:UseKey/></t:SecondaryParameters>",
        ISSUE + "<t:RenewTarget/>",
        ISSUE + "<t:Encryption/>",
        ISSUE + applies(ROUTING) + applies(ROUTING, prefix="q"),
        ISSUE + applies(ROUTING) * 2,
        ISSUE + "<p:AppliesTo/>",
        ISSUE + "<p:AppliesTo><a:EndpointReference/></p:AppliesTo>",
        ISSUE + f"<p:AppliesTo>{ROUTING}</p:AppliesTo>",
        ISSUE + applies(f"<x/>{ROUTING}"),
        ISSUE + applies("x" * (ADDRESS_CHARACTERS_MAX + 1)),
        ISSUE + "<t:Entropy/>",
        ISSUE + "<t:Entropy><x/></t:Entropy>",
        ISSUE + entropy(SECRET).replace("</t:Entropy>", "<t:BinarySecret/></t:Entropy>"),
        ISSUE + entropy(SECRET, f'Type="{TRUST}/SymmetricKey"'),
        ISSUE + entropy("%%%%"),
        ISSUE + entropy("AAAA"),
        ISSUE + entropy(SECRET[:-1]),
        ISSUE + entropy(base64.b64encode(bytes(ENTROPY_BYTES_MAX + 1)).decode()),
        ISSUE + entropy(SECRET) * 2,
    ],
)
def test_what_is_not_issued_is_refused(members: str) -> None:
    with pytest.raises(TrustRequestRefused):
        read(request(members))


def test_another_element_is_no_request() -> None:
    with pytest.raises(TrustRequestRefused):
        read(request(name="RequestSecurityTokenResponse"))


def test_a_context_too_long_is_refused() -> None:
    with pytest.raises(TrustRequestRefused):
        read(request(more=f'Context="{"x" * (CONTEXT_CHARACTERS_MAX + 1)}"'))


def test_it_is_refused_as_a_message_of_another_shape() -> None:
    assert issubclass(TrustRequestRefused, SchemaRefused)
    assert TrustRequestRefused().sender


def test_entropy_shows_in_no_representation() -> None:
    assert "entropy" not in repr(read(request(ISSUE + entropy(SECRET))))


# The answer

RESPONSE = Response(
    created="2026-01-01T09:02:00.123Z",
    expires="2026-01-01T10:02:00.123Z",
    assertion_id="_guid",
    token=b"<token/>",
    secret=bytes(range(32)),
    computed=False,
)


def test_what_the_caller_wrote_is_repeated_as_text_only() -> None:
    asked = TokenRequest(applies_to="x</a:Address><y>&", context='1"<&\n')
    body = '<s xmlns:a="http://www.w3.org/2005/08/addressing">{}</s>'
    root = etree.fromstring(body.format(write_response(asked, RESPONSE).decode()))
    assert [one.text for one in root.iter("{http://www.w3.org/2005/08/addressing}Address")] == [
        asked.applies_to
    ]
    assert [
        one.get("Context") for one in root.iter(f"{{{TRUST}}}RequestSecurityTokenResponse")
    ] == [asked.context]


def test_without_an_address_none_is_written() -> None:
    assert b"AppliesTo" not in write_response(TokenRequest(), RESPONSE)


def test_the_secret_shows_in_no_representation() -> None:
    assert "secret" not in repr(RESPONSE)


@pytest.mark.parametrize(
    ("text", "value"),
    [("", b""), ("QQ==", b"A"), (" Q\tQ\r\n= =", b"A"), ("QR==", None), ("Q", None), ("QQ", None)]
    + [("QQ==QQ==", None), ("Q*==", None), ("QQ=\u00a0=", None), ("\uff21\uff21==", None)],
)
def test_base64_has_one_reading(text: str, value: bytes | None) -> None:
    assert decoded(text) == value
