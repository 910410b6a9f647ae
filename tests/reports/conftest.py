"""A database for reports, on both engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from outreach.store import migrate
from outreach.store.database import Database
from tests.reports.known import NAIROBI


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database at this version's last migration, with nothing in it."""
    made = Database(database_url, NAIROBI)
    migrate.upgrade(made.engine)
    yield made
    made.close()
