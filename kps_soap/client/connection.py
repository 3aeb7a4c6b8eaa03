"""One account at one gateway: its addresses, its door's plug-in, its WSDLs.

``Connection`` is what the blocking and the asynchronous client are made of.  It sends nothing
by itself.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from kps_soap.answers import SKEW
from kps_soap.client.plug_ins import (
    ROUTING_PATH,
    Clock,
    DirectDoor,
    IssuedToken,
    ProvingDoor,
    Randomness,
    utc_now,
)
from kps_soap.client.posting import Post, checked_url
from kps_soap.client.signed_door import RequestKey, SignedDoor
from kps_soap.client.zeep_calls import Published, Wsdls

ISSUER_PATH: Final = "/Services/Issuer.svc/IWSTrust13"


class Connection:
    """The settings of a client.

    ``base_url`` is the gateway's address without a path; https, except to this machine itself.
    ``ca_file`` is the authority of its TLS certificate, PEM; None for those of the machine.
    ``door`` is ``routing`` (a token, fetched and renewed by itself), ``direct`` (user name and
    password with every question) or ``signed`` (the direct door under ``security = "GUCLU"``: no
    password, every question is signed with ``request_key``).  ``certificate_file`` holds the
    gateway's signing certificates, PEM: the direct door demands it; in the routing door it
    demands signed answers (``routing_signature`` in the agreement).  ``inquirer``, ``purpose``
    and ``case_number`` say for whom and why, unless a call says otherwise.  ``timeout_s`` is for
    connecting and for each wait.  ``hmac`` and ``entropy`` are explained at ``IssuedToken``.

    Raises ``ValueError`` for a setting that cannot be, ``OSError`` for a file that cannot be read.
    """

    def __init__(
        self,
        base_url: str,
        username: str = "",
        password: str = "",
        *,
        ca_file: str | Path | None,
        certificate_file: str | Path | None = None,
        inquirer: str | None = None,
        purpose: str | None = None,
        case_number: str | None = None,
        door: str = "routing",
        request_key: RequestKey | None = None,
        timeout_s: float = 30.0,
        hmac: str = "sha256",
        entropy: bool = False,
        skew: timedelta = SKEW,
        clock: Clock = utc_now,
        random_bytes: Randomness = os.urandom,
    ) -> None:
        self._base_url = checked_url(base_url)
        self._door: ProvingDoor | IssuedToken
        who: dict[str, Any] = {
            "inquirer": inquirer,
            "purpose": purpose,
            "case_number": case_number,
            "skew": skew,
            "clock": clock,
        }
        if bool(username and password) is (door == "signed"):
            raise ValueError("user name and password belong to the doors routing and direct")
        if door == "routing":
            self._door = IssuedToken(
                f"{self._base_url}{ISSUER_PATH}",
                username,
                password,
                ca_file=ca_file,
                certificate_file=certificate_file,
                hmac=hmac,
                entropy=entropy,
                timeout_s=timeout_s,
                random_bytes=random_bytes,
                **who,
            )
        elif door == "direct" and certificate_file is not None:
            self._door = DirectDoor(username, password, certificate_file, **who)
        elif door == "signed" and certificate_file is not None and request_key is not None:
            self._door = SignedDoor(request_key, certificate_file, random_bytes=random_bytes, **who)
        else:
            raise ValueError(
                "door is routing, or direct with a certificate_file,"
                " or signed with a certificate_file and a request_key"
            )
        self._ca_file = ca_file
        self._timeout_s = timeout_s
        self._post = Post(ca_file, timeout_s)
        self._wsdls = Wsdls(self._post, self._base_url, direct=door != "routing")

    def _address(self, service: str, version: str) -> str:
        """Where a question goes; the address in a WSDL is not asked."""
        if isinstance(self._door, IssuedToken):
            return f"{self._base_url}{ROUTING_PATH}"
        return f"{self._base_url}/kps/{quote(service)}/{quote(version)}"

    def _close_waiting(self) -> None:
        self._post.close()
        if isinstance(self._door, IssuedToken):
            self._door.close()


def operation_of(published: Published, operation: str | None) -> str:
    """The operation that is meant: None is the only one.

    Raises ``AttributeError`` for one that the service lacks, ``ValueError`` for None where there
    are several.
    """
    names = published.operations
    if operation is None and len(names) == 1:
        return names[0]
    if operation is None:
        raise ValueError(f"name the operation: {', '.join(names)}")
    if operation not in names:
        raise AttributeError(f"the service has {', '.join(names)}")
    return operation
