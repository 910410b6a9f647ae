"""What the gate and the writer must know of a batch, read in bulk: one statement a table, whatever the batch's size."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import recipients
from outreach.audience.people import plain
from outreach.audience.recipients import Reach, Recipient
from outreach.audience.tables import PersonField
from outreach.channels.contract import Kind
from outreach.delivery import caps as caps_of
from outreach.delivery import talks
from outreach.delivery.caps import NO_CAPS, Caps, Told
from outreach.messages.frozen import Frozen
from outreach.messages.status import Purpose, RunState
from outreach.messages.tables import Message, Run
from outreach.store import dialects


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of the queue that a worker looks at. `body` is sealed."""

    id: int
    kind: Kind
    purpose: Purpose
    person_id: int
    topic: str
    run_id: int | None
    step: str
    occurrence: str
    dedupe_key: str
    body: bytes | None
    attempts: int
    due_at: datetime
    expires_at: datetime
    created_at: datetime
    day: date
    parts: int
    reason: str
    fallback_of: int | None
    resends: int


COLUMNS = [getattr(Message, name) for name in Claim.__slots__]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run's state at this moment, and what it was launched with."""

    state: RunState
    frozen: Frozen


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the gate looks at. People whom another transaction holds are missing."""

    at: datetime
    people: dict[int, Recipient]
    endpoints: dict[tuple[int, str], Reach]
    standing: dict[tuple[int, str], consent.Stands]
    runs: dict[int, RunFacts]
    fields: dict[int, dict[str, object]]
    replied: set[tuple[int, int]]  # (run, person), of runs that end at an answer
    talks: dict[int, set[str]] = field(default_factory=dict)  # topics that wait because she waits for us
    dormant_after: timedelta | None = None  # a number silent for so long may be somebody else's
    caps: Caps = NO_CAPS
    told: dict[int, Told] = field(default_factory=dict)  # of people with a campaign message, where there is a cap


def load(
    session: Session,
    claims: Sequence[Claim],
    at: datetime | None = None,
    *,
    lock: bool,
    caps: Caps = NO_CAPS,
    dormant_after: timedelta | None = None,
) -> Facts:
    """Read the facts of a batch. With `lock`, people and runs stay as they are until the transaction ends.

    A STOP locks its person and a pause its run, so either they come first and are seen here, or they wait for this
    claim. Without `at` it is the moment at which all of them are held: what was turned while we waited came before it.
    """
    ids = {claim.person_id for claim in claims}
    here = recipients.people(session, ids, lock=lock)
    runs = _runs(session, {claim.run_id for claim in claims if claim.run_id}, lock=lock)
    at = at or dialects.now(session)
    campaign = {claim.person_id for claim in claims if claim.purpose == Purpose.CAMPAIGN}
    return Facts(
        at=at,
        people=here,
        endpoints=recipients.endpoints(session, ids),
        standing=consent.stands(session, ids),
        runs=runs,
        fields=fields_of(session, {claim.person_id for claim in claims if claim.body is None}),
        replied=_replied(session, ids, [run for run, known in runs.items() if known.frozen.stop_steps]),
        talks=talks.waiting(session, campaign) if campaign else {},
        dormant_after=dormant_after,
        caps=caps,
        told=caps_of.told(session, campaign, caps, at),
    )


def _runs(session: Session, ids: Collection[int], *, lock: bool) -> dict[int, RunFacts]:
    if not ids:
        return {}
    query = select(Run.id, Run.state, Run.content_hash).where(Run.id.in_(ids)).order_by(Run.id)
    if lock:
        query = dialects.take(query, wait=True, share=True)
    return {
        row.id: RunFacts(RunState(row.state), frozen_of(session, row.id, row.content_hash))
        for row in session.execute(query)
    }


def _replied(session: Session, ids: Collection[int], runs: Collection[int]) -> set[tuple[int, int]]:
    """Who answered a run, whenever that was: its remaining steps may be months away."""
    if not runs:
        return set()
    query = select(Message.run_id, Message.person_id).where(
        dialects.among(session, Message.person_id, ids), Message.run_id.in_(runs), Message.direction == "in"
    )
    return {(run, person) for run, person in session.execute(query.distinct()) if run is not None}


def frozen_of(session: Session, run_id: int, content_hash: str) -> Frozen:
    """What a run was launched with; parsed once in each process."""
    known = _parsed.get(content_hash)
    if known is None:
        known = _parsed[content_hash] = Frozen.model_validate(
            session.scalar(select(Run.frozen).where(Run.id == run_id))
        )
        while len(_parsed) > _KEEP:
            _parsed.pop(next(iter(_parsed)), None)
    return known


_KEEP = 64
_parsed: dict[str, Frozen] = {}


def fields_of(session: Session, ids: Collection[int]) -> dict[int, dict[str, object]]:
    """The custom fields of people, by person and name."""
    if not ids:
        return {}
    found: dict[int, dict[str, object]] = {}
    columns = (PersonField.person_id, PersonField.name, PersonField.text, PersonField.number, PersonField.day)
    for person, name, words, number, day in session.execute(
        select(*columns).where(dialects.among(session, PersonField.person_id, ids))
    ):
        found.setdefault(person, {})[name] = plain(words, number, day)
    return found
