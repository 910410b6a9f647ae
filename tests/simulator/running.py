"""Serve an ASGI app on a free loopback port as long as a test needs it: in a thread, or in a process to be killed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.types import ASGIApp

from outreach.simulator.app import create_app
from outreach.simulator.options import Options

ROOT = Path(__file__).parents[2]


@contextmanager
def running(app: ASGIApp, *, port: int = 0) -> Iterator[str]:
    """Serve `app` in a thread of its own and give its base URL. It is shut down in good order at the end."""
    listener = _listener(port)
    server = uvicorn.Server(_config(app))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
    if not server.started:
        raise RuntimeError("the app did not start; see its lifespan")
    try:
        yield _url(listener)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def killed(options: Options, *, port: int = 0) -> Iterator[str]:
    """Serve a simulator in a process of its own and give its base URL. At the end it gets SIGKILL."""
    listener = _listener(port)
    listener.listen()
    given = options.model_dump(mode="json") | {"auth_token": options.auth_token.get_secret_value()}
    command = [sys.executable, "-m", "tests.simulator.running", str(listener.fileno()), json.dumps(given)]
    process = subprocess.Popen(command, cwd=ROOT, pass_fds=[listener.fileno()])
    try:
        httpx.get(f"{_url(listener)}/version", timeout=20).raise_for_status()
        yield _url(listener)
    finally:
        process.kill()
        process.wait()
        listener.close()


def _listener(port: int) -> socket.socket:
    # Named as in `cli.serve`: or every answer waits 40 ms for the acknowledgement of its first part.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(app, log_level="critical", access_log=False, lifespan="on", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as inherited:
        uvicorn.Server(_config(create_app(Options.model_validate_json(sys.argv[2])))).run([inherited])
