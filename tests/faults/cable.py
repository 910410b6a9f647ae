"""A relay behind a cable of its own, which can be pulled: packets vanish, and nobody is told.

Where the reader of a connection waits and its other end has been forgotten (a firewall, a machine that lost its power),
only questions of its own system tell it so. A relay on this machine's own network cannot show that, as its system goes
on answering; so this one listens in a network namespace. Linux, and root.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

from tests.faults.cluster import NotHereError
from tests.relay import NO_LINGERING, Relay

NETWORK = 0x40000000  # CLONE_NEWNET
_numbers = count(1)


class Cable(Relay):
    """A relay in the network namespace `name`, at `address`."""

    def __init__(self, url: str, name: str, address: str) -> None:
        self._name, self._address = name, address
        super().__init__(url)
        self.url = self.url._replace(netloc=self.url.netloc.replace("127.0.0.1", address))

    def pull(self) -> None:
        """From now on no packet arrives, either way."""
        _ip("-n", self._name, "link", "set", "far", "down")

    def plug(self) -> None:
        """Packets arrive again."""
        _ip("-n", self._name, "link", "set", "far", "up")

    def forget(self) -> None:
        """The other end forgets every connection, and nobody hears of it."""
        self.pull()
        for each in self._open:
            with suppress(OSError):  # closed already, or reset
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGERING)
                each.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for it, which closes it
        self._open.clear()
        threading.Event().wait(1.5)  # the last word of each is lost
        self.plug()

    def _listen(self, port: int) -> socket.socket:
        made: list[socket.socket] = []

        def there() -> None:
            with Path("/run/netns", self._name).open() as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), NETWORK):
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.create_server((self._address, port)))

        thread = threading.Thread(target=there)  # a thread that changed its network is not to be used for more
        thread.start()
        thread.join()
        self._listener_port = made[0].getsockname()[1]
        threading.Thread(target=self._accept, args=(made[0],), daemon=True).start()
        return made[0]


@contextmanager
def cables() -> Iterator[Callable[[str], Cable]]:
    """What lays a cable to a URL; all are gone at the end. Raises NotHereError for whoever may lay none."""
    if os.geteuid():
        raise NotHereError("a network namespace can be made by root alone")
    if not shutil.which("ip"):
        raise NotHereError("no ip (Debian: apt-get install iproute2)")
    with ExitStack() as stack:

        def lay(url: str) -> Cable:
            number = next(_numbers)
            name = f"outreach-{os.getpid()}-{number}"
            try:
                _lay(name, number)
            except RuntimeError as error:
                raise NotHereError(f"this machine has no network namespaces: {error}") from None
            finally:
                stack.callback(_cut_down, name)
            return Cable(url, name, f"10.231.{number}.2")

        yield lay


def _lay(name: str, number: int) -> None:
    near = f"out{os.getpid() % 100_000}n{number}"  # fifteen letters at most
    _ip("netns", "add", name)
    _ip("link", "add", near, "type", "veth", "peer", "name", "far", "netns", name)
    _ip("addr", "add", f"10.231.{number}.1/30", "dev", near)
    _ip("link", "set", near, "up")
    _ip("-n", name, "addr", "add", f"10.231.{number}.2/30", "dev", "far")
    _ip("-n", name, "link", "set", "far", "up")
    _ip("-n", name, "link", "set", "lo", "up")


def _cut_down(name: str) -> None:
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {words[0]} ended with {done.returncode}")
