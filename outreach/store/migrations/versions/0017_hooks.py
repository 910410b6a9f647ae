"""Tell other programs what happened: whom, and each telling.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from outreach.store.types import Instant

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "hook",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("kinds", sa.String(length=400), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", Instant(timezone=True), nullable=False),
        sa.Column("ended_at", Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_hook"),
        sa.UniqueConstraint("name", name="uq_hook_name"),
    )
    op.create_table(
        "hook_telling",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hook_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("due_at", Instant(timezone=True), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=False),
        sa.Column("leased_until", Instant(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("changed_at", Instant(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'done', 'given_up')", name=op.f("ck_hook_telling_state")),
        sa.ForeignKeyConstraint(["hook_id"], ["hook.id"], name="fk_hook_telling_hook_id"),
        sa.PrimaryKeyConstraint("id", name="pk_hook_telling"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("ix_hook_telling_due", "hook_telling", ["due_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_hook_telling_hook", "hook_telling", ["hook_id", "state", "id"])
    op.create_index("ix_hook_telling_changed_at", "hook_telling", ["changed_at"])


def downgrade() -> None:
    """Go down."""
    op.drop_table("hook_telling")
    op.drop_table("hook")
