"""How much redaction finds, how much too much, and what it costs. Run: python -m benchmarks.redaction

The texts are in `corpus/redaction/`, one file a language. Of `texts` every second one is held out: the words and rules
were tuned on the others only. `fresh` was written after all words and rules, and has changed none.

Recall: a labelled identifier counts when none of its letters and digits is left, whatever it was taken
for. Precision: a find counts when all it took away belonged to identifiers.
"""

from __future__ import annotations

import re
import timeit
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ruamel.yaml import YAML

from outreach.privacy.redact import Kind, Names, Redaction, Span, redact

FOLDER = Path(__file__).parent / "corpus" / "redaction"
LANGUAGES = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))
ALL = "all"

_LABEL = re.compile(r"\{(\w+)\|([^}]*)\}")
_ROUNDS = 20


class Half(StrEnum):
    """Which part of the texts."""

    TUNED = "tuned"
    HELD_OUT = "held out"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class Sample:
    """A text, and where its identifiers stand."""

    language: str
    half: Half
    text: str
    secrets: tuple[Span, ...]
    names: Names


@dataclass(slots=True)
class Score:
    """What was found of what was there."""

    there: int = 0
    hidden: int = 0
    found: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        """The share of identifiers that are gone."""
        return self.hidden / self.there if self.there else 1.0

    @property
    def precision(self) -> float:
        """The share of finds that took nothing else away."""
        return self.right / self.found if self.found else 1.0


def samples(language: str) -> Iterator[Sample]:
    """The texts of a language."""
    file = YAML(typ="safe", pure=True).load(FOLDER / f"{language}.yaml")
    names = Names(file["names"])
    halves = ((Half.TUNED, Half.HELD_OUT)[place % 2] for place in range(len(file["texts"].splitlines())))
    lines = [*zip(halves, file["texts"].splitlines(), strict=True)]
    for half, line in [*lines, *((Half.FRESH, line) for line in file["fresh"].splitlines())]:
        text, secrets = read(line.replace("⏎", "\n"))
        yield Sample(language, half, text, secrets, names)


def read(line: str) -> tuple[str, tuple[Span, ...]]:
    """A text without its labels, and where they were."""
    text, secrets, done = "", [], 0
    for label in _LABEL.finditer(line):
        text += line[done : label.start()]
        secrets.append(Span(len(text), len(text) + len(label[2]), Kind(label[1])))
        text += label[2]
        done = label.end()
    return text + line[done:], tuple(secrets)


def score(chosen: Iterable[Sample]) -> dict[tuple[str, str], Score]:
    """By language and kind, and over all languages."""
    scores: dict[tuple[str, str], Score] = defaultdict(Score)
    for sample in chosen:
        done = redact(sample.text, sample.names)
        for language in (sample.language, ALL):
            for secret in sample.secrets:
                scores[language, secret.kind].there += 1
                scores[language, secret.kind].hidden += _inside(sample.text, secret, done.spans)
            for span in done.spans:
                scores[language, span.kind].found += 1
                scores[language, span.kind].right += _inside(sample.text, span, sample.secrets)
    return scores


def wrong(sample: Sample) -> Redaction | None:
    """What became of a text in which something was missed, or too much taken; None if all is right."""
    done = redact(sample.text, sample.names)
    missed = [secret for secret in sample.secrets if not _inside(sample.text, secret, done.spans)]
    extra = [span for span in done.spans if not _inside(sample.text, span, sample.secrets)]
    return done if missed or extra else None


def _inside(text: str, span: Span, others: Iterable[Span]) -> bool:
    """Whether all letters and digits of a span lie in others."""
    covered = {place for other in others for place in range(other.start, other.end)}
    return all(place in covered for place in range(span.start, span.end) if text[place].isalnum())


def main() -> None:
    everything = [sample for language in LANGUAGES for sample in samples(language)]
    for half in Half:
        scores = score(sample for sample in everything if sample.half == half)
        print(f"{half}\n  {'':6}" + "".join(f"{kind:>22}" for kind in Kind))
        for language in (*LANGUAGES, ALL):
            cells = (scores[language, kind] for kind in Kind)
            print(f"  {language:6}" + "".join(f"{_cell(each):>22}" for each in cells))
    print("  a cell: precision / recall (identifiers there)\n")
    cost = timeit.timeit(lambda: [redact(each.text, each.names) for each in everything], number=_ROUNDS) / _ROUNDS
    print(f"cost  {cost / len(everything) * 1e6:.1f} µs a text, {len(everything)} texts")


def _cell(each: Score) -> str:
    return f"{each.precision:.3f} / {each.recall:.3f} ({each.there})"


if __name__ == "__main__":
    main()
