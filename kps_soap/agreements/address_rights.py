"""Which kinds of institution may receive addresses, and since when: dated data, not code.

Law 5490 Art. 45/1 names the recipients of residence addresses, and the list was widened over
time (§2.2, ADR-1 to ADR-3).  The rows lie in ``conf/address_rights.toml``.  The table is asked
twice: when an agreement is loaded and again at every call (K7.2).  Who is in no row in force on
a day receives no address on that day.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.reading import Table
from kps_soap.agreements.sources import parsed_file
from kps_soap.agreements.vocabulary import CLASS_OF_KIND, CLASSES

_RULE_ID = re.compile(r"[A-Z0-9][A-Z0-9-]{1,15}")


@dataclass(frozen=True, slots=True)
class AddressRule:
    """One row: on the days from ``since`` to ``until`` these classes and kinds may receive."""

    name: str
    since: date
    until: date | None
    classes: frozenset[str]
    kinds: frozenset[str]
    source: str
    verified: bool

    def in_force(self, on: date) -> bool:
        """Whether the row holds on a day, both ends included."""
        return self.since <= on and (self.until is None or on <= self.until)

    def names(self, kind: str) -> bool:
        """Whether the row holds for a kind, by itself or by its class."""
        return kind in self.kinds or CLASS_OF_KIND.get(kind, "") in self.classes


@dataclass(frozen=True, slots=True)
class AddressRights:
    """The whole table."""

    rules: tuple[AddressRule, ...]

    @classmethod
    def load(cls, path: Path) -> "AddressRights":
        """Read the table strictly; raises AgreementErrors with every error of the file."""
        top, findings = parsed_file(path)
        rules = [_rule(table) for table in top.tables("rules")]
        top.finish()
        _check_names(top, rules)
        if problems := findings.problems():
            raise AgreementErrors(problems)
        return cls(tuple(rules))

    def may_receive_address(self, kind: str, on: date) -> bool:
        """Whether a kind of institution may receive addresses on a civil date (Art. 45/1)."""
        return any(rule.in_force(on) and rule.names(kind) for rule in self.rules)

    def explain(self, kind: str, on: date) -> str:
        """The answer in words, with the rows that gave it."""
        there = [rule for rule in self.rules if rule.in_force(on)]
        giving = [rule.name for rule in there if rule.names(kind)]
        if giving:
            return f"{kind} may receive addresses on {on} ({', '.join(giving)})"
        asked = ", ".join(rule.name for rule in there) or "no rule is in force"
        return f"{kind} may not receive addresses on {on} (5490 Md.45/1; {asked})"


def _rule(table: Table) -> AddressRule:
    since, until = table.day("since"), table.day("until", required=False)
    if since and until and until < since:
        table.problem("until", f"{until} lies before since ({since})")
    classes = table.choices("classes", CLASSES) if table.has("classes") else frozenset()
    kinds = table.choices("kinds", tuple(CLASS_OF_KIND)) if table.has("kinds") else frozenset()
    if not classes and not kinds:
        table.problem("kinds", "a rule must name a class or a kind")
    rule = AddressRule(
        name=table.text("id", pattern=_RULE_ID, meaning="a rule's id such as ADR-1"),
        since=since or date.max,
        until=until,
        classes=classes,
        kinds=kinds,
        source=table.text("source"),
        verified=table.flag("verified", default=False),
    )
    table.finish()
    return rule


def _check_names(top: Table, rules: Sequence[AddressRule]) -> None:
    seen: set[str] = set()
    for number, rule in enumerate(rules):
        if rule.name in seen:
            top.problem_at("rules", number, f"id {rule.name} is given twice")
        seen.add(rule.name)
