"""How each webhook fares: what waits, was heard, fails and since when; and the alert where that is for long."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.hooks.events import Kind
from outreach.hooks.tables import Hook, HookTelling, Telling
from outreach.privacy import alerts
from outreach.privacy.alerts import AlertKind
from outreach.store import dialects
from outreach.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Told:
    """A program that is told, and how it fares. `counts`: tellings in each state. `told_at`: when it last heard one.
    `failed_at`, `failure`: its last call that came to nothing. `waits_since`, `fails_since`: when the oldest happened
    that waits, or that was tried in vain and waits.
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
    counted = select(*groups, func.count(), func.min(HookTelling.at), func.max(HookTelling.changed_at))
    for hook_id, state, tried, is_ping, count, since, changed in session.execute(counted.group_by(*groups)):
        some = _Some(Telling(state), tried, 0 if is_ping else count, since, changed)
        found[hook_id] = _with(found[hook_id], some)
    return [_why(session, hook_id, told) for hook_id, told in found.items()]


def _plain(row: Hook) -> Told:
    kinds = tuple(Kind(word) for word in row.kinds.split())
    return Told(row.name, kinds, row.made_by, row.made_at, row.paused_at, row.ended_at)


@dataclass(frozen=True, slots=True)
class _Some:
    """Tellings of one program that are alike. `count`: without pings."""

    state: Telling
    tried: bool
    count: int
    since: datetime
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
        told = replace(told, fails_since=some.since) if some.tried else told
    return told


def _latest(one: datetime | None, other: datetime) -> datetime:
    return max(one or other, other)


def _why(session: Session, hook_id: int, told: Told) -> Told:
    """Why the last call came to nothing."""
    lost = (HookTelling.hook_id == hook_id, HookTelling.state != Telling.DONE, HookTelling.tries > 0)
    newest = select(HookTelling.outcome).where(*lost).order_by(HookTelling.changed_at.desc()).limit(1)
    return replace(told, failure=session.scalar(newest) or "") if told.failed_at is not None else told


def watch(workspace: Workspace) -> int:
    """Alert where a program has heard nothing for long, once until it hears again; gives how many alerts were new."""
    with workspace.database.read() as session:
        now = dialects.now(session)
        late = select(HookTelling.id).where(
            HookTelling.state == Telling.WAITING,
            HookTelling.tries > 0,
            HookTelling.at < now - workspace.settings.hooks_alert_after,
        )
        if session.scalar(late.limit(1)) is None:
            return 0
        failing = [each for each in everyone(session) if fails_for(each, now) > workspace.settings.hooks_alert_after]
    with workspace.database.write() as session:
        return sum(_alert(session, each, now) for each in failing)


def fails_for(told: Told, now: datetime) -> timedelta:
    """For how long a program that should be told hears nothing; nothing at all where it heard the last call."""
    if told.ended_at or told.paused_at or told.is_well or told.fails_since is None:
        return timedelta()
    return now - told.fails_since


def _alert(session: Session, told: Told, now: datetime) -> bool:
    key = f"{told.name}:{(told.told_at or told.made_at).isoformat()}"
    return alerts.raise_(session, AlertKind.HOOK_FAILING, f"hook:{told.name}", now, key=key)
