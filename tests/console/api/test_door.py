"""Who is let in at the API, and how refusals look: every route × every scope, wrong tokens, long bodies."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from sqlalchemy import text, update

from outreach.console import policy
from outreach.console.api import app as api_app
from outreach.console.api import door
from outreach.console.api.problems import ProblemError
from outreach.console.assets import Assets
from outreach.console.desk import Desk, limits_of
from outreach.console.guard import Place
from outreach.console.policy import Act
from outreach.privacy import audit
from outreach.staff import tokens
from outreach.staff.tables import ApiToken
from outreach.staff.tokens import Scope
from outreach.store import dialects
from tests.clinic import cast
from tests.console.access import API
from tests.console.api.conftest import Program, Programs
from tests.console.conftest import on_sqlite

ROUTES = [route for noun in api_app.NOUNS for route in noun.routes if isinstance(route, APIRoute)]
NAMES = {f"{method} {route.path}" for route in ROUTES for method in route.methods or ()}


def test_every_route_is_in_the_table_and_stands_behind_the_door() -> None:
    assert set(API) == NAMES
    assert {type(route) for route in ROUTES} == {door._Route}


def asked(name: str, who: Program) -> int:
    method, _, path = name.partition(" ")
    address = re.sub(r"{\w+}", "nobody-here-11", path)
    return (who.get(address) if method == "GET" else who.post(address, {})).status_code


def let_in(programs: Programs, route: APIRoute, token: str) -> bool:
    """Whether the door of a route opens, without going through."""
    app = FastAPI()
    app.state.desk = Desk(
        programs.workspace, Assets(), Place(programs.workspace.settings), limits_of(programs.workspace)
    )
    headers = [(b"host", b"127.0.0.1:8000"), (b"authorization", f"Bearer {token}".encode())]
    request = Request({"type": "http", "app": app, "headers": headers, "client": ("127.0.0.1", 1)})
    assert isinstance(route, door._Route)
    try:
        door._admit(request, route.act)
    except ProblemError as error:
        return error.status != 403
    return True


@on_sqlite
def test_each_scope_gets_where_the_table_says_and_nowhere_else(programs: Programs) -> None:
    whole = {scope: programs.with_(scope) for scope in Scope}
    named = {name: route for route in ROUTES for name in [f"{min(route.methods or ())} {route.path}"]}
    for scope, who in whole.items():
        found = {name: let_in(programs, route, who.token) for name, route in named.items()}
        assert found == {name: needed == scope for name, needed in API.items()}, scope
    nobody = Program(programs.http, "")
    assert {asked(name, nobody) for name in API} == {401}
    assert {asked(name, whole[Scope.REPORTS_READ]) for name in API if "reports" not in name} == {403}


def test_no_scope_holds_what_only_a_second_person_or_a_member_of_staff_may_do() -> None:
    granted = [act for acts in policy.SCOPES.values() for act in acts]
    assert set(policy.SCOPES) == set(Scope)
    assert len(granted) == len(set(granted)), "each act hangs on one scope"
    never = policy.SECOND_PERSON | {Act.ENTER, Act.FIND_BY_NUMBER, Act.ASK_REVEAL, Act.CHANGE_TOKENS, Act.CHANGE_STAFF}
    assert not never & set(granted)


@on_sqlite
def test_a_token_opens_until_it_is_over_or_taken_back(programs: Programs) -> None:
    for undo in ("over", "revoked"):
        who = programs.with_("people:read", name=undo)
        assert who.get("/people").status_code == 200
        with programs.workspace.database.write() as session:
            if undo == "over":
                past = dialects.now(session) - timedelta(seconds=1)
                session.execute(update(ApiToken).where(ApiToken.name == undo).values(expires_at=past))
            else:
                tokens.revoke(session, programs.workspace.vault, undo, "mutua")
        assert who.get("/people").status_code == 401, undo
    with programs.workspace.database.read() as session:
        [used] = {each.used_at is not None for each in tokens.everyone(session)}
        did = [(each.action, each.subject) for each in audit.entries(session, programs.workspace.vault)]
        kept = session.execute(text("SELECT token, name, scopes FROM api_token")).all()
    assert used
    assert ("token_made", "token:over") in did
    assert ("token_revoked", "token:revoked") in did
    assert who.token not in repr(kept)
    assert who.token not in repr(who)


@on_sqlite
def test_a_token_is_known_by_its_form(programs: Programs) -> None:
    token = programs.with_("people:read").token
    assert tokens.looks_like_one(token)
    for other in (token[:-1], token[:-1] + ("0" if token[-1] != "0" else "1"), token.replace("outreach_", "")):
        assert not tokens.looks_like_one(other)


@on_sqlite
def test_wrong_tokens_are_soon_not_listened_to_and_say_no_more_than_none(programs: Programs) -> None:
    wrong = Program(programs.http, "outreach_wrong")
    answers = [wrong.get("/people") for _ in range(62)]
    assert [each.status_code for each in answers] == [401] * 60 + [429] * 2
    assert answers[-1].headers["retry-after"] == "900"
    assert answers[0].json() == Program(programs.http, "").get("/people").json()
    assert programs.with_("people:read").get("/people").status_code == 200, "who has a good one, is let in"


@on_sqlite
def test_refusals_are_problems_that_quote_nothing(programs: Programs) -> None:
    cast(programs.workspace)
    who = programs.with_all()
    number = "+254712000001"
    answers = {
        401: Program(programs.http, "").get("/people"),
        403: programs.with_("reports:read").get("/people"),
        404: who.get("/people/nobody-here-11"),
        405: programs.http.delete("/api/v1/people"),
        413: who.post("/people", {"topic": "x" * door.CAP}),
        421: programs.http.get("/api/v1/people", headers={"Host": "elsewhere.example"}),
        422: who.post("/people", {"topic": "tb", number: number, "people": [{"phone": [number]}]}),
    }
    for status, answer in answers.items():
        told = answer.json()
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["cache-control"] == "no-store"
        assert told["status"] == status
        assert told["type"].startswith("urn:outreach:problem:")
        assert number not in answer.text
    assert {each["where"] for each in answers[422].json()["faults"]} == {"body.people.0.phone", "body.…"}


@on_sqlite
def test_absent_and_forbidden_are_answered_alike(programs: Programs) -> None:
    who = programs.with_("reports:read")  # it may not see whom to phone
    assert who.get("/reports/phone").json() == who.get("/reports/nothing").json()
    assert "phone" not in {each["name"] for each in who.get("/reports").json()["data"]}


@on_sqlite
def test_our_own_mistake_says_so_and_no_more(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("canary +254712000001")

    monkeypatch.setattr("outreach.campaigns.outlook.listed", broken)
    answer = programs.with_all().get("/campaigns")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:outreach:problem:our-mistake")
    assert "canary" not in answer.text


@on_sqlite
def test_the_document_is_served_and_names_the_scope_of_every_route(programs: Programs) -> None:
    told = programs.http.get("/api/v1/openapi.json").json()
    named = {
        f"{method.upper()} {path}": each["security"][0]["token"][0]
        for path, methods in told["paths"].items()
        for method, each in methods.items()
    }
    assert named == dict(API)
    assert "http" not in repr(told["servers"])
