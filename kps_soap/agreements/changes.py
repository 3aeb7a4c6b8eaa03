"""What a new set of agreements changes, as data: who is granted what, and what is withdrawn.

Agreements are compared by number, and by what they say, not by their bytes: a moved line or a
comment changes nothing.  ``GRANTS`` tells that more is possible afterwards, ``WITHDRAWS`` that
less is, ``CHANGES`` that it is neither or cannot be said.  This module compares; it stores and
prints nothing.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kps_soap.agreements.agreement import Agreement, ContractKey, Pilot, PublicTerms, ServiceGrant
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.listing import gathered
from kps_soap.agreements.vocabulary import ANSWERING_STAGES, ANSWERING_STATES, RELATIONS

GRANTS: Final = "grants"
WITHDRAWS: Final = "withdraws"
CHANGES: Final = "changes"

#: What stands for "there is none" where a state or a stage changes.
NONE: Final = "YOK"


#: The sentences of changes, by what is said.  Another language needs the same names only.
SENTENCES: Final[Mapping[str, str]] = {
    "gone": "the agreement is gone with everything it granted",
    "new": "a new agreement in state {0}, valid from {1} until {2}",
    "becomes": "{0}: {1} becomes {2}",
    "state": "{0} {1} becomes {2}",
    "suspension_begins": "the suspension by command begins",
    "suspension_lifted": "the suspension by command is lifted",
    "listed": "{0}: {1}",
    "only": "{0}: only {1}, no longer everybody",
    "everybody": "{0}: everybody, no longer only {1}",
    "service_new": "the service, in stage {0}, for {1}",
    "service_gone": "the service",
    "stage": "stage {0} becomes {1}",
    "field": "field {0}",
    "public_opens": "the public door opens",
    "public_closes": "the public door closes",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.  ``subject`` is the key of the file, or a field; ``text`` says it whole.

    ``sentence`` names one of ``SENTENCES`` and ``values`` fill it, so that other languages can
    say it too.
    """

    effect: str
    subject: str
    text: str
    service: str = ""
    version: str = ""
    sentence: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgreementChange:
    """Everything that changes for one agreement; ``number`` is empty for the public door."""

    number: str
    institution: str
    name: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A state or a stage that changes.  ``service`` is empty for the agreement's own state."""

    agreement: str
    agreement_digest: str
    institution: str
    before: str
    after: str
    service: str = ""
    version: str = ""

    @property
    def text(self) -> str:
        """``TEST → ACIK``, with the service that it is about."""
        about = f"{self.service} {self.version}: " if self.service else ""
        return f"{about}{self.before} → {self.after}"


def changes_between(before: AgreementSet, after: AgreementSet) -> list[AgreementChange]:
    """What changes for each agreement, in the order of institution and number."""
    old = {one.number: one for one in before.agreements}
    new = {one.number: one for one in after.agreements}
    found = []
    for number in sorted(old.keys() | new.keys(), key=lambda one: _order(new.get(one) or old[one])):
        was, now = old.get(number), new.get(number)
        shown = now or was
        changes = tuple(_of_agreement(was, now))
        if shown is not None and changes:
            whose = shown.institution
            found.append(AgreementChange(number, whose.code, whose.name, changes))
    public = tuple(_of_public(before.public, after.public))
    if public:
        found.append(AgreementChange("", "", "", public))
    return found


def steps_between(before: AgreementSet, after: AgreementSet) -> list[Step]:
    """The states and stages that change, each of which leaves an event (§2.4)."""
    old = {one.number: one for one in before.agreements}
    new = {one.number: one for one in after.agreements}
    return [
        step
        for number in sorted(old.keys() | new.keys())
        for step in _steps(old.get(number), new.get(number))
    ]


def _change(
    effect: str, subject: str, sentence: str, *values: str, key: ContractKey = ("", "")
) -> Change:
    text = SENTENCES[sentence].format(*values)
    return Change(effect, subject, text, *key, sentence=sentence, values=values)


def _order(agreement: Agreement) -> tuple[str, str]:
    return agreement.institution.code, agreement.number


def _steps(was: Agreement | None, now: Agreement | None) -> Iterator[Step]:
    shown = now or was
    if shown is None:
        return
    about = (shown.number, shown.digest, shown.institution.code)
    states = [NONE if one is None else one.state for one in (was, now)]
    if states[0] != states[1]:
        yield Step(*about, states[0], states[1])
    if was is None or now is None:
        return
    for key in sorted(was.services.keys() | now.services.keys()):
        stages = [_stage_text(one.services.get(key)) for one in (was, now)]
        if stages[0] != stages[1]:
            yield Step(*about, stages[0], stages[1], *key)


def _stage_text(grant: ServiceGrant | None) -> str:
    """The stage with what is planned: ``TEST, ACIK from 2026-12-01``."""
    if grant is None:
        return NONE
    return ", ".join([grant.stage, *(f"{stage} from {day}" for day, stage in grant.planned)])


def _of_agreement(was: Agreement | None, now: Agreement | None) -> Iterator[Change]:
    if now is None:
        yield _change(WITHDRAWS, "agreement", "gone")
        return
    if was is None:
        span = (str(now.document.valid_from), str(now.document.valid_until))
        yield _change(GRANTS, "agreement", "new", now.state, *span)
        for key, grant in sorted(now.services.items()):
            yield from _new_service(key, grant)
        return
    yield from _of_document(was, now)
    yield from _of_access(was, now)
    yield from _of_limits(was, now)
    for key in sorted(was.services.keys() | now.services.keys()):
        yield from _of_service(key, was.services.get(key), now.services.get(key))


def _of_document(was: Agreement, now: Agreement) -> Iterator[Change]:
    for name in ("name", "legal_class", "kind", "province"):
        old, new = getattr(was.institution, name), getattr(now.institution, name)
        yield from _plain(f"institution.{name}", old, new)
    if was.institution.code != now.institution.code:
        yield from _plain("institution.code", was.institution.code, now.institution.code)
    old, new = was.document, now.document
    yield from _words("state", old.state, new.state, ANSWERING_STATES)
    # A later beginning takes days away, a later end adds some.
    yield from _ordered("valid_from", old.valid_from, new.valid_from, more=lambda a, b: b < a)
    yield from _ordered("valid_until", old.valid_until, new.valid_until, more=lambda a, b: b > a)
    for name in ("instrument", "application_number", "application_date", "reason", "approved_by"):
        yield from _plain(name, getattr(old, name), getattr(new, name))
    yield from _plain("signed", old.signed, new.signed)
    yield from _plain("legal_basis", ", ".join(old.legal_basis), ", ".join(new.legal_basis))
    if old.renewal != new.renewal:
        yield from _plain("renewal", _renewal_text(old.renewal), _renewal_text(new.renewal))
    if was.suspension != now.suspension:
        if now.suspension is None:
            yield _change(GRANTS, "suspension", "suspension_lifted")
        else:
            yield _change(WITHDRAWS, "suspension", "suspension_begins")


def _renewal_text(renewal: Any) -> str:
    if renewal is None:
        return ""
    started = f", started {renewal.started}" if renewal.started else ", not started"
    return f"{renewal.since} to {renewal.until}{started}"


#: The keys of [access] that hold a list of what is allowed.
_ALLOWED: Final = ("accounts", "networks", "doors", "certificates", "purposes")
#: Those that hold one value of which none is plainly more than another.
_VALUES: Final = (
    "administrator", "technician", "security", "name_matching", "answer_signature",
    "routing_signature", "default_inquirer", "default_purpose",
)  # fmt: skip


def _of_access(was: Agreement, now: Agreement) -> Iterator[Change]:
    old, new = was.access, now.access
    for name in _ALLOWED:
        yield from _listed(name, getattr(old, name), getattr(new, name))
    yield from _open_list("inquirers", old.inquirers, new.inquirers)
    for name in _VALUES:
        yield from _plain(name, getattr(old, name), getattr(new, name))
    yield from _plain("security_until", old.security_until, new.security_until)
    for name in ("inquirer_required", "registered_inquirers", "case_number_required"):
        before, after = getattr(old, name), getattr(new, name)
        yield from _ordered(name, before, after, more=lambda a, _: bool(a))
    before, after = old.password_days_max, new.password_days_max
    yield from _ordered("password_days_max", before, after, more=_is_more_a_day)
    before, after = old.token_address_free, new.token_address_free
    yield from _ordered("token_address_free", before, after, more=lambda _, b: bool(b))
    before, after = old.person_relation, new.person_relation
    yield from _ordered("person_relation", before, after, more=_is_looser)


def _is_looser(old: str, new: str) -> bool:
    return RELATIONS.index(new) < RELATIONS.index(old)


def _is_more_a_day(old: int, new: int) -> bool:
    """0 stands for no limit at all."""
    return new == 0 or 0 < old < new


def _of_limits(was: Agreement, now: Agreement) -> Iterator[Change]:
    for name in ("criteria_per_call_max", "persons_per_day_max", "calls_per_second_max"):
        old, new = getattr(was.limits, name), getattr(now.limits, name)
        yield from _ordered(f"limits.{name}", old, new, more=lambda a, b: b > a)
    old, new = was.limits.calls_per_day_max, now.limits.calls_per_day_max
    yield from _ordered("limits.calls_per_day_max", old, new, more=_is_more_a_day)
    yield from _plain("fees.exemption", was.fee_exemption, now.fee_exemption)


def _new_service(key: ContractKey, grant: ServiceGrant) -> Iterator[Change]:
    said = (_stage_text(grant), _joined(grant.purposes))
    yield _change(GRANTS, "service", "service_new", *said, key=key)
    yield from _fields(key, (), grant.grant.granted_leaves, grant)


def _of_service(
    key: ContractKey, was: ServiceGrant | None, now: ServiceGrant | None
) -> Iterator[Change]:
    if now is None:
        yield _change(WITHDRAWS, "service", "service_gone", key=key)
        return
    if was is None:
        yield from _new_service(key, now)
        return
    if _stage_text(was) != _stage_text(now):
        effect = _effect(was.stage in ANSWERING_STAGES, now.stage in ANSWERING_STAGES)
        yield _change(effect, "stage", "stage", _stage_text(was), _stage_text(now), key=key)
    yield from _listed("purposes", was.purposes, now.purposes, key)
    yield from _fields(key, was.grant.granted_leaves, now.grant.granted_leaves, now)
    for path in sorted(was.special.keys() & now.special.keys()):
        yield from _plain(f"legal_basis of {path}", was.special[path], now.special[path], key)
    yield from _plain("bulk_basis", was.bulk_basis, now.bulk_basis, key)
    if was.pilot != now.pilot:
        yield from _plain("pilot", _pilot_text(was.pilot), _pilot_text(now.pilot), key)


def _fields(
    key: ContractKey, was: Collection[str], now: Collection[str], grant: ServiceGrant
) -> Iterator[Change]:
    tree = grant.grant.tree
    for effect, leaves in ((GRANTS, set(now) - set(was)), (WITHDRAWS, set(was) - set(now))):
        for path in gathered(tree, leaves):
            yield _change(effect, path.partition(" ")[0], "field", path, key=key)


def _pilot_text(pilot: Pilot | None) -> str:
    if pilot is None:
        return ""
    until = f" until {pilot.until}" if pilot.until else ""
    return f"{_joined(pilot.inquirers)}, {pilot.calls_per_day_max} calls a day{until}"


def _of_public(was: PublicTerms | None, now: PublicTerms | None) -> Iterator[Change]:
    old_open, new_open = _is_open(was), _is_open(now)
    if old_open != new_open:
        said = "public_opens" if new_open else "public_closes"
        yield _change(_effect(old_open, new_open), "public", said)
    if was is None or now is None:
        return
    old, new = was.calls_per_second_max, now.calls_per_second_max
    yield from _ordered("limits.calls_per_second_max", old, new, more=lambda a, b: b > a)
    yield from _plain("name_matching", was.name_matching, now.name_matching)
    for key in sorted(was.stages.keys() | now.stages.keys()):
        stages = [_public_stage(one, key) for one in (was, now)]
        if stages[0] != stages[1]:
            open_now = now.stages.get(key) in ANSWERING_STAGES
            effect = _effect(was.stages.get(key) in ANSWERING_STAGES, open_now)
            yield _change(effect, "stage", "stage", *stages, key=key)


def _is_open(terms: PublicTerms | None) -> bool:
    return terms is not None and terms.enabled


def _public_stage(terms: PublicTerms, key: ContractKey) -> str:
    planned = (f"{stage} from {day}" for day, stage in terms.later.get(key, ()))
    return ", ".join([terms.stages.get(key, NONE), *planned])


def _effect(before: bool, after: bool) -> str:
    if before == after:
        return CHANGES
    return GRANTS if after else WITHDRAWS


def _plain(subject: str, old: object, new: object, key: ContractKey = ("", "")) -> Iterator[Change]:
    if old != new:
        said = (subject, _shown(old), _shown(new))
        yield _change(CHANGES, subject, "becomes", *said, key=key)


def _words(subject: str, old: str, new: str, answering: Collection[str]) -> Iterator[Change]:
    if old != new:
        effect = _effect(old in answering, new in answering)
        yield _change(effect, subject, "state", subject, old, new)


def _ordered(
    subject: str, old: Any, new: Any, *, more: Callable[[Any, Any], bool]
) -> Iterator[Change]:
    """A value of which one is more than another."""
    if old != new:
        effect = GRANTS if more(old, new) else WITHDRAWS
        yield _change(effect, subject, "becomes", subject, _shown(old), _shown(new))


def _listed(
    subject: str, old: Iterable[Any], new: Iterable[Any], key: ContractKey = ("", "")
) -> Iterator[Change]:
    was, now = set(map(str, old)), set(map(str, new))
    if added := now - was:
        yield _change(GRANTS, subject, "listed", subject, _joined(added), key=key)
    if removed := was - now:
        yield _change(WITHDRAWS, subject, "listed", subject, _joined(removed), key=key)


def _open_list(subject: str, old: Collection[str], new: Collection[str]) -> Iterator[Change]:
    """A list that allows everybody where it is empty."""
    if bool(old) == bool(new):
        yield from _listed(subject, old, new)
    elif new:
        yield _change(WITHDRAWS, subject, "only", subject, _joined(new))
    else:
        yield _change(GRANTS, subject, "everybody", subject, _joined(old))


def _joined(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value in (None, "") else str(value)
