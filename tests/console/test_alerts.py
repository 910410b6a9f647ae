"""The alerts over HTTP: unseen first, each with its next step, looked at by a deed; nobody clears her own doing."""

from __future__ import annotations

import re

from outreach.console.alerts_words import KINDS
from outreach.privacy import alerts, audit
from outreach.privacy.alerts import AlertKind
from outreach.staff.roles import Role
from outreach.store import dialects
from tests.console.conftest import WHO, Console, Signed, on_sqlite

pytestmark = on_sqlite

HELPER, BOSS = WHO[Role.HELPER], WHO[Role.COORDINATOR]

#: A kind, what it is about, whose doing it is; and where a coordinator and an admin can go from there.
RAISED: list[tuple[AlertKind, str, str, set[str], set[str]]] = [
    (AlertKind.PANIC, "thread:7", "", {"/inbox/7"}, set()),
    (AlertKind.LOSS, "thread:7", "", {"/inbox/7"}, set()),
    (AlertKind.NOT_TAKEN, "thread:8", "", {"/inbox/8"}, set()),
    (AlertKind.PROMISE_MISSED, "thread:8", "", {"/inbox/8"}, set()),
    (AlertKind.HOOK_FAILING, "hook:register", "", set(), {"/settings/hooks"}),
    (AlertKind.UNREACHED, "thread:9", HELPER, {"/inbox/9"}, {f"/settings/staff/{HELPER}"}),
    (AlertKind.REVEAL_GRANTED, "reveal:3", HELPER, {"/reveals/3"}, {"/reveals/3"}),
    (AlertKind.REVEAL_ALONE, "reveal:4", BOSS, {"/reveals/4"}, {"/reveals/4"}),
    (AlertKind.REVEAL_OVERDUE, "reveal:4", BOSS, {"/reveals/4"}, {"/reveals/4"}),
    (AlertKind.PASSKEY_DOUBTED, f"staff:{HELPER}", HELPER, set(), {f"/settings/staff/{HELPER}", "/settings/record"}),
]


def raised(console: Console) -> dict[AlertKind, int]:
    """One alert of each kind; their ids."""
    with console.workspace.database.write() as session:
        at = dialects.now(session)
        for kind, subject, about, *_ in RAISED:
            assert alerts.raise_(session, kind, subject, at, about=about)
        return {AlertKind(each.kind): each.id for each in alerts.all_(session)}


def ways(who: Signed, kind: AlertKind) -> set[str]:
    part = who.get(f"/alerts?kind={kind}").text.partition('<li class="alert">')[2].partition("</li>")[0]
    return set(re.findall(r'href="([^"]+)"', part))


def test_each_kind_says_what_happened_and_where_to_go_as_far_as_one_may(console: Console) -> None:
    raised(console)
    assert {kind for kind, *_ in RAISED} == set(AlertKind) == set(KINDS), "a kind without words or without a row here"
    boss, admin = console.as_(Role.COORDINATOR), console.as_(Role.ADMIN)
    assert {kind: (ways(boss, kind), ways(admin, kind)) for kind, *_ in RAISED} == {
        kind: (hers, admins) for kind, _, _, hers, admins in RAISED
    }
    told = admin.text("/alerts")
    assert "Otieno Odhiambo could not be called, and somebody is in danger." in told
    assert "The program register should be told what happens" in told
    assert told.count("Conversations are read by helpers and coordinators") == 5
    assert "Conversations are read" not in boss.text("/alerts")


def test_home_counts_them_until_somebody_has_looked_and_it_is_in_the_record(console: Console) -> None:
    ids, boss, admin = raised(console), console.as_(Role.COORDINATOR), console.as_(Role.ADMIN)
    assert "10 alerts that nobody has looked at." in boss.text("/")
    for role in (Role.HELPER, Role.LAUNCHER, Role.AUDITOR):
        assert "alerts that" not in console.as_(role).text("/")
    panic, loss = ids[AlertKind.PANIC], ids[AlertKind.LOSS]
    done = boss.post(f"/alerts/{panic}/seen", kind="panic")
    assert (done.status_code, done.headers["location"]) == (303, "/alerts?kind=panic")
    assert "Nothing to look at" not in boss.text("/alerts")
    assert "No alert here" in boss.text("/alerts?kind=panic")
    assert "Achieng Were has looked at it" in admin.text("/alerts?list=all&kind=panic")
    assert "9 alerts that nobody has looked at." in admin.text("/")
    assert admin.post(f"/alerts/{loss}/seen", list="all").headers["location"] == "/alerts?list=all"
    admin.post(f"/alerts/{panic}/seen")
    with console.workspace.database.read() as session:
        lines = audit.entries(session, console.workspace.vault)
        found = [(line.who, line.subject) for line in lines if line.action == "alert_seen"]
    assert found == [(boss.name, f"alert:{panic}"), (admin.name, f"alert:{loss}")], "whoever was first stays named"


def test_nobody_clears_what_tells_of_her_own_doing(console: Console) -> None:
    ids, boss, admin = raised(console), console.as_(Role.COORDINATOR), console.as_(Role.ADMIN)
    for kind in (AlertKind.REVEAL_ALONE, AlertKind.REVEAL_OVERDUE):
        assert boss.post(f"/alerts/{ids[kind]}/seen").status_code == 404
        assert "somebody else looks at it" in boss.text(f"/alerts?kind={kind}")
        assert admin.post(f"/alerts/{ids[kind]}/seen").status_code == 303
    assert boss.post(f"/alerts/{ids[AlertKind.REVEAL_GRANTED]}/seen").status_code == 303, "a helper's"
    assert boss.post("/alerts/4711/seen").status_code == 404
    assert "Nothing to look at" in admin.text("/alerts?before=1&kind=nonsense")


def test_a_long_list_goes_on_page_by_page(console: Console) -> None:
    with console.workspace.database.write() as session:
        at = dialects.now(session)
        for number in range(51):
            alerts.raise_(session, AlertKind.NOT_TAKEN, f"thread:{number}", at)
    admin = console.as_(Role.ADMIN)
    more = re.search(r'href="(/alerts\?list=all&amp;before=\d+)"', admin.get("/alerts?list=all").text)
    assert more
    pages = ("/alerts?list=all", more.group(1).replace("&amp;", "&"))
    assert [admin.get(page).text.count('<li class="alert">') for page in pages] == [50, 1]
