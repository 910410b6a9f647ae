"""The queue that benchmarks work off is one in which everybody may be written to, and a refusal ends them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from benchmarks import queues
from benchmarks.queues import BATCH
from outreach.audience.tables import Endpoint
from outreach.consent import ConsentState, Standing
from outreach.messages.status import State
from outreach.messages.tables import Attempt, Message, ProviderEvent
from tests.clinic import clinic
from tests.invariants import counted


def test_messages_of_a_long_queue_are_sent_as_the_product_sends_them(
    migrated_postgres_url: str, tmp_path: Path
) -> None:
    with clinic(migrated_postgres_url, tmp_path / "clinic", plan_ahead=queues.AHEAD) as made:
        queues.fill(made, 4 * BATCH)
        before = queues.spent(made)
        assert queues.work_off(made, 1) == BATCH
        outlay = queues.spent(made) - before
        assert min(outlay) > 0, "ours, the database's, its pages"
        with made.database.read() as session:
            found = session.execute(select(Message.state, func.count()).group_by(Message.state)).all()
            assert {*map(tuple, found)} == {(State.DELIVERED, BATCH), (State.QUEUED, 3 * BATCH)}
            written = [session.scalar(select(func.count()).select_from(each)) for each in (Attempt, ProviderEvent)]
            assert written == [BATCH, BATCH]
            sealed = session.scalar(select(func.min(func.length(Endpoint.value))))
            assert sealed == 12 + len("+254712345678") + 16, "as long as a nonce, a number and a tag"
            assert list(counted(session)) == []
        with made.database.write() as session:
            session.execute(update(Standing).values(state=ConsentState.REVOKED).where(Standing.person_id > BATCH))
        with pytest.raises(AssertionError, match="may go"):
            queues.work_off(made, 1)
        queues.drained(made)
        with made.database.read() as session:
            assert session.scalar(text("SELECT min(due_at) > now() FROM message WHERE state = 'queued'"))
