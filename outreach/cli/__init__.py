"""The commands of `outreach`. One module a noun; this page registers them and turns errors into one line.

Exit codes: 0 done, 1 faults found, 2 wrong use.
"""

from __future__ import annotations

import sys

import typer
from sqlalchemy.exc import DBAPIError

from outreach.cli import (
    campaigns,
    check,
    database,
    demo,
    init,
    parts,
    people,
    report,
    send_test,
    serve,
    simulator,
    threads,
    understand,
)
from outreach.errors import DefinitionError, OutreachError

app = typer.Typer(
    help="Discreet health messages by SMS and push, and anonymous answers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)

app.command()(init.init)
app.command()(demo.demo)
app.command()(serve.up)
app.command()(serve.web)
app.command()(serve.worker)
app.command()(serve.beat)
app.command()(simulator.simulator)
app.command()(check.check)
app.add_typer(people.app, name="people")
app.add_typer(campaigns.app, name="campaign")
app.command()(send_test.send_test)
app.command()(report.report)
app.add_typer(threads.app, name="threads")
app.command()(parts.parts)
app.command()(understand.understand)
app.add_typer(database.app, name="db")


def main() -> None:
    """Run a command; a user's mistake is one line on standard error, never a traceback."""
    try:
        app()
    except DefinitionError as error:
        print(error, file=sys.stderr)  # noqa: T201 (this is the command line)
        sys.exit(1)
    except OutreachError as error:
        print(f"outreach: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except DBAPIError as error:
        # Its own text may quote values; the class says enough.
        print(f"outreach: the database refused ({type(error.orig).__name__}). Does it run?", file=sys.stderr)  # noqa: T201
        sys.exit(2)
