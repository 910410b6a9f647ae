"""What every test may ask for, and what no test may do.

Servers come from the environment (`make services` prints the lines). Without one, what needs it is skipped, unless
OUTREACH_TEST_REQUIRE names it: then the whole run stops at once.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from redis import Redis
from sqlalchemy.engine import make_url

from outreach.messages.samples import samples
from outreach.store import migrate
from outreach.store.database import Database
from outreach.workspace import Workspace
from tests.clinic import clinic, shared_templates
from tests.postgres import Postgres, Reused

ROOT = Path(__file__).parent.parent

VARIABLES = {
    "postgres": "OUTREACH_TEST_POSTGRES_URL",
    "redis": "OUTREACH_TEST_REDIS_URL",
    "rabbitmq": "OUTREACH_TEST_AMQP_URL",
    "chromium": "OUTREACH_TEST_CHROMIUM",
}


# No example fails because the machine is busy; what must be quick at any time says so itself.
hypothesis.settings.register_profile("outreach", deadline=None)
hypothesis.settings.load_profile("outreach")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Stop before the first test when something required is not there: a skip would look like a pass."""
    # Once, not in every process of pytest-xdist; `make mutants` has built them before it copied everything.
    if not hasattr(session.config, "workerinput") and "MUTANT_UNDER_TEST" not in os.environ:
        _build_pages()
    required = {name for name in os.environ.get("OUTREACH_TEST_REQUIRE", "").split(",") if name}
    if unknown := required - VARIABLES.keys():
        pytest.exit(f"OUTREACH_TEST_REQUIRE names {sorted(unknown)}; known are {', '.join(VARIABLES)}.", returncode=2)
    if missing := sorted(VARIABLES[name] for name in required if not os.environ.get(VARIABLES[name])):
        pytest.exit(f"Required, but not set: {', '.join(missing)}. `make services` prints them.", returncode=2)


def _build_pages() -> None:
    """Bring what the console's pages load up to date; `make` does nothing where it is."""
    done = subprocess.run(["make", "--silent", "pages"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.exit(f"The console's pages cannot be built. {done.stderr.strip()}", returncode=2)


def _place(name: str) -> str:
    place = os.environ.get(VARIABLES[name])
    if not place:
        pytest.skip(f"needs {name}: set {VARIABLES[name]} (`make services` prints it)")
    return place


def _stay_home(event: str, arguments: tuple[Any, ...]) -> None:
    """No call leaves this machine, neither a connection nor the look-up of a name."""
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
    elif event == "socket.getaddrinfo" and arguments[0]:
        host = os.fsdecode(arguments[0])
    else:
        return
    if host not in {"localhost", ""} and not _is_loopback(host):
        raise RuntimeError(f"A test tried to reach {host}; tests talk to this machine only.")


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


sys.addaudithook(_stay_home)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of whoever runs the tests do not reach them."""
    for name in [name for name in os.environ if name.startswith("OUTREACH_") and name not in VARIABLES.values()]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _nobody_writes_into_the_shared_templates() -> Iterator[None]:
    """A test that means to change a text takes `own_templates`; otherwise others would read what it wrote."""
    yield
    place = shared_templates()
    assert _files(place) == _files(samples() / "templates"), f"A test wrote into {place}: it needs `own_templates`."


def _files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    """A PostgreSQL server: `with postgres.database() as url` gives a database of one's own."""
    return Postgres(_place("postgres"))


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty PostgreSQL database of this test's own."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLite database of this test's own, not yet there."""
    return f"sqlite:///{tmp_path / 'outreach.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test twice, on an empty SQLite and on an empty PostgreSQL database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@contextmanager
def _alone(server: str, factory: pytest.TempPathFactory) -> Iterator[None]:
    """One test at a time over all workers of pytest-xdist: queues have fixed names."""
    folder = factory.getbasetemp()
    shared = folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder
    with (shared / f"{server}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis that is empty and this test's alone for as long as it runs."""
    url = _place("redis")
    with _alone("redis", tmp_path_factory):
        with Redis.from_url(url) as server:
            server.flushdb()
        yield url


@pytest.fixture
def amqp_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A RabbitMQ that is this test's alone for as long as it runs. Queues of an earlier test may still be there."""
    url = _place("rabbitmq")
    with _alone("rabbitmq", tmp_path_factory):
        yield url


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium."""
    return _place("chromium")


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("migrated") / "outreach.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _migrated_postgres(postgres: Postgres) -> Iterator[str]:
    """The name of a migrated, empty PostgreSQL database to copy."""
    with postgres.database() as url:
        _migrate(url)
        yield make_url(url).database or ""


def _migrate(url: str) -> None:
    database = Database(url)
    migrate.upgrade(database.engine)
    database.close()


@pytest.fixture
def migrated_sqlite_url(_migrated_sqlite: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    path = tmp_path / "clinic" / ".outreach" / "outreach.db"
    path.parent.mkdir(parents=True)
    shutil.copy(_migrated_sqlite, path)
    return f"sqlite:///{path}"


class _Spares:
    """The database that this process's tests use one after the other; a new one where a test left its shape changed."""

    def __init__(self, postgres: Postgres, template: str) -> None:
        self._postgres, self._template = postgres, template
        self.stack = ExitStack()
        self.at_hand: Reused | None = None

    def take(self) -> Reused:
        """One that is empty. Whoever asks while it is in use gets another."""
        spare, self.at_hand = self.at_hand, None
        return spare or self.stack.enter_context(self._postgres.reused(self._template))

    def give_back(self, spare: Reused) -> None:
        """Empty it for the next test."""
        if spare.empty():
            self.at_hand = spare


@pytest.fixture(scope="session")
def _spares(_migrated_postgres: str, postgres: Postgres) -> Iterator[_Spares]:
    spares = _Spares(postgres, _migrated_postgres)
    with spares.stack:
        yield spares


@pytest.fixture
def migrated_postgres_url(_spares: _Spares) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own: for what needs two transactions at once."""
    spare = _spares.take()
    yield spare.url
    _spares.give_back(spare)


@pytest.fixture(params=["sqlite", "postgres"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """The same test twice, on a migrated SQLite and on a migrated PostgreSQL database of its own."""
    url: str = request.getfixturevalue(f"migrated_{request.param}_url")
    return url


@pytest.fixture
def workspace(migrated_url: str, tmp_path: Path) -> Iterator[Workspace]:
    """A clinic of this test's own: migrated, with keys, the shipped templates, and two senders of nowhere."""
    with clinic(migrated_url, tmp_path / "clinic") as made:
        yield made
