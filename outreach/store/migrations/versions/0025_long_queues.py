"""Let a queue be as long as it likes: what is too old is found by when it expires, what was written by when it was,
and a sender remembers how far its queue was passed over.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from outreach.store.types import Instant

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_WAITS = sa.text("state IN ('planned', 'queued')")
_KEPT = sa.text("body IS NOT NULL")
_INVITED = sa.text("state = 'invited'")


def upgrade() -> None:
    """Go up."""
    for name, kind in (("passed_at", Instant(timezone=True)), ("passed_id", sa.BigInteger())):
        op.add_column("sender", sa.Column(name, kind, nullable=True))
    op.add_column("sender", sa.Column("front_at", Instant(timezone=True), nullable=True))
    _indexed("ix_message_expires", "message", ["expires_at"], _WAITS)
    _indexed("ix_message_body", "message", ["direction", "created_at"], _KEPT)
    _indexed("ix_standing_invited", "standing", ["person_id"], _INVITED)
    _open("sending", "unknown", "accepted", "sent")


def _indexed(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _open(*states: str) -> None:
    """What waits pays for the index of when it expires instead."""
    op.drop_index("ix_message_open", "message")
    among = sa.text(f"state IN ({', '.join(repr(each) for each in states)})")
    op.create_index("ix_message_open", "message", ["state", "updated_at"], postgresql_where=among)


def downgrade() -> None:
    """Go down."""
    _open("planned", "queued", "sending", "unknown", "accepted", "sent")
    for name, table in (
        ("ix_standing_invited", "standing"),
        ("ix_message_body", "message"),
        ("ix_message_expires", "message"),
    ):
        op.drop_index(name, table)
    for name in ("front_at", "passed_id", "passed_at"):
        op.drop_column("sender", name)
