"""Count by sender, people who answer, who joins and leaves, and how long people wait; what is there already as well.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import context, op

from outreach.store import types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PROMISED = timedelta(hours=24)  # the setting's default: what was promised then is not known any more


def upgrade() -> None:
    """Go up. The servers' defaults keep processes of the version before able to write."""
    op.add_column("tally", sa.Column("sender", sa.String(length=40), server_default="", nullable=False))
    op.add_column("tally", sa.Column("people", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_tally_day", "tally", ["day"])
    op.create_table(
        "thread_tally",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("programme", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("span", sa.SmallInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_tally")),
    )
    op.create_index("ix_thread_tally_day", "thread_tally", ["day"])
    op.create_table(
        "consent_tally",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("turn", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_tally")),
    )
    op.create_index("ix_consent_tally_day", "consent_tally", ["day"])
    op.add_column("endpoint", sa.Column("changed_at", types.Instant(timezone=True), nullable=True))
    op.create_index(
        "ix_endpoint_not_ok",
        "endpoint",
        ["state", "id"],
        sqlite_where=sa.text("state <> 'ok'"),
        postgresql_where=sa.text("state <> 'ok'"),
    )
    _date_endpoints()
    _count_messages()
    _count_threads()
    _count_consent()


def downgrade() -> None:
    """Go down. The roll-up of messages stays right: it is only told apart by sender no more."""
    op.drop_index(
        "ix_endpoint_not_ok",
        "endpoint",
        sqlite_where=sa.text("state <> 'ok'"),
        postgresql_where=sa.text("state <> 'ok'"),
    )
    op.drop_column("endpoint", "changed_at")
    op.drop_table("consent_tally")
    op.drop_table("thread_tally")
    op.drop_index("ix_tally_day", "tally")
    op.drop_column("tally", "people")
    op.drop_column("tally", "sender")


def _count_messages() -> None:
    """Anew from the messages, none of which is ever deleted."""
    op.execute("DELETE FROM tally")
    op.execute(
        """
        INSERT INTO tally (run_id, step, day, kind, state, reason, sender, messages, parts, cost, people)
        SELECT run, step, day, kind, state, reason, sender, count(*), sum(parts), sum(cost), sum(first)
        FROM (
          SELECT coalesce(run_id, 0) AS run, step, day, kind, state, reason, sender, parts, cost,
            CASE WHEN direction = 'in' AND run_id IS NOT NULL AND NOT EXISTS (
              SELECT 1 FROM message AS e
              WHERE e.person_id = m.person_id AND e.run_id = m.run_id AND e.direction = 'in' AND e.id < m.id
            ) THEN 1 ELSE 0 END AS first
          FROM message AS m
        ) AS counted
        GROUP BY run, step, day, kind, state, reason, sender
        """
    )


def _date_endpoints() -> None:
    """An endpoint is gone since the last message that failed for it."""
    op.execute(
        """
        UPDATE endpoint SET changed_at = (
          SELECT max(m.updated_at) FROM message AS m
          WHERE m.person_id = endpoint.person_id AND m.kind = endpoint.kind AND m.state IN ('failed', 'undelivered')
        ) WHERE state = 'gone'
        """
    )


def _rows(query: sa.Select[Any]) -> Iterator[Any]:
    return iter(op.get_bind().execute(query.execution_options(yield_per=5000)))


def _day(at: datetime) -> date:
    return at.astimezone(ZoneInfo(context.config.attributes.get("zone", "UTC"))).date()


def _insert(table: str, names: tuple[str, ...], counts: Counter[tuple[Any, ...]]) -> None:
    columns = [sa.column(name, sa.Date() if name == "day" else None) for name in names]
    rows = [dict(zip(names, (*cell, count), strict=True)) for cell, count in counts.items()]
    if rows:
        op.get_bind().execute(sa.insert(sa.table(table, *columns)), rows)


def _count_threads() -> None:
    """Every thread once more, text by text: who writes waits, until a helper answers or closes."""
    thread = sa.table("thread", *map(sa.column, ("id", "programme")), sa.column("opened_at", types.Instant()))
    closed = sa.column("closed_at", types.Instant())
    thread.append_column(closed)
    message = sa.table("message", *map(sa.column, ("id", "thread_id", "direction", "purpose")))
    written = sa.column("created_at", types.Instant())
    message.append_column(written)
    query = (
        sa.select(thread.c.id, thread.c.programme, thread.c.opened_at, closed, message.c.direction, written)
        .join_from(thread, message, message.c.thread_id == thread.c.id)
        .where((message.c.direction == "in") | (message.c.purpose == "reply"))
        .order_by(thread.c.id, message.c.id)
    )
    counts: Counter[tuple[Any, ...]] = Counter()
    for _, texts in groupby(_rows(query), key=lambda row: row.id):
        counts.update(_waits(list(texts)))
    _insert("thread_tally", ("programme", "day", "what", "span", "count"), counts)


def _waits(texts: list[Any]) -> Iterator[tuple[Any, ...]]:
    programme, since = texts[0].programme, None
    yield programme, _day(texts[0].opened_at), "opened", 0
    for text in texts:
        if text.direction == "in" and since is None:
            since = text.created_at
            yield programme, _day(since), "asked", 0
        elif text.direction == "out" and since is not None:
            waited = (text.created_at - since).total_seconds()
            what = "answered" if waited <= _PROMISED.total_seconds() else "late"
            yield programme, _day(since), what, max(0, math.ceil(math.log(waited, 1.1))) if waited > 1 else 0
            since = None
    if since is not None and texts[0].closed_at is not None:
        yield programme, _day(since), "closed", 0


def _count_consent() -> None:
    """The ledger once more, line by line: who agreed and did not before, who does not any more."""
    ledger = sa.table("consent", *map(sa.column, ("id", "person_id", "topic", "state", "source")))
    written = sa.column("at", types.Instant())
    ledger.append_column(written)
    query = sa.select(ledger).order_by(ledger.c.person_id, ledger.c.id)
    counts: Counter[tuple[Any, ...]] = Counter()
    for _, lines in groupby(_rows(query), key=lambda row: row.person_id):
        counts.update(_turns(lines))
    _insert("consent_tally", ("topic", "day", "turn", "source", "reason", "people"), counts)


def _turns(lines: Iterator[Any]) -> Iterator[tuple[Any, ...]]:
    stands: dict[str, str] = {}
    for line in lines:
        before = _agreed(stands)
        stands[line.topic] = line.state
        after, day = _agreed(stands), _day(line.at)
        if line.topic != "*" and line.state in {"invited", "paused"}:
            yield line.topic, day, line.state, line.source, ""
        for topic in after - before:
            yield topic, day, "joined", line.source, ""
        for topic in before - after:
            yield topic, day, "left", line.source, ""


def _agreed(stands: dict[str, str]) -> set[str]:
    if stands.get("*") == "revoked":
        return set()
    return {topic for topic, state in stands.items() if topic != "*" and state in {"granted", "paused"}}
