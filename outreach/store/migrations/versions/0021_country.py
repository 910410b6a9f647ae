"""Let a country be searched: people by fields in their own order, lost numbers by when they were lost, runs by
what they send next.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_VALUES = ("text", "number", "day")


def upgrade() -> None:
    """Go up."""
    for value in _VALUES:
        op.drop_index(f"ix_person_field_{value}", "person_field")
        op.create_index(f"ix_person_field_{value}", "person_field", ["name", value, "person_id"])
    op.drop_index("ix_message_run", "message")
    _of_runs("run_id", "state", "due_at")
    lost = sa.text("state = 'gone' AND kind = 'sms'")
    op.create_index("ix_endpoint_lost", "endpoint", ["changed_at", "id"], sqlite_where=lost, postgresql_where=lost)


def _of_runs(*columns: str) -> None:
    under_way = sa.text("run_id IS NOT NULL AND state IN ('planned', 'queued', 'sending', 'unknown')")
    op.create_index("ix_message_run", "message", list(columns), sqlite_where=under_way, postgresql_where=under_way)


def downgrade() -> None:
    """Go down."""
    op.drop_index("ix_endpoint_lost", "endpoint")
    op.drop_index("ix_message_run", "message")
    _of_runs("run_id")
    for value in _VALUES:
        op.drop_index(f"ix_person_field_{value}", "person_field")
        op.create_index(f"ix_person_field_{value}", "person_field", ["name", value])
