"""The words of each verb, one file a language, checked when they are loaded: every fault with file and line.

What the rows of a verb mean. `whole`: the message is nothing but this, polite words aside. `within`: unmistakable
wherever it stands. `unless`: takes a `within` away that it overlaps ("don't stop texting me"). `doubt`: somebody else,
or only some hours, may be meant, so a person decides. `hold`, `hold_within`: perhaps an opt-out, so a person decides.
`around` belongs to no verb: polite words that change nothing at either end. `values` belongs to none either: words that
stand for something, such as numbers, each list a set of its name; figures belong to `number`. A word said twice in a
row ("vous vous trompez") is written once, since texts are folded so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from outreach.errors import DefinitionError, Fault
from outreach.threads.words.fold import words as folded
from outreach.threads.words.pattern import FIGURES, Choice, Pattern, PatternError, State, build, merge, parse

FOLDER = Path(__file__).parent


class Row(StrEnum):
    """What kind of evidence a phrase is; the names are the keys in the files."""

    WHOLE = "whole"
    WITHIN = "within"
    UNLESS = "unless"
    DOUBT = "doubt"
    HOLD = "hold"
    HOLD_WITHIN = "hold_within"
    AROUND = "around"


_ROWS = tuple(row for row in Row if row is not Row.AROUND)


@dataclass(frozen=True, slots=True)
class Grammar:
    """What may stand in a file: its verbs, their rows, `values`, and whether a verb may be missing (`partial`)."""

    verbs: Sequence[str]
    rows: Sequence[Row] = _ROWS
    values: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """What a phrase is evidence of; `verb` is empty for politeness."""

    verb: str
    row: Row
    language: str


#: What the words of a list stand for, by the list's name and the words.
Values = dict[str, dict[tuple[str, ...], str]]

_NUMBER = "number"  # the list to which figures belong


@dataclass(frozen=True, slots=True)
class Words:
    """All files as one automaton over folded words, whose marks are `Mark`s."""

    languages: tuple[str, ...]
    reviews: Mapping[str, str]  # by language: who has read the file; an honest sentence
    start: State[Mark]
    values: Mapping[str, Values]  # by language

    def exact(self, language: str, name: str, text: Sequence[str]) -> str:
        """What a whole text stands for in a list; "" if it does not stand there."""
        if name == _NUMBER and len(text) == 1 and text[0].isdecimal():
            return text[0]
        return self.values[language].get(name, {}).get(tuple(text), "")

    def value(self, language: str, name: str, text: Sequence[str]) -> str:
        """What the last words of a text that stand in a list stand for; "" if there are none."""
        widest = max(map(len, self.values[language].get(name, {})), default=0)
        spans = ((first, end) for first in reversed(range(len(text))) for end in range(first + widest, first, -1))
        return next(filter(None, (self.exact(language, name, text[first:end]) for first, end in spans)), "")


def load(verbs: Sequence[str], folder: Path = FOLDER) -> Words:
    """Read every language of a folder. Raises DefinitionError with every fault of every file."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise DefinitionError([Fault(folder.name, 0, 0, "There are no words.", "Reinstall the package.")])
    return read(paths, Grammar(verbs, values=True))


def read(paths: Sequence[Path], grammar: Grammar) -> Words:
    """Read files; what stands before the first dot of a file's name is its language. Raises DefinitionError."""
    files = [_File(path, grammar) for path in paths]
    starts = [state for file in files for state in file.read()]
    faults = [fault for file in files for fault in file.faults]
    if faults:
        raise DefinitionError(faults)
    return Words(
        tuple(file.language for file in files),
        {file.language: file.review for file in files},
        merge(starts),
        {file.language: file.values for file in files},
    )


@dataclass
class _File:
    path: Path
    grammar: Grammar
    faults: list[Fault] = field(default_factory=list)
    review: str = ""
    sets: dict[str, Choice] = field(default_factory=dict)
    values: Values = field(default_factory=dict)

    @property
    def language(self) -> str:
        return self.path.name.partition(".")[0]

    def read(self) -> list[State[Mark]]:
        states: list[State[Mark]] = []
        found: set[str] = set()
        for key, node in self._pairs(self._root()):
            found.add(key)
            if key == "review" and isinstance(node, ScalarNode):
                self.review = str(node.value)
            elif key == "sets":
                self._sets(node)
            elif key == "values" and self.grammar.values:
                self._values(node)
            elif key == "around":
                states.append(self._row(node, Mark("", Row.AROUND, self.language)))
            elif key in self.grammar.verbs:
                states += self._rows(key, node)
            else:
                known = ", ".join(self.grammar.verbs)
                self._fault(node, f"{key!r} is not known here.", f"Known: review, sets, around, {known}.")
        self._complete(found)
        return states

    def _complete(self, found: set[str]) -> None:
        if not self.review:
            self._fault(
                None, "Nobody is named as reviewer.", "Add `review:`: who has read the file, or that nobody has."
            )
        for verb in self.grammar.verbs:
            if verb not in found and not self.grammar.partial:
                row = self.grammar.rows[0]
                self._fault(None, f"There are no words for {verb!r}.", f"Add `{verb}:` with a row `{row}:`.")

    def _root(self) -> Node | None:
        try:
            root: Node | None = YAML(typ="safe", pure=True).compose(self.path)
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            self.faults.append(Fault(self.path.name, line, 0, f"It is not YAML: {error.problem}.", "Mend the line."))
            return None
        except (OSError, UnicodeDecodeError, YAMLError):
            self.faults.append(Fault(self.path.name, 0, 0, "It cannot be read.", "Save it as a text file in UTF-8."))
            return None
        return root

    def _pairs(self, node: Node | None) -> Iterator[tuple[str, Node]]:
        if not isinstance(node, MappingNode):
            self._fault(node, "Names with values are missing here.", "Write `name: value`.")
            return
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                self._fault(key, f"{key.value!r} stands here twice.", "Merge the two.")
            seen.add(key.value)
            yield str(key.value), value

    def _sets(self, node: Node) -> None:
        for name, members in self._pairs(node):
            self.sets[name] = Choice(tuple(self._phrases(members)))

    def _values(self, node: Node) -> None:
        for name, pairs in self._pairs(node):
            self.values[name] = {tuple(folded(word)): str(value.value) for word, value in self._pairs(pairs)}
            among: list[Pattern] = [*self.values[name], *([(FIGURES,)] if name == _NUMBER else [])]
            self.sets[name] = Choice(tuple(among))

    def _rows(self, verb: str, node: Node) -> Iterator[State[Mark]]:
        for name, phrases in self._pairs(node):
            if name in self.grammar.rows:
                yield self._row(phrases, Mark(verb, Row(name), self.language))
            else:
                self._fault(phrases, f"{name!r} is not a row.", f"Rows are {', '.join(self.grammar.rows)}.")

    def _row(self, node: Node, mark: Mark) -> State[Mark]:
        end = State(marks=(mark,))
        return merge([build(phrase, end) for phrase in self._phrases(node)])

    def _phrases(self, node: Node) -> list[Pattern]:
        if not isinstance(node, SequenceNode):
            self._fault(node, "A list is missing here.", "Write `[one, two]`, or lines that begin with `- `.")
            return []
        return [pattern for item in node.value if (pattern := self._pattern(item))]

    def _pattern(self, node: Node) -> Pattern:
        if not isinstance(node, ScalarNode) or not str(node.value).strip():
            self._fault(node, "A word or phrase is missing here.", "Write it in quotes.")
            return ()
        try:
            return parse(str(node.value), self.sets)
        except PatternError as error:
            self._fault(node, f"The pattern {node.value!r}: {error}", "Mend the pattern.")
            return ()

    def _fault(self, node: Node | None, problem: str, remedy: str) -> None:
        mark = node.start_mark if node is not None else None
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        self.faults.append(Fault(self.path.name, line, column, problem, remedy))
