"""What is said of threads on pages, in the reader's language: dangers, outcomes, states, deeds, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from outreach.console.words import N_, Words
from outreach.messages.status import Purpose, State
from outreach.threads.alarms import Called
from outreach.threads.danger import Danger
from outreach.threads.deeds import LOSS
from outreach.threads.hands import Event, Why
from outreach.threads.inbound import Context
from outreach.threads.inbox import Conversation, Said, Summary
from outreach.threads.lists import List
from outreach.threads.tables import Did, Mark, Outcome

LISTS: Mapping[List, str] = {
    List.WAITING: N_("Waiting"),
    List.MINE: N_("Mine"),
    List.ALL: N_("All open"),
    List.CLOSED: N_("Closed"),
}

DANGERS: Mapping[str, str] = {
    Danger.SELF_HARM: N_("may hurt herself"),
    Danger.VIOLENCE: N_("speaks of violence"),
    Danger.BLEEDING: N_("speaks of bleeding"),
    Danger.DANGER_SIGN: N_("names a danger sign"),
    LOSS: N_("has lost a pregnancy"),
}

MARKS: Mapping[str, tuple[str, str]] = {
    Mark.PANIC: (N_("Panic word"), "bad"),
    Mark.WHO: (N_("Asks who we are"), "warn"),
    Mark.MACHINE: (N_("Perhaps a machine"), "plain"),
}

OUTCOMES: Mapping[str, str] = {
    Outcome.ANSWERED: N_("Answered"),
    Outcome.REFERRED: N_("Referred to somebody"),
    Outcome.UNREACHED: N_("Did not write again"),
    Outcome.STOPPED: N_("Wants no more texts"),
    Outcome.DIED: N_("Has died"),
    Outcome.MOVED: N_("Moved away"),
    Outcome.WRONG_NUMBER: N_("Wrong number"),
    Outcome.SPAM: N_("Spam"),
    Outcome.FORGOTTEN: N_("Forgotten on request"),
}

STATES: Mapping[State, str] = {
    State.PLANNED: N_("waiting to go"),
    State.QUEUED: N_("on its way"),
    State.SENDING: N_("on its way"),
    State.UNKNOWN: N_("unclear, being looked into"),
    State.ACCEPTED: N_("on its way"),
    State.SENT: N_("sent"),
    State.UNDELIVERED: N_("did not arrive"),
    State.DELIVERED: N_("arrived"),
    State.REFUSED: N_("not sent"),
    State.FAILED: N_("could not be sent"),
    State.CANCELLED: N_("withdrawn"),
    State.EXPIRED: N_("too late, not sent"),
    State.RECEIVED: N_("received"),
}

PURPOSES: Mapping[Purpose, str] = {
    Purpose.CAMPAIGN: N_("Campaign"),
    Purpose.REPLY: N_("Reply"),
    Purpose.AUTOMATIC: N_("Automatic answer"),
    Purpose.CONFIRMATION: N_("Confirmation"),
    Purpose.INVITATION: N_("Invitation"),
    Purpose.TEST: N_("Test"),
    Purpose.CALL: N_("Call to staff"),
    Purpose.APOLOGY: N_("Apology"),
    Purpose.KNOCK: N_("There is something for her"),
    Purpose.QUESTION: N_("Is it still her?"),
}

REFUSALS: Mapping[Why, str] = {
    Why.CLOSED: N_("This conversation is closed. When she writes again, a new one opens."),
    Why.STOPPED: N_("She said STOP. Only her own START lifts it; nothing was sent."),
    Why.SILENT: N_("She texted her panic word. Nothing is sent for a week, so write nothing."),
    Why.IN_DOUBT: N_("The number may be somebody else's now. Nothing is sent until our question is answered YES."),
    Why.GONE_ON: N_("It went on while you were writing. Read what is new, then send. Your words are still here."),
    Why.EMPTY: N_("There is nothing written yet."),
    Why.TOO_LONG: N_("This is too long. Shorten it; your words are still here."),
    Why.TAKEN: N_("%(who)s has this conversation. Take it over only if you have agreed on it."),
    Why.NOT_TAKEN: N_("Nobody has this conversation."),
    Why.NOBODY: N_("Choose somebody from the list."),
    Why.NOT_ON_HOLD: N_("Somebody has decided this already."),
    Why.OUTCOME: N_("Say how it ended: choose one of the list."),
}

DEEDS: Mapping[Did, str] = {
    Did.TAKEN: N_("%(who)s took this conversation."),
    Did.HANDED_OVER: N_("%(who)s handed it over to %(to)s."),
    Did.RELEASED: N_("%(who)s let go of it."),
    Did.STOPPED: N_("%(who)s read this as a wish to stop: no more texts go out."),
    Did.KEPT: N_("%(who)s read this as no wish to stop."),
    Did.CLOSED: N_("%(who)s closed it: %(outcome)s."),
}


NO_PROGRAMME = Context().programme


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation as it is shown: a text, a note, or what staff did (`side` "deed"). `sealed`: the id of
    a text of hers that something was taken out of.
    """

    side: str
    who: str
    at: datetime
    text: str
    state: str = ""
    hers: bool = False  # in her language
    bad: bool = False  # it did not get to her
    sealed: int = 0


_NOT_THERE = frozenset({State.UNDELIVERED, State.REFUSED, State.FAILED, State.CANCELLED, State.EXPIRED})


def lines(words: Words, shown: Conversation, names: Mapping[str, str]) -> list[Line]:
    """A conversation in the order of time; `names`: how staff are called, by staff name."""
    said = [_said(words, each, shown.summary.pseudonym, names) for each in shown.said]
    since = shown.said[0].at if shown.earlier and shown.said else None
    done = [
        _deed(words, each, names)
        for each in shown.events
        if each.did != Did.ANSWERED and (since is None or each.at >= since)
    ]
    return sorted([*said, *done], key=lambda line: line.at)


def _said(words: Words, said: Said, pseudonym: str, names: Mapping[str, str]) -> Line:
    if said.who == "person":
        return Line("person", pseudonym, said.at, said.text, hers=True, sealed=said.id if said.hidden else 0)
    state = State(said.state)
    who, side = words.gettext("Automatic answer"), "system"
    if said.who == "campaign":
        who = words.gettext("Answers the campaign %(title)s", title=said.about)
    elif said.who == "helper":
        who, side = names.get(said.by, said.by) or words.gettext("The clinic"), "ours"
    return Line(side, who, said.at, said.text, words.gettext(STATES[state]), hers=True, bad=state in _NOT_THERE)


def _deed(words: Words, event: Event, names: Mapping[str, str]) -> Line:
    who = names.get(event.by, event.by)
    if event.did == Did.NOTED:
        return Line("note", words.gettext("Note by %(who)s, only staff see it", who=who), event.at, event.text)
    outcome = words.gettext(OUTCOMES.get(event.outcome, event.outcome or "-"))
    told = words.gettext(DEEDS[event.did], who=who, to=names.get(event.to, event.to), outcome=outcome)
    return Line("note" if event.text else "deed", told, event.at, event.text)


def called(words: Words, who: Called, names: Mapping[str, str]) -> str:
    """Who was called because of an alarm, and whether anybody could be."""
    _ = words.gettext
    reached, missed = (", ".join(names.get(each, each) for each in some) for some in (who.reached, who.missed))
    if not reached and not missed:
        return _("Nobody of staff has been called yet.")
    if not reached:
        return _("Nobody could be called, not even %(who)s: fetch somebody yourself, now.", who=missed)
    told = [_("Called: %(who)s.", who=reached)]
    if missed:
        told.append(_("Could not be called: %(who)s.", who=missed))
    return " ".join(told)


def refusal(words: Words, why: Why, names: Mapping[str, str], who: str = "") -> str:
    """Why something was not done."""
    return words.gettext(REFUSALS[why], who=names.get(who, who))


def language(words: Words, code: str) -> str:
    """A language by its name: Swahili."""
    return str(words.locale.languages.get(code.partition("-")[0], code))


def about(each: Summary) -> str:
    """What a conversation is about; nothing where nobody has said so."""
    return each.topic or (each.programme if each.programme != NO_PROGRAMME else "")
