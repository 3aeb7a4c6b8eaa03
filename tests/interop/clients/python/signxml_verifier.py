"""Verifies signed answers with signxml: ``signxml_verifier.py CERTIFICATE FILE...``."""

from __future__ import annotations

import sys
from pathlib import Path

from lxml import etree
from signxml import SignatureConfiguration, XMLVerifier
from signxml.exceptions import InvalidDigest, InvalidSignature

WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"


def judge(answer: bytes, certificate: str) -> str:
    root = etree.fromstring(answer)
    references = root.findall(".//{http://www.w3.org/2000/09/xmldsig#}Reference")
    expected = SignatureConfiguration(expect_references=len(references), location=".//")
    try:
        results = XMLVerifier().verify(
            root, x509_cert=certificate, id_attribute="Id", expect_config=expected
        )
    except (InvalidSignature, InvalidDigest):
        return "refused"
    names = sorted(etree.QName(result.signed_xml).localname for result in results)
    return f"verified:{','.join(names)}"


certificate = Path(sys.argv[1]).read_text(encoding="utf-8")
for name in sys.argv[2:]:
    print(f"{name}={judge(Path(name).read_bytes(), certificate)}")
