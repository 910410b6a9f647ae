"""How many cries for help the words of danger hear, and how often they cry wolf. Run: python -m benchmarks.danger

The texts are in `corpus/danger/`, one file a language, written and labelled by us: no real person's. The words were
written with `tuned` in sight. `held` came after the words and no text of it has given a word since: only it says how
they do on texts that nobody has seen, and as one author wrote both, it flatters even then. (Orange urine was taken out
of the words after four texts of `held` were flagged for it: rifampicin makes it, as its labels say.) What had been held
before and was learned from is in `tuned`. The last of it says everything in a roundabout way; 0.48 of it was heard when
the words first met it: whoever speaks in hints is often not heard.

Recall: of the texts about a danger, how many make a thread urgent, as whatever danger. Flag rate: of the others, how
many do so, too.
"""

from __future__ import annotations

import re
import statistics
import time
import timeit
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from outreach.threads.danger import Danger
from outreach.threads.urgent import urgency

FOLDER = Path(__file__).parent / "corpus" / "danger"
LANGUAGES = tuple(sorted(path.stem for path in FOLDER.glob("*.txt")))

_HEAD = re.compile(r"\[(\w+) (\w+)\]")
_NO_DANGER = "none"
_ROUNDS, _EVERY = 5, 10  # of every tenth text


class Half(StrEnum):
    """Whether the words were written with a text in sight."""

    TUNED = "tuned"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text and the danger that it speaks of; None: of none."""

    language: str
    half: Half
    danger: Danger | None
    text: str

    @property
    def flagged(self) -> bool:
        """Whether it would make a thread urgent."""
        return urgency(self.text, self.language) is not None


@dataclass(frozen=True, slots=True)
class Figure:
    """Of `texts`, so many were `flagged`."""

    flagged: int
    texts: int

    @property
    def rate(self) -> float:
        """Between 0 and 1; 1 of nothing."""
        return self.flagged / self.texts if self.texts else 1.0

    def __str__(self) -> str:
        return f"{self.rate:5.2f} ({self.flagged:3}/{self.texts:3})"


def corpus() -> list[Labelled]:
    """Every text of every language."""
    return [labelled for language in LANGUAGES for labelled in _read(language)]


def _read(language: str) -> Iterator[Labelled]:
    half, danger = Half.TUNED, None
    for line in (FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if head := _HEAD.fullmatch(line):
            half, danger = Half(head[1]), None if head[2] == _NO_DANGER else Danger(head[2])
        else:
            yield Labelled(language, half, danger, line)


def figure(texts: Iterable[Labelled]) -> Figure:
    """How many of these are flagged."""
    flags = [each.flagged for each in texts]
    return Figure(sum(flags), len(flags))


def recall(texts: Iterable[Labelled]) -> Figure:
    """How many of those about a danger are flagged."""
    return figure(each for each in texts if each.danger)


def flag_rate(texts: Iterable[Labelled]) -> Figure:
    """How many of those about no danger are flagged."""
    return figure(each for each in texts if not each.danger)


def cost(texts: Iterable[Labelled]) -> float:
    """The mean seconds of one core that a text takes; the least of several rounds."""
    asked = [(each.text, each.language) for each in texts][::_EVERY]
    read = lambda: [urgency(text, language) for text, language in asked]  # noqa: E731
    rounds = timeit.repeat(read, number=1, repeat=_ROUNDS, timer=time.process_time)  # others may use the machine
    return min(rounds) / len(asked)


def _table(texts: list[Labelled], half: Half) -> None:
    print(f"\n{half}: recall by danger, then flag rate where there is none")
    print("language", *(f"{each:>15}" for each in (*Danger, "every danger", "no danger")))
    for language in (*LANGUAGES, "all"):
        here = [each for each in texts if each.half is half and language in {each.language, "all"}]
        cells = [figure(each for each in here if each.danger is danger) for danger in Danger]
        print(f"{language:8}", *cells, recall(here), flag_rate(here))


def _wrong(texts: list[Labelled]) -> None:
    for title, danger in (("Not heard", True), ("Flagged for nothing", False)):
        print(f"\n{title}:")
        for each in texts:
            if bool(each.danger) is danger and each.flagged is not danger:
                print(f"  {each.half:5} {each.language} {each.danger or '-':11} {each.text}")


def main() -> None:
    texts = corpus()
    for half in Half:
        _table(texts, half)
    _wrong(texts)
    length = statistics.mean(len(each.text) for each in texts)
    print(f"\ncost  {cost(texts) * 1e6:.0f} µs a text of {length:.0f} characters on average")


if __name__ == "__main__":
    main()
