"""What a text would do, asked without doing it: which verb it is, whether somebody is called, what a helper would read.

It reads a text as `inbound` does. What hangs on the person is not asked: a code or a menu that she answers, a word of
her own, an invitation that her YES would answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from outreach.privacy.redact import listed, redact
from outreach.threads import discretion, keywords, parting
from outreach.threads.deeds import KEPT_BACK, LOSS
from outreach.threads.discretion import Wish
from outreach.threads.keywords import Ground, Understood, Verb
from outreach.threads.urgent import Urgent, urgency


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a text would do. `danger`: the gravest that it names. `own_word`: she names a word of her own, and nobody
    reads it. `redacted`: as a helper would read it.
    """

    found: Understood
    danger: Urgent | None
    own_word: bool
    redacted: str = field(repr=False)

    @property
    def urgent(self) -> str:
        """What its thread would be urgent for: a `danger.Danger`, "loss", or ""."""
        loss = LOSS if self.found.verb is Verb.LOSS else ""
        return self.danger.category if self.danger else loss


def read(text: str, language: str | None, folder: Path) -> Meaning:
    """Read a text. `language`: the person's. `folder`: the workspace, with the clinic's own names and words of danger.

    Raises SettingError when the clinic's list of names cannot be read.
    """
    found = parting.with_a_reason(text, language or "", keywords.understand(text, language))
    stops = found.verb is Verb.STOP
    if not (stops or found.who) and Wish.WHO in discretion.wishes(text):
        found = Understood(None, "asks who writes", hold=True, who=True, ground=Ground.WHO)
    named = not stops and discretion.own_word(text) is not None
    redacted = KEPT_BACK if named else redact(text, listed(folder)).text
    return Meaning(found, urgency(text, language, folder), named, redacted)
