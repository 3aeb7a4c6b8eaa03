"""Which licence each locked package has, and whether somebody allowed it.

Licences are read from the metadata of what is installed.  An expression is an SPDX one; older
packages name a classifier or write a text, which is turned into the SPDX name where it is one of
a few.  What cannot be told is not allowed.
"""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
ALLOWED = Path(__file__).with_name("allowed.toml")

#: What packages wrote before there were expressions.
OLD_WORDS = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

#: What stands in brackets and holds none itself.
INNER = re.compile(r"\(([^()]*)\)")


class Locked(NamedTuple):
    """A package as the lock file pins it."""

    name: str
    version: str


def locked(text: str) -> list[Locked]:
    """Every package of a lock file."""
    found = re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^ ;\\]+)", text)
    return [Locked(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in found]


def installed(packages: list[Locked]) -> dict[Locked, Mapping[str, Any]]:
    """The metadata of those that are installed; some are for other machines alone."""
    found: dict[Locked, Mapping[str, Any]] = {}
    for one in packages:
        try:
            found[one] = importlib.metadata.metadata(one.name).json
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def licence_of(metadata: Mapping[str, Any]) -> str:
    """The licence by its SPDX name; empty where the metadata do not tell."""
    if expression := metadata.get("license_expression"):
        return str(expression)
    classifiers = [
        text.rpartition(" :: ")[2]
        for text in metadata.get("classifier", [])
        if text.startswith("License :: ") and not text.endswith(":: OSI Approved")
    ]
    text = str(metadata.get("license", "")).strip()
    if text and "\n" not in text and len(text) < 40:
        return OLD_WORDS.get(text, text)
    return " OR ".join(sorted(OLD_WORDS.get(one, one) for one in classifiers))


def is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    """One of several that are offered, all of several that are demanded; brackets first."""
    while inner := INNER.search(expression):
        # In their place stands a name that is allowed, or none at all.
        verdict = min(allowed) if is_allowed(inner[1], allowed) else ""
        expression = expression[: inner.start()] + verdict + expression[inner.end() :]
    return bool(expression) and any(
        all(part.strip() in allowed for part in choice.split(" AND "))
        for choice in expression.split(" OR ")
    )


def refusals(
    packages: Mapping[Locked, Mapping[str, Any]], rules: Mapping[str, Any]
) -> Iterator[str]:
    """A sentence for every package whose licence nobody allowed, and every idle exception."""
    allowed = frozenset(rules["licences"])
    exceptions, stated = dict(rules.get("exceptions", {})), dict(rules.get("stated", {}))
    for one, metadata in packages.items():
        told = licence_of(metadata)
        if not told and one.name in stated:
            told = stated.pop(one.name)["licence"]
        if is_allowed(told, allowed):
            continue
        exception = exceptions.pop(one.name, None)
        if exception is None or exception["licence"] != told:
            yield f"{one.name} {one.version}: {told or 'no licence is told'}, which nobody allowed"
    known = {one.name for one in packages}
    for name in (*exceptions, *stated):
        if name in known:
            yield f"{name}: its exception is not needed any more"


def rules() -> dict[str, Any]:
    """What is allowed."""
    return tomllib.loads(ALLOWED.read_text(encoding="utf-8"))
