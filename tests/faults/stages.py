"""The rows of the fault table that need whole processes: web, two workers and two beats as an operator starts them.

Each stage sends a campaign on PostgreSQL and one broker, does harm from outside, and measures until when due work goes
on again. What it gives is what went wrong and the seconds it measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from sqlalchemy.engine import make_url
from twilio.request_validator import RequestValidator

from tests.faults import cluster
from tests.faults.cable import Cable, cables
from tests.faults.checker.records import rows
from tests.faults.cluster import Cluster
from tests.faults.kills import killed
from tests.faults.stage import Stage, stage
from tests.postgres import Postgres
from tests.processes import TOKEN, Program
from tests.relay import Relay, Way

AS_SHIPPED = {
    "OUTREACH_PROVIDERS__TWILIO__PACE": "3",
    "OUTREACH_LEASE": "60",
    "OUTREACH_SWEEP_EVERY": "15",
    "OUTREACH_SETTLE_AFTER": "900",
}
SLOWLY = {"OUTREACH_PROVIDERS__TWILIO__PACE": "3"}
BAD_FOR = 8.0  # seconds that a way stays bad

#: A command whose process believes another time: `{hours}` is how far its clock is off.
ANOTHER_TIME = """
import sys, time, time_machine
time_machine.travel(time.time() + {hours} * 3600, tick=True).start()
from outreach.cli import main
sys.exit(main())
"""


def wiped(stage: Stage) -> None:
    """The broker forgets everything, then goes away: all due work goes on within 60 s after it is back."""
    stage.open("web", "worker", "worker", "beat", "beat")
    stage.wait_for(10)
    stage.wipe()
    stage.until_it_goes_on("due work goes on after a wipe", 60)
    stage.wait_for(25)
    stage.relays["broker"].cut()
    stage.wipe()
    time.sleep(stage.away)
    stage.relays["broker"].mend()
    stage.until_it_goes_on("due work goes on after the broker was down", 60)
    stage.rest()


def restarted(stage: Stage) -> None:
    """Every connection to the database breaks, again and again, while messages go out and receipts come in."""
    stage.open("web", "worker", "worker", "beat", "beat")
    for count in (10, 25, 40):
        stage.wait_for(count)
        _break_connections(stage.database)
        stage.until_it_goes_on("due work goes on after the database broke off")
    stage.rest()


def _break_connections(url: str) -> None:
    here = make_url(url)
    plain = here.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [here.database])


def misled(stage: Stage) -> None:
    """Beats whose clocks are two hours off, either way, and forged receipts: nothing twice, missed or believed."""
    stage.open("web", "worker", "worker")
    for hours in (-2, 2):
        program = Program("beat", folder=stage.place.folder, code=ANOTHER_TIME.format(hours=hours))
        stage.stack.callback(program.kill)
        stage.programs.append(program)
        stage.wait_for(stage.calls() + 5)
        program.kill()
    stage.run("beat")
    url = f"http://127.0.0.1:{stage.place.port}/hooks/twilio/status?m=1"
    form = {"MessageSid": "SMforged", "MessageStatus": "delivered"}
    for headers in ({}, {"X-Twilio-Signature": "bm8="}):
        answer = httpx.post(url, data=form, headers=headers)
        if answer.status_code != 403:
            stage.wrong.append(f"a forged receipt was answered {answer.status_code}")
    stage.rest()
    if any(row["provider_id"] == "SMforged" for row in rows(stage.database)["provider_event"]):
        stage.wrong.append("a forged receipt was kept")


def cut_off(stage: Stage) -> None:
    """The way to the carrier, the broker or the database is slow, a black hole, half-closed, or full of resets."""
    stage.people = 150
    stage.open("web", "worker", "worker", "beat", "beat")
    for name, relay in stage.relays.items():
        for way in (Way.SLOW, Way.SILENT, Way.DEAF, Way.RESET):
            stage.wait_for(stage.calls() + 3)
            relay.turn(way)
            time.sleep(BAD_FOR)
            relay.turn(Way.FAIR)
            stage.until_it_goes_on(f"due work goes on after the way to the {name} was {way}", 60)
    stage.rest(400)


def forgotten(stage: Stage) -> None:
    """The cable to the broker, the database or the carrier is pulled; plugged in again, every connection is unknown.

    Nobody tells us: whoever waits on such a connection has to find out by asking.
    """
    stage.people = 120
    stage.open("web", "worker", "worker", "beat", "beat")
    for name, cable in stage.relays.items():
        stage.wait_for(stage.calls() + 5)
        assert isinstance(cable, Cable)
        cable.forget()
        stage.until_it_goes_on(f"due work goes on after the {name} forgot every connection", 60)
    stage.rest(400)


def crashed(stage: Stage) -> None:
    """`pg_ctl restart -m immediate`, again and again, while messages go out and receipts come in."""
    stage.open("web", "worker", "worker", "beat", "beat")
    for count in (10, 30, 50, 70):
        stage.wait_for(count)
        stage.ground.crash()
        stage.until_it_goes_on("due work goes on after the database crashed", 60)
    stage.rest()


def starved(stage: Stage) -> None:
    """The database's disk is full: nobody is called without a claim on record, and a text comes again."""
    stage.open("web", "worker", "worker", "beat", "beat")
    stage.wait_for(20)
    stage.ground.fill()
    answered = _text(stage)
    if not 500 <= answered < 600:
        stage.wrong.append(f"a text was answered {answered} though nothing could be written")
    time.sleep(BAD_FOR)
    stage.ground.empty()
    stage.ground.revive()
    stage.until_it_goes_on("due work goes on after the database's disk was full", 60)
    stage.rest()
    if not httpx.codes.is_success(answered := _text(stage)):
        stage.wrong.append(f"the text that came again was answered {answered}")
    if [row["state"] for row in rows(stage.database)["message"] if row["provider_id"] == "SMagain"] != ["received"]:
        stage.wrong.append("8: the text that came again is not there once")


def _text(stage: Stage) -> int:
    """Somebody asks for help; gives the status of our answer."""
    url = f"http://127.0.0.1:{stage.place.port}/hooks/twilio/inbound"
    number = (stage.place.folder / "people.csv").read_text(encoding="utf-8").splitlines()[1].partition(",")[0]
    form = {"MessageSid": "SMagain", "From": number, "To": "+15005550006", "Body": "My arm hurts"}
    seal = RequestValidator(TOKEN).compute_signature(url, form)
    return httpx.post(url, data=form, headers={"X-Twilio-Signature": seal}, timeout=30).status_code


def unsteady(stage: Stage) -> None:
    """The database's own clock, which every guard looks at, steps two hours back, then right, then two hours on."""
    stage.open("web", "worker", "worker", "beat", "beat")
    stage.wait_for(10)
    stage.ground.step(-2)
    time.sleep(2)  # what was claimed before is on its way
    # Answers to texts of those seconds are dated by the slow clock: they are due.
    waiting = {str(row["id"]) for row in stage.under_way({"queued"}) if row["purpose"] == "campaign"}
    gone = "|".join(stage.place.taken())
    time.sleep(BAD_FOR)
    if hasty := waiting & {*stage.place.taken()}:
        stage.wrong.append(f"11: {len(hasty)} messages were sent before they were due")
    stage.ground.step(0)
    stage.until_it_goes_on("due work goes on after the clock was two hours slow", 60)
    stage.wait_for(stage.calls() + 10)
    # The database dates an attempt two hours later than the carrier its call, and a STOP of those slow seconds two
    # hours before what had gone already.
    early = r"was sent 7(1[5-9]|2[0-4])\d\.\d+ s before its attempt"
    stage.excused = rf"{early}|message ({gone}) was claimed after a STOP"
    stage.ground.step(2)
    stage.until_it_goes_on("due work goes on though the clock is two hours fast", 60)
    stage.rest()


@dataclass(frozen=True)
class Play:
    """What is done, with which settings, and on which PostgreSQL: the one that all share, if none is said."""

    work: Callable[[Stage], None]
    settings: Mapping[str, str] = field(default_factory=dict)
    ground: Callable[[Path], AbstractContextManager[Cluster]] | None = None
    cables: bool = False  # which can be pulled, instead of plain relays


STAGES: Mapping[str, Play] = {
    "workers are killed": Play(killed, AS_SHIPPED),
    "the broker is wiped, and down": Play(wiped),
    "the database breaks off": Play(restarted),
    "the database crashes": Play(crashed, ground=cluster.own),
    "the database's disk is full": Play(starved, ground=cluster.starved),
    "the database's clock is wrong": Play(unsteady, ground=cluster.unsteady),
    "clocks and forgers": Play(misled),
    "the ways are bad": Play(cut_off, SLOWLY),
    "cables are pulled": Play(forgotten, SLOWLY, cables=True),
}


def play(
    folder: Path, server: str, broker: str, name: str, away: float, kills: int
) -> tuple[list[str], dict[str, list[float]]]:
    """Play one stage; gives what went wrong and what was measured.

    `away`: seconds for which a broker is down; `kills`: of workers. Raises `namespaces.NotHereError`.
    """
    chosen = STAGES[name]
    with ExitStack() as stack:
        ground = stack.enter_context(chosen.ground(folder / "ground")) if chosen.ground else None
        url = ground.url if ground else stack.enter_context(Postgres(server).database())
        relay = stack.enter_context(cables()) if chosen.cables else Relay
        here = stack.enter_context(stage(folder / "clinic", url, broker, dict(chosen.settings), relay))
        here.away, here.kills, here.cluster = away, kills, ground
        try:
            chosen.work(here)
            return here.judged(), here.measured
        except AssertionError as error:
            return [*here.wrong, f"0: {error}"], here.measured
