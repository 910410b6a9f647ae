"""A conversation whole: every field that a helper reads, the text that began it, and how a text is written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, inspect, select, update

from outreach.audience.tables import PersonField
from outreach.messages.status import State
from outreach.messages.tables import Message
from outreach.privacy.tables import PersonKey
from outreach.store import dialects
from outreach.threads import hands, inbox
from outreach.threads.hands import Event
from outreach.threads.inbox import Said, Summary
from outreach.threads.tables import Did, Outcome, Thread, ThreadState
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, TOPIC, Cast, own_templates
from tests.delivery.desk import message, run_of
from tests.threads.texting import threads, write

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database
ME = "wanjiru"


def campaign(workspace: Workspace, person_id: int, **more: Any) -> int:
    """A campaign's text with a custom field and a number in it, which reached her."""
    text = "Welcome {{ nick }}. Call 0712 000 001."
    (own_templates(workspace.folder) / "tb" / "welcome.en.covert.txt").write_text(text, encoding="utf-8")
    run = run_of(workspace)
    with workspace.database.write() as session:
        session.add(PersonField(person_id=person_id, name="nick", text="Blue"))
        return message(session, person_id, run, **({"state": State.DELIVERED} | more))


def opened(workspace: Workspace, number: str = AMINA, text: str = "When can I come?") -> int:
    thread = write(workspace, number, text).thread_id
    assert thread is not None
    return thread


def test_a_summary_says_all_that_a_list_shows(workspace: Workspace, people: Cast) -> None:
    campaign(workspace, people.amina)
    thread = opened(workspace)
    [row] = threads(workspace, people.amina)
    hers = inbox.show(workspace, thread).summary
    waiting = Summary(
        id=thread,
        pseudonym=hers.pseudonym,
        language="en",
        programme="tb-support",
        topic=TOPIC,
        state=ThreadState.WAITING,
        hold=False,
        urgent="",
        wants_call=False,
        mark="",
        stopped=False,
        opened_at=row.opened_at,
        waiting_since=row.opened_at,
        outcome="",
        assignee="",
        closed_at=None,
        promised_at=row.promised_at,
    )
    assert hers == waiting
    assert row.promised_at is not None
    inbox.reply(workspace, thread, "On Monday.", by=ME)
    answered = inbox.show(workspace, thread).summary
    assert (answered.state, answered.assignee, answered.waiting_since) == (ThreadState.ANSWERED, ME, None)
    assert answered.promised_at is None, "she waits for nothing any more"
    inbox.close(workspace, thread, Outcome.REFERRED, by=ME)
    closed = inbox.show(workspace, thread).summary
    assert (closed.state, closed.outcome, closed.closed_at is not None) == (ThreadState.CLOSED, "referred", True)


def test_a_conversation_begins_with_the_text_that_she_answers_and_says_who_wrote_each(
    workspace: Workspace, people: Cast
) -> None:
    began = campaign(workspace, people.amina)
    thread = opened(workspace, text="When? My number is 0712 000 001")
    reply = inbox.reply(workspace, thread, "On Monday.", by=ME)
    shown = inbox.show(workspace, thread)
    with workspace.database.read() as session:
        due = session.scalars(select(Message.due_at).where(Message.id == began)).one()
        rows = session.scalars(select(Message).where(Message.thread_id == thread).order_by(Message.id)).all()
    first, thanks, answer = rows
    assert shown.said == [
        Said("campaign", due, "Welcome Blue. Call [number].", "delivered", about="Trial"),
        Said("person", first.created_at, "When? My number is [number]", "received", id=first.id, hidden=True),
        Said("system", thanks.created_at, shown.said[2].text, "queued", id=thanks.id),
        Said("helper", answer.created_at, "On Monday.", "queued", by=ME, id=reply),
    ]
    assert shown.said[2].text.startswith("Thank you")
    [event] = shown.events
    assert event == Event(event.id, answer.created_at, ME, Did.ANSWERED, "", "", reply, "")
    assert (shown.last, shown.earlier) == (reply, False)


@pytest.mark.parametrize(
    "other",
    [
        {"state": State.QUEUED},
        {"state": State.REFUSED},
        {"topic": "maternal"},
        {"direction": "in", "state": State.RECEIVED},
    ],
    ids=str,
)
def test_it_begins_with_no_text_that_did_not_reach_her_or_is_about_something_else(
    other: dict[str, Any], workspace: Workspace, people: Cast
) -> None:
    campaign(workspace, people.amina)
    thread = opened(workspace)
    with workspace.database.write() as session:
        session.execute(update(Message).where(Message.step == "welcome").values(other))
    assert [each.who for each in inbox.show(workspace, thread).said] == ["person", "system"]


def test_it_begins_with_no_text_that_came_later_or_cannot_be_written_again(workspace: Workspace, people: Cast) -> None:
    campaign(workspace, people.amina)
    thread = opened(workspace)
    with workspace.database.write() as session:
        session.execute(delete(PersonField))
    assert [each.who for each in inbox.show(workspace, thread).said] == ["person", "system"]
    with workspace.database.write() as session:
        session.add(PersonField(person_id=people.amina, name="nick", text="Blue"))
        past = dialects.now(session) - timedelta(hours=1)
        session.execute(update(Thread).values(opened_at=past))
    assert [each.who for each in inbox.show(workspace, thread).said] == ["person", "system"]


def test_a_long_conversation_is_shown_in_pages(
    workspace: Workspace, people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "MOST_SHOWN", 2)
    campaign(workspace, people.amina)
    thread = opened(workspace, text="one")
    for words in ("two", "three"):
        write(workspace, AMINA, words)
    newest = inbox.show(workspace, thread)
    assert ([each.text for each in newest.said], newest.earlier) == (["two", "three"], True)
    before = inbox.show(workspace, thread, before=newest.said[0].id)
    assert ([each.who for each in before.said], before.earlier) == (["campaign", "person", "system"], False)


def test_the_last_words_of_each_are_hers_redacted_and_short(workspace: Workspace, people: Cast) -> None:
    (workspace.folder / "names.txt").write_text("Zawadi\n")
    first, second, gone = opened(workspace), opened(workspace, BARAKA), opened(workspace, "+254712000009")
    write(workspace, AMINA, "Zawadi says:\n  call\t0712 000 001 " + "please " * 40)
    inbox.reply(workspace, first, "We will.", by=ME)
    told = inbox.last_words(workspace, [first, second])
    assert told == {first: ("[name] says: call [number] " + "please " * 40)[:140], second: "When can I come?"}
    assert inbox.last_words(workspace, [second], most=4) == {second: "When"}
    assert inbox.last_words(workspace, []) == {}
    with workspace.database.write() as session:
        [hers] = session.scalars(select(Thread.person_id).where(Thread.id == gone))
        session.execute(delete(PersonKey).where(PersonKey.person_id == hers))
    assert inbox.last_words(workspace, [gone]) == {gone: hands.UNREADABLE}
    with workspace.database.write() as session:
        session.execute(update(Message).where(Message.thread_id == gone).values(body=None))
    assert inbox.last_words(workspace, [gone]) == {}


def test_a_text_is_written_down_whole(workspace: Workspace, people: Cast) -> None:
    """Every column, as the reports and the conversation read it."""
    workspace.settings.zone = "Pacific/Kiritimati"
    began = campaign(workspace, people.amina)
    text = "Habari " + "x" * 160
    told = write(workspace, AMINA, text)
    with workspace.database.read() as session:
        kept = session.scalars(select(Message).where(Message.id == told.message_id)).one()
        run = session.scalars(select(Message.run_id).where(Message.id == began)).one()
    found = {each.key: getattr(kept, each.key) for each in inspect(Message).column_attrs}
    at = kept.created_at
    expected = {
        "direction": "in",
        "kind": "sms",
        "purpose": "reply",
        "person_id": people.amina,
        "topic": TOPIC,
        "run_id": run,
        "step": "welcome",
        "thread_id": told.thread_id,
        "dedupe_key": f"in:twilio:{kept.provider_id}",
        "state": "received",
        "reason": "thread",
        "due_at": at,
        "expires_at": at,
        "updated_at": at,
        "day": at.astimezone(ZoneInfo("Pacific/Kiritimati")).date(),
        "sender": "twilio",
        "provider": "twilio",
        "parts": 2,
    }
    assert {name: found[name] for name in expected} == expected
    assert (kept.provider_id or "").startswith("SM")
