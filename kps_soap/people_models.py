"""The tables of people: who stands behind an account, what each may do, and who let them.

``models`` gathers them with all others.  Times are whole microseconds since 1970-01-01 UTC
(``…_us``), days ISO 8601 civil days of Istanbul.  This room describes tables; it runs no
statement.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
)

from kps_soap.model_metadata import METADATA

#: Everybody who has a name here.  ``institution`` is empty at the centre; ``inquirer`` is what
#: their calls state; ``roles`` are words parted by blanks; ``shut_by`` is who blocked them
#: (MERKEZ, KURUM).  ``login_version`` grows with whatever ends sessions, ``row_version`` with
#: every change.  The columns from ``password_hash`` on are what a log-in needs;
#: ``code_secret`` is wrapped, and ``code_step`` the last step of which a code was used.
#: ``password_us`` is when the own password was chosen.  ``temporary`` is 0 for who stays, 1 for who
#: is here for a while (§5.16), 2 for whom that was renewed.
people: Final = Table(
    "people",
    METADATA,
    Column("person_id", String(64), primary_key=True),
    Column("institution", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("unit", String(64), nullable=False),
    Column("inquirer", String(64), nullable=False),
    Column("roles", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("shut_by", String(16), nullable=False),
    Column("valid_from", String(10), nullable=False),
    Column("valid_until", String(10)),
    Column("deputy_for", String(64), nullable=False),
    Column("deputy_until", String(10)),
    Column("sought_by", Text, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("row_version", BigInteger, nullable=False),
    Column("login_version", BigInteger, nullable=False),
    Column("password_hash", Text),
    Column("must_change", Integer, nullable=False),
    Column("code_secret", LargeBinary),
    Column("code_step", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failures_day", String(10)),
    Column("failures_today", Integer, nullable=False),
    Column("locked_until_us", BigInteger, nullable=False),
    Column("password_us", BigInteger, nullable=False, server_default="0"),
    Column("temporary", Integer, nullable=False, server_default="0"),
)
Index(None, people.c.institution, people.c.inquirer, unique=True)

#: What was said of an end that comes: a person's last day, the age of a password.  ``subject`` is
#: a person or an account, ``threshold`` how many days were left.
access_notices: Final = Table(
    "access_notices",
    METADATA,
    Column("subject", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("threshold", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

#: The last passwords of a person, so that none of them comes back.
former_passwords: Final = Table(
    "former_passwords",
    METADATA,
    Column("person_id", String(64), primary_key=True),
    Column("login_version", BigInteger, primary_key=True, autoincrement=False),
    Column("password_hash", Text, nullable=False),
)

#: How many people a unit of an institution may have; the empty unit is the whole institution.
seats: Final = Table(
    "seats",
    METADATA,
    Column("institution", String(64), primary_key=True),
    Column("unit", String(64), primary_key=True),
    Column("most", Integer, nullable=False),
)

#: What a person may do of the agreement, where not all of it: a row a service.  An empty
#: ``version`` is every version, an empty list (JSON) all that the agreement grants.
narrowings: Final = Table(
    "narrowings",
    METADATA,
    Column("person_id", String(64), primary_key=True),
    Column("service", String(80), primary_key=True),
    Column("version", String(32), primary_key=True),
    Column("purposes", Text, nullable=False),
    Column("fields", Text, nullable=False),
)

#: Of which services a person may see special categories, and by which approval.
special_shares: Final = Table(
    "special_shares",
    METADATA,
    Column("person_id", String(64), primary_key=True),
    Column("service", String(80), primary_key=True),
    Column("approval", BigInteger, nullable=False),
)

#: Accounts that act for an institution (§5.17).  ``services`` and ``networks`` are JSON lists;
#: ``ended`` is the day on which somebody ended it early.
mandates: Final = Table(
    "mandates",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("account", String(64), nullable=False),
    Column("vendor", Text, nullable=False),
    Column("institution", String(64), nullable=False),
    Column("services", Text, nullable=False),
    Column("networks", Text, nullable=False),
    Column("valid_from", String(10), nullable=False),
    Column("valid_until", String(10), nullable=False),
    Column("ended", String(10)),
)
Index(None, mandates.c.account)

#: The software that calls for an institution (§5.5).
systems: Final = Table(
    "systems",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("institution", String(64), nullable=False),
    Column("vendor", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("since", String(10), nullable=False),
    Column("until", String(10)),
    Column("row_version", BigInteger, nullable=False),
)
Index(None, systems.c.institution)

#: The former secret of an account, until it ends: an unattended system changes in its own time.
former_secrets: Final = Table(
    "former_secrets",
    METADATA,
    Column("account", String(64), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)

#: What one person asks for and another must allow.  ``what`` is JSON.
approvals: Final = Table(
    "approvals",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("what", Text, nullable=False),
    Column("institution", String(64), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_us", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_us", BigInteger),
)
Index(None, approvals.c.state)

#: How often accounts and people were changed: one row, which the database itself counts up with
#: every change of the tables that a call's caller is read from.
standing_changes: Final = Table(
    "standing_changes",
    METADATA,
    Column("only", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)
