"""Keep a record of what staff did, and let no key be wrapped by a master that has no proof any more.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from outreach.store import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("why", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("count", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.PrimaryKeyConstraint("count", name=op.f("pk_audit_checkpoint")),
    )
    with op.batch_alter_table("person_key") as batch_op:
        batch_op.create_foreign_key(op.f("fk_person_key_master"), "key_proof", ["master"], ["master"])


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("person_key") as batch_op:
        batch_op.drop_constraint(op.f("fk_person_key_master"), type_="foreignkey")
    op.drop_table("audit_checkpoint")
    op.drop_table("audit")
