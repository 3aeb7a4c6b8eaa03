"""From agreement files to one set, or to every error of every file.

A bad file refuses the whole set: nothing is half loaded, and the last good set stays in force
(design §6).  A ``Compiler`` remembers what it judged: after an edit it reads the changed files
only.  What depends on the day or on other files is judged again each time.  This module stores
nothing and swaps nothing; it reads, judges and compiles.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

from kps_soap.agreements import vocabulary as words
from kps_soap.agreements.address_rights import AddressRights
from kps_soap.agreements.agreement import Agreement, Caps, Catalogue, PublicTerms
from kps_soap.agreements.agreement_set import AgreementSet
from kps_soap.agreements.chunks import Chunks
from kps_soap.agreements.granting import Granting, Judged, check_addresses
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
    warn_of_security,
)
from kps_soap.agreements.sources import parsed, printable_name, read_directory

#: What a gateway serves of the closed lists; more is for the composition root to say.
SERVED_DOORS = frozenset({"direct", "routing", "console"})
SERVED_PROFILES = frozenset(words.PROFILES)
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
    rules = Rules(
        catalogue=catalogue,
        address_rights=address_rights,
        today=today,
        served_doors=served_doors,
        served_profiles=served_profiles,
        served_relations=served_relations,
        caps=caps or Caps(),
    )
    return Compiler(rules).directory(directory, today=today)


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
    return Compiler(rules).compile(contents, today=rules.today, shown_in=shown_in, unread=unread)


@dataclass(frozen=True, slots=True)
class _Read:
    """One file as it stands by itself: an agreement, the public terms, or neither."""

    findings: Findings
    agreement: ReadFile | None = None
    public: PublicTerms | None = None


class Compiler:
    """Judges and compiles sets, one after another, under one catalogue and law.

    ``pause`` is called after each step of each file: a process that answers requests meanwhile
    lets them go first.
    """

    def __init__(self, rules: Rules, *, pause: Callable[[], None] = lambda: None) -> None:
        self.rules = rules
        self.pause = pause
        self._judged = Judged()
        self._chunks = Chunks()
        self._files: dict[tuple[str, str], _Read] = {}

    def directory(self, directory: Path, *, today: date) -> AgreementSet:
        """Judge and compile a directory's files; raises AgreementErrors."""
        contents, unread = read_directory(directory)
        return self.compile(contents, today=today, shown_in=directory, unread=unread)

    def compile(
        self,
        contents: Mapping[str, bytes],
        *,
        today: date,
        shown_in: Path,
        unread: Iterable[Problem] = (),
    ) -> AgreementSet:
        """Judge and compile files by name and content; see ``compile_set``."""
        rules = replace(self.rules, today=today)
        digests = {name: sha256(contents[name]).hexdigest() for name in sorted(contents)}
        read = {
            (name, digest): self._file(name, contents[name], digest, shown_in)
            for name, digest in digests.items()
        }
        self._files = read
        judged = [self._today(one, rules) for one in read.values()]
        agreements = [one.agreement for one in judged if one.agreement is not None]
        check_neighbours(agreements)
        _check_one_public(judged)
        problems = [problem for one in judged for problem in one.findings.problems()]
        problems.extend(unread)
        if problems:
            raise AgreementErrors(problems)
        return AgreementSet.of(
            [one.content for one in agreements],
            files=digests,
            public=next((one.public for one in judged if one.public is not None), None),
            address_rights=rules.address_rights,
            warnings=[warning for one in judged for warning in one.findings.warnings()],
        )

    def _file(self, name: str, content: bytes, digest: str, shown_in: Path) -> _Read:
        """The file by itself, read now or remembered from the last set."""
        shown = printable_name((shown_in / name).as_posix())
        self.pause()
        known = self._files.get((name, digest))
        if known is not None and known.findings.file == shown:
            return known
        return self._read(name, content, digest, shown)

    def _today(self, read: _Read, rules: Rules) -> _Read:
        self.pause()
        return _judged_today(read, rules)

    def _read(self, name: str, content: bytes, digest: str, shown: str) -> _Read:
        values, findings = parsed(content, shown, self._chunks.loads)
        if findings.noted:
            return _Read(findings)
        top = Table(values, (), findings)
        if "public" in values:
            terms = read_public(top, self.rules, file=name, digest=digest)
            return _Read(findings, public=terms)
        agreement = self._agreement(top, name, digest)
        return _Read(findings, agreement=ReadFile(values, agreement, findings))

    def _agreement(self, top: Table, name: str, digest: str) -> Agreement:
        """One agreement, whole; a value with a problem is empty and the set is refused anyway."""
        rules = self.rules
        institution = read_institution(top.table("institution"))
        document = read_document(top.table("agreement"))
        access = read_access(top.table("access"), rules)
        granting = Granting(
            rules,
            self._judged,
            document=document,
            purposes=access.purposes,
            default_purpose=access.default_purpose,
            inquirers=access.inquirers,
        )
        agreement = Agreement(
            file=name,
            digest=digest,
            institution=institution,
            document=document,
            access=access,
            limits=read_limits(top.table("limits"), rules.caps),
            fee_exemption=read_fees(top.table("fees"), institution, document.approved_by),
            services=granting.read(top),
        )
        top.finish()
        return agreement


def _judged_today(read: _Read, rules: Rules) -> _Read:
    """The file with what today and the law add to its findings; the remembered one stays as is."""
    findings = read.findings.besides()
    if read.agreement is None:
        return replace(read, findings=findings)
    values, agreement = read.agreement.values, read.agreement.content
    tables = values.get("services")
    if isinstance(tables, list):
        good = [one if isinstance(one, dict) else {} for one in tables]
        check_addresses(good, agreement, findings, rules)
    warn_of_security(agreement.access, findings, rules.today)
    return replace(read, findings=findings, agreement=replace(read.agreement, findings=findings))


def _check_one_public(judged: Iterable[_Read]) -> None:
    opened = [one for one in judged if one.public is not None]
    for one in opened[1:]:
        first = opened[0].public
        if first is not None:
            one.findings.add(("public",), f"the public door is opened by {first.file} too")
