"""Questions for the direct door as bytes, and its answers as plain Python values.

Nothing here verifies a signature: it reads an answer as a program without any WS-Security
stack does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lxml import etree

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
MEDIA = {SOAP11: "text/xml; charset=utf-8", SOAP12: "application/soap+xml; charset=utf-8"}
FIRST = "http://kps.nvi.gov.tr/2011/01/01"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

PERSON = "/kps/KisiSorgulaTCKimlikNoServis/2011/01/01"
ADDRESS = "/kps/KimlikNoSorgulaAdresServis/2021/04/01"
PROVINCES = "/kps/AksOkuTumIlServis/2011/01/01"
DISTRICTS = "/kps/AksOkuTumIleBagliIlceServis/2011/01/01"

NOT_FOUND = {"Aciklama": "Aradığınız kriterlere uygun kayıt bulunamadı.", "Kod": "2"}
NOT_ALLOWED = {"Aciklama": "Yetkiniz yoktur.", "Kod": "8"}
EMPTY = {"Aciklama": "Sorgu kriteri boş geçilemez.", "Kod": "10"}

#: A criterion: the number, and the birth date as a demo persona has it, if the service asks it.
Criterion = tuple[int | str | None, Mapping[str, int | None] | None]


def combined_path(version: str) -> str:
    return f"/kps/BilesikKutukSorgulaKimlikNoServis/{version}"


def envelope(payload: str, headers: str = "", *, soap: str = SOAP11) -> bytes:
    """A SOAP envelope around a payload."""
    return (
        f'<s:Envelope xmlns:s="{soap}"><s:Header>{headers}</s:Header>'
        f"<s:Body>{payload}</s:Body></s:Envelope>"
    ).encode()


def security(account: Mapping[str, Any], password: str | None = None) -> str:
    """A wsse:Security header with the account's UsernameToken."""
    return (
        f'<o:Security xmlns:o="{WSSE}"><o:UsernameToken><o:Username>{account["username"]}'
        f"</o:Username><o:Password>{password or account['password']}</o:Password>"
        "</o:UsernameToken></o:Security>"
    )


def on_behalf(
    *, inquirer: str | None = None, purpose: str | None = None, case_number: str | None = None
) -> str:
    """The headers that say who asks, why, and in which case."""
    text = ""
    if inquirer is not None:
        text += f'<Sorgulayan xmlns="{FIRST}/sorgulayan">{inquirer}</Sorgulayan>'
    members = (("AmacKodu", purpose), ("IslemNo", case_number))
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in members if value is not None)
    return text + (f'<SorguBaglami xmlns="urn:kps-soap:baglam:1">{inside}</SorguBaglami>')


def person_query(numbers: int | str | Iterable[int | str | None]) -> str:
    """KisiSorgulaTCKimlikNo about one number or several; None is a nil number."""
    several = [numbers] if isinstance(numbers, int | str) else list(numbers)
    criteria = "".join(
        "<KisiSorgulaTCKimlikNoSorguKriteri>"
        + _member("TCKimlikNo", number)
        + "</KisiSorgulaTCKimlikNoSorguKriteri>"
        for number in several
    )
    return f'<ListeleCoklu xmlns="{FIRST}"><kriterListesi>{criteria}</kriterListesi></ListeleCoklu>'


def combined_query(version: str, criteria: Sequence[Criterion]) -> str:
    """BilesikKutukSorgulaKimlikNo in a dated version."""
    return _dated_query(version, "BilesikKutukSorgulaKimlikNoSorguKriteri", criteria)


def address_query(criteria: Sequence[Criterion]) -> str:
    """KimlikNoSorgulaAdres 2021/04/01."""
    return _dated_query("2021/04/01", "KimlikNoileAdresSorguKriteri", criteria)


def _dated_query(version: str, name: str, criteria: Sequence[Criterion]) -> str:
    items = "".join(
        f"<{name}>{_birth(born)}{_member('KimlikNo', number)}</{name}>" for number, born in criteria
    )
    namespace = f"http://kps.nvi.gov.tr/{version}"
    return f'<Sorgula xmlns="{namespace}"><kriterListesi>{items}</kriterListesi></Sorgula>'


def _birth(born: Mapping[str, int | None] | None) -> str:
    if born is None:
        return ""
    parts = (("DogumAy", "month"), ("DogumGun", "day"), ("DogumYil", "year"))
    return "".join(_member(name, born[part]) for name, part in parts)


def _member(name: str, value: int | str | None) -> str:
    if value is None:
        return f'<{name} xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
    return f"<{name}>{value}</{name}>"


def dictionary_query(members: str = "") -> str:
    """A dictionary service's question."""
    return f'<Listele xmlns="{FIRST}"><kriter>{members}</kriter></Listele>'


def plain(element: Any) -> Any:
    """An element as plain values: nil is None, text is text, members are a dict.

    A member that occurs more than once is a list.
    """
    if element.get(NIL) == "true":
        return None
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        name, value = etree.QName(child).localname, plain(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


@dataclass(frozen=True)
class Reply:
    """An answer as it came over the wire; header names in small letters."""

    question: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def root(self) -> Any:
        return etree.fromstring(self.body)

    @property
    def payload(self) -> Any:
        """The one element in the Body."""
        (payload,) = self.root.find("{*}Body")
        return payload

    @property
    def note(self) -> dict[str, str] | None:
        """``HataBilgisi`` of the whole call, None where it is nil."""
        value: dict[str, str] | None = plain(self.payload[0].find("{*}HataBilgisi"))
        return value

    @property
    def records(self) -> list[Any]:
        """The records under ``SorguSonucu``, one a criterion."""
        return [plain(record) for record in self.payload[0].find("{*}SorguSonucu")]

    @property
    def refused(self) -> tuple[int, str, dict[str, str] | None]:
        """A whole call that the agreement refuses: status, outcome number, note."""
        assert plain(self.payload[0].find("{*}SorguSonucu")) is None
        return self.status, self.headers["kps-sonuc-kodu"], self.note

    @property
    def fault(self) -> tuple[int, str, str, str]:
        """A fault: status, code, Turkish sentence, house number ("" where there is none)."""
        fault = self.payload
        assert etree.QName(fault).localname == "Fault"
        if etree.QName(fault).namespace == SOAP11:
            code, text = fault.findtext("faultcode"), fault.findtext("faultstring")
        else:
            code = fault.findtext("{*}Code/{*}Subcode/{*}Value") or fault.findtext(
                "{*}Code/{*}Value"
            )
            text = fault.findtext("{*}Reason/{*}Text")
        number = fault.findtext(".//{urn:kps-soap:hata:1}HataNo", "")
        return self.status, code.partition(":")[2], text, number
