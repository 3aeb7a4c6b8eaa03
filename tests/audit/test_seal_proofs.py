"""A sealed record is proven by the certificate alone, as one record at one place."""

import dataclasses
from typing import Any

import pytest
from evidence_samples import Evidence, opened
from seal_samples import certificates, filled, seal_all
from sqlalchemy import delete

from kps_soap.audit.checkpoints import (
    SealRefused,
)
from kps_soap.audit.proofs import Proof, check_proof, proof_of
from kps_soap.models import evidence


def proofs(evidence_of: Evidence) -> dict[tuple[str, int], tuple[Proof | None, bytes]]:
    found = {}
    with evidence_of.engine.connect() as connection, connection.begin():
        for row in evidence_of.rows():
            proof = proof_of(connection, row.chain_id, row.sequence)
            found[(row.chain_id, row.sequence)] = proof, row.hash
    return found


def test_every_sealed_record_is_proven_by_the_certificate_alone(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        filled(evidence_of, 6, 1)
        seal_all(evidence_of, records_max=4)
        filled(evidence_of, 9)
        seal_all(evidence_of, records_max=4)
        found = proofs(evidence_of)
    assert len(found) == 16
    for (chain_id, sequence), (proof, whole) in found.items():
        assert proof is not None
        assert (proof.chain_id, proof.sequence) == (chain_id, sequence)
        read = Proof.from_json(proof.as_json())
        assert read == proof
        check_proof(read, whole, certificates())
        with pytest.raises(SealRefused):
            check_proof(read, bytes(32), certificates())
        with pytest.raises(SealRefused):
            check_proof(read, whole, certificates("other"))


def test_a_proof_is_of_one_record_at_one_place(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        filled(evidence_of, 5, 3)
        seal_all(evidence_of)
        (proof, whole), *_ = proofs(evidence_of).values()
    assert proof is not None
    changes: list[dict[str, Any]] = [
        {"sequence": proof.sequence + 1},
        {"sequence": 0},
        {"sequence": 99},
        {"chain_id": "0" * 16},
        {"first_sequence": 2},
        {"head_sequence": 4},
        {"head_hash": bytes(32)},
        {"position": 1 - proof.position},
        {"position": 99},
        {"segment_path": ()},
        {"segment_path": (*proof.segment_path, bytes(32))},
        {"heads_path": ()},
        {"heads_path": (bytes(32),)},
        {"checkpoint": dataclasses.replace(proof.checkpoint, records=9)},
    ]
    for change in changes:
        with pytest.raises(SealRefused):
            check_proof(dataclasses.replace(proof, **change), whole, certificates())


def test_an_unsealed_record_has_no_proof_yet(database_url: str) -> None:
    with opened(database_url) as evidence_of:
        (chain_id,) = filled(evidence_of, 3)
        with evidence_of.engine.connect() as connection, connection.begin():
            assert proof_of(connection, chain_id, 2) is None
            assert proof_of(connection, "0" * 16, 1) is None
        seal_all(evidence_of)
        with evidence_of.engine.connect() as connection, connection.begin():
            assert proof_of(connection, chain_id, 0) is None
            assert proof_of(connection, chain_id, 3) is not None
            assert proof_of(connection, chain_id, 4) is None
        evidence_of.run(delete(evidence).where(evidence.c.sequence == 2))
        with evidence_of.engine.connect() as connection, connection.begin():
            assert proof_of(connection, chain_id, 3) is None


@pytest.mark.parametrize(
    "change",
    [
        *({"format": "x"}, {"chain": 7}, {"sequence": "1"}, {"sequence": True}, {"sequence": -1}),
        *({"head_hash": "zz"}, {"head_hash": None}, {"segment_path": None}),
        *({"segment_path": ["00"]}, {"heads_path": ["00" * 32] * 65}, {"checkpoint": []}),
        *({"checkpoint": {}}, {"position": 2**63}),
    ],
    ids=str,
)
def test_a_proof_that_is_none_is_refused_when_it_is_read(
    database_url: str, change: dict[str, Any]
) -> None:
    with opened(database_url) as evidence_of:
        filled(evidence_of, 2)
        seal_all(evidence_of)
        (proof, _), *_ = proofs(evidence_of).values()
    assert proof is not None
    with pytest.raises(SealRefused):
        Proof.from_json({**proof.as_json(), **change})
    with pytest.raises(SealRefused):
        Proof.from_json([])
    wrong = proof.as_json()
    wrong["checkpoint"] = {**wrong["checkpoint"], "signature": "no base64!"}
    with pytest.raises(SealRefused):
        Proof.from_json(wrong)
