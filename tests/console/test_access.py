"""Every route × every role, over HTTP; and every action × every role × one's own or another's."""

from __future__ import annotations

import itertools
import re

import httpx
import pytest
from fastapi import HTTPException, Request
from fastapi.routing import APIRoute

from outreach.console import app as console_app
from outreach.console import guard, policy, visit
from outreach.console.policy import Act
from outreach.staff import accounts
from outreach.staff.roles import Role
from outreach.workspace import Workspace
from tests.console.access import ACCESS, LETTERS
from tests.console.conftest import WHO, Console, hire, on_sqlite

REACHED = 299  # what a page answers whose inside was taken out

ROUTES = [route for pages in console_app.NOUNS for route in pages.routes if isinstance(route, APIRoute)]


def named(route: APIRoute) -> set[str]:
    return {f"{method} {route.path}" for method in route.methods or ()}


NAMES = {name for route in ROUTES for name in named(route)}


def test_every_route_is_in_the_table_and_the_table_has_no_other() -> None:
    assert set(ACCESS) == NAMES


def test_every_route_declares_what_is_done_there() -> None:
    """A route that was added behind the router's back would be open to all."""
    made = {route.path: [type(each.call).__name__ for each in route.dependant.dependencies] for route in ROUTES}
    assert {path: guards for path, guards in made.items() if "_Guard" not in guards} == {}


@pytest.fixture
def hollow(monkeypatch: pytest.MonkeyPatch, console: Console) -> Console:
    """The console with every page's inside taken out: whoever is let through gets REACHED."""
    guarding = visit._Guard.__call__

    async def let_through(guard: visit._Guard, request: Request) -> None:
        await guarding(guard, request)
        raise HTTPException(REACHED)

    monkeypatch.setattr(visit._Guard, "__call__", let_through)
    return console


def asked(name: str, http: httpx.Client, csrf: str) -> int:
    method, _, path = name.partition(" ")
    address = re.sub(r"{\w+(:\w+)?}", "1", path)
    data = {"csrf": csrf} if method == "POST" else None
    return http.request(method, address, data=data).status_code


@on_sqlite
def test_each_role_gets_where_the_table_says_and_nowhere_else(hollow: Console) -> None:
    for letter, role in [("*", None), *LETTERS.items()]:
        browser = hollow.as_(role).http if role else hollow.browser()
        csrf = masked_of(browser)
        refused = 404 if role else 303  # whoever is not signed in is shown the door
        found = {name: asked(name, browser, csrf) for name in sorted(NAMES)}
        wanted = {name: REACHED if letter in ACCESS[name] else refused for name in NAMES}
        assert {name: status for name, status in found.items() if status != wanted[name]} == {}, letter


def masked_of(browser: httpx.Client) -> str:
    """A form's token, as a page would carry it."""
    return guard.masked(browser.cookies.get("outreach") or "")


# --- the policy itself -----------------------------------------------------------------------------------------------

#: Act: who may do it to what another made, and who to their own.
MAY: dict[Act, tuple[str, str]] = {
    Act.ENTER: ("LHCAU", "LHCAU"),
    Act.BE_THERE: ("LHCAU", "LHCAU"),
    Act.SEE_THREADS: ("HC", "HC"),
    Act.ANSWER_THREADS: ("HC", "HC"),
    Act.HAND_OVER_THREADS: ("HC", "HC"),
    Act.WRITE_CANNED: ("C", "C"),
    Act.ASK_REVEAL: ("LHC", "LHC"),
    Act.GRANT_REVEAL: ("CA", ""),
    Act.SEE_REVEALS: ("LHCAU", "LHCAU"),
    Act.SEE_ALL_REVEALS: ("CAU", "CAU"),
    Act.SEE_CAMPAIGNS: ("LCAU", "LCAU"),
    Act.WRITE_CAMPAIGNS: ("LC", "LC"),
    Act.APPROVE_CAMPAIGNS: ("LCA", ""),
    Act.RUN_CAMPAIGNS: ("LC", "LC"),
    Act.SEE_PEOPLE: ("LC", "LC"),
    Act.IMPORT_PEOPLE: ("LC", "LC"),
    Act.FIND_BY_NUMBER: ("LC", "LC"),
    Act.SEE_CONSENT: ("LC", "LC"),
    Act.CHANGE_CONSENT: ("LC", "LC"),
    Act.EXPORT_PEOPLE: ("CA", "CA"),
    Act.FORGET_PEOPLE: ("CA", "CA"),
    Act.SEE_REPORTS: ("LCAU", "LCAU"),
    Act.SEE_FAILED_PEOPLE: ("LC", "LC"),
    Act.SEE_SETTINGS: ("CAU", "CAU"),
    Act.CHANGE_SETTINGS: ("A", "A"),
    Act.SEE_STAFF: ("AU", "AU"),
    Act.CHANGE_STAFF: ("A", "A"),
    Act.SEE_RECORD: ("AU", "AU"),
    Act.SEE_ALERTS: ("CA", "CA"),
    Act.CLEAR_ALERTS: ("CA", ""),
    Act.SEE_STYLE: ("A", "A"),
    Act.SEE_HANDSETS: ("LHCAU", "LHCAU"),
    Act.TRY_TEXTS: ("LHCAU", "LHCAU"),
    Act.SEE_TOKENS: ("AU", "AU"),
    Act.CHANGE_TOKENS: ("A", "A"),
    Act.SEE_HOOKS: ("AU", "AU"),
    Act.CHANGE_HOOKS: ("A", "A"),
}


@on_sqlite
def test_what_each_role_may_do_to_ones_own_and_to_anothers(workspace: Workspace) -> None:
    hire(workspace)
    with workspace.database.read() as session:
        staff = {letter: accounts.find(session, WHO[role]) for letter, role in LETTERS.items()}
    assert set(MAY) == set(Act)
    for (letter, member), act, own in itertools.product(staff.items(), Act, (False, True)):
        owner = member.name if own else "somebody"
        assert policy.may(member, act, owner) is (letter in MAY[act][own]), (letter, act, own)


def test_nobody_may_only_come_in() -> None:
    assert [act for act in Act if policy.may(None, act)] == [Act.ENTER]


@on_sqlite
def test_whoever_is_suspended_may_nothing(workspace: Workspace) -> None:
    hire(workspace)
    with workspace.database.write() as session:
        accounts.suspend(session, workspace.vault, WHO[Role.HELPER], "tests")
        gone = accounts.find(session, WHO[Role.HELPER])
    assert [act for act in Act if policy.may(gone, act)] == [Act.ENTER]
