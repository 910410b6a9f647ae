"""Which verb a text is: STOP, START, PAUSE …, or none. Pure: no database, no model; it takes a few microseconds.

A verb is the whole message (case, accents, punctuation, pictures and polite words aside), and some are also a clear
phrase anywhere in it, in every language we ship whatever language the person chose: any reasonable wording revokes (47
CFR 64.1200(a)(10)). Where it is only likely that somebody wants us to stop, `hold` is set: a person must look, and the
campaigns wait meanwhile. "OK" is no YES: consent has to be said, and people answer "ok" to anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from outreach.threads import words
from outreach.threads.words import Row
from outreach.threads.words.fold import clauses
from outreach.threads.words.fold import words as folded
from outreach.threads.words.pattern import walk


class Verb(StrEnum):
    """What a person can ask for by text; the values are the keys in the files of words."""

    STOP = "stop"
    WRONG = "wrong"  # not the person we mean: nothing more to this number
    LOSS = "loss"  # a pregnancy has ended
    FORGET = "forget"  # once she has typed the code back
    PAUSE = "pause"
    START = "start"
    YES = "yes"
    HELP = "help"
    INFO = "info"  # what did I agree to
    TIME = "time"  # at which part of the day
    LANG = "lang"
    CALL = "call"  # please call me


@dataclass(frozen=True, slots=True)
class Rule:
    """How a verb is looked for: the whole text, in the person's language, then in all. `polite`: polite words may stand
    around it. `mixed`: a doubt counts in any language, else in that of the phrase: "si" is "if" here and "not" there.
    `name`, `unit`: the lists of words that say more of it, such as for how many days.
    """

    verb: Verb
    polite: bool = True
    mixed: bool = False
    name: str = ""
    unit: str = ""


# In this order; the first that matches is it. A new verb: a member above, a line here, rows in every file of words.
RULES = (
    Rule(Verb.STOP, mixed=True),
    Rule(Verb.WRONG),
    Rule(Verb.LOSS),
    Rule(Verb.FORGET),
    Rule(Verb.PAUSE, name="number", unit="unit"),
    Rule(Verb.START),
    Rule(Verb.YES),
    Rule(Verb.HELP, polite=False),  # "please help me" is a cry, not a question about the service: a person reads it
    Rule(Verb.INFO),
    Rule(Verb.TIME, name="hours"),
    Rule(Verb.LANG, name="tongue"),
    Rule(Verb.CALL),
)

#: "Who is this?" is no verb: somebody else may have the number now.
WHO = "who"


class Ground(StrEnum):
    """By which rule a text was read as it was."""

    WHOLE = "whole"  # the whole text is the verb
    PHRASE = "phrase"  # a clear phrase for it stands in the text
    DOUBT = "doubt"  # such a phrase, but somebody else or some hours may be meant
    NO_DAYS = "no_days"
    WHO = "who"
    PERHAPS = "perhaps"  # a phrase that may mean it
    MORE = "more"  # begins or ends with STOP, but says more
    REASON = "reason"  # STOP, and why
    TOLD = "told"  # known from elsewhere: an answer to a question, or the provider says so
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text asks for. `why` names the rule and the language of its words, never the person's text; `ground` and
    `tongue` (ISO 639-1, or "") are the same for programs.

    `value` is what a verb is about: days of PAUSE, part of the day of TIME (0 to 3), code of LANG; "" if it says none.
    """

    verb: Verb | None
    why: str
    hold: bool = False  # perhaps an opt-out: a person must look, and campaigns wait meanwhile
    value: str = ""
    who: bool = False  # asks who we are, and nothing else
    ground: Ground = Ground.TOLD
    tongue: str = ""


NOTHING = Understood(None, "no verb: the text goes to a person", ground=Ground.NONE)


@cache
def _words() -> words.Words:
    """Read when the first text comes: a worker, which never looks at one, does without 5 MB."""
    return words.load([*Verb, WHO])


def languages() -> tuple[str, ...]:
    """The languages there are."""
    return _words().languages


_WIDEST = 3  # words of a number: "a couple of"
_GLUED = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


def understand(text: str, language: str | None = None) -> Understood:
    """Which verb a text is. `language`: the person's, as an ISO 639-1 code or a longer tag; None or unknown: any."""
    own = re.split("[-_]", language)[0].lower() if language else ""
    found = _understand(text, own)
    if found == NOTHING and (apart := _GLUED.sub(" ", text)) != text:  # "PAUSE7", "pause 7d"
        return _understand(apart, own)
    return found


def choice_of(verb: Verb, text: str) -> str:
    """What an answer to the menu of a verb chooses, whatever the language; "" when it is none of the choices."""
    rule = next(rule for rule in RULES if rule.verb is verb)
    said = folded(text)
    if verb is Verb.TIME and said in [[figure] for figure in "0123"]:
        return said[0]
    evidence = _Evidence(said)
    start, end = evidence.bare
    return next(filter(None, (_words().exact(code, rule.name, said[start:end]) for code in languages())), "")


def _understand(text: str, own: str) -> Understood:
    evidence = _Evidence(folded(text))
    return (
        _whole(evidence, own, RULES[:1])
        or _whole(evidence, own, RULES, only=own)
        or _whole(evidence, own, RULES)
        or _phrase(evidence)
        or _perhaps(evidence)
        or _clause(text)
        or NOTHING
    )


class _Evidence:
    """Every phrase that stands in a text: where, and what it is a mark of."""

    def __init__(self, text: Sequence[str]) -> None:
        self.text = text
        self.size = len(text)
        self._found: dict[tuple[str, Row], list[tuple[int, int, str]]] = {}
        for start, end, mark in walk(_words().start, text):
            self._found.setdefault((mark.verb, mark.row), []).append((start, end, mark.language))
        self.bare = self._bare()

    def rows(self, row: Row, verb: str) -> list[tuple[int, int, str]]:
        """(first word, word after the last, language) of every phrase of a row."""
        return self._found.get((verb, row), [])

    def whole(self, verb: str, own: str = "", *, polite: bool = True) -> str:
        """The language in which the whole text is a verb, the person's own first; empty if it is not."""
        found = self.rows(Row.WHOLE, verb)
        if not found:  # as of nearly every verb, for nearly every text
            return ""
        spans = {(0, self.size), self.bare} if polite else {(0, self.size)}
        codes = {code for start, end, code in found if (start, end) in spans}
        return own if own in codes else min(codes, default="")

    def _bare(self) -> tuple[int, int]:
        """The span that is left without the polite words at both ends."""
        polite = self.rows(Row.AROUND, "")
        first, last = 0, self.size
        while ends := [end for start, end, _ in polite if start == first]:
            first = max(ends)
        while starts := [start for start, end, _ in polite if end == last and start >= first]:
            last = min(starts)
        return first, last


def _whole(evidence: _Evidence, own: str, rules: Sequence[Rule], *, only: str = "") -> Understood | None:
    """The first verb that the whole text is; with `only`, in that language."""
    for rule in rules:
        code = evidence.whole(rule.verb, own, polite=rule.polite)
        if code and only in {"", code}:
            why = f"the whole text is {rule.verb.upper()} ({code})"
            return _valued(Understood(rule.verb, why, ground=Ground.WHOLE, tongue=code), rule, code, evidence.text)
    return None


def _valued(found: Understood, rule: Rule, code: str, text: Sequence[str]) -> Understood:
    """The same with what the verb is about. No days of pause are no pause: a person asks what is meant."""
    if not rule.unit:
        return replace(found, value=_words().value(code, rule.name, text) if rule.name else "")
    days = _days(rule, code, text)
    if days == 0:
        return Understood(None, f"a {rule.verb} of no days ({code})", hold=True, ground=Ground.NO_DAYS, tongue=code)
    return replace(found, value="" if days is None else str(days))


def _days(rule: Rule, code: str, text: Sequence[str]) -> int | None:
    """The number beside the unit: "a break for two weeks" is two. Without a unit, "a" is no number."""
    for place, word in enumerate(text):
        if unit := _words().exact(code, rule.unit, [word]):
            before = [text[max(0, place - width) : place] for width in range(_WIDEST, 0, -1)]
            after = [text[place + 1 : place + 1 + width] for width in range(_WIDEST, 0, -1)]
            numbers = (_words().exact(code, rule.name, beside) for beside in (*before, *after))
            return int(next(filter(None, numbers), "1")) * int(unit)
    for word in text:
        number = _words().exact(code, rule.name, [word])
        if number and (word.isdecimal() or number != "1"):
            return int(number)
    return None


def _phrase(evidence: _Evidence) -> Understood | None:
    """A phrase that means a verb wherever it stands, unless it is denied, or may be about somebody else."""
    for rule in RULES:
        denied = evidence.rows(Row.UNLESS, rule.verb)
        for start, end, code in evidence.rows(Row.WITHIN, rule.verb):
            if any(start < until and since < end for since, until, _ in denied):
                continue
            name = rule.verb.upper()
            if any(rule.mixed or tongue == code for _, _, tongue in evidence.rows(Row.DOUBT, rule.verb)):
                why = f"a phrase for {name}, but somebody else or some hours may be meant ({code})"
                return Understood(None, why, hold=True, ground=Ground.DOUBT, tongue=code)
            clear = Understood(rule.verb, f"a clear phrase for {name} ({code})", ground=Ground.PHRASE, tongue=code)
            return _valued(clear, rule, code, evidence.text)
    return None


def _perhaps(evidence: _Evidence) -> Understood | None:
    """A phrase that may be an opt-out: a person decides."""
    if code := evidence.whole(WHO):
        return Understood(None, f"asks who writes ({code})", hold=True, who=True, ground=Ground.WHO, tongue=code)
    spans = {(0, evidence.size), evidence.bare}
    for rule in RULES:
        codes = {code for start, end, code in evidence.rows(Row.HOLD, rule.verb) if (start, end) in spans}
        codes |= {code for _, _, code in evidence.rows(Row.HOLD_WITHIN, rule.verb)}
        if codes:
            meant = "an opt-out" if rule.verb is Verb.STOP else rule.verb.upper()
            why = f"perhaps {meant} ({min(codes)})"
            return Understood(None, why, hold=True, ground=Ground.PERHAPS, tongue=min(codes))
    return None


def _clause(text: str) -> Understood | None:
    """STOP as the first or the last clause of a text that says more: "stop, I want to ask something"."""
    found = clauses(text)
    if len(found) < 2:
        return None
    code = _Evidence(found[0]).whole(Verb.STOP) or _Evidence(found[-1]).whole(Verb.STOP)
    why = f"begins or ends with STOP, but says more ({code})"
    return Understood(None, why, hold=True, ground=Ground.MORE, tongue=code) if code else None
