"""Messages for the tests of the line: envelopes, Security headers, media types; all made up."""

from kps_soap.authentication import PASSWORD_TEXT, WSSE, WSU
from kps_soap.envelopes import SOAP11, SOAP12

SECURITY_DECLARED = f'xmlns:o="{WSSE}" xmlns:u="{WSU}"'
PAYLOAD = '<a xmlns="urn:a">x</a>'
TEXT_XML = "text/xml; charset=utf-8"
SOAP_XML = "application/soap+xml; charset=utf-8"


def envelope(
    payload: str = PAYLOAD, *, header: str | None = None, namespace: str = SOAP11, start: str = ""
) -> str:
    """An envelope with the prefix ``s`` around a payload and, if there are any, header blocks."""
    headers = "" if header is None else f"<s:Header>{header}</s:Header>"
    return (
        f'{start}<s:Envelope xmlns:s="{namespace}">{headers}<s:Body>{payload}</s:Body></s:Envelope>'
    )


def username_token(
    name: str = "KRM-34-0417", password: str = "correct horse battery", extra: str = ""
) -> str:
    return (
        f"<o:UsernameToken><o:Username>{name}</o:Username>"
        f'<o:Password Type="{PASSWORD_TEXT}">{password}</o:Password>{extra}</o:UsernameToken>'
    )


def timestamp(created: str = "2026-01-01T09:00:00Z", expires: str = "2026-01-01T09:05:00Z") -> str:
    return (
        f"<u:Timestamp><u:Created>{created}</u:Created><u:Expires>{expires}</u:Expires>"
        "</u:Timestamp>"
    )


def security(*tokens: str, attributes: str = "") -> str:
    """A Security header; without tokens it has the usual two."""
    content = "".join(tokens or (timestamp(), username_token()))
    return f"<o:Security {SECURITY_DECLARED} {attributes}>{content}</o:Security>"


__all__ = [
    "PAYLOAD",
    "SOAP11",
    "SOAP12",
    "SOAP_XML",
    "TEXT_XML",
    "envelope",
    "security",
    "timestamp",
    "username_token",
]
