"""What an admin or coordinator must look at: told once, shown until somebody has seen it. Never whom it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from outreach.errors import NotFoundError
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.tables import Alert
from outreach.privacy.vault import Vault
from outreach.store import dialects


class AlertKind(StrEnum):
    """What happened."""

    REVEAL_GRANTED = "reveal_granted"  # something sealed can be read
    REVEAL_ALONE = "reveal_alone"  # the same, by one person, in a crisis
    REVEAL_OVERDUE = "reveal_overdue"  # nobody has looked at that since
    UNREACHED = "unreached"  # one of staff could not be called: no phone, suspended, unknown
    NOT_TAKEN = "not_taken"  # somebody is in danger and nobody on duty has taken the thread
    PANIC = "panic"  # somebody has texted her panic word
    LOSS = "loss"  # somebody has written that a pregnancy has ended
    HOOK_FAILING = "hook_failing"  # a program that should be told what happens has heard nothing for long
    PROMISE_MISSED = "promise_missed"  # nobody read a thread by the moment that she was told
    PASSKEY_DOUBTED = "passkey_doubted"  # one of staff's passkeys seems to be in use twice


#: What tells of somebody's doing (`about`): another than she looks at it.
DOINGS = frozenset({AlertKind.REVEAL_GRANTED, AlertKind.REVEAL_ALONE, AlertKind.REVEAL_OVERDUE})


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert as it is shown. `subject`: ids, such as "reveal:7"; `about`: a staff name, or ""."""

    id: int
    kind: str
    subject: str
    about: str
    at: datetime
    seen_by: str
    seen_at: datetime | None


def raise_(session: Session, kind: AlertKind, subject: str, at: datetime, *, about: str = "", key: str = "") -> bool:
    """Write an alert in the caller's transaction. False when the same was told already (`key`; else the subject)."""
    row = {"kind": kind, "subject": subject, "about": about[:64], "key": _key(kind, key or subject), "at": at}
    statement = dialects.insert(session, Alert).values(seen_by="", **row).on_conflict_do_nothing().returning(Alert.id)
    return session.scalar(statement) is not None


def is_raised(session: Session, kind: AlertKind, key: str) -> bool:
    """Whether an alert was written with this key."""
    return session.scalar(select(Alert.id).where(Alert.key == _key(kind, key))) is not None


def _key(kind: AlertKind, key: str) -> str:
    return f"{kind}:{key}"


def unseen(
    session: Session, limit: int = 100, *, kind: AlertKind | None = None, before: int | None = None
) -> list[Raised]:
    """What nobody has seen yet, the newest first. `kind`: only of one kind; `before`: only older ones than this id."""
    return _listed(session, select(Alert).where(Alert.seen_at.is_(None)), limit, kind, before)


def all_(
    session: Session, limit: int = 100, *, kind: AlertKind | None = None, before: int | None = None
) -> list[Raised]:
    """The newest alerts, seen or not, the newest first; narrowed as `unseen`."""
    return _listed(session, select(Alert), limit, kind, before)


def _listed(
    session: Session, query: Select[Alert], limit: int, kind: AlertKind | None, before: int | None
) -> list[Raised]:
    if kind is not None:
        query = query.where(Alert.kind == kind)
    if before is not None:
        query = query.where(Alert.id < before)
    return [_raised(each) for each in session.scalars(query.order_by(Alert.id.desc()).limit(limit))]


def count(session: Session) -> int:
    """How many nobody has seen yet."""
    return session.scalar(select(func.count()).select_from(Alert).where(Alert.seen_at.is_(None))) or 0


def get(session: Session, alert_id: int) -> Raised:
    """One alert. Raises NotFoundError."""
    return _raised(_found(session, select(Alert).where(Alert.id == alert_id), alert_id))


def seen(session: Session, vault: Vault, alert_id: int, by: str) -> None:
    """Somebody has looked at it; whoever was first stays named. Raises NotFoundError."""
    alert = _found(session, dialects.take(select(Alert).where(Alert.id == alert_id), wait=True), alert_id)
    if alert.seen_at is None:
        alert.seen_by, alert.seen_at = by[:64], dialects.now(session)
        session.flush()
        audit.append(session, vault, by, Action.ALERT_SEEN, f"alert:{alert_id}")


def _found(session: Session, query: Select[Alert], alert_id: int) -> Alert:
    alert = session.scalar(query)
    if alert is None:
        raise NotFoundError(f"There is no alert {alert_id}. List them: outreach alerts list")
    return alert


def _raised(alert: Alert) -> Raised:
    return Raised(alert.id, alert.kind, alert.subject, alert.about, alert.at, alert.seen_by, alert.seen_at)
