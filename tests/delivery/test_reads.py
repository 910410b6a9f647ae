"""What beats every few seconds finds its rows by an index, however many messages there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from benchmarks import queues
from outreach.campaigns import invitations
from outreach.channels.registry import Providers
from outreach.delivery import due, queue, retention, sweep
from outreach.messages.status import Lane, RunState, State
from outreach.messages.tables import Message
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import clinic
from tests.delivery.desk import claim, crowd, messages, run_of

Asked = dict[str, Any]


@pytest.fixture
def server(migrated_postgres_url: str, tmp_path: Path) -> Iterator[Workspace]:
    with clinic(migrated_postgres_url, tmp_path / "clinic") as made:
        yield made


@contextmanager
def listening(workspace: Workspace) -> Iterator[Asked]:
    """Every question about messages that is asked in the block, and what it was asked with."""
    asked: Asked = {}

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if statement.startswith("SELECT") and "FROM message" in statement:
            asked[statement] = values

    engine = workspace.database.engine
    for each in (engine, workspace.database._write.kw["bind"]):
        event.listen(each, "before_cursor_execute", note)
    yield asked


def plan_of(workspace: Workspace, statement: str, values: Any) -> list[str]:
    explain = "EXPLAIN QUERY PLAN " if workspace.database.engine.dialect.name == "sqlite" else "EXPLAIN "
    with workspace.database.read() as session:
        driver = session.connection().connection.driver_connection
        assert driver is not None
        cursor = driver.cursor()
        cursor.execute(explain + statement, values)
        return [str(row[-1]) for row in cursor.fetchall()]


def test_sweeping_and_claiming_never_read_all_messages(workspace: Workspace) -> None:
    people, run = crowd(workspace, 20), run_of(workspace)
    with workspace.database.write() as session:
        messages(session, people * 250, run, state=State.DELIVERED)
        messages(session, people, run)
        if not dialects.is_sqlite(session):  # which keeps no statistics unless it is told to
            session.execute(text("ANALYZE message"))
    with listening(workspace) as asked:
        with workspace.database.read() as session:
            assert queue.due_lanes(session) == [("twilio", "sms", Lane.BULK)]
        assert len(claim(workspace).claims) == 20
        sweep.sweep(workspace, Providers([]))
    assert len(asked) > 8
    plans = {statement[-160:]: plan_of(workspace, statement, values) for statement, values in asked.items()}
    slow = {
        statement: line
        for statement, lines in plans.items()
        for line in lines
        if "Seq Scan on message" in line or line == "SCAN message"
    }
    assert slow == {}


def test_a_claim_walks_along_the_index_of_what_is_due(workspace: Workspace) -> None:
    people, run = crowd(workspace, 50), run_of(workspace)
    with workspace.database.write() as session:
        messages(session, people * 20, run)
        if not dialects.is_sqlite(session):
            session.execute(text("ANALYZE message"))
    with listening(workspace) as asked:
        assert len(claim(workspace, limit=50).claims) == 50
    plans = [plan_of(workspace, each, values) for each, values in asked.items() if "message.due_at <=" in each]
    assert plans
    for lines in plans:
        assert any("ix_message_due" in line for line in lines)
        assert not any("Sort" in line or "TEMP B-TREE" in line for line in lines), "it comes in order"


def beats(workspace: Workspace) -> dict[str, Callable[[], object]]:
    """What is done again and again, whether or not there is anything to do."""

    def reads(look: Callable[..., object], *given: Any) -> Callable[[], object]:
        def read() -> object:
            with workspace.database.read() as session:
                return look(session, *given)

        return read

    return {
        "tick": reads(queue.due_lanes),
        "claim": lambda: claim(workspace),
        "sweep": lambda: sweep.sweep(workspace, Providers([])),
        "oldest": reads(due.oldest, workspace.database.now()),
        "kept": reads(retention.oldest),
        "invite": lambda: invitations.invite(workspace),
    }


def test_nothing_that_beats_reads_what_waits_for_later(server: Workspace) -> None:
    """Pages that PostgreSQL looks at, in front of a queue and in front of four times as long a one."""
    people, run = crowd(server, 50), run_of(server)
    run_of(server, RunState.CANCELLED)
    with server.database.write() as session:
        messages(session, people, run, due_at=dialects.now(session) + timedelta(hours=2))
    short, long = pages_of(server, 40), pages_of(server, 160)
    assert {name: (short[name], pages) for name, pages in long.items() if pages > short[name] + 12} == {}


def pages_of(server: Workspace, times: int) -> dict[str, int]:
    """Of each beat, in front of so many times as many messages as people; the least of four, without catalogues."""
    names = ", ".join(each.name for each in Message.__table__.columns if each.name not in {"id", "dedupe_key"})
    with server.database.write() as session:
        session.execute(text("DELETE FROM message WHERE dedupe_key LIKE 'more:%'"))
        session.execute(
            text(
                f"""INSERT INTO message (dedupe_key, {names})
                SELECT 'more:' || id || ':' || n, {names} FROM message, generate_series(1, :times) AS n"""
            ),
            {"times": times},
        )
    with server.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE message"))
    found: dict[str, list[int]] = {}
    for name, beat in [*beats(server).items()] * 4:
        before = queues.spent(server)
        beat()
        found.setdefault(name, []).append((queues.spent(server) - before).pages)
    return {name: min(pages) for name, pages in found.items()}
