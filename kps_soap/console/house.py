"""What the composition root hands to the console, and who is signed in.

Values only: nothing here is opened, and no rule is decided.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from kps_soap.agreements.book import AgreementBook
from kps_soap.agreements.keeping import AgreementKeeper
from kps_soap.audit.keys import Keyring
from kps_soap.console.acts import Acts
from kps_soap.console.attempts import Attempts, Turns
from kps_soap.console.sessions import Lives
from kps_soap.contracts.contract import CompiledContract
from kps_soap.doors.direct import DirectDoor
from kps_soap.doors.intake import Intake
from kps_soap.gateway import Answer, Question
from kps_soap.metrics.meter import Meter
from kps_soap.people.codes import CodeKeys
from kps_soap.people.person import Person
from kps_soap.people.roles import Right
from kps_soap.readiness import Vitals
from kps_soap.settings import Settings
from kps_soap.signing import Signer


@dataclass(frozen=True)
class House:
    """Everything that the console needs of the gateway around it.

    ``answer`` walks the line with a question, within the worker's bound of questions at a time.
    ``direct`` has the words in which an answer is signed.  ``count_refusal`` takes what leaves no
    record of its own: source, door, reason, moment.  ``breached`` tells whether a password is on
    the list of those that are known.  ``form_key`` is a secret of all gateways of this database.
    """

    settings: Settings
    engine: Engine
    answer: Callable[[Question], Awaitable[Answer]]
    direct: DirectDoor
    contracts: tuple[CompiledContract, ...]
    book: AgreementBook
    keeper: AgreementKeeper
    vitals: Vitals
    meter: Meter
    signers: Mapping[str, Signer]
    keyring: Keyring
    acts: Acts
    attempts: Attempts
    turns: Turns
    code_keys: CodeKeys
    form_key: bytes = field(repr=False)
    breached: Callable[[str], bool]
    intake: Intake
    lives: Lives
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    new_id: Callable[[], str]
    count_refusal: Callable[[str, str, str, datetime], None]
    register_kind: str = ""

    def contract(self, name: str, version: str) -> CompiledContract | None:
        """The contract of a service and version, None where this gateway has none."""
        for one in self.contracts:
            if one.name == name and one.version == version:
                return one
        return None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who looks at a page.  ``institution`` is empty for the centre."""

    person: Person
    rights: frozenset[Right]

    @property
    def person_id(self) -> str:
        return self.person.person_id

    @property
    def name(self) -> str:
        return self.person.name

    @property
    def institution(self) -> str:
        return self.person.institution

    @property
    def unit(self) -> str:
        return self.person.unit

    @property
    def inquirer(self) -> str:
        return self.person.inquirer

    def may(self, right: Right | str) -> bool:
        """Whether the person has a right."""
        return any(right in (one, one.name) for one in self.rights)


#: Values for a page: whatever its template shows.
Values = Mapping[str, Any]
