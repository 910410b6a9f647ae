"""What is said of a text that staff try, in the reader's language: what it would do, why, what a helper would read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from outreach.console.inbox_words import DANGERS, language
from outreach.console.words import N_, Words
from outreach.threads.keywords import Ground, Verb
from outreach.threads.understanding import Meaning

__all__ = ["DANGERS", "language"]  # besides its own: what is said of threads is said here too

VERBS: Mapping[Verb, str] = {
    Verb.STOP: N_("Nothing more is sent to her but one confirmation. Only her own START lifts it."),
    Verb.WRONG: N_("Nothing more goes to this number, not even a confirmation; somebody should look at it."),
    Verb.LOSS: N_("Messages about the pregnancy end at once, one gentle text goes out, and coordinators are called."),
    Verb.FORGET: N_("She gets a code. Once she has typed it back, she is forgotten for good."),
    Verb.PAUSE: N_("Campaigns are silent for some days, then go on by themselves."),
    Verb.START: N_("Lifts her own STOP or pause: everything stands as it stood before."),
    Verb.YES: N_("Agrees to what she was invited to. Without an invitation it opens a conversation."),
    Verb.HELP: N_("She is told how to reach the clinic and how to stop."),
    Verb.INFO: N_("She is told what she agreed to and when, in one text that gives nothing away."),
    Verb.TIME: N_("She chooses the part of the day at which texts come."),
    Verb.LANG: N_("She chooses her language."),
    Verb.CALL: N_("A conversation opens with the mark that she wants to be called."),
}

GROUNDS: Mapping[Ground, str] = {
    Ground.WHOLE: N_("The whole text is this word or sentence."),
    Ground.PHRASE: N_("A clear phrase for it stands in the text."),
    Ground.DOUBT: N_("A phrase for it stands in the text, but somebody else, or some hours, may be meant."),
    Ground.NO_DAYS: N_("It asks for a pause of no days."),
    Ground.WHO: N_("It asks who writes: somebody else may have the number now."),
    Ground.PERHAPS: N_("It may be a wish to stop."),
    Ground.MORE: N_("It begins or ends with STOP, but says more."),
    Ground.REASON: N_("It is a STOP with a reason."),
    Ground.NONE: N_("No word or sentence in it is one that we act on."),
}
_REASON_IN_DOUBT = N_("It begins with STOP and gives a reason, but may be about her treatment.")

_KEEPS = N_("It opens her conversation, or goes on with it. A helper reads it.")
_HOLDS = N_("A person must look at it, and campaigns to her wait meanwhile.")
_OWN_WORD = N_("It names a word of her own. The word is never shown to anybody.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a text would do, in words. `tone`: good, warn, bad or calm; `urgent`: "" or why people are called.

    `danger`: because of words of danger.
    """

    title: str
    tone: str
    does: str
    why: str
    tongue: str
    urgent: str
    danger: bool
    redacted: str = field(repr=False)


def verdict(words: Words, meaning: Meaning) -> Verdict:
    """A text's meaning, for people."""
    found, _ = meaning.found, words.gettext
    if meaning.own_word:
        title, tone, does = _("Her own word"), "calm", _OWN_WORD
    elif found.verb is not None:
        title, tone, does = found.verb.upper(), "good", VERBS[found.verb]
    elif found.hold:
        title, tone, does = _("Perhaps a STOP"), "warn", _HOLDS
    else:
        title, tone, does = _("No keyword"), "calm", _KEEPS
    why = _REASON_IN_DOUBT if found.ground is Ground.REASON and found.hold else GROUNDS.get(found.ground, "")
    told = not meaning.own_word and not (found.ground is Ground.NONE and meaning.danger)
    return Verdict(
        title,
        tone,
        _(does),
        _(why) if told else "",
        language(words, found.tongue) if found.tongue else "",
        _urgent(words, meaning),
        meaning.danger is not None,
        meaning.redacted,
    )


def _urgent(words: Words, meaning: Meaning) -> str:
    if not meaning.urgent:
        return ""
    return words.gettext("Urgent: %(danger)s", danger=words.gettext(DANGERS[meaning.urgent]))
