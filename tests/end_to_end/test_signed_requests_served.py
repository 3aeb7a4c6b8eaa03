"""An institution that signs its requests, with openssl's key and a real gateway (profile GUCLU)."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from end_to_end.questions import MEDIA, PERSON, SOAP11, Reply, person_query
from end_to_end.running import Served, kps, make_home, serving
from kps_soap.client import AsyncKpsClient, KpsClient, RequestKey

sys.path.append(str(Path(__file__).resolve().parents[1] / "doors"))

from signed_house import Holder, SignedMessage

MUNICIPALITY = "B-34-0417"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Holder:
    """A key and a certificate as the README says to make them."""
    folder = tmp_path_factory.mktemp("signer")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "825",
         "-subj", "/CN=Ornek Ilce Belediyesi", "-addext", "keyUsage=critical,digitalSignature",
         "-keyout", str(folder / "request.key"), "-out", str(folder / "request.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    key = load_pem_private_key((folder / "request.key").read_bytes(), None)
    return Holder(key, x509.load_pem_x509_certificate((folder / "request.pem").read_bytes()))


@pytest.fixture(scope="module")
def strong(tmp_path_factory: pytest.TempPathFactory, signer: Holder) -> Iterator[Served]:
    """A demo home whose municipality must sign."""
    home = make_home(tmp_path_factory.mktemp("strong") / "home", persons=200)
    (file,) = [
        one
        for one in (home / "agreements").glob("*.toml")
        if f'code = "{MUNICIPALITY}"' in one.read_text(encoding="utf-8")
    ]
    lines = []
    for line in file.read_text(encoding="utf-8").splitlines():
        name = line.partition(" =")[0].strip()
        if name == "security":
            digest = hashlib.sha256(signer.certificate.public_bytes(Encoding.DER)).hexdigest()
            lines += ['security = "GUCLU"', f'certificates = ["{digest}"]']
        elif name == "doors":
            lines.append('doors = ["direct"]')
        elif name not in ("security_until", "certificates"):
            lines.append(line)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert kps("check", "--home", str(home)).returncode == 0
    with serving(home) as served:
        yield served


def question(served: Served, signer: Holder, message_id: str, **changes: Any) -> bytes:
    now = datetime.now(UTC)
    given = {
        "signer": signer,
        "message_id": message_id,
        "created": f"{now:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        "expires": f"{now + timedelta(minutes=4):%Y-%m-%dT%H:%M:%SZ}",
        "payload": person_query([served.number(0)]),
    }
    return SignedMessage(**{**given, **changes}).text.encode()


def send(served: Served, body: bytes) -> Reply:
    return served.post(PERSON, body, names={"Content-Type": MEDIA[SOAP11]})


def test_a_signed_request_is_answered_once_by_all_workers_together(
    strong: Served, signer: Holder
) -> None:
    body = question(strong, signer, "urn:uuid:once")
    surname = strong.persona(0)["surname"].encode()
    # More callers than workers, each on a connection of its own, all at the same moment.
    with ThreadPoolExecutor(8) as callers:
        replies = list(callers.map(lambda _: send(strong, body), range(8)))
    assert sorted(reply.status for reply in replies) == [200] + [500] * 7
    assert [surname in reply.body for reply in replies].count(True) == 1
    assert all(send(strong, body).status == 500 for _ in range(4))


def test_a_retry_is_a_new_signature_and_is_charged_once(strong: Served, signer: Holder) -> None:
    first, again = (send(strong, question(strong, signer, "urn:uuid:retry")) for _ in range(2))
    assert (first.status, again.status) == (200, 200)
    events = set()
    for reply in (first, again):
        found = kps(
            "audit", "search", "--home", str(strong.home), "--request",
            reply.headers["kps-istek-no"], "--reason", "deneme", "--json",
        )  # fmt: skip
        events |= {word for word in ("SORGU", "TEKRAR") if f'"event": "{word}"' in found.stdout}
        assert "X509_SIGNATURE" in found.stdout
    assert events == {"SORGU", "TEKRAR"}


def test_who_must_sign_is_not_heard_with_a_password(strong: Served) -> None:
    reply = strong.ask(PERSON, person_query([strong.number(0)]), institution=MUNICIPALITY)
    assert reply.status == 500
    assert b"InvalidSecurity" in reply.body


def test_our_client_signs_what_the_gateway_takes_and_proves_the_answers(
    strong: Served, signer: Holder, tmp_path: Path
) -> None:
    files = tmp_path / "request.key", tmp_path / "request.pem"
    files[0].write_bytes(
        signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    files[1].write_bytes(signer.certificate.public_bytes(Encoding.PEM))
    settings: dict[str, Any] = {
        "ca_file": strong.demo["ca_file"],
        "certificate_file": strong.demo["signing_certificate_file"],
        "door": "signed",
        "request_key": RequestKey.load(*files),
    }
    asked = ("KisiSorgulaTCKimlikNoServis", "2011/01/01", [{"TCKimlikNo": strong.number(0)}])
    name = strong.persona(0)["given_name"]
    with KpsClient(strong.https, **settings) as client:
        for _ in range(2):
            found = client.call(*asked, message_id="urn:uuid:istemci").SorguSonucu
            assert found.KisiBilgisi[0].TemelBilgisi.Ad == name

    async def in_a_loop() -> None:
        async with AsyncKpsClient(strong.https, **settings) as client:
            found = (await client.call(*asked)).SorguSonucu
            assert found.KisiBilgisi[0].TemelBilgisi.Ad == name

    asyncio.run(in_a_loop())


def test_a_replay_is_refused_after_a_restart(strong: Served, signer: Holder) -> None:
    body = question(strong, signer, "urn:uuid:restart")
    assert send(strong, body).status == 200
    strong.process.terminate()
    strong.process.wait(timeout=30)
    with serving(strong.home, workers=1) as again:
        assert send(again, body).status == 500
        assert send(again, question(again, signer, "urn:uuid:after")).status == 200
