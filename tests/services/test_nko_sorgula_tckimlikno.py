"""NkoSorgulaTCKimlikNoServis: whom each kind of extract shows, and the events of all of them.

The expected answers are told from what the personas are for, not from the code.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from register_samples import (
    CITIZEN_NUMBER,
    NOBODY,
    Told,
    ask,
    citizen,
    contract,
    grant_of,
)

from kps_soap.faults import Outcome
from kps_soap.fields import Grant
from kps_soap.registry.family_records import CivilEvent, ExtractKind, Kinship, Marriage
from kps_soap.registry.population import Persona
from kps_soap.registry.records import Citizen, Coded, PartialDate
from kps_soap.registry.store import Register

GOLDEN = Path(__file__).parent.parent / "golden" / "dated"
SERVICE = contract("NkoSorgulaTCKimlikNoServis", "2021/04/01")
EXTRACT = "SorgulaResult/SorguSonucu/Nko"
PERSON = f"{EXTRACT}/Kisiler/NkoKisi"
EVENT = f"{EXTRACT}/Olaylar/NkoOlay"
ITEM = "NkoTCKimlikNoSorguKriteri"
KINDS = (
    "KisiKayitOrnek",
    "AileKayitOrnek",
    "NufusAileKayitOrnek",
    "NufusAileKayitOrnekKardesDahil",
)
PERSON_KIND, FAMILY, PARENTS, SIBLINGS = KINDS


def criterion(
    number: int, born: PartialDate, kind: str = "", *, former: bool = False, events: bool = False
) -> str:
    members = {
        "DogumAy": born.month or 0,
        "DogumGun": born.day or 0,
        "DogumYil": born.year or 0,
        "EskiEsListele": str(former).lower(),
        "NKOTipi": kind,
        "TCKimlikNo": number,
        "Vukuatli": str(events).lower(),
    }
    return "".join(f"<{name}>{said}</{name}>" for name, said in members.items() if said != "")


def request(*criteria: str) -> str:
    inner = "".join(f"<{ITEM}>{one}</{ITEM}>" for one in criteria)
    return f"<kriterListesi>{inner}</kriterListesi>"


#: Asks for the extract of a persona.
Asking = Callable[..., Told]


@pytest.fixture
def about(persona_register: Register, personas: Sequence[Persona]) -> Asking:
    """Asks for the extract of a persona."""

    def asked(
        index: int, kind: str = PERSON_KIND, *, grant: Grant | None = None, **how: Any
    ) -> Told:
        one = personas[index]
        said = criterion(one.identity_number, one.born, kind, **how)
        return ask(SERVICE, request(said), persona_register, grant=grant)

    return asked


def people(told: Told) -> list[tuple[str | None, str | None]]:
    """Given name and kinship of everybody, in order."""
    names = told.texts(f"{PERSON}/TemelBilgisi/Ad")
    return list(zip(names, told.texts(f"{PERSON}/YakinlikKod/Aciklama"), strict=True))


def events(told: Told) -> list[tuple[str | None, str | None, str | None]]:
    """Kind, given name and surname of every event, in order."""
    members = (told.texts(f"{EVENT}/{name}") for name in ("OlayTipi/Aciklama", "Ad", "Soyad"))
    return list(zip(*members, strict=True))


def dates(told: Told, name: str) -> list[str | None]:
    """The year of a date of everybody, in order; None where it is unknown."""
    return told.texts(f"{PERSON}/KisiOlayTarihBilgisi/{name}/Yil")


PARENTS_OF_0 = [("HALİL", "Babası"), ("SEVİM", "Annesi")]
FAMILY_OF_0 = [
    ("MEHMET", "Kendisi"),
    ("AYŞE", "Eşi"),
    ("ZEYNEP", "Kızı"),
    ("EYMEN", "Oğlu"),
]


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        (PERSON_KIND, "1", FAMILY_OF_0[:1]),
        (FAMILY, "2", FAMILY_OF_0),
        (PARENTS, "3", FAMILY_OF_0 + PARENTS_OF_0),
        (SIBLINGS, "4", FAMILY_OF_0 + PARENTS_OF_0),
    ],
)
def test_every_kind_holds_all_of_the_one_before(
    about: Asking, kind: str, code: str, expected: list[tuple[str, str]]
) -> None:
    told = about(0, kind)
    assert people(told) == expected
    assert told.text(f"{EXTRACT}/NkoTuru/Kod") == code
    assert told.is_nil(f"{EXTRACT}/HataBilgisi")
    assert told.is_nil(f"{EXTRACT}/Olaylar")
    assert told.enquiry.outcomes == [Outcome.OK]


def test_everybody_shown_is_on_record_and_counts_as_a_record(
    about: Asking, personas: Sequence[Persona]
) -> None:
    enquiry = about(0, FAMILY).enquiry
    assert enquiry.persons == [personas[index].identity_number for index in range(4)]
    assert (enquiry.units, enquiry.records) == (1, 4)


def test_the_person_asked_about_is_shown_with_every_member(
    about: Asking, personas: Sequence[Persona]
) -> None:
    told = about(0)
    shown = {
        "TCKimlikNo": str(personas[0].identity_number),
        "TemelBilgisi/Soyad": "ÖRNEKKAYA",
        "TemelBilgisi/AnneAd": "SEVİM",
        "TemelBilgisi/BabaAd": "HALİL",
        "TemelBilgisi/Cinsiyet/Kod": "1",
        "TemelBilgisi/DogumTarih/Gun": "25",
        "DurumBilgisi/Durum/Kod": "1",
        "DurumBilgisi/MedeniHal/Aciklama": "Evli",
        "KayitYeriBilgisi/BireySiraNo": "3",
        "KisiOlayTarihBilgisi/EvlenmeTarih/Yil": "2012",
        "KisiOlayTarihBilgisi/TescilTarih/Ay": "11",
        "YakinlikKod/Kod": "1",
    }
    assert {path: told.text(f"{PERSON}/{path}") for path in shown} == shown
    assert told.is_nil(f"{PERSON}/HataBilgisi")
    assert told.is_nil(f"{PERSON}/KisiOlayTarihBilgisi/BosanmaTarih/Yil")


def test_siblings_come_last_and_the_parents_are_theirs(about: Asking) -> None:
    told = about(3, SIBLINGS)
    assert people(told) == [
        ("EYMEN", "Kendisi"),
        ("MEHMET", "Babası"),
        ("AYŞE", "Annesi"),
        ("ZEYNEP", "Kardeşi"),
    ]
    assert people(about(39, SIBLINGS))[-1] == ("KÜBRA", "Kardeşi")
    assert people(about(40, SIBLINGS))[-1] == ("ESRA", "Kardeşi")


def test_a_widow_and_her_husband_stand_on_each_others_sheet(about: Asking) -> None:
    widow, dead = about(6, FAMILY), about(5, FAMILY)
    assert people(widow) == [("EMİNE", "Kendisi"), ("HASAN", "Eşi")]
    assert people(dead) == [("HASAN", "Kendisi"), ("EMİNE", "Eşi")]
    assert dead.enquiry.outcomes == [Outcome.CLOSED]
    assert widow.texts(f"{PERSON}/DurumBilgisi/Durum/Kod") == ["1", "3"]
    assert widow.texts(f"{PERSON}/DurumBilgisi/OlumTarih/Yil") == [None, "2022"]
    assert dates(widow, "EvlenmeTarih") == ["1974", "1974"]
    assert dates(widow, "BosanmaTarih") == [None, None]


def test_former_spouses_come_on_demand_only_with_the_dates_of_their_marriage(
    about: Asking,
) -> None:
    alone = about(7, FAMILY)
    assert people(alone) == [("ÖZLEM", "Kendisi")]
    told = about(7, FAMILY, former=True)
    assert people(told) == [("ÖZLEM", "Kendisi"), ("METİN", "Eşi"), ("METİN", "Eşi")]
    surnames = told.texts(f"{PERSON}/TemelBilgisi/Soyad")
    assert surnames == ["TASLAKÇAY", "BENZERER", "SINAMACAN"]
    assert dates(told, "EvlenmeTarih") == ["2011", "1998", "2011"]
    assert dates(told, "BosanmaTarih") == ["2020", "2006", "2020"]


def test_former_spouses_are_no_part_of_the_persons_own_extract(about: Asking) -> None:
    assert people(about(7, PERSON_KIND, former=True)) == [("ÖZLEM", "Kendisi")]


def test_a_child_without_a_known_parent_has_only_the_other(about: Asking) -> None:
    assert people(about(62, PARENTS)) == [("GÖKTUĞ", "Kendisi"), ("FATİH", "Babası")]
    assert people(about(38, PARENTS)) == [("YİĞİT", "Kendisi"), ("SULTAN", "Annesi")]


def test_an_acknowledged_child_has_both_parents(about: Asking) -> None:
    told = about(37, PARENTS)
    assert people(told) == [
        ("KEREM", "Kendisi"),
        ("TUNCAY", "Babası"),
        ("SULTAN", "Annesi"),
    ]


# Events


def test_events_come_with_place_date_and_the_names_after_them(about: Asking) -> None:
    told = about(8, events=True)
    assert events(told) == [("Doğum", "MERVE", "ÜLGÜKAYA"), ("Evlenme", "MERVE", "ÇIĞIRŞEN")]
    numbers = [int(text or "") for text in told.texts(f"{EVENT}/OlayKayitNo")]
    assert numbers == sorted(numbers)
    assert told.texts(f"{EVENT}/OlayTarih/Yil")[1] == "2017"
    places = [told.texts(f"{EVENT}/KayitYeri/{name}") for name in ("IlceKod", "BireySiraNo")]
    today = [told.text(f"{PERSON}/KayitYeriBilgisi/{name}") for name in ("Ilce/Kod", "BireySiraNo")]
    assert [place[1] for place in places] == today


def test_a_name_that_an_event_did_not_change_is_the_one_before_it(about: Asking) -> None:
    assert events(about(0, events=True)) == [
        ("Doğum", "MEHMET", "ÖRNEKKAYA"),
        ("Evlenme", "MEHMET", "ÖRNEKKAYA"),
    ]
    assert events(about(51, events=True)) == [
        ("Doğum", "DURSUN", "ÖRNEKCAN"),
        ("Ad Değişikliği", "KAAN", "ÖRNEKCAN"),
    ]
    assert [kind for kind, _, _ in events(about(7, events=True))] == [
        *("Doğum", "Evlenme", "Boşanma", "Evlenme", "Boşanma")
    ]


@pytest.mark.parametrize(
    ("index", "kind", "description"),
    [
        (5, "Ölüm", None),
        (37, "Tanıma", None),
        (42, "Vatandaşlığa Alınma", None),
        (47, "Çıkma İzni", "KAYIT KAPATILDI"),
        (50, "Gaiplik", None),
        (52, "Soyadı Değişikliği", "MAHKEME KARARI İLE"),
        (53, "Cinsiyet Değişikliği", "MAHKEME KARARI İLE"),
        (54, "Din Değişikliği", None),
        (56, "Vatandaşlığın Kaybı", "KAYIT KAPATILDI"),
    ],
)
def test_the_last_event_is_the_one_that_the_persona_is_there_for(
    about: Asking, index: int, kind: str, description: str | None
) -> None:
    told = about(index, events=True)
    assert events(told)[-1][0] == kind
    assert told.texts(f"{EVENT}/OlayAciklama")[-1] == description


def test_the_events_are_those_of_everybody_shown_person_by_person(about: Asking) -> None:
    names = [name for _, name, _ in events(about(0, FAMILY, events=True))]
    assert names == ["MEHMET", "MEHMET", "AYŞE", "AYŞE", "ZEYNEP", "EYMEN"]


def test_a_change_of_religion_is_told_only_with_the_grant_of_religion(about: Asking) -> None:
    special = "Nko/Kisiler/DurumBilgisi/Din"
    everything = ("Doğum", "Din Değişikliği")
    for paths, second, expected in (
        (("Nko",), (), everything[:1]),
        (("Nko/Olaylar",), (), everything[:1]),
        (("Nko",), (special,), everything),
    ):
        told = about(54, events=True, grant=grant_of(SERVICE, *paths, special=second))
        assert tuple(told.texts(f"{EVENT}/OlayTipi/Aciklama")) == expected


def test_nobody_is_told_of_an_adoption(about: Asking) -> None:
    told = about(36, PARENTS, events=True)
    own = events(told)[:1]
    assert own == [("Doğum", "NAZ", "YAPAYGİL")]
    assert "Evlat Edinme" not in {kind for kind, _, _ in events(told)}
    place = told.texts(f"{EVENT}/KayitYeri/IlceKod")[0]
    assert place == told.texts(f"{PERSON}/KayitYeriBilgisi/Ilce/Kod")[0]
    assert people(told)[0] == ("NAZ", "Kendisi")
    assert [kinship for _, kinship in people(told)] == ["Kendisi", "Babası", "Annesi"]


# What is not found, not granted, not said


def test_a_foreigner_stands_in_no_family_register(about: Asking) -> None:
    told = about(43, FAMILY, events=True)
    assert told.text(f"{EXTRACT}/HataBilgisi/Kod") == "2"
    assert told.enquiry.outcomes == [Outcome.NOT_FOUND]


def test_no_record_and_wrong_birth_date_are_one_answer_at_one_cost(
    persona_register: Register, personas: Sequence[Persona]
) -> None:
    nobody, somebody = personas[63].identity_number, personas[0].identity_number
    told = []
    for number in (nobody, somebody):
        before = persona_register.lookups
        said = criterion(number, PartialDate(1, 1, 1900), SIBLINGS, events=True)
        told.append(ask(SERVICE, request(said), persona_register))
        assert persona_register.lookups - before == 1
    assert told[0].result == told[1].result
    assert told[0].payload == told[1].payload
    assert told[0].text(f"{EXTRACT}/HataBilgisi/Kod") == "2"
    assert [one.enquiry.records for one in told] == [0, 0]


def test_answers_keep_the_count_and_the_order_of_the_criteria(
    persona_register: Register, personas: Sequence[Persona]
) -> None:
    one, other = personas[0], personas[8]
    said = request(
        criterion(other.identity_number, other.born, FAMILY),
        "",
        criterion(10000000147, one.born),
        criterion(one.identity_number, PartialDate(None, None, None)),
        criterion(one.identity_number, one.born, FAMILY),
    )
    told = ask(SERVICE, said, persona_register)
    assert told.enquiry.outcomes == [
        *(Outcome.OK, Outcome.MISSING, Outcome.BAD_NUMBER, Outcome.MISSING, Outcome.OK)
    ]
    extracts = told.tree.xpath("*/*/*[local-name()='Nko']")
    assert len(extracts) == 5
    codes = [found.findtext(".//{*}HataBilgisi/{*}Kod") for found in extracts]
    assert codes == [None, "10", "2", "10", None]
    assert told.enquiry.units == 2


def test_without_a_kind_the_extract_is_the_persons_own(about: Asking) -> None:
    told = about(0, "")
    assert people(told) == [("MEHMET", "Kendisi")]
    assert told.text(f"{EXTRACT}/NkoTuru/Kod") == "1"


def test_religion_is_withheld_without_its_own_grant(about: Asking) -> None:
    told = about(54, FAMILY, grant=grant_of(SERVICE, "Nko"))
    assert told.is_nil(f"{PERSON}/DurumBilgisi/Din")
    assert told.text(f"{PERSON}/DurumBilgisi/Durum/Kod") == "1"


def test_what_is_not_granted_is_not_read_and_nobody_is_on_record_for_it(
    about: Asking, persona_register: Register, personas: Sequence[Persona]
) -> None:
    before = persona_register.lookups
    told = about(0, SIBLINGS, events=True, grant=grant_of(SERVICE, "Nko/NkoTuru"))
    assert persona_register.lookups - before == 1
    assert told.is_nil(f"{EXTRACT}/Kisiler")
    assert told.is_nil(f"{EXTRACT}/Olaylar")
    assert told.text(f"{EXTRACT}/NkoTuru/Kod") == "4"
    assert told.enquiry.persons == [personas[0].identity_number]
    assert told.enquiry.records == 1


def test_events_may_be_granted_without_persons(about: Asking, personas: Sequence[Persona]) -> None:
    told = about(0, FAMILY, events=True, grant=grant_of(SERVICE, "Nko/Olaylar/OlayTipi"))
    assert told.is_nil(f"{EXTRACT}/Kisiler")
    assert len(told.texts(f"{EVENT}/OlayTipi/Kod")) == 6
    assert all(name is None for name in told.texts(f"{EVENT}/Ad"))
    assert told.enquiry.persons == [personas[index].identity_number for index in range(4)]


def test_marriages_of_relatives_are_not_read_without_their_dates(
    about: Asking, persona_register: Register
) -> None:
    lookups = []
    for path in ("Nko/Kisiler", "Nko/Kisiler/TemelBilgisi"):
        before = persona_register.lookups
        about(0, FAMILY, grant=grant_of(SERVICE, path))
        lookups.append(persona_register.lookups - before)
    assert lookups[0] - lookups[1] == 2


# What no synthetic register holds


@dataclass
class Families:
    """Answers about one made-up family; children by their parent's number."""

    married: Sequence[Marriage] = ()
    happened: Sequence[CivilEvent] = ()
    born: Mapping[int, Sequence[Citizen]] = field(default_factory=dict)

    def kinship(self, kinship: Kinship) -> Coded:
        return Coded(list(Kinship).index(kinship) + 1, kinship.value)

    def extract_kind(self, kind: ExtractKind) -> Coded:
        return Coded(int(kind), "Kişi Kayıt Örneği")

    async def marriages(self, _number: int) -> Sequence[Marriage]:
        return self.married

    async def events(self, _number: int) -> Sequence[CivilEvent]:
        return self.happened

    async def children(self, number: int) -> Sequence[Citizen]:
        return self.born.get(number, ())


@dataclass
class OneFamily:
    """Knows some citizens and a family."""

    citizens: Sequence[Citizen]
    families: Families

    async def citizen(self, number: int) -> Citizen | None:
        return next((one for one in self.citizens if one.number == number), None)


_PLAIN = {"adoption": False, "religious": False}


def event(record_no: int, kind: Coded, **more: Any) -> CivilEvent:
    absent = dict.fromkeys(CivilEvent.__dataclass_fields__)
    return CivilEvent(**absent | {"record_no": record_no, "kind": kind} | _PLAIN | more)


def made_up(kind: str, *citizens: Citizen, **held: Any) -> Told:
    """The extract of the first of some citizens."""
    person = citizens[0]
    register: Any = OneFamily(citizens, Families(**held))
    said = criterion(person.number, person.born, kind, events=True)
    return ask(SERVICE, request(said), register)


MARRIED = Marriage(
    marriage_no=1,
    husband_number=99000000110,
    wife_number=CITIZEN_NUMBER,
    married=PartialDate(15, 6, 2010),
    registered=PartialDate(16, 6, 2010),
    ended=None,
    end=None,
    ended_by_death=False,
)


def test_the_bytes_are_those_of_the_published_convention() -> None:
    change = event(
        2**33,
        Coded(13, "Soyadı Değişikliği"),
        happened=PartialDate(1, 2, 2011),
        registry_district_code=90001,
        volume_code=12,
        family_no=45,
        member_no=7,
        description="MAHKEME KARARI İLE",
        given_name="İPEK NAZ",
        surname="ŞABLONOĞLU",
    )
    told = made_up(PERSON_KIND, citizen(), married=[MARRIED], happened=[change])
    golden = (GOLDEN / "nko-2021.xml").read_text(encoding="utf-8")
    assert told.payload.decode() == golden.replace("\n", "")


def test_a_child_of_unknown_sex_has_no_kinship_and_a_foreign_spouse_is_left_out() -> None:
    child = citizen(number=NOBODY, sex=Coded(0, "Bilinmeyen"))
    told = made_up(FAMILY, citizen(), married=[MARRIED], born={CITIZEN_NUMBER: [child]})
    assert told.texts(f"{PERSON}/TCKimlikNo") == [str(CITIZEN_NUMBER), str(NOBODY)]
    assert told.texts(f"{PERSON}/YakinlikKod/Aciklama") == ["Kendisi"]


def test_siblings_are_the_other_children_of_either_parent_each_once() -> None:
    own = citizen(father_number=12345678950, mother_number=10000000450)
    full, of_father, of_mother = (
        citizen(number=number, given_name=name, born=PartialDate(1, 1, year))
        for number, name, year in (
            (10000000382, "TAM", 1990),
            (98765432150, "BABADAN", 1980),
            (12345678950 + 1, "ANADAN", 1985),
        )
    )
    told = made_up(
        SIBLINGS,
        own,
        born={12345678950: [of_father, own, full], 10000000450: [own, of_mother, full]},
    )
    assert people(told) == [
        ("İPEK NAZ", "Kendisi"),
        ("BABADAN", "Kardeşi"),
        ("ANADAN", "Kardeşi"),
        ("TAM", "Kardeşi"),
    ]


def test_an_event_that_gave_no_name_at_all_shows_the_name_of_today() -> None:
    told = made_up(PERSON_KIND, citizen(), happened=[event(1, Coded(2, "Ölüm"))])
    assert events(told) == [("Ölüm", "İPEK NAZ", "ŞABLONOĞLU")]
    assert not told.is_nil(f"{EVENT}/OlayTarih")
    assert told.is_nil(f"{EVENT}/OlayTarih/Yil")


def test_what_follows_an_adoption_stays_as_it_is() -> None:
    told = made_up(
        PERSON_KIND,
        citizen(),
        happened=[
            event(number, Coded(1, kind), family_no=number, given_name="NAZ", surname=surname)
            if kind != "Evlat Edinme"
            else event(
                number,
                Coded(5, kind),
                family_no=number,
                given_name="NAZ",
                surname=surname,
                adoption=True,
            )
            for number, kind, surname in (
                (1, "Doğum", "BİR"),
                (2, "Evlat Edinme", "İKİ"),
                (3, "Evlenme", "ÜÇ"),
            )
        ],
    )
    assert events(told) == [("Doğum", "NAZ", "İKİ"), ("Evlenme", "NAZ", "ÜÇ")]
    assert told.texts(f"{EVENT}/KayitYeri/AileSiraNo") == ["2", "3"]
    assert told.texts(f"{EVENT}/OlayKayitNo") == ["1", "3"]
