"""`outreach staff` as it is typed, and the first admin of `outreach init`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outreach.staff import accounts, links, tokens
from outreach.workspace import open_workspace
from tests.cli.typed import typed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clinic that is the current folder; `init` said this."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LOGNAME", "wanjiru")
    place = tmp_path / "clinic"
    place.mkdir()
    monkeypatch.chdir(place)
    (tmp_path / "said").write_text(typed("init").out)
    return place


def who_comes_in_by(link: str) -> str:
    workspace = open_workspace(Path())
    try:
        with workspace.database.write() as session:
            member = links.redeem(session, link.partition("#")[2], workspace.database.now())
            return member.name if member else ""
    finally:
        workspace.close()


def test_init_lets_the_first_admin_in_once_and_only_once(folder: Path) -> None:
    [line] = [line for line in (folder.parent / "said").read_text().splitlines() if "/welcome#" in line]
    assert "/welcome#" not in typed("init").out
    [admin] = json.loads(typed("staff", "list", "--json").out)
    assert (admin["name"], admin["roles"], admin["password"]) == ("admin", ["admin"], False)
    assert who_comes_in_by(line.strip()) == "admin"


def test_somebody_is_added_and_gets_a_link(folder: Path) -> None:
    done = typed("staff", "add", "amina", "--role", "helper", "--role", "launcher", "--full", "Amina W.", "--json")
    assert done.code == 0
    made = json.loads(done.out)
    assert made["link"].startswith("http://127.0.0.1:8000/welcome#")
    assert who_comes_in_by(made["link"]) == "amina"
    shown = typed("staff", "list").out
    assert "Amina W." in shown
    assert "launcher, helper" in shown


def test_a_phone_is_read_as_the_country_writes_it_and_never_shown(folder: Path) -> None:
    done = typed("staff", "add", "amina", "--role", "helper", "--phone", "0712 000 077")
    assert done.code == 0
    assert "712000077" not in done.out + typed("staff", "list").out + typed("staff", "list", "--json").out
    workspace = open_workspace(Path())
    with workspace.database.read() as session:
        assert accounts.phone_of(session, workspace.vault, "amina") == "+254712000077"
    workspace.close()


def test_links_roles_suspending_and_restoring(folder: Path) -> None:
    first = json.loads(typed("staff", "add", "amina", "--role", "helper", "--json").out)["link"]
    second = json.loads(typed("staff", "link", "amina", "--json").out)["link"]
    assert first != second
    assert typed("staff", "roles", "amina", "--role", "coordinator").out == "amina is active: coordinator.\n"
    assert typed("staff", "suspend", "amina", "--yes").out == "amina is suspended: coordinator.\n"
    assert who_comes_in_by(second) == ""
    assert typed("staff", "restore", "amina").out == "amina is active: coordinator.\n"


WRONG = [
    ("taken", ["add", "admin", "--role", "helper"], "already"),
    ("no such phone", ["add", "amina", "--role", "helper", "--phone", "12"], "write the whole number"),
    ("nobody", ["link", "nobody"], "outreach staff list"),
    ("the only admin", ["suspend", "admin", "--yes"], "only admin"),
    ("suspend without asking", ["suspend", "admin"], "--yes"),
    ("no such role", ["add", "amina", "--role", "boss"], "boss"),
]


@pytest.mark.parametrize(("label", "words", "told"), WRONG, ids=[row[0] for row in WRONG])
def test_a_mistake_is_told_and_changes_nothing(label: str, words: list[str], told: str, folder: Path) -> None:
    done = typed("staff", *words)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert [each["name"] for each in json.loads(typed("staff", "list", "--json").out)] == ["admin"]


def test_a_token_is_made_listed_and_taken_back(folder: Path) -> None:
    made = json.loads(typed("tokens", "make", "register", "--scope", "people:read", "--days", "7", "--json").out)
    assert tokens.looks_like_one(made["token"])
    assert typed("tokens", "make", "register", "--scope", "people:read").code == 2
    assert typed("tokens", "make", "other", "--scope", "everything").code == 2
    [listed] = json.loads(typed("tokens", "list", "--json").out)
    assert (listed["name"], listed["scopes"], listed["state"]) == ("register", ["people:read"], "good")
    assert (listed["made_by"], listed["used_at"]) == ("wanjiru", None)
    assert made["token"] not in typed("tokens", "list").out
    assert typed("tokens", "revoke", "register", "--yes").code == 0
    assert typed("tokens", "revoke", "register", "--yes").code == 2
    assert json.loads(typed("tokens", "list", "--json").out)[0]["state"] == "revoked"


def test_a_webhook_is_added_listed_and_ended(folder: Path) -> None:
    url = "https://register.example/in?key=canary"
    made = json.loads(typed("hooks", "add", "register", url, "--kind", "thread.waiting", "--json").out)
    assert made["secret"].startswith("whsec_")
    for wrong in ("http://register.example/", "https://10.0.0.1/", "https://user:canary@register.example/"):
        refused = typed("hooks", "add", "other", wrong, "--kind", "thread.waiting")
        assert refused.code == 2
        assert "canary" not in refused.out + refused.err
    [listed] = json.loads(typed("hooks", "list", "--json").out)
    assert (listed["kinds"], listed["tellings"]) == (["thread.waiting"], {"waiting": 0, "done": 0, "given_up": 0})
    assert not [each for each in ("canary", made["secret"]) if each in typed("hooks", "list").out]
    assert typed("hooks", "end", "register", "--yes").code == 0
    assert typed("hooks", "end", "register", "--yes").code == 2
