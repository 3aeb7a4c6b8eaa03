"""No header or element of ours shares a local name with the published interface (design D21).

Old clients search anywhere in a document for names like Text, Reason, Kod or KeyIdentifier; an
element of ours with such a name would be taken for theirs.
"""

import re
from pathlib import Path

import pytest
from lxml import etree

ROOT = Path(__file__).resolve().parent.parent

#: Every element of the namespaces ``urn:kps-soap:…``.
OWN = {
    *("Alindi", "AlindiNo", "Zaman", "IstekOzeti", "YanitOzeti", "AnlasmaOzeti"),
    *("GizlenenOzeti", "ImzaSahibi", "ImzaliAlindi"),
    *("KapiHatasi", "HataNo", "IstekNo"),
    *("SorguBaglami", "AmacKodu", "IslemNo"),
}

#: Names outside the schemas that clients of the published interface look for (wire A to D).
SEARCHED = {
    *("Envelope", "Header", "Body", "Fault", "Code", "Subcode", "Value", "Reason", "Text"),
    "Detail",
    *("faultcode", "faultstring", "detail", "Action", "MessageID", "RelatesTo", "To", "ReplyTo"),
    *("Address", "Security", "Timestamp", "Created", "Expires", "UsernameToken", "Username"),
    *("Password", "KeyIdentifier", "KeyInfo", "KeySize", "KeyType", "TokenType", "RequestType"),
    *("BinarySecret", "Entropy", "EncryptedData", "EncryptedKey", "CipherValue", "CipherData"),
    *("X509IssuerName", "X509SerialNumber", "SecurityTokenReference", "Lifetime", "AppliesTo"),
    *("RequestedSecurityToken", "RequestedProofToken", "RequestedAttachedReference"),
    *("RequestedUnattachedReference", "EndpointReference", "Sorgulayan"),
    *("SonucKodu", "SonucMesaji", "KisiTipi", "DogumYili"),
}


def published_names() -> set[str]:
    """Every element name in the published schemas."""
    names = set()
    for path in (ROOT / "schemas").rglob("*.xsd"):
        for element in etree.parse(path).iter("{http://www.w3.org/2001/XMLSchema}element"):
            names.add(element.get("name"))
    return names


def test_the_published_schemas_are_there_to_compare_with() -> None:
    assert {"Kod", "Aciklama", "SorguSonucu", "HataBilgisi"} <= published_names()


def payload_names_of_ours() -> set[str]:
    """The element names in the schemas of our own services.

    They may bear the names of the published records: no published client ever reads them.
    """
    names = set()
    for path in (ROOT / "schemas").rglob("*.xsd"):
        schema = etree.parse(path).getroot()
        if schema.get("targetNamespace", "").startswith("urn:kps-soap:"):
            found = schema.iter("{http://www.w3.org/2001/XMLSchema}element")
            names |= {element.get("name") for element in found}
    return names


def test_the_payloads_of_our_own_services_have_no_name_of_an_envelope() -> None:
    names = payload_names_of_ours()
    assert {"KimlikDogrulama", "BulunanKimlik", "ErisimBilgisi", "AlindiKaydi"} <= names
    assert names.isdisjoint(SEARCHED)
    assert names.isdisjoint(OWN)


@pytest.mark.parametrize("name", sorted(OWN))
def test_an_element_of_ours_has_a_name_that_no_client_looks_for(name: str) -> None:
    assert name not in published_names() | SEARCHED


def test_the_list_of_our_names_is_complete() -> None:
    written = set()
    for path in (ROOT / "kps_soap").rglob("*.py"):
        written |= set(re.findall(r"<[rh]:([A-Za-z]+)", path.read_text(encoding="utf-8")))
    assert written <= OWN
    assert {"Alindi", "KapiHatasi", "HataNo"} <= written
