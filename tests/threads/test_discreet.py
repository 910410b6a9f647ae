"""What a person's wish for discretion does: words of her own, silence, "who is this?", numbers that changed hands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from outreach import consent
from outreach.audience import people as known
from outreach.audience.discretion import Manner, manner
from outreach.audience.tables import Endpoint, EndpointState
from outreach.channels.contract import Carried, Cause, Receipt
from outreach.consent import ALL, ConsentState
from outreach.delivery import queue, receipts, send
from outreach.messages.status import Lane, Purpose, State
from outreach.messages.tables import Message
from outreach.store import dialects
from outreach.threads import loops
from outreach.threads.tables import Mark, ThreadState
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, DAUDI, Cast
from tests.delivery.desk import change_person, message, rested, row, run_of, states
from tests.threads.texting import her, ledger, received, sent, threads, whose, write

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOBODY = "+254712000099"


def phone(workspace: Workspace, person_id: int) -> Endpoint:
    with workspace.database.read() as session:
        query = select(Endpoint).where(Endpoint.person_id == person_id, Endpoint.kind == "sms")
        return session.scalars(query).one()


def due(workspace: Workspace, person_id: int, **more: Any) -> int:
    """A message of a campaign that is due."""
    run = run_of(workspace)
    with workspace.database.write() as session:
        return message(session, person_id, run, **more)


def going(workspace: Workspace) -> list[tuple[str, str]]:
    """What goes out now: purpose and text of everything that both lanes claim, written as it is handed over."""
    found: list[tuple[str, str]] = []
    rested(workspace)
    for lane in Lane:
        with workspace.database.write() as session:
            after = workspace.settings.dormant_after
            batch = queue.claim(session, "twilio", lane, 100, 60, None, dormant_after=after)
        found += [(each.claim.purpose, each.outgoing.text) for each in send.write(workspace, batch).written]
    return found


def texts(workspace: Workspace, person_id: int) -> list[str]:
    return [each.text for each in sent(workspace, person_id)]


CONTENT = "campaign"


# --- words of her own ------------------------------------------------------------------------------------------------


def test_content_waits_for_the_safe_word_behind_a_bland_line(workspace: Workspace, people: Cast) -> None:
    assert write(workspace, AMINA, "WORD mango").outcome == "keyword:word"
    waiting = due(workspace, people.amina)
    assert [purpose for purpose, _ in going(workspace)] == ["automatic"]
    assert (row(workspace, waiting).state, row(workspace, waiting).reason) == ("queued", "not_asked_for")
    assert going(workspace) == [("knock", "Hello from Sunrise. We hope you are well.")]
    for text in ("mangoes", "1", "READ", "hello"):
        write(workspace, AMINA, text)
    assert CONTENT not in [purpose for purpose, _ in going(workspace)]
    assert write(workspace, AMINA, " Mango! ").outcome == "keyword:read"
    assert [purpose for purpose, _ in going(workspace)] == [CONTENT]
    assert row(workspace, waiting).state == State.SENDING


def test_within_the_hour_content_comes_at_once_and_after_it_no_more(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "WORD mango")
    write(workspace, AMINA, "mango")
    going(workspace)
    due(workspace, people.amina)
    assert [purpose for purpose, _ in going(workspace)] == [CONTENT]
    change_person(workspace, people.amina, opened_until=workspace.database.now() - timedelta(seconds=1))
    due(workspace, people.amina)
    assert going(workspace) == []
    assert [purpose for purpose, _ in going(workspace)] == ["knock"]


def test_what_she_does_not_ask_for_in_time_is_refused_by_name(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "WORD mango")
    waiting = due(workspace, people.amina)
    going(workspace)
    with workspace.database.write() as session:
        at = dialects.now(session)
        session.execute(
            update(Message).where(Message.id == waiting).values(due_at=at, expires_at=at + timedelta(0, 50))
        )
    going(workspace)
    assert (row(workspace, waiting).state, row(workspace, waiting).reason) == ("refused", "not_asked_for")


def test_one_line_says_that_there_are_several(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "WORD mango")
    for _ in range(3):
        due(workspace, people.amina)
    going(workspace)
    assert [purpose for purpose, _ in going(workspace)] == ["knock"]
    write(workspace, AMINA, "mango")
    assert [purpose for purpose, _ in going(workspace)] == [CONTENT] * 3


def test_her_words_stand_nowhere(workspace: Workspace, people: Cast) -> None:
    for text in ("WORD mango", "ALARM lemon", "mango", "lemon"):
        write(workspace, AMINA, text)
    assert [text for text, _ in received(workspace, people.amina)] == ["[word]"] * 4
    person = her(workspace, people.amina)
    assert all(len(kept or b"") == 32 for kept in (person.safe_word, person.panic_word))
    assert not any("mango" in text or "lemon" in text for text in texts(workspace, people.amina))


def test_two_people_with_the_same_word_cannot_be_told_by_it(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "WORD mango")
    write(workspace, BARAKA, "WORD mango")
    assert her(workspace, people.amina).safe_word != her(workspace, people.baraka).safe_word


def test_whoever_holds_the_telephone_cannot_change_the_word_and_is_not_told_so(
    workspace: Workspace, people: Cast
) -> None:
    write(workspace, AMINA, "WORD mango")
    kept = her(workspace, people.amina).safe_word
    for text in ("WORD lemon", "WORD off", "WORD stop"):
        assert write(workspace, AMINA, text).outcome == "keyword:word"
    assert her(workspace, people.amina).safe_word == kept
    assert set(texts(workspace, people.amina)[:2]) == {texts(workspace, people.amina)[0]}
    write(workspace, AMINA, "mango")
    write(workspace, AMINA, "WORD off")
    assert her(workspace, people.amina).safe_word is None


@pytest.mark.parametrize("word", ["stop", "yes", "no", "ab"])
def test_a_word_that_means_something_is_not_taken(word: str, workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, f"WORD {word}")
    assert her(workspace, people.amina).safe_word is None
    assert texts(workspace, people.amina)[0].startswith("Please choose another word")


def test_nothing_new_is_said_when_nothing_waits(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "WORD mango")
    write(workspace, AMINA, "mango")
    assert texts(workspace, people.amina)[-1] == "There is nothing new from Sunrise at the moment."


# --- manner ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "chosen"), [("1", Manner.COVERT), ("2", Manner.REQUEST), ("3", Manner.OPEN)])
def test_who_joins_is_asked_who_reads_the_phone_and_a_figure_answers(
    answer: str, chosen: Manner, workspace: Workspace, people: Cast
) -> None:
    change_person(workspace, people.daudi, openness="open")
    write(workspace, DAUDI, "YES")
    assert "Do others read this phone?" in texts(workspace, people.daudi)[-1]
    assert write(workspace, DAUDI, answer).outcome == "keyword:manner"
    assert manner(her(workspace, people.daudi)) is chosen
    assert write(workspace, DAUDI, answer).outcome == "thread", "once is enough: later a figure is talk"


def test_a_figure_that_answers_nothing_is_talk(workspace: Workspace, people: Cast) -> None:
    assert write(workspace, AMINA, "3").outcome == "thread"
    write(workspace, DAUDI, "YES")
    change_person(workspace, people.daudi, asked_at=workspace.database.now() - 8 * DAY)
    assert write(workspace, DAUDI, "3").outcome == "thread"
    assert manner(her(workspace, people.daudi)) is Manner.COVERT


def test_on_request_content_comes_when_she_asks_in_any_language(workspace: Workspace, people: Cast) -> None:
    change_person(workspace, people.amina, on_request=True)
    due(workspace, people.amina)
    assert going(workspace) == []
    assert going(workspace) == [("knock", "There is a message for you from Sunrise. To see it, reply READ.")]
    assert write(workspace, AMINA, "soma").outcome == "keyword:read"
    assert [purpose for purpose, _ in going(workspace)] == [CONTENT]


# --- silence ---------------------------------------------------------------------------------------------------------


def test_the_panic_word_brings_silence_and_tells_a_person(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "ALARM lemon")
    waiting = due(workspace, people.amina)
    assert write(workspace, AMINA, "Lemon").outcome == "needs_person"
    assert row(workspace, waiting).state == State.CANCELLED
    assert texts(workspace, people.amina)[-1] == "Thank you for your message. Have a good day."
    [thread] = threads(workspace, people.amina)
    assert (thread.mark, thread.hold, thread.state) == (Mark.PANIC, True, ThreadState.WAITING)
    assert ledger(workspace, people.amina)[-1] == (ALL, ConsentState.PAUSED, "text")
    later = due(workspace, people.amina)
    going(workspace)
    assert row(workspace, later).reason == "silent"
    change_person(workspace, people.amina, silent_until=workspace.database.now())
    with workspace.database.read() as session:
        line = consent.standing(session, [people.amina])[people.amina, ALL]
    assert line.until is not None
    assert 6 * DAY < line.until - workspace.database.now() <= 7 * DAY


def test_in_the_silence_nothing_is_said_whatever_is_texted(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "ALARM lemon")
    write(workspace, AMINA, "lemon")
    going(workspace)
    for text in ("HELP", "START", "who is this", "what was that?", "YES"):
        write(workspace, AMINA, text)
        assert going(workspace) == [], text


def test_her_safe_word_ends_the_silence(workspace: Workspace, people: Cast) -> None:
    for text in ("WORD mango", "ALARM lemon", "lemon", "mango"):
        write(workspace, AMINA, text)
    assert her(workspace, people.amina).silent_until is None
    due(workspace, people.amina)
    assert CONTENT not in [purpose for purpose, _ in going(workspace)], "the thread holds until a person has looked"
    assert ledger(workspace, people.amina)[-1] == (ALL, ConsentState.GRANTED, "text")


def test_who_stopped_stays_stopped_after_panic(workspace: Workspace, people: Cast) -> None:
    for text in ("ALARM lemon", "STOP", "lemon"):
        write(workspace, AMINA, text)
    assert ledger(workspace, people.amina)[-1] == (ALL, ConsentState.REVOKED, "text")


# --- numbers in doubt ------------------------------------------------------------------------------------------------


def test_who_asks_who_we_are_is_told_nothing_and_the_number_is_in_doubt(workspace: Workspace, people: Cast) -> None:
    assert write(workspace, AMINA, "Who is this?").outcome == "needs_person"
    assert phone(workspace, people.amina).state == EndpointState.QUARANTINED
    assert [thread.mark for thread in threads(workspace, people.amina)] == [Mark.WHO]
    due(workspace, people.amina)
    [(purpose, text)] = going(workspace)
    assert (purpose, text.startswith("This is an automatic service.")) == ("question", True)
    assert states(workspace)[State.REFUSED] == 1


def test_yes_restores_a_number_in_doubt(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "Who is this?")
    assert write(workspace, AMINA, "YES").outcome == "keyword:yes"
    assert phone(workspace, people.amina).state == EndpointState.OK
    assert not [each for each in ledger(workspace, people.amina) if each[2] == "text"], "no consent is made by it"


@pytest.mark.parametrize("text", ["NO", "hapana", "wrong person"])
def test_no_makes_a_new_person_who_sees_nothing_of_the_old_one(text: str, workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "I am afraid of my tablets")
    write(workspace, AMINA, "Who is this?")
    waiting = due(workspace, people.amina)
    if write(workspace, AMINA, text).outcome == "keyword:stop":  # a verb of its own says the same
        return
    new = whose(workspace, AMINA)
    assert new != people.amina
    assert her(workspace, new).pseudonym != her(workspace, people.amina).pseudonym
    assert (row(workspace, waiting).state, row(workspace, waiting).reason) == ("cancelled", "handed_over")
    assert ledger(workspace, new) == [(ALL, ConsentState.REVOKED, "text")]
    assert [each.outcome for each in threads(workspace, people.amina)] == ["wrong_number"]
    assert threads(workspace, new) == []
    assert [said for said, _ in received(workspace, new)] == [text]
    assert [each.purpose for each in sent(workspace, new)] == ["confirmation"]
    with workspace.database.read() as session:
        assert known.endpoints_of(session, [people.amina]) == {people.amina: []}


def test_no_is_talk_where_nothing_is_in_doubt(workspace: Workspace, people: Cast) -> None:
    assert write(workspace, AMINA, "no").outcome == "thread"
    assert whose(workspace, AMINA) == people.amina


def test_a_number_silent_for_long_is_asked_before_anything_else(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        old = dialects.now(session) - 61 * DAY
        hers = update(Endpoint).where(Endpoint.person_id == people.amina)
        session.execute(hers.values(created_at=old, alive_at=None))
    first = due(workspace, people.amina)
    assert going(workspace) == []
    assert (row(workspace, first).state, row(workspace, first).reason) == ("refused", "quarantined")
    asked = "Hello, this is Sunrise. Is this still your number? If it is, reply YES. If not, reply NO and nothing more"
    [(purpose, text)] = going(workspace)
    assert (purpose, text.startswith(asked)) == ("question", True)
    due(workspace, people.amina)
    assert going(workspace) == [], "silence keeps the quarantine, and the question is put once"
    write(workspace, AMINA, "yes")
    going(workspace)
    due(workspace, people.amina)
    assert [purpose for purpose, _ in going(workspace)] == [CONTENT]


def test_nobody_is_asked_who_agreed_to_nothing(workspace: Workspace, people: Cast) -> None:
    person = write(workspace, NOBODY, "who are you")
    assert person.outcome == "needs_person"
    receipt(workspace, due(workspace, people.daudi), Cause.ENDPOINT_GONE)
    assert phone(workspace, people.daudi).state == EndpointState.QUARANTINED
    assert "question" not in [each.purpose for each in sent(workspace, people.daudi)]


def receipt(workspace: Workspace, target: int, cause: Cause | None) -> None:
    """The provider says that a message did not arrive, or that it did."""
    with workspace.database.write() as session:
        values = {"state": State.SENT, "provider": "twilio", "provider_id": f"SM{target}"}
        session.execute(update(Message).where(Message.id == target).values(values))
    carried = Carried.UNDELIVERED if cause else Carried.DELIVERED
    told = Receipt("twilio", f"event {target}", carried, f"SM{target}", target, cause, "", str(carried))
    with workspace.database.write() as session:
        receipts.keep(session, [told])


@pytest.mark.parametrize("cause", [Cause.ENDPOINT_GONE, Cause.LANDLINE])
def test_a_number_that_the_carrier_does_not_know_is_in_doubt_at_once(
    cause: Cause, workspace: Workspace, people: Cast
) -> None:
    receipt(workspace, due(workspace, people.amina), cause)
    assert phone(workspace, people.amina).state == EndpointState.QUARANTINED
    assert [purpose for purpose, _ in going(workspace)] == ["question"]


def test_a_number_that_is_not_reached_three_times_in_two_weeks_is_in_doubt(workspace: Workspace, people: Cast) -> None:
    long_ago = due(workspace, people.amina)
    receipt(workspace, long_ago, Cause.UNREACHABLE)
    with workspace.database.write() as session:
        old = dialects.now(session) - 15 * DAY
        session.execute(update(Message).where(Message.id == long_ago).values(updated_at=old))
    for _ in range(2):
        receipt(workspace, due(workspace, people.amina), Cause.UNREACHABLE)
        assert phone(workspace, people.amina).state == EndpointState.OK
    receipt(workspace, due(workspace, people.amina), Cause.UNREACHABLE)
    assert phone(workspace, people.amina).state == EndpointState.QUARANTINED


def test_a_text_that_arrives_is_a_sign_of_life(workspace: Workspace, people: Cast) -> None:
    assert phone(workspace, people.amina).alive_at is None
    receipt(workspace, due(workspace, people.amina), None)
    alive = phone(workspace, people.amina).alive_at
    assert alive is not None
    receipt(workspace, due(workspace, people.amina), None)
    assert phone(workspace, people.amina).alive_at == alive, "it is noted once a week, not with every text"


# --- machines --------------------------------------------------------------------------------------------------------


def test_a_telephone_that_answers_by_itself_is_soon_answered_no_more(workspace: Workspace, people: Cast) -> None:
    for _ in range(30):
        write(workspace, AMINA, "INFO")
    assert len(texts(workspace, people.amina)) == loops.ALIKE - 1
    assert [each.mark for each in threads(workspace, people.amina)] == [Mark.MACHINE]


def test_whatever_it_says_rapid_answers_end(workspace: Workspace, people: Cast) -> None:
    for turn in range(20):
        write(workspace, AMINA, ("STOP", "START")[turn % 2])
    assert len(texts(workspace, people.amina)) <= loops.RAPID
    assert ledger(workspace, people.amina)[-1] == (ALL, ConsentState.GRANTED, "text"), (
        "what is asked is done all the same"
    )
    write(workspace, AMINA, "STOP")
    assert ledger(workspace, people.amina)[-1] == (ALL, ConsentState.REVOKED, "text")


def test_after_an_hour_she_is_answered_again(workspace: Workspace, people: Cast) -> None:
    for _ in range(5):
        write(workspace, AMINA, "HELP")
    before = len(texts(workspace, people.amina))
    with workspace.database.write() as session:
        for each in session.scalars(select(Message)):
            each.created_at -= 2 * HOUR
    write(workspace, AMINA, "HELP")
    assert len(texts(workspace, people.amina)) == before + 1


ALIKE = [
    ("I am driving and will call you back", "I am driving and will call you back.", True),
    ("I am driving, back at 10:15", "I am driving, back at 10:25", True),
    ("Is it safe with tea?", "Is it safe with my tablets?", False),
    ("", "", True),
    ("HELP", "INFO", False),
]


@pytest.mark.parametrize(("one", "other", "same"), ALIKE)
def test_which_texts_are_alike(one: str, other: str, same: bool) -> None:
    assert loops.alike(one, other) is same


def test_the_purposes_of_texts_that_stand_nowhere_are_written_when_they_go(workspace: Workspace, people: Cast) -> None:
    change_person(workspace, people.amina, on_request=True)
    due(workspace, people.amina)
    going(workspace)
    with workspace.database.read() as session:
        knock = session.scalars(select(Message).where(Message.purpose == Purpose.KNOCK)).one()
    assert knock.body is None
