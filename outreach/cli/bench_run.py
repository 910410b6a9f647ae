"""The real processes of a throw-away clinic at work, and what that costs: a campaign out and its receipts in."""

from __future__ import annotations

import json
import secrets
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any
from urllib.request import urlopen
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from outreach.campaigns import planning, runs
from outreach.cli.bench_meter import Cpu, Meter, cpu_of
from outreach.cli.bench_place import ACCOUNT, CHUNK, OURS, TOKEN, Ground, analyze
from outreach.cli.bench_provider import Order
from outreach.delivery.moves import Move, advance
from outreach.errors import OutreachError
from outreach.messages.status import State
from outreach.messages.tables import Message, Tally
from outreach.store import dialects, pulse

WITHIN = 120.0  # seconds for processes to start; and of stillness, after which a run counts as stuck

IDLE = 0.15  # CPU seconds in half a second, below which a process has nothing in particular to do

_DEFINITION = """\
title: bench
topic: tb
audience: {{all: []}}
channels: [sms]
hours: {{from: "00:00", to: "24:00"}}
expires: 20h
steps:
  - {{id: one, template: tb/welcome, {timing}}}
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took. `seconds`: from the launch, or the due moment, until the last message was there."""

    messages: int
    planned_in: float
    seconds: float
    cpu: Cpu

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


class Provider:
    """The static provider's process. `receipts`: connections over which it tells of deliveries; 0: it tells nothing."""

    def __init__(self, ground: Ground, latency: float, receipts: int) -> None:
        public_url, certificate = ground.workspace.settings.public_url, str(ground.certificate)
        order = Order(ground.provider, certificate, latency, public_url, TOKEN, receipts, ground.address)
        words = {name: getattr(order, name) for name in Order.__slots__}
        self._base = f"https://{ground.address}:{ground.provider}"
        self._certificate = str(ground.certificate)
        command = [sys.executable, "-m", "outreach.cli.bench_provider", json.dumps(words)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ground.folder)
        if not self.process.stdout or not self.process.stdout.readline():
            raise OutreachError("The made-up provider did not start; the lines above say why.")

    def ask(self, what: str = "facts") -> Any:
        """`facts`, `arrived` (moments by our ids) or `took` (seconds of each receipt).

        `latency/N`: it answers after so many milliseconds from now on.
        """
        context = ssl.create_default_context(cafile=self._certificate)
        with urlopen(f"{self._base}/{what}", context=context) as answer:
            return json.load(answer)

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@contextmanager
def provider(ground: Ground, latency: float = 0.1, receipts: int = 64) -> Iterator[Provider]:
    """The static provider, as long as the block lasts."""
    made = Provider(ground, latency, receipts)
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def parts(ground: Ground, *commands: str, inside: Sequence[Sequence[str]] = ()) -> Iterator[list[int]]:
    """Processes of the clinic (`web`, `worker`, `beat`, `up`) at work, as long as the block lasts; gives their ids.

    `inside`: the words in front of the first of them, which have another network (`ip netns exec …`).
    """
    with ExitStack() as stack:
        made = [
            stack.enter_context(_program(ground, command, place, front))
            for place, (command, front) in enumerate(zip(commands, chain(inside, repeat(())), strict=False))
        ]
        if {"web", "up"} & {*commands}:
            _until(ground, lambda: _answers(ground.port), "the web process", made)
        if {"worker", "up"} & {*commands}:
            _until(ground, lambda: _alive(ground), "the worker", made)
        _until(ground, lambda: _settled(made), "every process", made)
        yield [each.pid for each in made]


@contextmanager
def _program(ground: Ground, command: str, place: int, front: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    with (ground.folder / f"{place}-{command}.err").open("wb") as errors:
        process = subprocess.Popen(
            [*front, sys.executable, "-m", "outreach", command],
            cwd=ground.folder,
            env=ground.env,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
            return bool(answer.status == 204)
    except OSError:
        return False


def _alive(ground: Ground) -> bool:
    with ground.workspace.database.read() as session:
        return bool(pulse.ages(session))


def _settled(processes: Sequence[subprocess.Popen[bytes]]) -> bool:
    """Whether what is done once at the start is over: it is no message's cost."""
    before = [cpu_of(each.pid) for each in processes]
    time.sleep(0.5)
    return all(cpu_of(each.pid) - earlier < IDLE for each, earlier in zip(processes, before, strict=True))


def _until(ground: Ground, true: Callable[[], bool], what: str, processes: Sequence[subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + WITHIN
    while (dead := any(each.poll() is not None for each in processes)) or not true():
        if dead or time.monotonic() > until:
            said = [line for path in sorted(ground.folder.glob("*.err")) for line in path.read_text().splitlines()]
            raise OutreachError(f"{what[0].upper()}{what[1:]} did not come up. {said[-1] if said else ''}".rstrip())
        time.sleep(0.1)


def launch(ground: Ground, *, later: bool = False) -> tuple[int, float]:
    """Launch a campaign to everybody and plan it; gives the messages and the seconds. `later`: not due today."""
    at = ground.workspace.database.now().astimezone(ZoneInfo("Africa/Nairobi"))
    timing = 'every: "FREQ=DAILY;COUNT=1", at: "00:00"' if later else f'at: "{at:%Y-%m-%d %H:%M:%S}"'
    name = f"bench-{secrets.token_hex(4)}"
    (ground.folder / "campaigns" / f"{name}.yaml").write_text(_DEFINITION.format(timing=timing))
    runs.launch(ground.workspace, name, by="bench")
    begun = time.perf_counter()
    planned = planning.plan(ground.workspace)
    return planned, time.perf_counter() - begun


def due(ground: Ground, most: int | None = None) -> None:
    """Let everything that waits be due now. `most`: no more than so many."""
    waits = select(Message.id).where(Message.state == State.QUEUED).order_by(Message.id).limit(most)
    with ground.workspace.database.write() as session:
        session.execute(update(Message).where(Message.id.in_(waits)).values(due_at=func.now()))


def counted(ground: Ground, state: State) -> int:
    """How many messages stand in a state, by the roll-up: asking costs the same whatever their number."""
    with ground.workspace.database.read() as session:
        return int(session.scalar(select(func.sum(Tally.messages)).where(Tally.state == state)) or 0)


def wait_for(ground: Ground, state: State, count: int) -> float:
    """Wait until so many messages stand in a state; gives that moment. Raises OutreachError when nothing moves."""
    there, moved = -1, time.perf_counter()
    while (now := counted(ground, state)) < count:
        if now != there:
            there, moved = now, time.perf_counter()
        elif time.perf_counter() - moved > WITHIN:
            raise OutreachError(
                f"Stuck: {now:,} of {count:,} messages are {state} after {WITHIN:.0f} s without a move."
            )
        time.sleep(0.1)
    return time.perf_counter()


def whole(ground: Ground, processes: Sequence[int], count: int) -> Run:
    """Plan, send, and hear of every delivery. `processes`: ours; `count`: people."""
    target = counted(ground, State.DELIVERED) + count
    meter = Meter(ground.workspace.database, processes)
    before, mine, begun = meter.read(), time.process_time(), time.perf_counter()
    _, planned_in = launch(ground)
    mine = time.process_time() - mine  # planning is part of it; waiting here is not
    done = wait_for(ground, State.DELIVERED, target)
    spent = meter.read() - before
    return Run(count, planned_in, done - begun, Cpu(spent.ours + mine, spent.database))


def send_only(ground: Ground, processes: Sequence[int], count: int) -> Run:
    """Claim, write, hand over, record what was planned before."""
    _, planned_in = launch(ground, later=True)
    return sent(ground, processes, count, planned_in)


def sent(ground: Ground, processes: Sequence[int], count: int, planned_in: float = 0.0) -> Run:
    """Let so many of what is planned be due, and wait until they were handed over. `planned_in`: seconds."""
    target = counted(ground, State.ACCEPTED) + count
    meter = Meter(ground.workspace.database, processes)
    due(ground, count)
    analyze(ground.workspace)
    before, begun = meter.read(), time.perf_counter()
    done = wait_for(ground, State.ACCEPTED, target)
    return Run(count, planned_in, done - begun, meter.read() - before)


def accepted(ground: Ground) -> list[int]:
    """Bring what waits to where a receipt is the next to come; gives the ids of our messages."""
    with ground.workspace.database.read() as session:
        ids = list(session.scalars(select(Message.id).where(Message.state == State.QUEUED).order_by(Message.id)))
    for start in range(0, len(ids), CHUNK):
        with ground.workspace.database.write() as session:
            at, some = dialects.now(session), ids[start : start + CHUNK]
            advance(session, [Move(each, State.SENDING) for each in some], at)
            taken = [Move(each, State.ACCEPTED, provider="twilio", provider_id=f"SM{each:032x}") for each in some]
            advance(session, taken, at)
    analyze(ground.workspace)
    return ids


@dataclass(frozen=True, slots=True)
class Flood:
    """What a flood saw. `p50`, `p99`: seconds from a call to its answer; `again`: calls that were not taken at once."""

    calls: int
    seconds: float
    p50: float
    p99: float
    again: int
    cpu: Cpu

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds


def flood(ground: Ground, processes: Sequence[int], kind: str, marks: Sequence[int], connections: int = 64) -> Flood:
    """Make one call for each mark (see `bench_flood`) and wait for the last answer. `processes`: ours.

    Raises OutreachError.
    """
    words = {
        "kind": kind,
        "public_url": ground.workspace.settings.public_url,
        "connections": connections,
        "first": time.time_ns(),
        "marks": list(marks),
        "account": ACCOUNT,
        "to": OURS,
        "token": TOKEN,
    }
    command = [sys.executable, "-m", "outreach.cli.bench_flood"]
    meter = Meter(ground.workspace.database, processes)
    before = meter.read()
    done = subprocess.run(command, input=json.dumps(words), stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise OutreachError("The flood of calls broke off; the lines above say why.")
    return Flood(len(marks), **json.loads(done.stdout), cpu=meter.read() - before)
