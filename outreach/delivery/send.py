"""The only door out: claim, commit, write, hand over with no transaction open, record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from outreach import failpoints, log
from outreach.audience.hours import quiet_hours
from outreach.channels import http
from outreach.channels.contract import Answer, Cause, Rejected
from outreach.channels.registry import Providers
from outreach.delivery import carriers, compose, queue, results
from outreach.delivery.caps import Caps
from outreach.delivery.compose import Composed, Pen
from outreach.delivery.facts import RunFacts
from outreach.delivery.queue import Batch
from outreach.delivery.stride import Stride
from outreach.messages.status import Lane
from outreach.workspace import Workspace

logger = log.get("delivery")


#: Batches under way at once where there is much to send: while one waits for its provider, the next is written.
ABREAST = 3


def drain(
    workspace: Workspace,
    providers: Providers,
    sender: str,
    lane: Lane,
    seconds: float = 20.0,
    stopping: threading.Event | None = None,
    stride: Stride | None = None,
    more: Callable[[], None] | None = None,
) -> int:
    """Send what is due for one sender until nothing is, for about `seconds`, or until `stopping` is set.

    Gives how many were handed over. Any number of workers may drain the same sender at the same time: claims are
    exclusive and share one pace. `stride`: what was learnt about this sender before; `more`: called once when there is
    more to send than one batch, on a thread of its own.
    """
    until, stride, most = time.monotonic() + seconds, stride or Stride(), workspace.settings.batch

    def one_after_another(ready: Ready | None = None) -> int:
        handed = _timed(workspace, providers, sender, ready, stride) if ready else 0
        while time.monotonic() < until and not (stopping and stopping.is_set()):
            ready = get_ready(workspace, sender, lane, stride.limit(most))
            if not ready.decided:
                break
            handed += _timed(workspace, providers, sender, ready, stride)
        return handed

    first = get_ready(workspace, sender, lane, stride.limit(most))
    if not first.decided:
        return 0
    others = ABREAST - 1 if first.full else 0
    with ThreadPoolExecutor(others + 1, thread_name_prefix=f"drain-{sender}") as pool:
        if first.full and more is not None:
            pool.submit(more)  # whoever it calls may be far away, and what is claimed must not wait for that
        abreast = [pool.submit(one_after_another) for _ in range(others)]
        handed = one_after_another(first) + sum(each.result() for each in abreast)
    if handed:
        logger.info("drained", sender=sender, lane=lane, sent=handed)
    return handed


@dataclass(frozen=True, slots=True)
class Ready:
    """A batch that was claimed and written, without what the gate looked at: most of a batch's memory.

    Of `decided` messages `claimed` are leased, under `token` until `until`; `full`: more may be waiting.
    """

    decided: int
    claimed: int
    full: bool
    composed: Composed
    runs: Mapping[int, RunFacts]
    token: str
    until: datetime | None


def get_ready(workspace: Workspace, sender: str, lane: Lane, limit: int) -> Ready:
    """Claim a batch of at most `limit` messages, and write it."""
    batch = _claim(workspace, sender, lane, limit)
    composed = write(workspace, batch) if batch.claims else Composed()
    runs = batch.facts.runs if batch.facts is not None else {}
    return Ready(batch.decided, len(batch.claims), batch.full, composed, runs, batch.token, batch.until)


def _timed(workspace: Workspace, providers: Providers, sender: str, ready: Ready, stride: Stride) -> int:
    """Deliver a batch, and learn how long a full one takes."""
    begun = time.monotonic()
    handed = deliver(workspace, providers, sender, ready)
    if ready.full:
        stride.went(handed, time.monotonic() - begun)
    return handed


def deliver(workspace: Workspace, providers: Providers, sender: str, ready: Ready) -> int:
    """Hand a batch over, record the answers. Gives how many were handed over.

    A worker that was frozen past its lease hands nothing over: somebody else may have settled these messages since.
    """
    if not ready.claimed:
        return 0
    if ready.until is None or workspace.database.now() >= ready.until:
        logger.warning("lease over before the call", sender=sender, count=ready.claimed)
        return 0
    composed = ready.composed
    answers: list[Answer] = []
    provider = providers.by_sender(sender)
    failpoints.reach("send.before_call")
    if composed.written:
        answers = http.run(provider.send(sender, [written.outgoing for written in composed.written]))
    failpoints.reach("send.answered")
    with workspace.database.write() as session:
        if composed.failed:
            results.fail_unwritten(session, composed.failed, ready.token)
        if answers:
            pairs = list(zip(composed.written, answers, strict=True))
            spec = next(spec for spec in providers.senders if spec.name == sender)
            results.record(session, spec, provider.name, pairs, ready.runs, ready.token)
        failpoints.reach("send.before_commit")
    failpoints.reach("send.recorded")
    _tell(sender, answers, len(composed.failed))
    return len(answers)


def write(workspace: Workspace, batch: Batch) -> Composed:
    """The texts of a claimed batch."""
    if batch.facts is None:
        return Composed()
    with workspace.database.read() as session:
        keys = compose.keys_of(session, workspace.vault, [claim.person_id for claim in batch.claims])
    return compose.compose(batch.claims, batch.facts, Pen(workspace.settings, carriers.ack_key(workspace), keys))


def _claim(workspace: Workspace, sender: str, lane: Lane, limit: int) -> Batch:
    settings = workspace.settings
    with workspace.database.write() as session:
        quiet, caps = quiet_hours(settings.quiet_hours), Caps(settings.most_a_day, settings.most_a_week, settings.zone)
        batch = queue.claim(session, sender, lane, limit, settings.lease, quiet, caps, settings.dormant_after)
        failpoints.reach("claim.before_commit")
    failpoints.reach("claim.committed")
    return batch


def _tell(sender: str, answers: list[Answer], failed: int) -> None:
    if failed:
        logger.warning("could not be written", sender=sender, count=failed)
    unclear = sum(isinstance(answer, Rejected) and answer.cause is Cause.AMBIGUOUS for answer in answers)
    if unclear:
        logger.warning("the provider's answer is not known", sender=sender, count=unclear)
