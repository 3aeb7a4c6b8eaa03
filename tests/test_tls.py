"""What is spoken under TLS: versions and ciphers of today, and none of yesterday."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from kps_soap.connections import Bounds
from kps_soap.serving import Listener, bind, serve_here

Connect = Callable[[ssl.SSLContext], tuple[str | None, str]]

TODAYS = (
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
YESTERDAYS = (
    "AES128-SHA",
    "AES256-SHA256",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA384",
    "DHE-RSA-AES128-GCM-SHA256",
    "CAMELLIA128-SHA",
    "ADH-AES128-GCM-SHA256",
    "NULL-SHA256",
)


async def nothing_there(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Files(NamedTuple):
    certificate: Path
    key: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A certificate of an RSA key, with which all of yesterday's ciphers would work."""
    place = tmp_path_factory.mktemp("tls")
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Files(place / "tls.crt", place / "tls.key")
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


@pytest.fixture(scope="module")
def connect(files: Files) -> Iterator[Connect]:
    """Shakes hands with a served gateway; gives the version and the cipher."""
    bound = bind("127.0.0.1", 0)
    port = bound.getsockname()[1]
    ready, loop = asyncio.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()
    listener = Listener(bound, files.certificate, files.key)
    serving = serve_here(
        nothing_there, [listener], Bounds(5, 16384, 5), on_ready=ready.set, stop=stop
    )
    thread = Thread(target=loop.run_until_complete, args=(serving,))
    thread.start()

    def shake_hands(context: ssl.SSLContext) -> tuple[str | None, str]:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            cipher = secure.cipher()
            return secure.version(), cipher[0] if cipher else ""

    yield shake_hands
    loop.call_soon_threadsafe(stop.set)
    thread.join(timeout=30)
    loop.close()


def client(
    files: Files, ciphers: str = "ALL:@SECLEVEL=0", *, most: ssl.TLSVersion
) -> ssl.SSLContext:
    """A client that takes whatever it is told to take, and nothing newer."""
    context = ssl.create_default_context(cafile=str(files.certificate))
    context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        # Python advises against what is tried here.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = most
    return context


@pytest.mark.parametrize("most", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_versions_before_1_2_are_not_spoken(
    connect: Connect, files: Files, most: ssl.TLSVersion
) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(client(files, most=most))


def test_the_newest_version_is_spoken_where_the_caller_knows_it(
    connect: Connect, files: Files
) -> None:
    version, cipher = connect(client(files, most=ssl.TLSVersion.TLSv1_3))
    assert version == "TLSv1.3"
    assert cipher.startswith("TLS_")


@pytest.mark.parametrize("cipher", TODAYS)
def test_version_1_2_is_spoken_with_a_cipher_of_today(
    connect: Connect, files: Files, cipher: str
) -> None:
    assert connect(client(files, cipher, most=ssl.TLSVersion.TLSv1_2)) == ("TLSv1.2", cipher)


@pytest.mark.parametrize("cipher", YESTERDAYS)
def test_a_cipher_of_yesterday_is_not_spoken(connect: Connect, files: Files, cipher: str) -> None:
    try:
        old = client(files, f"{cipher}:@SECLEVEL=0", most=ssl.TLSVersion.TLSv1_2)
    except ssl.SSLError:
        pytest.skip(f"this machine's OpenSSL does not know {cipher} any more")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(old)


def test_the_server_chooses_the_cipher_and_a_weak_offer_does_not_weaken_it(
    connect: Connect, files: Files
) -> None:
    offered = "AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=0"
    version, cipher = connect(client(files, offered, most=ssl.TLSVersion.TLSv1_2))
    assert (version, cipher) == ("TLSv1.2", "ECDHE-RSA-CHACHA20-POLY1305")
