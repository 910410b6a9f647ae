"""Let a thread say which danger it speaks of.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up. The server's default keeps processes of the version before able to write."""
    op.add_column("thread", sa.Column("urgent", sa.String(length=16), server_default="", nullable=False))


def downgrade() -> None:
    """Go down. In place: a copy of the table, as batch mode makes on SQLite, would break the keys that point at it."""
    op.drop_column("thread", "urgent")
