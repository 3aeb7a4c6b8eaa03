"""Changes, explanations and leases as lines of text for ``kps agreements``.

Functions return lines; nothing here prints, colours or pages.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from kps_soap.agreements.changes import AgreementChange
from kps_soap.agreements.explaining import Explained
from kps_soap.agreements.leases import Lease
from kps_soap.agreements.store import Version
from kps_soap.authentication import ISTANBUL


def change_lines(changes: Sequence[AgreementChange]) -> list[str]:
    """What an edit grants and withdraws, a paragraph an agreement."""
    if not changes:
        return ["Nothing changes."]
    lines: list[str] = []
    for one in changes:
        whose = f"{one.number} {one.name} ({one.institution})" if one.number else "public door"
        lines.append(whose)
        for change in one.changes:
            about = f"{change.service} {change.version}: " if change.service else ""
            lines.append(f"  {change.effect:<9}  {about}{change.text}")
    counts = [
        sum(1 for one in changes for change in one.changes if change.effect == effect)
        for effect in ("grants", "withdraws", "changes")
    ]
    lines.append(
        f"Agreements that change: {len(changes)}.  Lines that grant: {counts[0]}, "
        f"withdraw: {counts[1]}, change something else: {counts[2]}."
    )
    return lines


def explained_lines(one: Explained) -> list[str]:
    """One call: what became of it, on which words, by which rules."""
    moment = one.at.astimezone(ISTANBUL).isoformat(timespec="milliseconds")
    decided = "ALLOWED" if one.allowed else "REFUSED"
    if one.record:
        what = f"{one.refusal} ({one.outcome})" if one.refusal else f"outcome {one.outcome}"
        head = f"{moment}  {decided}, {what}: record {one.record}"
        head += f", receipt {one.receipt}" if one.receipt else ""
    else:
        head = f"{moment}  no such call is on record; it would have been {decided}"
    lines = [head, f"  {one.case.service} {one.case.version}, purpose {one.case.purpose or '-'}"]
    if one.agreement:
        lines.append(f"  agreement {one.agreement}, file {one.file or '?'}, {one.file_digest}")
    if one.set_digest:
        lines.append(f"  version {one.set_version}, set {one.set_digest}")
    if one.legal_basis:
        lines.append(f"  its legal basis: {', '.join(one.legal_basis)}")
    if one.trouble:
        lines.append(f"  {one.trouble}")
    for verdict in one.verdicts:
        article = f"  [{verdict.article}]" if verdict.article else ""
        lines.append(
            f"  {'yes' if verdict.allowed else 'NO '} {verdict.rule}: {verdict.text}{article}"
        )
    if one.record and not one.agrees:
        lines.append("  the rules come to another result now; a version is taken within a second")
    return lines


def version_line(version: Version) -> str:
    """``version 7, YUKLEME by ayse at 2026-11-22 10:00:00 (why; E-1), set 1a2b…``."""
    why = "; ".join(part for part in (version.reason, version.document) if part)
    said = f" ({why})" if why else ""
    return (
        f"version {version.number}, {version.kind} by {version.by} "
        f"at {version.since:%Y-%m-%d %H:%M:%S}{said}, set {version.digest}"
    )


def lease_lines(leases: Iterable[Lease], version: Version | None, now: datetime) -> list[str]:
    """What each living worker runs."""
    lines = []
    for lease in leases:
        right = version is not None and lease.number == version.number
        state = "runs" if right else "STILL RUNS"
        said = f" ({lease.trouble})" if lease.trouble else ""
        seconds = round((lease.until - now).total_seconds())
        lines.append(
            f"worker {lease.name} {state} version {lease.number}, set {lease.digest[:12] or '-'}"
            f"{said}; lease of {seconds} s"
        )
    return lines or ["no worker lives"]
