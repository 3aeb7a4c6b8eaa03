"""KisiListeleServis: bounded days, bounded pages, and page keys that tell nothing."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from register_samples import Told, ask, contract, grant_of
from sqlalchemy import create_engine, delete, insert

from kps_soap.criteria import Asker
from kps_soap.faults import Outcome, TooManyCriteria
from kps_soap.page_keys import PageKeys
from kps_soap.registry import codes, tables
from kps_soap.registry.population import Persona
from kps_soap.registry.store import Register
from kps_soap.services.kisi_listele import DAYS_MAX, PAGE_MAX

SERVICE = contract("KisiListeleServis", "2011/01/01")
LIST = "SayfalaResult/SorguSonucu"
PERSON = f"{LIST}/Sonuc/DogumTarihveCinsiyeteGoreKisiBilgisi"
NOTE = "SayfalaResult/HataBilgisi/Kod"
CODES = Path(__file__).parents[2] / "conf" / "codes.toml"
KEYS = PageKeys(b"k" * 32)
DISTRICT = 90340
#: Two full pages and a bit, born in April 2020; every third one is a man.
COUNT = 2 * PAGE_MAX + 30
FIRST_NUMBER = 10000000001
FIRST, LAST = "2020-04-01T00:00:00", "2020-04-30T00:00:00"


def number(place: int) -> int:
    """Numbers do not follow birth dates."""
    return FIRST_NUMBER + place * 7919 % 1000 * 10


def person(place: int, *, who: int | None = None, born: int | None = None) -> dict[str, Any]:
    return {
        "number": number(place) if who is None else who,
        "given_name": f"AD {place}",
        "sex_code": 1 if place % 3 == 0 else 2,
        "status_code": 1,
        "protected": False,
        "mother_ancestry_not_found": False,
        "father_ancestry_not_found": False,
        "born": 20200401 + place % 30 if born is None else born,
        "registry_district_code": DISTRICT,
        "volume_code": 1,
        "family_no": 1,
        "member_no": place,
    }


def insert_persons(path: Path, people: Sequence[dict[str, Any]]) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(insert(tables.citizens), people)
    engine.dispose()


@pytest.fixture
def register_file(tmp_path: Path) -> Path:
    path = tmp_path / "register.sqlite"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        tables.create_tables(connection)
        codes.write(connection, codes.load(CODES))
        info = {"kind": "SENTETIK", "date": "2026-01-01"}
        rows = [{"key": key, "value": value} for key, value in info.items()]
        connection.execute(insert(tables.register_info), rows)
        district = {"code": DISTRICT, "province_code": 34, "name": "ÖRNEKİLÇE"}
        connection.execute(insert(tables.districts), [district])
        connection.execute(insert(tables.citizens), [person(place) for place in range(COUNT)])
    engine.dispose()
    return path


@pytest.fixture
def register(register_file: Path) -> Iterator[Register]:
    opened = asyncio.run(Register.open(f"sqlite:///{register_file}"))
    yield opened
    asyncio.run(opened.close())


def request(
    first: str | None = FIRST,
    last: str | None = LAST,
    sex: str | None = None,
    district: int | None = DISTRICT,
    key: int | str | None = None,
) -> str:
    members = {
        "BaslangicTarih": first,
        "BitisTarih": last,
        "Cinsiyet": sex,
        "Ilce": district,
        "SayfaAnahtari": key,
    }
    said = "".join(f"<{name}>{value}</{name}>" for name, value in members.items() if value)
    return f"<kriter>{said}</kriter>"


def asker(institution: str) -> Asker:
    return Asker(
        institution=institution,
        account="KRM-1",
        inquirer="",
        source_address="192.0.2.1",
        asked_at=datetime(2026, 1, 1, tzinfo=UTC),
        agreement="2026/1",
        agreement_digest="",
    )


def listed(register: Register, said: str | None = None, **how: Any) -> Told:
    return ask(SERVICE, said or request(), register, **{"page_keys": KEYS} | how)


def numbers(told: Told) -> list[int]:
    return [int(text or 0) for text in told.texts(f"{PERSON}/TCKimlikNo")]


def next_key(told: Told) -> str | None:
    return told.text(f"{LIST}/SayfaAnahtari")


def all_pages(register: Register, between: Callable[[], None] = lambda: None) -> list[list[int]]:
    """Every page of the whole list; ``between`` happens after each."""
    pages, key = [], None
    while True:
        told = listed(register, request(key=key))
        pages.append(numbers(told))
        key = next_key(told)
        if key is None:
            return pages
        between()


def test_a_persona_is_listed_with_every_member(
    persona_register: Register, personas: Sequence[Persona]
) -> None:
    persona = personas[0]
    known = asyncio.run(persona_register.citizen(persona.identity_number))
    assert known is not None and known.registration is not None
    born = f"{known.born.year}-{known.born.month:02}-{known.born.day:02}T00:00:00"
    district = known.registration.district.code
    told = listed(persona_register, request(born, born, "Erkek", district))
    assert numbers(told) == [persona.identity_number]
    shown = {
        "AnneTCKimlikNo": str(known.mother_number),
        "BabaTCKimlikNo": str(known.father_number),
        "EsTCKimlikNo": str(personas[1].identity_number),
        "TemelBilgisi/Ad": "MEHMET",
        "TemelBilgisi/DogumTarih/Yil": "1983",
        "DurumBilgisi/Durum/Kod": "1",
        "KayitYeriBilgisi/Ilce/Kod": str(district),
    }
    assert {path: told.text(f"{PERSON}/{path}") for path in shown} == shown
    assert told.is_nil(f"{PERSON}/HataBilgisi")
    assert next_key(told) is None
    assert listed(persona_register, request(born, born, "Kadin", district)).text(NOTE) == "2"


def test_a_list_comes_in_pages_by_number_and_the_last_has_no_key(register: Register) -> None:
    pages = all_pages(register)
    assert [len(page) for page in pages] == [PAGE_MAX, PAGE_MAX, COUNT - 2 * PAGE_MAX]
    everybody = [number for page in pages for number in page]
    assert everybody == sorted(number(place) for place in range(COUNT))


def test_a_change_between_two_pages_repeats_nobody_and_leaves_nobody_out(
    register: Register, register_file: Path
) -> None:
    before = sorted(number(place) for place in range(COUNT))
    new = iter((before[0] - 1, before[150] + 1))
    gone = iter((before[0], before[120]))

    def change() -> None:
        insert_persons(register_file, [person(3, who=next(new))])
        engine = create_engine(f"sqlite:///{register_file}")
        with engine.begin() as connection:
            which = tables.citizens.c.number == next(gone)
            connection.execute(delete(tables.citizens).where(which))
        engine.dispose()

    shown = [number for page in all_pages(register, change) for number in page]
    assert len(set(shown)) == len(shown)
    assert set(before) <= set(shown)


def test_everybody_of_a_page_is_on_record_and_counts_as_a_record(register: Register) -> None:
    told = listed(register)
    assert told.enquiry.persons == numbers(told)
    assert (told.enquiry.units, told.enquiry.records) == (1, PAGE_MAX)
    assert told.enquiry.outcomes == [Outcome.OK]


def test_a_page_key_shows_no_number_and_is_no_key_for_anything_else(register: Register) -> None:
    mine = asker("B-34-0417")
    first = listed(register, asker=mine)
    key = next_key(first)
    assert key is not None
    assert str(numbers(first)[-1]) not in key
    assert len(numbers(listed(register, request(key=key), asker=mine))) == PAGE_MAX
    other_lists = [
        request(key=key, sex="Kadin"),
        request(key=key, first="2020-04-02T00:00:00"),
        request(key=key, last="2020-04-29T00:00:00"),
        request(key=int(key) ^ 1),
        request(key=numbers(first)[-1]),
        request(key=-1),
    ]
    for said in other_lists:
        told = listed(register, said, asker=mine)
        assert told.text(NOTE) == "2"
        assert told.is_nil(LIST)
        assert (told.enquiry.units, told.enquiry.records) == (0, 0)
    for how in ({"asker": asker("B-35-0001")}, {"page_keys": None}):
        assert listed(register, request(key=key), **how).enquiry.outcomes == [Outcome.NOT_FOUND]


def test_without_keys_there_is_one_page_only(register: Register) -> None:
    told = listed(register, page_keys=None)
    assert len(numbers(told)) == PAGE_MAX
    assert next_key(told) is None


@pytest.mark.parametrize("key", [None, "0"])
def test_no_key_and_nought_are_the_first_page(register: Register, key: str | None) -> None:
    assert numbers(listed(register, request(key=key)))[0] == FIRST_NUMBER


@pytest.mark.parametrize(
    ("sex", "count"), [(None, 230), ("Bilinmeyen", 230), ("Erkek", 77), ("Kadin", 153)]
)
def test_a_list_may_be_of_men_or_of_women(register: Register, sex: str | None, count: int) -> None:
    shown, key = 0, None
    while True:
        told = listed(register, request(sex=sex, key=key))
        shown += len(numbers(told))
        key = next_key(told)
        if key is None:
            break
    assert shown == count


@pytest.mark.parametrize("missing", ["first", "last", "district"])
def test_days_and_district_are_demanded(register: Register, missing: str) -> None:
    told = listed(register, request(**{missing: None}))
    assert told.enquiry.outcomes == [Outcome.MISSING]
    assert told.text(NOTE) == "10"
    assert told.is_nil(LIST)
    assert register.lookups == 0


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        ("2020-04-01T00:00:00", "2020-04-01T23:59:59", 8),
        ("2020-04-30T00:00:00", "2020-05-30T00:00:00", 7),
        ("2020-03-31T21:00:00Z", "2020-03-31T21:00:00Z", 8),
        ("2020-04-01T00:00:00+03:00", "2020-04-01T00:00:00+03:00", 8),
        ("2020-03-31T20:59:59Z", "2020-03-31T20:59:59Z", 0),
        ("2020-05-01T00:00:00", "2020-05-31T00:00:00", 0),
    ],
)
def test_both_days_are_inclusive_and_of_istanbul(
    register: Register, first: str, last: str, count: int
) -> None:
    told = listed(register, request(first, last))
    assert len(numbers(told)) == count
    assert told.enquiry.outcomes == [Outcome.OK if count else Outcome.NOT_FOUND]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2020-04-30T00:00:00", "2020-04-01T00:00:00"),
        ("1799-12-31T00:00:00", "1800-01-01T00:00:00"),
        ("0001-01-01T00:00:00+03:00", "0001-01-01T00:00:00"),
        ("9999-12-31T00:00:00", "9999-12-31T23:00:00Z"),
    ],
)
def test_days_that_nobody_can_mean_ask_nothing(register: Register, first: str, last: str) -> None:
    told = listed(register, request(first, last))
    assert told.enquiry.outcomes == [Outcome.BAD_DATE]
    assert told.text(NOTE) == "2"
    assert (register.lookups, told.enquiry.units) == (0, 0)


def test_more_than_a_month_is_refused_as_a_whole(register: Register) -> None:
    assert DAYS_MAX == 31
    assert numbers(listed(register, request("2020-03-31T00:00:00", "2020-04-30T00:00:00")))
    with pytest.raises(TooManyCriteria) as raised:
        listed(register, request("2020-03-31T00:00:00", "2020-05-01T00:00:00"))
    assert raised.value.code == 103


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        ("2019-02-01", "2019-02-28", [201902]),
        ("2019-02-01", "2019-03-03", [201902]),
        ("2019-01-30", "2019-03-01", [201902]),
        ("2019-02-02", "2019-02-28", []),
        ("2019-02-01", "2019-02-27", []),
        ("2018-12-01", "2018-12-31", [201812]),
        ("2019-12-15", "2020-01-14", []),
        ("2019-01-01", "2019-01-31", []),
    ],
)
def test_an_unknown_day_is_listed_with_its_whole_month_only(
    register: Register, register_file: Path, first: str, last: str, found: list[int]
) -> None:
    months = (201812, 201902, 201912, 202001)
    partial = [person(5, who=month, born=month * 100) for month in months]
    insert_persons(register_file, [*partial, person(5, who=2019, born=20190000)])
    told = listed(register, request(f"{first}T00:00:00", f"{last}T00:00:00"))
    assert numbers(told) == found


def test_persons_whose_records_the_institution_does_not_keep_are_left_out(
    register: Register,
) -> None:
    kept = {number(place) for place in range(0, COUNT, 2)}

    async def unrelated(asked: Sequence[int]) -> frozenset[int]:
        return frozenset(asked) - kept

    told = listed(register, unrelated=unrelated)
    shown = numbers(told)
    assert 0 < len(shown) < PAGE_MAX
    assert set(shown) <= kept
    assert told.enquiry.persons == shown
    assert told.enquiry.records == len(shown)
    assert next_key(told) is not None


def test_without_a_grant_for_persons_nobody_is_shown_or_on_record(register: Register) -> None:
    told = listed(register, grant=grant_of(SERVICE, "KisiListesi/SayfaAnahtari"))
    assert told.is_nil(f"{LIST}/Sonuc")
    assert next_key(told) is not None
    assert told.enquiry.persons == []
    assert told.enquiry.records == 0


def test_page_keys_need_their_own_grant_and_religion_a_second_one(register: Register) -> None:
    told = listed(register, grant=grant_of(SERVICE, "KisiListesi/Sonuc"))
    assert told.is_nil(f"{LIST}/SayfaAnahtari")
    assert len(numbers(told)) == PAGE_MAX
    assert "KisiListesi/Sonuc/DurumBilgisi/Din" in (
        SERVICE.fields.special if SERVICE.fields else ()
    )
