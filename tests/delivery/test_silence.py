"""Silence, played at random: what somebody said by text is never followed by a message that it forbids.

Five people, two topics, messages that wait (also such as slip in afterwards, past planning and withdrawal), workers
that claim, and people who write. A model of what each has said judges every claim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience.people import by_number, keys_of
from outreach.audience.tables import Endpoint, Person, PersonState
from outreach.channels.contract import Inbound
from outreach.consent import Consent, ConsentState, Line, Source, Standing, record
from outreach.consent.reasons import OptOutReason
from outreach.delivery import gate, talks
from outreach.messages.status import Lane, Purpose, State
from outreach.messages.tables import Attempt, Message, Tally
from outreach.privacy.tables import PersonKey
from outreach.privacy.vault import unseal
from outreach.store import dialects
from outreach.store.base import Base
from outreach.threads import forgetting, hands, inbound, keywords
from outreach.threads.alarms import Call
from outreach.threads.keywords import Understood, Verb
from outreach.threads.tables import Question, Thread, ThreadEvent
from outreach.workspace import Workspace
from tests.clinic import TOPIC, person
from tests.delivery.desk import claim
from tests.threads.texting import planned

ABOUT_IT = "maternal"
TOPICS = (TOPIC, ABOUT_IT)
CROWD = 5

#: What an example leaves behind, in an order in which it can be deleted.
TABLES: tuple[type[Base], ...] = (
    *(Attempt, Tally, ThreadEvent, Message, Call, Thread, Question, OptOutReason),
    *(Consent, Standing, Endpoint, PersonKey, Person),
)

#: Text, and what a reader takes from it. Every language, and sentences as well as single words.
SAID = [
    ("STOP", "stop"),
    ("Acheni kunitumia meseji tafadhali", "stop"),
    ("arrêtez de m'envoyer des messages", "stop"),
    ("START", "start"),
    ("START", "start"),
    ("PAUSE 7", "pause 7"),
    ("pausa uma semana", "pause 7"),
    ("pumzika wiki mbili", "pause 14"),
    ("wrong number", "wrong"),
    ("se equivocó de número", "wrong"),
    ("LOSS", "loss"),
    ("J'ai perdu mon bébé", "loss"),
    ("FORGET", "forget"),
    ("olvídenme", "forget"),
    ("HELP", ""),
    ("TIME 0", ""),
    ("INFO", ""),
    ("I can't stop coughing", ""),
    ("that's enough!", "hold"),
    ("arrête, j'ai une question", "hold"),
    ("0000", "maybe a code"),
]


WHO = st.runner().flatmap(lambda lives: st.integers(0, lives.crowd - 1))
SAYS = st.runner().flatmap(lambda lives: st.sampled_from(lives.said))


@dataclass
class Heard:
    """What one person has said, as a reader sees it. `days`: left of a pause."""

    person: int
    number: str
    wrote: bool = False
    stopped: bool = False
    wrong: bool = False
    forgotten: bool = False
    held: bool = False
    days: int = 0
    ended: set[str] = field(default_factory=set)

    def forbids(self, topic: str) -> str:
        """Why no campaign of this topic may reach her; "" if it may."""
        named = {"stop": self.stopped, "wrong": self.wrong, "forget": self.forgotten, "pause": self.days > 0}
        named |= {"hold": self.held}
        return next((why for why, holds in (named | {"loss": topic in self.ended}).items() if holds), "")


class Silence(RuleBasedStateMachine):
    """One clinic. Every example begins with five new people."""

    workspace: Workspace
    crowd = CROWD
    said: Sequence[tuple[str, str]] = SAID
    born = 0

    def __init__(self) -> None:
        super().__init__()
        self.texts = 0
        with self.workspace.database.write() as session:
            for table in TABLES:
                session.execute(delete(table))
            self.people = [self._newcomer(session) for _ in range(self.crowd)]

    def _newcomer(self, session: Session) -> Heard:
        type(self).born += 1
        number = f"+2547{20_000_000 + self.born}"
        made = person(session, self.workspace, number)
        lines = [Line(made, topic, ConsentState.GRANTED, Source.STAFF) for topic in TOPICS]
        record(session, lines, dialects.now(session))
        return Heard(made, number)

    @rule(who=WHO, topic=st.sampled_from(TOPICS), many=st.integers(1, 3))
    def messages_wait(self, who: int, topic: str, many: int) -> None:
        for _ in range(many):
            planned(self.workspace, self.people[who].person, topic)

    @rule(lane=st.sampled_from([Lane.BULK, Lane.BULK, Lane.CONVERSATION]))
    def a_worker_claims(self, lane: Lane) -> None:
        by_id = {each.person: each for each in self.people}
        for each in claim(self.workspace, lane).claims:
            if each.purpose == Purpose.CAMPAIGN:
                assert by_id[each.person_id].forbids(each.topic) == "", (each.topic, by_id[each.person_id])
        silent = [each.person for each in self.people if not each.wrote]
        if lane is Lane.BULK:
            assert not self._waits(silent), "whoever said nothing gets everything"

    def _waits(self, people: list[int]) -> bool:
        with self.workspace.database.read() as session:
            query = select(Message.id).where(Message.person_id.in_(people), Message.state == State.QUEUED)
            return session.scalar(query.limit(1)) is not None

    @rule(who=WHO, said=SAYS)
    def somebody_writes(self, who: int, said: tuple[str, str]) -> None:
        self._hear(self.people[who], *said)

    @rule(who=WHO, right=st.booleans())
    def somebody_types_her_code(self, who: int, right: bool) -> None:
        heard = self.people[who]
        code = self._code(heard)
        if code:
            typed = code if right else f"{(int(code) + 1) % 10_000:04}"
            self._hear(heard, typed, "agrees" if right and self._counts(heard) else "")

    def _hear(self, heard: Heard, text: str, meaning: str) -> None:
        self.texts += 1
        told = Inbound("twilio", f"IN{self.born}-{self.texts}", heard.number, text, "+15005550006")
        if meaning == "maybe a code" and self._counts(heard) and self._code(heard) == text:
            meaning = "agrees"
        inbound.receive(self.workspace, told, [])
        heard.wrote = True
        if heard.forgotten:
            return  # whoever writes now is somebody new, to whom nothing was ever planned
        _learn(heard, meaning)

    def _code(self, heard: Heard) -> str:
        """The last code that was sent to her."""
        with self.workspace.database.read() as session:
            if by_number(session, self.workspace.vault, heard.number) != heard.person:
                return ""
            key = keys_of(session, self.workspace.vault, [heard.person]).get(heard.person, b"")
            query = select(Message).where(Message.person_id == heard.person, Message.dedupe_key.startswith("forget:"))
            row = session.scalars(query.order_by(Message.id.desc()).limit(1)).first()
            if row is None or row.body is None:
                return ""
            found = re.search(r"\b\d{4}\b", unseal(key, row.body, "message", "body", row.dedupe_key))
            return found[0] if found else ""

    def _counts(self, heard: Heard) -> bool:
        """Whether a code may still be typed back."""
        with self.workspace.database.read() as session:
            asked = session.get(Question, heard.person)
            return bool(asked and asked.code and asked.until > dialects.now(session) and asked.tries < 3)

    @rule(who=WHO, stop=st.booleans())
    def staff_decide_what_she_meant(self, who: int, stop: bool) -> None:
        heard = self.people[who]
        with self.workspace.database.read() as session:
            held = select(Thread.id).where(Thread.person_id == heard.person, Thread.hold, Thread.state != "closed")
            found = session.scalar(held)
        if found is not None and not heard.forgotten:
            hands.decide(self.workspace, found, stop=stop, by="wanjiru")
            heard.held, heard.stopped = False, heard.stopped or stop

    @rule(days=st.sampled_from([1, 6, 8]))
    def days_pass(self, days: int) -> None:
        with self.workspace.database.write() as session:
            for column in (Standing.until, Question.until, Question.agreed_at):
                rows = session.execute(select(column.class_.person_id, column).where(column.is_not(None)))
                for person_id, value in rows.all():
                    values = {column.key: value - timedelta(days=days)}
                    session.execute(update(column.class_).where(column.class_.person_id == person_id).values(values))
        for heard in self.people:
            heard.days = max(0, heard.days - days)

    @rule()
    def the_sweeper_comes(self) -> None:
        forgetting.finish(self.workspace)

    @invariant()
    def nobody_who_confirmed_a_forget_is_there_for_long(self) -> None:
        with self.workspace.database.read() as session:
            there = {each.id for each in session.scalars(select(Person).where(Person.state == PersonState.ACTIVE))}
            leaving = set(session.scalars(select(Question.person_id).where(Question.agreed_at.is_not(None))))
        for heard in self.people:
            if heard.forgotten:
                assert heard.person not in there or heard.person in leaving


def _learn(heard: Heard, meaning: str) -> None:
    match meaning.split():
        case ["stop"]:
            heard.stopped = True
        case ["wrong"]:
            heard.stopped = heard.wrong = heard.held = True
        case ["start"]:
            heard.stopped, heard.held, heard.days = False, False, 0
        case ["hold"]:
            heard.held = True
        case ["pause", days] if not heard.stopped:
            heard.days = int(days)
        case ["loss"]:
            heard.ended.add(ABOUT_IT)
        case ["agrees"]:
            heard.forgotten = True


def play(workspace: Workspace, crowd: int = CROWD, said: Sequence[tuple[str, str]] = SAID, **more: Any) -> None:
    """Random lives in this clinic."""

    class Here(Silence):
        pass

    Here.workspace, Here.crowd, Here.said = workspace, crowd, said
    given: dict[str, Any] = {"max_examples": 12, "stateful_step_count": 30} | more
    run_state_machine_as_test(Here, settings=settings(suppress_health_check=list(HealthCheck), **given))


def test_what_people_said_is_kept(workspace: Workspace) -> None:
    play(workspace)


# --- that it would be found ------------------------------------------------------------------------------------------

Guard = tuple[object, str, object]
END: Guard = (consent, "end", lambda *_: set())
TALKS: Guard = (talks, "waiting", lambda *_: {})

#: What is taken away, what is said, and what stands in the place of each guard.
BUGS: list[tuple[str, str, list[Guard]]] = [
    ("a STOP is not written down", "stop", [(consent, "stop", lambda *_: True)]),
    ("a pause is not written down", "pause", [(consent, "pause", lambda *_: True)]),
    ("a pause is over at once", "pause", [(consent, "paused", lambda *_: False)]),
    ("a loss ends nothing, and its thread holds nothing", "loss", [END, TALKS]),
    ("what may be a STOP holds nothing", "hold", [TALKS]),
    ("the gate asks for no consent", "stop", [(gate, "_agreed", lambda *_: None)]),
    ("every text is a START", "stop", [(keywords, "understand", lambda *_: Understood(Verb.START, ""))]),
    ("a FORGET waits for the sweeper with her consent in force", "forget", [(consent, "stop", lambda *_: True)]),
]


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("label", "said", "guards"), BUGS, ids=[row[0] for row in BUGS])
def test_a_guard_taken_away_is_noticed(
    label: str, said: str, guards: list[Guard], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, name, instead in guards:
        monkeypatch.setattr(place, name, instead)
    says = [row for row in SAID if row[1].startswith(said)]
    with pytest.raises(AssertionError, match=r"Heard\("):  # she was sent what she forbade
        play(workspace, 1, says, max_examples=40, derandomize=True, database=None, phases=[Phase.generate])
