"""What the doctor sees of the provider that staff sign in with. (Of webhooks: tests/hooks/test_upkeep.py.)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import SecretStr

from outreach.doctor import outside
from outreach.doctor.contract import Level
from outreach.workspace import Workspace
from tests.console.conftest import on_sqlite
from tests.console.openid import CLIENT, SECRET, Provider, providing

pytestmark = on_sqlite


def with_provider(workspace: Workspace, issuer: str, client: str = CLIENT) -> Workspace:
    """The same clinic, whose staff sign in there."""
    given = {"oidc_issuer": issuer, "oidc_client": client, "oidc_secret": SecretStr(SECRET), "oidc_name": "Ministry"}
    return replace(workspace, settings=workspace.settings.model_copy(update=given))


def another_issuer(one: Provider) -> None:
    one.told = {"issuer": "https://elsewhere.example"}


def plain_address(one: Provider) -> None:
    one.told = {"token_endpoint": "ftp://elsewhere.example/token"}


def no_keys(one: Provider) -> None:
    one.published = []


def keys_elsewhere(one: Provider) -> None:
    one.told = {"jwks_uri": f"{one.base}/nothing"}


PROVIDERS: list[tuple[Callable[[Provider], object], Level, str]] = [
    (lambda _: None, Level.OK, "Ministry answers as the issuer that is set, with 1 key"),
    (another_issuer, Level.FAULT, "Ministry: the provider names another issuer"),
    (plain_address, Level.FAULT, "Ministry: the provider names another issuer, or addresses that are not safe"),
    (no_keys, Level.FAULT, "Ministry: the provider's keys cannot be read"),
    (keys_elsewhere, Level.FAULT, "Ministry: the provider does not answer as one"),
]


def test_a_provider_is_asked_whether_it_is_the_one_that_is_set(workspace: Workspace) -> None:
    with providing() as one:
        for lie, level, seen in PROVIDERS:
            one.told, one.published = {}, [one.key]
            lie(one)
            [found] = outside.sign_in(with_provider(workspace, one.base))
            assert (found.level, found.seen[: len(seen)]) == (level, seen)
            assert SECRET not in found.seen + found.remedy
            assert bool(found.remedy) == (level is not Level.OK)
    [gone] = outside.sign_in(with_provider(workspace, one.base))
    assert (gone.level, "does not answer" in gone.seen) == (Level.FAULT, True)
    assert f"{one.base}/.well-known/openid-configuration" in gone.remedy


@pytest.mark.parametrize(("issuer", "client"), [("https://login.example", ""), ("", CLIENT)])
def test_half_a_provider_is_told_of(issuer: str, client: str, workspace: Workspace) -> None:
    [found] = outside.sign_in(with_provider(workspace, issuer, client))
    assert found.level is Level.FAULT
    assert "only one half is set" in found.seen


def test_without_a_provider_nothing_is_said(workspace: Workspace) -> None:
    assert list(outside.sign_in(workspace)) == []
