"""The beginning of an agreement file, as the tests of several rooms have it."""


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
