"""What a group of records writes: records, field lists, persons, and the chain's new head.

Each statement makes the thread wait for the database and then for the interpreter, so on
PostgreSQL persons and head go in one; there they are arrays.  SQLite is in this process, and has
no arrays.  This room runs statements in the caller's transaction; it seals and decides nothing.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Dialect,
    Integer,
    LargeBinary,
    String,
    Text,
    Update,
    bindparam,
    cast,
    func,
    insert,
    select,
    update,
)

from kps_soap.driver_statements import Inserter, Prepared
from kps_soap.models import evidence, evidence_chains, evidence_persons, field_lists

_DIGEST_BYTES: Final = 32

_MOVE_HEAD: Final = (
    update(evidence_chains)
    .where(
        evidence_chains.c.chain_id == bindparam("chain"),
        evidence_chains.c.head_sequence == bindparam("from_sequence"),
        evidence_chains.c.head_hash == bindparam("from_hash"),
    )
    .values(head_sequence=bindparam("to_sequence"), head_hash=bindparam("to_hash"))
)


def _with_persons(move: Update) -> Update:
    """The statement that moves the head, with persons whose digests are joined in one value."""
    one = (
        func.unnest(
            cast(bindparam("sequences", type_=Text), ARRAY(BigInteger)),
            cast(bindparam("months", type_=Text), ARRAY(Text)),
        )
        .table_valued("sequence", "month", with_ordinality="at", name="one")
        .render_derived()
    )
    # The ordinal is a bigint, and PostgreSQL counts bytes in integers.
    start = (cast(one.c.at, Integer) - 1) * _DIGEST_BYTES + 1
    rows = select(
        bindparam("chain", type_=String),
        one.c.sequence,
        func.substr(bindparam("digests", type_=LargeBinary), start, _DIGEST_BYTES),
        one.c.month,
    )
    return move.add_cte(
        insert(evidence_persons)
        .from_select(["chain_id", "sequence", "person_digest", "month"], rows)
        .cte("persons")
    )


class GroupRows:
    """The statements of one writer; rows are tuples in the order of their tables' columns."""

    def __init__(self, dialect: Dialect) -> None:
        self._at_once = dialect.name == "postgresql"
        self._insert_records = Inserter(dialect, evidence)
        self._insert_lists = Inserter(dialect, field_lists, skip_known=True)
        self._insert_persons = Inserter(dialect, evidence_persons)
        self._move = Prepared(dialect, _with_persons(_MOVE_HEAD) if self._at_once else _MOVE_HEAD)

    def write(
        self,
        connection: Connection,
        records: Sequence[tuple[Any, ...]],
        lists: Sequence[tuple[Any, ...]],
        persons: Sequence[tuple[Any, ...]],
        head: dict[str, Any],
    ) -> bool:
        """Insert the rows and move the head; False where it was not where ``head`` says.

        ``head``: chain, from_sequence, from_hash, to_sequence, to_hash.
        """
        self._insert_records(connection, records)
        self._insert_lists(connection, lists)
        if self._at_once:
            head = {**head, **_arrays(persons)}
        else:
            self._insert_persons(connection, persons)
        return bool(self._move(connection, head).rowcount == 1)


def _arrays(persons: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """Rows of ``evidence_persons`` as arrays; numbers and months need no quotes there."""
    return {
        "sequences": f"{{{','.join([str(sequence) for _, sequence, _, _ in persons])}}}",
        "months": f"{{{','.join([month for _, _, _, month in persons])}}}",
        "digests": b"".join([digest for _, _, digest, _ in persons]),
    }
