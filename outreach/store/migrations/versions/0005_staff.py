"""Know staff: who they are, how they come in, where they are signed in.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from outreach.store import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "staff",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("display_name", sa.String(length=80), nullable=False),
        sa.Column("roles", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_used", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=True),
        sa.Column("handle", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", types.Instant(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('active', 'suspended')", name=op.f("ck_staff_state")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_staff")),
        sa.UniqueConstraint("handle", name=op.f("uq_staff_handle")),
        sa.UniqueConstraint("subject", name=op.f("uq_staff_subject")),
    )
    op.create_table(
        "staff_tries",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("since", types.Instant(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_staff_tries")),
    )
    op.create_index(op.f("ix_staff_tries_since"), "staff_tries", ["since"])

    op.create_table(
        "staff_link",
        sa.Column("code", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("made_at", types.Instant(timezone=True), nullable=False),
        sa.Column("expires_at", types.Instant(timezone=True), nullable=False),
        sa.Column("used_at", types.Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["name"], ["staff.name"], name=op.f("fk_staff_link_name")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_staff_link")),
    )
    op.create_index(op.f("ix_staff_link_name"), "staff_link", ["name"])

    op.create_table(
        "staff_passkey",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("credential", sa.LargeBinary(length=1023), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("made_at", types.Instant(timezone=True), nullable=False),
        sa.Column("used_at", types.Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["name"], ["staff.name"], name=op.f("fk_staff_passkey_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_passkey")),
        sa.UniqueConstraint("credential", name=op.f("uq_staff_passkey_credential")),
    )
    op.create_index(op.f("ix_staff_passkey_name"), "staff_passkey", ["name"])

    op.create_table(
        "staff_recovery",
        sa.Column("code", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["name"], ["staff.name"], name=op.f("fk_staff_recovery_name")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_staff_recovery")),
    )
    op.create_index(op.f("ix_staff_recovery_name"), "staff_recovery", ["name"])

    op.create_table(
        "staff_session",
        sa.Column("token", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=True),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("held", sa.JSON(), nullable=False),
        sa.Column("made_at", types.Instant(timezone=True), nullable=False),
        sa.Column("seen_at", types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["name"], ["staff.name"], name=op.f("fk_staff_session_name")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_staff_session")),
    )
    op.create_index(op.f("ix_staff_session_name"), "staff_session", ["name"])
    op.create_index(op.f("ix_staff_session_seen_at"), "staff_session", ["seen_at"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("staff_session")
    op.drop_table("staff_recovery")
    op.drop_table("staff_passkey")
    op.drop_table("staff_link")
    op.drop_table("staff_tries")
    op.drop_table("staff")
