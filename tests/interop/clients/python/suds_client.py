"""suds-community: an old stack that signs and checks nothing, and reads the SOAP 1.1 port."""

from __future__ import annotations

import ssl
import urllib.request
from typing import Any

import suds
from situation import (
    AUTHORITY,
    DIRECT,
    DOOR,
    GIVEN_NAME,
    NOBODY,
    NUMBER,
    PASSWORD,
    PUBLIC,
    SURNAME,
    USERNAME,
    WRONG_PASSWORD,
    YEAR,
    tell,
)
from suds.client import Client
from suds.transport.http import HttpTransport
from suds.wsse import Security, UsernameToken


class TrustedTransport(HttpTransport):
    """Trusts the demo's authority and nobody else."""

    def u2handlers(self) -> list[Any]:
        context = ssl.create_default_context(cafile=AUTHORITY)
        return [
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=context),
        ]


def open_client(address: str) -> Client:
    return Client(address, transport=TrustedTransport(), cache=None)


def direct(password: str) -> Client:
    client = open_client(f"{DIRECT}?wsdl")
    security = Security()
    security.tokens.append(UsernameToken(USERNAME, password))
    client.set_options(wsse=security, port="BasicHttpBinding_KisiSorgulaTCKimlikNoServis")
    return client


def ask(client: Client, number: int) -> Any:
    criterion = client.factory.create("KisiSorgulaTCKimlikNoSorguKriteri")
    criterion.TCKimlikNo = number
    listed = client.factory.create("ArrayOfKisiSorgulaTCKimlikNoSorguKriteri")
    listed.KisiSorgulaTCKimlikNoSorguKriteri = [criterion]
    return client.service.ListeleCoklu(listed).SorguSonucu.KisiBilgisi[0]


if DOOR == "public":
    service = open_client(f"{PUBLIC}?WSDL").service["KPSPublicSoap"]
    tell("right", service.TCKimlikNoDogrula(NUMBER, GIVEN_NAME, SURNAME, YEAR))
    tell("wrong", service.TCKimlikNoDogrula(NUMBER, GIVEN_NAME, SURNAME, YEAR + 1))
else:
    client = direct(PASSWORD)
    tell("surname", ask(client, NUMBER).TemelBilgisi.Soyad)
    tell("nobody", ask(client, NOBODY).HataBilgisi.Kod)
    try:
        ask(direct(WRONG_PASSWORD), NUMBER)
    except suds.WebFault as refused:
        tell("refusal", str(refused.fault.faultcode).rpartition(":")[2])
