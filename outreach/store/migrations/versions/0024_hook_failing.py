"""Since when a webhook hears nothing is written down: the age of what it should hear says something else.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from outreach.store.types import Instant

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.add_column("hook", sa.Column("failing_since", Instant(timezone=True), nullable=True))


def downgrade() -> None:
    """Go down."""
    op.drop_column("hook", "failing_since")
