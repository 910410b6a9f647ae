"""What keeps others out: hosts, origins, tokens, headers, one answer for absent and forbidden; what pages weigh."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import httpx
from fastapi import Request
from fastapi.responses import PlainTextResponse

from outreach.console import app as console_app
from outreach.console import guard
from outreach.console.forms import CAP
from outreach.console.sign_in import place_of
from outreach.delivery import carriers
from outreach.staff.roles import Role
from outreach.workspace import Workspace
from tests.console.conftest import Console, hire, on_sqlite
from tests.simulator.running import running

pytestmark = on_sqlite

FORM = "/me/language"


def test_a_form_comes_from_our_own_page_with_its_token(console: Console) -> None:
    helper = console.as_(Role.HELPER)
    helper.get("/me")
    token = helper._csrf
    other = console.as_(Role.ADMIN)
    other.get("/me")
    cases: list[tuple[str, dict[str, str], str, int]] = [
        ("as our page sends it", {}, token, 303),
        ("as a modern browser says it", {"Sec-Fetch-Site": "same-origin"}, token, 303),
        ("from another site", {"Sec-Fetch-Site": "cross-site"}, token, 403),
        ("from a neighbour", {"Sec-Fetch-Site": "same-site"}, token, 403),
        ("from another origin", {"Origin": "http://evil.example"}, token, 403),
        ("from nowhere", {"Origin": "null"}, token, 403),
        ("without its token", {}, "", 403),
        ("with a made-up one", {}, guard.masked("made up"), 403),
        ("with somebody else's", {}, other._csrf, 403),
        ("by htmx, in a header", {"X-Csrf": token}, "", 303),
    ]
    found = {
        label: helper.http.post(FORM, data={"csrf": given, "language": "en"}, headers=headers).status_code
        for label, headers, given, _ in cases
    }
    assert found == {label: status for label, _, _, status in cases}


def test_a_token_looks_different_on_each_page_and_fits_all_the_same(console: Console) -> None:
    helper = console.as_(Role.HELPER)
    found = set()
    for _ in range(3):
        helper.get("/me")
        found.add(helper._csrf)
        assert helper.post(FORM, language="en").status_code == 303
    assert len(found) == 3


def test_another_name_in_host_is_another_place(console: Console) -> None:
    helper = console.as_(Role.HELPER)
    given = {"127.0.0.1:1": 200, "localhost": 200, "evil.example": 421, "127.0.0.1.evil.example": 421, "": 421}
    assert {host: helper.http.get("/", headers={"Host": host}).status_code for host in given} == given


def test_absent_and_forbidden_look_the_same(console: Console) -> None:
    helper = console.as_(Role.HELPER)
    pages = {re.sub(r'content="[\w=-]+"|value="[\w=-]+"', "", helper.get(path).text) for path in ("/style", "/nothing")}
    assert len(pages) == 1
    assert "There is nothing here" in pages.pop()


def test_a_form_that_is_too_long_is_cut_off(console: Console) -> None:
    assert console.as_(Role.HELPER).post(FORM, language="x" * CAP).status_code == 413


def test_every_answer_says_what_a_browser_must_not_do(console: Console) -> None:
    helper = console.as_(Role.HELPER)
    for path in ("/", "/me", "/nothing", "/sign-in", "/welcome"):
        headers = helper.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'"), path
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store"), path
        assert "strict-transport-security" not in headers, "this place has no TLS"


def test_no_page_carries_style_or_script_of_its_own(console: Console) -> None:
    admin = console.as_(Role.ADMIN)
    for path in ("/", "/me", "/style", "/nothing", "/me/second-factor", "/sign-in"):
        text = admin.get(path).text
        assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?! type=\"module\" src=\"/built/)", text) == [], path
        loaded = re.findall(r'(?:src|href|action)="([^"]*)"', text)
        assert [each for each in loaded if not each.startswith(("/", "#"))] == [], path


def test_with_tls_cookies_stay_with_this_host_and_browsers_are_told_to_keep_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    settings = workspace.settings.model_copy(update={"public_url": "https://console.example"})
    secure = Workspace(settings, workspace.database, workspace.vault)
    hire(secure)
    app = console_app.make(secure, carriers.build(secure), carrier="http://127.0.0.1:9")
    headers = {"Host": "console.example", "Origin": "https://console.example"}
    with running(app) as base, httpx.Client(base_url=base, headers=headers, timeout=60) as http:
        answer = http.post("/sign-in/as/otieno")
        assert http.get("/sign-in", headers={"Host": "127.0.0.1"}).status_code == 421
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-outreach=")
    assert {"HttpOnly", "Secure", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_built_files_are_kept_for_ever_and_come_compressed(console: Console) -> None:
    helper = console.as_(Role.HELPER)
    files = re.findall(r'"(/built/[^"]+\.(?:css|js))"', helper.get("/").text)
    assert len(files) == 2
    for file in files:
        packed = helper.http.get(file, headers={"Accept-Encoding": "gzip, br"})
        assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert packed.headers["content-encoding"] == "br"
        assert "content-encoding" not in helper.http.get(file, headers={"Accept-Encoding": "identity"}).headers
    assert helper.http.get("/built/../app.py").status_code == 404
    assert helper.http.get("/built/manifest.json").status_code == 404


def wire(answer: httpx.Response) -> int:
    """Bytes that went over the wire: the body as it came, and about as much as its headers."""
    return answer.num_bytes_downloaded + sum(len(name) + len(value) + 4 for name, value in answer.headers.items())


def test_a_first_visit_weighs_little_and_later_pages_less(console: Console) -> None:
    admin = console.as_(Role.ADMIN)
    headers = {"Accept-Encoding": "gzip"}
    page = admin.get("/", headers=headers)
    files = set(re.findall(r'"(/built/[^"]+)"', page.text))
    charts = set(re.findall(r'"(/built/[^"]+)"', admin.get("/style").text)) - files
    assert len(charts) == 1, "charts are loaded only where they are"
    first = wire(page) + sum(wire(admin.http.get(file, headers=headers)) for file in files | charts)
    assert first <= 150_000
    for path in ("/", "/me", "/style"):
        assert wire(admin.get(path, headers=headers)) <= 20_000, path


def test_only_a_trusted_proxy_says_where_somebody_is(workspace: Workspace) -> None:
    """Tries to sign in are counted for the place, which a caller must not make up."""

    async def where(by: str, trusted: list[str]) -> str:
        told = workspace.settings.model_copy(update={"trusted_proxies": trusted})
        app = console_app.make(replace(workspace, settings=told), carriers.build(workspace))

        @app.get("/where")
        def place(request: Request) -> PlainTextResponse:
            return PlainTextResponse(place_of(request))

        transport = httpx.ASGITransport(app, client=(by, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as browser:
            answer = await browser.get("/where", headers={"X-Forwarded-For": "192.0.2.9, 203.0.113.7"})
        return answer.text

    cases = [
        ("10.0.0.5", ["10.0.0.0/8"], "203.0.113.7"),  # what the proxy itself saw, not what its caller said
        ("10.0.0.5", ["127.0.0.1"], "10.0.0.5"),
        ("127.0.0.1", [], "127.0.0.1"),
    ]
    for by, trusted, wanted in cases:
        assert asyncio.run(where(by, trusted)) == wanted, (by, trusted)
