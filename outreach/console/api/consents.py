"""Consent: the ledger of one person, and a line more in it. What she said herself outweighs what any program says."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import agreements, people
from outreach.audience.agreements import Stand
from outreach.audience.entries import Agreement, Said
from outreach.audience.tables import Person
from outreach.consent import ALL, Source
from outreach.console.api import shapes
from outreach.console.api.door import ABSENT, Api, Here
from outreach.console.policy import Act
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.store import dialects

api = Api("consent")


@api.shows("/people/{pseudonym}/consent", Act.SEE_CONSENT, responses=ABSENT)
def ledger(call: Here, pseudonym: str) -> shapes.Consent:
    """Every line about one person, and what holds now."""
    with call.workspace.database.read() as session:
        who = people.by_pseudonym(session, pseudonym)
        lines = list(consent.history(session, who.id))
        standing = consent.standing(session, [who.id])
        stopped = bool(consent.stopped(session, [who.id]))
    everything = standing.get((who.id, ALL))
    agreed = [
        topic for (_, topic), line in standing.items() if topic != ALL and consent.agrees(call.now, line, everything)
    ]
    return shapes.Consent(
        pseudonym=who.pseudonym,
        topics=sorted(agreed),
        stopped=stopped,
        ledger=[shapes.Agreement.model_validate(line) for line in lines],
    )


class Word(BaseModel):
    """What is known of somebody's consent. `evidence`: from where, as one line; it is proof one day."""

    model_config = ConfigDict(extra="forbid")

    topic: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    state: Literal["granted", "revoked"]
    evidence: Annotated[str, Field(min_length=3, max_length=120, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]
    wording: Annotated[str, Field(max_length=80, description="The version of the words that were agreed to.")] = ""


@api.does("/people/{pseudonym}/consent", Act.CHANGE_CONSENT, responses=ABSENT)
def write(call: Here, pseudonym: str, word: Word) -> shapes.Recorded:
    """Write down what is known. Her own STOP, end or pause stands: nothing is changed then, and `note` says which."""
    said = Said.YES if word.state == "granted" else Said.NO
    agreement = Agreement(said, Source.STAFF, f"{word.evidence.strip()} ({call.by})")
    with call.workspace.database.write() as session:
        found = people.by_pseudonym(session, pseudonym)
        # Her own texts hold her too: between her STOP and this, one is first.
        who = session.get_one(Person, found.id, populate_existing=True, with_for_update=True)
        stand = _stand(session, who.id, word.topic)
        line, note = agreements.advance(stand, agreement, word.topic, word.wording)
        if line is not None:
            at = dialects.now(session)
            consent.record(session, [line], at)
            audit.append(
                session, call.workspace.vault, call.by, Action.CONSENT_WRITTEN, f"person:{who.id}", word.evidence
            )
    return shapes.Recorded(pseudonym=who.pseudonym, topic=word.topic, changed=line is not None, note=note)


def _stand(session: Session, person_id: int, topic: str) -> Stand:
    standing = consent.standing(session, [person_id])
    last = [line.source for line in consent.history(session, person_id) if line.topic == topic]
    stopped = bool(consent.stopped(session, [person_id]))
    return Stand(person_id, standing.get((person_id, topic)), last[-1] if last else None, stopped)
