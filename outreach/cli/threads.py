"""`outreach threads`: the inbox of helpers, until there is a page for it."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreach.cli.terminal import opened, staff
from outreach.threads import inbox
from outreach.threads.inbox import Conversation, Summary
from outreach.threads.tables import ThreadState

app = typer.Typer(help="Anonymous conversations with people.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Id = Annotated[int, typer.Argument(help="The thread's number.")]


@app.command("list")
def list_(
    *,
    closed: Annotated[bool, typer.Option("--closed", help="The closed ones instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """Threads: whoever is in danger first, then those who wait longest."""
    states = [ThreadState.CLOSED] if closed else [ThreadState.WAITING, ThreadState.ANSWERED]
    with opened() as clinic, clinic.database.read() as session:
        found = inbox.waiting(session, states)
        now = clinic.database.now()
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], default=str, indent=1))
        return
    if not found:
        typer.echo("No thread is closed yet." if closed else "Nobody is waiting. Threads open when people write.")
        return
    Console().print(_table(found, now))


def _table(found: list[Summary], now: datetime) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("thread", "who", "language", "about", "state", "waits for"):
        table.add_column(title)
    for each in found:
        waits = _ago(now, each.waiting_since) if each.waiting_since else ""
        table.add_row(str(each.id), each.pseudonym, each.language, each.topic or each.programme, _state(each), waits)
    return table


def _state(each: Summary) -> Text:
    urgent = f"urgent: {each.urgent.replace('_', ' ')}" if each.urgent else ""
    state = "stopped" if each.stopped else "perhaps a stop" if each.hold else "" if urgent else str(each.state)
    return Text(", ".join(filter(None, (urgent, state))), style="bold red" if urgent else "")


def _ago(now: datetime, since: datetime) -> str:
    minutes = int((now - since).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


@app.command()
def show(thread: Id, *, as_json: AsJson = False) -> None:
    """One conversation. Numbers, addresses and links that people wrote are hidden."""
    with opened() as clinic:
        conversation = inbox.show(clinic, thread)
    if as_json:
        typer.echo(json.dumps(asdict(conversation), default=str, indent=1))
        return
    _print(conversation)


def _print(conversation: Conversation) -> None:
    console, summary = Console(highlight=False), conversation.summary
    console.print(f"[bold]{summary.pseudonym}[/bold] · {summary.language} · {summary.topic or summary.programme}")
    if summary.urgent:
        console.print(f"[bold red]Urgent: she wrote of {summary.urgent.replace('_', ' ')}.[/bold red]")
    if summary.stopped:
        console.print("[yellow]She said STOP: nothing can be sent until she sends START.[/yellow]")
    for said in conversation.said:
        who = summary.pseudonym if said.who == "person" else said.who
        console.print(f"\n[dim]{said.at:%d %b %H:%M} UTC · {who} · {said.state}[/dim]")
        console.print(_harmless(said.text), markup=False)


def _harmless(text: str) -> str:
    """Without the marks by which a text could take over the helper's terminal."""
    return "".join(each if each == "\n" or unicodedata.category(each) != "Cc" else "�" for each in text)


@app.command()
def reply(
    thread: Id,
    text: Annotated[str, typer.Argument(help="The answer; `-` reads it from standard input, so no history keeps it.")],
    *,
    seen: Annotated[
        int | None, typer.Option(help="`last` of `show --json`: refused when the thread has gone on since.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer a thread. It goes out ahead of every campaign."""
    words = typer.get_text_stream("stdin").read() if text == "-" else text
    with opened() as clinic:
        message = inbox.reply(clinic, thread, words, seen=seen, by=staff())
    typer.echo(json.dumps({"thread": thread, "message": message}) if as_json else "The answer is on its way.")


@app.command()
def close(
    thread: Id,
    outcome: Annotated[str, typer.Option(help="How it ended, in a word or two.")] = "answered",
    *,
    as_json: AsJson = False,
) -> None:
    """Close a thread. When the person writes again, a new one opens."""
    with opened() as clinic:
        inbox.close(clinic, thread, outcome, by=staff())
    facts = {"thread": thread, "outcome": outcome}
    typer.echo(json.dumps(facts) if as_json else f"Thread {thread} is closed: {outcome}.")
