"""Without a script: every form of every page is one that a browser can send by itself, to a route that takes it; and
what changes something has such a form.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Match

from outreach.console import app as console_app
from tests.console.conftest import Console, on_sqlite
from tests.console.looks import LOOKS

DEEDS = [
    route
    for pages in console_app.NOUNS
    for route in pages.routes
    if isinstance(route, APIRoute) and "POST" in (route.methods or ())
]

#: What only a script asks for: it changes nothing that a form does not, and no page needs it.
OF_SCRIPTS = {
    "/sign-in/passkey/begin",
    "/me/passkeys/begin",
    "/inbox/{thread_id}/typing",
    "/campaigns/{name}/edit/faults",
    "/campaigns/{name}/edit/count",
    "/messages/measure",
}


class Forms(HTMLParser):
    """The forms of a page: (method, action, names of fields, whether there is a button that sends it)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, set[str], list[bool]]] = []
        self.lonely: list[str] = []  # what a script would send, and no form around it does
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = True
            self.found.append((given.get("method", "get"), given.get("action", ""), set(), []))
        elif self._inside and tag in {"input", "textarea", "select", "button"}:
            if given.get("name"):
                self.found[-1][2].add(given["name"])
            if tag == "button" and given.get("type", "submit") == "submit":
                self.found[-1][3].append(True)
        if "hx-post" in given and not self._inside and tag != "form":
            self.lonely.append(given["hx-post"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def taker(path: str) -> str | None:
    """The route that takes a form sent there."""
    scope = {"type": "http", "method": "POST", "path": urlsplit(path).path, "root_path": "", "headers": []}
    return next((route.path for route in DEEDS if route.matches(scope)[0] == Match.FULL), None)


def test_what_scripts_alone_ask_for_is_there() -> None:
    assert {route.path for route in DEEDS} >= OF_SCRIPTS


@on_sqlite
@pytest.mark.parametrize("noun", [noun for noun in LOOKS if noun != "style"])  # its forms lead nowhere
def test_every_form_of_every_page_can_be_sent_without_a_script(noun: str, console: Console) -> None:
    wrong = []
    for look in LOOKS[noun]:
        path = look.to if isinstance(look.to, str) else look.to(console)
        page = console.as_(look.who).get(path) if look.who else console.browser().get(path)
        reading = Forms()
        reading.feed(page.text)
        assert reading.lonely == [], look.label
        assert not re.search(r"<a [^>]*href=\"(#|javascript:)\"", page.text), look.label
        for method, action, names, buttons in reading.found:
            if method == "dialog":
                continue
            fits = buttons and (method == "get" or (method == "post" and "csrf" in names and taker(action)))
            if not fits or (method == "post" and taker(action) in OF_SCRIPTS):
                wrong.append((look.label, method, action, sorted(names)))
    assert wrong == []
