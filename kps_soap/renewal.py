"""Would a worker that is started now come up with the files as they are?

Renewing ends a worker before its successor starts.  A key file that is half copied or a
certificate that does not fit would then cost that worker, and a gateway of one worker everything;
so whoever renews looks here first, and stays as it is where something is wrong.

This looks only at what a new worker reads and a running one does not need any more: TLS files,
signing keys, key files.  It changes nothing, and a certificate that ends soon is no obstacle.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Final

from cryptography import x509

from kps_soap.audit.keys import KeyFileRefused, read_key_file
from kps_soap.configured import load_recipe, load_signers
from kps_soap.operator_errors import OPERATOR_ERRORS, sentence_of
from kps_soap.settings import Settings


def obstacles(settings: Settings) -> Iterator[str]:
    """A sentence for everything that would keep a new worker from starting."""
    for name, look in _LOOKS:
        try:
            look(settings)
        except ssl.SSLError:
            yield f"{name}: the certificate and its key do not fit together, or cannot be read"
        except OPERATOR_ERRORS as error:
            yield f"{name}: {sentence_of(error)}"


def served_certificate(settings: Settings) -> x509.Certificate | None:
    """The certificate that TLS callers are shown; None without an https port.

    None too where the file holds none: the server then says so itself when it opens it.
    """
    if not settings.https_port:
        return None
    try:
        pem = settings.tls_certificate_file.read_bytes()
        return x509.load_pem_x509_certificates(pem)[0]
    except (OSError, ValueError):
        return None


def _tls(settings: Settings) -> None:
    if settings.https_port:
        # Read first: an error of the next step would not say which file it is about.
        settings.tls_certificate_file.read_bytes()
        settings.tls_key_file.read_bytes()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_certificate_file, settings.tls_key_file, password="")


def _signing(settings: Settings) -> None:
    load_signers(settings)


def _keys(settings: Settings) -> None:
    for path in (settings.evidence_key_file, settings.person_key_file, settings.token_key_file):
        try:
            read_key_file(path)
        except KeyFileRefused as refused:
            raise KeyFileRefused(f"{path}: {refused}") from None
    load_recipe(settings)


_LOOKS: Final[tuple[tuple[str, Callable[[Settings], None]], ...]] = (
    ("TLS", _tls),
    ("signing keys", _signing),
    ("keys", _keys),
)
