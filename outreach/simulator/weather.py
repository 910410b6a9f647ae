"""The mishaps of the wire: slow answers, 429, 503, connections torn down, silence."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum

from fastapi import Request
from fastapi.responses import Response

from outreach.simulator.options import Span, Weather

#: Closing with this set sends RST instead of FIN: `on`, zero seconds (socket(7), SO_LINGER).
_NO_LINGER = struct.pack("ii", 1, 0)


class Mishap(StrEnum):
    """How a call goes wrong."""

    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    RESET = "reset"
    SILENCE = "silence"


class Sky:
    """The present weather and its dice. The dice follow the seed, so a single client sees the same day again."""

    def __init__(self, weather: Weather, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 (weather, not secrets)
        self._weather = weather
        self._set_at = time.monotonic()

    @property
    def weather(self) -> Weather:
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather = weather
        self._set_at = time.monotonic()

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return share > 0 and self._dice.random() < share

    def within(self, span: Span) -> float:
        """Seconds drawn evenly from a span."""
        return self._dice.uniform(span.least, span.most) if span.most else 0.0

    def mishap(self) -> Mishap | None:
        """What goes wrong with the next call, if anything."""
        weather = self._weather
        if time.monotonic() - self._set_at < weather.throttle_for:
            return Mishap.THROTTLED
        point = self._dice.random()
        for mishap, share in (
            (Mishap.THROTTLED, weather.throttle),
            (Mishap.SERVER_ERROR, weather.server_error),
            (Mishap.RESET, weather.reset),
            (Mishap.SILENCE, weather.black_hole),
        ):
            point -= share
            if point < 0:
                return mishap
        return None

    def taken_all_the_same(self, mishap: Mishap) -> bool:
        """Whether a call that goes wrong in this way has its effect. A throttled one never has."""
        return mishap is not Mishap.THROTTLED and self.chance(self._weather.taken)

    async def think(self) -> None:
        """Let the API take its time."""
        if seconds := self.within(self._weather.api):
            await asyncio.sleep(seconds)


async def carry(
    request: Request,
    sky: Sky,
    *,
    trouble: Callable[[Mishap], Response],
    work: Callable[[Mishap | None], Awaitable[Response]],
    missed: Callable[[Mishap], None],
) -> Response:
    """Answer a call through the weather.

    `work` does what was asked for and is told what the caller will see instead of its answer, if anything; `missed`
    hears of a call that came to nothing; `trouble` makes the 429 and the 503.
    """
    mishap = sky.mishap()
    await sky.think()
    answer = None
    if mishap is None or sky.taken_all_the_same(mishap):
        answer = await work(mishap)
    else:
        missed(mishap)
    if mishap is Mishap.RESET:
        return await _tear_down(request)
    if mishap is Mishap.SILENCE:
        return await _say_nothing(request)
    if mishap is not None or answer is None:
        return trouble(mishap or Mishap.SERVER_ERROR)
    return answer


async def _tear_down(request: Request) -> Response:
    """Reset the connection. ASGI has no word for it, so we reach for uvicorn's transport behind `receive`."""
    cycle = getattr(request.receive, "__self__", None)
    transport: asyncio.Transport | None = getattr(cycle, "transport", None)  # or uvloop's, which is no child of it
    if transport is not None:
        wire = transport.get_extra_info("socket")
        if wire is not None:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    return await _say_nothing(request)


async def _say_nothing(request: Request) -> Response:
    """Keep the caller waiting until it hangs up; what is returned then goes nowhere."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()
