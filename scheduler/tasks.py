"""The tasks: a hint comes in, one function of outreach is called. Nothing personal ever travels through the broker."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery, shared_task
from kombu.exceptions import OperationalError
from sqlalchemy.exc import DBAPIError

from outreach import log
from outreach.audience import intakes
from outreach.campaigns import invitations, planning, runs
from outreach.channels.contract import Kind
from outreach.delivery import carriers, retention, send, sweep
from outreach.delivery.queue import due_lanes
from outreach.delivery.stride import Stride
from outreach.hooks import carry, health
from outreach.messages.status import Lane
from outreach.store import pulse
from outreach.threads import alarms, forgetting, hands, promises, reveals
from outreach.workspace import Workspace
from scheduler.app import DRAIN, HEARD_FOR, PLAN, RETAIN, SWEEP, TAKE_IN, TELL, TICK, WATCH, queue_name

logger = log.get("scheduler")


class Desk:
    """What the tasks of this process work with, set once when the worker starts."""

    def __init__(self, workspace: Workspace, app: Celery) -> None:
        self.workspace = workspace
        self.app = app
        self.providers = carriers.build(workspace)
        self.stopping = threading.Event()  # set: finish the batch at hand and take no other
        self.strides: defaultdict[tuple[str, Lane], Stride] = defaultdict(Stride)
        self._busy: set[tuple[str, ...]] = set()
        self._lock = threading.Lock()
        with workspace.database.write() as session:
            carriers.enrol(session, self.providers)

    @contextmanager
    def alone(self, *job: str) -> Iterator[bool]:
        """Whether this job is not under way in this process already; a second one would only hold a thread."""
        with self._lock:
            free = job not in self._busy
            self._busy.add(job)
        try:
            yield free
        finally:
            if free:
                with self._lock:
                    self._busy.discard(job)

    def close(self) -> None:
        """Let go of connections."""
        self.providers.close()


_desks: list[Desk] = []


def open_desk(workspace: Workspace, app: Celery) -> Desk:
    """Make this process able to work for a clinic."""
    _desks[:] = [Desk(workspace, app)]
    return _desks[0]


def desk() -> Desk:
    """The clinic this process works for."""
    return _desks[0]


def threads_needed(senders: int) -> int:
    """Threads of a worker: both lanes of every sender at once, one for a table, and the upkeep beside them."""
    return 2 * max(1, senders) + 4


@shared_task(name=TICK)
def tick() -> None:
    """See which senders have due messages, and whether a table is to be taken in, and hint at it."""
    with _whole(), desk().workspace.database.read() as session:
        if intakes.due(session):
            desk().app.send_task(TAKE_IN, expires=HEARD_FOR)
        for sender, kind, lane in due_lanes(session):
            _hint(sender, kind, lane)


@shared_task(name=DRAIN)
def drain(sender: str, lane: str) -> None:
    """Send what is due for one sender until nothing is: the next hint may go to another worker."""
    with _whole(), desk().alone(DRAIN, sender, lane) as free:
        while free and not desk().stopping.is_set() and _spell(sender, Lane(lane)):
            pass


def _spell(sender: str, lane: Lane) -> int:
    """Send for a while; gives how many were handed over."""
    here = desk()
    if here.workspace.lacks_keys():
        # Nothing is lost: another machine sends it, or this one as soon as it has the newest keyring.
        logger.error("keyring is behind: bring the newest one to this machine", sender=sender)
        return 0

    def more() -> None:
        # One worker hints at the next, until one is busy already: with a hint a second, ten would take ten seconds.
        with _whole():
            _hint(sender, here.providers.by_sender(sender).kind, lane)

    stride = here.strides[sender, lane]
    return send.drain(here.workspace, here.providers, sender, lane, stopping=here.stopping, stride=stride, more=more)


def _hint(sender: str, kind: Kind, lane: Lane) -> None:
    name = "conversations" if lane is Lane.CONVERSATION else kind.value
    queue = queue_name(desk().workspace.settings, name)
    desk().app.send_task(DRAIN, args=[sender, lane.value], queue=queue, expires=HEARD_FOR)


@shared_task(name=TAKE_IN)
def take_in() -> None:
    """Take in the tables that somebody said yes to."""
    with _whole(), desk().alone(TAKE_IN) as free:
        if free:
            intakes.carry_on(desk().workspace, desk().stopping)


@shared_task(name=PLAN)
def plan() -> None:
    """Write what falls due soon, invite whom it is due to, close what is over."""
    with _whole(), desk().alone(PLAN) as free:
        if free:
            planning.plan(desk().workspace)
            invitations.invite(desk().workspace)
            runs.finish(desk().workspace)
            _alive("plan")


@shared_task(name=SWEEP)
def sweep_up() -> None:
    """Settle what is in doubt, and forget whoever has asked for it."""
    with _whole(), desk().alone(SWEEP) as free:
        if free:
            sweep.sweep(desk().workspace, desk().providers)
            forgetting.finish(desk().workspace)
            intakes.tidy(desk().workspace)
            _alive("sweep")


@shared_task(name=WATCH)
def watch() -> None:
    """Call staff to whoever is in danger, keep promises, and see that reveals are looked at."""
    with _whole(), desk().alone(WATCH) as free:
        if free:
            alarms.watch(desk().workspace)
            promises.keep(desk().workspace)
            reveals.chase(desk().workspace)
            _alive("watch")


@shared_task(name=TELL)
def tell() -> None:
    """Tell other programs what happened, and alert where one does not hear."""
    with _whole(), desk().alone(TELL) as free:
        if free:
            carry.carry(desk().workspace)
            health.watch(desk().workspace)


@shared_task(name=RETAIN)
def retain() -> None:
    """Let go of what is too old, and of whoever was forgotten."""
    with _whole(), desk().alone(RETAIN) as free:
        if free:
            forgetting.catch_up(desk().workspace)
            retention.retain(desk().workspace)
            hands.let_go(desk().workspace)
            _alive("retain")


def _alive(job: str) -> None:
    """Leave a sign of life: a beat has hinted, and a worker has done it."""
    with desk().workspace.database.write() as session:
        pulse.feel(session, job)


@contextmanager
def _whole() -> Iterator[None]:
    """A database or broker that is away is nobody's fault: the next tick tries again. Its text may name hosts."""
    try:
        yield
    except DBAPIError as error:
        logger.error("database error", error=type(error.orig).__name__)
    except OperationalError:
        logger.error("broker error")
    except Exception as error:
        # Celery would log the error's text, which may quote what it should not: its class and place must do.
        logger.error("task failed", exc_info=error)
