"""Reveals can be refused; why, and why one was disputed, is kept sealed.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up. The server's default keeps processes of the version before able to write."""
    op.add_column("reveal", sa.Column("refused_by", sa.String(length=64), server_default="", nullable=False))
    op.add_column("reveal", sa.Column("answer", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Go down."""
    op.drop_column("reveal", "answer")
    op.drop_column("reveal", "refused_by")
