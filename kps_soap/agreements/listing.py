"""Agreements in words and as data, for ``kps agreements list`` and ``kps agreements show``.

Functions return strings and dicts; nothing here prints, colours or pages.  ``on`` is the civil
date of Europe/Istanbul for which the answer holds.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from kps_soap.agreements.agreement import Agreement, Renewal, ServiceGrant
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.scope import not_in_force
from kps_soap.fields import FieldTree

Row = dict[str, Any]

_COLUMNS = ("institution", "kind", "agreement", "state", "status", "days_left", "services", "name")


def rows(agreements: AgreementSet, on: date) -> list[Row]:
    """One row an agreement, ordered by institution and number.

    ``days_left`` counts the days after ``on`` on which the agreement is still valid; it is
    negative once the agreement has ended.
    """
    ordered = sorted(agreements.agreements, key=lambda one: (one.institution.code, one.number))
    return [_row(agreement, on) for agreement in ordered]


def _row(agreement: Agreement, on: date) -> Row:
    return {
        "institution": agreement.institution.code,
        "name": agreement.institution.name,
        "kind": agreement.institution.kind,
        "agreement": agreement.number,
        "state": agreement.state,
        "status": status(agreement, on),
        "suspended": suspension(agreement),
        "valid_until": agreement.document.valid_until.isoformat(),
        "days_left": (agreement.document.valid_until - on).days,
        "services": len(agreement.services),
        "accounts": list(agreement.access.accounts),
        "file": agreement.file,
    }


def suspension(agreement: Agreement) -> Row | None:
    """Who suspended the agreement by command, when and why; None where nobody did."""
    held = agreement.suspension
    if held is None:
        return None
    return {
        "since": held.since.isoformat(timespec="seconds"),
        "by": held.by,
        "reason": held.reason,
        "document": held.document,
    }


def status(agreement: Agreement, on: date) -> str:
    """Whether calls are answered on a day, in words."""
    reason = not_in_force(agreement, on)
    if reason:
        return f"not in force: {reason}"
    return "in force, test data only" if agreement.in_test else "in force"


def list_text(agreements: AgreementSet, on: date) -> str:
    """The list as a table of plain text, with the public door and the set's digest below."""
    listed = rows(agreements, on)
    lines = [
        *_aligned([_COLUMNS, *([str(row[column]) for column in _COLUMNS] for row in listed)]),
        "",
        f"public door: {_public_in_words(agreements, on)}",
        f"set {agreements.digest}, {len(agreements.files)} files",
    ]
    return "\n".join(lines)


def _public_in_words(agreements: AgreementSet, on: date) -> str:
    public = agreements.public
    if public is None or not public.enabled:
        return "closed"
    opened = ", ".join(f"{key[0]} ({public.stage_on(key, on)})" for key in public.stages)
    return f"open for {opened}, at most {public.calls_per_second_max} calls a second and source"


def _aligned(lines: Iterable[Sequence[str]]) -> list[str]:
    """Columns padded to one width; the last is left as it is."""
    held = [list(line) for line in lines]
    widths = [max(len(line[place]) for line in held) for place in range(len(held[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in held
    ]


def details(agreement: Agreement, on: date) -> Row:
    """Everything that an agreement says, as data; secrets are never in an agreement."""
    document, access, limits = agreement.document, agreement.access, agreement.limits
    return _row(agreement, on) | {
        "digest": agreement.digest,
        "class": agreement.institution.legal_class,
        "province": agreement.institution.province,
        "instrument": document.instrument,
        "application": f"{document.application_number} ({document.application_date})",
        "reason": document.reason,
        "legal_basis": list(document.legal_basis),
        "approved_by": document.approved_by,
        "signed": document.signed.isoformat() if document.signed else None,
        "valid_from": document.valid_from.isoformat(),
        "renewal": _renewal(document.renewal),
        "networks": [str(network) for network in access.networks],
        "doors": sorted(access.doors),
        "security": access.security,
        "security_until": access.security_until.isoformat() if access.security_until else None,
        "certificates": sorted(access.certificates),
        "signature": access.answer_signature,
        "name_matching": access.name_matching,
        "purposes": sorted(access.purposes),
        "default_purpose": access.default_purpose,
        "inquirer_required": access.inquirer_required,
        "case_number_required": access.case_number_required,
        "person_relation": access.person_relation,
        "fee_exemption": agreement.fee_exemption,
        "criteria_per_call_max": limits.criteria_per_call_max,
        "persons_per_day_max": limits.persons_per_day_max,
        "calls_per_second_max": limits.calls_per_second_max,
        "calls_per_day_max": limits.calls_per_day_max or None,
        "granted": [_granted(granted, on) for granted in agreement.services.values()],
    }


def _renewal(renewal: Renewal | None) -> str:
    if renewal is None:
        return ""
    started = f"started {renewal.started}" if renewal.started else "not started"
    return f"from {renewal.since} until {renewal.until}, {started}"


def _granted(granted: ServiceGrant, on: date) -> Row:
    today = granted.on(on)
    pilot = granted.pilot
    return {
        "service": granted.service,
        "version": granted.version,
        "stage": today.stage,
        "planned": [{"stage": stage, "from": str(day)} for day, stage in granted.planned],
        "pilot": pilot
        and {
            "inquirers": sorted(pilot.inquirers),
            "calls_per_day_max": pilot.calls_per_day_max,
            "until": pilot.until and str(pilot.until),
        },
        "synthetic_only": today.synthetic_only,
        "purposes": sorted(granted.purposes),
        "special": dict(granted.special),
        "granted_leaves": list(granted.grant.granted_leaves),
        "withheld_leaves": list(granted.grant.withheld_leaves),
        "withheld_digest": granted.grant.withheld_digest,
    }


def show_text(agreement: Agreement, on: date) -> str:
    """One agreement in words: who, until when, how, and per service what is given and withheld."""
    shown = details(agreement, on)
    lines = [
        f"{shown['agreement']}: {shown['name']} ({shown['institution']}, {shown['kind']})",
        f"{shown['status']}; valid from {shown['valid_from']} until {shown['valid_until']}, "
        f"{_days_in_words(shown['days_left'])}",
        f"file {shown['file']}, SHA-256 {shown['digest']}",
        *_suspension_lines(agreement),
        "",
        *(f"{key}: {_in_words(shown[key])}" for key in _SHOWN_KEYS),
        *(f"certificate: {digest}" for digest in shown["certificates"]),
    ]
    for granted in agreement.services.values():
        lines += ["", *_service_lines(granted, on)]
    return "\n".join(lines)


_SHOWN_KEYS = (
    "class", "province", "instrument", "application", "reason", "legal_basis", "approved_by",
    "signed", "renewal", "accounts", "networks", "doors", "security", "security_until", "signature",
    "name_matching", "purposes", "default_purpose", "inquirer_required", "case_number_required",
    "person_relation", "fee_exemption", "criteria_per_call_max", "persons_per_day_max",
    "calls_per_second_max", "calls_per_day_max",
)  # fmt: skip


def _suspension_lines(agreement: Agreement) -> list[str]:
    held = agreement.suspension
    if held is None:
        return []
    said = "; ".join(part for part in (held.reason, held.document) if part)
    return [
        f"suspended by {held.by} since {held.since:%Y-%m-%d %H:%M}" + (f": {said}" if said else "")
    ]


def _service_lines(granted: ServiceGrant, on: date) -> list[str]:
    today = granted.on(on)
    register = ", answered from the synthetic register" if today.synthetic_only else ""
    planned = "".join(f", {stage} from {day}" for day, stage in granted.planned if day > on)
    lines = [
        f"{granted.service} {granted.version} ({today.stage}{register}{planned})",
        f"  for {', '.join(sorted(granted.purposes))}",
        *_pilot_lines(granted),
        *(f"  special category {path}: {basis}" for path, basis in granted.special.items()),
    ]
    for word, leaves in (
        ("gives", granted.grant.granted_leaves),
        ("withholds", granted.grant.withheld_leaves),
    ):
        lines.append(f"  {word} {len(leaves)} fields" + (":" if leaves else ""))
        lines.extend(f"    {path}" for path in gathered(granted.grant.tree, leaves))
    return lines


def _pilot_lines(granted: ServiceGrant) -> list[str]:
    pilot = granted.pilot
    if pilot is None:
        return []
    until = f", until {pilot.until}" if pilot.until else ""
    who = ", ".join(sorted(pilot.inquirers))
    return [f"  pilot for {who}, at most {pilot.calls_per_day_max} calls a day{until}"]


def gathered(tree: FieldTree, leaves: Iterable[str]) -> Iterator[str]:
    """Leaves in the contract's order, a section of which all are listed told as one."""
    listed, told = frozenset(leaves), ""
    for path in tree.grantable():
        if told and path.startswith(told):
            continue
        below = [leaf for leaf in tree.leaves() if f"{leaf}/".startswith(f"{path}/")]
        if below and listed.issuperset(below):
            told = f"{path}/"
            yield path if below == [path] else f"{path} (all {len(below)})"


def _days_in_words(days: int) -> str:
    if days < 0:
        return f"ended {-days} days ago"
    return "its last day" if days == 0 else f"{days} days left"


def _in_words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in (None, "") else str(value)
