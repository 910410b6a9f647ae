"""One clinic, opened: its settings, its database, its keys. What every command and process begins with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from outreach.errors import OutreachError, StoreError
from outreach.privacy.tables import KeyProof
from outreach.privacy.vault import Vault
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

    def lacks_keys(self) -> bool:
        """Whether keys are wrapped by a master that this machine's keyring has not got yet."""
        with self.database.read() as session:
            return not set(session.scalars(select(KeyProof.master))) <= set(self.vault.masters)

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
    vault = Vault.of(settings)
    if _is_missing(settings):
        raise StoreError(f"There is no database in {settings.state}. Run: outreach init")
    database = Database(settings.database, settings.zone)
    try:
        if not migrate.is_current(database.engine):
            raise StoreError("The database is behind this version. Run: outreach db upgrade")
        if not _check_keys(database, vault):
            raise StoreError("This database was never set up with keys. Run: outreach init")
    except OutreachError:
        database.close()
        raise
    return Workspace(settings, database, vault)


def prepare(settings: Settings) -> Workspace:
    """Bring the database up to this version and bind it to the keyring, then open it; safe to do again.

    Raises like `open_workspace`. With the wrong keyring nothing is migrated either.
    """
    vault = Vault.of(settings)
    settings.state.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database, settings.zone)
    try:
        bound = _check_keys(database, vault)
        migrate.upgrade(database.engine, zone=settings.zone)
        if not bound:
            _bind(database, vault)
    finally:
        database.close()
    return assemble(settings)


def is_bound(settings: Settings) -> bool:
    """Whether the database belongs to a keyring already. Looking makes nothing. Raises StoreError."""
    if _is_missing(settings):
        return False
    database = Database(settings.database, settings.zone)
    try:
        return bool(_proofs(database))
    finally:
        database.close()


def _is_missing(settings: Settings) -> bool:
    """Whether the embedded database is not there; SQLite would make an empty one at the first look."""
    file = make_url(settings.database).database
    return settings.database.startswith("sqlite") and not Path(file or "").exists()


def _bind(database: Database, vault: Vault) -> None:
    with database.write() as session:
        at = dialects.now(session)
        session.add_all(KeyProof(master=master, sealed=vault.prove(master), created_at=at) for master in vault.masters)


def _check_keys(database: Database, vault: Vault) -> bool:
    """Whether the database is bound to a keyring. Raises KeyringError when it is to another one."""
    proofs = _proofs(database)
    for master, sealed in proofs.items():
        vault.fits(master, sealed)
    return bool(proofs)


def _proofs(database: Database) -> dict[str, bytes]:
    try:
        if not inspect(database.engine).has_table(KeyProof.__tablename__):
            return {}
        with database.read() as session:
            rows = session.execute(select(KeyProof.master, KeyProof.sealed))
            return {row.master: row.sealed for row in rows}
    except DBAPIError as error:
        kind = type(error.orig).__name__
        raise StoreError(
            f"The database cannot be reached ({kind}). Check OUTREACH_DATABASE_URL and that the server runs."
        ) from None
