"""What the test tells a client through its environment, and how the client tells what it saw.

Every client program of ``tests/interop`` takes the door as its only argument and prints one
``name=value`` line for each thing that it found out.
"""

from __future__ import annotations

import os
import sys

BASE = os.environ["INTEROP_BASE"]
AUTHORITY = os.environ["INTEROP_CA"]
SIGNER = os.environ["INTEROP_SIGNER"]
USERNAME = os.environ["INTEROP_USERNAME"]
PASSWORD = os.environ["INTEROP_PASSWORD"]
NUMBER = int(os.environ["INTEROP_NUMBER"])
NOBODY = int(os.environ["INTEROP_NOBODY"])
GIVEN_NAME = os.environ["INTEROP_GIVEN_NAME"]
SURNAME = os.environ["INTEROP_SURNAME"]
YEAR = int(os.environ["INTEROP_YEAR"])
MONTH = int(os.environ["INTEROP_MONTH"])
DAY = int(os.environ["INTEROP_DAY"])

PUBLIC = f"{BASE}/Service/KPSPublic.asmx"
SERVICE = "KisiSorgulaTCKimlikNoServis"
DIRECT = f"{BASE}/kps/{SERVICE}/2011/01/01"
DOOR = sys.argv[1]
WRONG_PASSWORD = "wrong-" + PASSWORD


def tell(name: str, value: object) -> None:
    """One finding; a truth value in the letters of XML."""
    print(f"{name}={str(value).lower() if isinstance(value, bool) else value}", flush=True)
