"""Staff: who may be added, who may be let go, and where a phone may be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.errors import ConflictError, NotFoundError
from outreach.privacy import audit
from outreach.privacy.vault import Vault
from outreach.staff import accounts, links
from outreach.staff.accounts import New
from outreach.staff.roles import Role, StaffState
from outreach.staff.tables import Staff, StaffLink
from outreach.workspace import Workspace

PHONE = "+254712000077"
BY = "wanjiru"


def somebody(name: str = "amina", *roles: Role, phone: str = "") -> New:
    return New(name, "Amina W.", frozenset(roles or {Role.HELPER}), phone=phone)


def test_whoever_is_added_is_found_by_name_and_by_role(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        accounts.add(session, workspace.vault, somebody("amina", Role.HELPER, Role.COORDINATOR), BY)
        accounts.add(session, workspace.vault, somebody("otieno", Role.AUDITOR), BY)
    with workspace.database.read() as session:
        amina = accounts.find(session, "amina")
        assert (amina.display_name, sorted(amina.roles)) == ("Amina W.", ["coordinator", "helper"])
        assert (amina.state, amina.has_password, amina.has_phone) == (StaffState.ACTIVE, False, False)
        assert [each.name for each in accounts.everybody(session)] == ["amina", "otieno"]
        assert [each.name for each in accounts.everybody(session, Role.AUDITOR)] == ["otieno"]
        with pytest.raises(NotFoundError, match="outreach staff list"):
            accounts.find(session, "nobody")


REFUSED = [
    ("capital letters", somebody("Amina"), "small letters"),
    ("too short", somebody("a"), "2 to 32"),
    ("too long", somebody("a" * 33), "2 to 32"),
    ("a name with a space", somebody("amina w"), "small letters"),
    ("taken", somebody("taken"), "already"),
    ("no role", New("amina", "", frozenset()), "launcher"),
    ("no number", somebody(phone="0712000077"), r"with \+"),
]


@pytest.mark.parametrize(("label", "new", "told"), REFUSED, ids=[row[0] for row in REFUSED])
def test_who_cannot_be_added(label: str, new: New, told: str, workspace: Workspace) -> None:
    with workspace.database.write() as session:
        accounts.add(session, workspace.vault, somebody("taken"), BY)
    with workspace.database.write() as session, pytest.raises(ConflictError, match=told) as raised:
        accounts.add(session, workspace.vault, new, BY)
    assert "712000077" not in str(raised.value)


def test_a_phone_is_sealed_and_opens_only_for_whoever_may_be_paged(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        accounts.add(session, workspace.vault, somebody(phone=PHONE), BY)
        accounts.add(session, workspace.vault, somebody("otieno"), BY)
    with workspace.database.write() as session:
        sealed = session.scalars(select(Staff.phone).where(Staff.name == "amina")).one()
        assert sealed is not None
        assert PHONE.encode() not in sealed
        assert PHONE not in repr(accounts.find(session, "amina"))
        assert accounts.phone_of(session, workspace.vault, "amina") == PHONE
        assert accounts.phone_of(session, workspace.vault, "otieno") == ""
        accounts.set_phone(session, workspace.vault, "otieno", PHONE, BY)
        assert accounts.phone_of(session, workspace.vault, "otieno") == PHONE
        accounts.set_phone(session, workspace.vault, "otieno", "", BY)
        assert accounts.phone_of(session, workspace.vault, "otieno") == ""
        accounts.suspend(session, workspace.vault, "amina", BY)
        assert accounts.phone_of(session, workspace.vault, "amina") == "", "nobody pages whoever is suspended"


LEAVE: list[tuple[str, Callable[[Session, Vault], None]]] = [
    ("suspended", lambda session, vault: accounts.suspend(session, vault, "amina", BY)),
    ("another role", lambda session, vault: accounts.set_roles(session, vault, "amina", {Role.HELPER}, BY)),
]


@pytest.mark.parametrize(("label", "leave"), LEAVE, ids=[row[0] for row in LEAVE])
def test_the_last_admin_stays(label: str, leave: Callable[[Session, Vault], None], workspace: Workspace) -> None:
    with workspace.database.write() as session:
        accounts.add(session, workspace.vault, somebody("amina", Role.ADMIN), BY)
        accounts.add(session, workspace.vault, somebody("otieno", Role.ADMIN), BY)
        accounts.suspend(session, workspace.vault, "otieno", BY)
    with workspace.database.write() as session, pytest.raises(ConflictError, match="only admin"):
        leave(session, workspace.vault)
    with workspace.database.write() as session:
        accounts.restore(session, workspace.vault, "otieno", BY)
        leave(session, workspace.vault)


def test_twice_suspended_and_twice_restored_is_told(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        accounts.add(session, workspace.vault, somebody(), BY)
        with pytest.raises(ConflictError, match="not suspended"):
            accounts.restore(session, workspace.vault, "amina", BY)
        accounts.suspend(session, workspace.vault, "amina", BY)
        with pytest.raises(ConflictError, match="already"):
            accounts.suspend(session, workspace.vault, "amina", BY)


def test_every_change_is_in_the_record_and_no_phone_is(workspace: Workspace) -> None:
    with workspace.database.write() as session:
        accounts.add(session, workspace.vault, somebody(phone=PHONE), BY)
        accounts.set_roles(session, workspace.vault, "amina", {Role.HELPER, Role.LAUNCHER}, BY)
        accounts.set_phone(session, workspace.vault, "amina", PHONE, BY)
        links.issue(session, workspace.vault, "amina", BY)
        accounts.suspend(session, workspace.vault, "amina", BY)
        accounts.restore(session, workspace.vault, "amina", BY)
    with workspace.database.read() as session:
        found = audit.entries(session, workspace.vault)
    assert [(each.who, each.subject) for each in found] == [(BY, "staff:amina")] * 6
    assert [each.action for each in found] == [
        "staff_added",
        "staff_roles_set",
        "staff_phone_set",
        "sign_in_link_made",
        "staff_suspended",
        "staff_restored",
    ]
    assert [each.why for each in found] == ["helper", "launcher helper", "", "", "", ""]


# --- one-time links --------------------------------------------------------------------------------------------------


@pytest.fixture
def code(workspace: Workspace) -> str:
    with workspace.database.write() as session:
        accounts.add(session, workspace.vault, somebody(), BY)
        return links.issue(session, workspace.vault, "amina", BY)


def redeemed(workspace: Workspace, code: str, later: timedelta = timedelta()) -> str:
    now = workspace.database.now()
    with workspace.database.write() as session:
        member = links.redeem(session, code, now + later)
    return member.name if member else ""


def test_a_code_works_once(workspace: Workspace, code: str) -> None:
    assert redeemed(workspace, code) == "amina"
    assert redeemed(workspace, code) == ""


TYPED: list[tuple[str, Callable[[str], str]]] = [
    ("small letters", str.lower),
    ("no hyphens", lambda code: code.replace("-", "")),
    ("spaces around", lambda code: f" {code} \n"),
]


@pytest.mark.parametrize(("label", "how"), TYPED, ids=[row[0] for row in TYPED])
def test_a_code_may_be_typed_by_hand(label: str, how: Callable[[str], str], workspace: Workspace, code: str) -> None:
    assert redeemed(workspace, how(code)) == "amina"


def test_a_code_that_is_too_old_or_not_one_opens_nothing(workspace: Workspace, code: str) -> None:
    assert redeemed(workspace, code, later=timedelta(hours=25)) == ""
    assert redeemed(workspace, code[:-1]) == ""
    assert redeemed(workspace, "") == ""
    assert redeemed(workspace, code, later=timedelta(hours=23)) == "amina"


def test_a_newer_code_makes_the_older_one_void(workspace: Workspace, code: str) -> None:
    with workspace.database.write() as session:
        newer = links.issue(session, workspace.vault, "amina", BY)
    assert redeemed(workspace, code) == ""
    assert redeemed(workspace, newer) == "amina"


def test_whoever_is_suspended_comes_in_by_no_code(workspace: Workspace, code: str) -> None:
    with workspace.database.write() as session:
        accounts.suspend(session, workspace.vault, "amina", BY)
    assert redeemed(workspace, code) == ""
    with workspace.database.write() as session, pytest.raises(ConflictError, match="suspended"):
        links.issue(session, workspace.vault, "amina", BY)


def test_a_code_is_kept_as_a_hash_only(workspace: Workspace, code: str) -> None:
    with workspace.database.read() as session:
        assert len(session.scalars(select(StaffLink.code)).one()) == 32
    assert links.address("https://clinic.example", code) == f"https://clinic.example/welcome#{code}"
