"""Exports, their members, and what is in a database that has taken one."""

import zipfile
from pathlib import Path
from typing import Any

from evidence_samples import Evidence

from kps_soap.models import (
    checkpoint_heads,
    checkpoints,
    dictionaries,
    evidence_chains,
    evidence_persons,
    field_lists,
    held_months,
    held_records,
    legal_orders,
    month_keys,
)
from kps_soap.models import evidence as evidence_table

TABLES = (
    evidence_table,
    evidence_persons,
    evidence_chains,
    field_lists,
    dictionaries,
    month_keys,
    checkpoints,
    checkpoint_heads,
    legal_orders,
    held_records,
    held_months,
)


Members = dict[str, bytes]


def content(evidence: Evidence) -> dict[str, Any]:
    return {table.name: [tuple(row) for row in evidence.rows(table)] for table in TABLES}


def members_of(file: Path) -> Members:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
