"""Whom to tell: add, list, end, and what became of the tellings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach.errors import ConflictError, NotFoundError
from outreach.hooks import address, signature
from outreach.hooks.events import Kind
from outreach.hooks.tables import Hook, HookTelling, Telling
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.vault import Vault, seal, unseal
from outreach.store import dialects


@dataclass(frozen=True, slots=True)
class Told:
    """A program that is told, and how many tellings are in which state. `failure`: of the newest that was given up."""

    name: str
    kinds: tuple[Kind, ...]
    made_by: str
    made_at: datetime
    ended_at: datetime | None
    counts: dict[Telling, int]
    failure: str


@dataclass(frozen=True, slots=True)
class Opened:
    """Where to call, and with what."""

    url: str = field(repr=False)
    secret: str = field(repr=False)


def add(session: Session, vault: Vault, name: str, url: str, kinds: Collection[Kind], by: str, *, inside: bool) -> str:
    """Tell a program from now on; gives the secret that it checks signatures with, which is shown this once.

    Raises ConflictError for a name that is taken or none, an address that may not be called, or no kind.
    """
    if not audit.is_name(name) or session.scalar(select(Hook.id).where(Hook.name == name)) is not None:
        raise ConflictError(f"Choose a name that no webhook ever had, of {audit.NAME}.")
    if not kinds:
        raise ConflictError(f"Say of what to tell: {', '.join(Kind)}.")
    address.read(url, inside=inside)
    secret, key = signature.new_secret(), _key(vault)
    row = Hook(
        name=name,
        kinds=" ".join(kind for kind in Kind if kind in kinds),
        address=seal(key, url, "hook", "address", name),
        secret=seal(key, secret, "hook", "secret", name),
        made_by=by,
        made_at=dialects.now(session),
    )
    session.add(row)
    session.flush()
    audit.append(session, vault, by, Action.HOOK_ADDED, f"hook:{name}", row.kinds)
    return secret


def end(session: Session, vault: Vault, name: str, by: str) -> None:
    """Tell it no more; what waits is given up. Raises NotFoundError, ConflictError when it was ended already."""
    row = session.scalar(select(Hook).where(Hook.name == name))
    if row is None:
        raise NotFoundError(f"There is no webhook {name[:32]}. List them: outreach hooks list")
    if row.ended_at is not None:
        raise ConflictError(f"{name} was ended already.")
    row.ended_at = dialects.now(session)
    waits = (HookTelling.hook_id == row.id, HookTelling.state == Telling.WAITING)
    session.execute(update(HookTelling).where(*waits).values(state=Telling.GIVEN_UP, outcome="ended"))
    audit.append(session, vault, by, Action.HOOK_ENDED, f"hook:{name}")


def everyone(session: Session) -> list[Told]:
    """All of them, by name."""
    counted = select(HookTelling.hook_id, HookTelling.state, func.count()).group_by(
        HookTelling.hook_id, HookTelling.state
    )
    counts: dict[int, dict[Telling, int]] = {}
    for hook_id, state, count in session.execute(counted):
        counts.setdefault(hook_id, {})[Telling(state)] = count
    return [_told(session, row, counts.get(row.id, {})) for row in session.scalars(select(Hook).order_by(Hook.name))]


def _told(session: Session, row: Hook, counts: dict[Telling, int]) -> Told:
    lost = (HookTelling.hook_id == row.id, HookTelling.state == Telling.GIVEN_UP)
    newest = select(HookTelling.outcome).where(*lost).order_by(HookTelling.id.desc()).limit(1)
    kinds = tuple(Kind(word) for word in row.kinds.split())
    return Told(row.name, kinds, row.made_by, row.made_at, row.ended_at, counts, session.scalar(newest) or "")


def opened(vault: Vault, row: Hook) -> Opened:
    """Where to call, and with what: for the call only. Raises KeyringError."""
    key = _key(vault)
    return Opened(
        unseal(key, row.address, "hook", "address", row.name), unseal(key, row.secret, "hook", "secret", row.name)
    )


def _key(vault: Vault) -> bytes:
    return vault.derive("hooks")
