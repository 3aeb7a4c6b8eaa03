"""Who was asked about today, what looked like misuse, protected persons, the state of rosters."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_quotas()
    _make_tallies()
    _make_findings()
    _make_protected()
    _make_rosters()


def downgrade() -> None:
    for table in (
        *("roster_counts", "roster_states", "misuse_versions", "protected_persons"),
        *("misuse_findings", "misuse_subjects", "misuse_days", "misuse_tallies"),
        *("asked_counts", "asked_persons", "asked_days"),
    ):
        op.drop_table(table)


def _make_quotas() -> None:
    op.create_table(
        "asked_days",
        _day(),
        _bytes("salt"),
        sa.PrimaryKeyConstraint("day", name="pk_asked_days"),
    )
    op.create_table(
        "asked_persons",
        _day(),
        _bytes("person_digest"),
        sa.PrimaryKeyConstraint("day", "person_digest", name="pk_asked_persons"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "asked_counts",
        _name("agreement"),
        _day(),
        _user("worker"),
        _whole("persons"),
        _whole("calls"),
        sa.PrimaryKeyConstraint("agreement", "day", "worker", name="pk_asked_counts"),
        sqlite_with_rowid=False,
    )


def _make_tallies() -> None:
    op.create_table(
        "misuse_tallies",
        _whole("slot_us"),
        _name("institution"),
        _name("account"),
        _user("inquirer"),
        _name("source_address"),
        _user("worker"),
        _name("agreement"),
        *map(_whole, ("calls", "criteria", "not_found", "neighbours", "namesakes")),
        sa.PrimaryKeyConstraint(
            *("slot_us", "institution", "account", "inquirer", "source_address", "worker"),
            name="pk_misuse_tallies",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "misuse_days",
        _day(),
        _name("institution"),
        _name("account"),
        _user("worker"),
        _name("agreement"),
        _whole("calls"),
        sa.PrimaryKeyConstraint("day", "institution", "account", "worker", name="pk_misuse_days"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "misuse_subjects",
        _day(),
        _bytes("person_digest"),
        _bytes("inquirer_digest"),
        _name("institution"),
        sa.PrimaryKeyConstraint(
            "day", "person_digest", "inquirer_digest", name="pk_misuse_subjects"
        ),
        sqlite_with_rowid=False,
    )


def _make_findings() -> None:
    op.create_table(
        "misuse_findings",
        sa.Column("finding_id", sa.String(16), nullable=False),
        _whole("found_us"),
        _day(),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("about", sa.String(255), nullable=False),
        *map(_name, ("institution", "agreement", "account")),
        _user("inquirer"),
        _text("summary"),
        *map(_whole, ("measured", "threshold")),
        _text("record"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("act", sa.String(16), nullable=False),
        _whole("settled_us"),
        *map(_text, ("settled_by", "settled_reason")),
        sa.PrimaryKeyConstraint("finding_id", name="pk_misuse_findings"),
    )
    op.create_index(
        "ix_misuse_findings_rule_day_about",
        "misuse_findings",
        ["rule", "day", "about"],
        unique=True,
    )
    op.create_index("ix_misuse_findings_found_us", "misuse_findings", ["found_us"])


def _make_protected() -> None:
    op.create_table(
        "protected_persons",
        _bytes("person_digest"),
        _whole("since_us"),
        sa.PrimaryKeyConstraint("person_digest", name="pk_protected_persons"),
        sqlite_with_rowid=False,
    )
    versions = op.create_table(
        "misuse_versions",
        sa.Column("subject", sa.String(16), nullable=False),
        _whole("number"),
        sa.PrimaryKeyConstraint("subject", name="pk_misuse_versions"),
    )
    op.bulk_insert(versions, [{"subject": "KORUNANLAR", "number": 0}])


def _make_rosters() -> None:
    op.create_table(
        "roster_states",
        _name("institution"),
        _whole("persons"),
        _bytes("set_digest"),
        _whole("changed_us"),
        sa.PrimaryKeyConstraint("institution", name="pk_roster_states"),
    )
    op.create_table(
        "roster_counts",
        _name("institution"),
        _day(),
        sa.Column("mode", sa.String(16), nullable=False),
        _user("worker"),
        *map(_whole, ("asked", "missing")),
        sa.PrimaryKeyConstraint("institution", "day", "mode", "worker", name="pk_roster_counts"),
        sqlite_with_rowid=False,
    )


def _day() -> sa.Column[object]:
    return sa.Column("day", sa.String(10), nullable=False)


def _name(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.String(64), nullable=False)


def _user(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.String(160), nullable=False)


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=False)


def _bytes(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _whole(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)
