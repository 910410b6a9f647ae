"""Keep how discreetly somebody is written to, which numbers may have changed hands, and the words agreed to.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from outreach.store import types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = types.Instant(timezone=True)


def _person() -> list[sa.Column[Any]]:
    return [
        sa.Column("on_request", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("safe_word", sa.LargeBinary(length=32)),
        sa.Column("panic_word", sa.LargeBinary(length=32)),
        sa.Column("opened_until", MOMENT),
        sa.Column("silent_until", MOMENT),
        sa.Column("asked_at", MOMENT),
    ]


def _endpoint() -> list[sa.Column[Any]]:
    return [sa.Column("alive_at", MOMENT), sa.Column("asked_at", MOMENT)]


def upgrade() -> None:
    """Go up. Numbers that are in use count as alive today: nobody is asked only because we begin to count."""
    for column in _person():
        op.add_column("person", column)
    for column in _endpoint():
        op.add_column("endpoint", column)
    op.add_column("thread", sa.Column("mark", sa.String(length=16), server_default="", nullable=False))
    endpoint = sa.table("endpoint", sa.column("alive_at", MOMENT))
    op.execute(endpoint.update().values(alive_at=datetime.now(UTC)))

    _proof()


def _proof() -> None:
    op.create_table(
        "wording",
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_at", types.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_wording")),
    )
    op.create_index("ix_wording_digest", "wording", ["digest"])
    op.create_table(
        "opt_out_reason",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("at", types.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_opt_out_reason_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_out_reason")),
        sa.UniqueConstraint("evidence", name=op.f("uq_opt_out_reason_evidence")),
    )
    op.create_index("ix_opt_out_reason_at", "opt_out_reason", ["at"])


def downgrade() -> None:
    """Go back, in place (see 0003)."""
    op.drop_table("opt_out_reason")
    op.drop_table("wording")
    op.drop_column("thread", "mark")
    for column in _endpoint():
        op.drop_column("endpoint", column.name)
    for column in _person():
        op.drop_column("person", column.name)
