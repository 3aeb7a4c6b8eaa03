"""The requests of the benchmark, each on one line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
PERSON = "http://kps.nvi.gov.tr/2011/01/01"
PUBLIC = "http://tckimlik.nvi.gov.tr/WS"


def direct_message(number: int | Sequence[int], account: dict[str, Any] | None) -> str:
    """A person query by number or numbers; without an account it is what stock Spyne gets."""
    return _envelope("" if account is None else _headers(account), person_body(number))


def person_body(number: int | Sequence[int]) -> str:
    """The Body of a person query about one person or several."""
    criteria = "".join(
        f"<KisiSorgulaTCKimlikNoSorguKriteri><TCKimlikNo>{one}</TCKimlikNo>"
        "</KisiSorgulaTCKimlikNoSorguKriteri>"
        for one in ([number] if isinstance(number, int) else number)
    )
    return (
        f'<ListeleCoklu xmlns="{PERSON}"><kriterListesi>{criteria}</kriterListesi></ListeleCoklu>'
    )


def _headers(account: dict[str, Any]) -> str:
    now = datetime.now(UTC)
    times = "".join(
        f"<u:{name}>{moment.isoformat(timespec='milliseconds')[:-6]}Z</u:{name}>"
        for name, moment in (("Created", now), ("Expires", now + timedelta(seconds=300)))
    )
    token = (
        f'<o:Security xmlns:o="{WSSE}" xmlns:u="{WSU}"><u:Timestamp>{times}</u:Timestamp>'
        f"<o:UsernameToken><o:Username>{account['username']}"
        f"</o:Username><o:Password>{account['password']}</o:Password></o:UsernameToken></o:Security>"
    )
    if account["inquirer"] is None:
        return token
    return (
        f'{token}<Sorgulayan xmlns="{PERSON}/sorgulayan">{escape(account["inquirer"])}'
        f'</Sorgulayan><b:SorguBaglami xmlns:b="urn:kps-soap:baglam:1">'
        f"<b:AmacKodu>{account['purpose']}</b:AmacKodu><b:IslemNo>2026/1</b:IslemNo>"
        "</b:SorguBaglami>"
    )


def public_message(persona: dict[str, Any]) -> str:
    """A verification that is true."""
    return _envelope(
        "",
        f'<TCKimlikNoDogrula xmlns="{PUBLIC}"><TCKimlikNo>{persona["identity_number"]}'
        f"</TCKimlikNo><Ad>{escape(persona['given_name'])}</Ad>"
        f"<Soyad>{escape(persona['surname'] or '')}</Soyad>"
        f"<DogumYili>{persona['birth']['year']}</DogumYili></TCKimlikNoDogrula>",
    )


def _envelope(headers: str, body: str) -> str:
    header = f"<s:Header>{headers}</s:Header>" if headers else ""
    return f'<s:Envelope xmlns:s="{SOAP}">{header}<s:Body>{body}</s:Body></s:Envelope>'
