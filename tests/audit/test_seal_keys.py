"""Keys that seal and certificates that tell their seals: read, refused with a sentence, renewed."""

import dataclasses
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from evidence_samples import opened
from seal_samples import certificates, filled, issued, seal_all, seal_key, sealer_of, stored

from kps_soap.audit.checkpoints import (
    Certificates,
    Checkpoint,
    SealKey,
    SealRefused,
    check_digest,
)
from kps_soap.certificates import write_certificate, write_key


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    one = issued("seal")
    key, certificate = tmp_path / "seal.key", tmp_path / "seal.pem"
    write_key(key, one.key)
    write_certificate(certificate, one.certificate)
    return key, certificate


def test_a_seal_key_is_read_with_its_certificate(files: tuple[Path, Path]) -> None:
    key = SealKey.load(*files)
    assert key.key_id == seal_key().key_id
    assert key.key_id in Certificates.read(files[1])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("absent key", "cannot be read"),
        ("absent certificate", "cannot be read"),
        ("open key", "mode 0600"),
        ("no key", "unencrypted private key"),
        ("no certificate", "no certificate"),
        ("rsa key", "P-256"),
        ("rsa certificate", "P-256"),
        ("other pair", "does not belong"),
    ],
)
def test_a_seal_key_that_is_none_is_refused_with_a_sentence(
    files: tuple[Path, Path], damage: str, words: str
) -> None:
    key, certificate = files
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    match damage:
        case "absent key":
            key.unlink()
        case "absent certificate":
            certificate.unlink()
        case "open key":
            key.chmod(0o644)
        case "no key":
            key.write_bytes(b"-----BEGIN")
        case "no certificate":
            certificate.write_bytes(b"x")
        case "rsa key":
            key.unlink()
            write_key(key, rsa_key)
        case "rsa certificate":
            from datetime import date

            from kps_soap.certificates import token_certificate

            certificate.unlink()
            token = token_certificate(date(2026, 1, 1), randomness=lambda size: b"1" * size)
            write_certificate(certificate, token.certificate)
        case "other pair":
            certificate.unlink()
            write_certificate(certificate, issued("other").certificate)
    with pytest.raises(SealRefused, match=words) as caught:
        SealKey.load(key, certificate)
    assert "BEGIN" not in str(caught.value)


def test_a_key_on_another_curve_is_refused(files: tuple[Path, Path]) -> None:
    files[0].unlink()
    write_key(files[0], ec.generate_private_key(ec.SECP384R1()))
    with pytest.raises(SealRefused, match="P-256"):
        SealKey.load(*files)


def test_seals_of_an_earlier_key_are_good_as_long_as_its_certificate_is_there(
    database_url: str,
) -> None:
    with opened(database_url) as evidence_of:
        filled(evidence_of, 2)
        seal_all(evidence_of)
        filled(evidence_of, 2)
        seal_all(evidence_of, key="other")
        both = certificates("other", "seal")
        for number in (1, 2):
            both.check(stored(evidence_of, number))
        with pytest.raises(SealRefused, match="whose certificate is not here"):
            certificates("other").check(stored(evidence_of, 1))


def test_any_changed_member_of_a_checkpoint_is_refused(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        filled(evidence_of, 2)
        made = sealer_of(evidence_of).seal()
    assert made is not None
    for name in made.__slots__:
        value: Any = getattr(made, name)
        if isinstance(value, int):
            changed: Any = value + 1
        elif isinstance(value, str):
            changed = value[:-1] + chr(ord(value[-1]) ^ 1)
        else:
            changed = value[:-1] + bytes([value[-1] ^ 1])
        with pytest.raises(SealRefused):
            certificates().check(dataclasses.replace(made, **{name: changed}))
    # Computing the digest anew does not help without the key.
    forged = dataclasses.replace(made, records=1_000)
    forged = dataclasses.replace(forged, digest=sha256(forged.statement()).digest())
    check_digest(forged)
    with pytest.raises(SealRefused, match="not the key's"):
        certificates().check(forged)


@pytest.mark.parametrize("value", [None, 1.5, "7", b"x", True, -1, 2**70])
def test_a_row_with_odd_values_is_no_checkpoint(value: Any) -> None:
    made = seal_key().signed(
        number=1, taken_us=2, previous_digest=bytes(32), heads_root=bytes(32), chains=1, records=1
    )
    values = [getattr(made, name) for name in made.__slots__]
    for place in range(len(values)):
        odd = [*values]
        odd[place] = value
        with pytest.raises(SealRefused):
            certificates().check(Checkpoint.of_row(odd))
