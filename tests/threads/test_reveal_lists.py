"""Reveals as lists and pages show them: every field, whose they are, and what waits for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from outreach.audience.tables import Endpoint, EndpointState
from outreach.messages.tables import Message
from outreach.staff import accounts
from outreach.staff.accounts import New
from outreach.staff.roles import Role
from outreach.threads import reveal_lists, reveals
from outreach.threads.reveal_lists import Asked, Mine
from outreach.threads.reveals import LAPSES, Stage, Whom, Wish
from outreach.threads.tables import Reveal
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, Cast
from tests.threads.texting import later, name_of, sent, whose, write

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database
ME, YOU = "wanjiru", "otieno"
WHY = "She left no place to go to"
PHONES = {"admin": "+254720000001", ME: "+254720000002"}


def row(workspace: Workspace, reveal_id: int) -> Reveal:
    with workspace.database.read() as session:
        return session.get_one(Reveal, reveal_id)


def mine(workspace: Workspace, by: str = ME) -> dict[str | int, Mine]:
    with workspace.database.read() as session:
        return reveal_lists.mine(session, by)


def test_a_reveal_is_told_whole_from_the_wish_to_the_reading(workspace: Workspace, people: Cast) -> None:
    hers = name_of(workspace, people.amina)
    asked = reveals.ask(workspace, Wish(hers), ME, WHY)
    wish = Asked(
        id=asked,
        what="number",
        pseudonym=hers,
        message=None,
        stage=Stage.ASKED,
        alone=False,
        asked_by=ME,
        asked_at=row(workspace, asked).asked_at,
        why=WHY,
        granted_by="",
        refused_by="",
        answer="",
        until=None,
        shown=0,
        review_by=None,
        reviewed_by="",
        disputed=False,
        overdue=False,
    )
    assert reveal_lists.get(workspace, asked) == wish
    until = reveals.grant(workspace, asked, YOU)
    assert until - row(workspace, asked).asked_at >= workspace.settings.reveal_for
    reveals.show(workspace, asked, ME)
    assert reveal_lists.get(workspace, asked) == replace(wish, stage=Stage.OPEN, granted_by=YOU, until=until, shown=1)


def test_one_that_was_taken_alone_is_told_with_its_review(workspace: Workspace, people: Cast) -> None:
    said = write(workspace, AMINA, "I am bleeding a lot").message_id
    asked = reveals.ask(workspace, Wish(message=said), ME, WHY, alone=True)
    at = row(workspace, asked).asked_at
    told = reveal_lists.get(workspace, asked)
    assert (told.what, told.message, told.stage, told.alone) == ("text", said, Stage.OPEN, True)
    assert (told.until, told.review_by) == (at + workspace.settings.reveal_for, at + workspace.settings.reveal_review)
    later(workspace, asked, workspace.settings.reveal_review)
    assert reveal_lists.get(workspace, asked).overdue
    reveals.approve(workspace, asked, YOU, dispute=f"She was safe, says {BARAKA}")
    told = reveal_lists.get(workspace, asked)
    assert (told.reviewed_by, told.disputed, told.answer) == (YOU, True, "She was safe, says [number]")
    assert not told.overdue


def test_lists_are_of_what_waits_of_whose_they_are_and_go_on(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "I am bleeding a lot")
    hers, his = name_of(workspace, people.amina), name_of(workspace, people.baraka)
    first = reveals.ask(workspace, Wish(hers), ME, WHY, alone=True)
    second = reveals.ask(workspace, Wish(his), YOU, WHY)
    third = reveals.ask(workspace, Wish(his), ME, WHY)

    def ids(**narrowed: object) -> list[int]:
        return [each.id for each in reveal_lists.listed(workspace, **narrowed)]  # type: ignore[arg-type]

    assert ids() == [third, second, first]
    assert (ids(limit=1), ids(before=third), ids(before=third, limit=1)) == ([third], [second, first], [second])
    assert (ids(by=ME), ids(by=YOU), ids(but=" WANJIRU ")) == ([third, first], [second], [second])
    assert ids(pending=True) == [third, second, first]
    later(workspace, first, workspace.settings.reveal_review)
    assert ids(pending=True) == [first, third, second], "overdue ones first"
    reveals.refuse(workspace, third, YOU, WHY)
    later(workspace, second, LAPSES)
    assert ids(pending=True) == [first]
    reveals.approve(workspace, first, YOU)
    assert ids(pending=True) == []


def test_ones_own_wishes_are_found_where_they_are_asked_the_newest_of_each(workspace: Workspace, people: Cast) -> None:
    said = write(workspace, AMINA, "Hello").message_id or 0
    hers, his = name_of(workspace, people.amina), name_of(workspace, people.baraka)
    reveals.ask(workspace, Wish(hers), ME, WHY)
    again, text = (reveals.ask(workspace, wish, ME, WHY) for wish in (Wish(hers), Wish(message=said)))
    lapsed, refused, others = (reveals.ask(workspace, Wish(his), by, WHY) for by in (ME, ME, YOU))
    later(workspace, lapsed, LAPSES)
    reveals.refuse(workspace, refused, YOU, WHY)
    reveals.grant(workspace, text, YOU)
    assert mine(workspace) == {hers: Mine(again, Stage.ASKED), said: Mine(text, Stage.OPEN)}
    assert mine(workspace, YOU) == {his: Mine(others, Stage.ASKED)}
    later(workspace, text, workspace.settings.reveal_for)
    assert mine(workspace) == {hers: Mine(again, Stage.ASKED)}


def test_whom_a_wish_is_about_is_told_before_it_is_asked(workspace: Workspace, people: Cast) -> None:
    received = write(workspace, AMINA, "Hello")
    hers, his = name_of(workspace, people.amina), name_of(workspace, people.baraka)
    assert reveals.whom(workspace, Wish(his)) == Whom(his, None, danger=False)
    said = Wish(message=received.message_id)
    assert reveals.whom(workspace, said) == Whom(hers, received.thread_id, danger=False)
    write(workspace, AMINA, "I am bleeding a lot")
    assert reveals.whom(workspace, said) == Whom(hers, received.thread_id, danger=True)
    assert reveals.whom(workspace, Wish(f" {hers.upper()} ")) == Whom(hers, None, danger=True)


def test_a_number_at_which_nothing_arrives_is_shown_where_there_is_no_other(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        accounts.add(session, workspace.vault, New(YOU, "", frozenset({Role.ADMIN})), ME)
        session.execute(update(Endpoint).where(Endpoint.person_id == people.amina).values(state=EndpointState.GONE))
    asked = reveals.ask(workspace, Wish(name_of(workspace, people.amina)), ME, WHY)
    reveals.grant(workspace, asked, YOU)
    assert reveals.show(workspace, asked, ME).value == AMINA, "the only one, though nothing arrives there"


def test_every_admin_but_whoever_did_it_is_called_once(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        for name, phone in PHONES.items():
            accounts.add(session, workspace.vault, New(name, "", frozenset({Role.ADMIN}), phone=phone), ME)
        accounts.add(session, workspace.vault, New("achieng", "", frozenset({Role.HELPER}), phone="+254720000003"), ME)
    asked = reveals.ask(workspace, Wish(name_of(workspace, people.amina)), YOU, WHY)
    reveals.grant(workspace, asked, ME)
    with workspace.database.read() as session:
        ids = session.scalars(select(Message.person_id).where(Message.purpose == "call")).all()
    assert list(ids) == [whose(workspace, PHONES["admin"])]
    [called] = sent(workspace, ids[0])
    assert called.text == "There is an alert for admins. Please sign in."


def test_a_lapse_is_of_the_minute_and_an_overlong_name_is_cut(workspace: Workspace, people: Cast) -> None:
    long = "w" * 70
    asked = reveals.ask(workspace, Wish(name_of(workspace, people.amina)), long, WHY)
    later(workspace, asked, LAPSES - timedelta(minutes=1))
    assert reveal_lists.get(workspace, asked).stage is Stage.ASKED
    reveals.refuse(workspace, asked, "o" * 70, WHY)
    told = reveal_lists.get(workspace, asked)
    assert (told.asked_by, told.refused_by) == ("w" * 64, "o" * 64)


def test_what_is_overdue_is_told_to_the_admins_but_not_to_whoever_did_it(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        for name, phone in PHONES.items():
            accounts.add(session, workspace.vault, New(name, "", frozenset({Role.ADMIN}), phone=phone), ME)
    write(workspace, AMINA, "I am bleeding a lot")
    asked = reveals.ask(workspace, Wish(name_of(workspace, people.amina)), ME, WHY, alone=True)
    later(workspace, asked, workspace.settings.reveal_review - timedelta(minutes=1))
    assert reveals.chase(workspace) == []
    later(workspace, asked, timedelta(minutes=1))
    assert reveals.chase(workspace) == [asked]
    with workspace.database.read() as session:
        ids = session.scalars(select(Message.person_id).where(Message.purpose == "call")).all()
    assert list(ids) == [whose(workspace, PHONES["admin"])] * 2, "once when it was taken, once when it was overdue"
