"""How rows become records, worked out once when the register is opened.

A record's own type hints say how each of its fields is read: ``sex: Coded`` is the column
``sex_code`` looked up in the table Cinsiyet, ``died: PartialDate | None`` a packed date, and so
on.  This module refuses to query and to judge: it knows columns, not questions or persons.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from sqlalchemy import ColumnElement, Table

from kps_soap.registry import tables
from kps_soap.registry.records import (
    OPEN_STATUS_CODE,
    AbroadAddress,
    Address,
    Citizen,
    Coded,
    Dwelling,
    PartialDate,
    Registration,
)

Record = TypeVar("Record")
Row = Sequence[Any]
Read = Callable[[Row], Any]

#: In which dictionary a coded field is looked up; the last three are places and not codes.
_DICTIONARY_OF_FIELD = {
    "application_reason": "BasvuruNeden",
    "blood_group": "KanGrubu",
    "building_kind": "BinaYapiTipi",
    "building_status": "BinaDurum",
    "building_use": "YapiKullanimAmac",
    "civil_status": "MedeniHal",
    "correction_reason": "DisTemsDuzeltmeNeden",
    "country": "Uyruk",
    "delivering_unit": "TeslimEdenBirim",
    "guardianship": "VeliVasiTur",
    "kind": "AdresTip",
    "mission": "DisTemsilcilik",
    "move_reason": "TasinmaNeden",
    "nationality": "Uyruk",
    "numbering_kind": "BinaNumaratajTipi",
    "permit_open_end_reason": "BitisTarihiBelirsizOlmaNeden",
    "religion": "Din",
    "sex": "Cinsiyet",
    "source_unit": "KaynakBirim",
    "standing": "Statu",
    "status": "Durum",
    "unit_kind": "BagimsizBolumTipi",
    "unit_status": "BagimsizBolumDurum",
    "permit_province": "Il",
    "district": "Ilce",
    "issuing_district": "Ilce",
    "neighbourhood": "Mahalle",
}


class Dictionaries:
    """Texts of codes and names of places, in memory: read once, looked up for every row."""

    def __init__(
        self,
        *,
        codes: Iterable[Row],
        provinces: Iterable[Row],
        districts: Iterable[Row],
        neighbourhoods: Iterable[Row],
        volumes: Iterable[Row],
    ) -> None:
        """Rows as the tables have them: ``(table_name, code, text)``, ``(code, name)``,
        ``(code, province_code, name)``, ``(code, name)``, ``(district_code, code, name)``.
        """
        self._tables: dict[str, dict[int, Coded]] = {}
        for table, code, text in codes:
            self._tables.setdefault(table, {})[code] = Coded(code, text)
        self.provinces = {code: Coded(code, name) for code, name in provinces}
        self.districts_of: dict[int, list[Coded]] = {code: [] for code in self.provinces}
        self._province_of_district: dict[int, int] = {}
        places: dict[int, Coded] = {}
        for code, province_code, name in districts:
            places[code] = Coded(code, name)
            self._province_of_district[code] = province_code
            self.districts_of.setdefault(province_code, []).append(places[code])
        self._tables["Il"] = self.provinces
        self._tables["Ilce"] = places
        self._tables["Mahalle"] = {code: Coded(code, name) for code, name in neighbourhoods}
        self._volumes = {(district, code): name for district, code, name in volumes}

    def lookup(self, table: str) -> Callable[[int | None], Coded | None]:
        """A function from a table's code to its value; a code without a text has an empty one."""
        known = self._tables.get(table, {})

        def look_up(code: int | None) -> Coded | None:
            return None if code is None else known.get(code) or Coded(code, "")

        return look_up

    def of_text(self, table: str, text: str) -> Coded | None:
        """The value with this text, whatever number an operator gave it; None without one."""
        return next((one for one in self._tables.get(table, {}).values() if one.text == text), None)

    def province_of(self, district_code: int) -> Coded | None:
        """The province that a district lies in."""
        return self.provinces.get(self._province_of_district.get(district_code, 0))

    def registration(self, place: Row) -> Registration | None:
        """The registry place of ``(district, volume, family_no, member_no)`` codes (K3.11)."""
        district, volume, family_no, member_no = place
        province = None if district is None else self.province_of(district)
        known = self._tables["Ilce"].get(district)
        if province is None or known is None:
            return None
        name = self._volumes.get((district, volume), "")
        return Registration(province, known, Coded(volume, name), family_no, member_no)


@dataclass(frozen=True, slots=True)
class Shape(Generic[Record]):
    """The columns to select for a record, and the function that builds it from their values."""

    columns: tuple[ColumnElement[Any], ...]
    build: Callable[[Row], Record]


def shape_of(
    record: type[Record],
    table: Table,
    dictionaries: Dictionaries,
    *,
    start: int = 0,
    dictionary_of_field: Mapping[str, str] | None = None,
    special: Mapping[str, tuple[ColumnElement[Any], Read]] | None = None,
) -> Shape[Record]:
    """Work out how a record is read from a table.

    ``start`` is the place of its first column in the row; ``dictionary_of_field`` corrects the
    usual dictionaries; a ``special`` field has its own column and reads the whole row.
    """
    own_dictionaries = _DICTIONARY_OF_FIELD | dict(dictionary_of_field or {})
    own_fields = dict(special or {})
    hints = get_type_hints(record)
    columns: list[ColumnElement[Any]] = []
    reads: list[tuple[int, Read]] = []
    names = [field.name for field in fields(record)]  # type: ignore[arg-type]
    for index, name in enumerate(names):
        read: Read | None
        if name in own_fields:
            column, read = own_fields[name]
        elif _bare(hints[name]) is Coded:
            column = table.c[f"{name}_code"]
            read = _coded_at(start + index, dictionaries.lookup(own_dictionaries[name]))
        else:
            column = table.c[name]
            read = _plain_at(start + index, hints[name])
        columns.append(column)
        if read is not None:
            reads.append((index, read))
    return Shape(tuple(columns), _builder(record, start, start + len(names), reads))


def person_shape(record: type[Record], table: Table, dictionaries: Dictionaries) -> Shape[Record]:
    """How one of the three kinds of persons is read."""
    names = [field.name for field in fields(record)]  # type: ignore[arg-type]
    status = names.index("status")
    special: dict[str, tuple[ColumnElement[Any], Read]] = {
        "closed": (table.c.status_code, lambda row: row[status] != OPEN_STATUS_CODE)
    }
    more: tuple[ColumnElement[Any], ...] = ()
    if record is Citizen:
        place, end = names.index("registration"), len(names)
        more = (table.c.volume_code, table.c.family_no, table.c.member_no)
        special["registration"] = (
            table.c.registry_district_code,
            lambda row: dictionaries.registration((row[place], *row[end:])),
        )
    shape = shape_of(record, table, dictionaries, special=special)
    return Shape(shape.columns + more, shape.build)


def address_shape(dictionaries: Dictionaries) -> Shape[Address]:
    """How an address is read from ``addresses`` joined with ``dwellings``."""
    names = [field.name for field in fields(Address)]
    address_no, dwelling_place = names.index("address_no"), names.index("dwelling")
    dwelling = _dwelling_shape(dictionaries, start=len(names))
    abroad = shape_of(
        AbroadAddress,
        tables.addresses,
        dictionaries,
        start=len(names) + len(dwelling.columns),
        special=_abroad_columns(dictionaries, len(names) + len(dwelling.columns)),
    )
    shape = shape_of(
        Address,
        tables.addresses,
        dictionaries,
        special={
            "text": (tables.dwellings.c.text, lambda row: row[names.index("text")]),
            "dwelling": (
                tables.dwellings.c.address_no,
                lambda row: dwelling.build(row) if row[dwelling_place] is not None else None,
            ),
            "abroad": (
                tables.addresses.c.address_no,
                lambda row: abroad.build(row) if row[address_no] is None else None,
            ),
        },
    )
    return Shape(shape.columns + dwelling.columns + abroad.columns, shape.build)


def _dwelling_shape(dictionaries: Dictionaries, *, start: int) -> Shape[Dwelling]:
    names = [field.name for field in fields(Dwelling)]
    district, street = start + names.index("district"), start + names.index("street")
    end = start + len(names)

    def street_of(row: Row) -> Coded | None:
        return None if row[street] is None else Coded(row[street], row[end] or "")

    shape = shape_of(
        Dwelling,
        tables.dwellings,
        dictionaries,
        start=start,
        special={
            "province": (
                tables.dwellings.c.district_code,
                lambda row: dictionaries.province_of(row[district]),
            ),
            "street": (tables.dwellings.c.street_code, street_of),
        },
    )
    return Shape((*shape.columns, tables.dwellings.c.street_name), shape.build)


def _abroad_columns(
    dictionaries: Dictionaries, start: int
) -> dict[str, tuple[ColumnElement[Any], Read]]:
    """The columns of an address abroad whose names the table had to make longer."""
    names = [field.name for field in fields(AbroadAddress)]
    country, city, text = (start + names.index(name) for name in ("country", "city", "text"))
    look_up = dictionaries.lookup("Uyruk")
    columns = tables.addresses.c
    return {
        "country": (columns.abroad_country_code, lambda row: look_up(row[country])),
        "city": (columns.abroad_city, lambda row: row[city]),
        "text": (columns.abroad_text, lambda row: row[text]),
    }


def _builder(
    record: Callable[..., Record], start: int, end: int, reads: Sequence[tuple[int, Read]]
) -> Callable[[Row], Record]:
    def build(row: Row) -> Record:
        values = list(row[start:end])
        for index, read in reads:
            values[index] = read(row)
        return record(*values)

    return build


def _bare(hint: Any) -> Any:
    """The type that a hint allows beside None."""
    if get_origin(hint) is UnionType:
        return next(one for one in get_args(hint) if one is not NoneType)
    return hint


def _coded_at(place: int, look_up: Callable[[int | None], Coded | None]) -> Read:
    return lambda row: look_up(row[place])


def _plain_at(place: int, hint: Any) -> Read | None:
    """How a value without a dictionary is read; None where it is taken as it is."""
    if hint is PartialDate:
        return lambda row: PartialDate.of_packed(row[place])
    if _bare(hint) is PartialDate:
        return lambda row: None if row[place] is None else PartialDate.of_packed(row[place])
    if hint is bool:
        # SQLite keeps truth values as numbers.
        return lambda row: bool(row[place])
    if _bare(hint) is datetime:
        return lambda row: _instant(row[place])
    return None


def _instant(value: datetime | str | None) -> datetime | None:
    """SQLite keeps points in time as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
