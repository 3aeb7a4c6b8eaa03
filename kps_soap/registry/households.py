"""Who lives with whom, and where: households, dwellings, addresses (K4.5, K3.5 R1-R5).

A household is a couple with their unmarried children, sometimes with a grandparent, or whoever
is left over.  It gets one dwelling of the invented country, which is nobody else's but for a few
crowded ones; living persons get one residence, some get other addresses, the few who moved
lately keep the old one as an archived row.  This module refuses to change what a person is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from kps_soap.registry.calendar_days import packed
from kps_soap.registry.demography import Points, between
from kps_soap.registry.dwellings import dwelling_row
from kps_soap.registry.geography import Country
from kps_soap.registry.kinship import years
from kps_soap.registry.lives import Home, Life
from kps_soap.registry.loading import columns
from kps_soap.registry.meanings import CivilStatus, CodeBook, Status
from kps_soap.registry.meanings import Country as CountryName
from kps_soap.registry.records import AddressKind

Random = Callable[[], float]
Row = tuple[object, ...]

ADDRESS_COLUMNS = columns(
    "number sequence residence archived kind_code address_no declared declared_by_number "
    "moved registered move_reason_code mission_code abroad_country_code abroad_city "
    "abroad_text"
)
#: Years since the last move by share of households: about six in a hundred move in a year.
_SINCE_MOVE: Points = (
    (0.0, 0.0),
    (0.06, 1.0),
    (0.17, 3.0),
    (0.3, 6.0),
    (0.5, 11.0),
    (0.75, 23.0),
    (1.0, 48.0),
)
_ARCHIVED_YEARS = 3
_SHARE_WITHOUT, _SHARE_OTHERS, _SHARE_TWO_OTHERS = 0.007, 0.08, 0.02
_SHARE_EMIGRANT_ABROAD = 0.6
_ADULT, _LEAVES, _ELDER = years(18), years(35), years(65)
_CROWDED_EVERY, _CROWDED_HOMES = 2800, 15
#: Cities abroad, invented, and how an address there is written.
_CITIES = ("MUSTERSTADT", "BEISPIELHEIM", "SAMPLETON", "EXEMPLEVILLE", "VOORBEELDDORP")


@dataclass(slots=True)
class Housing:
    """The homes and addresses of one block; ``block`` keeps the dwellings of blocks apart."""

    random: Random
    country: Country
    book: CodeBook
    block: int
    until: int
    addresses: list[Row] = field(default_factory=list)
    dwellings: list[Row] = field(default_factory=list)
    homes: list[Home] = field(default_factory=list)
    _orders: dict[tuple[int, AddressKind], int] = field(default_factory=dict)

    def settle(self, lives: list[Life], *, sharing: float = 0.0) -> None:
        """Give everybody who lives here a household; ``lives`` stand in the order of birth.

        ``sharing`` is the chance that somebody alone joins the household founded last.
        """
        self.homes = []
        for life in lives:
            homeless = life.script is not None and life.script.address == "NONE"
            if life.status is Status.OPEN and life.home is None and not homeless:
                self._house(life, sharing)
        self._take_in_elders(lives)
        self.homes = [home for home in self.homes if home.members]
        for home in self.homes:
            self._furnish(home)
        centre = [home for home in self.homes if home.kind is AddressKind.CENTRE]
        for first in range(_CROWDED_EVERY // 2, len(centre) - _CROWDED_HOMES, _CROWDED_EVERY):
            _crowd(centre[first : first + _CROWDED_HOMES])
        for life in lives:
            if life.home is not None or life.has_emigrated:
                self._address(life)

    def settle_abroad(self, lives: list[Life]) -> None:
        """Give people without any household here an address, mostly abroad."""
        for life in lives:
            self._address(life)

    def _house(self, life: Life, sharing: float) -> None:
        """Let a person join the spouse or the parents, or found a household."""
        host = life.script.household if life.script is not None else None
        if host is not None:
            home = host.home
        else:
            home = self._home_with_spouse(life) or self._home_with_parents(life)
        if home is None and self.homes and self.random() < sharing:
            home = self.homes[-1]
        if home is None:
            near = self.random() < 0.6
            elsewhere = self.country.draw_district(self.random)
            home = self.new_home(life.birth_district_code if near else elsewhere)
        life.home = home
        home.members.append(life)

    def new_home(self, district_code: int) -> Home:
        """An empty household in a district."""
        home = Home(district_code)
        self.homes.append(home)
        return home

    def _home_with_spouse(self, life: Life) -> Home | None:
        union = life.union
        if union is None:
            return None
        partner = union.wife if union.husband is life else union.husband
        if partner.home is not None:
            return partner.home
        return self.new_home(union.district_code)

    def _home_with_parents(self, life: Life) -> Home | None:
        """Minors live with a parent or the nearest kin, the unmarried often do."""
        age = self.until - life.born
        stays = 1.0 if age < _ADULT else 0.96 if age < _LEAVES else 0.85
        if life.unions:
            stays = 0.55 if age < _ELDER else 0.0
        if self.random() >= stays:
            return None
        for kin in _nearest_kin(life):
            if kin.home is not None:
                return kin.home
        return self.homes[-1] if age < _ADULT and self.homes else None

    def _take_in_elders(self, lives: list[Life]) -> None:
        """Some widowed elders who live alone move in with a child."""
        for life in lives:
            home = life.home
            if home is None or life.civil_status is not CivilStatus.WIDOWED or life.script:
                continue
            if len(home.members) > 1 or self.until - life.born < _ELDER or self.random() > 0.8:
                continue
            for child in life.children:
                if child.home is not None and child.home is not home:
                    home.members.remove(life)
                    child.home.members.append(life)
                    life.home = child.home
                    break

    def _furnish(self, home: Home) -> None:
        """Choose when the household moved in, the kind of its address, and the dwelling."""
        random = self.random
        draw = random()
        script = next((one.script for one in home.members if one.script), None)
        if script is None or script.address is None:
            home.kind = (
                AddressKind.CENTRE
                if draw < 0.92
                else AddressKind.TOWN
                if draw < 0.94
                else AddressKind.VILLAGE
                if draw < 0.98
                else AddressKind.ABROAD
            )
        else:
            home.kind = AddressKind[script.address]
        eldest = min(member.born for member in home.members)
        since = self.until - years(between(_SINCE_MOVE, random()))
        if script is not None and script.moved_days_ago is not None:
            since = self.until - script.moved_days_ago
        home.since = max(since, eldest)
        if home.kind is not AddressKind.ABROAD and home.address_no is None:
            home.address_no = self._dwelling(home.district_code, home.kind)
        lately = self.until - home.since < years(_ARCHIVED_YEARS)
        if lately and home.since > eldest and home.kind is not AddressKind.ABROAD:
            home.former_address_no = self._dwelling(home.district_code, AddressKind.CENTRE)

    def _dwelling(self, district: int, kind: AddressKind) -> int:
        """The next free unit of a kind in the district's province; its row is kept."""
        province = self.country.province_of(district)
        while True:
            order = self._orders.get((province, kind), 0)
            self._orders[province, kind] = order + 1
            place = self.country.unit(province, kind, order, self.block)
            if place is not None:
                self.dwellings.append(dwelling_row(place, self.country, self.book))
                return place.address_no

    def _address(self, life: Life) -> None:
        """The residence, older and other addresses of one person."""
        random, script = self.random, life.script
        without, others = random() < _SHARE_WITHOUT, self._count_others()
        if script is not None:
            without, others = False, script.others
        if without:
            return
        home = life.home
        if home is None:
            home = self._emigrant_home(life)
        moved = max(home.since, life.born)
        declarer = min(home.members, key=lambda one: one.born) if home.members else life
        self._row(life, 1, home.kind, home.address_no, moved, declarer, residence=True)
        for sequence in range(2, 2 + others):
            other = self._dwelling(self.country.draw_district(random), AddressKind.CENTRE)
            day = max(life.born, self.until - years(20 * random()))
            self._row(life, sequence, AddressKind.CENTRE, other, day, life)
        if home.former_address_no is not None and life.born < home.since:
            before = max(life.born, home.since - years(15 * random()) - 1)
            self._row(
                life,
                2 + others,
                home.former_kind,
                home.former_address_no,
                before,
                declarer,
                archived=True,
            )

    def _count_others(self) -> int:
        draw = self.random()
        return 0 if draw >= _SHARE_OTHERS else 2 if draw < _SHARE_TWO_OTHERS else 1

    def _emigrant_home(self, life: Life) -> Home:
        """Where somebody lives who gave up citizenship: mostly abroad."""
        district = life.birth_district_code or self.country.draw_district(self.random)
        home = Home(district, since=life.closed_on)
        abroad = self.random() < _SHARE_EMIGRANT_ABROAD
        if abroad and (life.script is None or life.script.address is None):
            home.kind = AddressKind.ABROAD
        else:
            home.address_no = self._dwelling(home.district_code, AddressKind.CENTRE)
        return home

    def _row(
        self,
        life: Life,
        sequence: int,
        kind: AddressKind,
        address_no: int | None,
        moved: int,
        declarer: Life,
        *,
        residence: bool = False,
        archived: bool = False,
    ) -> None:
        """One address of a person; one abroad is written out."""
        random = self.random
        declared = min(moved + int(random() * 20), self.until)
        reasons = self.book.all_of("TasinmaNeden")
        row: Row = (
            life.number,
            sequence,
            int(residence),
            int(archived),
            int(kind),
            address_no,
            packed(declared),
            declarer.number,
            packed(moved),
            packed(min(declared + int(random() * 4), self.until)),
            reasons[int(random() * len(reasons))],
        )
        self.addresses.append((*row, *self._abroad(kind)))

    def _abroad(self, kind: AddressKind) -> Row:
        """Mission, country, city and text of an address abroad; nothing of another one."""
        if kind is not AddressKind.ABROAD:
            return (None, None, None, None)
        random = self.random
        missions = self.book.all_of("DisTemsilcilik")
        city = _CITIES[int(random() * len(_CITIES))]
        text = f"BEISPIELSTRASSE {1 + int(random() * 99)}, {10000 + int(random() * 89999)} {city}"
        country = self.book.number[CountryName.GERMANY]
        return (missions[int(random() * len(missions))], country, city, text)


def _crowd(homes: list[Home]) -> None:
    """Register many households in one dwelling, as is found in practice."""
    for home in homes[1:]:
        home.address_no = homes[0].address_no


def _nearest_kin(life: Life) -> list[Life]:
    """Parents, grandparents, then elder brothers and sisters."""
    parents = [one for one in (life.mother, life.father) if one is not None]
    grandparents = [
        one for parent in parents for one in (parent.mother, parent.father) if one is not None
    ]
    siblings = [child for parent in parents for child in parent.children if child.born < life.born]
    return parents + grandparents + siblings
