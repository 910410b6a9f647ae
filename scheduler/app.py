"""The Celery application on one screen: broker, queues, and what beats.

Celery is muscle, never memory: a task carries at most a sender's name and a lane. Wipe the broker at any moment and
the next tick finds all the work in the database. Two beats do no harm: every task is a hint, and claims are exclusive.
"""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import Any

from celery import Celery
from kombu import Connection, Queue
from kombu.exceptions import OperationalError

from outreach.settings import Settings

#: Conversations have a queue of their own, so that an answer never waits behind bulk.
QUEUES = ("conversations", "sms", "push", "upkeep")

#: Names of the tasks in `scheduler.tasks`; whoever sends a hint knows no more of them.
TICK, DRAIN, TAKE_IN, PLAN, SWEEP, WATCH, TELL, RETAIN = (
    f"scheduler.{name}" for name in ("tick", "drain", "take_in", "plan", "sweep", "watch", "tell", "retain")
)

#: Seconds after which a broker may drop a queue that nobody uses: there is nothing in it that matters.
UNUSED = 3600

DAY = 24 * 3600.0

#: Seconds that a hint is worth hearing. Its sender's clock says when that is over, and the worker's own whether it is
#: so: two machines whose clocks differ by more would not understand each other. A late hint is as good as a fresh one.
HEARD_FOR = 4 * 3600.0
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


#: When the system asks a broker that says nothing whether it is there, and when it gives the connection up (seconds).
SILENCE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


def queue_name(settings: Settings, name: str) -> str:
    """A queue's name at the broker."""
    return f"{settings.broker_prefix}.{name}"


def queues(settings: Settings) -> list[str]:
    """The names of all queues at the broker."""
    return [queue_name(settings, name) for name in QUEUES]


def reaches(settings: Settings) -> str:
    """Why the broker cannot be reached, as the error's class (its text may name hosts); "" when it can."""
    try:
        with Connection(settings.broker, connect_timeout=5) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=5)
    except OperationalError as error:
        return type(error.__cause__ or error).__name__
    return ""


def make(settings: Settings) -> Celery:
    """The application for one clinic."""
    app = Celery("outreach", broker=settings.broker, include=["scheduler.tasks"], set_as_current=False)
    app.conf.update(
        task_queues=[Queue(name, expires=UNUSED) for name in queues(settings)],
        task_default_queue=queue_name(settings, "upkeep"),
        task_ignore_result=True,
        task_acks_late=False,  # a hint that is lost costs a second; one that is done twice costs nothing either
        task_serializer="json",
        accept_content=["json"],
        worker_cancel_long_running_tasks_on_connection_loss=True,  # of late ones: none; unset, it warns at each loss
        worker_enable_prefetch_count_reduction=False,  # its way back is taken by our threads, and RabbitMQ then hangs
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,  # or our own log lines come out as Celery's warnings
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_transport(settings),
        beat_max_loop_interval=1,
        beat_schedule={
            "tick": {"task": TICK, "schedule": 1.0, "options": {"expires": HEARD_FOR}},
            "plan": {"task": PLAN, "schedule": settings.plan_every, "options": {"expires": HEARD_FOR}},
            "sweep": {"task": SWEEP, "schedule": settings.sweep_every, "options": {"expires": HEARD_FOR}},
            "watch": {"task": WATCH, "schedule": settings.watch_every, "options": {"expires": HEARD_FOR}},
            "tell": {"task": TELL, "schedule": settings.hooks_every, "options": {"expires": HEARD_FOR}},
            # At every start too: a clinic's computer may be switched off each night.
            "retain": {"task": RETAIN, "schedule": DAY, "last_run_at": LONG_AGO, "options": {"expires": DAY}},
        },
    )
    return app


def _transport(settings: Settings) -> dict[str, Any]:
    """How each kind of broker is spoken to.

    The embedded one is a queue in this process's memory: it is asked often, and has nothing to lose. The others may go
    silent without a word, and none of Celery's processes would ever notice.
    """
    if not settings.broker_url:
        return {"polling_interval": 0.1}
    asked = {getattr(socket, name): value for name, value in SILENCE.items() if hasattr(socket, name)}
    if settings.broker.startswith("redis"):
        return {
            "socket_connect_timeout": 5,
            "socket_timeout": 30,
            "socket_keepalive": True,
            "socket_keepalive_options": asked,
        }
    return {"socket_settings": asked}
