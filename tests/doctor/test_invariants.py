"""Each invariant is found broken when it is, and whole when it is not; ids are named, nothing personal is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from outreach import consent
from outreach.audience.tables import Person, PersonState
from outreach.channels.contract import Accepted
from outreach.consent import Source
from outreach.doctor.contract import Level
from outreach.doctor.invariants import CHECKS, RECENT, invariants
from outreach.messages.status import Purpose, State
from outreach.messages.tables import Attempt, Message, ProviderEvent, Tally
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.tables import AuditLine
from outreach.store import dialects
from outreach.threads import forgetting
from outreach.workspace import Workspace
from tests.clinic import cast
from tests.delivery import desk


@pytest.fixture
def sent(workspace: Workspace) -> int:
    """A message that went out as it should: claimed, taken, delivered; among others that did as well."""
    people = cast(workspace)
    run = desk.run_of(workspace)
    with workspace.database.write() as session:
        made = desk.messages(session, [people.amina, people.baraka], run)
        audit.append(session, workspace.vault, "test", Action.TEST_SENT, "message:1")
    desk.answer(workspace, desk.claim(workspace), Accepted("SM1"), Accepted("SM2"))
    return made[0]


def broken(workspace: Workspace) -> dict[int, str]:
    """What is broken, by the invariant's number."""
    found = [each for each in invariants(workspace) if each.level is not Level.OK]
    assert all(each.level is Level.FAULT and each.remedy for each in found)
    return {int(each.check.split()[1]): each.seen for each in found}


def test_a_clinic_that_does_as_it_should_is_whole(workspace: Workspace, sent: int) -> None:
    assert broken(workspace) == {}


def change(workspace: Workspace, message_id: int, **values: object) -> None:
    with workspace.database.write() as session:
        session.execute(update(Message).where(Message.id == message_id).values(**values))


def tell(workspace: Workspace, message_id: int | None, **values: object) -> None:
    """Write down what a provider said."""
    with workspace.database.write() as session:
        words: dict[str, object] = {
            "provider": "twilio",
            "event_key": f"event-{values}",
            "provider_id": "",
            "status": "",
            "carried": "",
        }
        words |= {"cause": "", "code": "", "parked": "", "received_at": dialects.now(session)}
        session.execute(insert(ProviderEvent), [{**words, "message_id": message_id, **values}])


def take_twice(workspace: Workspace, sent: int) -> None:
    for name in ("SM1", "SM9"):
        tell(workspace, sent, provider_id=name, carried="delivered", parked="" if name == "SM1" else "other_id")


def lose_a_count(workspace: Workspace, sent: int) -> None:
    with workspace.database.write() as session:
        session.execute(update(Tally).where(Tally.state == State.ACCEPTED).values(messages=Tally.messages - 1))


def drop_attempts(workspace: Workspace, sent: int) -> None:
    with workspace.database.write() as session:
        session.execute(delete(Attempt).where(Attempt.message_id == sent))


def take_without_word(workspace: Workspace, sent: int) -> None:
    change(workspace, sent, provider_id=None)


def stop_before(workspace: Workspace, sent: int) -> None:
    with workspace.database.write() as session:
        person = session.scalars(select(Message.person_id).where(Message.id == sent)).one()
        consent.stop(session, person, Source.TEXT, "text", dialects.now(session) - timedelta(minutes=1))


def fall(workspace: Workspace, sent: int) -> None:
    tell(workspace, sent, provider_id="SM1", carried="delivered")


def hang(workspace: Workspace, sent: int) -> None:
    with workspace.database.write() as session:
        past = dialects.now(session) - timedelta(hours=1)
    change(workspace, sent, state=State.SENDING, lease_until=past)
    with workspace.database.write() as session:  # the roll-up goes with it: that is not what is broken here
        row = session.scalars(select(Tally).where(Tally.state == State.ACCEPTED)).first()
        assert row is not None
        row.messages -= 1
        values = {name: getattr(row, name) for name in ("run_id", "step", "day", "kind", "reason", "parts", "cost")}
        session.add(Tally(**values, state=State.SENDING, messages=1))


def leave_unheard(workspace: Workspace, sent: int) -> None:
    with workspace.database.write() as session:
        person = session.scalars(select(Message.person_id).where(Message.id == sent)).one()
        desk.message(session, person, direction="in", state=State.RECEIVED, purpose=Purpose.REPLY, reason="")


def lose_an_event(workspace: Workspace, sent: int) -> None:
    tell(workspace, None, provider_id="SM-of-nobody", carried="sent")


def fire_twice(workspace: Workspace, sent: int) -> None:
    with workspace.database.write() as session:
        mine = session.scalars(select(Message).where(Message.id == sent)).one()
        desk.message(session, mine.person_id, mine.run_id, occurrence=mine.occurrence)


def send_at_night(workspace: Workspace, sent: int) -> None:
    with workspace.database.write() as session:
        now = dialects.now(session)
        person = session.scalars(select(Message.person_id).where(Message.id == sent)).one()
        elsewhere = (now.hour * 60 + now.minute + 12 * 60) % (24 * 60)
        hours = {"zone": "UTC", "hours_from": elsewhere, "hours_to": (elsewhere + 60) % (24 * 60)}
        session.execute(update(Person).where(Person.id == person).values(**hours))


def write_in_clear(workspace: Workspace, sent: int) -> None:
    change(workspace, sent, code="to +254712000001")


def edit_the_record(workspace: Workspace, sent: int) -> None:
    with workspace.database.write() as session:
        session.execute(update(AuditLine).values(who="somebody else"))


def forget_by_half(workspace: Workspace, sent: int) -> None:
    with workspace.database.write() as session:
        person = session.scalars(select(Message.person_id).where(Message.id == sent)).one()
        session.execute(update(Person).where(Person.id == person).values(state=PersonState.FORGOTTEN))


BREAK: list[Callable[[Workspace, int], None]] = [
    take_twice,
    lose_a_count,
    drop_attempts,
    take_without_word,
    stop_before,
    fall,
    hang,
    leave_unheard,
    lose_an_event,
    fire_twice,
    send_at_night,
    write_in_clear,
    edit_the_record,
    forget_by_half,
]


def test_every_invariant_is_broken_by_a_test() -> None:
    assert len(BREAK) == len(CHECKS) == 14


@pytest.mark.parametrize(("number", "do"), list(enumerate(BREAK, 1)), ids=[each.__name__ for each in BREAK])
def test_what_breaks_an_invariant_is_found_and_nothing_else(
    workspace: Workspace, sent: int, number: int, do: Callable[[Workspace, int], None]
) -> None:
    do(workspace, sent)
    found = broken(workspace)
    # A second receipt that says more than the message's state breaks both promises.
    assert set(found) - ({6} if number == 1 else set()) == {number}
    assert "+254" not in found[number]


def test_what_was_settled_long_ago_is_not_looked_at_again(workspace: Workspace, sent: int) -> None:
    take_without_word(workspace, sent)
    desk.earlier(workspace, RECENT.total_seconds() + 60, Message.updated_at)
    assert broken(workspace) == {}


def test_whoever_was_forgotten_whole_is_no_finding(workspace: Workspace, sent: int) -> None:
    with workspace.database.read() as session:
        query = select(Person.pseudonym).join(Message, Message.person_id == Person.id).where(Message.id == sent)
        pseudonym = session.scalars(query).one()
    forgetting.forget(workspace, pseudonym, "test")
    assert broken(workspace) == {}
