"""Invariants about single records: numbers, places, documents, addresses (I1 to I22 of K4.6).

What one statement can count is a rule; what needs a look at every value is a function.  Neither
says who breaks it.
"""

# Tables and columns in statements are constants of this package; values are always bound.
# ruff: noqa: S608

import re
from collections.abc import Iterator
from typing import Final

from kps_soap import identity_number
from kps_soap.registry import names
from kps_soap.registry.blocks import COLUMNS
from kps_soap.registry.geography import ADDRESS_NO_MAX, ADDRESS_NO_MIN, DISTRICT_CODE_MIN
from kps_soap.registry.loading import content_digest, driver_rows
from kps_soap.registry.numbers import DENIED, DISJOINT
from kps_soap.registry.rules import Register, Rule, Violation
from kps_soap.turkish import fold, is_name

_PERSONS: Final = ("citizens", "foreigners", "blue_card_persons")
_LIVING: Final = (
    "(SELECT number FROM citizens WHERE status_code = :open"
    " UNION ALL SELECT number FROM foreigners WHERE status_code = :open"
    " UNION ALL SELECT number FROM blue_card_persons WHERE status_code = :open)"
)
_DOCUMENTS: Final = (
    "old_booklets",
    "identity_cards",
    "temporary_identities",
    "old_blue_cards",
    "new_blue_cards",
    "new_blue_card_temporaries",
)
_BOOKLETS_LAST: Final = 20161231

_NUMBER_RULES: Final = (
    Rule(
        "I2",
        "a number is a citizen's and a foreigner's",
        "SELECT count(*) FROM citizens c JOIN foreigners f ON f.number = c.number",
    ),
    Rule(
        "I2",
        "a number is a foreigner's and a blue card holder's",
        "SELECT count(*) FROM foreigners f JOIN blue_card_persons b ON b.number = f.number",
    ),
    Rule(
        "I2",
        "a blue card holder is still a citizen",
        "SELECT count(*) FROM citizens c JOIN blue_card_persons b ON b.number = c.number"
        " WHERE c.status_code <> :closed AND c.status_code <> :deceased",
    ),
    Rule(
        "I16",
        "a foreigner's number does not begin with 99",
        "SELECT count(*) FROM foreigners WHERE number < 99000000000",
    ),
    Rule(
        "I16",
        "a citizen's number begins with 99",
        "SELECT count(*) FROM citizens WHERE number >= 99000000000",
    ),
    Rule(
        "I16",
        "a blue card holder with a citizen's number never was one",
        "SELECT count(*) FROM blue_card_persons b WHERE b.number < 99000000000"
        " AND NOT EXISTS (SELECT 1 FROM citizens c WHERE c.number = b.number)",
    ),
    Rule(
        "I17",
        "a foreigner's new number does not point back",
        "SELECT count(*) FROM foreigners f LEFT JOIN citizens c"
        " ON c.number = f.acquired_citizen_number WHERE f.acquired_citizen_number IS NOT NULL"
        " AND (COALESCE(c.former_foreigner_number, 0) <> f.number OR f.status_code = :open)",
    ),
    Rule(
        "I17",
        "a citizen's former number does not point back",
        "SELECT count(*) FROM citizens c LEFT JOIN foreigners f"
        " ON f.number = c.former_foreigner_number WHERE c.former_foreigner_number IS NOT NULL"
        " AND COALESCE(f.acquired_citizen_number, 0) <> c.number",
    ),
    Rule(
        "I17",
        "a duplicate is open, or does not point to a surviving record",
        "SELECT count(*) FROM foreigners f LEFT JOIN foreigners r"
        " ON r.number = f.real_person_number WHERE f.real_person_number IS NOT NULL"
        " AND (r.number IS NULL OR r.real_person_number IS NOT NULL OR f.status_code = :open)",
    ),
)

_DEATH_RULES: Final = (
    *(
        Rule(
            "I9",
            f"status and date of death of the {table} contradict each other",
            f"SELECT count(*) FROM {table}"
            " WHERE (status_code = :deceased AND died IS NULL)"
            " OR (status_code <> :deceased AND died IS NOT NULL)",
        )
        for table in _PERSONS
    ),
    *(
        Rule(
            "I9",
            f"somebody of the {table} died before birth, or dies after today",
            f"SELECT count(*) FROM {table} WHERE died < born OR died > :today",
        )
        for table in _PERSONS
    ),
    Rule(
        "I9",
        "a deceased person has a spouse",
        "SELECT count(*) FROM citizens WHERE died IS NOT NULL AND spouse_number IS NOT NULL",
    ),
    Rule(
        "I9",
        "a deceased person has a card in force",
        "SELECT count(*) FROM citizens c JOIN identity_cards d ON d.number = c.number"
        " WHERE c.died IS NOT NULL AND NOT d.cancelled",
    ),
    Rule(
        "I9",
        "something happened to a person after death",
        "SELECT count(*) FROM citizens c JOIN events e ON e.number = c.number"
        " WHERE e.happened > c.died",
    ),
    Rule(
        "I9",
        "a marriage outlasts a death",
        "SELECT count(*) FROM marriages m JOIN citizens c"
        " ON c.number = m.husband_number OR c.number = m.wife_number"
        " WHERE c.died IS NOT NULL AND (m.ended IS NULL OR m.ended > c.died)",
    ),
)

_PLACE: Final = "registry_district_code, volume_code, family_no, member_no"
_PLACE_RULES: Final = (
    Rule(
        "I10",
        "two citizens have one place of the register",
        "SELECT count(*) FROM (SELECT 1 FROM citizens"
        f" GROUP BY {_PLACE} HAVING count(*) > 1) AS twice",
    ),
    Rule(
        "I10",
        "a citizen has no place in the register, or one in no volume",
        "SELECT count(*) FROM citizens c LEFT JOIN volumes v"
        " ON v.district_code = c.registry_district_code AND v.code = c.volume_code"
        " WHERE v.code IS NULL OR c.family_no IS NULL OR c.member_no IS NULL",
    ),
    Rule(
        "I10",
        "the members of a line are not numbered without a gap",
        "SELECT count(*) FROM (SELECT 1 FROM"
        f" (SELECT {_PLACE} FROM events UNION SELECT {_PLACE} FROM citizens) AS places"
        " GROUP BY registry_district_code, volume_code, family_no"
        " HAVING min(member_no) <> 1 OR max(member_no) <> count(*)) AS gaps",
    ),
)

_ADDRESS_RULES: Final = (
    Rule(
        "I13",
        "somebody has two residences",
        "SELECT count(*) FROM (SELECT 1 FROM addresses WHERE residence AND NOT archived"
        " GROUP BY number HAVING count(*) > 1) AS twice",
    ),
    Rule(
        "I13",
        "somebody who does not live has an address",
        "SELECT count(*) FROM addresses a WHERE NOT a.archived AND NOT EXISTS"
        f" (SELECT 1 FROM {_LIVING} AS living WHERE living.number = a.number)",
    ),
    Rule(
        "I13",
        "somebody has other addresses but no residence",
        "SELECT count(*) FROM addresses a WHERE NOT a.residence AND NOT EXISTS"
        " (SELECT 1 FROM addresses r WHERE r.number = a.number"
        " AND r.residence AND NOT r.archived)",
    ),
    Rule(
        "I14",
        "an address number is not of ten digits that begin with 9",
        "SELECT count(*) FROM dwellings"
        f" WHERE address_no < {ADDRESS_NO_MIN} OR address_no > {ADDRESS_NO_MAX}",
    ),
    Rule(
        "I14",
        "a dwelling lies in no invented district of a province",
        "SELECT count(*) FROM dwellings w LEFT JOIN districts d ON d.code = w.district_code"
        " LEFT JOIN provinces p ON p.code = d.province_code"
        f" WHERE p.code IS NULL OR d.code < {DISTRICT_CODE_MIN}",
    ),
    Rule(
        "I14",
        "a dwelling's neighbourhood lies in another district",
        "SELECT count(*) FROM dwellings w LEFT JOIN neighbourhoods n"
        " ON n.code = w.neighbourhood_code"
        " WHERE COALESCE(n.district_code, 0) <> w.district_code",
    ),
    Rule(
        "I14",
        "a dwelling has no street, door or written address",
        "SELECT count(*) FROM dwellings WHERE street_code IS NULL OR street_name IS NULL"
        " OR outer_door_no IS NULL OR building_code IS NULL OR text IS NULL",
    ),
    Rule(
        "I14",
        "an address does not have the variant its kind asks for",
        "SELECT count(*) FROM addresses a LEFT JOIN dwellings w ON w.address_no = a.address_no"
        " WHERE NOT CASE a.kind_code"
        " WHEN 1 THEN w.address_no IS NOT NULL AND w.village_code IS NULL"
        " WHEN 2 THEN w.address_no IS NOT NULL AND w.village_code IS NOT NULL"
        " WHEN 3 THEN w.address_no IS NOT NULL AND w.village_code IS NOT NULL"
        " WHEN 4 THEN a.address_no IS NULL AND a.abroad_text IS NOT NULL"
        " ELSE a.kind_code = 0 END",
    ),
    Rule(
        "I14",
        "the dates of an address are out of order",
        "SELECT count(*) FROM addresses"
        " WHERE declared < moved OR registered < declared OR registered > :today",
    ),
)

_TEN_YEARS: Final = "{last} NOT IN ({first} + 100000, {first} + 99999)"
_DOCUMENT_RULES: Final = (
    Rule(
        "I15",
        "a card does not last ten years",
        "SELECT count(*) FROM identity_cards WHERE "
        + _TEN_YEARS.format(first="delivered", last="expires"),
    ),
    Rule(
        "I15",
        "a card was delivered before birth or will be after today",
        "SELECT count(*) FROM identity_cards WHERE delivered < born OR delivered > :today",
    ),
    Rule(
        "I15",
        "a licence is loaded without a date, or before the card was delivered",
        "SELECT count(*) FROM identity_cards WHERE licence_loaded = (licence_loaded_on IS NULL)"
        " OR licence_loaded_on < delivered OR licence_loaded_on > :today",
    ),
    Rule(
        "I15",
        "a card that was followed by another is still in force",
        "SELECT count(*) FROM identity_cards a JOIN identity_cards b ON b.number = a.number"
        " AND b.sequence > a.sequence"
        " WHERE NOT a.cancelled OR b.delivered < a.delivered",
    ),
    Rule(
        "I15",
        "a booklet was issued before birth, after death, or too late",
        "SELECT count(*) FROM old_booklets d JOIN citizens c ON c.number = d.number"
        f" WHERE d.issued < c.born OR d.issued > c.died OR d.issued > {_BOOKLETS_LAST}",
    ),
    Rule(
        "I15",
        "a temporary document ends before it begins",
        "SELECT count(*) FROM temporary_identities"
        " WHERE expires < issued OR issued < born OR issued > :today",
    ),
    Rule(
        "I15",
        "two cards have one serial number",
        "SELECT count(*) FROM (SELECT 1 FROM identity_cards GROUP BY serial_no"
        " HAVING count(*) > 1) AS twice",
    ),
    Rule(
        "I15",
        "two booklets have one number",
        "SELECT count(*) FROM (SELECT 1 FROM old_booklets GROUP BY series, serial"
        " HAVING count(*) > 1) AS twice",
    ),
    *(
        Rule(
            "I15",
            f"nobody has the document: {table}",
            f"SELECT count(*) FROM {table} d WHERE NOT EXISTS"
            f" (SELECT 1 FROM {'blue_card_persons' if 'blue' in table else 'citizens'} p"
            " WHERE p.number = d.number)",
        )
        for table in _DOCUMENTS
    ),
)

RECORD_RULES: Final[tuple[Rule, ...]] = (
    *_NUMBER_RULES,
    *_DEATH_RULES,
    *_PLACE_RULES,
    *_ADDRESS_RULES,
    *_DOCUMENT_RULES,
)

#: Text columns beside names, and what an address may be written with.
_PLACE_NAMES: Final = (
    ("districts", "name"),
    ("neighbourhoods", "name"),
    ("volumes", "name"),
    ("citizens", "birth_place"),
    ("foreigners", "birth_place"),
    ("dwellings", "village_name"),
)
_WRITTEN: Final = re.compile("[A-ZÇĞİÖŞÜÂÎÛ0-9 .,:/'-]+")


def check_numbers(register: Register) -> Iterator[Violation]:
    """I1: every identity number has the check digits of the register's mode, none is denied."""
    disjoint = register.notes.get("numbers") == DISJOINT
    good = identity_number.is_disjoint if disjoint else identity_number.is_valid
    wrong = denied = 0
    for table in _PERSONS:
        for rows in driver_rows(register.connection, f"SELECT number FROM {table}"):
            for (number,) in rows:
                wrong += not (isinstance(number, int) and good(number))
                denied += number in DENIED
    if wrong:
        yield Violation("I1", "an identity number has wrong check digits", wrong)
    if denied:
        yield Violation("I1", "an identity number is on the deny list", denied)


def check_letters(register: Register) -> Iterator[Violation]:
    """I19: names are written with the letters of K3.9, upper case, in one form."""
    for table, columns in COLUMNS.items():
        foreign = table in ("foreigners", "blue_card_persons") or "blue" in table
        for column in columns:
            if column.endswith(("given_name", "surname", "mother_name", "father_name")):
                texts = _distinct(register, table, column)
                bad = sum(not (is_name(one, foreign=foreign) and fold(one) == one) for one in texts)
                if bad:
                    yield Violation("I19", f"{table}.{column} has other letters", bad)
    for table, column in _PLACE_NAMES:
        texts = _distinct(register, table, column)
        bad = sum(not is_name(one) or fold(one) != one for one in texts)
        if bad:
            yield Violation("I19", f"{table}.{column} has other letters", bad)
    for table, column in (("dwellings", "text"), ("dwellings", "street_name")):
        bad = sum(not _WRITTEN.fullmatch(one) for one in _distinct(register, table, column))
        if bad:
            yield Violation("I19", f"{table}.{column} has other letters", bad)


def check_surnames(register: Register) -> Iterator[Violation]:
    """I22: every surname is of the invented pool."""
    for table, columns in COLUMNS.items():
        for column in columns:
            if column.endswith("surname"):
                foreign = table == "foreigners"
                texts = _distinct(register, table, column)
                bad = sum(not names.is_invented(one, foreign=foreign) for one in texts)
                if bad:
                    yield Violation("I22", f"{table}.{column} is not invented", bad)


def check_digest(register: Register) -> Iterator[Violation]:
    """I21: the content is what was made; two runs of one seed note the same digest."""
    if content_digest(register.connection, COLUMNS) != register.notes.get("content_digest"):
        yield Violation("I21", "the content differs from what was made", 1)


def _distinct(register: Register, table: str, column: str) -> Iterator[str]:
    """The different texts of a column."""
    statement = f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL"
    for rows in driver_rows(register.connection, statement):
        for (value,) in rows:
            yield str(value)
