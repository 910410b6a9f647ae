"""A clinic with a long queue, made inside PostgreSQL and planned by the product, and what working it off costs.

Everybody has a number, a consent and two messages: one due since yesterday, one due the day after tomorrow. Numbers are
as long as sealed ones, but nobody could open them: they are claimed and asked after as any other, and never written.
"""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, Self

from sqlalchemy import QueuePool, text, update
from sqlalchemy.orm import Session

from benchmarks import crowd
from outreach.campaigns import planning, runs
from outreach.channels.contract import Accepted, Carried, Kind, Outgoing, Receipt, SenderSpec, Unit, Variant
from outreach.delivery import queue, receipts, results
from outreach.delivery.caps import Caps
from outreach.delivery.compose import Written
from outreach.delivery.facts import Claim
from outreach.delivery.queue import Batch
from outreach.messages.status import Lane, State
from outreach.messages.tables import Message, Sender
from outreach.workspace import Workspace
from tests.clinic import write_campaign

BATCH = 500
CAPS = Caps(3, 10)  # a clinic's, unless it says otherwise
AHEAD = timedelta(days=5)
SENDER = SenderSpec("twilio", Kind.SMS, 1_000_000.0, Unit.MESSAGES)

_DEFINITION = """\
title: queue
topic: tb
audience: {{all: []}}
channels: [sms]
expires: 72h
hours: {{from: "00:00", to: "24:00"}}
steps:
  - {{id: due, template: tb/welcome, at: "{due:%Y-%m-%d} 00:00"}}
  - {{id: later, template: tb/welcome, at: "{later:%Y-%m-%d} 12:00"}}
"""

#: A number of 13 characters with its nonce and its tag; when it last heard from us, as after some weeks of sending.
_ENDPOINTS = """INSERT INTO endpoint (id, person_id, kind, variant, value, lookup, state, reason, created_at, alive_at)
  SELECT id, id, 'sms', 'number', sha256(id::text::bytea) || '\\x000000000000000000'::bytea,
    sha256(id::text::bytea), 'ok', '', now() - interval '30 days', now() - interval '1 day'
  FROM person"""


def fill(workspace: Workspace, count: int) -> None:
    """Put so many messages into the queue of an empty clinic, half of them due. About 40 s a million."""
    crowd.counted(workspace, count // 2)
    with workspace.database.write() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))  # no look at foreign keys, row by row
        session.execute(text(_ENDPOINTS))
        session.execute(update(Sender).values(pace=SENDER.pace))
    now = workspace.database.now()
    days = {"due": now - timedelta(days=1), "later": now + timedelta(days=2)}
    write_campaign(workspace, "queue", _DEFINITION.format(**days))
    runs.launch(workspace, "queue", by="bench")
    planned = planning.plan(workspace)
    assert planned == 2 * (count // 2), f"{planned} instead of {count} messages were planned"
    crowd.analyze(workspace)


def drained(workspace: Workspace) -> None:
    """Take away what is due, so that only what is due later waits."""
    with workspace.database.write() as session:
        gone = update(Message).where(Message.step == "due", Message.state == State.QUEUED)
        session.execute(gone.values(state=State.DELIVERED), execution_options={"synchronize_session": False})
    crowd.analyze(workspace)


def work_off(workspace: Workspace, batches: int) -> int:
    """Claim, record as accepted, record as delivered: what the database sees of a message. Gives how many.

    Ends the program with an AssertionError where a message was refused: then nothing was measured.
    """
    for _ in range(batches):
        with workspace.database.write() as session:
            batch = queue.claim(session, SENDER.name, Lane.BULK, BATCH, 60, None, CAPS, timedelta(days=60))
        assert len(batch.claims) == batch.decided == BATCH, f"{len(batch.claims)} of {batch.decided} may go"
        with workspace.database.write() as session:
            _record(session, batch)
        with workspace.database.write() as session:
            receipts.keep(session, [_delivered(each) for each in batch.claims])
    return batches * BATCH


def _record(session: Session, batch: Batch) -> None:
    assert batch.facts is not None
    answers = [(_written(each), Accepted(_name(each))) for each in batch.claims]
    moved = results.record(session, SENDER, "twilio", answers, batch.facts.runs, batch.token)
    assert len(moved) == len(batch.claims)


def _written(claim: Claim) -> Written:
    return Written(claim, Outgoing(claim.id, Kind.SMS, Variant.NUMBER, "", "", 3600), 1, 0.04)


def _delivered(claim: Claim) -> Receipt:
    return Receipt("twilio", f"{_name(claim)}:delivered", Carried.DELIVERED, _name(claim), claim.id, status="delivered")


def _name(claim: Claim) -> str:
    return f"SM{claim.id:032x}"


class Outlay(NamedTuple):
    """What was spent: CPU seconds of this process and of the connections' own, pages looked at by everybody there."""

    ours: float
    database: float
    pages: int

    def __sub__(self, earlier: Self) -> Outlay:
        return Outlay(self.ours - earlier.ours, self.database - earlier.database, self.pages - earlier.pages)

    @property
    def cpu(self) -> float:
        """CPU seconds of both."""
        return self.ours + self.database


def spent(workspace: Workspace) -> Outlay:
    """Up to now. The database must be on this machine, and nobody else may use it."""
    ours, pool = time.process_time(), workspace.database.engine.pool
    assert isinstance(pool, QueuePool)
    held = [workspace.database.engine.connect() for _ in range(max(1, pool.checkedin()))]
    try:
        pids = [int(each.scalar(text("SELECT pg_backend_pid()")) or 0) for each in held]
        database = sum(_cpu(pid) for pid in pids)
        for each in held:
            each.execute(text("SELECT pg_stat_force_next_flush()"))
            each.commit()
        looked = "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()"
        return Outlay(ours, database, int(held[0].scalar(text(looked)) or 0))
    finally:
        for each in held:
            each.close()


def _cpu(pid: int) -> float:
    """CPU seconds of a process, to the microsecond: the clock ticks of its `stat` are as long as a claim."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
