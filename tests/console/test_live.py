"""The stream of what changed: it says that something did, never what, and to whoever may know."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from outreach.console import live
from outreach.staff import sessions
from outreach.staff.roles import Role
from tests.clinic import AMINA, cast
from tests.console.conftest import Console, on_sqlite
from tests.threads.texting import write

pytestmark = on_sqlite
QUICK = 0.05  # seconds between two looks


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK", QUICK)


def said(lines: Iterator[str], wanted: str, meanwhile: Callable[[], object] = lambda: None, most: int = 400) -> bool:
    """Whether the stream says something before it ends, or has shown so many signs of life without it; now and then
    `meanwhile` is done.
    """
    alive = 0
    for line in lines:
        if line == wanted:
            return True
        if line.startswith(":"):
            alive += 1
            if alive % 10 == 1:
                meanwhile()
        if alive > most:
            return False
    return False


def listen(console: Console, role: Role) -> httpx.Client:
    http = console.as_(role).http
    http.headers["Accept"] = "text/event-stream"
    return http


def test_it_says_that_something_changed_and_not_what(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BEAT", QUICK)
    cast(console.workspace)
    http = listen(console, Role.HELPER)
    with http.stream("GET", "/live?of=threads+threads+nonsense") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 3000"
        assert said(lines, "event: threads", lambda: write(console.workspace, AMINA, "Is it normal?"))
        assert next(lines).removeprefix("data: ").isdigit()


def test_nobody_hears_of_what_they_may_not_see(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BEAT", QUICK)
    cast(console.workspace)
    with listen(console, Role.ADMIN).stream("GET", "/live?of=threads") as stream:
        lines = stream.iter_lines()
        assert not said(lines, "event: threads", lambda: write(console.workspace, AMINA, "Is it normal?"), most=40)


def test_it_ends_with_the_session(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "ASK_AGAIN", QUICK)
    here = console.as_(Role.HELPER)
    with here.http.stream("GET", "/live?of=threads") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 3000"
        with console.workspace.database.write() as session:
            sessions.end_all(session, here.name)
        assert said(lines, "event: ended")
        assert list(lines) == ["data: 0", ""], "and nothing comes after it"
