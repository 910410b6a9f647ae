"""`outreach db`: the database's migrations, and what follows a restored backup."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from alembic.util import CommandError

from outreach.campaigns.restored import restored as after_restoring
from outreach.cli.terminal import many, opened, staff
from outreach.errors import NotFoundError
from outreach.settings import load
from outreach.store import migrate
from outreach.store.database import Database
from outreach.workspace import prepare

app = typer.Typer(help="The database: its migrations, and what follows a restored backup.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the database to this version. Make a backup first."""
    prepare(load()).close()
    typer.echo("The database is up to date.")


@app.command()
def downgrade(revision: Annotated[str, typer.Argument(help="A revision, or `base` for none.")]) -> None:
    """Take the database back to an earlier revision. What later ones added is lost."""
    database = Database(load().database)
    try:
        migrate.downgrade(database.engine, revision)
    except CommandError:
        raise NotFoundError(f"There is no revision {revision!r}. Take `base`, or a name from the changelog.") from None
    finally:
        database.close()
    typer.echo(f"The database is at {revision}.")


@app.command()
def restored(*, as_json: Annotated[bool, typer.Option("--json", help="Print facts as JSON.")] = False) -> None:
    """After an older backup was put back, before anything starts: nothing that may have gone out since goes again.

    What is due by now becomes `unknown`: the provider's list settles it within the hour, and staff see what is left.
    Done twice in a row, the second time changes nothing.
    """
    with opened() as workspace:
        count = after_restoring(workspace, staff())
    if as_json:
        typer.echo(json.dumps({"in_doubt": count}))
    else:
        typer.echo(f"{many(count, 'message')} in doubt: looked for at the provider, never sent again by itself.")
