"""Proof keys: P_SHA1 by published vectors, combined keys, and keys under a key."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kps_soap.faults import TokenRefused
from kps_soap.tokens.proof import KEY_BYTES, ProofKeys, new_proof, p_sha1

#: The test vector of the TLS 1.0 PRF (RFC 2246 §5), posted to the IETF's TLS list when the RFC
#: was written (ietf-tls, msg01589) and since then in the tests of many TLS libraries.
SECRET, LABEL, SEED = b"\xab" * 48, b"PRF Testvector", b"\xcd" * 64
EXPECTED = bytes.fromhex(
    "d3d4d1e349b5d515044666d51de32bab258cb521b6b053463e354832fd976754"
    "443bcf9a296519bc289abcbc1187e4ebd31e602353776c408aafb74cbc85eff6"
    "9255f9788faa184cbb957a9819d84a5d7eb006eb459d3ae8de9810454b8b2d8f"
    "1afbc655a8c9a013"
)


def p_md5(secret: bytes, seed: bytes, length: int) -> bytes:
    """The other half of that PRF, written here: P_hash with MD5 (RFC 2246 §5)."""
    stages, found = [seed], b""
    while len(found) < length:
        stages.append(hmac.digest(secret, stages[-1], "md5"))
        found += hmac.digest(secret, stages[-1] + seed, "md5")
    return found[:length]


def xored(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def test_p_sha1_completes_the_published_vector_of_the_tls_prf() -> None:
    half = len(SECRET) // 2
    length = len(EXPECTED)
    sha1_part = p_sha1(SECRET[half:], LABEL + SEED, length)
    assert xored(sha1_part, p_md5(SECRET[:half], LABEL + SEED, length)) == EXPECTED


@pytest.mark.parametrize("length", [0, 1, 19, 20, 21, 32, 40, 41, 100])
def test_p_sha1_gives_as_many_bytes_as_are_wanted(length: int) -> None:
    whole = p_sha1(b"secret", b"seed", 120)
    assert p_sha1(b"secret", b"seed", length) == whole[:length]


def test_without_entropy_the_key_is_the_issuers_own() -> None:
    proof = new_proof(None, lambda length: b"\x05" * length)
    assert proof.key == proof.shown == b"\x05" * KEY_BYTES
    assert not proof.computed


def test_with_entropy_both_sides_compute_the_key() -> None:
    entropy = bytes(range(32))
    proof = new_proof(entropy, lambda length: b"\x05" * length)
    assert proof.computed
    assert proof.shown == b"\x05" * KEY_BYTES
    # The caller's side of WS-Trust 1.3 §4.4.4, step by step.
    first = hmac.digest(entropy, proof.shown, "sha1")
    second = hmac.digest(entropy, first, "sha1")
    blocks = [hmac.digest(entropy, stage + proof.shown, "sha1") for stage in (first, second)]
    assert proof.key == b"".join(blocks)[:KEY_BYTES]


def test_no_key_shows_in_a_representation() -> None:
    proof = new_proof(None, lambda length: b"\x05" * length)
    assert repr(proof) == "Proof(computed=False)"
    assert "5" not in repr(ProofKeys(b"5" * 32)).partition("0x")[0]


KEYS = ProofKeys(bytes(range(32)))
DIGEST = b"\x11" * 32


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_wrapped_key_comes_back(key: bytes, digest: bytes) -> None:
    wrapped = KEYS.wrap(key, digest)
    assert key not in wrapped
    assert KEYS.unwrap(wrapped, digest) == key


def test_a_wrapped_key_is_bound_to_its_token() -> None:
    wrapped = KEYS.wrap(b"k" * 32, DIGEST)
    with pytest.raises(TokenRefused):
        KEYS.unwrap(wrapped, b"\x12" * 32)


def test_another_key_file_makes_its_tokens_void() -> None:
    wrapped = KEYS.wrap(b"k" * 32, DIGEST)
    with pytest.raises(TokenRefused):
        ProofKeys(b"\0" * 32).unwrap(wrapped, DIGEST)


@pytest.mark.parametrize("place", range(0, 48, 5))
def test_a_changed_wrapped_key_is_refused(place: int) -> None:
    wrapped = bytearray(KEYS.wrap(b"k" * 32, DIGEST))
    wrapped[place] ^= 1
    with pytest.raises(TokenRefused):
        KEYS.unwrap(bytes(wrapped), DIGEST)


def test_the_same_key_is_wrapped_differently_for_every_token() -> None:
    one, other = (KEYS.wrap(b"k" * 32, digest) for digest in (DIGEST, b"\x12" * 32))
    assert one != other


def test_a_key_file_of_another_length_is_not_taken() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ProofKeys(b"short")
