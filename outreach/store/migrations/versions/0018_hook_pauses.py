"""Webhooks can be paused, and get another secret.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from outreach.store.types import Instant

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_COLUMNS = ("paused_at", "rotated_at")


def upgrade() -> None:
    """Go up."""
    for name in _COLUMNS:
        op.add_column("hook", sa.Column(name, Instant(timezone=True), nullable=True))


def downgrade() -> None:
    """Go down, in place: a copy of the table, as batch mode makes on SQLite, would break the keys that point at it."""
    for name in _COLUMNS:
        op.drop_column("hook", name)
