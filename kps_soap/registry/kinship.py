"""Who is born to whom, who marries whom: the simulation of one closed block (K4.3).

A block starts with founding couples born 1840-1885 and runs year by year to the day of the
register.  It yields people with days of birth, marriage, parting and death, and nothing else:
names, numbers, register places, documents and addresses are given elsewhere.

It refuses to draw from anything but the ``random()`` it is handed, so that a block is the same
in every run, process and platform.
"""

from collections.abc import Callable
from datetime import date

from kps_soap.registry import demography
from kps_soap.registry.lives import MAN, WOMAN, Life, Turn, Union, share_parent
from kps_soap.registry.meanings import EventKind

YEAR_DAYS = 365.25
FIRST_FOUNDER_YEAR = 1840
FOUNDER_YEARS = 45
MOTHER_AGE_MAX = 46
WIFE_OLDER_DAYS_MAX = int(5 * YEAR_DAYS)
HUSBAND_OLDER_DAYS_MAX = int(16 * YEAR_DAYS)
SEARCH_AGE_MAX = 55
TRIES = 6
ADOPTION_TRIES = 20
#: A widow or a divorced woman may marry again after this many days.
WAITING_DAYS = 301
FAR_AWAY = 10**7

Random = Callable[[], float]


def years(count: float) -> int:
    """Years as days."""
    return int(count * YEAR_DAYS)


def year_of(day: int) -> int:
    """The calendar year of an ordinal day."""
    return date.fromordinal(day).year


class Block:
    """One closed marriage market, simulated to ``until`` (an ordinal day)."""

    def __init__(self, random: Random, until: int) -> None:
        self.random = random
        self.until = until
        self.lives: list[Life] = []
        self.unions: list[Union] = []
        self._entering: dict[int, list[Life]] = {}
        self._lone_mothers: dict[int, list[Life]] = {}
        self._men: list[Life] = []
        self._women: list[Life] = []
        self._boys_by_year: dict[int, list[Life]] = {}

    def run(self, couples: int) -> list[Life]:
        """Simulate ``couples`` founding couples; the people in the order of their birth."""
        for _ in range(couples):
            self._found()
        for year in range(FIRST_FOUNDER_YEAR, year_of(self.until) + 1):
            self._marry(year)
            self._bear_out_of_wedlock(year)
        self._adopt()
        self.lives.sort(key=lambda life: life.born)
        return self.lives

    def _found(self) -> None:
        """A couple whose own parents the register does not know; they marry in time."""
        start = date(FIRST_FOUNDER_YEAR, 1, 1).toordinal()
        born = start + int(self.random() * years(FOUNDER_YEARS))
        husband = self._founder(MAN, born, 20.0 + self.random() * 8)
        wife = self._founder(WOMAN, born + years(self.random() * 6), 17.0 + self.random() * 4)
        self._wed(husband, wife, max(husband.free_from, wife.free_from))

    def _founder(self, sex: int, born: int, marries_at: float) -> Life:
        """A founder, who lives to marry."""
        age = max(
            demography.age_at_death(sex, year_of(born), 0.45 + 0.55 * self.random(), 0.5),
            marries_at + 12.0,
        )
        life = Life(sex=sex, born=born, died=born + years(age), founder=True)
        life.free_from = born + years(marries_at)
        self.lives.append(life)
        return life

    def _marry(self, year: int) -> None:
        """Match those who look for a spouse in this year."""
        first = date(year, 1, 1).toordinal()
        last = min(date(year, 12, 31).toordinal(), self.until)
        for life in self._entering.pop(year, ()):
            (self._men if life.sex == MAN else self._women).append(life)
        if year % 4 == 0:
            self._men = [man for man in self._men if self._still_looks(man, last)]
        unmatched = []
        for woman in self._women:
            if not self._still_looks(woman, last):
                continue
            man = self._find_groom(woman, last)
            if man is None:
                unmatched.append(woman)
                continue
            earliest = max(first, man.free_from, woman.free_from)
            self._wed(man, woman, earliest + int(self.random() * (last - earliest + 1)))
        self._women = unmatched

    @staticmethod
    def _still_looks(life: Life, last: int) -> bool:
        """Whether a person lives to the end of the year and is not too old to look."""
        if life.died and life.died <= last:
            return False
        return last - life.born < SEARCH_AGE_MAX * YEAR_DAYS

    def _find_groom(self, woman: Life, last: int) -> Life | None:
        """A man of fitting age who is no brother of hers; he leaves the market."""
        men = self._men
        for _ in range(TRIES):
            if not men or woman.free_from > last:
                return None
            position = int(self.random() * len(men))
            man = men[position]
            gap = woman.born - man.born
            if not -WIFE_OLDER_DAYS_MAX <= gap <= HUSBAND_OLDER_DAYS_MAX:
                continue
            if not self._still_looks(man, last) or man.free_from > last:
                continue
            if share_parent(man, woman):
                continue
            men[position] = men[-1]
            men.pop()
            return man
        return None

    def _wed(self, husband: Life, wife: Life, day: int) -> None:
        """Enter a marriage, its end as far as it has come, its children and what follows."""
        union = Union(husband=husband, wife=wife, start=day)
        husband.unions.append(union)
        wife.unions.append(union)
        self.unions.append(union)
        deaths = [life.died for life in (husband, wife) if life.died]
        end, kind = (min(deaths), EventKind.DEATH) if deaths else (0, None)
        index = year_of(day) - demography.FIRST_YEAR
        if self.random() < demography.DIVORCE[index]:
            parted = day + years(0.7 + 22 * self.random() * self.random())
            if parted <= self.until and (not end or parted < end):
                rare = self.random() < 0.01
                end, kind = parted, EventKind.ANNULMENT if rare else EventKind.DIVORCE
        union.end, union.end_kind = end, kind
        self._bear(union, demography.CHILDREN[index])
        if end:
            self._look_again(husband, end, 0.5 if kind is EventKind.DEATH else 0.6)
            self._look_again(wife, end, 0.15 if kind is EventKind.DEATH else 0.5)

    def _look_again(self, life: Life, end: int, chance: float) -> None:
        """Let the survivor or the divorced look for another spouse, some of the time."""
        if life.died and life.died <= end:
            return
        if end - life.born > 50 * YEAR_DAYS or self.random() > chance:
            return
        life.free_from = end + WAITING_DAYS + years(5 * self.random())
        self._enter(life)

    def _enter(self, life: Life) -> None:
        """Put a person into the market of the year from which they are free."""
        self._entering.setdefault(year_of(life.free_from) + 1, []).append(life)

    def _bear(self, union: Union, wanted: float) -> None:
        """The children of a marriage, each some time after the one before."""
        random = self.random
        limit = self._last_birth(union)
        count = int(wanted * (0.45 + 1.1 * random()) + random())
        if random() < 0.06:
            count = 0
        pause = min(1700, int(6200 / (wanted + 0.5)))
        day = union.start + 280 + int(random() * 600)
        for _ in range(count):
            if day > limit:
                return
            day = self._birth_in_wedlock(union, day, limit)
            day += 480 + int(random() * pause)

    def _last_birth(self, union: Union) -> int:
        """The last day on which a child of the marriage can be born."""
        wife = union.wife
        limit = min(wife.born + years(MOTHER_AGE_MAX), self.until)
        if wife.died:
            limit = min(limit, wife.died)
        if union.end:
            late = 240 if union.end == union.husband.died else 0
            limit = min(limit, union.end + late)
        return limit

    def _birth_in_wedlock(self, union: Union, day: int, limit: int) -> int:
        """One birth, or one of twins; the day that was entered."""
        twins = self.random() < demography.SHARE_OF_TWIN_BIRTHS
        child = self._child(day, union.wife, union.husband)
        if not twins:
            day = self._heaped(child, union, limit)
        child.wedlock = union
        if twins:
            other = self._child(day, union.wife, union.husband)
            other.wedlock = union
            child.twin = other.twin = True
        return day

    def _heaped(self, child: Life, union: Union, limit: int) -> int:
        """Move some births of old cohorts to 1 January or 1 July, as the registries did."""
        day = child.born
        born = date.fromordinal(day)
        if born.year >= demography.LAST_HEAPED_YEAR or self.random() > demography.SHARE_HEAPED:
            return day
        moved = date(born.year, 1 if born.month < 5 else 7, 1).toordinal()
        outlived = child.died and child.died < moved + years(2)
        if outlived or not union.start + 200 <= moved <= limit:
            return day
        if any(abs(other.born - moved) < 280 for other in union.wife.children[:-1]):
            return day
        child.born = moved
        return moved

    def _child(self, day: int, mother: Life, father: Life | None) -> Life:
        """A newborn with its length of life and its plans for marriage."""
        random = self.random
        sex = MAN if random() < 0.512 else WOMAN
        year = year_of(day)
        index = year - demography.FIRST_YEAR
        died = day + int(demography.age_at_death(sex, year, random(), random()) * YEAR_DAYS)
        life = Life(sex=sex, born=day, mother=mother, father=father)
        life.died = died if died <= self.until else 0
        self.lives.append(life)
        mother.children.append(life)
        if father is not None:
            father.children.append(life)
        if sex == MAN:
            self._boys_by_year.setdefault(year, []).append(life)
        if died > day + years(18):
            self._plan(life, index)
        return life

    def _plan(self, life: Life, index: int) -> None:
        """When a person starts to look for a spouse, and whether a woman bears before that."""
        random = self.random
        is_man = life.sex == MAN
        mean = (demography.MAN_MARRIES if is_man else demography.WOMAN_MARRIES)[index]
        age = max(18.2, mean - 1.0 + 7.0 * (random() + random() - 1.0))
        life.free_from = life.born + years(age)
        if random() > demography.STAYS_SINGLE[index] and life.free_from <= self.until:
            self._enter(life)
        if is_man:
            return
        chance = 1.8 * demography.SHARE_OUT_OF_WEDLOCK * demography.CHILDREN[index]
        if random() < chance:
            at = year_of(life.born) + 18 + int(random() * 14)
            self._lone_mothers.setdefault(at, []).append(life)

    def _bear_out_of_wedlock(self, year: int) -> None:
        """Children of women who are not married then; some are acknowledged (K3.5 R11)."""
        first = date(year, 1, 1).toordinal()
        for mother in self._lone_mothers.pop(year, ()):
            day = first + int(self.random() * 365)
            if day > self.until or (mother.died and mother.died <= day):
                continue
            if any(not union.end or union.end + 301 > day for union in mother.unions):
                continue
            if any(abs(child.born - day) < 400 for child in mother.children):
                continue
            child = self._child(day, mother, None)
            if self.random() < demography.SHARE_ACKNOWLEDGED:
                self._acknowledge(child, year)

    def _acknowledge(self, child: Life, year: int) -> None:
        """A man of fitting age takes the child as his own within three years."""
        day = child.born + 20 + int(self.random() * 1000)
        if day > self.until or (child.died and child.died <= day):
            return
        candidates = self._boys_by_year.get(year - 20 - int(self.random() * 18), ())
        if not candidates:
            return
        man = candidates[int(self.random() * len(candidates))]
        mother = child.mother
        if (man.died and man.died <= day) or mother is None or share_parent(man, mother):
            return
        if man is mother.father or any(son is man for son in mother.children):
            return
        child.father = man
        man.children.append(child)
        child.turns.append(Turn(day, EventKind.ACKNOWLEDGEMENT, father=man))

    def _adopt(self) -> None:
        """Give a few children of marriages to other couples who were married at their birth."""
        for child in [life for life in self.lives if life.wedlock and not life.twin]:
            if self.random() >= demography.SHARE_ADOPTED or child.born > self.until - years(8):
                continue
            day = child.born + years(1 + 6 * self.random())
            if child.died and child.died <= day:
                continue
            for _ in range(ADOPTION_TRIES):
                union = self.unions[int(self.random() * len(self.unions))]
                if _may_adopt(union, child, day):
                    hand_over(child, union, day)
                    break


def _may_adopt(union: Union, child: Life, day: int) -> bool:
    """Whether a couple is of age, together from the birth to the day, and no kin of the child."""
    if union is child.wedlock or union.start > child.born or (union.end and union.end <= day):
        return False
    for parent in (union.husband, union.wife):
        age = (child.born - parent.born) / YEAR_DAYS
        if not 20 <= age <= 45 or parent in (child.mother, child.father):
            return False
        if any(
            union_.wife in parent.children or union_.husband in parent.children
            for union_ in child.unions
        ):
            return False
    return True


def hand_over(child: Life, union: Union, day: int) -> None:
    """Make a couple the legal parents of a child from ``day`` on."""
    for parent in (child.mother, child.father):
        if parent is not None:
            parent.children.remove(child)
    child.turns.append(Turn(day, EventKind.ADOPTION, father=union.husband, mother=union.wife))
    union.husband.children.append(child)
    union.wife.children.append(child)
