"""How each webhook fares: what waits, was heard, fails and since when; and the alert where that is for long."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from outreach.hooks.events import Kind
from outreach.hooks.tables import TOO_OLD, Hook, HookTelling, Telling
from outreach.privacy import alerts
from outreach.privacy.alerts import AlertKind
from outreach.store import dialects
from outreach.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Told:
    """A program that is told, and how it fares. `counts`: tellings in each state. `told_at`: when it last heard one.
    `failed_at`, `failure`: its last call that came to nothing. `waits_since`: when the oldest happened that waits;
    `due_since`: since when the first of them should have been told. `fails_since`: its first call in vain since it
    heard one, if something waits.
    """

    name: str
    kinds: tuple[Kind, ...]
    made_by: str
    made_at: datetime
    paused_at: datetime | None
    ended_at: datetime | None
    counts: dict[Telling, int] = field(default_factory=dict)
    told_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""
    waits_since: datetime | None = None
    due_since: datetime | None = None
    fails_since: datetime | None = None

    @property
    def is_well(self) -> bool:
        """Whether it heard the last call that was made."""
        return self.failed_at is None or (self.told_at is not None and self.told_at > self.failed_at)

    @property
    def left(self) -> int:
        """How many could be told once more."""
        return self.counts.get(Telling.GIVEN_UP, 0) if self.ended_at is None else 0


def everyone(session: Session) -> list[Told]:
    """All of them, by name."""
    found = {row.id: _plain(row) for row in session.scalars(select(Hook).order_by(Hook.name))}
    groups = (HookTelling.hook_id, HookTelling.state, HookTelling.tries > 0, HookTelling.kind == Kind.PING)
    ages = (func.min(HookTelling.at), func.min(HookTelling.due_at), func.max(HookTelling.changed_at))
    counted = select(*groups, func.count(), *ages).group_by(*groups)
    for hook_id, state, tried, is_ping, count, since, due, changed in session.execute(counted):
        some = _Some(Telling(state), tried, 0 if is_ping else count, since, due, changed)
        found[hook_id] = _with(found[hook_id], some)
    return [_why(session, hook_id, told) for hook_id, told in found.items()]


def _plain(row: Hook) -> Told:
    kinds = tuple(Kind(word) for word in row.kinds.split())
    return Told(row.name, kinds, row.made_by, row.made_at, row.paused_at, row.ended_at, fails_since=row.failing_since)


@dataclass(frozen=True, slots=True)
class _Some:
    """Tellings of one program that are alike. `count`: without pings."""

    state: Telling
    tried: bool
    count: int
    since: datetime
    due: datetime
    changed: datetime


def _with(told: Told, some: _Some) -> Told:
    """What is known so far, and some tellings more."""
    told = replace(told, counts={**told.counts, some.state: told.counts.get(some.state, 0) + some.count})
    if some.state is Telling.DONE:
        return replace(told, told_at=_latest(told.told_at, some.changed))
    if some.tried:
        told = replace(told, failed_at=_latest(told.failed_at, some.changed))
    if some.state is Telling.WAITING:
        told = replace(told, waits_since=min(told.waits_since or some.since, some.since))
        told = replace(told, due_since=min(told.due_since or some.due, some.due))
    return told


def _latest(one: datetime | None, other: datetime) -> datetime:
    return max(one or other, other)


def _why(session: Session, hook_id: int, told: Told) -> Told:
    """Why the last of it came to nothing; it fails only as long as something waits."""
    tried = or_(HookTelling.tries > 0, HookTelling.outcome == TOO_OLD)
    lost = (HookTelling.hook_id == hook_id, HookTelling.state != Telling.DONE, tried)
    newest = select(HookTelling.outcome).where(*lost).order_by(HookTelling.changed_at.desc()).limit(1)
    told = replace(told, fails_since=told.fails_since if told.waits_since else None)
    return replace(told, failure=session.scalar(newest) or "")


def watch(workspace: Workspace) -> int:
    """Alert where a program has heard nothing for long, once until it hears again; gives how many alerts were new."""
    with workspace.database.read() as session:
        now = dialects.now(session)
        silent = session.execute(_silent(now - workspace.settings.hooks_alert_after))
        keys = [(name, f"{name}:{since}") for name, since in silent]
        new = [(name, key) for name, key in keys if not alerts.is_raised(session, AlertKind.HOOK_FAILING, key)]
    if not new:
        return 0
    with workspace.database.write() as session:
        return sum(alerts.raise_(session, AlertKind.HOOK_FAILING, f"hook:{name}", now, key=key) for name, key in new)


def _silent(before: datetime) -> Select[str, datetime | None]:
    """Programs that have something to hear, and that no call has reached since then; with since when."""
    waits = exists().where(HookTelling.hook_id == Hook.id, HookTelling.state == Telling.WAITING)
    going = (Hook.ended_at.is_(None), Hook.paused_at.is_(None))
    return select(Hook.name, Hook.failing_since).where(Hook.failing_since < before, *going, waits)


def fails_for(told: Told, now: datetime) -> timedelta:
    """For how long a program that should be told hears nothing; nothing at all where it heard the last call."""
    if told.ended_at or told.paused_at or told.fails_since is None:
        return timedelta()
    return now - told.fails_since
