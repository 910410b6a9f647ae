"""`outreach demo`: the whole main job on a throw-away clinic, over real HTTP and through the real libraries."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import or_, select

from outreach.cli.demo_stage import Play, Stage, stage
from outreach.errors import OutreachError
from outreach.messages.status import State
from outreach.messages.tables import Message
from outreach.reports.figures import Figures, figures
from outreach.workspace import Workspace

People = Annotated[int, typer.Option(min=1, max=100_000, help="How many made-up people.")]
Port = Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.")]
Headless = Annotated[bool, typer.Option("--headless", help="Run one campaign to its end, print what became of it.")]
AsJson = Annotated[bool, typer.Option("--json", help="With --headless: print the figures as JSON.")]
Folder = Annotated[Path | None, typer.Option(help="Where the clinic is kept, so that a killed demo goes on.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Begin anew, even where an earlier demo was cut off.")]
Timeout = Annotated[float, typer.Option(help="With --headless: seconds after which it gives up.")]

CALM = 1.5  # seconds in which nothing changed and nobody was about to do anything
LOOK = 0.25  # seconds between two looks


def demo(
    people: People = 60,
    port: Port = 8000,
    headless: Headless = False,
    as_json: AsJson = False,
    folder: Folder = None,
    fresh: Fresh = False,
    timeout: Timeout = 300,
) -> None:
    """Watch a clinic's campaign go out to simulated phones, answer one, and see what the clinic sees."""
    with ExitStack() as stack:
        if headless and folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="outreach-demo-")))
        play = Play(
            folder=folder or Path(".outreach/demo"),
            people=people,
            port=0 if headless and port == 8000 else port,
            hurried=headless,
            fresh=fresh,
        )
        if headless:
            _headless(play, as_json=as_json, timeout=timeout)
        else:
            _watched(play)


def _watched(play: Play) -> None:
    with stage(play) as set_:
        typer.echo(f"\n  The phones, beside what the clinic sees:  {set_.url}/handsets", err=True)
        typer.echo(f"  The console, as any of its staff:         {set_.url}\n", err=True)
        typer.echo("  Answer on one of the phones. Ctrl-C ends the demo.", err=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            typer.echo("\nThe throw-away clinic is gone.", err=True)


def _headless(play: Play, *, as_json: bool, timeout: float) -> None:
    begun = time.monotonic()
    with stage(play) as set_:
        result = _until_calm(set_, begun + timeout)
        problems = [*result.adds_up(), *_twice(set_)]
        facts = {**asdict(result), "people": play.people, "seconds": round(time.monotonic() - begun, 1)}
    facts["adds_up"] = not problems
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
    else:
        for name in ("planned", "sent", "delivered", "failed", "refused", "replies", "threads"):
            typer.echo(f"{name:>10}  {facts[name]:,}")
    for problem in problems:
        typer.echo(f"does not add up: {problem}", err=True)
    if problems:
        sys.exit(1)


def _until_calm(set_: Stage, deadline: float) -> Figures:
    """Wait until every step has fired, nothing is on its way, nobody is about to answer, and nothing changes."""
    last, since = None, time.monotonic()
    while True:
        now = time.monotonic()
        with set_.workspace.database.read() as session:
            current = figures(session, set_.run_id)
        if current != last or not set_.is_over() or set_.owed() or _on_the_way(set_.workspace):
            last, since = current, now
        elif now - since > CALM:
            return current
        if now > deadline:
            raise OutreachError(
                "The demo did not come to its end in time; what is stuck: outreach campaign status demo"
            )
        time.sleep(LOOK)


def _on_the_way(workspace: Workspace) -> bool:
    going = [State.PLANNED, State.QUEUED, State.SENDING, State.UNKNOWN]
    with workspace.database.read() as session:
        # A push that nobody has read yet may still become a text.
        moving = or_(Message.state.in_(going), Message.fallback_at.is_not(None))
        return session.scalar(select(Message.id).where(moving).limit(1)) is not None


def _twice(set_: Stage) -> list[str]:
    """What the carrier's own log says against us: a message that it took more than once."""
    doubled = set_.doubled()
    return [f"{doubled} messages were taken twice by the carrier"] if doubled else []
