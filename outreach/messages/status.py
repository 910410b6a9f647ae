"""The states of a message, their ranks, and the moves that are lawful.

A table, so that tests can go through all of it.
"""

from __future__ import annotations

from enum import StrEnum

from outreach.channels.contract import Carried, Cause


class State(StrEnum):
    """Where a message is."""

    PLANNED = "planned"  # written, but its run is paused
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"  # handed over, perhaps: only evidence settles it
    ACCEPTED = "accepted"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    RECEIVED = "received"  # from a person to us


#: Rank on the provider's track: a receipt may only raise it.
RANK: dict[State, int] = {
    State.PLANNED: 0,
    State.QUEUED: 10,
    State.SENDING: 20,
    State.UNKNOWN: 25,
    State.ACCEPTED: 30,
    State.SENT: 40,
    State.UNDELIVERED: 50,
    State.DELIVERED: 60,
}

#: Not on the provider's track: no further move.
ENDS = frozenset({State.REFUSED, State.FAILED, State.CANCELLED, State.EXPIRED, State.RECEIVED})

#: Failed because nobody found a trace of it (`Failure.NOT_FOUND`): a guess of ours. The provider's word corrects it;
#: its own worker, if that called only afterwards and heard nothing clear, makes it `unknown` again.
GUESSED = "not_found"

#  Nothing more is waited for; `sent` may be the last word ever, and `undelivered` may still be corrected by a late
# receipt.
SETTLED = ENDS | {State.DELIVERED, State.UNDELIVERED}

#: The provider has (or had) it.
CARRIED = frozenset({State.ACCEPTED, State.SENT, State.UNDELIVERED, State.DELIVERED})

WAITING = frozenset({State.PLANNED, State.QUEUED})

#: Every move there is, from → to. Besides these, evidence corrects a guess, and spares another try (`delivery.moves`).
MOVES: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.QUEUED, State.CANCELLED, State.EXPIRED}),
    State.QUEUED: frozenset(
        {State.SENDING, State.REFUSED, State.QUEUED, State.PLANNED, State.CANCELLED, State.EXPIRED}
    ),
    State.SENDING: frozenset(
        {
            State.ACCEPTED,
            State.QUEUED,
            State.FAILED,
            State.UNKNOWN,
            State.SENT,
            State.UNDELIVERED,
            State.DELIVERED,
        }
    ),
    State.UNKNOWN: frozenset(
        {State.ACCEPTED, State.SENT, State.UNDELIVERED, State.DELIVERED, State.QUEUED, State.FAILED}
    ),
    State.ACCEPTED: frozenset({State.SENT, State.UNDELIVERED, State.DELIVERED, State.FAILED}),
    State.SENT: frozenset({State.UNDELIVERED, State.DELIVERED, State.FAILED}),
    State.UNDELIVERED: frozenset({State.DELIVERED}),
    State.DELIVERED: frozenset(),
    **{end: frozenset() for end in ENDS},
}

#: What a provider's word means for a message that it has.
CARRIED_TO: dict[Carried, State] = {
    Carried.ACCEPTED: State.ACCEPTED,
    Carried.SENT: State.SENT,
    Carried.UNDELIVERED: State.UNDELIVERED,
    Carried.DELIVERED: State.DELIVERED,
    Carried.FAILED: State.FAILED,
}


def before(state: State) -> frozenset[State]:
    """The states from which a message may move to this one."""
    return frozenset(origin for origin, targets in MOVES.items() if state in targets)


class RunState(StrEnum):
    """Where a run is."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Refusal(StrEnum):
    """Why we did not send: a named value, counted and shown."""

    NO_CONSENT = "no_consent"  # never given, paused, or taken back for this topic
    STOPPED = "stopped"  # she said STOP
    FORGOTTEN = "forgotten"
    NO_ENDPOINT = "no_endpoint"  # nothing to reach her by
    QUARANTINED = "quarantined"  # the number may have changed hands
    OUTSIDE_HOURS = "outside_hours"  # no lawful moment before it expires
    DATE_MOVED = "date_moved"  # the person's date is another one now
    REPLIED = "replied"  # the campaign stops its steps at an answer
    IN_CONVERSATION = "in_conversation"  # she waited for our answer until it was too old
    SILENT = "silent"  # she asked for silence
    NOT_ASKED_FOR = "not_asked_for"  # she was told that there is something, and did not ask for it in time
    CAPPED = "capped"  # she got enough for a day or a week


class Failure(StrEnum):
    """Why a message failed for good, besides a provider's `Cause`."""

    NOT_FOUND = GUESSED  # unknown, and the provider has no trace of it
    TEMPLATE = "template"  # it could not be written for this person
    UNREAD = "unread"  # a push that the app did not acknowledge in time


class Withdrawal(StrEnum):
    """Why a message that was waiting will not go."""

    STOPPED = "stopped"
    FORGOTTEN = "forgotten"
    RUN_CANCELLED = "run_cancelled"
    PAUSED = "paused"
    LOSS = "loss"  # a pregnancy has ended: so have the messages about it
    SILENT = "silent"  # she asked for silence
    ENDED = "ended"  # staff learnt that she has died or moved away
    HANDED_OVER = "handed_over"  # the number is somebody else's now


class Purpose(StrEnum):
    """What a message is for; it decides which gates apply."""

    CAMPAIGN = "campaign"
    REPLY = "reply"  # a helper's answer in a thread
    AUTOMATIC = "automatic"  # help text, first answer
    CONFIRMATION = "confirmation"  # the one text after STOP
    INVITATION = "invitation"
    TEST = "test"  # to a staff phone
    CALL = "call"  # to staff: somebody needs them; no content
    APOLOGY = "apology"  # a promise was not kept
    KNOCK = "knock"  # there is something for you: no more than that
    QUESTION = "question"  # is it still you?


class Lane(StrEnum):
    """Which of a sender's two queues: conversations overtake bulk."""

    CONVERSATION = "conversation"
    BULK = "bulk"


#: Lower goes first. Everything below `BULK_PRIORITY` travels in the conversation lane.
PRIORITY: dict[Purpose, int] = {
    Purpose.CONFIRMATION: 0,
    Purpose.CALL: 0,
    Purpose.REPLY: 1,
    Purpose.AUTOMATIC: 2,
    Purpose.APOLOGY: 2,
    Purpose.TEST: 3,
    Purpose.INVITATION: 8,
    Purpose.KNOCK: 8,
    Purpose.QUESTION: 8,
    Purpose.CAMPAIGN: 9,
}
BULK_PRIORITY = 8

#: What each cause means for an endpoint: these say that nothing will ever arrive there.
ENDPOINT_DEAD = frozenset({Cause.BAD_NUMBER, Cause.LANDLINE, Cause.ENDPOINT_GONE})
