"""Invariants about families: parents, marriages, surnames (I3 to I8, I11, I12 of K4.6).

Each rule is a statement that counts what breaks it.  Dates are compared as packed numbers: a
packed date with unknown parts is its own earliest day, ``+ 31`` or ``+ 1231`` its latest.  A rule
never says who breaks it.
"""

# Tables and columns in statements are constants of this package; values are always bound.
# ruff: noqa: S608

from typing import Final

from kps_soap.registry.rules import Rule

#: Everybody who can be somebody's parent or spouse.
_EVERYBODY: Final = (
    "(SELECT number, sex_code, given_name, born FROM citizens"
    " UNION ALL SELECT number, sex_code, given_name, born FROM foreigners"
    " UNION ALL SELECT number, sex_code, given_name, born FROM blue_card_persons b"
    " WHERE NOT EXISTS (SELECT 1 FROM citizens c WHERE c.number = b.number))"
)
_KINDS_OF_PERSONS: Final = ("citizens", "foreigners", "blue_card_persons")
#: The last marriage of everybody who ever had one.
_LAST_MARRIAGE: Final = (
    "(SELECT number, max(marriage_no) AS marriage_no FROM"
    " (SELECT husband_number AS number, marriage_no FROM marriages"
    " UNION ALL SELECT wife_number, marriage_no FROM marriages) AS parties GROUP BY number)"
)


def latest(column: str) -> str:
    """SQL for the latest day a packed date may stand for."""
    return (
        f"({column} + CASE WHEN {column} % 10000 = 0 THEN 1231"
        f" WHEN {column} % 100 = 0 THEN 31 ELSE 0 END)"
    )


def _parents_of(table: str) -> list[Rule]:
    """A parent who is named by number exists, has the right sex, age and name (I3, I4)."""
    rules = []
    for parent, sex, youngest, oldest in (("mother", "woman", 13, 52), ("father", "man", 15, 80)):
        number, name = f"{parent}_number", f"{parent}_name"
        both = f"FROM {table} p JOIN {_EVERYBODY} AS e ON e.number = p.{number}"
        rules += [
            Rule(
                "I3",
                f"a {parent} of the {table} is not in the register",
                f"SELECT count(*) FROM {table} p WHERE p.{number} IS NOT NULL AND NOT EXISTS"
                f" (SELECT 1 FROM citizens e WHERE e.number = p.{number}) AND NOT EXISTS"
                f" (SELECT 1 FROM foreigners e WHERE e.number = p.{number}) AND NOT EXISTS"
                f" (SELECT 1 FROM blue_card_persons e WHERE e.number = p.{number})",
            ),
            Rule(
                "I3",
                f"a {parent} of the {table} has another sex or name than written",
                f"SELECT count(*) {both}"
                f" WHERE e.sex_code <> :{sex} OR e.given_name <> COALESCE(p.{name}, '')",
            ),
            Rule(
                "I4",
                f"a {parent} of the {table} was too young or too old at the birth",
                f"SELECT count(*) {both} WHERE ({latest('p.born')} - e.born) / 10000 < {youngest}"
                f" OR (p.born - {latest('e.born')}) / 10000 > {oldest}",
            ),
        ]
    return rules


def _overlap(party: str) -> Rule:
    """Nobody is married twice at a time (I6)."""
    return Rule(
        "I6",
        f"marriages of one {party} overlap",
        "SELECT count(*) FROM marriages a JOIN marriages b"
        f" ON a.{party}_number = b.{party}_number AND a.marriage_no < b.marriage_no"
        " WHERE b.married < COALESCE(a.ended, 99999999)"
        " AND a.married < COALESCE(b.ended, 99999999)",
    )


def _spouses() -> list[Rule]:
    """Spouse numbers point at each other and at a marriage that lasts (I7)."""
    rules = [
        Rule(
            "I7",
            f"a spouse of the {table} does not point back",
            f"SELECT count(*) FROM {table} p LEFT JOIN {table} s ON s.number = p.spouse_number"
            " WHERE p.spouse_number IS NOT NULL"
            " AND COALESCE(s.spouse_number, 0) <> p.number",
        )
        for table in ("citizens", "foreigners")
    ]
    for party, other in (("husband", "wife"), ("wife", "husband")):
        rules.append(
            Rule(
                "I7",
                f"the {party} of a lasting marriage does not point to the {other}",
                "SELECT count(*) FROM marriages m"
                f" LEFT JOIN citizens p ON p.number = m.{party}_number WHERE m.ended IS NULL"
                f" AND COALESCE(p.spouse_number, 0) <> m.{other}_number",
            )
        )
    rules.append(
        Rule(
            "I7",
            "a spouse number stands without a lasting marriage",
            "SELECT count(*) FROM citizens p WHERE p.spouse_number IS NOT NULL AND NOT EXISTS"
            " (SELECT 1 FROM marriages m WHERE m.ended IS NULL AND m.husband_number = p.number)"
            " AND NOT EXISTS"
            " (SELECT 1 FROM marriages m WHERE m.ended IS NULL AND m.wife_number = p.number)",
        )
    )
    return rules


_CIVIL_STATUS: Final = Rule(
    "I8",
    "a civil status does not follow from the last marriage",
    f"SELECT count(*) FROM citizens c LEFT JOIN {_LAST_MARRIAGE} AS last"
    " ON last.number = c.number"
    " LEFT JOIN marriages m ON m.marriage_no = last.marriage_no"
    " WHERE c.civil_status_code IS NULL OR c.civil_status_code <> CASE"
    " WHEN m.marriage_no IS NULL THEN :single"
    " WHEN m.ended IS NULL THEN :married"
    " WHEN m.end_code = :divorce THEN :divorced"
    " WHEN m.end_code = :annulment THEN :annulled"
    " WHEN c.died = m.ended AND c.civil_status_code = :married THEN :married"
    " ELSE :widowed END",
)

#: Nobody changed this person's surname but kinship and marriage.
_NO_COURT: Final = (
    "NOT EXISTS (SELECT 1 FROM events e WHERE e.number = c.number"
    " AND e.kind_code = :surname_change)"
)
_BEARS_OWN: Final = "c.civil_status_code NOT IN (:married, :widowed)"
_SURNAMES: Final = (
    Rule(
        "I12",
        "a child does not bear the father's surname",
        "SELECT count(*) FROM citizens c JOIN citizens f ON f.number = c.father_number"
        f" WHERE (c.sex_code = :man OR {_BEARS_OWN})"
        f" AND COALESCE(c.surname, '') <> COALESCE(f.surname, '') AND {_NO_COURT}",
    ),
    Rule(
        "I12",
        "a child without a father does not bear the mother's maiden surname",
        "SELECT count(*) FROM citizens c JOIN citizens m ON m.number = c.mother_number"
        f" WHERE c.father_number IS NULL AND (c.sex_code = :man OR {_BEARS_OWN})"
        " AND COALESCE(c.surname, '') <> COALESCE(CASE"
        " WHEN m.civil_status_code IN (:married, :widowed) THEN m.former_surname"
        f" ELSE m.surname END, '') AND {_NO_COURT}",
    ),
    Rule(
        "I12",
        "a wife or widow does not bear the husband's surname",
        f"SELECT count(*) FROM citizens c JOIN {_LAST_MARRIAGE} AS last"
        " ON last.number = c.number JOIN marriages m ON m.marriage_no = last.marriage_no"
        " JOIN citizens h ON h.number = m.husband_number WHERE m.wife_number = c.number"
        " AND c.civil_status_code IN (:married, :widowed) AND h.surname IS NOT NULL"
        " AND COALESCE(c.surname, '') NOT IN (h.surname,"
        " COALESCE(c.former_surname, '') || ' ' || h.surname,"
        " COALESCE(c.former_surname, '') || '-' || h.surname)",
    ),
)

_FLAGS: Final = tuple(
    Rule(
        "I3",
        f"the flag for an unknown {parent} contradicts the {parent}'s number",
        f"SELECT count(*) FROM citizens WHERE {parent}_ancestry_not_found ="
        f" ({parent}_number IS NOT NULL)",
    )
    for parent in ("mother", "father")
)

KINSHIP_RULES: Final[tuple[Rule, ...]] = (
    *(rule for table in _KINDS_OF_PERSONS for rule in _parents_of(table)),
    *_FLAGS,
    _overlap("husband"),
    _overlap("wife"),
    *_spouses(),
    _CIVIL_STATUS,
    *_SURNAMES,
)
