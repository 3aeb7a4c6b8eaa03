"""A citizen's row, read off a life when everything has happened (K3.4).

The columns that the three kinds of persons share come first, in one order.  This module changes
nothing about a life.
"""

from typing import Final

from kps_soap.registry.calendar_days import packed, packed_as_known
from kps_soap.registry.geography import Country
from kps_soap.registry.lives import Life
from kps_soap.registry.loading import columns
from kps_soap.registry.meanings import CodeBook, EventKind, Guardianship
from kps_soap.turkish import fold

Row = tuple[object, ...]

PERSON_COLUMNS: Final = columns(
    "number given_name surname mother_name father_name mother_number father_number "
    "spouse_number sex_code born birth_place birth_place_code status_code "
    "civil_status_code died real_person_number guardianship_code protected"
)
CITIZEN_COLUMNS: Final = (
    *PERSON_COLUMNS,
    *columns(
        "mother_ancestry_not_found father_ancestry_not_found religion_code registered "
        "registry_district_code volume_code family_no member_no former_surname "
        "former_foreigner_number"
    ),
)


def birth_place(life: Life, country: Country, book: CodeBook) -> tuple[str, int]:
    """Name and code of the birthplace: a district, or a country abroad."""
    abroad = life.birth_country_code
    if abroad is not None:
        return fold(book.text["Uyruk"][abroad]), abroad
    return country.districts[life.birth_district_code].name, life.birth_district_code


def person_values(life: Life, country: Country, book: CodeBook, status_code: int) -> Row:
    """The values of ``PERSON_COLUMNS``."""
    mother, father, union = life.mother, life.father, life.union
    partner = None
    if union is not None:
        partner = union.wife if union.husband is life else union.husband
    guarded = any(turn.kind is EventKind.GUARDIANSHIP for turn in life.turns)
    return (
        life.number,
        life.given_name,
        life.surname,
        mother.given_name if mother is not None else life.mother_name,
        father.given_name if father is not None else life.father_name,
        mother.number if mother is not None else None,
        father.number if father is not None else None,
        partner.number if partner is not None else None,
        life.sex,
        packed_as_known(life.born, life.date_known),
        *birth_place(life, country, book),
        status_code,
        book.number[life.civil_status],
        packed(life.died) if life.died else None,
        None,
        book.number[Guardianship.GUARDIAN] if guarded else None,
        int(life.script is not None and life.script.protected),
    )


def citizen_row(life: Life, country: Country, book: CodeBook) -> Row:
    """The row of a citizen, in the order of ``CITIZEN_COLUMNS``."""
    family = life.family
    if family is None:
        raise ValueError("a citizen without a place in the register")
    return (
        *person_values(life, country, book, book.number[life.status]),
        int(life.mother is None),
        int(life.father is None),
        book.number[life.religion],
        packed(life.registered),
        family.district_code,
        family.volume_code,
        family.family_no,
        life.member_no,
        life.former_surname,
        life.former_foreigner_number,
    )
