"""The API being served, and other programs that show a token."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from outreach.console import app as console_app
from outreach.delivery import carriers
from outreach.staff import tokens
from outreach.staff.tokens import Scope
from outreach.workspace import Workspace
from tests.simulator.running import running

_keys = itertools.count(1)


@dataclass
class Program:
    """Another program, which shows a token."""

    http: httpx.Client
    token: str = field(repr=False)

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(f"/api/v1{path}", params=query, headers=self._shown())

    def post(self, path: str, body: Any = None, key: str = "") -> httpx.Response:
        """Send a write, with an Idempotency-Key of its own unless one is given."""
        headers = {**self._shown(), "Idempotency-Key": key or f"test-key-{next(_keys)}"}
        return self.http.post(f"/api/v1{path}", json=body, headers=headers)

    def _shown(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass
class Programs:
    """The clinic's API. `with_("people:read")` is a program whose token has these scopes."""

    workspace: Workspace
    http: httpx.Client

    def with_(self, *scopes: str, lasts: timedelta = timedelta(days=1), name: str = "") -> Program:
        with self.workspace.database.write() as session:
            _, token = tokens.make(
                session,
                self.workspace.vault,
                name or f"program{next(_keys)}",
                [Scope(each) for each in scopes],
                lasts,
                "mutua",
            )
        return Program(self.http, token)

    def with_all(self) -> Program:
        return self.with_(*Scope)


@pytest.fixture
def programs(workspace: Workspace) -> Iterator[Programs]:
    app = console_app.make(workspace, carriers.build(workspace))
    with running(app) as base, httpx.Client(base_url=base, timeout=60) as http:
        yield Programs(workspace, http)
