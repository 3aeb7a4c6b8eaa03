"""An agreement as it stands in force: values only, frozen, already judged by the loader.

The field names are those of the file (design §6).  This module reads no file and checks nothing;
what a caller may do under an agreement is asked in ``scope``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from ipaddress import IPv4Network, IPv6Network

from kps_soap.agreements.vocabulary import ANSWERING_STATES, OTHER_LEGAL_ENTITY, TEST
from kps_soap.fields import FieldTree, Grant

Network = IPv4Network | IPv6Network

#: A contract is named by its service and its dated version (design D2).
ContractKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """What the loader must know of one contract that this gateway serves.

    ``tree`` is None for the public verification services, which answer yes or no.  ``address``
    marks the services that Law 5490 Art. 45/1 restricts.  ``criteria`` is False for dictionaries.
    """

    tree: FieldTree | None
    address: bool = False
    public: bool = False
    criteria: bool = True


#: Every contract that this gateway serves.
Catalogue = Mapping[ContractKey, CatalogueEntry]


@dataclass(frozen=True, slots=True)
class Caps:
    """The system's own limits, which no agreement may exceed (K7.3, Art. 45/2).

    The numbers are defaults for an operator to change; a message holds at most 256 criteria
    anyway (design §11).
    """

    criteria_per_call_max: int = 256
    persons_per_day_max: int = 1_000_000
    calls_per_second_max: int = 10_000
    calls_per_day_max: int = 100_000_000
    pilot_calls_per_day_max: int = 100_000


@dataclass(frozen=True, slots=True)
class Institution:
    """The recipient: a party to the agreement."""

    code: str
    name: str
    legal_class: str = OTHER_LEGAL_ENTITY
    kind: str = ""
    province: int | None = None


@dataclass(frozen=True, slots=True)
class Renewal:
    """The window in which the institution must start to renew the agreement (§2.3, 5).

    ``started`` is the day on which it did.  Without it nothing is answered after ``until``.
    """

    since: date
    until: date
    started: date | None = None

    def missed(self, on: date) -> bool:
        """Whether the window has passed on a day, and nothing was started."""
        return self.started is None and on > self.until


@dataclass(frozen=True, slots=True)
class Suspension:
    """An agreement that somebody suspended by command, until somebody resumes it."""

    agreement: str
    since: datetime
    by: str
    reason: str
    document: str


@dataclass(frozen=True, slots=True)
class Document:
    """The paper: who asked for what, on which legal basis, approved by whom, valid when."""

    number: str
    instrument: str
    application_number: str
    application_date: date
    reason: str
    legal_basis: tuple[str, ...]
    approved_by: str
    signed: date | None
    valid_from: date
    valid_until: date
    state: str
    renewal: Renewal | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """How the institution's software comes in, and what it must say with every call.

    ``token_address_free``: a token may be used from another of the institution's addresses than
    the one that it was issued to.  ``password_days_max`` is 0 where
    the gateway's own holds.  ``registered_inquirers``: every inquirer must be registered
    as a person of the institution.
    """

    accounts: tuple[str, ...]
    administrator: str
    technician: str
    networks: tuple[Network, ...]
    doors: frozenset[str]
    security: str
    security_until: date | None
    certificates: frozenset[str]
    name_matching: str
    answer_signature: str
    routing_signature: bool
    token_address_free: bool
    inquirer_required: bool
    default_inquirer: str
    inquirers: frozenset[str]
    purposes: frozenset[str]
    default_purpose: str
    case_number_required: bool
    person_relation: str
    registered_inquirers: bool = False
    password_days_max: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one institution may use up; ``calls_per_day_max`` is 0 where none is named."""

    criteria_per_call_max: int
    persons_per_day_max: int
    calls_per_second_max: int
    calls_per_day_max: int = 0


@dataclass(frozen=True, slots=True)
class Pilot:
    """Who may ask in stage PILOT, how often a civil day, and until which day (§5.6)."""

    inquirers: frozenset[str]
    calls_per_day_max: int
    until: date | None = None


@dataclass(frozen=True, slots=True)
class ServiceGrant:
    """One version of one service, as granted.

    ``special`` maps each special-category path to its legal basis (Law 6698 Art. 6).
    ``synthetic_only`` tells that calls are answered from the synthetic register (design D20).
    ``open_to_accounts`` tells that no file grants this: it gives nobody's data, so every account
    with an agreement in force has it, for no purpose.
    ``later`` holds what the grant becomes on planned days, earliest first; ask ``on``.
    """

    service: str
    version: str
    stage: str
    purposes: frozenset[str]
    grant: Grant
    address: bool
    synthetic_only: bool
    fields: tuple[str, ...]
    special: Mapping[str, str]
    bulk_basis: str = ""
    open_to_accounts: bool = False
    pilot: Pilot | None = None
    later: "tuple[tuple[date, ServiceGrant], ...]" = ()

    def on(self, day: date) -> "ServiceGrant":
        """The grant with the stage of a civil day of Europe/Istanbul."""
        found = self
        for since, grant in self.later:
            if since > day:
                break
            found = grant
        return found

    @property
    def planned(self) -> tuple[tuple[date, str], ...]:
        """The planned days with the stage that begins on each, earliest first."""
        return tuple((since, grant.stage) for since, grant in self.later)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One agreement file.  ``digest`` is the SHA-256 of its bytes, in lower-case hex.

    ``suspension`` is no part of the file: a command put it there.
    """

    file: str
    digest: str
    institution: Institution
    document: Document
    access: Access
    limits: Limits
    fee_exemption: str
    services: Mapping[ContractKey, ServiceGrant]
    suspension: Suspension | None = None

    @property
    def number(self) -> str:
        """The agreement's number, which evidence and receipts show."""
        return self.document.number

    @property
    def state(self) -> str:
        """Its state of §2.4."""
        return self.document.state

    @property
    def answers(self) -> bool:
        """Whether its state lets calls be answered at all."""
        return self.state in ANSWERING_STATES

    @property
    def in_test(self) -> bool:
        """Whether all its calls are answered from the synthetic register."""
        return self.state == TEST

    def covers(self, on: date) -> bool:
        """Whether a civil date of Europe/Istanbul lies inside its validity, both ends included."""
        return self.document.valid_from <= on <= self.document.valid_until

    def overlaps(self, other: "Agreement") -> bool:
        """Whether there is a day on which both are valid."""
        mine, theirs = self.document, other.document
        return mine.valid_from <= theirs.valid_until and theirs.valid_from <= mine.valid_until


@dataclass(frozen=True, slots=True)
class PublicTerms:
    """Under which terms the public door answers anybody.

    ``calls_per_second_max`` counts per source address: there is no account to count by.
    ``later`` holds the planned days of a service with their stages, earliest first.
    """

    file: str
    digest: str
    enabled: bool
    name_matching: str
    calls_per_second_max: int
    stages: Mapping[ContractKey, str]
    later: Mapping[ContractKey, tuple[tuple[date, str], ...]] = field(default_factory=dict)

    def stage_on(self, key: ContractKey, day: date) -> str:
        """The stage of a service on a civil day; an empty string where the file is silent."""
        passed = [stage for since, stage in self.later.get(key, ()) if since <= day]
        return passed[-1] if passed else self.stages.get(key, "")
