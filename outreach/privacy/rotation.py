"""Changing the master key while everything runs: a new one is made, every person's key is wrapped by it, the old one
is destroyed.

Three steps, each of which can be broken off and done again, and after each of which the keyring goes to every machine
that has a copy of its own. `prepare`: the new key is in the keyring, not yet used. `use`: it wraps new keys, and then
all old ones. `finish`: the old one is gone, from the keyring and from the database, and with it every backup made
before: they can never be opened again. The key of the index never changes: people are found by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from outreach.privacy import audit, keyring
from outreach.privacy.audit import Action
from outreach.privacy.keyring import Keyring
from outreach.privacy.tables import KeyProof, PersonKey
from outreach.privacy.tree import KeyTree
from outreach.privacy.vault import Vault
from outreach.store import dialects
from outreach.store.database import Database

CHUNK = 500

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rotated:
    """How far a rotation is. `wrapped`: keys that got the new master; `vault`: with the keyring as it has become, which
    has to be set by hand where it is a setting (`by_hand`).
    """

    vault: Vault
    wrapped: int = 0
    by_hand: bool = False


def prepare(vault: Vault) -> Rotated:
    """Have one more master key than is in use. Raises KeyringError when the file cannot be replaced."""
    return _turned(vault, _with_next)


def use(database: Database, vault: Vault, who: str, progress: Progress = lambda done, about: None) -> Rotated:
    """Wrap new keys by the newest master key, and then all old ones. Raises like `prepare` and `rewrap`."""
    with database.write() as session:
        _admit(session, vault)
    turned = _turned(vault, _with_newest_in_use)
    wrapped = rewrap(database, turned.vault, progress)
    with database.write() as session:
        audit.append(session, vault, who, Action.KEYS_ROTATED, f"key:{turned.vault.current}", f"{wrapped} wrapped")
    return replace(turned, wrapped=wrapped)


def finish(database: Database, vault: Vault, who: str) -> Rotated:
    """Destroy every master key but the one in use. Raises like `prepare` and `rewrap`."""
    wrapped = rewrap(database, vault)  # by a machine that had not heard of it yet
    with database.write() as session:
        # The database refuses it while a single key is still wrapped by another master.
        session.execute(delete(KeyProof).where(KeyProof.master != vault.current))
        audit.append(session, vault, who, Action.KEYS_ROTATED, f"key:{vault.current}", "the old ones destroyed")
    return replace(_turned(vault, _with_one), wrapped=wrapped)


def _turned(vault: Vault, how: Callable[[Keyring], Keyring]) -> Rotated:
    if vault.file is not None:
        keyring.change(vault.file, how)
        return Rotated(vault)
    ring = how(vault.keyring)
    return Rotated(Vault(ring), by_hand=ring != vault.keyring)


def _with_next(ring: Keyring) -> Keyring:
    """One that is on its way already is enough."""
    if len(ring.master) > 1:
        return ring
    return replace(ring, master={**ring.master, f"k{_number(ring.current) + 1}": KeyTree.new()})


def _with_newest_in_use(ring: Keyring) -> Keyring:
    return replace(ring, current=_newest(ring))


def _with_one(ring: Keyring) -> Keyring:
    return replace(ring, master={ring.current: ring.master[ring.current]})


def _newest(ring: Keyring) -> str:
    return max(ring.master, key=_number)


def _number(name: str) -> int:
    return int(name.removeprefix("k"))


def _admit(session: Session, vault: Vault) -> None:
    """Let keys be wrapped by the newest master key: its proof goes into the database. Twice is harmless."""
    master = _newest(vault.keyring)
    row = {"master": master, "sealed": vault.prove(master), "created_at": dialects.now(session)}
    session.execute(dialects.insert(session, KeyProof).on_conflict_do_nothing(), row)


def rewrap(database: Database, vault: Vault, progress: Progress = lambda done, about: None) -> int:
    """Wrap every person's key by the current master, a chunk in each transaction; how many there were.

    Raises KeyringError when a key does not open; what was done until then stays.
    """
    with database.read() as session:
        about = session.scalar(select(func.count()).select_from(PersonKey).where(PersonKey.master != vault.current))
    done, last = 0, 0
    while True:
        with database.write() as session:
            rows = _next_chunk(session, vault, last)
            if not rows:
                return done
            session.execute(update(PersonKey), [_wrapped(vault, row) for row in rows])
        done, last = done + len(rows), rows[-1].person_id
        progress(done, about or done)


def _next_chunk(session: Session, vault: Vault, last: int) -> list[PersonKey]:
    query = select(PersonKey).where(PersonKey.master != vault.current, PersonKey.person_id > last)
    chunk = dialects.take(query.order_by(PersonKey.person_id).limit(CHUNK), wait=True)
    return list(session.scalars(chunk.execution_options(populate_existing=True)))


def _wrapped(vault: Vault, row: PersonKey) -> dict[str, object]:
    key = vault.unwrap(row.person_id, row.master, row.wrapped)
    master, wrapped = vault.wrap(row.person_id, key)
    return {"person_id": row.person_id, "master": master, "wrapped": wrapped}
