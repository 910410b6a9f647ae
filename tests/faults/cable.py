"""A relay behind a cable of its own, which can be pulled: packets vanish, and nobody is told.

Where the reader of a connection waits and its other end has been forgotten (a firewall, a machine that lost its power),
only questions of its own system tell it so. A relay on this machine's own network cannot show that, as its system goes
on answering; so this one listens in a network namespace. Linux, and root.
"""

from __future__ import annotations

import ctypes
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.namespaces import NAMED, Namespace, hub
from tests.relay import NO_LINGERING, Relay

NETWORK = 0x40000000  # CLONE_NEWNET


class Cable(Relay):
    """A relay in a network namespace."""

    def __init__(self, url: str, place: Namespace) -> None:
        self._place = place
        super().__init__(url)
        self.url = self.url._replace(netloc=self.url.netloc.replace("127.0.0.1", place.address))

    def forget(self) -> None:
        """The other end forgets every connection, and nobody hears of it."""
        self._place.pull()
        for each in self._open:
            with suppress(OSError):  # closed already, or reset
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)
                each.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for it, which closes it
        self._open.clear()
        threading.Event().wait(1.5)  # the last word of each is lost
        self._place.plug()

    def _listen(self, port: int) -> socket.socket:
        made: list[socket.socket] = []

        def there() -> None:
            with (NAMED / self._place.name).open() as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), NETWORK):
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.create_server((self._place.address, port)))

        thread = threading.Thread(target=there)  # a thread that changed its network is not to be used for more
        thread.start()
        thread.join()
        self._listener_port = made[0].getsockname()[1]
        threading.Thread(target=self._accept, args=(made[0],), daemon=True).start()
        return made[0]


@contextmanager
def cables() -> Iterator[Callable[[str], Cable]]:
    """What lays a cable to a URL; all are gone at the end. Raises NotHereError for whoever may lay none."""
    with hub() as here:
        yield lambda url: Cable(url, here.lay())
