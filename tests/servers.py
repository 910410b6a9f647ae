"""Throw-away PostgreSQL, Redis and RabbitMQ on free loopback ports, gone when this ends.

    python -m tests.servers                  print the `export` lines and stay until Ctrl-C
    python -m tests.servers make test        run a command with them and end with its exit code

Standard library only, so that it runs before anything is installed. All files are in one temporary folder; no server
may be reached from outside this machine, asks for a password or syncs to disk: never for real data.

`servers(Beside(…))`, from Python only, has PostgreSQL and RabbitMQ listen on one more address of this machine's, for a
subnet of network namespaces (`tests.namespaces`). From there both ask for a password that is made up at the start.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = "127.0.0.1"
START_WITHIN = 90.0  # seconds; Erlang on a busy two-core machine is slow to boot
STOP_WITHIN = 15.0
END_WITHIN = 60.0  # a command that we were given, and what it has started


class ServersError(Exception):
    """A server is not installed or did not start; the text says which and what to do."""


@dataclass
class Process:
    """One server: how to see that it answers, and where it writes its log."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path
    answers: Callable[[], bool]

    def wait_until_it_answers(self) -> None:
        """Raises ServersError with the end of its log when it dies or takes too long."""
        deadline = time.monotonic() + START_WITHIN
        while self.popen.poll() is None and time.monotonic() < deadline:
            if self.answers():
                return
            time.sleep(0.1)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        raise ServersError(f"{self.name} did not start within {START_WITHIN:.0f} s. The end of its log:\n{tail}")

    def stop(self) -> None:
        """Ask, wait, insist: the whole process group goes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGTERM)
        try:
            self.popen.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()


@dataclass(frozen=True)
class Room:
    """Where one server lives, and whom it runs as (None: as we do): servers refuse to be root, or should."""

    folder: Path
    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Beside:
    """Where servers listen besides the loopback address, and who is let in there, with which password.

    `address`: of this machine; `subnet`: CIDR. The password is written to files of the servers' own accounts only.
    """

    address: str
    subnet: str
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)


@dataclass
class Box:
    """A folder and the processes that live in it. `beside`: where servers that can do so listen, too."""

    folder: Path
    processes: list[Process] = field(default_factory=list)
    beside: Beside | None = None

    def room(self, name: str, account: str) -> Room:
        """A folder of its own for one server. When we are root it belongs to the server's account, else to nobody."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        if os.geteuid() != 0:
            return Room(folder)
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        owner = known.get(account) or known["nobody"]
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        return Room(folder, owner.pw_uid, owner.pw_gid, ())

    def spawn(
        self,
        room: Room,
        command: Sequence[str],
        answers: Callable[[], bool],
        env: Mapping[str, str] | None = None,
    ) -> Process:
        """Start a server in the background, in a process group of its own."""
        name = Path(command[0]).name
        log = self.folder / f"{name}.log"
        with log.open("wb") as sink:
            popen = subprocess.Popen(
                command,
                cwd=room.folder,
                env={**os.environ, "HOME": str(room.folder), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=room.user,
                group=room.group,
                extra_groups=room.extra_groups,
            )
        self.processes.append(Process(name, popen, log, answers))
        return self.processes[-1]

    def stop(self) -> None:
        """Stop the last one first."""
        for process in reversed(self.processes):
            process.stop()


def postgres(box: Box) -> dict[str, str]:
    """A PostgreSQL cluster that trusts this machine; its user may create databases."""
    folder = Path(program("initdb", "postgresql", *newest("/usr/lib/postgresql/*/bin"))).parent
    room, port = box.room("postgres", "postgres"), _free_port()
    data = str(room.folder)
    if box.beside is None:
        run_in(room, [f"{folder}/initdb", "-D", data, *NEW_CLUSTER])
    else:
        secret = _write(box.room("postgres-password", "postgres"), "password", f"{box.beside.password}\n")
        run_in(room, [f"{folder}/initdb", "-D", data, *NEW_CLUSTER, f"--pwfile={secret}"])
        with (room.folder / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all outreach {box.beside.subnet} scram-sha-256\n")
    options = {
        "listen_addresses": f"{LOOPBACK},{box.beside.address}" if box.beside else LOOPBACK,
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 200,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    ready = [f"{folder}/pg_isready", "-q", "-h", LOOPBACK, "-p", str(port)]
    box.spawn(
        room,
        [f"{folder}/postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
        lambda: subprocess.run(ready, check=False).returncode == 0,
    )
    who = f"outreach:{box.beside.password}@{box.beside.address}" if box.beside else f"outreach@{LOOPBACK}"
    return {"OUTREACH_TEST_POSTGRES_URL": f"postgresql+psycopg://{who}:{port}/postgres"}


def redis(box: Box) -> dict[str, str]:
    """A Redis that keeps nothing."""
    server = program("redis-server", "redis-server")
    room, port = box.room("redis", "redis"), _free_port()
    options = ["--port", str(port), "--dir", str(room.folder), "--save", "", "--databases", "64"]
    box.spawn(room, [server, "--bind", LOOPBACK, *options], lambda: _says(port, b"PING\r\n", b"+PONG"))
    return {"OUTREACH_TEST_REDIS_URL": f"redis://{LOOPBACK}:{port}/0"}


def rabbitmq(box: Box) -> dict[str, str]:
    """A RabbitMQ node with its own port mapper: it neither meets another node nor leaves a daemon behind."""
    # Debian's /usr/sbin wrapper only starts the system's own node; the real script is beside its libraries.
    server = program("rabbitmq-server", "rabbitmq-server", "/usr/lib/rabbitmq/bin")
    epmd = program("epmd", "erlang-base")
    room, port, mapper = box.room("rabbitmq", "rabbitmq"), _free_port(), _free_port()
    folder = room.folder
    (folder / "plugins").write_text("[].\n")
    listens = [LOOPBACK, *([box.beside.address] if box.beside else [])]
    options = [f"listeners.tcp.{place} = {address}:{port}" for place, address in enumerate(listens, 1)]
    if box.beside:  # `guest` is let in from the loopback address alone; named otherwise, there is none
        options += ["default_user = outreach", f"default_pass = {box.beside.password}"]
    _write(room, "options.conf", "".join(f"{line}\n" for line in options))
    env = {
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_EPMD_PORT": str(mapper),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(folder / "options.conf"),
        "RABBITMQ_DIST_PORT": str(_free_port()),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_NODENAME": f"outreach-{port}@localhost",
        "RABBITMQ_PID_FILE": str(folder / "node.pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }
    box.spawn(room, [epmd], lambda: _says(mapper, b"", b""), env).wait_until_it_answers()
    box.spawn(room, [server], lambda: _says(port, b"AMQP\x00\x00\x09\x01", b"\x01"), env)
    who = f"outreach:{box.beside.password}@{box.beside.address}" if box.beside else f"guest:guest@{LOOPBACK}"
    return {"OUTREACH_TEST_AMQP_URL": f"amqp://{who}:{port}//"}


#: How `initdb` makes a cluster for tests.
NEW_CLUSTER = ("-U", "outreach", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")

SERVERS = (rabbitmq, postgres, redis)  # the slowest first: they boot at the same time


@contextlib.contextmanager
def servers(
    beside: Beside | None = None, chosen: Sequence[Callable[[Box], dict[str, str]]] = SERVERS
) -> Iterator[dict[str, str]]:
    """Those that are `chosen`, up and answering; the value is what to put into the environment. Raises ServersError.

    `beside`: where PostgreSQL and RabbitMQ listen, too; the URLs are then of there, and hold the password.
    """
    with tempfile.TemporaryDirectory(prefix="outreach-servers-", ignore_cleanup_errors=True) as name:
        box = Box(Path(name), beside=beside)
        box.folder.chmod(0o711)  # the servers' own accounts pass through to their rooms
        try:
            variables: dict[str, str] = {}
            for start in chosen:
                variables |= start(box)
            for process in box.processes:
                process.wait_until_it_answers()
            yield variables
        finally:
            box.stop()


def chromium() -> dict[str, str]:
    """Where the browser is, when there is one."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return {"OUTREACH_TEST_CHROMIUM": path} if path else {}


def main(command: Sequence[str]) -> int:
    """Start the servers, then run `command` (its exit code is ours) or wait for Ctrl-C. 1 when one does not start."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        with servers() as variables:
            variables |= chromium()
            if command:
                return _run(command, {**os.environ, **variables})
            _tell(variables)
            while True:
                signal.pause()
    except KeyboardInterrupt:
        return 0 if not command else 130
    except ServersError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _run(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run it to its end. When we are to end, it is asked to, and has time to put away what it made."""
    with subprocess.Popen(command, env=env) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            try:
                process.wait(END_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
            raise


def _tell(variables: Mapping[str, str]) -> None:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    lines += [
        "# The product itself on them:",
        "#   export OUTREACH_DATABASE_URL=$OUTREACH_TEST_POSTGRES_URL",
        "#   export OUTREACH_BROKER_URL=$OUTREACH_TEST_REDIS_URL      (or $OUTREACH_TEST_AMQP_URL)",
        "# Ctrl-C stops them and throws everything away.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _interrupt(*_: object) -> None:
    """Once: an impatient second Ctrl-C must not leave servers behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def newest(pattern: str) -> list[str]:
    """Folders that match, the highest version first: Debian keeps PostgreSQL's programs out of PATH."""
    root, _, rest = pattern.partition("*")
    versions = sorted(Path(root).glob(f"*{rest}"), key=lambda path: int(path.parent.name), reverse=True)
    return [str(version) for version in versions]


def program(name: str, package: str, *folders: str) -> str:
    """Where a program is. Raises ServersError with the Debian package that has it."""
    path = shutil.which(name, path=os.pathsep.join([*folders, os.environ["PATH"]]))
    if not path:
        raise ServersError(f"{name} is not installed. On Debian: apt-get install {package}")
    return path


def run_in(room: Room, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
    """Run a command to its end, in a room and as who lives there. Raises ServersError with what it said."""
    done = subprocess.run(
        command,
        cwd=room.folder,
        env={**os.environ, "HOME": str(room.folder), **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        user=room.user,
        group=room.group,
        extra_groups=room.extra_groups,
    )
    if done.returncode:
        raise ServersError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")


def _write(room: Room, name: str, content: str) -> Path:
    """A file that only who lives in the room can read."""
    path = room.folder / name
    path.touch(mode=0o600)
    if room.user is not None and room.group is not None:
        os.chown(path, room.user, room.group)
    path.write_text(content)
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _says(port: int, hello: bytes, answer: bytes) -> bool:
    """Whether what listens there answers a greeting as expected."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as wire:
            wire.sendall(hello)
            return not answer or wire.recv(len(answer)) == answer
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
