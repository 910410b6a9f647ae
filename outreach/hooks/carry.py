"""The calls: claimed by a lease, made with no transaction open, tried again later and later, given up after two days.

A program that answers slowly or not at all holds up nobody but itself for `PATIENCE` seconds a try.
"""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from outreach import log
from outreach.errors import ConflictError, KeyringError
from outreach.hooks import address, signature, targets
from outreach.hooks.address import NowhereError, Target
from outreach.hooks.events import Kind
from outreach.hooks.tables import TOO_OLD, Hook, HookTelling, Telling
from outreach.hooks.targets import Opened
from outreach.store import dialects
from outreach.workspace import Workspace

logger = log.get("hooks")

BATCH = 20
PATIENCE = 5.0  # seconds for a call
LEASE = timedelta(seconds=BATCH * PATIENCE * 3)
KEPT = timedelta(days=30)  # what is done or given up

#: How long until the next try, by the tries that were made; after the last one it is given up.
LATER = tuple(timedelta(seconds=each) for each in (5, 60, 300, 1800, 7200, 18000, 36000, 57600, 57600))


@dataclass(frozen=True, slots=True)
class Call:
    """One telling, ready to be made."""

    id: int
    hook_id: int
    tries: int
    body: bytes = field(repr=False)
    kind: str
    to: Opened = field(repr=False)


def carry(workspace: Workspace) -> int:
    """Tell what is due. Gives how many were told; safe to break off and to do by several at any time."""
    told = 0
    lease, calls = _claim(workspace)
    for call in calls:
        outcome = _make(call, workspace.database.now(), inside=workspace.settings.hooks_inside)
        told += _record(workspace, lease, call, outcome)
    return told


def _claim(workspace: Workspace) -> tuple[str, list[Call]]:
    lease = secrets.token_hex(16)
    with workspace.database.write() as session:
        now = dialects.now(session)
        free = or_(HookTelling.leased_until.is_(None), HookTelling.leased_until < now)
        due = select(HookTelling, Hook).join(Hook, Hook.id == HookTelling.hook_id)
        due = due.where(HookTelling.state == Telling.WAITING, HookTelling.due_at <= now, free, Hook.paused_at.is_(None))
        due = dialects.take(due.order_by(HookTelling.due_at, HookTelling.id).limit(BATCH), of=HookTelling)
        calls = []
        for row, hook in session.execute(due):
            row.lease, row.leased_until = lease, now + LEASE
            try:
                to = targets.opened(workspace.vault, hook, now)
                calls.append(Call(row.id, hook.id, row.tries, _body(row), row.kind, to))
            except KeyringError:
                logger.error("keyring is behind", error="KeyringError")
        _let_go(session, now)
    return lease, calls


def _let_go(session: Session, now: datetime) -> None:
    """What is done or given up for long goes; what waits for so long, as while a webhook is paused, is given up."""
    old = HookTelling.state == Telling.WAITING, HookTelling.at < now - KEPT, HookTelling.changed_at < now - KEPT
    given_up = {"state": Telling.GIVEN_UP, "outcome": TOO_OLD, "changed_at": now}
    session.execute(update(HookTelling).where(*old).values(**given_up))
    over = HookTelling.state != Telling.WAITING, HookTelling.changed_at < now - KEPT
    session.execute(delete(HookTelling).where(*over))


def _body(row: HookTelling) -> bytes:
    told = {"type": row.kind, "timestamp": row.at.isoformat(), "data": row.facts}
    return json.dumps(told, separators=(",", ":")).encode()


def _make(call: Call, now: datetime, *, inside: bool) -> str:
    """Make a call; gives the status of its answer, or why there was none, in a word."""
    signed = signature.headers(call.to.secrets, f"msg_{call.id}", int(now.timestamp()), call.body)
    try:
        target = address.read(call.to.url, inside=inside)
        return str(_post(target, address.resolve(target, inside=inside), call.body, signed))
    except ConflictError:
        return "address_refused"
    except NowhereError as error:
        return str(error)
    except ssl.SSLError:
        return "certificate"
    except TimeoutError:
        return "timeout"
    except (OSError, http.client.HTTPException):
        return "unreachable"


def _post(target: Target, place: str, body: bytes, signed: dict[str, str]) -> int:
    """Connect to the address that was looked at, by the name that its certificate must have; follow no redirect."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=PATIENCE)
    plain = socket.create_connection((place, target.port), PATIENCE)
    try:
        opened = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=target.host) if target.secure else plain
        )
        connection.sock = opened
        # Each read has its patience; this ends a call whose other side sends a byte now and then.
        end = threading.Timer(2 * PATIENCE, lambda: opened.shutdown(socket.SHUT_RDWR))
        end.start()
        try:
            headers = {"Host": target.named, "Content-Type": "application/json", "User-Agent": "outreach", **signed}
            connection.request("POST", target.path, body, {**headers, "Connection": "close"})
            return connection.getresponse().status
        finally:
            end.cancel()
    finally:
        connection.close()
        plain.close()


def _record(workspace: Workspace, lease: str, call: Call, outcome: str) -> bool:
    """Write down what came of it, unless somebody else has taken it over meanwhile."""
    done = outcome.startswith("2") and len(outcome) == 3
    over = call.tries >= len(LATER) or call.kind == Kind.PING
    with workspace.database.write() as session:
        now = dialects.now(session)
        values = {"tries": call.tries + 1, "outcome": outcome, "lease": "", "leased_until": None, "changed_at": now}
        if done or over:
            values["state"] = Telling.DONE if done else Telling.GIVEN_UP
            if done and call.kind == Kind.PERSON_FORGOTTEN:
                values["facts"] = {}  # the other side knows: nobody here needs her pseudonym any more
        else:
            values["due_at"] = now + LATER[call.tries]
        mine = (HookTelling.id == call.id, HookTelling.lease == lease, HookTelling.state == Telling.WAITING)
        written = update(HookTelling).where(*mine).values(**values).returning(HookTelling.id)
        if session.scalar(written) is not None:
            _note(session, call, now, heard=done)
    if not done and over:
        logger.warning("webhook given up", reason=outcome)
    return done


def _note(session: Session, call: Call, now: datetime, *, heard: bool) -> None:
    """Since when it hears nothing. A ping in vain is somebody's try, and no failure to tell."""
    its = update(Hook).where(Hook.id == call.hook_id)
    if heard:
        session.execute(its.where(Hook.failing_since.is_not(None)).values(failing_since=None))
    elif call.kind != Kind.PING:
        session.execute(its.where(Hook.failing_since.is_(None)).values(failing_since=now))
