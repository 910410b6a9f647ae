"""Moments in time, ids, and writing many rows at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from outreach.store import dialects
from outreach.store.database import Database
from outreach.store.types import Instant, new_id

META = MetaData()
THING = Table(
    "thing", META, Column("id", Integer, primary_key=True), Column("name", String(9)), Column("at", Instant())
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    META.create_all(made.engine)
    yield made
    made.close()


def test_a_moment_comes_back_as_the_same_moment_in_utc(database: Database) -> None:
    moment = datetime(2026, 10, 25, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    with database.write() as session:
        session.execute(insert(THING), [{"id": 1, "at": moment}, {"id": 2, "at": None}])
    with database.read() as session:
        found, none = session.scalars(select(THING.c.at).order_by(THING.c.id)).all()
        assert session.scalars(select(THING.c.id).where(THING.c.at <= moment)).all() == [1]
        assert session.scalars(select(THING.c.id).where(THING.c.at < moment)).all() == []
    assert (found, found.tzinfo, none) == (moment, UTC, None)


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001
    with pytest.raises(StatementError, match="without a zone"), database.write() as session:
        session.execute(insert(THING), [{"id": 1, "at": naive}])
    with pytest.raises(StatementError, match="without a zone"), database.read() as session:
        session.scalars(select(THING.c.id).where(THING.c.at < naive)).all()


def test_the_databases_clock_is_ours_within_a_minute(database: Database) -> None:
    now = database.now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


def test_many_rows_get_each_their_own_values(database: Database) -> None:
    at = datetime.now(UTC)
    with database.write() as session:
        session.execute(insert(THING), [{"id": place, "name": "old", "at": at} for place in range(600)])
        rows = [{"id": place, "name": f"n{place}" if place % 3 else None, "at": None} for place in range(500)]
        dialects.write_rows(session, THING, rows)
        dialects.write_rows(session, THING, [])
    with database.read() as session:
        found = {row.id: row.name for row in session.execute(select(THING.c.id, THING.c.name))}
        dated = session.scalars(select(THING.c.id).where(THING.c.at.is_not(None)).order_by(THING.c.id)).all()
    assert found == {place: (f"n{place}" if place % 3 else None) if place < 500 else "old" for place in range(600)}
    assert dated == list(range(500, 600))


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.execute(insert(THING), [{"id": 1}, {"id": 2}, {"id": 1}])
    with database.read() as session:
        assert session.scalars(select(THING.c.id)).all() == []


def test_what_was_read_in_a_write_is_still_so_when_it_commits(database: Database) -> None:
    """SQLite: the writer's place is taken at the beginning. PostgreSQL: the row is locked."""
    with database.write() as session:
        session.execute(insert(THING), [{"id": 1, "name": "0"}])

    def count(_: int) -> None:
        with database.write() as session:
            query = dialects.take(select(THING.c.name).where(THING.c.id == 1), wait=True)
            value = int(session.scalars(query).one() or 0)
            dialects.write_rows(session, THING, [{"id": 1, "name": str(value + 1)}])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(40)))
    with database.read() as session:
        assert session.scalars(select(THING.c.name)).one() == "40"


def test_ids_grow_and_never_come_twice() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [each for ids in pool.map(lambda _: [new_id() for _ in range(5000)], range(8)) for each in ids]
    assert len(set(made)) == len(made)
    mine = [new_id() for _ in range(1000)]
    assert mine == sorted(mine)
    assert 0 < mine[0] < mine[-1] < 2**63
