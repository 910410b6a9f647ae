"""Coming in by an OpenID provider: who is let in, and every lie that is not believed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from outreach.console import app as console_app
from outreach.delivery import carriers
from outreach.errors import ConflictError, SettingError
from outreach.privacy.tables import AuditLine
from outreach.settings import load
from outreach.staff import links
from outreach.staff import openid as staff_openid
from outreach.staff.openid import OpenId
from outreach.staff.tables import Staff
from tests.clinic import clinic
from tests.console.conftest import Console, Signed, hire, read
from tests.console.openid import CLIENT, SECRET, Provider, providing, renewed, shared, stranger
from tests.simulator.running import running

NAME = "otieno"


@pytest.fixture(scope="module")
def served() -> Iterator[Provider]:
    with providing() as one:
        yield one


@pytest.fixture
def provider(served: Provider) -> Provider:
    """The provider, honest again."""
    fresh = Provider(served.base)
    served.subject, served.claims, served.key, served.algorithm = "subject-1", {}, fresh.key, "ES256"
    served.published, served.told, served.asked = [served.key], {}, {}
    return served


@pytest.fixture
def door(migrated_sqlite_url: str, tmp_path: Path, provider: Provider) -> Iterator[Console]:
    """A console with that provider; it is no demo."""
    given = {"oidc_issuer": provider.base, "oidc_client": CLIENT, "oidc_secret": SecretStr(SECRET)}
    with clinic(migrated_sqlite_url, tmp_path / "clinic", oidc_name="Ministry", **given) as workspace:
        hire(workspace)
        with running(console_app.make(workspace, carriers.build(workspace))) as base:
            made = Console(workspace, base)
            yield made
            made.close()


def by_link(door: Console, name: str = NAME) -> Signed:
    with door.workspace.database.write() as session:
        code = links.issue(session, door.workspace.vault, name, "tests")
    http = door.browser()
    assert http.post("/welcome", data={"code": code}).status_code == 303
    return Signed(http, name)


def connect(door: Console, provider: Provider, name: str = NAME) -> httpx.Response:
    there = by_link(door, name)
    there.get("/me/password")
    page = there.post("/me/oidc")
    address = page.text.partition(f'href="{provider.base}/authorize')[2].partition('"')[0].replace("&amp;", "&")
    return there.get("/sign-in/oidc/back", params=provider.arrive(address))


def come_in(door: Console, provider: Provider, next_: str = "/me", **back: str) -> httpx.Response:
    http = door.browser()
    begun = http.get("/sign-in/oidc", params={"next": next_})
    return http.get("/sign-in/oidc/back", params=provider.arrive(begun.headers["location"]) | back)


def test_whoever_a_link_brought_connects_an_account_and_comes_in_by_it(door: Console, provider: Provider) -> None:
    assert "Sign in with Ministry" in read(door.browser().get("/sign-in"))
    told = come_in(door, provider)
    assert (told.status_code, "Nobody here has that account yet." in read(told)) == (409, True), "nobody is made up"
    assert connect(door, provider).headers["location"] == "/"
    inside = come_in(door, provider)
    assert (inside.status_code, inside.headers["location"]) == (303, "/me")
    assert connect(door, provider, "wanjiru").headers["location"] == "/me", "an account is one person's"
    with door.workspace.database.read() as session:
        assert session.scalars(select(Staff.subject).where(Staff.subject.is_not(None))).all() == [
            f"{provider.base} subject-1"
        ]
        assert [line.action for line in session.scalars(select(AuditLine))].count("account_connected") == 1
    provider.subject = "subject-2"
    assert come_in(door, provider).status_code == 409


def test_a_signed_in_browser_connects_nothing_by_itself(door: Console) -> None:
    left = door.as_(NAME)
    left.get("/me")
    assert left.post("/me/oidc").status_code == 404


def test_an_answer_that_was_not_asked_for_opens_nothing(door: Console, provider: Provider) -> None:
    connect(door, provider)
    assert come_in(door, provider, state="made up").status_code == 409
    assert come_in(door, provider, code="").status_code == 409
    assert come_in(door, provider, code="another code").status_code == 409
    assert come_in(door, provider, iss="https://evil.example").status_code == 409
    http = door.browser()
    back = provider.arrive(http.get("/sign-in/oidc").headers["location"])
    assert door.browser().get("/sign-in/oidc/back", params=back).status_code == 409, "another browser's"
    assert http.get("/sign-in/oidc/back", params=back).status_code == 303
    assert http.get("/sign-in/oidc/back", params=back).status_code in {303, 409}
    assert come_in(door, provider, next_="//evil.example").headers["location"] == "/"


def test_a_provider_that_is_away_is_told_of(door: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenId, "_asked", _away)
    told = door.browser().get("/sign-in/oidc")
    assert (told.status_code, "Ministry does not answer." in read(told)) == (409, True)


def _away(*_: Any, **__: Any) -> dict[str, Any]:
    raise ConflictError("away")


# --- what a token may say -------------------------------------------------------------------------------------------


def stranger_to(provider: Provider) -> OpenId:
    """A console that has not asked the provider anything yet."""
    return OpenId(provider.base, CLIENT, SECRET, "Ministry", "https://clinic.example/sign-in/oidc/back")


def subject(provider: Provider, nonce: str = "", asking: OpenId | None = None) -> str:
    """What is believed of the provider, by whoever has asked it just now."""
    asking = asking or stranger_to(provider)
    try:
        question = asking.ask()
        provider.arrive(question.address)
        return asking.subject("code-1", nonce or question.nonce, question.verifier)
    except ConflictError:
        return "refused"


NOW = int(time.time())
LIES: list[tuple[str, dict[str, Any]]] = [
    ("another issuer", {"iss": "https://evil.example"}),
    ("for another client", {"aud": "another"}),
    ("for us and another", {"aud": [CLIENT, "another"]}),
    ("got by another", {"azp": "another"}),
    ("another nonce", {"nonce": "made up"}),
    ("over", {"exp": NOW - 1000}),
    ("old", {"iat": NOW - 5000}),
    ("from tomorrow", {"iat": NOW + 86400}),
    ("never ends", {"exp": None}),
    ("times that are none", {"exp": "soon", "iat": True}),
    ("nobody", {"sub": ""}),
    ("a number", {"sub": 7}),
]


def test_what_a_token_says_is_looked_at(provider: Provider) -> None:
    asking = stranger_to(provider)
    assert subject(provider, asking=asking) == f"{provider.base} subject-1"
    found = {}
    for label, claims in LIES:
        provider.claims = claims
        found[label] = subject(provider, asking=asking)
    assert found == {label: "refused" for label, _ in LIES}
    provider.claims = {"aud": [CLIENT], "azp": CLIENT}
    assert subject(provider) == f"{provider.base} subject-1"
    assert subject(provider, nonce="made up") == "refused"


def test_who_signed_is_looked_at(provider: Provider) -> None:
    known = provider.key
    for label, key, algorithm in (
        ("another's key", stranger(), "ES256"),
        ("a shared secret", shared(), "HS256"),
        ("nobody", known, "none"),
    ):
        provider.key, provider.algorithm = key, algorithm
        assert subject(provider) == "refused", label
    provider.key, provider.algorithm = renewed(), "RS256"
    assert subject(provider) == "refused", "a key that it does not show"
    provider.published = [known, provider.key]
    assert subject(provider) == f"{provider.base} subject-1"


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=["another issuer", "no web address", "none at all", "a script"],
)
def test_what_a_provider_publishes_is_looked_at(told: dict[str, Any], provider: Provider) -> None:
    provider.told = told
    assert subject(provider) == "refused"


def test_keys_are_asked_for_again_when_one_is_new(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff_openid, "_AGAIN", 0)
    asking = stranger_to(provider)
    asking.ask()
    provider.key, provider.algorithm = renewed(), "RS256"
    provider.published = [provider.key]
    question = asking.ask()
    provider.arrive(question.address)
    assert asking.subject("code-1", question.nonce, question.verifier) == f"{provider.base} subject-1"


@pytest.mark.parametrize("issuer", ["http://login.example", "login.example", "https://login.example/?x=1"])
def test_a_setting_that_is_no_issuer_is_refused(issuer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTREACH_OIDC_ISSUER", issuer)
    with pytest.raises(SettingError, match="OUTREACH_OIDC_ISSUER: must be https://host"):
        load(tmp_path)
