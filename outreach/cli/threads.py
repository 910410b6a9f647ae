"""`outreach threads`: the inbox of helpers, as they type it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreach.cli.terminal import harmless, opened, say, staff
from outreach.threads import hands, inbox, lists
from outreach.threads.hands import Event
from outreach.threads.inbox import Conversation, Said, Summary
from outreach.threads.lists import List, Mark, Wanted
from outreach.threads.tables import CHOSEN, Did, Outcome
from outreach.threads.tables import Mark as Marked

app = typer.Typer(help="Anonymous conversations with people.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Id = Annotated[int, typer.Argument(help="The thread's number.")]


_EMPTY = {
    List.WAITING: "Nobody is waiting.",
    List.MINE: "No conversation is in your hands. Take one: outreach threads take THREAD",
    List.ALL: "Nobody is waiting. Threads open when people write.",
    List.CLOSED: "No thread is closed yet.",
}


@app.command("list")
def list_(
    *,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those who wait for an answer.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Only those in my hands.")] = False,
    closed: Annotated[bool, typer.Option("--closed", help="The closed ones instead, newest first.")] = False,
    programme: Annotated[str, typer.Option(help="Only of this programme.")] = "",
    topic: Annotated[str, typer.Option(help="Only about this topic.")] = "",
    language: Annotated[str, typer.Option(help="Only in this language.")] = "",
    calls: Annotated[bool, typer.Option("--calls", help="Only of people who want to be called.")] = False,
    most: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    after: Annotated[str, typer.Option(help="Go on where the list before ended.")] = "",
    as_json: AsJson = False,
) -> None:
    """Open threads: whoever is in danger first, then those who wait longest."""
    if waiting + mine + closed > 1:
        raise typer.BadParameter("choose one of --waiting, --mine and --closed")
    which = List.CLOSED if closed else List.MINE if mine else List.WAITING if waiting else List.ALL
    mark = Mark.read(after) if after else None
    wanted = Wanted(programme, topic, language, call=calls)
    with opened() as clinic, clinic.database.read() as session:
        page = lists.page(session, which, staff(), wanted, after=mark, size=most)
        now = clinic.database.now()
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in page.threads], default=str, indent=1))
        return
    if not page.threads:
        typer.echo(_EMPTY[which])
        return
    Console().print(_table(page.threads, now))
    if page.after:
        say(f"There are more: --after {page.after}")


def _table(found: list[Summary], now: datetime) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    taken = any(each.assignee for each in found)
    for title in ("thread", "who", "language", "about", "state", "waits for", *(("with",) if taken else ())):
        table.add_column(title)
    for each in found:
        waits = _ago(now, each.waiting_since) if each.waiting_since else ""
        about = each.topic or each.programme
        whose = [each.assignee] if taken else []
        table.add_row(str(each.id), each.pseudonym, each.language, about, _state(each), waits, *whose)
    return table


_MARKS = {
    Marked.PANIC: "She texted her panic word: write nothing, nothing is sent for a week; see that she is safe.",
    Marked.WHO: "Somebody there asked who we are. Until she says that it is still her, nothing of hers goes there.",
    Marked.MACHINE: "Perhaps a telephone that answers by itself: nothing is answered automatically any more.",
}


def _state(each: Summary) -> Text:
    urgent = f"urgent: {each.urgent.replace('_', ' ')}" if each.urgent else ""
    state = "stopped" if each.stopped else "perhaps a stop" if each.hold else "" if urgent else str(each.state)
    call = "wants to be called" if each.wants_call else ""
    return Text(", ".join(filter(None, (urgent, each.mark, state, call))), style="bold red" if urgent else "")


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
    if summary.mark:
        console.print(
            Text(_MARKS[Marked(summary.mark)], style="bold red" if summary.mark == Marked.PANIC else "yellow")
        )
    if summary.wants_call:
        console.print("[yellow]She asks to be called.[/yellow]")
    if summary.stopped:
        console.print("[yellow]She said STOP: nothing can be sent until she sends START.[/yellow]")
    if summary.assignee:
        console.print(Text(f"In the hands of {summary.assignee}."))
    if conversation.earlier:
        console.print("[dim]There are earlier texts; here are the newest.[/dim]")
    lines: list[Said | Event] = [*conversation.said, *_told(conversation.events)]
    for line in sorted(lines, key=lambda line: line.at):
        _print_line(console, line, summary.pseudonym)


def _told(events: list[Event]) -> list[Event]:
    """An answer is told by its text already."""
    return [event for event in events if event.did is not Did.ANSWERED]


def _print_line(console: Console, line: Said | Event, pseudonym: str) -> None:
    if isinstance(line, Event):
        what = " ".join(filter(None, (line.by, line.did.replace("_", " "), line.to and f"to {line.to}", line.outcome)))
        console.print(Text(f"\n{line.at:%d %b %H:%M} UTC · {what}", style="dim"))
        if line.text:
            console.print(Text(f"Note: {harmless(line.text)}", style="italic"))
        return
    who = pseudonym if line.who == "person" else line.by or line.about or line.who
    console.print(Text(f"\n{line.at:%d %b %H:%M} UTC · {who} · {line.state}{_number(line)}", style="dim"))
    console.print(harmless(line.text), markup=False)


def _number(said: Said) -> str:
    """By which her text is asked for, where its original must be seen (`outreach reveal`)."""
    return f" · text {said.id}" if said.who == "person" else ""


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
def take(
    thread: Id, *, over: Annotated[bool, typer.Option("--over", help="Even if somebody else has it.")] = False
) -> None:
    """Take a thread, so that others leave it to you."""
    with opened() as clinic:
        hands.take(clinic, thread, by=staff(), over=over)
    say(f"Thread {thread} is yours.")


@app.command("hand-over")
def hand_over(
    thread: Id,
    to: Annotated[str, typer.Option(help="The staff name of a helper or coordinator.")],
    note: Annotated[str, typer.Option(help="A word for them; `-` reads it from standard input.")] = "",
) -> None:
    """Put a thread into somebody's hands."""
    words = typer.get_text_stream("stdin").read() if note == "-" else note
    with opened() as clinic:
        hands.hand_over(clinic, thread, to, by=staff(), note=words)
    say(f"{to} has thread {thread} now.")


@app.command()
def release(thread: Id) -> None:
    """Let go of a thread: whoever is free takes it."""
    with opened() as clinic:
        hands.release(clinic, thread, by=staff())
    say(f"Nobody has thread {thread} now.")


@app.command()
def note(
    thread: Id,
    text: Annotated[str, typer.Argument(help="The note; `-` reads it from standard input.")],
) -> None:
    """Leave a note for colleagues. It is sealed, and never sent."""
    words = typer.get_text_stream("stdin").read() if text == "-" else text
    with opened() as clinic:
        hands.note(clinic, thread, words, by=staff())
    say("The note is kept.")


@app.command()
def decide(
    thread: Id,
    *,
    stop: Annotated[bool, typer.Option("--stop/--no-stop", help="Whether she wants no more texts.")],
) -> None:
    """Say whether a text that is perhaps a wish to stop is one. A stop is as good as her own."""
    with opened() as clinic:
        hands.decide(clinic, thread, stop=stop, by=staff())
    say("She gets no more texts; only her own START lifts it." if stop else "The thread goes on as any other.")


@app.command()
def close(
    thread: Id,
    outcome: Annotated[str, typer.Option(metavar="OUTCOME", help=f"How it ended: {', '.join(CHOSEN)}.")] = "answered",
    *,
    as_json: AsJson = False,
) -> None:
    """Close a thread. When the person writes again, a new one opens."""
    if outcome not in CHOSEN:
        raise typer.BadParameter(f"--outcome is one of {', '.join(CHOSEN)}")
    with opened() as clinic:
        inbox.close(clinic, thread, Outcome(outcome), by=staff())
    facts = {"thread": thread, "outcome": outcome}
    typer.echo(json.dumps(facts) if as_json else f"Thread {thread} is closed: {outcome.replace('_', ' ')}.")
