"""What can go wrong, as a tree. Every message says what was wrong, where, and what to do.

    OutreachError
    ├── SettingError        a setting is missing or malformed: the start stops
    ├── KeyringError        a key is missing, wrong or unreadable: the start stops
    ├── DefinitionError     a campaign or template file has faults (`faults`: every one of them)
    ├── RenderError         a message cannot be written for somebody (in `messages.templates`)
    ├── SheetError          a table of people cannot be read at all
    ├── NotFoundError       nothing goes by that name
    ├── ConflictError       it cannot be done in the present state
    ├── HookError           a webhook call is refused
    │   └── ForgedError     its signature does not match
    └── StoreError          the database is missing, behind or unreachable

Texts of errors never hold a number, a token, a name or a message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class Worded(str):
    """A sentence in English that knows how it was made, so that a page can say it in another language.

    `pattern`: as catalogues have it, with `%(name)s` for each of `facts`; a fact may itself be one.
    """

    pattern: str
    facts: Mapping[str, object]

    def __new__(cls, pattern: str, facts: Mapping[str, object]) -> Worded:
        """The sentence with its facts filled in."""
        made = super().__new__(cls, pattern % facts)
        made.pattern, made.facts = pattern, facts
        return made

    def __reduce__(self) -> tuple[type[Worded], tuple[str, Mapping[str, object]]]:
        """How it is made again: from its pattern, not from its text."""
        return type(self), (self.pattern, self.facts)

    def __deepcopy__(self, memo: object) -> Worded:
        """Itself, as with any text: nothing in it changes."""
        return self


def worded(pattern: str, /, **facts: object) -> Worded:
    """A sentence for staff; `%%` in it is a per cent sign. `make words` collects every pattern that stands here."""
    return Worded(pattern, facts)


def join(*sentences: str, by: str = " ") -> str:
    """Sentences one after the other, with `by` between them; empty ones are left out."""
    some = {f"part{place}": each for place, each in enumerate(sentences) if each}
    return Worded(by.join(f"%({name})s" for name in some), some)


class OutreachError(Exception):
    """Base of every error a user can mend; the command line prints it without a traceback."""


class SettingError(OutreachError):
    """A setting is missing or malformed."""


class KeyringError(OutreachError):
    """A key is missing, wrong or unreadable."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a file that staff write. `line` and `column` count from 1; 0 means the whole file."""

    path: str
    line: int
    column: int
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.problem} {self.remedy}"


class DefinitionError(OutreachError):
    """A campaign or template has faults; `faults` lists every one, never just the first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class SheetError(OutreachError):
    """A table of people cannot be read at all; `lines` says every reason."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


class NotFoundError(OutreachError):
    """Nothing goes by that name."""


class ConflictError(OutreachError):
    """It cannot be done in the present state."""


class HookError(OutreachError):
    """A webhook call is refused: too large, unreadable or unsigned."""


class ForgedError(HookError):
    """The signature of a webhook call does not match."""


class StoreError(OutreachError):
    """The database is missing, behind or unreachable."""
