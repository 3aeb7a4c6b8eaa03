"""Why a call was allowed or refused at a time: evidence, archived file, rule and article.

The record of the call says what was decided; the archived file with the digest that stands in
the record says on which words.  The checks of ``scope`` are made again on those words, on that
day, and each is named with the article of the law behind it (K5.1).  Where no call is on record,
the same is told of a call that somebody might have made.

This module reads; whoever calls it has recorded the search, with its reason.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from kps_soap.agreements import scope, store
from kps_soap.agreements.agreement import Agreement, ServiceGrant
from kps_soap.agreements.keeping import AgreementKeeper
from kps_soap.agreements.listing import gathered
from kps_soap.agreements.loading import Compiler
from kps_soap.agreements.problems import AgreementErrors
from kps_soap.agreements.store import SetUnreadable, Version
from kps_soap.agreements.vocabulary import MANDATE
from kps_soap.audit.search import Found
from kps_soap.authentication import ISTANBUL
from kps_soap.faults import Outcome, Refusal

#: The articles behind the rules: Law 5490, the KPS regulation (RG 31220), Law 6698.
ARTICLES: Final[Mapping[str, str]] = {
    "in force": "5490 Md.45/1; RG 31220",
    "network": "RG 31220 (bildirilen sabit IP)",
    "door": "RG 31220",
    "service and stage": "5490 Md.45/1",
    "address": "5490 Md.45/1",
    "inquirer": "5490 Md.45/3",
    "pilot": "5490 Md.45/2",
    "purpose": "5490 Md.45/2",
    "case number": "5490 Md.45/2",
    "fields": "5490 Md.45/1; 6698 Md.4",
    "special categories": "6698 Md.6",
    "criteria": "5490 Md.45/2",
    "quota": "5490 Md.45/2",
    "roster": "5490 Md.45/2",
    "version": "conf/versions.toml",
}

#: Which rule a recorded refusal belongs to, where it is not one of the agreement's own checks.
_RULE_OF: Final[Mapping[str, str]] = {
    "TooManyCriteria": "criteria",
    "QuotaFull": "quota",
    "AccessStopped": "quota",
    "VersionWithdrawn": "version",
}


@dataclass(frozen=True, slots=True)
class Case:
    """What was asked, as far as the agreement is concerned.  ``on`` is a civil date of Istanbul.

    ``answered`` tells of a record that it was: some services are open to every account.
    """

    service: str
    version: str
    on: date
    door: str = ""
    source_address: str = ""
    inquirer: str = ""
    purpose: str = ""
    case_number: str = ""
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule, what it said, and the article behind it."""

    rule: str
    allowed: bool
    text: str
    article: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One call and the rules that decided it.

    ``record`` is empty for a call that nobody made.  ``verdicts`` end with the first "no".
    ``trouble`` says why there are none.
    """

    at: datetime
    case: Case
    record: str = ""
    receipt: str = ""
    outcome: int = 0
    refusal: str = ""
    detail: str = ""
    criterion_outcomes: str = ""
    agreement: str = ""
    file: str = ""
    file_digest: str = ""
    set_digest: str = ""
    set_version: int = 0
    legal_basis: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    trouble: str = ""

    @property
    def allowed(self) -> bool:
        """Whether the call was answered, or would have been."""
        if self.record:
            return not self.refusal
        return bool(self.verdicts) and self.verdicts[-1].allowed

    @property
    def agrees(self) -> bool:
        """Whether the rules, applied again, come to what the record says.

        A worker takes a new version within a second, so a call of that second may differ.
        """
        return all(one.allowed for one in self.verdicts) == self.allowed or not self.verdicts


def explain_record(connection: Connection, keeper: AgreementKeeper, found: Found) -> Explained:
    """The rules behind one record of a query."""
    columns = found.columns
    at = found.received_at
    if at is None:
        raise ValueError("a record without its time")
    under_mandate = (columns["on_behalf_of"] or "").startswith(MANDATE)
    case = Case(
        service=columns["service"] or "",
        version=columns["version"] or "",
        on=at.astimezone(ISTANBUL).date(),
        door=columns["door"] or "",
        # Under a mandate calls come from the vendor's networks, not from those of the agreement.
        source_address="" if under_mandate else columns["source_address"] or "",
        inquirer=columns["inquirer"] or "",
        purpose=columns["purpose"] or "",
        case_number=columns["case_number"] or "",
        answered=not columns["refusal"],
    )
    explained = Explained(
        at=at,
        case=case,
        record=f"{found.chain_id}:{found.sequence}",
        receipt=columns["receipt_number"] or "",
        outcome=columns["outcome"] or 0,
        refusal=columns["refusal"] or "",
        detail=columns["detail"] or "",
        criterion_outcomes=columns["criterion_outcomes"] or "",
        agreement=columns["agreement"] or "",
        file_digest=columns["agreement_digest"] or "",
    )
    version = store.version_at(connection, at)
    explained = _archived(connection, keeper, explained, version)
    verdicts = [*explained.verdicts, *_recorded(explained)]
    return replace(explained, verdicts=tuple(_until_no(verdicts)))


def explain_possible(
    connection: Connection, keeper: AgreementKeeper, institution: str, at: datetime, case: Case
) -> list[Explained]:
    """What each agreement of an institution said at a moment of a call that nobody made."""
    version = store.version_at(connection, at)
    if version is None:
        return [Explained(at, case, trouble="no agreement set was in force at that time")]
    try:
        held = keeper.compiled(version).agreements
    except (AgreementErrors, SetUnreadable) as error:
        return [Explained(at, case, trouble=f"the set of that time cannot be read: {error}")]
    mine = [one for one in held if one.institution.code == institution]
    if not mine:
        trouble = "the institution had no agreement at that time"
        return [Explained(at, case, trouble=trouble, set_digest=version.digest)]
    return [_judged(keeper, Explained(at, case), one, version, possible=True) for one in mine]


def _archived(
    connection: Connection, keeper: AgreementKeeper, explained: Explained, version: Version | None
) -> Explained:
    """With what the archived file says that stood in the record."""
    digest = explained.file_digest
    if not digest:
        return replace(explained, trouble="no agreement is named in the record")
    try:
        contents = store.contents_of(connection, [digest])
        files = {} if version is None else store.files_of(connection, version.digest)
    except SetUnreadable as error:
        return replace(explained, trouble=str(error))
    if digest not in contents:
        return replace(explained, trouble="the agreement file of that time is not in the archive")
    name = next((name for name, one in files.items() if one == digest), f"{digest[:12]}.toml")
    try:
        compiled = Compiler(keeper.compiler.rules).compile(
            {name: contents[digest]}, today=explained.case.on, shown_in=Path()
        )
    except AgreementErrors as errors:
        trouble = f"this release reads the file of that time otherwise: {errors.problems[0]}"
        return replace(explained, trouble=trouble)
    if not compiled.agreements:
        return replace(explained, file=name, trouble="the public door's file grants no persons")
    suspended = () if version is None else version.suspended
    (agreement,) = compiled.suspending(suspended).agreements
    return _judged(keeper, explained, agreement, version, possible=False)


def _judged(
    keeper: AgreementKeeper,
    explained: Explained,
    agreement: Agreement,
    version: Version | None,
    *,
    possible: bool,
) -> Explained:
    rights = keeper.compiler.rules.address_rights
    verdicts = _until_no(_checks(agreement, rights, explained.case, possible=possible))
    return replace(
        explained,
        agreement=agreement.number,
        file=agreement.file,
        file_digest=agreement.digest,
        set_digest="" if version is None else version.digest,
        set_version=0 if version is None else version.number,
        legal_basis=agreement.document.legal_basis,
        verdicts=tuple(verdicts),
    )


def _until_no(verdicts: Sequence[Verdict] | Iterator[Verdict]) -> list[Verdict]:
    kept: list[Verdict] = []
    for verdict in verdicts:
        kept.append(verdict)
        if not verdict.allowed:
            break
    return kept


def _checks(agreement: Agreement, rights: Any, case: Case, *, possible: bool) -> Iterator[Verdict]:
    """The checks of the agreement stage in its order; what was not recorded is not checked."""
    document, on = agreement.document, case.on
    words = f"state {document.state}, valid {document.valid_from} to {document.valid_until}"
    yield _verdict("in force", lambda: scope.check_in_force(agreement, on), words)
    if case.source_address:
        address = case.source_address
        networks = ", ".join(map(str, agreement.access.networks))
        yield _verdict("network", lambda: scope.check_network(agreement, address), networks)
    if case.door:
        doors = ", ".join(sorted(agreement.access.doors))
        yield _verdict("door", lambda: scope.check_door(agreement, case.door), doors)
    granted = agreement.services.get((case.service, case.version))
    if granted is None:
        absent = f"{case.service} {case.version} is not in the agreement"
        text = "open to every account with an agreement" if case.answered else absent
        yield Verdict("service and stage", case.answered, text, ARTICLES["service and stage"])
        return
    today = granted.on(on)
    yield _verdict(
        "service and stage",
        lambda: scope.grant_for(agreement, case.service, case.version, on=on),
        f"{case.service} {case.version} in stage {today.stage}",
    )
    if granted.address:
        words = rights.explain(agreement.institution.kind, on)
        yield _verdict(
            "address", lambda: scope.check_address_right(agreement, today, rights, on=on), words
        )
    if not possible or case.inquirer:
        yield from _persons(agreement, today, case)
    if not possible or case.purpose or agreement.access.default_purpose:
        purposes = ", ".join(sorted(granted.purposes))
        yield _verdict(
            "purpose", lambda: scope.purpose_for(agreement, today, case.purpose), purposes
        )
    if not possible and agreement.access.case_number_required:
        check = lambda: scope.case_number_for(agreement, case.case_number)  # noqa: E731
        yield _verdict("case number", check, "demanded by the agreement")
    yield from _fields(today)


def _persons(agreement: Agreement, granted: ServiceGrant, case: Case) -> Iterator[Verdict]:
    named = ", ".join(sorted(agreement.access.inquirers)) or "any the institution names"
    yield _verdict("inquirer", lambda: scope.inquirer_for(agreement, case.inquirer), named)
    if granted.pilot is not None and granted.stage == "PILOT":
        named = ", ".join(sorted(granted.pilot.inquirers))
        yield _verdict(
            "pilot", lambda: scope.check_pilot(granted, case.inquirer, on=case.on), named
        )


def _fields(granted: ServiceGrant) -> Iterator[Verdict]:
    grant = granted.grant
    given = "; ".join(gathered(grant.tree, grant.granted_leaves)) or "nothing"
    withheld = len(grant.withheld_leaves)
    text = f"gives {given}; withholds {withheld} (digest {grant.withheld_digest[:12]})"
    yield Verdict("fields", True, text, ARTICLES["fields"])
    for path, basis in sorted(granted.special.items()):
        yield Verdict(
            "special categories", True, f"{path}: {basis}", ARTICLES["special categories"]
        )


def _verdict(rule: str, check: Callable[[], object], words: str) -> Verdict:
    try:
        check()
    except Refusal as refusal:
        return Verdict(rule, False, refusal.detail, ARTICLES[rule])
    return Verdict(rule, True, words, ARTICLES[rule])


def _recorded(explained: Explained) -> Iterator[Verdict]:
    """What the record says that no agreement file can: limits, rosters, what was found."""
    if explained.refusal:
        rule = _RULE_OF.get(explained.refusal, "")
        article = ARTICLES.get(rule, "")
        yield Verdict(rule or explained.refusal, False, explained.detail, article)
        return
    for text in filter(None, explained.criterion_outcomes.split(",")):
        outcome = Outcome(int(text))
        if outcome is Outcome.NOT_ON_ROSTER:
            yield Verdict("roster", True, f"{text}: a person was not on it", ARTICLES["roster"])
        elif outcome is not Outcome.OK:
            words = f"{text} {outcome.name.replace('_', ' ')}"
            yield Verdict("criterion", True, words, "")
