"""What was there before the roll-ups is counted by their migration as the code would have counted it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from outreach import consent
from outreach.consent import ALL, ConsentState, ConsentTally, Line, Source
from outreach.messages.status import State
from outreach.messages.tables import Tally, ThreadTally
from outreach.store import dialects, migrate
from outreach.store.rollups import RollUp
from outreach.threads import inbox
from outreach.threads.tables import Outcome, Thread
from outreach.workspace import Workspace
from tests.clinic import AMINA, cast
from tests.delivery.desk import messages, run_of
from tests.threads.texting import write

TABLES: tuple[type[RollUp], ...] = (Tally, ThreadTally, ConsentTally)


def counted(workspace: Workspace) -> dict[str, Counter[Any]]:
    """Every cell of every roll-up, without those that came to nothing."""
    found: dict[str, Counter[Any]] = {}
    with workspace.database.read() as session:
        for table in TABLES:
            sums = found.setdefault(table.__tablename__, Counter())
            for row in session.scalars(select(table)):
                for name in table.SUMS:
                    sums[(*(getattr(row, each) for each in table.CELL), name)] += getattr(row, name)
    return {name: Counter({cell: n for cell, n in sums.items() if n}) for name, sums in found.items()}


def live(workspace: Workspace) -> None:
    """A clinic to which everything has happened that is counted."""
    people, run = cast(workspace), run_of(workspace)
    with workspace.database.write() as session:
        messages(session, [people.amina, people.baraka], run, state=State.DELIVERED)
        messages(session, [people.daudi], None)
    for words in ("Hello", "Are you there?"):
        write(workspace, AMINA, words)
    with workspace.database.read() as session:
        thread = session.scalars(select(Thread.id)).one()
    inbox.reply(workspace, thread, "Yes")
    write(workspace, AMINA, "Thank you")
    inbox.close(workspace, thread, Outcome.ANSWERED)
    write(workspace, AMINA, "STOP")
    write(workspace, AMINA, "START")
    with workspace.database.write() as session:
        at = dialects.now(session)
        consent.record(session, [Line(people.baraka, "hiv", ConsentState.GRANTED, Source.STAFF)], at)
        consent.record(session, [Line(people.baraka, "tb", ConsentState.PAUSED, Source.STAFF)], at + timedelta(hours=1))
        consent.record(session, [Line(people.baraka, ALL, ConsentState.REVOKED, Source.PROVIDER)], at)


def test_the_migration_counts_what_the_code_would_have_counted(workspace: Workspace) -> None:
    live(workspace)
    before = counted(workspace)
    assert all(before.values())
    migrate.downgrade(workspace.database.engine, "0008")
    migrate.upgrade(workspace.database.engine, zone=workspace.settings.zone)
    assert counted(workspace) == before
