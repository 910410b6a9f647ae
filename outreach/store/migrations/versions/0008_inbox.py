"""Let threads be listed by what needs somebody first, be in somebody's hands, and carry what staff did with them.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from outreach.store.types import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger()
_PLACE = (
    "CASE WHEN state = 'closed' THEN 9 WHEN state <> 'waiting' THEN 3 "
    "WHEN urgent <> '' THEN 0 WHEN hold THEN 1 ELSE 2 END"
)
_SINCE = "coalesce(closed_at, waiting_since, answered_at, opened_at)"
_LISTED = ("assignee", "programme", "topic", "language")


def upgrade() -> None:
    """Go up. Defaults of the server keep processes of the version before able to write."""
    stored = op.get_bind().dialect.name != "sqlite"  # SQLite can add only what it computes when asked
    for column in (
        sa.Column("assignee", sa.String(length=64), server_default="", nullable=False),
        sa.Column("answered_at", Instant(timezone=True), nullable=True),
        sa.Column("language", sa.String(length=8), server_default="", nullable=False),
    ):
        op.add_column("thread", column)
    op.execute("UPDATE thread SET language = (SELECT language FROM person WHERE person.id = thread.person_id)")
    place, since = (sa.Computed(words, persisted=stored) for words in (_PLACE, _SINCE))
    op.add_column("thread", sa.Column("place", sa.SmallInteger(), place, nullable=False))
    op.add_column("thread", sa.Column("since", Instant(timezone=True), since, nullable=False))
    op.drop_index("ix_thread_state", "thread")
    op.create_index("ix_thread_place", "thread", ["place", "since", "id"])
    for name in _LISTED:
        op.create_index(f"ix_thread_{name}", "thread", [name, "place", "since", "id"])
    op.create_index("ix_thread_person", "thread", ["person_id", "id"])
    _tables()
    # What the inbox and the search of people ask for every second, or by a beginning.
    talk = sa.text("thread_id IS NOT NULL")
    op.create_index("ix_message_talk", "message", ["id"], sqlite_where=talk, postgresql_where=talk)
    begins = {"pseudonym": "text_pattern_ops"}
    op.create_index("ix_person_pseudonym_begins", "person", ["pseudonym"], postgresql_ops=begins)


def _tables() -> None:
    op.create_table(
        "thread_event",
        sa.Column("id", _BIG, autoincrement=False, nullable=False),
        sa.Column("thread_id", _BIG, nullable=False),
        sa.Column("at", Instant(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("did", sa.String(length=16), nullable=False),
        sa.Column("to", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("message_id", _BIG, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name="fk_thread_event_thread_id_thread"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_thread_event_message_id_message"),
        sa.PrimaryKeyConstraint("id", name="pk_thread_event"),
    )
    op.create_index("ix_thread_event_thread", "thread_event", ["thread_id", "id"])
    op.create_table(
        "thread_presence",
        sa.Column("thread_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("open_until", Instant(timezone=True), nullable=False),
        sa.Column("typing_until", Instant(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["thread_id"], ["thread.id"], name="fk_thread_presence_thread_id_thread"),
        sa.PrimaryKeyConstraint("thread_id", "by", name="pk_thread_presence"),
    )


def downgrade() -> None:
    """Go down, in place: a copy of the table, as batch mode makes on SQLite, would break the keys that point at it."""
    op.drop_index("ix_person_pseudonym_begins", "person")
    op.drop_index("ix_message_talk", "message")
    op.drop_table("thread_presence")
    op.drop_table("thread_event")
    for name in ("place", "person", *_LISTED):
        op.drop_index(f"ix_thread_{name}", "thread")
    op.create_index("ix_thread_state", "thread", ["state", "waiting_since"])
    for name in ("since", "place", "language", "answered_at", "assignee"):
        op.drop_column("thread", name)
