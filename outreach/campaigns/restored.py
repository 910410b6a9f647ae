"""After an older copy of the database was put back: what may have gone out since it was made is in doubt, not due.

The copy does not know what was sent after it was made. So everything that somebody could have sent by now is written
first (occurrences that fell due, texts in place of unread pushes), and then counts as handed over with an answer that
nobody heard: `unknown`, which a provider's list or a receipt settles, and which is never sent again by itself.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from outreach import log
from outreach.campaigns import invitations, planning
from outreach.channels.contract import Kind
from outreach.delivery import carriers, sweep
from outreach.delivery.moves import Move, advance
from outreach.delivery.reconcile import RESTORED
from outreach.errors import ConflictError
from outreach.messages.status import WAITING, State
from outreach.messages.tables import Attempt, Message
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.store import dialects, pulse
from outreach.workspace import Workspace

logger = log.get("campaigns")

CHUNK = 500

#: A sign of life that is younger says that a worker is at work on this database.
ALIVE = timedelta(minutes=2)


def restored(workspace: Workspace, by: str) -> int:
    """Put in doubt what is due by now. Gives how many messages; done again at once, none.

    Raises ConflictError while workers run: what they have queued since is not in doubt.
    """
    with workspace.database.read() as session:
        if any(age < ALIVE for age in pulse.ages(session).values()):
            raise ConflictError(
                "A worker was at work on this database within the last two minutes. Stop web, worker and beat, wait "
                "two minutes, and say this again before you start them."
            )
    planning.plan(workspace)
    sweep.fall_back(workspace)
    if _invitations_can_go(workspace):
        invitations.invite(workspace)
    until, total = workspace.database.now(), 0
    while count := _chunk(workspace, until):
        total += count
    with workspace.database.write() as session:
        audit.append(session, workspace.vault, by, Action.BACKUP_RESTORED, "database", f"{total} in doubt")
    logger.warning("in doubt after a restored backup", count=total)
    return total


def _invitations_can_go(workspace: Workspace) -> bool:
    with workspace.database.read() as session:
        return bool(carriers.known(session, Kind.SMS))


def _chunk(workspace: Workspace, until: datetime) -> int:
    with workspace.database.write() as session:
        query = select(Message.id, Message.due_at, Message.attempts).where(
            Message.state.in_(WAITING), Message.due_at <= until
        )
        rows = session.execute(dialects.take(query.order_by(Message.id).limit(CHUNK), wait=True)).all()
        return _doubt(session, [(row.id, row.due_at, row.attempts + 1) for row in rows])


def _doubt(session: Session, rows: list[tuple[int, datetime, int]]) -> int:
    """By the moves that a lost answer makes, with the attempt that somebody may have made when the message was due."""
    if not rows:
        return 0
    at, token = dialects.now(session), secrets.token_hex(16)
    ids = [message for message, _, _ in rows]
    advance(session, [Move(each, State.QUEUED) for each in ids], at)
    advance(session, [Move(message, State.SENDING, attempts=number) for message, _, number in rows], at)
    session.execute(
        insert(Attempt),
        [{"message_id": message, "number": number, "token": token, "started_at": due} for message, due, number in rows],
    )
    session.execute(
        update(Message).where(Message.id.in_(ids)).values(token=token), execution_options={"synchronize_session": False}
    )
    return len(advance(session, [Move(each, State.UNKNOWN, RESTORED, token=token) for each in ids], at))
