"""What is not done to a thread, a reveal or a list, in the words that staff read: why, and what to do instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select, update

from outreach.audience.discretion import Secret
from outreach.audience.tables import Person
from outreach.delivery import quarantine
from outreach.delivery.quarantine import Doubt
from outreach.errors import ConflictError, NotFoundError, OutreachError
from outreach.messages.tables import Message
from outreach.privacy.tables import PersonKey
from outreach.staff import accounts
from outreach.staff.accounts import New
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.threads import discreet, hands, inbox, lists, reveal_lists, reveals
from outreach.threads.hands import RefusedError, Why
from outreach.threads.reveals import LAPSES, Wish
from outreach.threads.tables import Outcome, Thread
from outreach.workspace import Workspace
from tests.clinic import AMINA, CHAUSIKU, cast
from tests.threads.texting import later, write

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)  # nothing in it hangs on the database
ME, YOU = "wanjiru", "otieno"
REASON = "She left no place to go to"

CLOSED = "Thread {id} is closed. When she writes again, a new one opens."
NO_THREAD = "There is no thread 4711. List them: outreach threads list"
NOBODY = "Nobody who answers goes by that name. List staff: outreach staff list"
LONG = "x" * 5000

Deed = Callable[[Workspace, int], object]


def closed(workspace: Workspace, thread: int) -> None:
    inbox.close(workspace, thread, Outcome.REFERRED, by=ME)


def panicked(workspace: Workspace, thread: int) -> None:
    write(workspace, AMINA, "ALARM lemon")
    write(workspace, AMINA, "lemon")


def doubted(workspace: Workspace, thread: int) -> None:
    with workspace.database.write() as session:
        hers = session.scalars(select(Thread.person_id).where(Thread.id == thread)).one()
        quarantine.begin(session, [hers], Doubt.WHO, dialects.now(session))


def keyless(workspace: Workspace, thread: int) -> None:
    with workspace.database.write() as session:
        session.execute(delete(PersonKey))


def taken(workspace: Workspace, thread: int) -> None:
    hands.take(workspace, thread, by=YOU)


def nothing(workspace: Workspace, thread: int) -> None:
    pass


REFUSED: list[tuple[str, Deed, Deed, Why, str]] = [
    ("an answer to a closed one", closed, lambda w, t: inbox.reply(w, t, "Hi"), Why.CLOSED, CLOSED),
    ("taking a closed one", closed, lambda w, t: hands.take(w, t, by=ME), Why.CLOSED, CLOSED),
    ("handing a closed one over", closed, lambda w, t: hands.hand_over(w, t, YOU, by=ME), Why.CLOSED, CLOSED),
    ("letting go of a closed one", closed, lambda w, t: hands.release(w, t, by=ME), Why.CLOSED, CLOSED),
    (
        "closing it again", closed, lambda w, t: inbox.close(w, t, Outcome.MOVED), Why.CLOSED,
        "Thread {id} is closed already.",
    ),
    (
        "an outcome that nobody may choose", nothing, lambda w, t: inbox.close(w, t, Outcome.FORGOTTEN), Why.OUTCOME,
        "The outcome is one of: answered, referred, unreached, stopped, died, moved, wrong_number, spam.",
    ),
    ("an empty answer", nothing, lambda w, t: inbox.reply(w, t, " \n"), Why.EMPTY, "The answer is empty."),
    (
        "a long answer", nothing, lambda w, t: inbox.reply(w, t, "x" * 1601), Why.TOO_LONG,
        "The answer is longer than 1600 characters, the most a text may be. Shorten it.",
    ),
    (
        "an answer after a panic word", panicked, lambda w, t: inbox.reply(w, t, "Hi"), Why.SILENT,
        "She texted her panic word: nothing is sent for a week, so write nothing.",
    ),
    (
        "an answer in doubt", doubted, lambda w, t: inbox.reply(w, t, "Hi"), Why.IN_DOUBT,
        "The number may be somebody else's now: nothing is sent until she has answered YES to our question.",
    ),
    (
        "an answer to something else", nothing, lambda w, t: inbox.reply(w, t, "Hi", seen=1), Why.GONE_ON,
        "The thread has gone on meanwhile. Read it again: outreach threads show {id}",
    ),
    (
        "an answer to whoever is forgotten", keyless, lambda w, t: inbox.reply(w, t, "Hi"), Why.CLOSED,
        "She is forgotten: nothing can be written down about her any more.",
    ),
    (
        "taking what is taken", taken, lambda w, t: hands.take(w, t, by=ME), Why.TAKEN,
        "otieno has this thread. Take it over only on purpose: --over",
    ),
    ("handing it to nobody", nothing, lambda w, t: hands.hand_over(w, t, "x", by=ME), Why.NOBODY, NOBODY),
    ("handing it to a launcher", nothing, lambda w, t: hands.hand_over(w, t, "launch", by=ME), Why.NOBODY, NOBODY),
    ("letting go of what nobody has", nothing, lambda w, t: hands.release(w, t, by=ME), Why.NOT_TAKEN,
     "Nobody has thread {id}."),
    ("an empty note", nothing, lambda w, t: hands.note(w, t, "  ", by=ME), Why.EMPTY, "The note is empty."),
    (
        "a long note", nothing, lambda w, t: hands.note(w, t, LONG, by=ME), Why.TOO_LONG,
        f"The note is longer than {hands.MOST_NOTE} characters. Shorten it.",
    ),
    (
        "a decision about nothing", nothing, lambda w, t: hands.decide(w, t, stop=True, by=ME), Why.NOT_ON_HOLD,
        "Thread {id} does not look like a wish to stop.",
    ),
]  # fmt: skip


@pytest.fixture
def thread(workspace: Workspace) -> int:
    cast(workspace)
    with workspace.database.write() as session:
        for name, role in ((ME, Role.HELPER), (YOU, Role.COORDINATOR), ("launch", Role.LAUNCHER)):
            accounts.add(session, workspace.vault, New(name, name.title(), frozenset({role})), ME)
    return write(workspace, AMINA, "When can I come?").thread_id or 0


@pytest.mark.parametrize("before", dict.fromkeys(row[1] for row in REFUSED), ids=lambda before: before.__name__)
def test_a_refusal_says_why_and_leaves_the_thread_as_it_was(before: Deed, workspace: Workspace, thread: int) -> None:
    def state() -> list[object]:
        with workspace.database.read() as session:
            return [*session.execute(select(Thread.__table__)).all(), len(session.scalars(select(Message.id)).all())]

    before(workspace, thread)
    left = state()
    for label, _, deed, why, says in [row for row in REFUSED if row[1] is before]:
        with pytest.raises(RefusedError) as raised:
            deed(workspace, thread)
        assert (raised.value.why, str(raised.value)) == (why, says.format(id=thread)), label
        assert raised.value.who == (YOU if why is Why.TAKEN else ""), label
        assert state() == left, label


def test_an_answer_to_whoever_stopped_is_refused(workspace: Workspace, thread: int) -> None:
    hers = write(workspace, CHAUSIKU, "Hello").thread_id or 0
    with pytest.raises(RefusedError) as raised:
        inbox.reply(workspace, hers, "Hi")
    assert str(raised.value) == "She said STOP: only her own START lifts it, and nothing is sent until then."
    assert raised.value.why is Why.STOPPED


# --- reveals, lists, words of her own: what is asked of a reveal that Wanjiru asked for ------------------------------


def granted(workspace: Workspace, asked: int) -> None:
    reveals.grant(workspace, asked, YOU)


def granted_and_forgotten(workspace: Workspace, asked: int) -> None:
    granted(workspace, asked)
    keyless(workspace, asked)


def over(workspace: Workspace, asked: int) -> None:
    granted(workspace, asked)
    later(workspace, asked, LAPSES)


def lapsed(workspace: Workspace, asked: int) -> None:
    later(workspace, asked, LAPSES)


def refused(workspace: Workspace, asked: int) -> None:
    reveals.refuse(workspace, asked, YOU, REASON)


def hers(workspace: Workspace) -> str:
    with workspace.database.read() as session:
        return session.scalars(select(Person.pseudonym).join(Thread, Thread.person_id == Person.id)).first() or ""


def words(word: str) -> Deed:
    return lambda w, _: discreet.at_the_clinic(w, hers(w), ME, None, {Secret.SAFE: word})


def shown(workspace: Workspace, asked: int) -> object:
    return reveals.show(workspace, asked, ME)


SAY_WHY = "Say why, in 10 to 400 characters; no name and no number."
NO_PLACE = "There is no such place in the list. Begin at its start."
NO_REVEAL = "There is no reveal 4711. List them: outreach reveal list"

ALSO: list[tuple[str, Deed, Deed, type[OutreachError], str]] = [
    ("show: asked", nothing, shown, ConflictError,
     "Reveal {id} is asked. Somebody else has to grant it first: outreach reveal grant"),
    ("show: over", over, shown, ConflictError, "Reveal {id} is over. Ask again if it is still needed."),
    ("show: lapsed", lapsed, shown, ConflictError,
     "Reveal {id} is lapsed. Nobody granted it in time. Ask again if it is still needed."),
    ("show: refused", refused, shown, ConflictError,
     "Reveal {id} is refused. Speak with whoever refused it: outreach reveal list"),
    ("show: another's", granted, lambda w, n: reveals.show(w, n, YOU), ConflictError,
     "Only whoever asked for it may read it. Ask for yourself."),
    ("show: forgotten", granted_and_forgotten, shown, ConflictError,
     "She is forgotten: nothing of hers can be read any more."),
    ("grant: again", granted, lambda w, n: reveals.grant(w, n, YOU), ConflictError,
     "Reveal {id} is open already. Only what is asked can be granted."),
    ("grant: one's own", nothing, lambda w, n: reveals.grant(w, n, ME), ConflictError,
     "Nobody grants her own wish. Ask a colleague."),
    ("grant: none", nothing, lambda w, n: reveals.grant(w, 4711, YOU), NotFoundError, NO_REVEAL),
    ("get: none", nothing, lambda w, n: reveal_lists.get(w, 4711), NotFoundError, NO_REVEAL),
    ("refuse: again", refused, lambda w, n: reveals.refuse(w, n, YOU, REASON), ConflictError,
     "Reveal {id} is refused already. Only what is asked can be refused."),
    ("refuse: one's own", nothing, lambda w, n: reveals.refuse(w, n, ME, REASON), ConflictError,
     "Nobody refuses her own wish. It lapses by itself."),
    ("refuse: without why", nothing, lambda w, n: reveals.refuse(w, n, YOU, "123456789"), ConflictError, SAY_WHY),
    ("approve: not alone", nothing, lambda w, n: reveals.approve(w, n, YOU), ConflictError,
     "Reveal {id} was not taken alone: there is nothing to approve."),
    ("ask: alone", nothing, lambda w, n: reveals.ask(w, Wish(hers(w)), ME, REASON, alone=True), ConflictError,
     "Alone only in a crisis: no thread of hers is urgent. Ask, and let somebody else grant it."),
    ("ask: nothing", nothing, lambda w, n: reveals.ask(w, Wish(), ME, REASON), ConflictError,
     "Name one record: a pseudonym for a number, or a text."),
    ("ask: no text", nothing, lambda w, n: reveals.whom(w, Wish(message=4711)), NotFoundError,
     "No text 4711 came in. Its number stands beside it: outreach threads show"),
    ("ask: nobody", nothing, lambda w, n: reveals.whom(w, Wish("x-y-1")), NotFoundError,
     "Nobody goes by that pseudonym. Check its spelling: two words and a number, azure-heron-42."),
    ("a place that is none", nothing, lambda w, n: lists.Mark.read("a-b"), NotFoundError, NO_PLACE),
    ("a place beyond the list", nothing, lambda w, n: lists.Mark.read("10-0-1"), NotFoundError, NO_PLACE),
    ("a thread that is none", nothing, lambda w, n: inbox.show(w, 4711), NotFoundError, NO_THREAD),
    ("a short word of hers", nothing, words("ab"), ConflictError,
     "That word will not do. It must be one word of 3 to 24 letters. Choose another."),
    ("a word that means something", nothing, words("stop"), ConflictError,
     "That word will not do. It means something already when it is texted to us. Choose another."),
]  # fmt: skip


@pytest.mark.parametrize("before", dict.fromkeys(row[1] for row in ALSO), ids=lambda before: before.__name__)
def test_what_is_not_allowed_is_told_with_what_to_do(before: Deed, workspace: Workspace, thread: int) -> None:
    asked = reveals.ask(workspace, Wish(hers(workspace)), ME, REASON)
    before(workspace, asked)
    for label, _, deed, error, says in [row for row in ALSO if row[1] is before]:
        with pytest.raises(error) as raised:
            deed(workspace, asked)
        assert str(raised.value) == says.format(id=asked), label


def test_whoever_took_it_alone_cannot_say_herself_that_it_was_right(workspace: Workspace, thread: int) -> None:
    write(workspace, AMINA, "I am bleeding a lot")
    asked = reveals.ask(workspace, Wish(hers(workspace)), ME, REASON, alone=True)
    with pytest.raises(ConflictError) as raised:
        reveals.approve(workspace, asked, " Wanjiru ")
    assert str(raised.value) == "Nobody approves what she did herself. Ask a colleague."
    reveals.approve(workspace, asked, YOU)
    with pytest.raises(ConflictError) as raised:
        reveals.approve(workspace, asked, YOU)
    assert str(raised.value) == f"Reveal {asked} was looked at already."


def test_a_text_older_than_texts_are_kept_is_told_as_such(workspace: Workspace, thread: int) -> None:
    with workspace.database.read() as session:
        said = session.scalars(select(Message.id).where(Message.direction == "in")).one()
    asked = reveals.ask(workspace, Wish(message=said), ME, REASON)
    reveals.grant(workspace, asked, YOU)
    with workspace.database.write() as session:
        session.execute(update(Message).where(Message.id == said).values(body=None))
    with pytest.raises(ConflictError) as raised:
        reveals.show(workspace, asked, ME)
    assert str(raised.value) == "That text is older than texts are kept (OUTREACH_KEEP_TEXTS)."
