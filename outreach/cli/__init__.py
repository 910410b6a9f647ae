"""The commands of `outreach`. One module a noun, listed in `commands`; this page turns errors into one line.

Exit codes: 0 done, 1 faults found, 2 wrong use.
"""

from __future__ import annotations

import sys

import typer
from sqlalchemy.exc import DBAPIError

from outreach.cli.commands import Commands
from outreach.errors import DefinitionError, OutreachError

app = typer.Typer(
    cls=Commands,
    help="Discreet health messages by SMS and push, and anonymous answers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)


@app.callback()
def _outreach() -> None:
    pass


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
