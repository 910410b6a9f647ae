"""Machines that are none: network namespaces with an address of their own and a cable to this one. Linux, and root.

All that hang on one `hub` share a subnet 10.231.N.0/24. This machine is .1 at its end of every cable, so that a server
which listens there is reached by all of them and by nobody else. N is the first that is free: who holds it listens on
an abstract socket by that number, which is gone with its process, and so several runs at once never meet. What a run
that was killed has left behind is cleared by the next that gets its number.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

NAMED = Path("/run/netns")
NUMBERS = range(256)
MOST = 250  # cables of one hub


class NotHereError(Exception):
    """This machine has no such ground; the text says what it lacks."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network of its own. `name`: as `ip netns` knows it; `address`: its own, as the hub reaches it."""

    name: str
    address: str

    @property
    def inside(self) -> tuple[str, ...]:
        """The words in front of a command that is to run in it. The process is the command's own."""
        return ("ip", "netns", "exec", self.name)

    def pull(self) -> None:
        """From now on no packet arrives, either way."""
        _ip("-n", self.name, "link", "set", "far", "down")

    def plug(self) -> None:
        """Packets arrive again."""
        _ip("-n", self.name, "link", "set", "far", "up")


@dataclass(slots=True)
class Hub:
    """This machine's end of all cables. `number`: of the subnet, held by nobody else."""

    number: int
    laid: list[Namespace] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where servers listen for the namespaces."""
        return f"10.231.{self.number}.1"

    @property
    def subnet(self) -> str:
        """Whom to let in, as CIDR."""
        return f"10.231.{self.number}.0/24"

    def lay(self) -> Namespace:
        """A new namespace and its cable, there until the hub goes. Raises NotHereError."""
        if len(self.laid) == MOST:
            raise NotHereError(f"no hub has more than {MOST} cables")
        place = len(self.laid) + 1
        made = Namespace(f"{_prefix(self.number)}{place}", f"10.231.{self.number}.{place + 1}")
        self.laid.append(made)  # first: what is half laid is cleared too
        try:
            for words in cable(self, made):
                _ip(*words)
        except RuntimeError as error:
            raise NotHereError(f"this machine has no network namespaces: {error}") from None
        return made


def cable(hub: Hub, end: Namespace) -> Sequence[tuple[str, ...]]:
    """What `ip` is told to lay one. The hub has the same address at each of its ends: each leads to one namespace."""
    near = _near(end.name)
    return (
        ("netns", "add", end.name),
        ("link", "add", near, "type", "veth", "peer", "name", "far", "netns", end.name),
        ("addr", "add", f"{hub.address}/32", "peer", f"{end.address}/32", "dev", near),
        ("link", "set", near, "up"),
        ("-n", end.name, "addr", "add", f"{end.address}/32", "peer", f"{hub.address}/32", "dev", "far"),
        ("-n", end.name, "link", "set", "far", "up"),
        ("-n", end.name, "link", "set", "lo", "up"),
    )


@contextmanager
def hub() -> Iterator[Hub]:
    """A hub without cables yet; it and what is laid are gone at the end. Raises NotHereError where none can be laid."""
    if os.geteuid():
        raise NotHereError("a network namespace can be made by root alone")
    if not shutil.which("ip"):
        raise NotHereError("no ip (Debian: apt-get install iproute2)")
    for number in NUMBERS:
        with socket.socket(socket.AF_UNIX) as held:
            try:
                held.bind(f"\0{_prefix(number)}held")
            except OSError:  # another run has it
                continue
            _clear(number)
            made = Hub(number)
            if _taken(made.subnet):
                continue
            try:
                yield made
            finally:
                _clear(number)
            return
    raise NotHereError("every network 10.231.N.0/24 is taken")


def _prefix(number: int) -> str:
    return f"outreach-{number}-"


def _near(name: str) -> str:
    return name.replace("outreach", "out")  # fifteen letters at most


def _clear(number: int) -> None:
    """Away with every namespace and every cable of a number. A cable goes with either end."""
    names = [path.name for path in NAMED.glob(f"{_prefix(number)}*")] if NAMED.exists() else []
    for name in names:
        for words in (("link", "del", _near(name)), ("netns", "del", name)):
            subprocess.run(["ip", *words], capture_output=True, check=False)


def _taken(subnet: str) -> bool:
    """Whether this machine already knows a way into it."""
    done = subprocess.run(["ip", "-json", "-4", "route", "show", "root", subnet], capture_output=True, check=False)
    return done.returncode != 0 or bool(json.loads(done.stdout or b"[]"))


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words[:4])} ended with {done.returncode}")
