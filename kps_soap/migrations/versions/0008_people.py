"""People, what each may do and who let them; mandates, systems, and an account's former secret."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_people()
    _make_shares()
    _make_what_stands_beside()


def downgrade() -> None:
    for table in (
        *("approvals", "former_secrets", "systems", "mandates", "special_shares"),
        *("narrowings", "seats", "former_passwords", "people"),
    ):
        op.drop_table(table)


def _make_people() -> None:
    op.create_table(
        "people",
        *(_word(name) for name in ("person_id", "institution")),
        _text("name"),
        *(_word(name) for name in ("unit", "inquirer")),
        _text("roles"),
        *(_word(name, 16) for name in ("state", "shut_by")),
        _word("valid_from", 10),
        _day("valid_until"),
        _word("deputy_for"),
        _day("deputy_until"),
        _text("sought_by"),
        *(_whole(name) for name in ("changed_us", "row_version", "login_version")),
        sa.Column("password_hash", sa.Text()),
        _count("must_change"),
        sa.Column("code_secret", sa.LargeBinary()),
        _whole("code_step"),
        _count("failures"),
        _day("failures_day"),
        _count("failures_today"),
        _whole("locked_until_us"),
        sa.PrimaryKeyConstraint("person_id", name="pk_people"),
    )
    op.create_index(
        "ix_people_institution_inquirer", "people", ["institution", "inquirer"], unique=True
    )
    op.create_table(
        "former_passwords",
        _word("person_id"),
        _whole("login_version"),
        _text("password_hash"),
        sa.PrimaryKeyConstraint("person_id", "login_version", name="pk_former_passwords"),
    )


def _make_shares() -> None:
    op.create_table(
        "seats",
        *(_word(name) for name in ("institution", "unit")),
        _count("most"),
        sa.PrimaryKeyConstraint("institution", "unit", name="pk_seats"),
    )
    op.create_table(
        "narrowings",
        _word("person_id"),
        _word("service", 80),
        _word("version", 32),
        *(_text(name) for name in ("purposes", "fields")),
        sa.PrimaryKeyConstraint("person_id", "service", "version", name="pk_narrowings"),
    )
    op.create_table(
        "special_shares",
        _word("person_id"),
        _word("service", 80),
        _whole("approval"),
        sa.PrimaryKeyConstraint("person_id", "service", name="pk_special_shares"),
    )


def _make_what_stands_beside() -> None:
    op.create_table(
        "mandates",
        _whole("number"),
        _word("account"),
        _text("vendor"),
        _word("institution"),
        *(_text(name) for name in ("services", "networks")),
        *(_word(name, 10) for name in ("valid_from", "valid_until")),
        _day("ended"),
        sa.PrimaryKeyConstraint("number", name="pk_mandates"),
    )
    op.create_index("ix_mandates_account", "mandates", ["account"])
    op.create_table(
        "systems",
        _whole("number"),
        _word("institution"),
        *(_text(name) for name in ("vendor", "product", "version")),
        _word("since", 10),
        _day("until"),
        _whole("row_version"),
        sa.PrimaryKeyConstraint("number", name="pk_systems"),
    )
    op.create_index("ix_systems_institution", "systems", ["institution"])
    op.create_table(
        "former_secrets",
        _word("account"),
        _text("password_hash"),
        _whole("until_us"),
        sa.PrimaryKeyConstraint("account", name="pk_former_secrets"),
    )
    op.create_table(
        "approvals",
        _whole("number"),
        _word("kind", 32),
        _word("subject"),
        _text("what"),
        _word("institution"),
        _text("asked_by"),
        _whole("asked_us"),
        _text("reason"),
        _word("state", 16),
        _text("decided_by"),
        sa.Column("decided_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("number", name="pk_approvals"),
    )
    op.create_index("ix_approvals_state", "approvals", ["state"])


def _word(name: str, longest: int = 64) -> sa.Column[object]:
    return sa.Column(name, sa.String(longest), nullable=False)


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=False)


def _day(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.String(10))


def _whole(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def _count(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Integer(), nullable=False)
