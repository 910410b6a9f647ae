"""What carries messages: processes, senders, the queue, and the way back from providers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
from sqlalchemy import func, select

from outreach.delivery import due
from outreach.doctor.contract import Finding, fault, ok, told, warning
from outreach.messages.status import Lane, State
from outreach.messages.tables import Message, ProviderEvent, Sender
from outreach.store import pulse
from outreach.workspace import Workspace

#: Upkeep that is silent for longer than this has nobody who does it.
SILENT = timedelta(minutes=2)

#: Due for so long without being claimed: the sender cannot keep up, is halted, or no worker runs.
WAITED = {Lane.CONVERSATION: timedelta(minutes=2), Lane.BULK: timedelta(hours=1)}

#: What is unknown for longer was not settled by the sweeper, which looks after `settle_after`.
MARGIN = timedelta(minutes=10)


def processes(workspace: Workspace) -> Iterator[Finding]:
    """Whether beats hint and workers do what they are hinted at: their signs of life."""
    with workspace.database.read() as session:
        ages = pulse.ages(session)
    settings = workspace.settings
    every = {"plan": settings.plan_every, "sweep": settings.sweep_every, "watch": settings.watch_every}
    for job, seconds in every.items():
        most = max(SILENT, timedelta(seconds=4 * seconds))
        if job not in ages:
            yield fault("processes", f"{job}: never done here", _START)
        elif ages[job] > most:
            yield fault("processes", f"{job}: last done {told(ages[job])} ago", _START)
        else:
            yield ok("processes", f"{job}: done {told(ages[job])} ago")


_START = "Start a beat and a worker: `outreach up`, or `outreach beat` and `outreach worker`."


def senders(workspace: Workspace) -> Iterator[Finding]:
    """Senders that are set up, and whether any of them is stopped."""
    now = workspace.database.now()
    with workspace.database.read() as session:
        found = list(session.scalars(select(Sender).order_by(Sender.name)))
    if not found:
        yield fault("senders", "none is set up", "Name a provider in .env; the README's table of settings lists them.")
    for each in found:
        if each.halted_until is not None and each.halted_until > now:
            seen = f"{each.name}: stopped for {told(each.halted_until - now)} ({each.halted_for})"
            yield fault("senders", seen, "Look at the provider's console: credentials, balance, registration.")
        else:
            yield ok("senders", f"{each.name}: {each.pace:g} {each.unit} a second")


def queue(workspace: Workspace) -> Iterator[Finding]:
    """The oldest message that could go now, by lane, and the oldest that is in doubt."""
    now = workspace.database.now()
    with workspace.database.read() as session:
        oldest = due.oldest(session, now)
        unknown = session.scalar(select(func.min(Message.updated_at)).where(Message.state == State.UNKNOWN))
    for lane, since in oldest.items():
        waited = now - since if since else timedelta()
        seen = f"{lane}: " + (f"oldest has been due for {told(waited)}" if since else "nothing waits")
        if waited > WAITED[lane]:
            yield fault("queue", seen, "See that workers run, that no sender is stopped, and that its pace suffices.")
        else:
            yield ok("queue", seen)
    if unknown is not None and now - unknown > timedelta(seconds=workspace.settings.settle_after) + MARGIN:
        yield fault(
            "queue", f"in doubt for {told(now - unknown)}", "See that the provider can be asked (its API, .env)."
        )


def events(workspace: Workspace) -> Iterator[Finding]:
    """What providers said that fits no message of ours."""
    with workspace.database.read() as session:
        parked = session.scalar(select(func.count()).where(ProviderEvent.parked != "")) or 0
        last = session.scalar(select(func.max(ProviderEvent.received_at)))
    seen = f"{parked} set aside" + (f", last receipt {told(workspace.database.now() - last)} ago" if last else "")
    yield (
        ok("receipts", seen)
        if parked < 1000
        else warning("receipts", seen, "Does another system use the same account? Its receipts should go elsewhere.")
    )


def webhooks(workspace: Workspace) -> Iterator[Finding]:
    """Whether our own public URL reaches us, as far as it can be seen from here."""
    url = workspace.settings.public_url
    remedy = "Start `outreach web`, and see that OUTREACH_PUBLIC_URL, DNS, TLS and the proxy lead to it."
    try:
        answer = httpx.get(f"{url}/health", timeout=5, follow_redirects=False)
    except httpx.HTTPError as error:
        yield fault("webhooks", f"{url} cannot be reached from here ({type(error).__name__})", remedy)
        return
    if answer.status_code != 204:
        yield fault("webhooks", f"{url}/health answers {answer.status_code}, not 204", remedy)
    elif not url.startswith("https://") and "127.0.0.1" not in url and "localhost" not in url:
        yield warning("webhooks", f"{url} is not encrypted", "Put TLS before it: texts of patients pass there.")
    else:
        yield ok("webhooks", f"{url} leads here")
