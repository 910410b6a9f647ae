"""Staff: who may sign in and as what; a link for whoever is new or has lost the password."""

from __future__ import annotations

from fastapi.responses import Response

from outreach.audience import phone as numbers
from outreach.console.desk import ROLES
from outreach.console.policy import Act
from outreach.console.settings import tabs
from outreach.console.visit import Here, Pages, Visit
from outreach.console.words import N_
from outreach.errors import ConflictError
from outreach.staff import accounts, factors, links, passkeys
from outreach.staff.accounts import New
from outreach.staff.roles import Role

pages = Pages()

ABOUT = {
    Role.LAUNCHER: N_("People, campaigns, messages."),
    Role.HELPER: N_("Answers whoever writes."),
    Role.COORDINATOR: N_("Approves campaigns, hands threads over, reads reports."),
    Role.ADMIN: N_("Staff, settings, approvals."),
    Role.AUDITOR: N_("Reads the record and reports; changes nothing."),
}


@pages.page("/settings/staff", Act.SEE_STAFF)
def staff(visit: Here) -> Response:
    """Everybody."""
    with visit.workspace.database.read() as session:
        everybody = accounts.everybody(session)
    return visit.show("settings_staff.html", tabs=tabs(visit), everybody=everybody)


@pages.page("/settings/staff/new", Act.CHANGE_STAFF)
def new(visit: Here) -> Response:
    """The form for somebody new."""
    return _new(visit, "")


def _new(visit: Visit, fault: str) -> Response:
    return visit.show("settings_staff_new.html", 409 if fault else 200, fault=fault, roles=_roles(visit), given=visit)


def _roles(visit: Visit) -> list[tuple[str, str, str]]:
    _ = visit.words.gettext
    return [(role, _(ROLES[role]), _(ABOUT[role])) for role in Role]


@pages.deed("/settings/staff/new", Act.CHANGE_STAFF)
def add(visit: Here) -> Response:
    """Add somebody; the link is shown once."""
    _ = visit.words.gettext
    name = visit.form.get("name", "").strip().lower()
    read = numbers.read(visit.form["phone"], visit.workspace.settings.country) if visit.form.get("phone") else None
    if isinstance(read, numbers.PhoneRefusal):
        return _new(visit, _("The phone cannot be used. Write a whole mobile number, with + and the country code."))
    person = New(name, visit.form.get("full", ""), _chosen(visit), phone=read.number if read else "")
    try:
        with visit.workspace.database.write() as session:
            accounts.add(session, visit.workspace.vault, person, visit.by)
            code = links.issue(session, visit.workspace.vault, name, visit.by)
    except ConflictError:
        return _new(visit, _("Choose at least one role, and a name that nobody has: small letters, digits, no spaces."))
    return _link(visit, name, code)


def _chosen(visit: Visit) -> frozenset[Role]:
    return frozenset(Role(value) for name, value in visit.fields if name == "role" and value in set(Role))


def _link(visit: Visit, name: str, code: str) -> Response:
    address = links.address(visit.workspace.settings.public_url, code)
    return visit.show("settings_staff_link.html", name=name, address=address)


@pages.page("/settings/staff/{name}", Act.SEE_STAFF)
def one(visit: Here, name: str) -> Response:
    """One of staff."""
    return _one(visit, name, "")


def _one(visit: Visit, name: str, fault: str) -> Response:
    with visit.workspace.database.read() as session:
        member = accounts.find(session, name)
        keys = passkeys.listed(session, name)
    facts = {"member": member, "roles": _roles(visit), "passkeys": keys, "fault": fault}
    return visit.show("settings_staff_one.html", 409 if fault else 200, **facts)


@pages.deed("/settings/staff/{name}/roles", Act.CHANGE_STAFF)
def set_roles(visit: Here, name: str) -> Response:
    """Say anew what somebody may do."""
    _ = visit.words.gettext
    try:
        with visit.workspace.database.write() as session:
            accounts.set_roles(session, visit.workspace.vault, name, _chosen(visit), visit.by)
    except ConflictError:
        return _one(visit, name, _("Everybody needs a role, and somebody must stay admin."))
    return visit.go(f"/settings/staff/{name}", _("The roles are changed, from the next click on."))


@pages.deed("/settings/staff/{name}/link", Act.CHANGE_STAFF)
def link(visit: Here, name: str) -> Response:
    """A new one-time link."""
    with visit.workspace.database.write() as session:
        code = links.issue(session, visit.workspace.vault, name, visit.by)
    return _link(visit, name, code)


@pages.deed("/settings/staff/{name}/second-factor/off", Act.CHANGE_STAFF)
def factor_off(visit: Here, name: str) -> Response:
    """Phone and recovery codes are lost."""
    with visit.workspace.database.write() as session:
        factors.turn_off(session, visit.workspace.vault, name, visit.by)
    return visit.go(f"/settings/staff/{name}", visit.words.gettext("Signing in asks for no code any more."))


@pages.deed("/settings/staff/{name}/passkeys/remove", Act.CHANGE_STAFF)
def remove_passkeys(visit: Here, name: str) -> Response:
    """The device is lost, or somebody has a copy."""
    with visit.workspace.database.write() as session:
        passkeys.remove(session, visit.workspace.vault, name, None, visit.by)
    return visit.go(f"/settings/staff/{name}", visit.words.gettext("Their passkeys open nothing any more."))


@pages.deed("/settings/staff/{name}/account/disconnect", Act.CHANGE_STAFF)
def disconnect(visit: Here, name: str) -> Response:
    """Their account at the OpenID provider lets nobody in any more."""
    with visit.workspace.database.write() as session:
        accounts.connect(session, visit.workspace.vault, name, "", visit.by)
    return visit.go(f"/settings/staff/{name}", visit.words.gettext("That account lets nobody in any more."))


@pages.deed("/settings/staff/{name}/suspend", Act.CHANGE_STAFF)
def suspend(visit: Here, name: str) -> Response:
    """Let somebody in no more."""
    _ = visit.words.gettext
    try:
        with visit.workspace.database.write() as session:
            accounts.suspend(session, visit.workspace.vault, name, visit.by)
    except ConflictError:
        return _one(visit, name, _("The only admin stays. Make somebody else admin first."))
    return visit.go("/settings/staff", _("%(name)s is signed out everywhere and cannot come in.", name=name))


@pages.deed("/settings/staff/{name}/restore", Act.CHANGE_STAFF)
def restore(visit: Here, name: str) -> Response:
    """Let somebody in again."""
    _ = visit.words.gettext
    with visit.workspace.database.write() as session:
        accounts.restore(session, visit.workspace.vault, name, visit.by)
    return visit.go("/settings/staff", _("%(name)s may come in again.", name=name))
