"""Keep tables that came through a page in sealed pieces, and how far a worker is with taking each one in.

Tables that waited for a yes are let go of: they are an hour old at most, and are sent again.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from outreach.store.types import Instant

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = Instant(timezone=True)


def upgrade() -> None:
    """Go up."""
    op.drop_table("upload")
    _intake()
    op.create_table(
        "intake_piece",
        sa.Column("intake_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("intake_id", "number", name="pk_intake_piece"),
        sa.ForeignKeyConstraint(["intake_id"], ["intake.id"], name="fk_intake_piece_intake_id_intake"),
    )
    op.create_table(
        "intake_refused",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("intake_id", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_intake_refused"),
        sa.ForeignKeyConstraint(["intake_id"], ["intake.id"], name="fk_intake_refused_intake_id_intake"),
    )
    op.create_index("ix_intake_refused_intake_id", "intake_refused", ["intake_id"])


def _intake() -> None:
    op.create_table(
        "intake",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("about", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("outcomes", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("lease", sa.String(length=32), nullable=False),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.CheckConstraint(
            "state IN ('arriving', 'offered', 'running', 'done', 'cancelled', 'broken')", name="ck_intake_state"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_intake"),
        sa.UniqueConstraint("token", name="uq_intake_token"),
    )
    op.create_index("ix_intake_changed_at", "intake", ["changed_at"])
    running = sa.text("state = 'running'")
    op.create_index("ix_intake_due", "intake", ["id"], sqlite_where=running, postgresql_where=running)


def downgrade() -> None:
    """Go down."""
    op.drop_table("intake_refused")
    op.drop_table("intake_piece")
    op.drop_table("intake")
    op.create_table(
        "upload",
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_upload"),
    )
    op.create_index("ix_upload_made_at", "upload", ["made_at"])
