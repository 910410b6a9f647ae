"""What becomes of a text at a handset, and what the person behind it does. Pure: no clock, no dice of its own."""

from __future__ import annotations

from dataclasses import dataclass

from outreach.simulator import phrases
from outreach.simulator.handsets import Handset
from outreach.simulator.messages import Kind, Message, Status
from outreach.simulator.options import Script, Span

#: Twilio's codes for a text that did not arrive (its error dictionary; 30036: the validity period is over).
BLOCKED = 30004
UNKNOWN = 30005
LANDLINE = 30006
UNREACHABLE = 30003
EXPIRED = 30036

#: Seconds on top of the network's own, by script.
DELAYS = {Script.ROAMING: Span(least=20, most=60), Script.UNREACHABLE: Span(least=5, most=15)}

_DEAD_ENDS = {Script.LANDLINE: LANDLINE, Script.UNKNOWN: UNKNOWN, Script.UNREACHABLE: UNREACHABLE}


@dataclass(frozen=True, slots=True)
class Fate:
    """How an attempt to reach the handset ends. `status` None: the carrier keeps the message and tries later."""

    status: Status | None
    code: int | None = None


def fate(handset: Handset, message: Message, now: float) -> Fate:
    """What happens when a message tries its handset at this moment (`now`: epoch seconds)."""
    if now >= message.expires_at:
        return Fate(Status.UNDELIVERED, EXPIRED)
    if message.kind is Kind.SMS:
        if handset.blocked:
            return Fate(Status.UNDELIVERED, BLOCKED)
        if handset.script in _DEAD_ENDS:
            return Fate(Status.UNDELIVERED, _DEAD_ENDS[handset.script])
    if not handset.reachable:
        return Fate(None)
    return Fate(Status.DELIVERED)


def acknowledges(handset: Handset) -> bool:
    """Whether the app on this handset tells the clinic that a push was shown."""
    return handset.script is not Script.APP_SILENT


def reaction(handset: Handset, text: str, answer_every: int) -> str | None:
    """What the person writes back to a text just read, or None. Counts the text.

    Nobody answers an answer: after writing, a person reads `answer_every` texts in silence, and STOP is said once.
    """
    first = handset.since_answer is None
    if not first:
        handset.since_answer = (handset.since_answer or 0) + 1
    rested = first or (handset.since_answer or 0) >= answer_every
    said = _line(handset, text, first=first) if rested else None
    if said is not None:
        handset.since_answer = 0
    return said


def _line(handset: Handset, text: str, *, first: bool) -> str | None:
    if handset.script is Script.ANSWERS:
        return phrases.answer(text, int(handset.id[:8], 16) + len(text))
    if handset.script is Script.STOPS and first:
        return phrases.STOP
    if handset.script is Script.ASKS_HELP and first:
        return phrases.HELP
    return None
