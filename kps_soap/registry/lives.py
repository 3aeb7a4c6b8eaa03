"""The workbench of the synthetic population: one mutable ``Life`` a person in the making.

The simulation fills kinship, the chronicle fills names, register places and the state of the
day, and the rows of the tables are read off at the end.  This module only holds the shapes; it
draws nothing and decides nothing.  Days are proleptic ordinals (``date.toordinal``), 0 meaning
"has not happened".
"""

from dataclasses import dataclass, field

from kps_soap.registry.meanings import CivilStatus, EventKind, Religion, Status
from kps_soap.registry.records import AddressKind

MAN = 1
WOMAN = 2

#: How much of a birth date the register knows (K4.3).
FULL_DATE, NO_DAY, NO_DAY_NO_MONTH = 0, 1, 2


@dataclass(slots=True, eq=False)
class Union:
    """A marriage; ``end`` stays 0 while it lasts."""

    husband: "Life"
    wife: "Life"
    start: int
    end: int = 0
    end_kind: EventKind | None = None
    #: 0 her husband's surname, 1 "own husband's", 2 "own-husband's".
    surname_form: int = 0
    #: Where the couple lives and its children are born.
    district_code: int = 0


@dataclass(slots=True, eq=False)
class Family:
    """A line of the family register: one ``AileSiraNo`` in one volume (K3.11)."""

    district_code: int
    volume_code: int
    family_no: int
    members: int = 0


@dataclass(slots=True)
class Turn:
    """An event of one person beside birth, marriage and death.

    ``given_name`` and ``surname`` are the new ones where the event gives any, chance choosing
    them where they are left open; ``father`` and ``mother`` are those who take a child as theirs.
    """

    day: int
    kind: EventKind
    given_name: str | None = None
    surname: str | None = None
    father: "Life | None" = None
    mother: "Life | None" = None
    religion: Religion | None = None


@dataclass(slots=True, eq=False)
class Script:
    """What is laid down by hand about a person; ``None`` leaves the choice to chance.

    ``document`` is one of CARD, EXPIRED, TEMPORARY, BOOKLET, OLD_BLUE, NEW_BLUE, NONE;
    ``address`` an ``AddressKind`` by name, or NONE; ``others`` the count of other addresses.
    """

    index: int | None = None
    given_name: str | None = None
    surname: str | None = None
    no_surname: bool = False
    mother_name: str | None = None
    father_name: str | None = None
    document: str | None = None
    licence: bool = False
    address: str | None = None
    household: "Life | None" = None
    others: int = 0
    moved_days_ago: int | None = None
    protected: bool = False
    religion: Religion | None = None


@dataclass(slots=True, eq=False)
class Home:
    """A household: the people of one dwelling, or of one address abroad."""

    district_code: int
    kind: AddressKind = AddressKind.CENTRE
    since: int = 0
    address_no: int | None = None
    former_address_no: int | None = None
    former_kind: AddressKind = AddressKind.CENTRE
    members: list["Life"] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Life:
    """One citizen in the making."""

    sex: int
    born: int
    died: int = 0
    mother: "Life | None" = None
    father: "Life | None" = None
    free_from: int = 0
    unions: list[Union] = field(default_factory=list)
    children: list["Life"] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    #: Where the birth was entered: the parents' union, or nothing out of wedlock.
    wedlock: Union | None = None
    twin: bool = False
    founder: bool = False
    date_known: int = FULL_DATE
    script: Script | None = None

    number: int = 0
    former_foreigner_number: int | None = None
    given_name: str = ""
    surname: str | None = None
    maiden_surname: str | None = None
    former_surname: str | None = None
    family: Family | None = None
    member_no: int = 0
    home_family: Family | None = None
    home_member_no: int = 0
    status: Status = Status.OPEN
    civil_status: CivilStatus = CivilStatus.SINGLE
    union: Union | None = None
    religion: Religion = Religion.ISLAM
    registered: int = 0
    birth_district_code: int = 0
    #: Set for those born abroad, who have a country for a birthplace.
    birth_country_code: int | None = None
    closed_on: int = 0
    #: The names of parents whom the register does not know as persons.
    mother_name: str | None = None
    father_name: str | None = None
    home: "Home | None" = None

    @property
    def has_emigrated(self) -> bool:
        """Whether the person gave up citizenship and goes on as a blue card holder."""
        return self.status is Status.CLOSED and any(
            turn.kind is EventKind.CITIZENSHIP_LOSS for turn in self.turns
        )


def share_parent(one: Life, other: Life) -> bool:
    """Whether two lives are siblings or half siblings."""
    if one.mother is not None and one.mother is other.mother:
        return True
    return one.father is not None and one.father is other.father
