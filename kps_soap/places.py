"""Where the files lie that come with the product but are no Python: schemas, WSDLs, configuration.

In a working copy they lie beside the package; an installed wheel puts them under the
environment's ``share/kps-soap``.  This module finds directories; it reads and writes nothing.
"""

from __future__ import annotations

import sysconfig
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def _candidates(package: Path) -> tuple[Path, ...]:
    """The working copy first, then every scheme's data directory (a user's install has its own)."""
    schemes = (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user"))
    shares = (Path(sysconfig.get_path("data", scheme)) / "share" / "kps-soap" for scheme in schemes)
    return (package.parent, *shares)


def directory(name: str) -> Path:
    """The directory ``name`` (``schemas``, ``wsdl``, ``conf``).

    Raises FileNotFoundError, without a path in its text, where the installation is incomplete.
    """
    for home in _candidates(_PACKAGE):
        found = home / name
        if found.is_dir():
            return found
    raise FileNotFoundError(f"the installation has no directory {name}")


def schemas() -> Path:
    """The XSD files, the authority on the wire (design D9)."""
    return directory("schemas")


def wsdl() -> Path:
    """The WSDL files as ``kps wsdl write`` made them."""
    return directory("wsdl")


def conf() -> Path:
    """The configuration files that ship with the product."""
    return directory("conf")
