"""A place of one's own in a database that others use: a PostgreSQL schema, or an SQLite file.

For demos and rehearsals.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from outreach.errors import SettingError


def place(url: str, folder: Path, name: str) -> str:
    """The URL of a place called `name` (letters, digits, _): made if it is not there. `url` empty:
    a file in `folder`.
    """
    if not url:
        folder.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{(folder / f'{name}.db').resolve()}"
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        raise SettingError("OUTREACH_DATABASE_URL: a demo needs PostgreSQL or none (then it uses a file of its own).")
    _run(url, f'CREATE SCHEMA IF NOT EXISTS "{name}"')
    here = parsed.update_query_dict({"options": f"-csearch_path={name}"})
    return here.render_as_string(hide_password=False)


def remove(url: str, folder: Path, name: str) -> None:
    """Take the place and everything in it away."""
    if url:
        _run(url, f'DROP SCHEMA IF EXISTS "{name}" CASCADE')
        return
    for file in folder.glob(f"{name}.db*"):
        file.unlink()


def _run(url: str, statement: str) -> None:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()
