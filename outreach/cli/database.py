"""`outreach db`: the database's migrations."""

from __future__ import annotations

from typing import Annotated

import typer
from alembic.util import CommandError

from outreach.errors import NotFoundError
from outreach.settings import load
from outreach.store import migrate
from outreach.store.database import Database
from outreach.workspace import prepare

app = typer.Typer(help="The database's migrations.", no_args_is_help=True)


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
