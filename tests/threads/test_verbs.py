"""What STOP, START, YES and HELP write into the ledger, and the proof that stays there."""

from __future__ import annotations

import pytest

from outreach import consent
from outreach.consent import ConsentState, Line, Source
from outreach.threads import inbound
from outreach.threads.keywords import Verb
from outreach.threads.verbs import ACTS
from outreach.workspace import Workspace
from tests.clinic import AMINA, CHAUSIKU, DAUDI, TOPIC, Cast
from tests.threads.texting import SENDERS, ledger, letter, sent, write


def test_every_verb_is_acted_on() -> None:
    assert set(ACTS) == set(Verb)


@pytest.mark.parametrize(("number", "text"), [(AMINA, "STOP"), (CHAUSIKU, "START"), (DAUDI, "YES")])
def test_the_ledger_names_the_text_that_said_so_and_nothing_of_it(
    number: str, text: str, workspace: Workspace, people: Cast
) -> None:
    told = letter(number, text)
    inbound.receive(workspace, told, SENDERS)
    by_number = {AMINA: people.amina, CHAUSIKU: people.chausiku, DAUDI: people.daudi}
    with workspace.database.read() as session:
        line = list(consent.history(session, by_number[number]))[-1]
    assert (line.source, line.evidence) == ("text", f"text {told.provider_id}")


def test_yes_grants_every_topic_she_was_invited_to_in_the_words_of_the_invitation(
    workspace: Workspace, people: Cast
) -> None:
    at = workspace.database.now()
    with workspace.database.write() as session:
        asked = [
            Line(people.daudi, topic, ConsentState.INVITED, Source.IMPORT, "", f"{topic}-v1") for topic in ("a", "b")
        ]
        consent.record(session, asked, at)
    write(workspace, DAUDI, "YES")
    with workspace.database.read() as session:
        standing = consent.standing(session, [people.daudi])
    said = {topic: (line.state, line.wording) for (_, topic), line in standing.items()}
    granted = ConsentState.GRANTED
    assert said == {"a": (granted, "a-v1"), "b": (granted, "b-v1"), TOPIC: (granted, "")}
    assert [each.purpose for each in sent(workspace, people.daudi)] == ["automatic"], "one answer for all of them"


def test_yes_after_a_stop_grants_nothing(workspace: Workspace, people: Cast) -> None:
    write(workspace, DAUDI, "STOP")
    assert write(workspace, DAUDI, "YES").outcome == "thread"
    assert ledger(workspace, people.daudi)[-1] == ("*", ConsentState.REVOKED, "text")
    assert [each.purpose for each in sent(workspace, people.daudi)] == ["confirmation"]


def test_yes_counts_again_once_start_has_lifted_the_stop(workspace: Workspace, people: Cast) -> None:
    for text in ("STOP", "START", "YES"):
        write(workspace, DAUDI, text)
    assert ledger(workspace, people.daudi)[-1] == (TOPIC, ConsentState.GRANTED, "text")


def test_no_import_lifts_a_stop(workspace: Workspace, people: Cast) -> None:
    at = workspace.database.now()
    with workspace.database.write() as session:
        consent.grant(session, Line(people.chausiku, TOPIC, ConsentState.GRANTED, Source.FILE, "a newer form"), at)
        standing = consent.standing(session, [people.chausiku])
        lines = (standing[(people.chausiku, TOPIC)], standing[(people.chausiku, consent.ALL)])
        assert not consent.agrees(at, *lines)
        assert consent.stopped(session, [people.chausiku])
