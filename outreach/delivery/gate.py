"""Permission, asked last: at the moment of sending, why not? A refusal is a named value, counted and shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from outreach import consent
from outreach.audience import discretion
from outreach.audience.hours import Hours, lawful
from outreach.audience.recipients import Recipient
from outreach.audience.tables import EndpointState, PersonState
from outreach.channels.contract import Kind
from outreach.consent import ConsentState
from outreach.delivery.facts import Claim, Facts
from outreach.delivery.quarantine import dormant
from outreach.messages.status import Purpose, Refusal

#: Somebody who wrote this recently is awake: answers to her need not wait for the morning.
JUST_WROTE = timedelta(hours=12)

#: How soon it is looked again whether a conversation is over.
LOOK_AGAIN = timedelta(minutes=10)

#: Without hours of the campaign or her own: the whole day, less the quiet hours.
ALL_DAY = Hours(0, 24 * 60)

#: These answer what the person has just asked for; hours do not hold them up.
AT_ONCE = frozenset({Purpose.CONFIRMATION, Purpose.AUTOMATIC, Purpose.TEST, Purpose.CALL})


#: What a guarded telephone is only told about: what helpers and campaigns have to say.
CONTENT = frozenset({Purpose.CAMPAIGN, Purpose.REPLY})

#: Before its time is over a message that she has not asked for is looked at once more.
LAST_LOOK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Later:
    """Not now, but then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Knock(Later):
    """When she has asked for it, at the latest then: until that she is told that there is something."""


def why_not(claim: Claim, facts: Facts, quiet: Hours | None) -> Refusal | Later | None:
    """Why this message may not go now: a refusal, a later moment, or None when it may. `quiet`: the quiet hours."""
    person = facts.people[claim.person_id]
    return (
        _reachable(claim, person, facts)
        or _not_silent(claim, person, facts)
        or _agreed(claim, person, facts)
        or _still_meant(claim, person, facts)
        or _timely(claim, person, facts, quiet)
        or _within_caps(claim, facts)
        or _asked_for(claim, person, facts)
    )


def _reachable(claim: Claim, person: Recipient, facts: Facts) -> Refusal | None:
    if person.state == PersonState.FORGOTTEN:
        return Refusal.FORGOTTEN
    endpoint = facts.endpoints.get((claim.person_id, claim.kind))
    if endpoint is None or endpoint.state == EndpointState.GONE:
        return Refusal.NO_ENDPOINT
    if endpoint.state == EndpointState.QUARANTINED:
        return None if claim.purpose == Purpose.QUESTION else Refusal.QUARANTINED
    if claim.purpose in {Purpose.CAMPAIGN, Purpose.KNOCK} and dormant(endpoint, person, facts.at, facts.dormant_after):
        return Refusal.QUARANTINED
    return None


def _not_silent(claim: Claim, person: Recipient, facts: Facts) -> Refusal | None:
    if claim.purpose == Purpose.CONFIRMATION or not discretion.silent(person, facts.at):
        return None
    return Refusal.SILENT


def _agreed(claim: Claim, person: Recipient, facts: Facts) -> Refusal | None:
    if claim.purpose == Purpose.CONFIRMATION:
        return None
    everything = facts.standing.get((person.id, consent.ALL))
    if everything is not None and everything.state == ConsentState.REVOKED:
        return Refusal.STOPPED
    topic = facts.standing.get((person.id, claim.topic))
    if claim.purpose == Purpose.INVITATION:
        asked = topic is not None and topic.state == ConsentState.INVITED
        return None if asked and not consent.paused(facts.at, everything) else Refusal.NO_CONSENT
    if claim.purpose == Purpose.CAMPAIGN and not consent.agrees(facts.at, topic, everything):
        return Refusal.NO_CONSENT
    return None


def _still_meant(claim: Claim, person: Recipient, facts: Facts) -> Refusal | None:
    if claim.run_id is None:
        return None
    frozen = facts.runs[claim.run_id].frozen
    field = frozen.steps[claim.step].field
    if field and facts.fields.get(person.id, {}).get(field) != date.fromisoformat(claim.occurrence):
        return Refusal.DATE_MOVED
    if (claim.run_id, person.id) in facts.replied:
        return Refusal.REPLIED
    return None


def _timely(claim: Claim, person: Recipient, facts: Facts, quiet: Hours | None) -> Refusal | Later | None:
    """What she has just asked for comes at any hour."""
    if claim.purpose in CONTENT and discretion.is_open(person, facts.at):
        return _not_talking(claim, facts)
    return _in_hours(claim, person, facts, quiet) or _not_talking(claim, facts)


def _in_hours(claim: Claim, person: Recipient, facts: Facts, quiet: Hours | None) -> Refusal | Later | None:
    if claim.purpose in AT_ONCE or _just_wrote(claim, person, facts.at):
        return None
    moment = lawful(facts.at, person.zone, _hours(claim, person, facts), quiet)
    if moment is None or moment >= claim.expires_at:
        return Refusal.OUTSIDE_HOURS
    return None if moment <= facts.at else Later(moment)


def _not_talking(claim: Claim, facts: Facts) -> Refusal | Later | None:
    """No campaign talks over a question that we have not answered yet."""
    topics = facts.talks.get(claim.person_id, set()) if claim.purpose == Purpose.CAMPAIGN else set()
    of_run = claim.run_id is not None and facts.runs[claim.run_id].frozen.wait
    if consent.ALL not in topics and not (of_run and claim.topic in topics):
        return None
    again = facts.at + LOOK_AGAIN
    return Later(again) if again < claim.expires_at else Refusal.IN_CONVERSATION


def _within_caps(claim: Claim, facts: Facts) -> Refusal | None:
    if claim.purpose != Purpose.CAMPAIGN or claim.fallback_of is not None:
        return None
    told = facts.told.get(claim.person_id)
    return Refusal.CAPPED if told is not None and told.full(facts.caps) else None


def _asked_for(claim: Claim, person: Recipient, facts: Facts) -> Refusal | Knock | None:
    """A guarded telephone is told only that there is something. A helper's answer she has asked for by writing, unless
    others read it too.
    """
    if claim.kind != Kind.SMS or not _is_guarded(claim, person) or discretion.is_open(person, facts.at):
        return None
    last = claim.expires_at - LAST_LOOK
    return Knock(last) if facts.at < last else Refusal.NOT_ASKED_FOR


def _is_guarded(claim: Claim, person: Recipient) -> bool:
    if claim.purpose == Purpose.REPLY:
        return person.safe_word is not None
    return claim.purpose == Purpose.CAMPAIGN and discretion.guarded(person)


def _just_wrote(claim: Claim, person: Recipient, at: datetime) -> bool:
    if claim.purpose != Purpose.REPLY or person.replied_at is None:
        return False
    return at - person.replied_at < JUST_WROTE


def _hours(claim: Claim, person: Recipient, facts: Facts) -> Hours:
    if person.hours_from is not None and person.hours_to is not None:
        return Hours(person.hours_from, person.hours_to)
    if claim.run_id is None:
        return ALL_DAY
    return Hours(*facts.runs[claim.run_id].frozen.hours)
