"""The golden personas' lives, one scene a purpose (K4.7).

Whoever is needed around a persona (parents, spouses, lodgers) is made here too.  A scene says
who is born, married, adopted, naturalised and when; it refuses to write rows.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Final

from kps_soap.registry.blocks import Setting
from kps_soap.registry.calendar_days import years_after
from kps_soap.registry.foreigners import Foreigners, Guest, duplicate
from kps_soap.registry.kinship import hand_over
from kps_soap.registry.lives import MAN, NO_DAY, NO_DAY_NO_MONTH, WOMAN, Life, Script, Turn, Union
from kps_soap.registry.meanings import Country, EventKind, Religion, Standing, Status

Random = Callable[[], float]

#: Index of the blue card holder with a 99-number, child of the one two places before.
DESCENDANT: Final = 49
LODGERS: Final = 41
#: Nobody here moved lately unless a scene says so.
_SETTLED_DAYS: Final = 2500


class Stage:
    """Where scenes put people; ``by_index`` finds the personas among them."""

    def __init__(self, setting: Setting, random: Random) -> None:
        self.until = setting.until
        self.random = random
        self.book = setting.book
        self.lives: list[Life] = []
        self.by_index: dict[int, Life] = {}
        self.guests = Foreigners(random, setting.country, setting.book, setting.until)

    def ago(self, years: int, days: int = 0) -> int:
        """The day so many years and days before the population's date."""
        return years_after(self.until, -years) - days

    def person(
        self,
        sex: int,
        age: int,
        given_name: str | None,
        surname: str | None = None,
        script: Script | None = None,
        *,
        parents: Union | None = None,
        day: int | None = None,
    ) -> Life:
        """A citizen: ``age`` in whole years, or born on ``day``, in wedlock if ``parents``."""
        born = day if day is not None else self.ago(age, 40 + (7 * len(self.lives)) % 250)
        life = Life(sex=sex, born=born, wedlock=parents)
        script = script or Script()
        life.script = replace(
            script,
            given_name=given_name,
            surname=surname,
            document=script.document or ("CARD" if age else "NONE"),
            address=script.address or "CENTRE",
            moved_days_ago=script.moved_days_ago or _SETTLED_DAYS,
        )
        if parents is not None:
            self._child_of(life, parents.wife, parents.husband)
        self.lives.append(life)
        if script.index is not None:
            self.by_index[script.index] = life
        return life

    def persona(
        self,
        index: int,
        sex: int,
        age: int,
        given_name: str,
        surname: str | None = None,
        script: Script | None = None,
        *,
        parents: Union | None = None,
        day: int | None = None,
    ) -> Life:
        """The citizen with this index."""
        script = replace(script or Script(), index=index)
        return self.person(sex, age, given_name, surname, script, parents=parents, day=day)

    @staticmethod
    def _child_of(life: Life, mother: Life | None, father: Life | None) -> None:
        life.mother, life.father = mother, father
        for parent in (mother, father):
            if parent is not None:
                parent.children.append(life)

    def child_of_mother(self, life: Life, mother: Life) -> None:
        """A child born out of wedlock."""
        self._child_of(life, mother, None)

    def marry(
        self, husband: Life, wife: Life, years: int, *, ended: int | None = None, form: int = 0
    ) -> Union:
        """A marriage ``years`` ago, divorced ``ended`` years ago or ended by a death if any."""
        union = Union(husband, wife, self.ago(years), surname_form=form)
        deaths = [life.died for life in (husband, wife) if life.died]
        if ended is not None:
            union.end, union.end_kind = self.ago(ended), EventKind.DIVORCE
        elif deaths:
            union.end, union.end_kind = min(deaths), EventKind.DEATH
        husband.unions.append(union)
        wife.unions.append(union)
        return union

    def couple(self, age: int, surname: str) -> Union:
        """Two people of about this age, married at twenty-four."""
        husband = self.person(MAN, age, "HALİL", surname)
        wife = self.person(WOMAN, age - 2, "SEVİM", "VARSAYTAŞ")
        return self.marry(husband, wife, age - 24)

    def guest(self, index: int | None, standing: Standing, given_name: str, surname: str) -> Guest:
        """A foreigner with the short names given."""
        guest = self.guests.single()
        life = guest.life
        life.died, life.status = 0, Status.OPEN
        life.given_name, life.surname = given_name, surname
        life.born = self.ago(34, 100 + len(self.guests.guests))
        guest.standing, guest.since = standing, self.ago(4)
        self._enter(guest, index)
        return guest

    def _enter(self, guest: Guest, index: int | None) -> None:
        guest.life.script = Script(index=index, address="CENTRE", moved_days_ago=900)
        self.guests.guests.append(guest)
        if index is not None:
            self.by_index[index] = guest.life

    def former_self(self, index: int, citizen: Life) -> None:
        """The foreigner's record of a new citizen."""
        guest = self.guests.former_self(citizen)
        self._enter(guest, index)


def play(stage: Stage) -> None:
    """Every scene, in order."""
    for scene in (
        _plain_family,
        _ends_of_life,
        _marriages,
        _dates,
        _spellings,
        _addresses,
        _papers,
        _children,
        _newcomers,
        _emigrants,
        _changes,
        _namesakes,
    ):
        scene(stage)


def _plain_family(stage: Stage) -> None:
    """0-3: a couple with a child and a newborn; both grandparents' couples live elsewhere."""
    his = stage.couple(70, "ÖRNEKKAYA")
    hers = stage.couple(68, "SANALSOY")
    man = stage.persona(0, MAN, 42, "MEHMET", parents=his)
    woman = stage.persona(1, WOMAN, 40, "AYŞE", parents=hers)
    home = stage.marry(man, woman, 14)
    stage.persona(2, WOMAN, 10, "ZEYNEP", parents=home)
    stage.persona(3, MAN, 0, "EYMEN", parents=home, day=stage.until)


def _ends_of_life(stage: Stage) -> None:
    """4-6: somebody very old; a deceased man and his widow."""
    stage.persona(4, WOMAN, 105, "FATMA", "GÖLGESOY", Script(document="BOOKLET"))
    husband = stage.persona(5, MAN, 78, "HASAN", "KURGUDAĞ", Script(document="BOOKLET"))
    husband.died = stage.ago(3, 20)
    widow = stage.persona(6, WOMAN, 75, "EMİNE", "NUMUNEAY")
    stage.marry(husband, widow, 52)


def _marriages(stage: Stage) -> None:
    """7-10: divorced twice, former surname, two surnames, no surname."""
    twice = stage.persona(7, WOMAN, 50, "ÖZLEM", "TASLAKÇAY")
    for years, ended, surname in ((28, 20, "BENZERER"), (15, 6, "SINAMACAN")):
        stage.marry(stage.person(MAN, 53, "METİN", surname), twice, years, ended=ended)
    wife = stage.persona(8, WOMAN, 35, "MERVE", "ÜLGÜKAYA")
    stage.marry(stage.person(MAN, 37, "SERKAN", "ÇIĞIRŞEN"), wife, 9)
    both = stage.persona(9, WOMAN, 33, "ELİF", "HAYALİSOY")
    stage.marry(stage.person(MAN, 34, "EMRE", "ŞABLONER"), both, 7, form=1)
    stage.persona(10, MAN, 70, "SALİH", None, Script(no_surname=True))


def _dates(stage: Stage) -> None:
    """11-13: dates of which parts are unknown, and a leap day."""
    stage.persona(11, MAN, 80, "İSMAİL", "VARSAYGİL").date_known = NO_DAY
    stage.persona(12, WOMAN, 84, "HANİFE", "YAPAYÖZ").date_known = NO_DAY_NO_MONTH
    year = date.fromordinal(stage.ago(25)).year // 4 * 4
    leap = date(year, 2, 29).toordinal()
    stage.persona(13, WOMAN, 25, "MELEK", "DENEMEKAYA", day=leap)


def _spellings(stage: Stage) -> None:
    """14-22: names that programs get wrong."""
    long = "ABDULLAH SÜLEYMAN ALPARSLAN İBRAHİM HÜSEYİN"
    for index, sex, given_name, surname in (
        (14, WOMAN, "İREM", "İZDÜŞÜMCAN"),
        (15, WOMAN, "ILGIN", "YAPAYIŞIK"),
        (16, MAN, "ÇAĞRI ŞÜKRÜ", "ÇIĞIRDAĞ"),
        (17, MAN, "KÂZIM", "TASLAKTÜRK"),
        (18, MAN, "MEHMET ALİ", "KURGUTAŞ"),
        (19, WOMAN, "FATMA ZEHRA NAZ", "GÖLGECAN"),
        (20, MAN, long, "İZDÜŞÜMOĞLU"),
        (21, WOMAN, "AYŞE-NAZ", "SANALÖZ"),
        (22, WOMAN, "RA'NA", "ÖRNEKŞEN"),
    ):
        stage.persona(index, sex, 30 + index % 9, given_name, surname)


def _addresses(stage: Stage) -> None:
    """23-29: every variant of an address, none, several, crowded, and a move."""
    for index, sex, given_name, surname, script in (
        (23, MAN, "RAMAZAN", "BENZERKAYA", Script(address="VILLAGE")),
        (24, WOMAN, "HACER", "DENEMESOY", Script(address="TOWN")),
        (25, MAN, "YUSUF", "KURGUİPEK", Script(address="ABROAD")),
        (26, MAN, "BEKİR", "NUMUNEGİL", Script(address="NONE")),
        (27, WOMAN, "LEYLA", "TASLAKAY", Script(others=2)),
        (29, MAN, "MURAT", "SINAMATAŞ", Script(moved_days_ago=1)),
    ):
        stage.persona(index, sex, 44, given_name, surname, script)
    host = stage.persona(28, MAN, 66, "OSMAN", "HAYALİCAN")
    for _ in range(LODGERS):
        stage.person(MAN, 25, None, None, Script(household=host, document="CARD"))


def _papers(stage: Stage) -> None:
    """30-35: every state of a document."""
    for index, sex, given_name, surname, script in (
        (30, WOMAN, "DİLEK", "ŞABLONKAYA", Script(document="CARD")),
        (31, MAN, "ORHAN", "ÜLGÜTAŞ", Script(document="EXPIRED")),
        (32, WOMAN, "SONGÜL", "VARSAYÇAY", Script(document="TEMPORARY")),
        (33, MAN, "MUSTAFA", "ÇIĞIRER", Script(document="BOOKLET")),
        (34, MAN, "HAKAN", "ÖRNEKER", Script(document="CARD", licence=True)),
        (35, WOMAN, "YASEMİN", "GÖLGEŞEN", Script(document="CARD")),
    ):
        stage.persona(index, sex, 45, given_name, surname, script)


def _children(stage: Stage) -> None:
    """36-40: adopted, acknowledged, not acknowledged, twins."""
    natural, adoptive = stage.couple(36, "BENZERSOY"), stage.couple(45, "YAPAYGİL")
    adopted = stage.persona(36, WOMAN, 9, "NAZ", parents=natural)
    hand_over(adopted, adoptive, stage.ago(6))
    for index, given_name, father in (
        (37, "KEREM", stage.person(MAN, 41, "TUNCAY", "SANALGAN")),
        (38, "YİĞİT", None),
    ):
        mother = stage.person(WOMAN, 36, "SULTAN", "KURGUAY")
        child = stage.persona(index, MAN, 12, given_name)
        stage.child_of_mother(child, mother)
        if father is not None:
            father.children.append(child)
            child.turns.append(Turn(stage.ago(11), EventKind.ACKNOWLEDGEMENT, father=father))
    parents = stage.couple(52, "NUMUNEÖZ")
    born = stage.ago(20, 77)
    for index, given_name in ((39, "ESRA"), (40, "KÜBRA")):
        stage.persona(index, WOMAN, 20, given_name, parents=parents, day=born).twin = True


def _newcomers(stage: Stage) -> None:
    """41-46 and 55: foreigners, one of whom became a citizen, one of whom was entered twice."""
    citizen = stage.persona(42, MAN, 40, "TİMUR", "DENEMEER")
    citizen.turns.append(Turn(stage.ago(5), EventKind.NATURALISATION))
    stage.former_self(41, citizen)
    stage.guest(43, Standing.SHORT_STAY, "IVAN", "MUSTEROV").nationality_code = stage.book.number[
        Country.RUSSIA
    ]
    protected = stage.guest(44, Standing.TEMPORARY_PROTECTION, "MARIAM", "NAMUNAINI")
    protected.nationality_code, protected.life.sex = stage.book.number[Country.SYRIA], WOMAN
    stateless = stage.guest(45, Standing.STATELESS, "DARIUS", "SPECIMENIAN")
    stateless.nationality_code = stage.book.number[Country.STATELESS]
    dead = stage.guest(46, Standing.LONG_STAY, "HANS", "MODELSTEIN")
    stage.guests.bury(dead)
    survivor = stage.guest(None, Standing.WORK, "OLGA", "SAMPLEOV")
    survivor.life.sex = WOMAN
    twice = stage.guest(55, Standing.WORK, "OLGA", "SAMPLEOV")
    duplicate(twice, survivor)


def _emigrants(stage: Stage) -> None:
    """47, 48, 56: blue cards old and new, and a loss of citizenship without one."""
    for index, kind, document, given_name, surname in (
        (47, EventKind.CITIZENSHIP_LOSS, "OLD_BLUE", "AHMET", "HAYALİOĞLU"),
        (48, EventKind.CITIZENSHIP_LOSS, "NEW_BLUE", "GÜLSÜM", "İZDÜŞÜMKAYA"),
        (56, EventKind.CITIZENSHIP_WITHDRAWAL, "NONE", "KEMAL", "VARSAYER"),
    ):
        sex = WOMAN if index == 48 else MAN
        life = stage.persona(index, sex, 55, given_name, surname, Script(document=document))
        life.turns.append(Turn(stage.ago(8, index), kind))


def _changes(stage: Stage) -> None:
    """50-54 and 57: absence, new names, corrected sex, changed religion, protection."""
    for index, sex, given_name, surname, turn in (
        (50, MAN, "CEMAL", "GÖLGEKAYA", Turn(stage.ago(6), EventKind.ABSENCE)),
        (51, MAN, "DURSUN", "ÖRNEKCAN", Turn(0, EventKind.NAME_CHANGE, given_name="KAAN")),
        (52, WOMAN, "HAVVA", "SINAMAER", Turn(0, EventKind.SURNAME_CHANGE, surname="ÜLGÜCAN")),
        (53, WOMAN, "ADEM", "ŞABLONÇAY", Turn(0, EventKind.SEX_CHANGE, given_name="ADA")),
        (54, MAN, "YAŞAR", "BENZERAY", Turn(0, EventKind.RELIGION_CHANGE)),
    ):
        script = Script(
            religion=Religion.CHRISTIAN if index == 54 else None,
            document="NONE" if index == 50 else None,
        )
        turn.day = turn.day or stage.ago(4, index)
        stage.persona(index, sex, 48, given_name, surname, script).turns.append(turn)
    stage.persona(57, WOMAN, 39, "SEVGİ", "TASLAKGİL", Script(protected=True))


def _namesakes(stage: Stage) -> None:
    """58-62: people with the same names, and one whose mother is not known."""
    born = stage.ago(50, 133)
    for index, mother_name, father_name in (
        (58, "HATİCE", "ALİ"),
        (59, "HATİCE", "ALİ"),
        (60, "HATİCE", "ALİ"),
        (61, "ŞERİFE", "VELİ"),
    ):
        script = Script(mother_name=mother_name, father_name=father_name)
        stage.persona(index, MAN, 50, "MUSTAFA", "DENEMEOĞLU", script, day=born)
    father = stage.person(MAN, 47, "FATİH", "KURGUGAN")
    child = stage.persona(62, MAN, 8, "GÖKTUĞ")
    father.children.append(child)
    child.turns.append(Turn(stage.ago(7, 60), EventKind.ACKNOWLEDGEMENT, father=father))
