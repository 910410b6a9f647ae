"""The commands of `outreach` on one screen. To add one: a module, a line here.

A command's module is loaded when it is asked for, with what it needs: `--help` answers at once, a worker carries no
web server in its memory.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from typer import Typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


class Entry(NamedTuple):
    """Where a command is (`module:function`, or `module:app` for a group), and the first line of its help."""

    place: str
    help: str


COMMANDS: dict[str, Entry] = {
    "init": Entry(
        "init:init", "Make a workspace: campaigns, templates, database and keys. What is there already is kept."
    ),
    "demo": Entry(
        "demo:demo",
        "Watch a clinic's campaign go out to simulated phones, answer one, and see what the clinic sees.",
    ),
    "up": Entry(
        "up:up",
        "Run everything in one process: web, worker and beat. Ctrl-C ends it; kill it and start it, and it goes on.",
    ),
    "web": Entry("serve:web", "Run the web process: webhooks. As many as you like, behind one public URL."),
    "worker": Entry("work:worker", "Run a worker. As many as you like, on as many machines as you like."),
    "beat": Entry("beat:beat", "Run a beat. One is enough, two do no harm."),
    "simulator": Entry(
        "simulator:simulator",
        "Run a simulated carrier with handsets in the browser; it speaks Twilio's and FCM's protocols.",
    ),
    "check": Entry(
        "check:check",
        "Check campaigns, templates, words of danger, hours: every fault, its place, its remedy. Exit code 1 if any.",
    ),
    "people": Entry("people:app", "People: take them in from a table, give them out as one, forget somebody for good."),
    "campaign": Entry("campaigns:app", "Campaigns: look at them, plan, launch and hold them."),
    "send-test": Entry(
        "send_test:send_test", "Send one message of a campaign to a staff phone. A phone that said STOP gets none."
    ),
    "report": Entry(
        "report:report",
        "Reports: what became of campaigns, why not, who answered, how long they waited, who left, what it cost.",
    ),
    "threads": Entry("threads:app", "Anonymous conversations with people."),
    "staff": Entry("staff:app", "Staff: who may sign in, and as what."),
    "hooks": Entry("hooks:app", "Webhooks: other programs that are told what happened."),
    "tokens": Entry("tokens:app", "Tokens: what other programs show at the JSON API."),
    "reveal": Entry("reveal:app", "See a number or the original of one text, when two agree that it must be."),
    "duty": Entry("duty:duty", "Show who is called when somebody is in danger, and when the clinic is open."),
    "alerts": Entry("alerts:app", "What an admin or coordinator must look at."),
    "parts": Entry("parts:parts", "Count the parts that a text is billed in, and suggest what makes it cheaper."),
    "understand": Entry(
        "understand:understand",
        "Show which verb a text is, if any, whether it is urgent, and why; and what a helper would read.",
    ),
    "keys": Entry("keys:app", "Keys: change them, and keep them up to date with who was forgotten."),
    "audit": Entry("audit:app", "What staff did, and whether that record is whole."),
    "doctor": Entry(
        "doctor:doctor",
        "Check what an operator would: keys, database, processes, senders, webhooks, and the promises themselves.",
    ),
    "bench": Entry(
        "bench:bench",
        "Try what this machine would carry with these settings: made-up people, a made-up provider, nothing is sent.",
    ),
    "db": Entry("database:app", "The database: its migrations, and what follows a restored backup."),
}


class Commands(TyperGroup):
    """The commands, each loaded when it is run or asked about."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = {name: TyperCommand(name, help=entry.help) for name, entry in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is to run, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else command, rest


def load(name: str) -> Any:
    """A command (click's) by its name in COMMANDS."""
    module, _, attribute = COMMANDS[name].place.partition(":")
    found = getattr(import_module(f"outreach.cli.{module}"), attribute)
    shelf = Typer(add_completion=False)
    if isinstance(found, Typer):
        shelf.add_typer(found, name=name)
    else:
        shelf.command(name)(found)
    return get_group(shelf).commands[name]
