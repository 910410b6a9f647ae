"""Whoever wants to be called stands before those who wait for a text.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_PLACE = (
    "CASE WHEN state = 'closed' THEN 9 WHEN state <> 'waiting' THEN 3 "
    "WHEN urgent <> '' THEN 0 WHEN {first} THEN 1 ELSE 2 END"
)
_LISTED = ("assignee", "programme", "topic", "language")


def upgrade() -> None:
    """Go up. The numbers stay what they were, so that processes of the version before list the same threads."""
    _computed("hold OR wants_call")


def downgrade() -> None:
    """Go down."""
    _computed("hold")


def _computed(first: str) -> None:
    """Compute the place anew, in place: a copy of the table would break the keys that point at it."""
    for name in ("place", *_LISTED):
        op.drop_index(f"ix_thread_{name}", "thread")
    op.drop_column("thread", "place")
    stored = op.get_bind().dialect.name != "sqlite"  # SQLite can add only what it computes when asked
    place = sa.Computed(_PLACE.format(first=first), persisted=stored)
    op.add_column("thread", sa.Column("place", sa.SmallInteger(), place, nullable=False))
    op.create_index("ix_thread_place", "thread", ["place", "since", "id"])
    for name in _LISTED:
        op.create_index(f"ix_thread_{name}", "thread", [name, "place", "since", "id"])
