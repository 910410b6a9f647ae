"""Checks nobody should have to write each time: no call leaves loopback, no secret is logged, every reply was used."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator

import pytest

from outreach.channels import http
from outreach.channels.contract import Provider
from tests.channels import desks
from tests.channels.scripted import Scripted

_connected: list[str] | None = None


def _note_connections(event: str, arguments: tuple[object, ...]) -> None:
    if _connected is not None and event == "socket.connect":
        address = arguments[1]
        _connected.append(str(address[0]) if isinstance(address, tuple) else "a local socket")


sys.addaudithook(_note_connections)


@pytest.fixture(autouse=True)
def watch(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Every test of a provider runs under this."""
    global _connected
    caplog.set_level(logging.DEBUG)
    _connected = []
    yield
    strangers = {host for host in _connected if host not in {"127.0.0.1", "::1", "a local socket"}}
    _connected = None
    assert not strangers, "a call left loopback"
    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.get_records("call"))
    assert [word for word in desks.CANARIES if word in logged] == [], "something personal or secret was logged"


@pytest.fixture
def carrier() -> Iterator[Scripted]:
    """The scripted server; at the end every reply must have been used, and no call been one too many."""
    server = http.run(Scripted().start())
    yield server
    http.run(server.stop())
    assert (len(server.replies), server.unexpected) == (0, 0), "replies left over, calls too many"


@pytest.fixture
def open_desk(carrier: Scripted) -> Iterator[Callable[[str, dict[str, object]], Provider]]:
    """Make a provider; it is closed at the end."""
    made: list[Provider] = []

    def make(name: str, settings: dict[str, object]) -> Provider:
        made.append(desks.provider(name, settings))
        return made[-1]

    yield make
    for provider in made:
        http.run(provider.close())
