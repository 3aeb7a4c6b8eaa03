"""From a directory of agreement files to one set, or to every error of every file.

A bad file refuses the whole set: nothing is half loaded, and the last good set stays in force
(design §6).  This module stores nothing and swaps nothing; it reads, judges and compiles.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement import Agreement, Caps, Catalogue, PublicTerms
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.granting import GrantCache, Granting
from kps_soap.agreements.neighbours import ReadFile, check_neighbours
from kps_soap.agreements.problems import AgreementErrors, Findings, Problem
from kps_soap.agreements.public_terms import read_public
from kps_soap.agreements.reading import Table
from kps_soap.agreements.sections import (
    Rules,
    read_access,
    read_document,
    read_fees,
    read_institution,
    read_limits,
)
from kps_soap.agreements.sources import parsed, printable_name, read_directory

#: What a gateway serves of the closed lists; more is for the composition root to say.
SERVED_DOORS = frozenset({"direct", "routing"})
SERVED_PROFILES = frozenset({words.CLASSIC, "STANDART"})
SERVED_RELATIONS = frozenset({words.RELATION_OFF})


def load(
    directory: Path,
    catalogue: Catalogue,
    *,
    today: date,
    address_rights: AddressRights,
    served_doors: frozenset[str] = SERVED_DOORS,
    served_profiles: frozenset[str] = SERVED_PROFILES,
    served_relations: frozenset[str] = SERVED_RELATIONS,
    caps: Caps | None = None,
) -> AgreementSet:
    """Read and judge every ``*.toml`` file of a directory (§6).

    ``today`` is the civil date of Europe/Istanbul.  The ``served_…`` sets name what this gateway
    offers of the closed lists: the format knows more, and what is not served is an error that
    says so.  Raises AgreementErrors with every error of all files.
    """
    contents, unread = read_directory(directory)
    return compile_set(
        contents,
        Rules(
            catalogue=catalogue,
            address_rights=address_rights,
            today=today,
            served_doors=served_doors,
            served_profiles=served_profiles,
            served_relations=served_relations,
            caps=caps or Caps(),
        ),
        shown_in=directory,
        unread=unread,
    )


@dataclass(slots=True)
class _Loading:
    """What has been read of a set so far."""

    rules: Rules
    grants: GrantCache = field(default_factory=dict)
    agreements: list[ReadFile] = field(default_factory=list)
    public: list[PublicTerms] = field(default_factory=list)
    findings: list[Findings] = field(default_factory=list)


def compile_set(
    contents: Mapping[str, bytes],
    rules: Rules,
    *,
    shown_in: Path,
    unread: Iterable[Problem] = (),
) -> AgreementSet:
    """Judge and compile files by name and content, as a directory or a database holds them.

    ``shown_in`` is the directory that problems name; ``unread`` are those of files that could
    not even be read.  Raises AgreementErrors.
    """
    loading = _Loading(rules)
    digests: dict[str, str] = {}
    for name in sorted(contents):
        digests[name] = sha256(contents[name]).hexdigest()
        _read_file(loading, name, contents[name], digests[name], shown_in)
    check_neighbours(loading.agreements)
    problems = [problem for one in loading.findings for problem in one.problems()]
    problems.extend(unread)
    if problems:
        raise AgreementErrors(problems)
    return AgreementSet.of(
        [one.content for one in loading.agreements],
        files=digests,
        public=loading.public[0] if loading.public else None,
        address_rights=rules.address_rights,
        warnings=[warning for one in loading.findings for warning in one.warnings()],
    )


def _read_file(loading: _Loading, name: str, content: bytes, digest: str, shown_in: Path) -> None:
    values, findings = parsed(content, printable_name((shown_in / name).as_posix()))
    loading.findings.append(findings)
    if findings.problems():
        return
    top = Table(values, (), findings)
    if "public" in values:
        if loading.public:
            findings.add(("public",), f"the public door is opened by {loading.public[0].file} too")
        loading.public.append(read_public(top, loading.rules, file=name, digest=digest))
        return
    agreement = _read_agreement(loading, top, name, digest)
    loading.agreements.append(ReadFile(values, agreement, findings))


def _read_agreement(loading: _Loading, top: Table, name: str, digest: str) -> Agreement:
    """One agreement, whole; a value with a problem is empty and the set is refused anyway."""
    institution = read_institution(top.table("institution"))
    document = read_document(top.table("agreement"))
    access = read_access(top.table("access"), loading.rules)
    granting = Granting(
        loading.rules,
        loading.grants,
        kind=institution.kind,
        document=document,
        purposes=access.purposes,
        default_purpose=access.default_purpose,
    )
    agreement = Agreement(
        file=name,
        digest=digest,
        institution=institution,
        document=document,
        access=access,
        limits=read_limits(top.table("limits"), loading.rules.caps),
        fee_exemption=read_fees(top.table("fees"), institution, document.approved_by),
        services=granting.read(top),
    )
    top.finish()
    return agreement
