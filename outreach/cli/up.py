"""`outreach up`: the product of a small clinic in one process."""

from __future__ import annotations

import typer

from outreach.cli.opening import configured
from outreach.cli.ready import ready
from outreach.cli.serve import listening, read_ahead, serve
from outreach.console import app as console
from scheduler.embedded import working


def up() -> None:
    """Run everything in one process: web, worker and beat. Ctrl-C ends it; kill it and start it, and it goes on."""
    workspace = ready(configured())
    settings = workspace.settings
    place = listening(settings.host, settings.port)
    read_ahead(workspace)
    with working(workspace) as desk:
        typer.echo(f"Outreach is up at {settings.public_url} (listening on {settings.host}:{settings.port}).", err=True)
        serve(console.make(workspace, desk.providers), place)
