"""The register's tables, for SQLAlchemy Core.

One row a number and kind of person; documents, photos, addresses and events apart.  Dates that
may be partial are one integer ``yyyymmdd`` with zeros for unknown parts (see
``records.PartialDate.packed``); NULL is an absent date.  Codes are kept without their texts.

This module declares and creates tables.  It refuses to query, and it declares no foreign keys:
a register is loaded in bulk and never edited here, so its checker proves references once
instead of the database proving them row by row.

In what code table a ``*_code`` column is looked up is written down once, in ``rows``; for events
it is OlayTipi.  Provinces and districts have tables of their own.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
)
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateTable

metadata = MetaData()

#: SQLite makes only a plain INTEGER PRIMARY KEY the row's own key.
_LONG = BigInteger().with_variant(Integer(), "sqlite")
_PLACE = ("registry_district_code", "volume_code", "family_no", "member_no")


def _number() -> Column[int]:
    """The identity number as the sole key of a table."""
    return Column("number", _LONG, primary_key=True, autoincrement=False)


def _names() -> tuple[Column[str], ...]:
    """The four names that every person and every document shows."""
    return (
        Column("given_name", String, nullable=False),
        Column("surname", String),
        Column("mother_name", String),
        Column("father_name", String),
    )


def _person(table: str) -> tuple[Column[Any] | Index, ...]:
    """What the three kinds of persons have in common; they are found by birth date and name."""
    return (
        _number(),
        *_names(),
        Column("mother_number", _LONG),
        Column("father_number", _LONG),
        Column("spouse_number", _LONG),
        Column("sex_code", SmallInteger, nullable=False),
        Column("born", Integer),
        Column("birth_place", String),
        Column("birth_place_code", Integer),
        Column("status_code", SmallInteger, nullable=False),
        Column("civil_status_code", SmallInteger),
        Column("died", Integer),
        Column("real_person_number", _LONG),
        Column("guardianship_code", SmallInteger),
        Column("protected", Boolean, nullable=False, default=False),
        Index(f"{table}_by_birth_date", "born", "surname"),
    )


def _document() -> tuple[Column[Any], ...]:
    """What most documents have in common; a person has at most one of each kind."""
    return (
        _number(),
        *_names(),
        Column("sex_code", SmallInteger, nullable=False),
        Column("born", Integer),
    )


citizens = Table(
    "citizens",
    metadata,
    *_person("citizens"),
    Column("mother_ancestry_not_found", Boolean, nullable=False, default=False),
    Column("father_ancestry_not_found", Boolean, nullable=False, default=False),
    Column("religion_code", SmallInteger),
    Column("registered", Integer),
    Column("registry_district_code", Integer),
    Column("volume_code", Integer),
    Column("family_no", Integer),
    Column("member_no", Integer),
    Column("former_surname", String),
    Column("former_foreigner_number", _LONG),
    Index("citizens_by_registry_place", *_PLACE),
    Index("citizens_by_district_and_birth", "registry_district_code", "born"),
    Index("citizens_by_father", "father_number"),
    Index("citizens_by_mother", "mother_number"),
)

foreigners = Table(
    "foreigners",
    metadata,
    *_person("foreigners"),
    Column("nationality_code", Integer),
    Column("standing_code", SmallInteger),
    Column("permit_no", String),
    Column("permit_start", DateTime),
    Column("permit_end", DateTime),
    Column("permit_open_end_reason_code", SmallInteger),
    Column("permit_province_code", SmallInteger),
    Column("source_unit_code", Integer),
    Column("acquired_citizen_number", _LONG),
)

blue_card_persons = Table(
    "blue_card_persons",
    metadata,
    *_person("blue_card_persons"),
    Column("country_code", Integer),
    Column("acquired_citizen_number", _LONG),
)

#: A person has at most one current booklet.
old_booklets = Table(
    "old_booklets",
    metadata,
    _number(),
    *_names(),
    Column("born", Integer),
    Column("birth_place", String),
    Column("series", String, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("record_no", _LONG, nullable=False),
    Column("issue_reason_code", SmallInteger),
    Column("issuing_district_code", Integer),
    Column("issued", Integer),
)

#: Cards follow one another by ``sequence``; the highest that is not cancelled is the card.
identity_cards = Table(
    "identity_cards",
    metadata,
    Column("number", _LONG, primary_key=True, autoincrement=False),
    Column("sequence", SmallInteger, primary_key=True, autoincrement=False),
    *_names(),
    Column("cancelled", Boolean, nullable=False, default=False),
    Column("sex_code", SmallInteger, nullable=False),
    Column("born", Integer),
    Column("serial_no", String, nullable=False),
    Column("expires", Integer),
    Column("authority", String),
    Column("blood_group_code", SmallInteger),
    Column("licence_loaded", Boolean, nullable=False, default=False),
    Column("licence_loaded_on", Integer),
    Column("birth_place", String),
    Column("application_reason_code", SmallInteger),
    Column("record_no", _LONG),
    Column("delivering_unit_code", Integer),
    Column("delivered", Integer),
    sqlite_with_rowid=False,
)

temporary_identities = Table(
    "temporary_identities",
    metadata,
    *_document(),
    Column("document_no", String, nullable=False),
    Column("issued", Integer),
    Column("issuing_district_code", Integer),
    Column("former_surname", String),
    Column("expires", Integer),
    Column("blood_group_code", SmallInteger),
)

old_blue_cards = Table(
    "old_blue_cards",
    metadata,
    *_document(),
    Column("former_surname", String),
    Column("birth_place", String),
    Column("birth_place_code", Integer),
    Column("civil_status_code", SmallInteger),
    Column("nationality_code", Integer),
    Column("series", String, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("record_no", _LONG, nullable=False),
    Column("unit_code", Integer),
    Column("issue_reason_code", SmallInteger),
    Column("issued", Integer),
)

new_blue_cards = Table(
    "new_blue_cards",
    metadata,
    *_document(),
    Column("nationality_code", Integer),
    Column("serial_no", String, nullable=False),
    Column("expires", Integer),
    Column("authority", String),
)

new_blue_card_temporaries = Table(
    "new_blue_card_temporaries",
    metadata,
    *_document(),
    Column("nationality_code", Integer),
    Column("document_no", String, nullable=False),
    Column("issued", Integer),
    Column("issuing_district_code", Integer),
    Column("expires", Integer),
)

#: Apart from the documents, so that no document query can read the bytes (K3.12 T-F6).
photos = Table(
    "photos",
    metadata,
    Column("number", _LONG, primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("image", LargeBinary, nullable=False),
)

provinces = Table(
    "provinces",
    metadata,
    Column("code", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
)

districts = Table(
    "districts",
    metadata,
    Column("code", Integer, primary_key=True, autoincrement=False),
    Column("province_code", SmallInteger, nullable=False),
    Column("name", String, nullable=False),
)

neighbourhoods = Table(
    "neighbourhoods",
    metadata,
    Column("code", Integer, primary_key=True, autoincrement=False),
    Column("district_code", Integer, nullable=False),
    Column("name", String, nullable=False),
)

#: ``Cilt``: the same code exists in every district (K3.11).
volumes = Table(
    "volumes",
    metadata,
    Column("district_code", Integer, primary_key=True, autoincrement=False),
    Column("code", Integer, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    sqlite_with_rowid=False,
)

#: One row a numbered unit, shared by those who live there; ``text`` is the open address.
#: Streets are too many to keep in memory, so their names stand here beside their codes.
dwellings = Table(
    "dwellings",
    metadata,
    Column("address_no", _LONG, primary_key=True, autoincrement=False),
    Column("text", String),
    Column("district_code", Integer, nullable=False),
    Column("neighbourhood_code", Integer),
    Column("village_name", String),
    Column("village_code", _LONG),
    Column("village_record_no", _LONG),
    Column("street_code", Integer),
    Column("street_name", String),
    Column("building_code", _LONG),
    Column("building_no", Integer),
    Column("building_status_code", SmallInteger),
    Column("building_kind_code", SmallInteger),
    Column("building_use_code", SmallInteger),
    Column("numbering_kind_code", SmallInteger),
    Column("lot_block", String),
    Column("lot_sheet", String),
    Column("lot_parcel", String),
    Column("block_name", String),
    Column("estate_name", String),
    Column("outer_door_no", String),
    Column("inner_door_no", String),
    Column("floor_no", String),
    Column("unit_status_code", SmallInteger),
    Column("unit_kind_code", SmallInteger),
    Column("deed_unit_no", String),
    Column("floors_below_road", SmallInteger),
    Column("floors_above_road", SmallInteger),
)

#: One row a person and address.  A domestic one names its dwelling by ``address_no``; one
#: abroad has no dwelling and fills ``abroad_*``.  Archived rows are history (K3.5 R1).
addresses = Table(
    "addresses",
    metadata,
    Column("number", _LONG, primary_key=True, autoincrement=False),
    Column("sequence", SmallInteger, primary_key=True, autoincrement=False),
    Column("residence", Boolean, nullable=False),
    Column("archived", Boolean, nullable=False, default=False),
    Column("kind_code", SmallInteger, nullable=False),
    Column("address_no", _LONG),
    Column("declared", Integer),
    Column("declared_by_number", _LONG),
    Column("moved", Integer),
    Column("registered", Integer),
    Column("move_reason_code", SmallInteger),
    Column("move_reason_text", String),
    Column("mission_code", Integer),
    Column("abroad_country_code", Integer),
    Column("abroad_city", String),
    Column("abroad_text", String),
    Column("correction_declared", DateTime),
    Column("correction_decided", DateTime),
    Column("correction_reason_code", SmallInteger),
    sqlite_with_rowid=False,
)

#: ``ended`` and ``end_code`` (an OlayTipi: divorce, death, annulment) are NULL while it lasts.
marriages = Table(
    "marriages",
    metadata,
    Column("marriage_no", _LONG, primary_key=True, autoincrement=False),
    Column("husband_number", _LONG, nullable=False),
    Column("wife_number", _LONG, nullable=False),
    Column("married", Integer, nullable=False),
    Column("registered", Integer, nullable=False),
    Column("ended", Integer),
    Column("end_code", SmallInteger),
    Index("marriages_by_husband", "husband_number"),
    Index("marriages_by_wife", "wife_number"),
)

#: What happened to a person (``NkoOlay``).  The registry place is the person's own after the
#: event, ``given_name`` and ``surname`` what the event gave the person (NULL where it gave
#: none), ``counterpart_*`` the other person where there is one.
events = Table(
    "events",
    metadata,
    Column("record_no", _LONG, primary_key=True, autoincrement=False),
    Column("number", _LONG, nullable=False),
    Column("kind_code", SmallInteger, nullable=False),
    Column("happened", Integer),
    Column("registered", Integer),
    Column("registry_district_code", Integer),
    Column("volume_code", Integer),
    Column("family_no", Integer),
    Column("member_no", Integer),
    Column("counterpart_number", _LONG),
    Column("counterpart_given_name", String),
    Column("counterpart_surname", String),
    Column("description", String),
    Column("remark", String),
    Column("given_name", String),
    Column("surname", String),
    Index("events_by_number", "number"),
)

codes = Table(
    "codes",
    metadata,
    Column("table_name", String, primary_key=True),
    Column("code", Integer, primary_key=True, autoincrement=False),
    Column("text", String, nullable=False),
    Column("verified", Boolean, nullable=False),
)

#: kind (SENTETIK or GERCEK), seed, size, date (ISO), version, content_digest.
register_info = Table(
    "register_info",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)


def create_tables(connection: Connection, *, indexes: bool = True) -> None:
    """Create every table of the register.

    With ``indexes=False`` the secondary indices wait for ``create_indexes``: filling a table
    first and indexing it once is several times faster.
    """
    if indexes:
        metadata.create_all(connection)
        return
    for table in metadata.sorted_tables:
        connection.execute(CreateTable(table))


def create_indexes(connection: Connection) -> None:
    """Create the secondary indices that are still missing."""
    for table in metadata.sorted_tables:
        for index in table.indexes:
            index.create(connection, checkfirst=True)
