"""How many messages are claimed at once, and whom a worker calls that finds more than that."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from outreach.delivery import send
from outreach.delivery.queue import Batch
from outreach.delivery.stride import BEGINS, LEAST, Stride
from outreach.messages.status import Lane

#: Full batches as (handed over, seconds), and what is claimed next where the settings allow 500.
WENT: list[tuple[str, list[tuple[int, float]], int]] = [
    ("nothing is known", [], BEGINS),
    ("a quick provider: twice as many", [(125, 0.2)], 250),
    ("never more than the settings allow", [(125, 0.2), (250, 0.3), (500, 0.6)], 500),
    ("a slow one: as many as go out in three seconds", [(500, 15.0)], 100),
    ("a very slow one", [(125, 30.0)], LEAST),
    ("whose lease was over before it began", [(0, 9.0)], BEGINS),
    ("no time at all", [(125, 0.0)], 250),
    ("it is quick again", [(125, 30.0), (64, 0.1)], 128),
]


@pytest.mark.parametrize(("went", "limit"), [row[1:] for row in WENT], ids=[row[0] for row in WENT])
def test_no_more_is_claimed_than_goes_out_within_seconds(went: list[tuple[int, float]], limit: int) -> None:
    stride = Stride()
    for handed, seconds in went:
        stride.went(handed, seconds)
    assert stride.limit(500) == limit
    assert stride.limit(50) == 50


@pytest.mark.parametrize(("asked", "limit"), [(500, BEGINS), (BEGINS, 2 * BEGINS)])
def test_fewer_than_were_asked_for_say_nothing_of_a_rate(
    monkeypatch: pytest.MonkeyPatch, asked: int, limit: int
) -> None:
    batch = Batch(claims=[object()] * BEGINS, decided=BEGINS, asked=asked)  # type: ignore[list-item]
    monkeypatch.setattr(send, "_claim", lambda *_: batch)
    monkeypatch.setattr(send, "deliver", lambda _workspace, _providers, _sender, ready: ready.claimed)
    stride, nobody = Stride(), cast(Any, None)
    send._timed(nobody, nobody, "twilio", send.get_ready(nobody, "twilio", Lane.BULK, asked), stride)
    assert stride.limit(500) == limit


@pytest.mark.parametrize(
    ("waiting", "called", "limits"),
    [
        (0, 0, {BEGINS}),
        (BEGINS - 1, 0, {BEGINS}),  # one batch is all there is
        (BEGINS, 1, {BEGINS, 2 * BEGINS}),
        (1000, 1, {BEGINS, 2 * BEGINS}),
    ],
)
def test_who_finds_more_than_a_batch_calls_another_worker_once(
    monkeypatch: pytest.MonkeyPatch, waiting: int, called: int, limits: set[int]
) -> None:
    left, asked, lock, calls = [waiting], set(), threading.Lock(), []

    def claim(_workspace: Any, _sender: str, _lane: Lane, limit: int) -> Batch:
        with lock:
            asked.add(limit)
            taken = min(limit, left[0])
            left[0] -= taken
        return Batch(claims=[object()] * taken, decided=taken, asked=limit)  # type: ignore[list-item]

    monkeypatch.setattr(send, "_claim", claim)
    monkeypatch.setattr(send, "deliver", lambda _workspace, _providers, _sender, ready: ready.claimed)
    workspace: Any = SimpleNamespace(settings=SimpleNamespace(batch=2 * BEGINS))
    providers: Any = None
    sent = send.drain(workspace, providers, "twilio", Lane.BULK, more=lambda: calls.append("come"))
    assert (sent, len(calls)) == (waiting, called)
    assert asked <= limits
