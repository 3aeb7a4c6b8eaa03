"""Encrypted tokens: the element as published, opened with the key, and known by its digest."""

import base64
import re
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from token_samples import (
    DS,
    ISSUER,
    SERIAL,
    XENC,
    certificate,
    opened,
    random_bytes,
    recipe,
    token_key,
)

from kps_soap.faults import TokenRefused
from kps_soap.tokens import encrypted
from kps_soap.tokens.encrypted import EncryptedToken, Recipe, RecipeRefused, digest_of, encrypt

PLAIN = "<a>Ş</a>".encode() * 40


def token(content: bytes = PLAIN) -> EncryptedToken:
    return encrypt(content, recipe(), random_bytes)


TOKEN = token()


def parsed(xml: bytes | str) -> etree._Element:
    """As the door's parser reads: no comments, nothing resolved."""
    parser = etree.XMLParser(resolve_entities=False, remove_comments=True)
    return etree.fromstring(xml, parser)


def edited(old: str, new: str, *, count: int = 1) -> etree._Element:
    text = TOKEN.xml.decode()
    assert old in text, old
    return parsed(text.replace(old, new, count))


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 1000])
def test_it_opens_to_what_was_encrypted(length: int) -> None:
    content = b"x" * length
    assert opened(parsed(token(content).xml)) == content


def test_its_digest_is_that_of_both_cipher_values() -> None:
    values = [
        base64.b64decode(one.text or "") for one in parsed(TOKEN.xml).iter(XENC + "CipherValue")
    ]
    assert TOKEN.digest == sha256(values[0] + values[1]).digest()
    assert digest_of(parsed(TOKEN.xml), recipe()) == TOKEN.digest


def test_two_tokens_with_one_content_differ() -> None:
    assert token().digest != token().digest


def test_it_stands_on_one_line_without_ids() -> None:
    text = TOKEN.xml.decode()
    assert "\n" not in text and "> <" not in text
    assert not re.search(r"\bId=", text)


def test_issuer_and_serial_are_written_as_the_original_writes_them() -> None:
    element = parsed(TOKEN.xml)
    assert [one.text for one in element.iter(f"{DS}X509IssuerName")] == [ISSUER]
    assert [one.text for one in element.iter(f"{DS}X509SerialNumber")] == [str(SERIAL)]


def test_letters_that_a_paste_would_change_are_written_in_ascii() -> None:
    awkward = ((NameOID.ORGANIZATION_NAME, 'Ş & <"Oğul">'), (NameOID.COMMON_NAME, "a,b"))
    found = Recipe.of(certificate(token_key(), issuer=awkward)).issuer
    assert found == r"CN=a\,b, O=\C5\9E \26 \3C\22O\C4\9Ful\22\3E"
    sealed = encrypt(PLAIN, Recipe(found, "1", token_key().public_key()), random_bytes)
    assert [one.text for one in parsed(sealed.xml).iter(f"{DS}X509IssuerName")] == [found]


def test_a_certificate_without_a_good_rsa_key_makes_no_recipe() -> None:
    small = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
    for key in (small, ec.generate_private_key(ec.SECP256R1())):
        with pytest.raises(RecipeRefused, match="2048 bits"):
            Recipe.of(certificate(key))


# The element written anew around the same values (wire B.3)


REWRITTEN = """
<x:EncryptedData xmlns:x="http://www.w3.org/2001/04/xmlenc#"
    xmlns:d="http://www.w3.org/2000/09/xmldsig#" Type="http://www.w3.org/2001/04/xmlenc#Element">
  <x:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"></x:EncryptionMethod>
  <d:KeyInfo>
    <x:EncryptedKey Id="_anahtar">
      <x:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p">
        <d:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1" />
      </x:EncryptionMethod>
      <d:KeyInfo>
        <w:SecurityTokenReference xmlns:w="{wsse}">
          <d:X509Data><d:X509IssuerSerial>
            <d:X509IssuerName>
              {issuer}
            </d:X509IssuerName>
            <d:X509SerialNumber> {serial} </d:X509SerialNumber>
          </d:X509IssuerSerial></d:X509Data>
        </w:SecurityTokenReference>
      </d:KeyInfo>
      <x:CipherData><x:CipherValue>
{wrapped}
      </x:CipherValue></x:CipherData>
    </x:EncryptedKey>
  </d:KeyInfo>
  <x:CipherData><x:CipherValue>{content}</x:CipherValue></x:CipherData>
</x:EncryptedData>"""


def test_a_token_written_anew_is_the_same_token() -> None:
    wrapped, content = [one.text or "" for one in parsed(TOKEN.xml).iter(XENC + "CipherValue")]
    lines = "\n".join(re.findall(".{1,76}", wrapped))
    text = REWRITTEN.format(
        wsse=encrypted.WSSE, issuer=ISSUER, serial=SERIAL, wrapped=lines, content=content
    )
    assert digest_of(parsed(text), recipe()) == TOKEN.digest


def test_the_hint_of_its_content_may_be_left_out() -> None:
    hint = ' Type="http://www.w3.org/2001/04/xmlenc#Element"'
    assert digest_of(edited(hint, ""), recipe()) == TOKEN.digest


# Everything else is another token, or none

ENC = "http://www.w3.org/2001/04/xmlenc#"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"{ENC}aes256-cbc", f"{ENC}aes128-cbc"),
        (f"{ENC}rsa-oaep-mgf1p", f"{ENC}rsa-1_5"),
        ("http://www.w3.org/2000/09/xmldsig#sha1", f"{ENC}sha256"),
        (f'Type="{ENC}Element"', f'Type="{ENC}Content"'),
        (f'Type="{ENC}Element"', f'Type="{ENC}Element" MimeType="text/xml"'),
        ("CN=SINAMA", "CN=SINAMB"),
        (str(SERIAL), str(SERIAL + 1)),
        (str(SERIAL), f"0{SERIAL}"),
        ("<X509SerialNumber>", "<X509SerialNumber/><X509SerialNumber>"),
        ("<X509IssuerName>", '<X509IssuerName a="b">'),
        ("<X509IssuerName>", "<X509IssuerName><b/>"),
        ("<X509Data>", "x<X509Data>"),
        ("</X509Data>", "</X509Data><X509Data/>"),
        ("</X509Data>", "</X509Data>x"),
        ("<e:CipherData>", "<e:CipherData><e:CipherReference URI='http://127.0.0.1:9/'/>"),
        ("<e:CipherData>", "<e:ReferenceList/><e:CipherData>"),
        (f'<DigestMethod Algorithm="{DS[1:-1]}sha1"/>', ""),
        ('"/></e:EncryptionMethod>', '"/><e:OAEPparams>AA==</e:OAEPparams></e:EncryptionMethod>'),
        ("xenc:EncryptedData", "xenc:EncryptedDate"),
        ("</xenc:CipherData>", "</xenc:CipherData><xenc:EncryptionProperties/>"),
        ("<e:CipherValue>", "<e:CipherValue>*"),
        ("<e:CipherValue>", "<e:CipherValue>AAAA"),
        ("<xenc:CipherValue>", "<xenc:CipherValue>\u00a0"),
        ("<xenc:CipherValue>", "<xenc:CipherValue>Ａ"),
        ("<xenc:CipherValue>", "<xenc:CipherValue>="),
    ],
)
def test_an_element_that_says_anything_else_is_refused(old: str, new: str) -> None:
    with pytest.raises(TokenRefused):
        digest_of(edited(old, new, count=-1), recipe())


def test_a_shortened_value_is_another_token_or_none() -> None:
    text = TOKEN.xml.decode()
    shorter = re.sub(r"....</xenc:CipherValue>", "</xenc:CipherValue>", text)
    assert digest_of(parsed(shorter), recipe()) != TOKEN.digest
    with pytest.raises(TokenRefused):
        digest_of(parsed(re.sub(r"....</e:CipherValue>", "</e:CipherValue>", text)), recipe())


def test_bytes_that_move_from_one_value_to_the_other_make_no_token() -> None:
    wrapped, content = [
        base64.b64decode(one.text or "") for one in parsed(TOKEN.xml).iter(XENC + "CipherValue")
    ]
    element = parsed(TOKEN.xml)
    moved = (wrapped[:-3], wrapped[-3:] + content)
    for place, value in zip(element.iter(XENC + "CipherValue"), moved, strict=True):
        place.text = base64.b64encode(value).decode()
    with pytest.raises(TokenRefused):
        digest_of(element, recipe())


@pytest.mark.parametrize("length", [0, encrypted.CIPHER_CHARACTERS_MAX + 4])
def test_a_value_that_is_empty_or_too_long_is_refused(length: int) -> None:
    element = parsed(TOKEN.xml)
    list(element.iter(XENC + "CipherValue"))[1].text = "A" * length
    with pytest.raises(TokenRefused):
        digest_of(element, recipe())


def test_the_longest_value_is_read() -> None:
    element = parsed(TOKEN.xml)
    list(element.iter(XENC + "CipherValue"))[1].text = "A" * encrypted.CIPHER_CHARACTERS_MAX
    assert digest_of(element, recipe()) != TOKEN.digest


@pytest.mark.parametrize("last", "ABCDEFGHIJKLMNOPQRgw")
def test_bits_behind_the_last_byte_are_not_ignored(last: str) -> None:
    element = parsed(TOKEN.xml)
    list(element.iter(XENC + "CipherValue"))[1].text = f"A{last}=="
    if last in "AQgw":
        assert digest_of(element, recipe()) != TOKEN.digest
    else:
        with pytest.raises(TokenRefused):
            digest_of(element, recipe())


def outcome(changed: bytes) -> bytes | None:
    """The digest of a changed token, None where there is no token left."""
    try:
        return digest_of(parsed(changed), recipe())
    except (etree.XMLSyntaxError, TokenRefused):
        return None


def values_of(xml: bytes) -> list[str]:
    return ["".join((one.text or "").split()) for one in parsed(xml).iter(XENC + "CipherValue")]


@pytest.mark.parametrize("flipped", [1, 32])
def test_no_flipped_bit_leaves_the_token_known_with_other_values(flipped: int) -> None:
    for place in range(len(TOKEN.xml)):
        changed = bytearray(TOKEN.xml)
        changed[place] ^= flipped
        found = outcome(bytes(changed))
        assert found != TOKEN.digest or values_of(bytes(changed)) == values_of(TOKEN.xml), place


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(TOKEN.xml) - 1), st.integers(0, 255))
def test_a_changed_byte_leaves_the_same_token_or_no_known_one(place: int, byte: int) -> None:
    changed = bytearray(TOKEN.xml)
    changed[place] = byte
    found = outcome(bytes(changed))
    if found is not None:
        same_values = values_of(bytes(changed)) == values_of(TOKEN.xml)
        assert (found == TOKEN.digest) is same_values
