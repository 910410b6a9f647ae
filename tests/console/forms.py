"""A page's form as a browser without script sends it: every field as it stands, with some of them filled in."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlencode

import httpx

from tests.console.conftest import Signed


class _Form(HTMLParser):
    """The fields of the form with an id."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted
        self.inside = False
        self.fields: list[tuple[str, str]] = []
        self.area = ""
        self.choice = ""
        self.options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id") == self.wanted
        name = given.get("name", "")
        if not self.inside or (not name and tag != "option"):
            return
        if tag == "input" and (given.get("type") not in {"checkbox", "radio"} or "checked" in given):
            self.fields.append((name, given.get("value", "")))
        elif tag == "textarea":
            self.area = name
            self.fields.append((name, ""))
        elif tag == "select":
            self.choice, self.options = name, []
        elif tag == "option":
            self.options.append((given.get("value", ""), "selected" in given))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        if tag == "textarea":
            self.area = ""
        if tag == "select" and self.choice:
            chosen = [value for value, selected in self.options if selected] or [self.options[0][0]]
            self.fields.append((self.choice, chosen[0]))
            self.choice = ""

    def handle_data(self, data: str) -> None:
        if self.inside and self.area:
            name, before = self.fields[-1]
            self.fields[-1] = (name, before + (data.removeprefix("\n") if not before else data))


def fields(page: httpx.Response, form: str) -> list[tuple[str, str]]:
    """What the form would send if nothing were changed."""
    reading = _Form(form)
    reading.feed(page.text)
    assert reading.fields, f"the page has no form {form}"
    return reading.fields


def press(who: Signed, page: httpx.Response, form: str, path: str, do: str = "", **filled: str) -> httpx.Response:
    """Fill some fields in (`s0_at` is `s0-at`), and press a button."""
    given = {_spelled(name): value for name, value in filled.items()}
    sent = [(name, given.pop(name, value)) for name, value in fields(page, form)]
    content = urlencode([*sent, *given.items(), *([("do", do)] if do else [])])
    return who.http.post(path, content=content, headers={"Content-Type": "application/x-www-form-urlencoded"})


def _spelled(name: str) -> str:
    return name.replace("_", "-", 1) if name[:1] in "sg" and name[1:2].isdigit() else name
