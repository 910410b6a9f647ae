"""How often a message was sent again, and an index of those whose cost nobody has told yet.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UNPRICED = "token <> '' AND kind = 'sms' AND state IN ('accepted', 'sent', 'undelivered', 'delivered')"


def upgrade() -> None:
    """Go up. The server's default keeps processes of the version before able to write; what is priced needs no token."""
    op.add_column("message", sa.Column("resends", sa.SmallInteger(), server_default="0", nullable=False))
    op.execute("UPDATE message SET token = '' WHERE token <> '' AND cost > 0")
    where = sa.text(UNPRICED)
    op.create_index("ix_message_unpriced", "message", ["updated_at"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Go down, in place."""
    op.drop_index("ix_message_unpriced", table_name="message")
    op.drop_column("message", "resends")
