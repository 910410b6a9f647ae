"""A PostgreSQL of a stage's own: it can be crashed, starved of disk and given another clock."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.namespaces import NotHereError
from tests.processes import free_port
from tests.servers import LOOPBACK, NEW_CLUSTER, Box, Room, ServersError, newest, program, run_in

DISK = "size=200m"
FAKE_CLOCKS = "/usr/lib/*/faketime/libfaketime.so.1"


@dataclass
class Cluster:
    """A cluster. Whatever it has committed is on its disk when it says so: a crash loses nothing that was promised."""

    room: Room
    programs: Path
    port: int
    env: dict[str, str]

    @property
    def url(self) -> str:
        """SQLAlchemy's."""
        return f"postgresql+psycopg://outreach@{LOOPBACK}:{self.port}/postgres"

    def found(self) -> None:
        """Make it, with small logs ahead of the data so that a small disk holds it, and start it."""
        run_in(self.room, [f"{self.programs}/initdb", "-D", self._data, *NEW_CLUSTER, "--wal-segsize=1"])
        self._control("start")

    def crash(self) -> None:
        """Every process of it dies at once; it recovers from its logs and is back."""
        self._control("restart", "-m", "immediate")

    def revive(self) -> None:
        """Start it, if it went down."""
        if subprocess.run([f"{self.programs}/pg_isready", "-q", *self._address], check=False).returncode:
            with suppress(ServersError):
                self._control("stop", "-m", "immediate")
            self._control("start")

    def stop(self) -> None:
        """End it."""
        with suppress(ServersError):
            self._control("stop", "-m", "immediate")

    def step(self, hours: float) -> None:
        """Its clock is so many hours off, from now on."""
        (self.room.folder / "clock").write_text(f"{hours:+g}h\n")

    def fill(self) -> None:
        """Nothing more can be written to its disk."""
        with (self.room.folder / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass

    def empty(self) -> None:
        """There is room again."""
        (self.room.folder / "filler").unlink()

    @property
    def _data(self) -> str:
        return str(self.room.folder / "data")

    @property
    def _address(self) -> tuple[str, ...]:
        return "-h", LOOPBACK, "-p", str(self.port)

    def _control(self, verb: str, *more: str) -> None:
        options = {
            "listen_addresses": LOOPBACK,
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",  # the machine itself does not go down
            "max_wal_size": "8MB",
            "min_wal_size": "2MB",
        }
        given = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in options.items())
        log = self.room.folder.parent / "log" / "postgres.log"  # not on the small disk
        started = ["-o", given, "-l", str(log)] if verb != "stop" else []
        run_in(self.room, [f"{self.programs}/pg_ctl", verb, "-D", self._data, "-w", "-s", *started, *more], self.env)


@contextmanager
def own(folder: Path) -> Iterator[Cluster]:
    """A cluster that may be crashed."""
    with _cluster(folder, {}) as cluster:
        yield cluster


@contextmanager
def starved(folder: Path) -> Iterator[Cluster]:
    """A cluster on a small disk. Raises NotHereError for whoever may not mount one."""
    small = folder / "postgres"
    small.mkdir(parents=True)
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "none", small], check=False).returncode:
        raise NotHereError("a small disk can be mounted by root alone")
    try:
        with _cluster(folder, {}) as cluster:
            yield cluster
    finally:
        subprocess.run(["umount", "-l", small], check=False)


@contextmanager
def unsteady(folder: Path) -> Iterator[Cluster]:
    """A cluster whose clock can be stepped. Raises NotHereError where there is no libfaketime."""
    library = next(iter(sorted(Path("/").glob(FAKE_CLOCKS.removeprefix("/")))), None)
    if library is None:
        raise NotHereError("no libfaketime (Debian: apt-get install libfaketime)")
    clock = folder / "postgres" / "clock"
    env = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with _cluster(folder, env) as cluster:
        yield cluster


@contextmanager
def _cluster(folder: Path, env: dict[str, str]) -> Iterator[Cluster]:
    folder.mkdir(parents=True, exist_ok=True)
    for above in (folder, folder.parent):
        above.chmod(above.stat().st_mode | 0o011)  # the server's own account passes through to its room
    box = Box(folder)
    room, _ = box.room("postgres", "postgres"), box.room("log", "postgres")
    programs = Path(program("initdb", "postgresql", *newest("/usr/lib/postgresql/*/bin"))).parent
    cluster = Cluster(room, programs, free_port(), env)
    cluster.step(0)
    cluster.found()
    try:
        yield cluster
    finally:
        cluster.stop()
