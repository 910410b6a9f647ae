"""What an import may write in the ledger: it can invite, tell of consent that is kept elsewhere, and end a topic.

It never undoes what a person said herself.
"""

from __future__ import annotations

from dataclasses import dataclass

from outreach.audience.entries import Agreement, Said
from outreach.audience.verdicts import Note
from outreach.consent import ConsentState, Line, Source, Standing

#: Words of her own, or of her provider's STOP: no table outweighs them.
_HER_OWN = (Source.TEXT, Source.PROVIDER)


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a person's consent to the topic stands. `source`: of its latest line, where that is an end or a pause."""

    person_id: int
    line: Standing | None = None
    source: Source | None = None
    stopped: bool = False


def advance(stand: Stand, said: Agreement, topic: str, wording: str) -> tuple[Line | None, Note | None]:
    """The line to write, if any, and what staff should know of it."""
    state = stand.line.state if stand.line else None
    if said.said is Said.NO:
        line = (
            None if state == ConsentState.REVOKED else Line(stand.person_id, topic, ConsentState.REVOKED, Source.FILE)
        )
        return line, Note.DECLINED
    if said.said is Said.YES:
        return _granted(stand, said, topic, wording)
    return _invited(stand, said, topic)


def _granted(stand: Stand, said: Agreement, topic: str, wording: str) -> tuple[Line | None, Note | None]:
    line, note = stand.line, Note.STOPPED if stand.stopped else None
    if line and line.state == ConsentState.PAUSED:
        return None, note or Note.PAUSED
    if line and line.state == ConsentState.REVOKED and stand.source in _HER_OWN:
        return None, note or Note.OWN_WORD
    if line and line.state == ConsentState.GRANTED and (not wording or line.wording == wording):
        return None, note
    return Line(stand.person_id, topic, ConsentState.GRANTED, said.source, said.evidence, wording), note


def _invited(stand: Stand, said: Agreement, topic: str) -> tuple[Line | None, Note | None]:
    """Nobody is invited twice, nor after a STOP."""
    if stand.stopped:
        return None, Note.STOPPED
    note = Note.UNSOURCED if said.said is Said.BARE_YES else Note.INVITED
    if stand.line is None:
        return Line(stand.person_id, topic, ConsentState.INVITED, Source.IMPORT), note
    return None, note if stand.line.state == ConsentState.INVITED else None
