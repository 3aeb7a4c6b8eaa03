"""Roles of people and the rights that they give (domain §5.14).

Two closed lists and one table.  A right of somebody of an institution reaches that institution
only; which institution a person belongs to is asked by whoever checks the right.  This module
knows no person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is here."""

    CENTRE = "MERKEZ"
    ADMINISTRATOR = "IDARI"
    TECHNICIAN = "TEKNIK"
    USER = "ALT_KULLANICI"
    AUDITOR = "DENETCI"
    SYSTEM = "SISTEM"
    DEVICE = "CIHAZ"


class Right(StrEnum):
    """What somebody may do; every page and every act names one."""

    QUERY = "SORGU"
    OWN_HISTORY = "KENDI_GECMISI"
    INSTITUTION_HISTORY = "KURUM_GECMISI"
    MANAGE_OWN_PEOPLE = "KURUM_KISILERI"
    MANAGE_OWN_SYSTEMS = "KURUM_SISTEMLERI"
    MANAGE_ALL_PEOPLE = "TUM_KISILER"
    OPERATE = "ISLETIM"
    SEE_AGREEMENTS = "ANLASMA_GORME"
    SEE_TRAFFIC = "TRAFIK_GORME"
    SEE_EVIDENCE = "IZ_GORME"
    SEE_STATEMENTS = "HESAP_OZETI_GORME"
    APPROVE = "ONAY"


_RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.CENTRE: frozenset(
        {
            *(Right.OPERATE, Right.MANAGE_ALL_PEOPLE, Right.SEE_AGREEMENTS, Right.SEE_TRAFFIC),
            *(Right.SEE_STATEMENTS, Right.APPROVE),
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            *(Right.MANAGE_OWN_PEOPLE, Right.INSTITUTION_HISTORY, Right.SEE_STATEMENTS),
            Right.APPROVE,
        }
    ),
    Role.TECHNICIAN: frozenset({Right.MANAGE_OWN_SYSTEMS}),
    Role.USER: frozenset({Right.QUERY, Right.OWN_HISTORY}),
    Role.AUDITOR: frozenset(
        {Right.SEE_EVIDENCE, Right.SEE_AGREEMENTS, Right.SEE_TRAFFIC, Right.SEE_STATEMENTS}
    ),
    Role.SYSTEM: frozenset(),
    Role.DEVICE: frozenset(),
}

#: Roles of the centre; all others belong to institutions.
AT_THE_CENTRE: Final = frozenset({Role.CENTRE, Role.AUDITOR})

#: What an institution's administrator may give: never a role like the own one.
GIVEN_BY_ADMINISTRATORS: Final = frozenset({Role.TECHNICIAN, Role.USER, Role.SYSTEM, Role.DEVICE})

#: Pairs that are never one person: who decides does not also handle the keys or check the logs.
APART: Final = (
    frozenset({Role.ADMINISTRATOR, Role.TECHNICIAN}),
    frozenset({Role.CENTRE, Role.AUDITOR}),
)

#: Whose name may stand in a call as its inquirer.
INQUIRERS: Final = frozenset({Role.USER, Role.SYSTEM, Role.DEVICE})

#: Machines: they have no log-in of their own.
MACHINES: Final = frozenset({Role.SYSTEM, Role.DEVICE})


def rights_of(roles: Iterable[Role]) -> frozenset[Right]:
    """Everything that some roles together allow."""
    return frozenset(right for role in roles for right in _RIGHTS[role])
