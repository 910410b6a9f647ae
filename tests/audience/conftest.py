"""A clinic with an empty database, SQLite and PostgreSQL in turn, and a short way to import a table into it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from outreach.audience import imports
from outreach.audience.imports import Options, Report
from outreach.privacy.keyring import Keyring
from outreach.privacy.tables import KeyProof
from outreach.privacy.vault import Vault
from outreach.settings import Settings
from outreach.store import dialects
from outreach.store.database import Database


@dataclass
class Clinic:
    """What an import needs, and the folder where its tables lie."""

    database: Database
    vault: Vault
    settings: Settings
    folder: Path

    def take_in(self, table: str | bytes, name: str = "people.csv", topic: str = "tb", **options: Any) -> Report:
        """Import a table written in the test."""
        path = self.folder / name
        path.write_bytes(table if isinstance(table, bytes) else table.encode())
        return imports.import_file(self.database, self.vault, self.settings, path, Options(topic=topic, **options))

    def told(self, table: str | bytes, **options: Any) -> list[str]:
        """Import a table; the verdict of each row as `outcome` or `outcome: reason`."""
        return [
            f"{line['verdict']}: {line['reason']}" if line["reason"] else line["verdict"]
            for line in verdicts(self.take_in(table, **options))
        ]


def verdicts(report: Report) -> list[dict[str, str]]:
    """The lines of the file of verdicts."""
    with report.verdicts.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """An empty database with its tables, on SQLite and on PostgreSQL."""
    database = Database(migrated_url)
    yield database
    database.close()


@pytest.fixture
def server(migrated_postgres_url: str, tmp_path: Path) -> Iterator[Clinic]:
    """A clinic on PostgreSQL, where two may write at once."""
    database = Database(migrated_postgres_url)
    yield in_kenya(database, tmp_path)
    database.close()


@pytest.fixture
def clinic(database: Database, tmp_path: Path) -> Clinic:
    """A clinic on either database."""
    return in_kenya(database, tmp_path)


def in_kenya(database: Database, folder: Path) -> Clinic:
    """A clinic in Kenya."""
    vault = Vault(Keyring.new())
    with database.write() as session:
        session.add(KeyProof(master=vault.current, sealed=vault.prove(vault.current), created_at=dialects.now(session)))
    return Clinic(database, vault, Settings(country="KE", zone="Africa/Nairobi"), folder)
