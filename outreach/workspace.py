"""One clinic, opened: its settings, its database, its keys. What every command and process begins with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from outreach.errors import StoreError
from outreach.privacy.tables import KeyProof
from outreach.privacy.vault import Vault, keyring_of
from outreach.settings import Settings, load
from outreach.store import dialects, migrate
from outreach.store.database import Database


@dataclass(frozen=True, slots=True)
class Workspace:
    """What work is done with. `folder` holds campaigns/ and templates/."""

    settings: Settings
    database: Database
    vault: Vault

    @property
    def folder(self) -> Path:
        """The workspace's folder."""
        return self.settings.workspace

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


def open_workspace(folder: Path | None = None) -> Workspace:
    """Open the workspace in a folder (default: here).

    Raises SettingError, KeyringError (wrong or missing keys), StoreError (no database, or behind its migrations): each
    says the remedy, and nothing is written before all of them hold.
    """
    return assemble(load(folder))


def assemble(settings: Settings) -> Workspace:
    """A workspace from settings that are at hand. Raises like `open_workspace`."""
    vault = Vault(keyring_of(settings))
    database = Database(settings.database)
    if not migrate.is_current(database.engine):
        raise StoreError("The database is missing or behind this version. Run: outreach db upgrade")
    _check_keys(database, vault)
    return Workspace(settings, database, vault)


def prepare(settings: Settings) -> Workspace:
    """Bring the database up to this version and bind it to the keyring, then open it; safe to do again.

    Raises like `open_workspace`.
    """
    vault = Vault(keyring_of(settings))
    settings.state.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    migrate.upgrade(database.engine)
    with database.write() as session:
        if session.scalar(select(KeyProof.master).limit(1)) is None:
            at = dialects.now(session)
            session.add_all(
                KeyProof(master=master, sealed=vault.prove(master), created_at=at) for master in vault.masters
            )
    database.close()
    return assemble(settings)


def _check_keys(database: Database, vault: Vault) -> None:
    with database.read() as session:
        proofs = {proof.master: proof.sealed for proof in session.scalars(select(KeyProof))}
    if not proofs:
        raise StoreError("This database was never set up with keys. Run: outreach init")
    for master, sealed in proofs.items():
        vault.fits(master, sealed)
