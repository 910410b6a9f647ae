"""The ledger: what was written is there for ever, and where it stands is the same in Python and in SQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import delete, func, select

from outreach import consent
from outreach.audience.tables import Person
from outreach.consent import ALL, Consent, ConsentState, ConsentTally, Line, Source, Standing, Turn, reasons, wordings
from outreach.consent.reasons import Reason
from outreach.errors import ConflictError
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, TOPIC, cast, person
from tests.delivery.desk import crowd

HOUR = timedelta(hours=1)
INVITED, GRANTED, PAUSED, REVOKED = ConsentState


def said(at: datetime) -> list[tuple[ConsentState, datetime | None] | None]:
    """Everything that a line can say, or no line."""
    ends = [None, at - HOUR, at, at + HOUR]
    paused = [(ConsentState.PAUSED, end) for end in ends]
    return [None, *[(state, None) for state in ConsentState if state is not ConsentState.PAUSED], *paused]


def test_python_and_sql_agree_about_everything_a_ledger_can_say(workspace: Workspace) -> None:
    at = workspace.database.now()
    pairs = list(product(said(at), said(at)))
    people = crowd(workspace, len(pairs), topic="other")
    with workspace.database.write() as session:
        session.execute(delete(Standing))
        lines = [
            Line(person, topic, line[0], Source.STAFF, until=line[1])
            for person, pair in zip(people, pairs, strict=True)
            for topic, line in zip((TOPIC, ALL), pair, strict=True)
            if line is not None
        ]
        lines += [Line(person, "other", REVOKED, Source.STAFF) for person in people]  # which is no end of this topic
        consent.record(session, lines, at - HOUR)
    with workspace.database.read() as session:
        in_sql = set(session.scalars(select(Person.id).where(consent.granted(Person.id, TOPIC, at))))
        standing = consent.standing(session, people)
    in_python = {
        person for person in people if consent.agrees(at, standing.get((person, TOPIC)), standing.get((person, ALL)))
    }
    wrong = [pair for person, pair in zip(people, pairs, strict=True) if (person in in_sql) != (person in in_python)]
    assert wrong == []
    assert 0 < len(in_python) < len(people)


def test_a_stop_covers_every_topic_and_only_start_lifts_it(workspace: Workspace) -> None:
    amina = cast(workspace).amina
    with workspace.database.write() as session:
        at = dialects.now(session)
        assert consent.stop(session, amina, Source.TEXT, "text SM1", at)
        assert not consent.stop(session, amina, Source.PROVIDER, "message 4", at)
        consent.grant(session, Line(amina, TOPIC, ConsentState.GRANTED, Source.FILE, "a form"), at)
        assert consent.stopped(session, [amina]) == {amina}
        session.flush()
        standing = consent.standing(session, [amina])
        assert not consent.agrees(at, standing[amina, TOPIC], standing[amina, ALL])
    with workspace.database.write() as session:
        assert consent.start(session, amina, "text SM2", at)
        assert not consent.start(session, amina, "text SM3", at)
    with workspace.database.read() as session:
        standing = consent.standing(session, [amina])
        assert consent.agrees(at, standing[amina, TOPIC], standing[amina, ALL])
        history = [(line.topic, line.state, line.evidence) for line in consent.history(session, amina)]
    assert history == [
        (TOPIC, ConsentState.GRANTED, "form"),
        (ALL, ConsentState.REVOKED, "text SM1"),
        (TOPIC, ConsentState.GRANTED, "a form"),
        (ALL, ConsentState.GRANTED, "text SM2"),
    ]


def test_what_stands_is_always_the_last_line(workspace: Workspace) -> None:
    [person] = crowd(workspace, 1, topic="other")
    at = workspace.database.now()
    states = [*ConsentState, ConsentState.GRANTED, ConsentState.REVOKED]
    for place, state in enumerate(states):
        with workspace.database.write() as session:
            consent.record(session, [Line(person, TOPIC, state, Source.STAFF, wording=f"v{place}")], at)
        with workspace.database.read() as session:
            stands = consent.standing(session, [person])[person, TOPIC]
            query = select(Consent).where(Consent.person_id == person, Consent.topic == TOPIC)
            lines = session.scalars(query.order_by(Consent.id)).all()
        assert (stands.state, stands.wording) == (state, f"v{place}") == (lines[-1].state, lines[-1].wording)
    assert [line.state for line in lines] == states


def test_evidence_is_cut_to_what_the_ledger_holds_and_never_refused(workspace: Workspace) -> None:
    [person] = crowd(workspace, 1)
    with workspace.database.write() as session:
        line = Line(person, TOPIC, ConsentState.GRANTED, Source.FILE, "e" * 900, "w" * 900)
        consent.record(session, [line], dialects.now(session))
        consent.record(session, [], dialects.now(session))
    with workspace.database.read() as session:
        last = list(consent.history(session, person))[-1]
    assert (len(last.evidence), len(last.wording)) == (200, 80)


ROLLED: list[tuple[str, list[tuple[str, ConsentState]], dict[tuple[str, str], int]]] = [
    ("agreed", [("tb", GRANTED)], {("tb", "joined"): 1}),
    ("agreed twice joins once", [("tb", GRANTED), ("tb", GRANTED)], {("tb", "joined"): 1}),
    ("invited, then agreed", [("tb", INVITED), ("tb", GRANTED)], {("tb", "invited"): 1, ("tb", "joined"): 1}),
    ("a pause is no end", [("tb", GRANTED), ("tb", PAUSED)], {("tb", "joined"): 1, ("tb", "paused"): 1}),
    ("left and came back", [("tb", GRANTED), ("tb", REVOKED), ("tb", GRANTED)],
     {("tb", "joined"): 2, ("tb", "left"): 1}),
    ("who never agreed cannot leave", [("tb", REVOKED), (ALL, REVOKED)], {}),
    ("STOP leaves every topic",
     [("tb", GRANTED), ("hiv", GRANTED), ("hiv", REVOKED), ("other", PAUSED), (ALL, REVOKED)],
     {("tb", "joined"): 1, ("hiv", "joined"): 1, ("hiv", "left"): 1, ("tb", "left"): 1,
      ("other", "paused"): 1, ("other", "joined"): 1, ("other", "left"): 1}),
    ("after STOP nobody joins, until START", [("tb", GRANTED), (ALL, REVOKED), ("hiv", GRANTED), (ALL, GRANTED)],
     {("tb", "joined"): 2, ("tb", "left"): 1, ("hiv", "joined"): 1}),
]  # fmt: skip


@pytest.mark.parametrize(("label", "given", "then"), ROLLED, ids=[label for label, *_ in ROLLED])
@pytest.mark.parametrize("together", [True, False])
def test_who_joins_and_leaves_is_counted(
    workspace: Workspace,
    label: str,
    given: list[tuple[str, ConsentState]],
    then: dict[tuple[str, str], int],
    together: bool,
) -> None:
    at = workspace.database.now()
    with workspace.database.write() as session:
        amina, other = (person(session, workspace, number) for number in (AMINA, BARAKA))
        consent.record(session, [Line(other, ALL, REVOKED, Source.TEXT)], at)
        if not together or len({topic for topic, _ in given}) < len(given):  # one line of a topic a call
            for topic, state in given:
                consent.record(session, [Line(amina, topic, state, Source.STAFF)], at)
        else:
            consent.record(session, [Line(amina, topic, state, Source.STAFF) for topic, state in given], at)
        by = (ConsentTally.topic, ConsentTally.turn)
        found = session.execute(select(*by, func.sum(ConsentTally.people)).group_by(*by))
        assert {(topic, str(turn)): int(count) for topic, turn, count in found} == then


PAUSES: list[tuple[str, timedelta | None, bool]] = [
    ("a pause without an end", None, True),
    ("a pause that lasts", HOUR, True),
    ("a pause that ends this moment", timedelta(), False),
    ("a pause that is over", -HOUR, False),
]


@pytest.mark.parametrize(("label", "left", "lifted"), PAUSES, ids=[label for label, *_ in PAUSES])
def test_start_lifts_a_pause_that_is_not_over(
    workspace: Workspace, label: str, left: timedelta | None, lifted: bool
) -> None:
    amina = cast(workspace).amina
    with workspace.database.write() as session:
        at = dialects.now(session)
        until = None if left is None else at + left
        consent.record(session, [Line(amina, ALL, PAUSED, Source.TEXT, until=until)], at - 2 * HOUR)
        assert consent.start(session, amina, "text SM1", at) is lifted


def left_for(workspace: Workspace, who: str, given: list[tuple[str, Reason, timedelta]]) -> dict[str, int]:
    """The reasons that reports count, where `who` left now and these were given, by number and time since."""
    with workspace.database.write() as session:
        at = dialects.now(session).replace(hour=9, minute=0)
        people = {number: person(session, workspace, number) for number in (AMINA, BARAKA)}
        for each in people.values():
            consent.record(session, [Line(each, TOPIC, GRANTED, Source.FILE)], at - HOUR)
        consent.record(session, [Line(people[who], ALL, REVOKED, Source.TEXT)], at)
        for place, (number, reason, since) in enumerate(given):
            reasons.note(session, people[number], reason, f"text {place}", at + since)
        by = select(ConsentTally.reason, func.sum(ConsentTally.people)).where(ConsentTally.turn == Turn.LEFT)
        return {why: int(count) for why, count in session.execute(by.group_by(ConsentTally.reason)) if count}


MINUTE = timedelta(minutes=1)
LEFT: list[tuple[str, list[tuple[str, Reason, timedelta]], dict[str, int]]] = [
    ("no reason is given", [], {"": 1}),
    ("one is given with the STOP itself", [(AMINA, Reason.SEEN, timedelta())], {"seen": 1}),
    ("the first one counts", [(AMINA, Reason.SEEN, MINUTE), (AMINA, Reason.DONE, 2 * MINUTE)], {"seen": 1}),
    ("with the STOP, and then another", [(AMINA, Reason.SEEN, timedelta()), (AMINA, Reason.DONE, MINUTE)], {"seen": 1}),
    ("somebody else's is not hers", [(BARAKA, Reason.DONE, MINUTE), (AMINA, Reason.SEEN, MINUTE)], {"seen": 1}),
    ("one of another day comes too late", [(AMINA, Reason.SEEN, 24 * HOUR)], {"": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("label", "given", "then"), LEFT, ids=[label for label, *_ in LEFT])
def test_the_first_reason_of_a_leaving_counts_on_its_day(
    workspace: Workspace, label: str, given: list[tuple[str, Reason, timedelta]], then: dict[str, int]
) -> None:
    assert left_for(workspace, AMINA, given) == then


NAMES = [
    ("a name of one letter, a word of one", "v", "I", True),
    ("a name as long as may be", "v" * 80, "I agree.", True),
    ("words as long as may be", "v1", "w" * wordings.MOST, True),
    ("no name", "", "I agree.", False),
    ("a name too long", "v" * 81, "I agree.", False),
    ("no words", "v1", "  ", False),
    ("words too long", "v1", "w" * (wordings.MOST + 1), False),
]


@pytest.mark.parametrize(("label", "version", "words", "kept"), NAMES, ids=[label for label, *_ in NAMES])
def test_a_form_has_a_name_and_words_within_bounds(
    workspace: Workspace, label: str, version: str, words: str, kept: bool
) -> None:
    with workspace.database.write() as session:
        at = dialects.now(session)
        if kept:
            wordings.enter(session, version, words, at)
            assert wordings.version_of(session, words) == version
        else:
            with pytest.raises(ConflictError, match=r"1 to 80 characters and 1 to 20,000 characters"):
                wordings.enter(session, version, words, at)
            assert wordings.version_of(session, words) == ""
