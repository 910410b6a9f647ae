"""Let a thread say that she wants to be called, and keep what she was asked.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from outreach.store.types import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.add_column("thread", sa.Column("wants_call", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "question",
        sa.Column("person_id", sa.BigInteger(), sa.ForeignKey("person.id"), primary_key=True, autoincrement=False),
        sa.Column("verb", sa.String(length=12), nullable=False),
        sa.Column("code", sa.LargeBinary(length=32), nullable=True),
        sa.Column("until", Instant(timezone=True), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("agreed_at", Instant(timezone=True), nullable=True),
        sa.Column("farewell", sa.BigInteger(), nullable=True),
    )


def downgrade() -> None:
    """Go down. In place: a copy of the table, as batch mode makes on SQLite, would break the keys that point at it."""
    op.drop_table("question")
    op.drop_column("thread", "wants_call")
