"""Why she stops, where she says so by herself: with her STOP, or in what she writes after it. Nobody is asked."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from outreach.consent import ALL, ConsentState, Standing
from outreach.consent import reasons as given
from outreach.consent.reasons import Reason
from outreach.threads import keywords, reasons
from outreach.threads.answers import Note
from outreach.threads.keywords import Ground, Understood, Verb
from outreach.threads.words.fold import words

AFTERWARDS = timedelta(hours=48)  # what she writes so long after her STOP may say why
_PERHAPS = frozenset({Reason.DONE, Reason.USELESS})
_STOP_WORDS = 3  # words that a STOP before its reason has at most


def with_a_reason(text: str, language: str, understood: Understood) -> Understood:
    """A text that begins with STOP and goes on with why is a STOP. Where the reason may be about tablets ("stop? I have
    finished my treatment"), a person looks, and campaigns wait meanwhile.
    """
    if understood.verb is not None:
        return understood
    said = words(text)
    for size in range(1, min(_STOP_WORDS, len(said) - 1) + 1):
        begins = keywords.understand(" ".join(said[:size]), language).verb is Verb.STOP
        reason = reasons.find(" ".join(said[size:])) if begins else None
        if reason is not None:
            clear = reason not in _PERHAPS
            verb = Verb.STOP if clear else None
            return Understood(verb, f"STOP, and why: {reason}", hold=not clear, ground=Ground.REASON)
    return understood


def listen(session: Session, note: Note, outcome: str) -> None:
    """Write down the reason that a text gives, if it belongs to a STOP."""
    reason = reasons.find(note.inbound.text)
    if reason is None or not (outcome == "keyword:stop" or _just_stopped(session, note)):
        return
    given.note(session, note.person.id, reason, f"text {note.inbound.provider_id}", note.at)


def _just_stopped(session: Session, note: Note) -> bool:
    line = session.get(Standing, (note.person.id, ALL))
    return line is not None and line.state == ConsentState.REVOKED and note.at - line.at < AFTERWARDS
