"""zeep, with its own WS-Security: UsernameToken out, its own signature check of what comes in."""

from __future__ import annotations

from typing import Any

import requests
import zeep
from situation import (
    AUTHORITY,
    DIRECT,
    DOOR,
    GIVEN_NAME,
    NOBODY,
    NUMBER,
    PASSWORD,
    PUBLIC,
    SERVICE,
    SIGNER,
    SURNAME,
    USERNAME,
    WRONG_PASSWORD,
    YEAR,
    tell,
)
from zeep.exceptions import Fault
from zeep.wsse.compose import Compose
from zeep.wsse.signature import verify_envelope
from zeep.wsse.username import UsernameToken

seen = []


class Checked:
    """Sends nothing; checks each answer with zeep's own (xmlsec's) verification."""

    def apply(self, envelope: Any, headers: Any) -> Any:
        return envelope, headers

    def verify(self, envelope: Any) -> Any:
        verify_envelope(envelope, SIGNER)
        seen.append("verified")
        return envelope


session = requests.Session()
session.verify = AUTHORITY
session.trust_env = False
transport = zeep.Transport(session=session)


def criteria(number: int) -> dict[str, Any]:
    return {"KisiSorgulaTCKimlikNoSorguKriteri": [{"TCKimlikNo": number}]}


def direct(password: str) -> Any:
    plug_in = Compose([UsernameToken(USERNAME, password), Checked()])
    client = zeep.Client(f"{DIRECT}?wsdl", transport=transport, wsse=plug_in)
    port = "BasicHttpBinding_" if DOOR == "direct-1.1" else "CustomBinding_"
    return client.bind(SERVICE, port + SERVICE)


if DOOR == "public":
    service = zeep.Client(f"{PUBLIC}?WSDL", transport=transport).service
    person = {"TCKimlikNo": NUMBER, "Ad": GIVEN_NAME, "Soyad": SURNAME}
    tell("right", service.TCKimlikNoDogrula(**person, DogumYili=YEAR))
    tell("wrong", service.TCKimlikNoDogrula(**person, DogumYili=YEAR + 1))
else:
    service = direct(PASSWORD)
    result = service.ListeleCoklu(kriterListesi=criteria(NUMBER))
    tell("surname", result.SorguSonucu.KisiBilgisi[0].TemelBilgisi.Soyad)
    result = service.ListeleCoklu(kriterListesi=criteria(NOBODY))
    tell("nobody", result.SorguSonucu.KisiBilgisi[0].HataBilgisi.Kod)
    try:
        direct(WRONG_PASSWORD).ListeleCoklu(kriterListesi=criteria(NUMBER))
    except Fault as fault:
        codes = [fault.code, *(getattr(code, "localname", code) for code in fault.subcodes or ())]
        tell("refusal", str(codes[-1]).rpartition(":")[2])
    # Two answers and one fault, all signed.
    tell("signature", "verified" if len(seen) == 3 else f"{len(seen)} of 3")
