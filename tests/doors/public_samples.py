"""Questions to the public door, and its answers as written down."""

import re
from pathlib import Path

import pytest
from lxml import etree
from served import (
    AYSE,
    MEDIA,
    SOAP11,
    SOAP12,
    House,
    Reply,
    ask,
    call,
)

GOLDEN = Path(__file__).parent.parent / "golden" / "public"
VERSIONS = pytest.mark.parametrize("namespace", [SOAP11, SOAP12], ids=["soap11", "soap12"])
READ = "Server was unable to read request. ---> "
FORMAT = "Input string was not in a correct format."


DOCUMENT = {
    "TCKimlikNo": AYSE.number,
    "Ad": "AYŞE GÜL",
    "Soyad": "ÖZTÜRK",
    "SoyadYok": "false",
    "DogumGun": 9,
    "DogumGunYok": "false",
    "DogumAy": 3,
    "DogumAyYok": "false",
    "DogumYil": 1981,
    "CuzdanSeri": "A09",
    "CuzdanNo": 123456,
    "TCKKSeriNo": "A12B34567",
}


def soap_version(namespace: str) -> str:
    return "soap11" if namespace == SOAP11 else "soap12"


def golden(name: str, namespace: str) -> bytes:
    return (GOLDEN / f"{name}-{soap_version(namespace)}.xml").read_bytes()


def fault_of(reply: Reply) -> tuple[str, str]:
    """Code and text of a fault, taken by position; its layout is held by the golden files."""
    root = etree.fromstring(reply.body)
    namespace = etree.QName(root).namespace
    assert namespace in (SOAP11, SOAP12)
    assert reply.headers["content-type"] == MEDIA[namespace]
    ((fault,),) = root
    assert fault.tag == f"{{{namespace}}}Fault"
    code = fault[0] if namespace == SOAP11 else fault[0][0]
    text = fault[1] if namespace == SOAP11 else fault[1][0]
    assert code.text is not None
    assert text.text is not None
    return code.text, text.text


def verdict(reply: Reply) -> bool:
    """The boolean of an answer that has to be one, byte by byte."""
    assert reply.status == 200, reply.text
    found = re.search(r"Result>(true|false)</", reply.text)
    assert found is not None
    return found[1] == "true"


def holds(house: House, members: dict[str, object] | str) -> bool:
    return verdict(ask(house, call("TCKimlikNoDogrula", members)))


def refused(house: House, members: dict[str, object] | str) -> str:
    """The text of the fault that a request element gets in SOAP 1.1."""
    reply = ask(house, call("TCKimlikNoDogrula", members))
    assert reply.status == 500
    code, text = fault_of(reply)
    assert code == "soap:Client"
    return text


def without_receipt(reply: Reply) -> dict[str, str]:
    own = {"kps-istek-no", "kps-alindi-no", "kps-alindi-ozeti", "date"}
    return {name: value for name, value in reply.headers.items() if name not in own}
