"""Serving our web applications, and `outreach web`: the process that webhooks reach."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from outreach import memory
from outreach.audience import phone
from outreach.cli.opening import configured
from outreach.cli.ready import ready
from outreach.console import app as console
from outreach.delivery import carriers
from outreach.errors import ConflictError, OutreachError
from outreach.privacy.redact import redact
from outreach.threads import danger, keywords
from outreach.workspace import Workspace


def server(app: FastAPI) -> uvicorn.Server:
    """A web server for one of our applications. No access log: URLs of a provider's calls can hold numbers."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,  # the console believes those that the settings name
            # Longer than our clients keep a connection: one closed under a request leaves its fate unknown.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=20,  # a text that is being kept is kept, also on a busy machine
        )
    )


def listening(host: str, port: int) -> socket.socket:
    """A socket that holds the port already, so that a port that is taken is told before anything else begins.

    Raises ConflictError.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, or what is accepted here does not know that it is TCP, and waits 40 ms before it sends a page's last part.
    place = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind((host, port))
    except OSError as error:
        place.close()
        raise ConflictError(f"Nothing can be served at {host}:{port}: {error.strerror}. Choose another port.") from None
    return place


def serve(app: FastAPI, place: socket.socket) -> None:
    """Serve until told to end (SIGTERM, Ctrl-C); what was begun is finished."""
    for number in (signal.SIGTERM, signal.SIGINT):
        # The web server hands on the signal that it ended by, and whatever is to be closed after it would not be.
        signal.signal(number, lambda *_: None)
    memory.settle()
    server(app).run(sockets=[place])


@contextmanager
def serving(app: FastAPI, host: str, port: int) -> Iterator[int]:
    """Serve on a thread as long as the block lasts; gives the port, which is a free one for 0."""
    place = listening(host, port)
    web = server(app)
    thread = threading.Thread(target=web.run, args=([place],), name=f"web-{port}", daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not web.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise OutreachError(f"Nothing could be served at {host}:{port}; the lines above say why.")
        time.sleep(0.02)
    try:
        yield place.getsockname()[1]
    finally:
        web.should_exit = True
        thread.join(timeout=10)


def read_ahead(workspace: Workspace) -> None:
    """Read what the first text should not wait for: verbs, what is redacted, numbering plans, and the words of danger,
    these on a thread, for they take seconds.
    """
    keywords.languages()
    redact("")
    phone.locate("")
    threading.Thread(target=danger.start, args=(workspace.folder,), name="danger", daemon=True).start()


def web() -> None:
    """Run the web process: webhooks. As many as you like, behind one public URL."""
    workspace = ready(configured())
    place = listening(workspace.settings.host, workspace.settings.port)
    read_ahead(workspace)
    serve(console.make(workspace, carriers.build(workspace)), place)
