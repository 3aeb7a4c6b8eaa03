"""The XML that a signature over parts of a question is written in (XML Signature, §4).

Whoever signs hands in what to sign and with what.  No key is touched here, and nothing is judged.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from lxml import etree

from kps_soap.answers import WSSE, canonical

Element = etree._Element

_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"


def add_signature(
    security: Element,
    parts: Mapping[str, Element],
    *,
    method: str,
    hash_name: str,
    digest_method: str,
    sign: Callable[[bytes], bytes],
) -> Element:
    """Add the signature over ``parts``, by their ids, to a Security header.

    ``method`` and ``digest_method`` are the names on the wire; ``hash_name`` is ``hashlib``'s.
    Returns the SecurityTokenReference, in which the caller names the key.
    """
    # The type stubs do not know a namespace without a prefix.
    default: Any = {None: _DS}
    signature = etree.SubElement(security, f"{{{_DS}}}Signature", nsmap=default)
    signed_info = _add(signature, "SignedInfo")
    _add(signed_info, "CanonicalizationMethod", Algorithm=_EXCLUSIVE)
    _add(signed_info, "SignatureMethod", Algorithm=method)
    for name, part in parts.items():
        reference = _add(signed_info, "Reference", URI=f"#{name}")
        _add(_add(reference, "Transforms"), "Transform", Algorithm=_EXCLUSIVE)
        _add(reference, "DigestMethod", Algorithm=digest_method)
        digest = hashlib.new(hash_name, canonical(part)).digest()
        _add(reference, "DigestValue").text = base64_text(digest)
    _add(signature, "SignatureValue").text = base64_text(sign(canonical(signed_info)))
    return etree.SubElement(_add(signature, "KeyInfo"), f"{{{WSSE}}}SecurityTokenReference")


def base64_text(data: bytes) -> str:
    """Bytes as XML has them."""
    return base64.b64encode(data).decode("ascii")


def _add(parent: Element, name: str, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{_DS}}}{name}", attributes)
