"""The ways to a server that tests can spoil, seen by a client that asks an echo."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.relay import SLOW_BY, Relay, Way


@pytest.fixture
def echo() -> Iterator[Relay]:
    """A relay in front of a server that says everything again."""
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_answer, args=(server,), daemon=True).start()
    relay = Relay(f"tcp://127.0.0.1:{server.getsockname()[1]}")
    yield relay
    relay.turn(Way.FAIR)
    relay.cut()
    server.close()


def _answer(server: socket.socket) -> None:
    while True:
        try:
            wire, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=_say_again, args=(wire,), daemon=True).start()


def _say_again(wire: socket.socket) -> None:
    with wire:
        while data := wire.recv(1024):
            wire.sendall(data)


def client(relay: Relay) -> socket.socket:
    assert relay.url.hostname
    assert relay.url.port
    wire = socket.create_connection((relay.url.hostname, relay.url.port))
    wire.settimeout(5)
    return wire


def test_a_fair_way_hands_on_what_is_said(echo: Relay) -> None:
    with client(echo) as wire:
        wire.sendall(b"hello")
        assert wire.recv(10) == b"hello"


def test_a_slow_way_takes_its_time_both_ways(echo: Relay) -> None:
    with client(echo) as wire:
        echo.turn(Way.SLOW)
        began = time.monotonic()
        wire.sendall(b"hello")
        assert wire.recv(10) == b"hello"
        assert time.monotonic() - began >= 2 * SLOW_BY


def test_a_silent_way_breaks_nothing_and_says_everything_later(echo: Relay) -> None:
    with client(echo) as wire:
        echo.turn(Way.SILENT)
        wire.sendall(b"hello")
        wire.settimeout(0.2)
        with pytest.raises(TimeoutError):
            wire.recv(10)
        echo.turn(Way.FAIR)
        wire.settimeout(5)
        assert wire.recv(10) == b"hello"


def test_a_deaf_way_closes_instead_of_an_answer(echo: Relay) -> None:
    with client(echo) as wire:
        echo.turn(Way.DEAF)
        wire.sendall(b"hello")
        assert wire.recv(10) == b""


def test_a_way_of_resets_resets_instead_of_an_answer(echo: Relay) -> None:
    with client(echo) as wire:
        echo.turn(Way.RESET)
        wire.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            wire.recv(10)


def test_a_server_that_was_cut_off_is_back_at_the_same_place(echo: Relay) -> None:
    with client(echo) as wire:
        wire.sendall(b"hello")
        assert wire.recv(10) == b"hello"  # the relay has taken it in: who still waits at the door is reset
        echo.cut()
        assert wire.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        client(echo)
    echo.mend()
    with client(echo) as wire:
        wire.sendall(b"hello")
        assert wire.recv(10) == b"hello"
