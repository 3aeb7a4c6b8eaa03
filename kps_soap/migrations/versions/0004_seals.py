"""Checkpoints with their segments, and who does what for all gateways.

Nothing wrote a checkpoint before this release, so both tables are made anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("checkpoint_heads")
    op.drop_table("checkpoints")
    op.create_table(
        "checkpoints",
        _whole("number"),
        sa.Column("format", sa.SmallInteger(), nullable=False),
        _whole("taken_us"),
        _bytes("previous_digest"),
        _bytes("heads_root"),
        _whole("chains"),
        _whole("records"),
        sa.Column("key_id", sa.String(16), nullable=False),
        _bytes("digest"),
        _bytes("signature"),
        sa.Column("timestamp_token", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("number", name="pk_checkpoints"),
    )
    op.create_table(
        "checkpoint_heads",
        _whole("number"),
        sa.Column("chain_id", sa.String(16), nullable=False),
        _whole("position"),
        _whole("first_sequence"),
        _whole("head_sequence"),
        _bytes("head_hash"),
        _bytes("segment_root"),
        _bytes("path"),
        sa.PrimaryKeyConstraint("number", "chain_id", name="pk_checkpoint_heads"),
    )
    op.create_index(
        "ix_checkpoint_heads_chain_id_head_sequence",
        "checkpoint_heads",
        ["chain_id", "head_sequence"],
    )
    op.create_table(
        "duties",
        sa.Column("duty", sa.String(64), nullable=False),
        _whole("number"),
        _whole("not_before_us"),
        sa.PrimaryKeyConstraint("duty", name="pk_duties"),
    )


def downgrade() -> None:
    op.drop_table("duties")
    op.drop_table("checkpoint_heads")
    op.drop_table("checkpoints")
    op.create_table(
        "checkpoints",
        _whole("number"),
        _whole("taken_us"),
        sa.Column("format", sa.SmallInteger(), nullable=False),
        _bytes("previous_digest"),
        _bytes("heads_root"),
        _bytes("digest"),
        sa.Column("key_id", sa.Text(), nullable=False),
        _bytes("signature"),
        sa.Column("timestamp_token", sa.LargeBinary()),
        sa.Column("exported_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("number", name="pk_checkpoints"),
    )
    op.create_table(
        "checkpoint_heads",
        _whole("number"),
        sa.Column("chain_id", sa.String(16), nullable=False),
        _whole("head_sequence"),
        _bytes("head_hash"),
        sa.PrimaryKeyConstraint("number", "chain_id", name="pk_checkpoint_heads"),
    )


def _whole(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=False)


def _bytes(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)
