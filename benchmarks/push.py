"""Pushes through `Fcm`, beside the library alone and the same JSON by aiohttp: CPU of the one process that sends."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from benchmarks.contract import Figures, Size
from benchmarks.push_sender import BATCH, WAYS
from outreach.cli.bench_place import certificate_for, free_port
from outreach.errors import OutreachError
from outreach.simulator.accounts import service_account

LATENCY = 0.1  # seconds until a push is answered

_LIBRARY = ("library", "threads")


def beside_the_library(size: Size) -> list[Figures]:
    """Every way sends `count` pushes in each run, one way after the other, in the other order every second run.

    Figures are by way: `cpu_…` milliseconds a push, `rate_…` pushes a second; `over`: ours over the library's best CPU.
    """
    with TemporaryDirectory(prefix="outreach-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        certificate = certificate_for(folder)
        base = stack.enter_context(_provider(certificate))
        key = folder / "account.json"
        key.touch(mode=0o600)
        key.write_text(json.dumps(service_account(base, "bench")))
        senders = {way: stack.enter_context(_Sender(way, base, key, certificate)) for way in WAYS}
        found = [_turn(senders, size.count, turn) for turn in range(size.runs)]
        _check(base, certificate, len(WAYS) * (BATCH + size.runs * size.count))
        return found


def _turn(senders: dict[str, _Sender], count: int, turn: int) -> Figures:
    figures: Figures = {}
    for way in [*senders][:: -1 if turn % 2 else 1]:
        told = senders[way].send(count)
        figures[f"cpu_{way}"] = 1000 * told["cpu"] / count
        figures[f"rate_{way}"] = count / told["seconds"]
    return {"over": figures["cpu_ours"] / min(figures[f"cpu_{way}"] for way in _LIBRARY)} | dict(
        sorted(figures.items())
    )


class _Sender:
    """One way's process. Raises OutreachError when it breaks off or a push is not taken."""

    def __init__(self, way: str, base: str, key: Path, certificate: Path) -> None:
        self._way = way
        # Each of the libraries looks at another one for whom to trust.
        trust = {"SSL_CERT_FILE": str(certificate), "REQUESTS_CA_BUNDLE": str(certificate)}
        command = [sys.executable, "-m", "benchmarks.push_sender", way, base, str(key)]
        env = {name: value for name, value in os.environ.items() if not name.startswith("OUTREACH_")} | trust
        self._process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._told(BATCH)

    def __enter__(self) -> _Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def send(self, count: int) -> dict[str, float]:
        """CPU seconds and seconds by the clock."""
        assert self._process.stdin
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return self._told(count)

    def _told(self, count: int) -> dict[str, float]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        told: dict[str, float] = json.loads(line) if line else {"taken": 0}
        if told["taken"] != count:
            raise OutreachError(f"Of {count:,} pushes by way of {self._way!r} {told['taken']:,} were taken.")
        return told


@contextmanager
def _provider(certificate: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.push_provider", str(port), str(certificate), str(LATENCY)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if not process.stdout or not process.stdout.readline():
            raise OutreachError("The made-up Firebase did not start; the lines above say why.")
        yield f"https://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def _check(base: str, certificate: Path, count: int) -> None:
    """Whether each push came once: a library that repeats one would be measured for more than it is asked."""
    trusting = ssl.create_default_context(cafile=str(certificate))
    with urlopen(f"{base}/facts", context=trusting) as answer:  # noqa: S310 (our own provider, always https)
        taken = json.load(answer)["taken"]
    if taken != count:
        raise OutreachError(f"{count:,} pushes were to be sent, {taken:,} came.")
