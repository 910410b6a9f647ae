"""A server that can be taken away and given back, and a way to it that can go bad: a relay in front of the real one."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from contextlib import suppress
from enum import StrEnum
from urllib.parse import urlsplit

SLOW_BY = 0.4  # seconds that each piece waits, either way, when the way is slow
NO_LINGERING = struct.pack("ii", 1, 0)  # closed as a crashed machine does: with RST


class Way(StrEnum):
    """What the way to the server is like."""

    FAIR = "fair"
    SLOW = "slow"  # every piece comes later
    SILENT = "silent"  # a black hole: no piece comes until the way is fair again, and no connection breaks
    DEAF = "deaf"  # half-closed: what is asked arrives, and then the server's side is closed instead of an answer
    RESET = "reset"  # what is asked arrives, and the connection is reset instead of an answer


class Relay:
    """Listens on a port of its own and hands everything on to `url`'s host and port."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._to = (parts.hostname or "127.0.0.1", parts.port or 0)
        self._open: list[socket.socket] = []
        self._way = Way.FAIR
        self._passes = threading.Event()
        self._passes.set()
        self._listener = self._listen(0)
        port = self._listener.getsockname()[1]
        self.url = parts._replace(netloc=parts.netloc.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}"))

    def cut(self) -> None:
        """The server is gone: every connection breaks and no new one is made."""
        for each in [self._listener, *self._open]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def mend(self) -> None:
        """The server is back, at the same place."""
        self._listener = self._listen(self._listener_port)

    def turn(self, way: Way) -> None:
        """From now on the way is like this, for connections that are open too."""
        self._way = way
        if way is Way.SILENT:
            self._passes.clear()
        else:
            self._passes.set()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        self._listener_port: int = listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                try:
                    far = socket.create_connection(self._to)
                except OSError:  # the server itself is away
                    near.close()
                    continue
                self._open += [near, far]
                threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        """One thread for both directions: a socket that another thread reads from cannot be reset."""
        asking = {near: far, far: near}
        with suppress(OSError, ValueError):  # closed meanwhile, by `cut`
            while near in asking:
                for source in select.select([*asking], [], [])[0]:
                    data = source.recv(65536)
                    self._passes.wait()
                    if self._way is Way.SLOW:
                        time.sleep(SLOW_BY)
                    if source is far and self._way is Way.RESET:
                        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)
                        near.close()
                        asking = {}
                    elif not data or (source is far and self._way is Way.DEAF):
                        asking[source].shutdown(socket.SHUT_WR)
                        del asking[source]
                    else:
                        asking[source].sendall(data)
        for each in (near, far):
            each.close()
