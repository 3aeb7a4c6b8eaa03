"""Says what is wrong with what the product is made of; ends with 1 if anything is.

    python -m tests.supply.report build/audit.json build/sbom.json

The first file is pip-audit's, the second a CycloneDX list of the environment.  Where there is no
such file, or it tells of nothing, that is said by name: it is no proof, and no failure either.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.supply.licences import LOCK, Locked, installed, locked, refusals, rules

#: In the environment without being locked: the product itself, and what made the environment.
NOT_LOCKED = frozenset({"kps-soap", "pip"})


def weaknesses(audit: Mapping[str, Any], accepted: Mapping[str, str]) -> Iterator[str]:
    """A sentence for every known weakness that nobody accepted."""
    for one in audit["dependencies"]:
        for found in one.get("vulns", []):
            numbers = [found["id"], *found.get("aliases", [])]
            if not any(number in accepted for number in numbers):
                better = ", ".join(found.get("fix_versions", [])) or "no version"
                yield f"{one['name']} {one['version']}: {found['id']}, mended in {better}"


def looked_up(audit: Mapping[str, Any]) -> int:
    """Of how many packages something could be told."""
    return sum("skip_reason" not in one for one in audit["dependencies"])


def gaps(sbom: Mapping[str, Any], packages: list[Locked]) -> Iterator[str]:
    """Where the list and the lock file differ, of what is installed."""
    listed = {
        (_plain(one["name"]), one["version"])
        for one in sbom["components"]
        if _plain(one["name"]) not in NOT_LOCKED
    }
    wanted = {(one.name, one.version) for one in packages}
    yield from (f"{name} {version}: not in the list" for name, version in sorted(wanted - listed))
    yield from (f"{name} {version}: not locked" for name, version in sorted(listed - wanted))


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def report(audit: Path, sbom: Path) -> Iterator[tuple[str, list[str]]]:
    """What was looked at, in a sentence, and what is wrong with it."""
    allowed = rules()
    packages = installed(locked(LOCK.read_text(encoding="utf-8")))
    yield f"licences of {len(packages)} packages", list(refusals(packages, allowed))
    content = _content(sbom)
    if content is None:
        yield "list of packages: skipped, cyclonedx-bom could not be installed here", []
    else:
        count = len(content["components"])
        yield f"list of {count} packages: {sbom}", list(gaps(content, list(packages)))
    content = _content(audit)
    if content is None or not looked_up(content):
        yield "weaknesses: skipped, pip-audit or its service cannot be reached from here", []
    else:
        told = f"weaknesses of {looked_up(content)} packages"
        yield told, list(weaknesses(content, allowed["weaknesses"]))


def _content(file: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def main(audit: str, sbom: str) -> int:
    """Print the report; returns the exit code."""
    code = 0
    for told, wrong in report(Path(audit), Path(sbom)):
        sys.stdout.write(f"{'NO' if wrong else 'ok'}  {told}\n")
        for sentence in wrong:
            sys.stdout.write(f"    {sentence}\n")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
