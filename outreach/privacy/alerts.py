"""What an admin or coordinator must look at: told once, shown until somebody has seen it. Never whom it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
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


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert as it is shown. `subject`: ids, such as "reveal:7"; `about`: a staff name, or ""."""

    id: int
    kind: str
    subject: str
    about: str
    at: datetime
    seen_by: str


def raise_(session: Session, kind: AlertKind, subject: str, at: datetime, *, about: str = "", key: str = "") -> bool:
    """Write an alert in the caller's transaction. False when the same was told already (`key`; else the subject)."""
    row = {"kind": kind, "subject": subject, "about": about[:64], "key": f"{kind}:{key or subject}", "at": at}
    statement = dialects.insert(session, Alert).values(seen_by="", **row).on_conflict_do_nothing().returning(Alert.id)
    return session.scalar(statement) is not None


def unseen(session: Session, limit: int = 100) -> list[Raised]:
    """What nobody has seen yet, the newest first."""
    query = select(Alert).where(Alert.seen_at.is_(None)).order_by(Alert.at.desc(), Alert.id.desc()).limit(limit)
    return [_raised(each) for each in session.scalars(query)]


def all_(session: Session, limit: int = 100) -> list[Raised]:
    """The newest alerts, seen or not, the newest first."""
    return [_raised(each) for each in session.scalars(select(Alert).order_by(Alert.id.desc()).limit(limit))]


def seen(session: Session, vault: Vault, alert_id: int, by: str) -> None:
    """Somebody has looked at it; whoever was first stays named. Raises NotFoundError."""
    alert = session.scalar(dialects.take(select(Alert).where(Alert.id == alert_id), wait=True))
    if alert is None:
        raise NotFoundError(f"There is no alert {alert_id}. List them: outreach alerts list")
    if alert.seen_at is None:
        alert.seen_by, alert.seen_at = by[:64], dialects.now(session)
        session.flush()
        audit.append(session, vault, by, Action.ALERT_SEEN, f"alert:{alert_id}")


def _raised(alert: Alert) -> Raised:
    return Raised(alert.id, alert.kind, alert.subject, alert.about, alert.at, alert.seen_by)
