"""Let a thread say since when staff are called for it and when somebody will have read it, and keep who was called.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from outreach.store import types

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TIMES = ("alarm_at", "promised_at", "missed_at")
_INDEXES = {
    "alarm": ("alarm_at", "alarm_at IS NOT NULL AND state = 'waiting'"),
    "promised": ("promised_at", "missed_at IS NULL AND state = 'waiting'"),
}


def upgrade() -> None:
    """Go up."""
    for name in _TIMES:
        op.add_column("thread", sa.Column(name, types.Instant(timezone=True), nullable=True))
    for name, (column, where) in _INDEXES.items():
        only = sa.text(where)
        op.create_index(f"ix_thread_{name}", "thread", [column], sqlite_where=only, postgresql_where=only)
    op.create_table(
        "staff_call",
        sa.Column("id", types.Serial, autoincrement=True, nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("alarm_at", types.Instant(timezone=True), nullable=False),
        sa.Column("staff", sa.String(length=64), nullable=False),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_staff_call_message_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name=op.f("fk_staff_call_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_call")),
        sa.UniqueConstraint("thread_id", "alarm_at", "staff", name=op.f("uq_staff_call_thread_id_alarm_at_staff")),
    )


def downgrade() -> None:
    """Go back, in place: a copy of the table would break the keys that point at it."""
    op.drop_table("staff_call")
    for name in _INDEXES:
        op.drop_index(f"ix_thread_{name}", "thread")
    for name in reversed(_TIMES):
        op.drop_column("thread", name)
