"""For integrators: ask a gateway by token or by password, and believe only what is genuine.

``KpsClient`` and ``AsyncKpsClient`` do everything: token, WSDL, question, proof, typed errors.

    with KpsClient("https://kps.example", "KRM-…", "…", ca_file="ca.pem") as kps:
        service = kps.service("KisiSorgulaTCKimlikNoServis", "2011/01/01")
        result = service.ListeleCoklu([{"TCKimlikNo": 12345678950}])

``IssuedToken`` (routing door), ``DirectDoor`` and ``SignedDoor`` (direct door, by password or by
signature) are plug-ins for a zeep client of your own; ``SignedResponse`` only proves answers;
``verify_answer`` proves raw bytes without zeep and hands out nothing but what was signed.

This room imports nothing of the gateway but the proof of answers; zeep, requests and httpx are
imported only where something of theirs is made.  It keeps no answer and logs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kps_soap.answers import (
    VerifiedAnswer,
    load_certificates,
    verify_answer,
    verify_archived_answer,
)
from kps_soap.client.awaiting import AsyncKpsClient
from kps_soap.client.blocking import KpsClient
from kps_soap.client.errors import (
    ActionNotSupported,
    AnswerNotGenuine,
    AuthenticationFailed,
    GatewayFault,
    KpsError,
    MessageRefused,
    QueryRefused,
    SecurityFault,
    ServiceUnavailable,
    TokenRefused,
)
from kps_soap.client.plug_ins import DirectDoor, IssuedToken, SignedResponse
from kps_soap.client.posting import new_session
from kps_soap.client.signed_door import RequestKey, SignedDoor

__all__ = [
    "ActionNotSupported",
    "AnswerNotGenuine",
    "AsyncKpsClient",
    "AuthenticationFailed",
    "DirectDoor",
    "GatewayFault",
    "IssuedToken",
    "KpsClient",
    "KpsError",
    "MessageRefused",
    "QueryRefused",
    "RequestKey",
    "SecurityFault",
    "ServiceUnavailable",
    "SignedDoor",
    "SignedResponse",
    "TokenRefused",
    "VerifiedAnswer",
    "check_note",
    "load_certificates",
    "transport",
    "verify_answer",
    "verify_archived_answer",
]


def transport(ca_file: str | Path | None, *, timeout_s: float = 30.0) -> Any:
    """A zeep ``Transport`` that trusts only the authority in ``ca_file`` for TLS.

    None trusts those of the machine.  Proxies and certificate bundles from the environment are
    not used, because they would replace that trust unnoticed; set ``transport.session.proxies``
    where one is needed.
    """
    import zeep

    make: Any = zeep.Transport
    session = new_session(ca_file)
    return make(session=session, timeout=timeout_s, operation_timeout=timeout_s)


def check_note(result: Any) -> Any:
    """Return a zeep result, or raise ``QueryRefused`` when its ``HataBilgisi`` says no.

    Only the note on the whole call counts; notes on single records stay where they are.  The
    plug-ins of the doors raise it by themselves; this is for answers without them.
    """
    note = _member(result, "HataBilgisi")
    code = None if note is None else _member(note, "Kod")
    if code is not None:
        raise QueryRefused(int(code), _member(note, "Aciklama") or "")
    return result


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
