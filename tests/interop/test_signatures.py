"""Signed answers of the direct door, judged by verifiers that share no code with the signer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from end_to_end.questions import PERSON, SOAP11, SOAP12, Reply, on_behalf, person_query
from end_to_end.running import Served

from interop.roster import INSTITUTION, SIGNED_KINDS, VERIFIERS, Verifier
from interop.toolchains import Ready, Toolchains, Workshop

STRICT = "V-06-0001"
RECEIPT_NAMESPACE = "urn:kps-soap:alindi:1"
UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"


@dataclass(frozen=True)
class Kind:
    """One kind of signed answer: how to get it, which key signs it, what is signed."""

    soap: str
    key: str = "rsa"
    fault: bool = False

    def ask(self, gateway: Served) -> Reply:
        payload = person_query(gateway.number(0))
        if self.key == "p256":
            headers = on_behalf(
                inquirer="V06-PASAPORT-01", purpose="PASAPORT", case_number="2026/14"
            )
            return gateway.ask(PERSON, payload, institution=STRICT, headers=headers, soap=self.soap)
        password = "wrong" if self.fault else None
        return gateway.ask(
            PERSON, payload, institution=INSTITUTION, password=password, soap=self.soap
        )

    @property
    def parts(self) -> tuple[str, ...]:
        return ("Body", "Timestamp") if self.fault else ("Alindi", "Body", "Timestamp")


KINDS = dict(
    zip(
        SIGNED_KINDS,
        (Kind(SOAP11), Kind(SOAP12), Kind(SOAP12, fault=True), Kind(SOAP11, key="p256")),
        strict=True,
    )
)

#: What somebody on the way might change; each must be found.
CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "body": lambda answer: answer.replace(b"<Kod>", b"<Kod>1", 1),
    "receipt": lambda answer: answer.replace(b"<r:AlindiNo>2", b"<r:AlindiNo>3", 1),
    "timestamp": lambda answer: answer.replace(b"<u:Expires>2", b"<u:Expires>3", 1),
}


def judged(
    verifier: Verifier, ready: Ready, shop: Workshop, files: list[Path], gateway: Served, key: str
) -> list[str]:
    """What a verifier says of each file."""
    certificates = {
        "signer": str(gateway.home / "keys" / f"{key}.pem"),
        "authority": str(gateway.demo["ca_file"]),
    }
    if verifier.program == "xmlsec1":
        return [_xmlsec1(shop, file, certificates["signer"]) for file in files]
    arguments = [word.format(**certificates) for word in verifier.arguments]
    command = (*ready.command(verifier.program), *arguments, *map(str, files))
    said = dict(line.split("=", 1) for line in shop.make(*command, **ready.variables).splitlines())
    return [said[str(file)] for file in files]


def _xmlsec1(shop: Workshop, file: Path, certificate: str) -> str:
    soap = SOAP12 if SOAP12.encode() in file.read_bytes() else SOAP11
    nodes = (f"{UTILITY}:Timestamp", f"{RECEIPT_NAMESPACE}:Alindi", f"{soap}:Body")
    identifiers = [word for node in nodes for word in ("--id-attr:Id", node)]
    done = shop.run(
        "xmlsec1", "--verify", "--pubkey-cert-pem", certificate, *identifiers, str(file)
    )
    return "refused" if done.returncode else "verified"


def _kinds(verifier: Verifier) -> list[str]:
    return [name for name, kind in KINDS.items() if kind.key == "rsa" or verifier.reads_p256]


@pytest.mark.parametrize(
    ("verifier", "kind"),
    [
        pytest.param(verifier, kind, id=f"{verifier.name} - {kind}")
        for verifier in VERIFIERS
        for kind in _kinds(verifier)
    ],
)
def test_a_signed_answer_is_verified_and_a_changed_one_refused(
    verifier: Verifier,
    kind: str,
    gateway: Served,
    toolchains: Toolchains,
    workshop: Workshop,
    tmp_path: Path,
) -> None:
    ready, wanted = toolchains.ready(verifier.toolchain), KINDS[kind]
    answer = wanted.ask(gateway).body
    files = [tmp_path / "answer.xml"]
    files[0].write_bytes(answer)
    for name, change in CHANGES.items():
        changed = change(answer)
        if changed != answer:
            files.append(tmp_path / f"{name}.xml")
            files[-1].write_bytes(changed)
    # A fault has no receipt, and its Body no code of ours.
    assert len(files) == (2 if wanted.fault else 4)
    good, *bad = judged(verifier, ready, workshop, files, gateway, wanted.key)
    parts = f":{','.join(wanted.parts)}" if verifier.tells_parts else ""
    assert good == f"verified{parts}"
    assert bad == ["refused"] * len(bad)
