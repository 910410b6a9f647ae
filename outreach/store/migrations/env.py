"""Alembic's entry: runs on the connection that `store.migrate` hands over, or on OUTREACH_DATABASE_URL for
`alembic` itself.
"""

from __future__ import annotations

import os

from alembic import context

from outreach.store.base import Base
from outreach.store.dialects import engine_for


def run(connection: object) -> None:
    """Run the migrations asked for on one connection, in its transaction."""
    context.configure(
        connection=connection,  # type: ignore[arg-type]
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        user_module_prefix="types.",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with engine_for(os.environ["OUTREACH_DATABASE_URL"]).begin() as fresh:
        run(fresh)
