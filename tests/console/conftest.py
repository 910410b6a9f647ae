"""The console over real HTTP: a clinic with one member of staff for each role, and the client of any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx
import pytest

from outreach.cli.demo_clinic import STAFF
from outreach.console import app as console_app
from outreach.delivery import carriers
from outreach.staff import accounts, sessions
from outreach.staff.accounts import New
from outreach.staff.roles import Role
from outreach.staff.sessions import Way
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.simulator.running import running

on_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database

#: Who is what: the cast of the console's tests, as in the demo.
WHO = {role: name for name, (_, role) in STAFF.items()}


@dataclass
class Signed:
    """One browser: `get` and `post` as its pages do, with the form's token."""

    http: httpx.Client
    name: str
    _csrf: str = field(default="", repr=False)

    def get(self, path: str, **more: Any) -> httpx.Response:
        answer = self.http.get(path, **more)
        if found := re.search(r'<meta name="csrf" content="([^"]+)"', answer.text):
            self._csrf = found.group(1)
        return answer

    def post(self, path: str, **form: Any) -> httpx.Response:
        """Send a form. A trailing underscore of a field's name is left out: `from_` is `from`."""
        if not self._csrf:
            self.get("/me")
        fields = {name.removesuffix("_"): value for name, value in form.items()}
        return self.http.post(path, data={"csrf": self._csrf, **fields})

    def text(self, path: str = "/") -> str:
        """What a reader sees: no tags, single spaces."""
        return read(self.get(path))


@dataclass
class Console:
    """A console being served. `as_(Role.HELPER)` is a browser where somebody is signed in."""

    workspace: Workspace
    base: str
    _browsers: list[httpx.Client] = field(default_factory=list)

    def browser(self, **headers: str) -> httpx.Client:
        """A browser where nobody is signed in."""
        made = httpx.Client(
            base_url=self.base,
            timeout=60,
            headers={"Origin": self.base, "Accept": "text/html", "Accept-Language": "en", **headers},
        )
        self._browsers.append(made)
        return made

    def as_(self, who: Role | str, **headers: str) -> Signed:
        """Somebody signed in: by role, or by staff name."""
        name = WHO[who] if isinstance(who, Role) else who
        with self.workspace.database.write() as session:
            token = sessions.begin(session, name, Way.DEMO, dialects.now(session), whole=True)
        http = self.browser(**headers)
        http.cookies.set("outreach", token)
        return Signed(http, name)

    def close(self) -> None:
        for each in self._browsers:
            each.close()


def read(answer: httpx.Response) -> str:
    """A page's words."""
    body = answer.text.partition("<body")[2].partition(">")[2] or answer.text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def hire(workspace: Workspace) -> None:
    """One member of staff for each role."""
    with workspace.database.write() as session:
        for name, (full, role) in STAFF.items():
            accounts.add(session, workspace.vault, New(name, full, frozenset({role})), "tests")


@pytest.fixture
def console(workspace: Workspace) -> Iterator[Console]:
    """The console of a clinic, in demo mode: nobody has to choose a password first."""
    hire(workspace)
    app = console_app.make(workspace, carriers.build(workspace), carrier="http://127.0.0.1:9")
    with running(app) as base:
        made = Console(workspace, base)
        yield made
        made.close()
