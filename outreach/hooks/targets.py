"""Whom to tell: add, list, pause, end, try out, and tell once more what was given up; what became of the tellings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import case, insert, select, update
from sqlalchemy.orm import Session

from outreach.errors import ConflictError, KeyringError, NotFoundError
from outreach.hooks import address, events, signature
from outreach.hooks.events import CHOSEN, Kind
from outreach.hooks.tables import Hook, HookTelling, Telling
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.vault import Vault, seal, unseal
from outreach.store import dialects

#: How long calls are signed with the secret before the newest, too, so that the other side has time to change it.
BOTH = timedelta(days=1)

#: Why nothing more is told although it was not heard.
ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Opened:
    """Where to call, and with what: the newest secret first."""

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def add(session: Session, vault: Vault, name: str, url: str, kinds: Collection[Kind], by: str, *, inside: bool) -> str:
    """Tell a program from now on; gives the secret that it checks signatures with, which is shown this once.

    Raises ConflictError for a name that is taken or none, an address that may not be called, or kinds
    that cannot be chosen.
    """
    if not audit.is_name(name) or session.scalar(select(Hook.id).where(Hook.name == name)) is not None:
        raise ConflictError(f"Choose a name that no webhook ever had, of {audit.NAME}.")
    if not kinds or not set(kinds) <= set(CHOSEN):
        raise ConflictError(f"Say of what to tell: {', '.join(CHOSEN)}.")
    address.read(url, inside=inside)
    secret, key = signature.new_secret(), _key(vault)
    row = Hook(
        name=name,
        kinds=" ".join(kind for kind in CHOSEN if kind in kinds),
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
    row = _going(session, name)
    row.ended_at = dialects.now(session)
    waits = (HookTelling.hook_id == row.id, HookTelling.state == Telling.WAITING)
    why = case((HookTelling.tries == 0, ENDED), else_=HookTelling.outcome)  # what a call came to stays to be read
    session.execute(update(HookTelling).where(*waits).values(state=Telling.GIVEN_UP, outcome=why))
    audit.append(session, vault, by, Action.HOOK_ENDED, f"hook:{name}")


def pause(session: Session, vault: Vault, name: str, by: str) -> None:
    """Tell it nothing for now; what happens waits. Raises NotFoundError, ConflictError when it is paused or ended."""
    row = _going(session, name)
    if row.paused_at is not None:
        raise ConflictError(f"{name} is paused already.")
    row.paused_at = dialects.now(session)
    audit.append(session, vault, by, Action.HOOK_PAUSED, f"hook:{name}")


def resume(session: Session, vault: Vault, name: str, by: str) -> None:
    """Tell it again, first what waits. Raises NotFoundError, ConflictError when it is not paused, or ended."""
    row = _going(session, name)
    if row.paused_at is None:
        raise ConflictError(f"{name} is not paused.")
    row.paused_at = row.failing_since = None
    now = dialects.now(session)  # what came meanwhile is due from now on, in its order
    waits = (HookTelling.hook_id == row.id, HookTelling.state == Telling.WAITING, HookTelling.due_at < now)
    session.execute(update(HookTelling).where(*waits).values(due_at=now))
    audit.append(session, vault, by, Action.HOOK_RESUMED, f"hook:{name}")


def rotate(session: Session, vault: Vault, name: str, by: str) -> str:
    """Give it another secret, which is shown this once; for `BOTH` calls are signed with the one before, too.

    Raises NotFoundError, ConflictError when it was ended, or while the one before still counts: the program may know of
    no other yet.
    """
    row, now = _going(session, name), dialects.now(session)
    if row.rotated_at is not None and now < row.rotated_at + BOTH:
        raise ConflictError(f"{name} was given a new secret within a day: let the program learn that one first.")
    key, made = _key(vault), signature.new_secret()
    before = unseal(key, row.secret, "hook", "secret", name).split()[0]
    row.secret = seal(key, f"{made} {before}", "hook", "secret", name)
    row.rotated_at = now
    audit.append(session, vault, by, Action.HOOK_ROTATED, f"hook:{name}")
    return made


def ping(session: Session, vault: Vault, name: str, by: str) -> None:
    """Try it out: a call that says nothing, as soon as a worker comes by. What came of it stands in its last try.

    Raises NotFoundError, ConflictError when it is paused or ended.
    """
    row = _going(session, name)
    if row.paused_at is not None:
        raise ConflictError(f"{name} is paused: let it go on first.")
    session.execute(insert(HookTelling), [events.telling(row.id, Kind.PING, dialects.now(session), {})])
    audit.append(session, vault, by, Action.HOOK_PINGED, f"hook:{name}")


def redeliver(session: Session, vault: Vault, name: str, by: str) -> int:
    """Tell once more what was given up; what waits for its next try is tried now. Gives how many there are.

    Raises NotFoundError, ConflictError when it was ended or nothing is left to be told.
    """
    row = _going(session, name)
    now = dialects.now(session)
    free = HookTelling.lease == "", HookTelling.hook_id == row.id
    lost = update(HookTelling).where(*free, HookTelling.state == Telling.GIVEN_UP, HookTelling.kind != Kind.PING)
    again = session.execute(
        lost.values(state=Telling.WAITING, tries=0, due_at=now, changed_at=now).returning(HookTelling.id)
    )
    count = len(again.all())
    late = update(HookTelling).where(*free, HookTelling.state == Telling.WAITING, HookTelling.tries > 0)
    count += len(session.execute(late.values(due_at=now).returning(HookTelling.id)).all())
    if not count:
        raise ConflictError(f"Nothing that {name} should hear is left over.")
    row.failing_since = None  # whatever stood in its way, somebody has mended it
    audit.append(session, vault, by, Action.HOOK_REDELIVERED, f"hook:{name}", str(count))
    return count


def _going(session: Session, name: str) -> Hook:
    row = session.scalar(dialects.take(select(Hook).where(Hook.name == name), wait=True))
    if row is None:
        raise NotFoundError(f"There is no webhook {name[:32]}. List them: outreach hooks list")
    if row.ended_at is not None:
        raise ConflictError(f"{name} was ended already.")
    return row


def opened(vault: Vault, row: Hook, at: datetime) -> Opened:
    """Where to call, and with what, at a moment: for the call only. Raises KeyringError."""
    key = _key(vault)
    secrets = unseal(key, row.secret, "hook", "secret", row.name).split()
    both = row.rotated_at is not None and at < row.rotated_at + BOTH
    return Opened(unseal(key, row.address, "hook", "address", row.name), tuple(secrets if both else secrets[:1]))


def hosts(session: Session, vault: Vault) -> dict[str, str]:
    """The host of each program, by name: of its address no more is shown. "" where this keyring cannot open it."""
    key, found = _key(vault), {}
    for row in session.scalars(select(Hook)):
        try:
            found[row.name] = address.read(unseal(key, row.address, "hook", "address", row.name), inside=True).named
        except KeyringError:
            found[row.name] = ""
    return found


def _key(vault: Vault) -> bytes:
    return vault.derive("hooks")
