"""Which verb a text is: STOP, START, YES, HELP, or none. Pure: no database, no model; it takes a few microseconds.

A verb is the whole message (case, accents, punctuation, pictures and polite words aside), and STOP also a clear phrase
anywhere in it, in every language we ship whatever language the person chose: any reasonable wording revokes (47 CFR
64.1200(a)(10)). Where it is only likely that somebody wants us to stop, `hold` is set: a person must look, and the
campaigns wait meanwhile. "OK" is no YES: consent has to be said, and people answer "ok" to anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from outreach.threads import words
from outreach.threads.words import Row
from outreach.threads.words.fold import clauses
from outreach.threads.words.fold import words as folded
from outreach.threads.words.pattern import walk


class Verb(StrEnum):
    """What a person can ask for by text; the values are the keys in the files of words."""

    STOP = "stop"
    START = "start"
    YES = "yes"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a verb is looked for: the whole text, in the person's language, then in all. `polite`: polite words may stand
    around it."""

    verb: Verb
    polite: bool = True


# In this order; the first that matches is it. A new verb: a member above, a line here, rows in every file of words.
RULES = (
    Rule(Verb.STOP),
    Rule(Verb.START),
    Rule(Verb.YES),
    Rule(Verb.HELP, polite=False),  # "please help me" is a cry, not a question about the service: a person reads it
)


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text asks for. `why` names the rule and the language of its words, never the person's text."""

    verb: Verb | None
    why: str
    hold: bool = False  # perhaps an opt-out: a person must look, and campaigns wait meanwhile


NOTHING = Understood(None, "no verb: the text goes to a person")


_WORDS = words.load(list(Verb))
LANGUAGES = _WORDS.languages


def understand(text: str, language: str | None = None) -> Understood:
    """Which verb a text is. `language`: the person's, as an ISO 639-1 code or a longer tag; None or unknown: any."""
    evidence = _Evidence(folded(text))
    own = re.split("[-_]", language)[0].lower() if language else ""
    for rule in RULES:
        if code := evidence.whole(rule, own):
            return Understood(rule.verb, f"the whole text is {rule.verb.upper()} ({code})")
    return _phrase(evidence) or _perhaps(evidence) or _clause(text) or NOTHING


class _Evidence:
    """Every phrase that stands in a text: where, and what it is a mark of."""

    def __init__(self, text: Sequence[str]) -> None:
        self.size = len(text)
        self._found: dict[tuple[str, Row], list[tuple[int, int, str]]] = {}
        for start, end, mark in walk(_WORDS.start, text):
            self._found.setdefault((mark.verb, mark.row), []).append((start, end, mark.language))
        self.bare = self._bare()

    def rows(self, row: Row, verb: str = Verb.STOP) -> list[tuple[int, int, str]]:
        """(first word, word after the last, language) of every phrase of a row."""
        return self._found.get((verb, row), [])

    def whole(self, rule: Rule, own: str = "") -> str:
        """The language in which the whole text is a verb, the person's own first; empty if it is not."""
        spans = {(0, self.size), self.bare} if rule.polite else {(0, self.size)}
        codes = {code for start, end, code in self.rows(Row.WHOLE, rule.verb) if (start, end) in spans}
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


def _phrase(evidence: _Evidence) -> Understood | None:
    """A phrase that means STOP wherever it stands, unless it is denied, or may be about somebody else."""
    denied = evidence.rows(Row.UNLESS)
    for start, end, code in evidence.rows(Row.WITHIN):
        if any(start < until and since < end for since, until, _ in denied):
            continue
        if evidence.rows(Row.DOUBT):
            return Understood(
                None, f"a phrase for STOP, but somebody else or some hours may be meant ({code})", hold=True
            )
        return Understood(Verb.STOP, f"a clear phrase for STOP ({code})")
    return None


def _perhaps(evidence: _Evidence) -> Understood | None:
    """A phrase that may be an opt-out: a person decides."""
    spans = {(0, evidence.size), evidence.bare}
    codes = {code for start, end, code in evidence.rows(Row.HOLD) if (start, end) in spans}
    codes |= {code for _, _, code in evidence.rows(Row.HOLD_WITHIN)}
    return Understood(None, f"perhaps an opt-out ({min(codes)})", hold=True) if codes else None


def _clause(text: str) -> Understood | None:
    """STOP as the first or the last clause of a text that says more: "stop, I want to ask something"."""
    found = clauses(text)
    if len(found) < 2:
        return None
    code = _Evidence(found[0]).whole(RULES[0]) or _Evidence(found[-1]).whole(RULES[0])
    return Understood(None, f"begins or ends with STOP, but says more ({code})", hold=True) if code else None
