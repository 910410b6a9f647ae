"""Processes that take texts in: what they have ready before the first one comes."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from outreach.cli import serve, up
from outreach.console import app as console_app
from outreach.threads import danger
from outreach.workspace import Workspace
from tests.console.conftest import on_sqlite


@on_sqlite
@pytest.mark.parametrize(("program", "begin"), [(up, "up"), (serve, "web")])
def test_the_words_of_danger_are_read_while_the_first_text_is_waited_for(
    program: ModuleType, begin: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, served = threading.Event(), []

    def reads(folder: Path) -> None:
        assert folder == workspace.folder
        read.set()

    monkeypatch.setattr(danger, "start", reads)
    monkeypatch.setattr(console_app, "make", lambda *_: None)
    instead = {
        "configured": lambda: None,
        "ready": lambda _: workspace,
        "listening": lambda *_: None,
        "serve": lambda *_: served.append(read.wait(10)),
        "working": lambda _: nullcontext(SimpleNamespace(providers=None)),
    }
    for name, stand_in in instead.items():
        if hasattr(program, name):
            monkeypatch.setattr(program, name, stand_in)
    getattr(program, begin)()
    assert served == [True]
