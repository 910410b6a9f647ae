"""What beats every few seconds finds its rows by an index, however many messages there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, text

from outreach.channels.registry import Providers
from outreach.delivery import queue, sweep
from outreach.messages.status import Lane, State
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.delivery.desk import claim, crowd, messages, run_of

Asked = dict[str, Any]


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
