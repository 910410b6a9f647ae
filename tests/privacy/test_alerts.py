"""What an admin or coordinator must look at: told once, listed the newest first, until somebody has looked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outreach.errors import NotFoundError
from outreach.privacy import alerts, audit
from outreach.privacy.alerts import AlertKind, Raised
from outreach.workspace import Workspace

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database


def test_an_alert_is_shown_as_it_was_raised_and_named_by_whoever_looked_first(workspace: Workspace) -> None:
    at = workspace.database.now() - timedelta(hours=1)
    with workspace.database.write() as session:
        assert alerts.raise_(session, AlertKind.UNREACHED, "thread:7", at, about="w" * 70)
        [told] = alerts.unseen(session)
        assert told == Raised(told.id, "unreached", "thread:7", "w" * 64, at, "", None)
        assert alerts.get(session, told.id) == told
        alerts.seen(session, workspace.vault, told.id, "o" * 70)
        alerts.seen(session, workspace.vault, told.id, "achieng")
    with workspace.database.read() as session:
        after = alerts.get(session, told.id)
        assert (after.seen_by, (after.seen_at or at) > at) == ("o" * 64, True)
        assert [(each.who, each.action, each.subject) for each in audit.entries(session, workspace.vault)] == [
            ("o" * 64, "alert_seen", f"alert:{told.id}")
        ]


def test_the_same_is_told_once_by_its_key_or_else_its_subject(workspace: Workspace) -> None:
    at = workspace.database.now()
    with workspace.database.write() as session:
        raised = [
            alerts.raise_(session, kind, subject, at, key=key)
            for kind, subject, key in [
                (AlertKind.PANIC, "thread:7", ""),
                (AlertKind.PANIC, "thread:7", ""),
                (AlertKind.PANIC, "thread:7", "again"),
                (AlertKind.PANIC, "thread:8", "again"),
                (AlertKind.LOSS, "thread:7", ""),
            ]
        ]
        assert raised == [True, False, True, False, True]
        asked = [(AlertKind.PANIC, "again"), (AlertKind.LOSS, "thread:7"), (AlertKind.LOSS, "again")]
        assert [alerts.is_raised(session, kind, key) for kind, key in asked] == [True, True, False]
        assert alerts.count(session) == 3


def test_lists_are_narrowed_and_go_on_where_a_page_ended(workspace: Workspace) -> None:
    at = workspace.database.now()
    kinds = [AlertKind.LOSS, AlertKind.PANIC, AlertKind.LOSS, AlertKind.PANIC]
    with workspace.database.write() as session:
        for number, kind in enumerate(kinds):
            alerts.raise_(session, kind, f"thread:{number}", at)
        ids = [each.id for each in alerts.all_(session)]
        assert ids == sorted(ids, reverse=True)
        alerts.seen(session, workspace.vault, ids[0], "otieno")
        assert alerts.count(session) == 3
        assert [each.id for each in alerts.unseen(session)] == ids[1:]
        assert [each.id for each in alerts.all_(session, 2)] == ids[:2]
        assert [each.id for each in alerts.unseen(session, 1, before=ids[1])] == [ids[2]]
        assert [each.id for each in alerts.unseen(session, kind=AlertKind.PANIC)] == [ids[2]]
        assert [each.id for each in alerts.all_(session, kind=AlertKind.LOSS, before=ids[1])] == [ids[3]]


def test_a_list_is_of_a_hundred_unless_it_is_told_otherwise(workspace: Workspace) -> None:
    at = workspace.database.now()
    with workspace.database.write() as session:
        for number in range(101):
            alerts.raise_(session, AlertKind.LOSS, f"thread:{number}", at)
        assert (len(alerts.all_(session)), len(alerts.unseen(session)), alerts.count(session)) == (100, 100, 101)


def test_an_alert_that_is_not_there_is_told_with_the_remedy(workspace: Workspace) -> None:
    with (
        workspace.database.read() as session,
        pytest.raises(NotFoundError, match=r"^There is no alert 4711\. List them: outreach alerts list$"),
    ):
        alerts.get(session, 4711)
