"""The processes: `up` (all in one), `web`, `worker`, `beat`, and the simulator."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
import uvicorn
from fastapi import FastAPI

from outreach import log
from outreach.console import app as console
from outreach.delivery import carriers
from outreach.errors import OutreachError, SettingError
from outreach.settings import Settings
from outreach.workspace import Workspace, open_workspace
from scheduler import tasks
from scheduler.app import make, queues
from scheduler.embedded import working


def server(app: FastAPI, host: str, port: int) -> uvicorn.Server:
    """A web server for one of our applications. No access log: URLs of a provider's calls can hold numbers."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            access_log=False,
            log_level="warning",
            server_header=False,
            # Longer than our clients keep a connection: one closed under a request leaves its fate unknown.
            timeout_keep_alive=75,
        )
    )


@contextmanager
def serving(app: FastAPI, host: str, port: int) -> Iterator[int]:
    """Serve on a thread as long as the block lasts; gives the port, which is a free one for 0."""
    web = server(app, host, port)
    thread = threading.Thread(target=web.run, name=f"web-{port}", daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not web.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise OutreachError(f"Nothing can be served at {host}:{port}. Is the port taken? Choose another one.")
        time.sleep(0.02)
    try:
        yield web.servers[0].sockets[0].getsockname()[1]
    finally:
        web.should_exit = True
        thread.join(timeout=10)


def logged(settings: Settings) -> None:
    """Set up the logs as the settings say."""
    log.configure(json=settings.log_format == "json", level=settings.log_level)


def up() -> None:
    """Run everything in one process: web, worker and beat. Ctrl-C ends it; kill it and start it, and it goes on."""
    workspace = _opened()
    settings = workspace.settings
    with working(workspace) as desk:
        typer.echo(f"Outreach is up at {settings.public_url} (listening on {settings.host}:{settings.port}).", err=True)
        server(console.make(workspace, desk.providers), settings.host, settings.port).run()


def web() -> None:
    """Run the web process: webhooks. As many as you like, behind one public URL."""
    workspace = _opened()
    providers = carriers.build(workspace)
    server(console.make(workspace, providers), workspace.settings.host, workspace.settings.port).run()


def worker() -> None:
    """Run a worker. As many as you like, on as many machines as you like."""
    workspace = _with_broker()
    app = make(workspace.settings)
    desk = tasks.open_desk(workspace, app)
    app.Worker(
        pool="threads",
        concurrency=tasks.threads_needed(len(desk.providers.senders)),
        queues=queues(workspace.settings),
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
    ).start()


def beat() -> None:
    """Run a beat. One is enough, two do no harm."""
    workspace = _with_broker()
    make(workspace.settings).Beat(loglevel="WARNING", quiet=True).run()


def _with_broker() -> Workspace:
    """A workspace whose broker reaches other processes; the embedded one lives and dies with `outreach up`."""
    workspace = _opened()
    if not workspace.settings.broker_url:
        raise SettingError(
            "OUTREACH_BROKER_URL: separate processes need a broker, such as redis://localhost:6379/0; "
            "without one, `outreach up` runs everything in one process."
        )
    return workspace


def _opened() -> Workspace:
    workspace = open_workspace(Path())
    logged(workspace.settings)
    return workspace
