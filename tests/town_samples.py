"""The beginning of an agreement file, as the tests of several rooms have it."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from kps_soap import places
from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.loading import load
from kps_soap.configured import SERVED_RELATIONS, catalogue_of
from kps_soap.contracts.catalogue import compile_all


def town(*, applied: str = "2025-12-05", signed: str, valid_from: str) -> str:
    """The town's agreement down to its networks; the rest of ``[access]`` comes behind it."""
    return f"""\
[institution]
code = "B-34-0417"
name = "Örnek İlçe Belediyesi"
class = "KAMU"
kind = "BELEDIYE"
province = 34

[agreement]
number = "2026/117"
instrument = "TAAHHUTNAME"
application = {{ number = "E-117", date = {applied} }}
reason = "emlak beyanı"
legal_basis = ["5393 Md.14", "5490 Md.45"]
approved_by = "GENEL_MUDUR"
signed = {signed}
valid_from = {valid_from}
valid_until = 2026-12-31
state = "ACIK"

[access]
accounts = ["KRM-34-0417"]
administrator = "U-001"
technician = "U-002"
networks = ["203.0.113.10/32"]
"""


def in_force(folder: Path, texts: Sequence[str], *, today: date) -> AgreementSet:
    """A set in force on a day, made of some files."""
    for number, text in enumerate(texts):
        (folder / f"{number}.toml").write_text(text, encoding="utf-8")
    return load(
        folder,
        catalogue_of(compile_all()),
        today=today,
        address_rights=AddressRights.load(places.conf() / "address_rights.toml"),
        served_relations=SERVED_RELATIONS,
    )
