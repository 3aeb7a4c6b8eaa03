"""Sealed evidence with a witness, made once, and what a verification finds in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence_samples import NOW, Evidence, entry
from seal_samples import certificates, seal_all
from sqlalchemy import Table, delete, select, update

from kps_soap.audit.findings import Kind, Report
from kps_soap.audit.sources import DatabaseAddress
from kps_soap.audit.verification import Options, verify_source
from kps_soap.audit.witness import Courier, Folder
from kps_soap.models import (
    checkpoint_heads,
    checkpoints,
    dictionaries,
    evidence,
    evidence_chains,
    evidence_persons,
    field_lists,
    month_keys,
)

TABLES = (
    evidence,
    evidence_persons,
    evidence_chains,
    field_lists,
    dictionaries,
    month_keys,
    checkpoints,
    checkpoint_heads,
)
#: Columns that nobody signed and that may be empty.
UNSET = {"timestamp_token", "destroyed_us", "destroyed_by"}


def hand_over(evidence_of: Evidence, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    courier = Courier(evidence_of.engine, [Folder(folder)], now=lambda: NOW)
    while courier.step():
        pass


def filled(evidence_of: Evidence, witness: Path) -> list[str]:
    """Two chains under three seals, with a record that is not sealed yet."""
    first = evidence_of.write([entry(persons=[number, 99]) for number in range(1, 5)])
    seal_all(evidence_of, records_max=3)
    second = evidence_of.write([entry(persons=[7])])
    seal_all(evidence_of)
    hand_over(evidence_of, witness)
    third = evidence_of.write([])
    return [first, second, third]


@dataclass(frozen=True)
class Template:
    file: Path
    witness: Path
    chains: list[str]


def looked(evidence_of: Evidence, **options: Any) -> Report:
    given_options = {"certificates": certificates(), **options}
    report = verify_source(DatabaseAddress(evidence_of.url), Options(**given_options))
    assert len(report.findings) == report.findings_total
    return report


def found(evidence_of: Evidence, **options: Any) -> set[tuple[Kind, str, int | None]]:
    return {(one.kind, one.place, one.sequence) for one in looked(evidence_of, **options).findings}


def where(table: Table, row: Any) -> list[Any]:
    return [key == row._mapping[key.name] for key in table.primary_key.columns]


def cut(evidence_of: Evidence, chain_id: str, last: int) -> None:
    """Take a chain's end away as if it had never been."""
    for table in (evidence, evidence_persons):
        columns = table.c
        gone = (columns.chain_id == chain_id) & (columns.sequence > last)
        evidence_of.run(delete(table).where(gone))
    with evidence_of.engine.connect() as connection:
        here = (evidence.c.chain_id == chain_id) & (evidence.c.sequence == last)
        whole = connection.execute(select(evidence.c.hash).where(here)).scalar_one()
    head = {"head_sequence": last, "head_hash": whole}
    evidence_of.run(
        update(evidence_chains).where(evidence_chains.c.chain_id == chain_id).values(head)
    )
