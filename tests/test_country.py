"""The country that benchmarks measure is one in which everything adds up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from benchmarks import country
from outreach.audience.tables import Person
from outreach.messages.tables import Message
from outreach.reports.figures import figures
from outreach.reports.registry import REPORTS
from outreach.threads.tables import Thread
from outreach.workspace import Workspace
from tests.clinic import clinic
from tests.invariants import counted


@pytest.fixture
def small(migrated_postgres_url: str, tmp_path: Path) -> Iterator[Workspace]:
    with clinic(migrated_postgres_url, tmp_path / "clinic") as made:
        yield made


def test_a_country_has_people_messages_and_threads_and_its_rollups_are_right(small: Workspace) -> None:
    country.fill(small, 400)
    with small.database.read() as session:
        rows = [session.scalar(select(func.count()).select_from(table)) for table in (Person, Thread)]
        sent = session.scalar(select(func.count()).where(Message.direction == "out", Message.run_id.is_not(None)))
        assert [*rows, sent] == [400, 40, 4200], "ten messages to everybody, and one to half of them that waits"
        assert list(counted(session)) == []
        assert figures(session).adds_up() == []
    assert {each.name for each in country.measure(small, times=1) if each.rows} == set(REPORTS)
