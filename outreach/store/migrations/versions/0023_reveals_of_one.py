"""What one has asked to see is found by its own index: the pages of people and conversations ask for it each time.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_index("ix_reveal_asked", "reveal", ["asked_by", "id"])


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_reveal_asked", "reveal")
