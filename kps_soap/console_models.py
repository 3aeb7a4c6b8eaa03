"""The tables of the console: who is signed in, and which forms were sent.

``models`` gathers them with all others.  Times are whole microseconds since 1970-01-01 UTC
(``…_us``).  A session and a form are kept under SHA-256 of what the browser holds, so that who
reads this database can be nobody.  This room describes tables; it runs no statement.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text

from kps_soap.model_metadata import METADATA

#: One row a browser that somebody has signed in with.  ``step`` says what is still to be done
#: before the pages open; ``person_stamp`` is what of the person must not change meanwhile.
console_sessions: Final = Table(
    "console_sessions",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("person_id", String(64), nullable=False),
    Column("person_stamp", BigInteger, nullable=False),
    Column("step", String(16), nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("ends_us", BigInteger, nullable=False),
    Column("source_address", Text, nullable=False),
)
Index(None, console_sessions.c.person_id)
Index(None, console_sessions.c.ends_us)

#: Forms that were sent: each is taken once.
console_spent_forms: Final = Table(
    "console_spent_forms",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("spent_us", BigInteger, nullable=False),
)
Index(None, console_spent_forms.c.spent_us)
