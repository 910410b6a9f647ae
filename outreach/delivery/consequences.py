"""What follows from a provider's answer: the cause is the provider's word, the consequence is decided here, once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from outreach.channels.contract import Cause
from outreach.messages.status import State


class Sequel(StrEnum):
    """What else happens besides the message's move."""

    NOTHING = "nothing"
    SLOW_DOWN = "slow_down"  # the sender rests as long as it was told
    HALT = "halt"  # the sender stops; somebody must look
    DROP_ENDPOINT = "drop_endpoint"  # nothing will ever arrive there
    QUARANTINE = "quarantine"  # the number may be somebody else's now
    COUNT = "count"  # once is nothing, several times are a doubt
    OPT_OUT = "opt_out"  # she said stop to the provider: into the ledger


@dataclass(frozen=True, slots=True)
class Consequence:
    """Where the message goes, and what else."""

    to: State
    sequel: Sequel = Sequel.NOTHING


#: What follows when a provider does not take a message. Only proof that it was never processed brings it back.
AT_SENDING: dict[Cause, Consequence] = {
    Cause.THROTTLED: Consequence(State.QUEUED, Sequel.SLOW_DOWN),
    Cause.QUEUE_FULL: Consequence(State.QUEUED, Sequel.SLOW_DOWN),
    Cause.NOT_CONNECTED: Consequence(State.QUEUED),
    Cause.ACCOUNT: Consequence(State.QUEUED, Sequel.HALT),
    Cause.SENDER: Consequence(State.QUEUED, Sequel.HALT),
    Cause.AMBIGUOUS: Consequence(State.UNKNOWN),
    Cause.OPTED_OUT: Consequence(State.FAILED, Sequel.OPT_OUT),
    Cause.BAD_NUMBER: Consequence(State.FAILED, Sequel.DROP_ENDPOINT),
    Cause.LANDLINE: Consequence(State.FAILED, Sequel.DROP_ENDPOINT),
    Cause.ENDPOINT_GONE: Consequence(State.FAILED, Sequel.DROP_ENDPOINT),
    Cause.UNREACHABLE: Consequence(State.FAILED),
    Cause.BLOCKED: Consequence(State.FAILED),
    Cause.FILTERED: Consequence(State.FAILED),
    Cause.EXPIRED: Consequence(State.FAILED),
    Cause.BAD_REQUEST: Consequence(State.FAILED),
    Cause.REGION: Consequence(State.FAILED),
    Cause.OTHER: Consequence(State.FAILED),
}

#: The provider did not even look at the message: its attempt is given back.
NEVER_LOOKED_AT = frozenset({Cause.THROTTLED, Cause.QUEUE_FULL, Cause.ACCOUNT, Cause.SENDER})

#: What else follows when a receipt names a cause; the message's move is the receipt's own.
AT_RECEIPT: dict[Cause, Sequel] = {
    Cause.OPTED_OUT: Sequel.OPT_OUT,
    Cause.BAD_NUMBER: Sequel.DROP_ENDPOINT,
    Cause.LANDLINE: Sequel.QUARANTINE,
    Cause.ENDPOINT_GONE: Sequel.QUARANTINE,
    Cause.UNREACHABLE: Sequel.COUNT,
    Cause.ACCOUNT: Sequel.HALT,
}

LONGEST_WAIT = 300.0  # seconds
HALT_FOR = 300.0  # seconds until a halted sender tries again
REST = 5.0  # seconds a throttled sender rests when it was not told how long


def backoff(attempts: int) -> float:
    """Seconds until the next attempt: doubling, with full jitter so that a thousand rows do not come back as one."""
    return random.uniform(1.0, min(LONGEST_WAIT, 2.0**attempts + 1.0))  # noqa: S311 (spreading load, not a secret)
