"""Tests of what a worker cannot do without: does a key sign, does the database take a write.

A test signature is verified with the certificate, so that a key that signs something else is
red too.  The write is rolled back: it leaves nothing, and it is tried on a thread of its own, so
that a database that hangs holds up nothing but its own test.  Nothing here decides what follows.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import Engine, insert

from kps_soap.audit.months import microseconds
from kps_soap.database import FAILURES, writing
from kps_soap.models import writer_probes
from kps_soap.signing import Signer

_TEST_DATA: Final = b"kps-soap: a test signature"


def signs(signer: Signer) -> bool:
    """Whether the key makes a signature that its certificate verifies.  About 0.4 ms for RSA."""
    key = signer.certificate.public_key()
    try:
        value = signer.signature(_TEST_DATA)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, _TEST_DATA, padding.PKCS1v15(), SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            # XML Signature has r and s side by side; the library wants DER.
            half = len(value) // 2
            r, s = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
            key.verify(encode_dss_signature(r, s), _TEST_DATA, ec.ECDSA(SHA256()))
        else:
            return False
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


class _RolledBack(Exception):
    """Ends the transaction of a write that is to leave nothing."""


class WriteProbe:
    """Writes a row into the gateway's database and takes it back.

    ``seconds_max`` bounds a test.  A test that hangs is not followed by a second one.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        worker: str,
        clock: Callable[[], datetime],
        seconds_max: float,
    ) -> None:
        self._engine = engine
        self._worker = f"saglik-{worker}"
        self._clock = clock
        self._seconds_max = seconds_max
        self._hangs = False

    async def __call__(self) -> bool:
        """Whether the database took the write in time.  One caller at a time."""
        if self._hangs:
            return False
        loop = asyncio.get_running_loop()
        told: asyncio.Future[bool] = loop.create_future()

        def tell(worked: bool, /) -> None:
            if not told.done():
                told.set_result(worked)

        def run() -> None:
            worked = self._write()
            self._hangs = False
            # A loop that is closed has nobody left to be told.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, worked)

        self._hangs = True
        # No thread pool: its threads would be waited for at the end of the process.
        threading.Thread(target=run, name="kps-saglik", daemon=True).start()
        try:
            return await asyncio.wait_for(told, self._seconds_max)
        except TimeoutError:
            return False

    def _write(self) -> bool:
        row = {"worker": self._worker, "probed_us": microseconds(self._clock())}
        try:
            with self._engine.connect() as connection, writing(connection):
                connection.execute(insert(writer_probes).values(row))
                raise _RolledBack
        except _RolledBack:
            return True
        except FAILURES:
            return False
