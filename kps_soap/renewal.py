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

from kps_soap.configured import load_key_files, load_signers, load_tls_files
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


def _tls(settings: Settings) -> None:
    if settings.https_port:
        load_tls_files(settings)


def _signing(settings: Settings) -> None:
    load_signers(settings)


_LOOKS: Final[tuple[tuple[str, Callable[[Settings], None]], ...]] = (
    ("TLS", _tls),
    ("signing keys", _signing),
    ("keys", load_key_files),
)
