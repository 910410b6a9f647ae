"""The proof of consent: the exact words, by version; and why people stop, where they say so by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from outreach import consent
from outreach.audience.tables import Person
from outreach.campaigns import invitations
from outreach.consent import ALL, Consent, ConsentState, ConsentTally, Line, Source, Standing, Turn, wordings
from outreach.consent.reasons import OptOutReason, Reason
from outreach.consent.wordings import Wording
from outreach.delivery import quarantine
from outreach.errors import ConflictError, NotFoundError
from outreach.messages.status import State
from outreach.messages.tables import Message
from outreach.privacy import audit
from outreach.store import dialects
from outreach.threads import inbox, keywords, proof, reasons
from outreach.threads.hands import RefusedError, Why
from outreach.threads.parting import with_a_reason
from outreach.threads.tables import Outcome
from outreach.workspace import Workspace
from tests.clinic import AMINA, CHAUSIKU, DAUDI, TOPIC, Cast, own_templates
from tests.delivery.desk import message, row, run_of
from tests.threads.texting import ledger, received, sent, speaks, threads, write

INVITED = "Would you like to get messages from Sunrise?"


def pseudonym(workspace: Workspace, person_id: int) -> str:
    with workspace.database.read() as session:
        return str(session.scalar(select(Person.pseudonym).where(Person.id == person_id)))


def test_a_proof_shows_the_words_she_was_sent_and_said_yes_to(workspace: Workspace, people: Cast) -> None:
    assert invitations.invite(workspace) == 1
    write(workspace, DAUDI, "YES")
    made = proof.prove(workspace, pseudonym(workspace, people.daudi), "asha")
    asked, granted = made.lines
    assert (asked.topic, asked.state, asked.channel) == (TOPIC, "invited", "import")
    assert (granted.topic, granted.state, granted.channel) == (TOPIC, "granted", "text")
    assert granted.version.startswith("invitation.en.")
    assert granted.words.startswith(INVITED)
    invitation, joined = made.texts
    assert (invitation.what, invitation.channel, invitation.words) == ("invitation", "sms", granted.words)
    assert invitation.version == granted.version
    assert joined.what == "joined"
    assert joined.version.startswith("joined.en.")
    assert "Do others read this phone?" in joined.words


NAMED = [
    ("1", "Thank you, we have noted it.", False),
    ("2", "Thank you, we have noted it.", False),
    ("3", "You agreed to", True),
]


@pytest.mark.parametrize(("choice", "begins", "named"), NAMED)
def test_the_topic_is_named_as_soon_as_she_chooses_plain_words_and_not_before(
    choice: str, begins: str, named: bool, workspace: Workspace, people: Cast
) -> None:
    invitations.invite(workspace)
    for text in ("YES", choice):
        write(workspace, DAUDI, text)
    told = [each.text for each in sent(workspace, people.daudi)]
    assert told[-1].startswith(begins)
    assert [f" {TOPIC} (" in text for text in told] == [False, False, named]
    assert "INFO for what you agreed to" in told[1], "whoever wants to know can ask"


def test_that_a_proof_was_shown_is_in_the_record(workspace: Workspace, people: Cast) -> None:
    proof.prove(workspace, pseudonym(workspace, people.amina), "asha")
    with workspace.database.read() as session:
        [entry] = audit.entries(session, workspace.vault)
    assert (entry.who, entry.action, entry.subject) == ("asha", "proof_shown", f"person:{people.amina}")


def test_nobody_by_that_name_has_no_proof(workspace: Workspace, people: Cast) -> None:
    with pytest.raises(NotFoundError):
        proof.prove(workspace, "no-body-00", "asha")


def test_words_that_change_later_leave_the_old_version_as_it_was(workspace: Workspace, people: Cast) -> None:
    invitations.invite(workspace)
    place = own_templates(workspace.folder) / "outreach" / "invitation.en.txt"
    place.write_text("Other words from {{ clinic }}. Reply YES.", encoding="utf-8")
    write(workspace, DAUDI, "YES")
    assert proof.prove(workspace, pseudonym(workspace, people.daudi), "asha").lines[-1].words.startswith(INVITED)


def test_the_words_outlive_the_text_that_carried_them(workspace: Workspace, people: Cast) -> None:
    invitations.invite(workspace)
    write(workspace, DAUDI, "YES")
    with workspace.database.write() as session:
        session.execute(update(Message).values(body=None))
    made = proof.prove(workspace, pseudonym(workspace, people.daudi), "asha")
    assert made.lines[-1].words.startswith(INVITED)
    assert {text.words for text in made.texts} == {proof.GONE}


def test_each_language_has_versions_of_its_own(workspace: Workspace, people: Cast) -> None:
    speaks(workspace, people.daudi, "sw")
    invitations.invite(workspace)
    with workspace.database.read() as session:
        [kept] = session.scalars(select(Wording))
    assert kept.version.startswith("invitation.sw.")
    assert kept.text.startswith("Ungependa kupata ujumbe kutoka Sunrise?")


def test_the_words_of_a_form_stand_under_the_name_that_imports_give(workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        at = dialects.now(session)
        wordings.enter(session, "form-7 2026-03", "I agree to messages about my treatment.\n", at)
        wordings.enter(session, "form-7 2026-03", "I agree to messages about my treatment.", at)
        line = Line(people.amina, "other", ConsentState.GRANTED, Source.FILE, "drawer 3", "form-7 2026-03")
        consent.record(session, [line], at)
        with pytest.raises(ConflictError, match="Other words stand under that name"):
            wordings.enter(session, "form-7 2026-03", "I agree to anything.", at)
    made = proof.prove(workspace, pseudonym(workspace, people.amina), "asha")
    assert made.lines[-1].words == "I agree to messages about my treatment."


@pytest.mark.parametrize(("version", "words"), [("", "x"), ("v" * 81, "x"), ("v", " "), ("v", "x" * 20_001)])
def test_what_is_no_version_or_no_words_is_refused(version: str, words: str, workspace: Workspace) -> None:
    with workspace.database.write() as session, pytest.raises(ConflictError):
        wordings.enter(session, version, words, dialects.now(session))


def test_a_stop_and_its_confirmation_are_part_of_the_proof(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "STOP")
    made = proof.prove(workspace, pseudonym(workspace, people.amina), "asha")
    assert (made.lines[-1].topic, made.lines[-1].state) == ("all", "revoked")
    assert [(text.what, text.version[:8]) for text in made.texts] == [("stop", "stop.en.")]


# --- why she stops ---------------------------------------------------------------------------------------------------

GIVEN = [
    ("STOP too many messages", Reason.TOO_MANY),
    ("Stop, my husband reads them", Reason.SEEN),
    ("STOP trop de messages", Reason.TOO_MANY),
    ("Acha, ujumbe ni nyingi", Reason.TOO_MANY),
    ("STOP demasiados mensajes", Reason.TOO_MANY),
    ("STOP muitas mensagens", Reason.TOO_MANY),
    ("stop I moved to another town, another clinic", Reason.ELSEWHERE),
]
NOT_CLEAR = ["stop? I finished my treatment", "STOP nimemaliza dawa", "stop, I do not understand"]
NO_REASON = ["I have too many tablets to take", "my husband is ill", "STOP", "thank you", ""]


@pytest.mark.parametrize(("text", "reason"), GIVEN)
def test_a_stop_with_its_reason_is_a_stop_and_the_reason_is_noted(
    text: str, reason: Reason, workspace: Workspace, people: Cast
) -> None:
    assert write(workspace, AMINA, text).outcome == "keyword:stop"
    assert ledger(workspace, people.amina)[-1] == (ALL, ConsentState.REVOKED, "text")
    assert noted(workspace) == [(people.amina, reason)]


@pytest.mark.parametrize("text", NOT_CLEAR)
def test_where_tablets_may_be_meant_a_person_looks(text: str) -> None:
    understood = with_a_reason(text, "en", keywords.understand(text, "en"))
    assert (understood.verb, understood.hold) == (None, True)


@pytest.mark.parametrize("text", NO_REASON)
def test_what_is_no_reason_is_none(text: str) -> None:
    assert reasons.find(text) is None


def noted(workspace: Workspace) -> list[tuple[int, str]]:
    with workspace.database.read() as session:
        found = session.scalars(select(OptOutReason).order_by(OptOutReason.id))
        return [(each.person_id, each.reason) for each in found]


def test_a_reason_is_heard_after_the_confirmation_too_and_never_asked_for(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "STOP")
    write(workspace, AMINA, "you send too many messages, sorry")
    assert noted(workspace) == [(people.amina, Reason.TOO_MANY)]
    assert [each.purpose for each in sent(workspace, people.amina)] == ["confirmation"]
    with workspace.database.write() as session:
        past = dialects.now(session) - timedelta(hours=49)
        session.execute(update(Standing).where(Standing.topic == ALL).values(at=past))
    write(workspace, AMINA, "my husband reads them")
    assert len(noted(workspace)) == 1, "two days later it is talk"


def why(workspace: Workspace) -> dict[str, int]:
    """How many left a topic, by reason, as the roll-up has it."""
    with workspace.database.read() as session:
        query = select(ConsentTally.reason, func.sum(ConsentTally.people))
        query = query.where(ConsentTally.turn == Turn.LEFT, ConsentTally.topic == TOPIC)
        return {reason: int(count) for reason, count in session.execute(query.group_by(ConsentTally.reason)) if count}


def test_reports_count_the_first_reason_of_a_leaving(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "STOP")
    assert why(workspace) == {"": 2}, "one of the cast had stopped before"
    for text in ("you send too many messages, sorry", "and my husband reads them"):
        write(workspace, AMINA, text)
    assert why(workspace) == {"": 1, Reason.TOO_MANY: 1}
    write(workspace, AMINA, "START")
    write(workspace, AMINA, "STOP, my husband reads my messages")
    assert why(workspace) == {"": 1, Reason.TOO_MANY: 1, Reason.SEEN: 1}, "she has left a second time"


def test_a_reason_of_the_next_day_changes_no_printed_figure(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "STOP")
    with workspace.database.write() as session:
        before = dialects.now(session) - timedelta(days=1)
        session.execute(update(Standing).where(Standing.topic == ALL).values(at=before))
        session.execute(update(Consent).where(Consent.topic == ALL).values(at=before))
    write(workspace, AMINA, "you send too many messages, sorry")
    assert (noted(workspace), why(workspace)) == ([(people.amina, Reason.TOO_MANY)], {"": 2})


def test_who_does_not_stop_gives_no_reason(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "my husband reads my messages")
    assert noted(workspace) == []


def test_her_words_are_in_her_text_only(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "STOP too many messages")
    with workspace.database.read() as session:
        [kept] = session.scalars(select(OptOutReason))
    assert (kept.reason, kept.evidence.startswith("text SM")) == ("too_many", True)
    assert received(workspace, people.amina) == [("STOP too many messages", "keyword:stop")]


def test_reasons_are_read_in_every_language_of_the_verbs() -> None:
    assert reasons.languages() == keywords.languages()


# --- what staff learn ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Outcome.DIED, Outcome.MOVED])
def test_after_death_or_a_move_nothing_more_goes_out(outcome: Outcome, workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "This is her sister")
    [thread] = threads(workspace, people.amina)
    run = run_of(workspace)
    with workspace.database.write() as session:
        waiting = message(session, people.amina, run)
    inbox.close(workspace, thread.id, outcome, by="asha")
    assert (row(workspace, waiting).state, row(workspace, waiting).reason) == (State.CANCELLED, "ended")
    assert ledger(workspace, people.amina)[-1] == (TOPIC, ConsentState.REVOKED, "staff")
    with workspace.database.read() as session:
        last = session.scalars(select(Consent).order_by(Consent.id.desc()).limit(1)).one()
        assert last.evidence == f"thread {thread.id}: {outcome}"
        assert not session.scalar(
            select(consent.granted(Standing.person_id, TOPIC, workspace.database.now())).where(
                Standing.person_id == people.amina, Standing.topic == TOPIC
            )
        )


def test_a_wrong_number_is_in_doubt(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "A question")
    [thread] = threads(workspace, people.amina)
    inbox.close(workspace, thread.id, Outcome.WRONG_NUMBER, by="asha")
    with workspace.database.read() as session:
        assert quarantine.holds(session, people.amina)


@pytest.mark.parametrize(("text", "why"), [("lemon", Why.SILENT), ("who is this", Why.IN_DOUBT)])
def test_an_answer_that_would_not_go_is_not_taken(text: str, why: Why, workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "ALARM lemon")
    write(workspace, AMINA, text)
    with pytest.raises(RefusedError) as refused:
        inbox.reply(workspace, threads(workspace, people.amina)[0].id, "Are you safe?", by="asha")
    assert refused.value.why is why


def test_another_outcome_ends_nothing(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "A question")
    inbox.close(workspace, threads(workspace, people.amina)[0].id, Outcome.ANSWERED, by="asha")
    assert ledger(workspace, people.amina) == [(TOPIC, ConsentState.GRANTED, "staff")]


def test_her_own_stop_stays_hers_after_an_end(workspace: Workspace, people: Cast) -> None:
    write(workspace, CHAUSIKU, "This is her sister")
    inbox.close(workspace, threads(workspace, people.chausiku)[0].id, Outcome.DIED, by="asha")
    with workspace.database.read() as session:
        assert consent.standing(session, [people.chausiku])[people.chausiku, ALL].state == ConsentState.REVOKED
