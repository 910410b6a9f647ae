"""What must hold before a template may be launched: every fault of every body, with its place and remedy."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property

from outreach import parts
from outreach.channels.contract import Kind
from outreach.errors import Fault, worded
from outreach.messages import pieces, refusals, stigma, templates
from outreach.messages.templates import MOST_TEXT, Body, Openness, Template

LOCK_SCREEN = 40  # characters that a locked telephone shows of any message
MOST_TITLE = 40  # characters of a push's title before telephones cut it
PLAUSIBLY_LONG = "Bartholomew-Alexander"
PLAUSIBLY_MANY = 1_234_567

_REPLY = r"(?:reply|answer|respond|text|send|repondez|envoyez|jibu|tuma|responda|responde|envie|envia|mande)"
_FILLER = r"(?:with|the|word|par|le|mot|na|neno|con|la|palabra|com|a|palavra|\w+,?\s+(?:or|ou|au|o))"


#: A sentence with one of these says what a word is for. Without, the word is only named: "Reply STOP."
_PURPOSE = re.compile(r"\b(?:if|to|when|for|unless|si|pour|quand|afin|kama|ili|ikiwa|kwa|para|cuando|se|quando|caso)\b")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")
_ITSELF = re.compile(r"\b(?:this message|ce message|ujumbe huu|este mensaje|esta mensagem)\b")

#: Beginnings of words by which a text speaks of our messages, folded, in every language.
MESSAGES = ("message", "texts", "sms", "reminder", "rappel", "ujumbe", "jumbe", "meseji", "mensaje", "mensag", "aviso")


@dataclass(frozen=True, slots=True)
class Taken:
    """A word that people steer their messages by. `does`: what an answer of it does; `about`: beginnings of words by
    which a sentence shows that it offers the word for just that. Without any, it may not be offered at all.
    """

    does: str
    about: tuple[str, ...] = ()

    def fits(self, sentence: str) -> bool:
        """Whether a sentence (folded, without the word) may offer the word."""
        told = _ITSELF.sub("", sentence)
        shows = any(re.search(rf"\b{re.escape(stem)}", told) for stem in self.about)
        return shows or (bool(self.about) and _PURPOSE.search(told) is None)


#: STOP itself, which a text may offer for stopping and for nothing else.
STOPS = Taken(
    worded("gets no more messages at all"),
    (
        *(*MESSAGES, "no more", "never ask", "unsubscri", "opt out", "plus en avoir", "plus rien", "desabonn"),
        *("kusitisha", "dejar de recibir", "no recibir", "deixar de receber", "nunca mais"),
    ),
)


@dataclass(frozen=True)
class _Bounds:
    """What the bodies of one template are held against."""

    known: Collection[str]
    part_limit: int
    longest: Mapping[str, object]
    taken: Mapping[str, Taken]


def check(
    template: Template,
    *,
    known: Collection[str],
    languages: Collection[str],
    fallback: str,
    sensitive: bool,
    part_limit: int,
    longest: Mapping[str, object] | None = None,
    stop_words: Collection[str] = (),
    kinds: Collection[Kind] = (Kind.SMS,),
) -> list[Fault]:
    """Every fault of a template for one use of it.

    `known`: the variables there are; `languages`: those of the audience; `kinds`: what must be there in each;
    `longest`: the longest plausible value of each variable, where the default guess is not good enough; `stop_words`:
    what takes people's consent back when they answer it, so that no text asks for it by mistake; a mapping says of each
    word what it does.
    """
    bounds = _Bounds(known, part_limit, longest or {}, _taken(stop_words))
    found = [fault for kind in kinds for fault in _uncovered(template, kind, languages, fallback)]
    if sensitive:
        found += _uncovert(template)
    for body in template.bodies:
        found += _Checked(body, bounds).faults()
    return found


def longest(body: Body) -> str:
    """The dearest way that a text can read with the longest plausible values. Raises DefinitionError for its faults."""
    texts = _Checked(body, _Bounds((), 0, {}, {})).texts
    return max(texts, key=lambda text: (parts.count(text).parts, len(text)), default="")


def _taken(words: Collection[str]) -> dict[str, Taken]:
    """What each word does, by the word folded."""
    if isinstance(words, Mapping):
        return {stigma.fold(word): does for word, does in words.items()}
    return {each: STOPS if each == "stop" else Taken(STOPS.does) for each in map(stigma.fold, words)}


def _uncovered(template: Template, kind: Kind, languages: Collection[str], fallback: str) -> Iterator[Fault]:
    suffix = ".push" if kind is Kind.PUSH else ""
    for language in sorted(languages):
        if template.choose(kind, language, fallback, Openness.COVERT) is None:
            path = f"templates/{template.name}.{language}{suffix}.txt"
            problem = worded(
                "There is no %(kind)s text in '%(language)s', nor in the fallback language '%(fallback)s'.",
                kind=kind,
                language=language,
                fallback=fallback,
            )
            yield Fault(path, 0, 0, problem, worded("Write this file, or the one in the fallback language."))


def _uncovert(template: Template) -> Iterator[Fault]:
    texts = [body for body in template.bodies if body.kind is Kind.SMS]
    covert = {body.language for body in texts if body.openness is Openness.COVERT}
    for body in texts:
        if body.language not in covert:
            path = body.path.removesuffix(".txt") + ".covert.txt"
            problem = worded("The topic is marked sensitive and this text has no covert form.")
            yield Fault(body.path, 0, 0, problem, worded("Write %(path)s, in words that give nothing away.", path=path))


@dataclass(frozen=True)
class _Checked:
    """One body under examination."""

    body: Body
    bounds: _Bounds

    def faults(self) -> list[Fault]:
        if unread := templates.faults(self.body):
            return list(unread)
        return [*self._title(), *self._unknown(), *self._betrayals(), *self._asks(), *self._length()]

    @cached_property
    def pieces(self) -> pieces.Pieces:
        return templates.compile(self.body).pieces

    @cached_property
    def texts(self) -> list[str]:
        """Every way the text can read with the longest values; empty when a value given as longest does not fit."""
        made = (parts.normalise(text).strip() for text in pieces.variants(self.pieces, self.values))
        try:
            return list(dict.fromkeys(made))
        except pieces.Unfit:
            return []

    @cached_property
    def values(self) -> dict[str, object]:
        found: dict[str, object] = dict.fromkeys(pieces.names(self.pieces), PLAUSIBLY_LONG)
        for item in pieces.flat(self.pieces):
            if isinstance(item, pieces.Value):
                found[item.name] = _longest(item, found[item.name])
        return found | {name: value for name, value in self.bounds.longest.items() if not pieces.is_absent(value)}

    def _title(self) -> Iterator[Fault]:
        title, line = self.body.title, max(self.body.line - 1, 1)
        if len(title) > MOST_TITLE:
            problem = worded(
                "The title has %(len)s characters; %(most_title)s is the most.", len=len(title), most_title=MOST_TITLE
            )
            yield Fault(self.body.path, line, MOST_TITLE + 1, problem, worded("Shorten the first line."))
        if (place := title.find("{")) >= 0:
            yield Fault(
                self.body.path, line, place + 1, worded("A title cannot hold variables."), worded("Write plain words.")
            )
        for place, word in stigma.find(title, self.body.language):
            yield Fault(
                self.body.path, line, place + 1, worded("'%(word)s' stands in a push's title.", word=word), _NEUTRAL
            )

    def _unknown(self) -> Iterator[Fault]:
        for name in sorted(pieces.names(self.pieces) - set(self.bounds.known)):
            near = get_close_matches(name, sorted(self.bounds.known), n=1)
            remedy = (
                worded("Did you mean '%(what)s'?", what=near[0])
                if near
                else worded("There are %(what)s.", what=", ".join(sorted(self.bounds.known)))
            )
            yield self._fault(
                rf"\b{re.escape(name)}\b", worded("There is no field '%(name)s'.", name=name), remedy, in_braces=True
            )

    def _betrayals(self) -> Iterator[Fault]:
        covert = self.body.openness is Openness.COVERT
        found = {
            word: None
            for text in self.texts
            for place, word in stigma.find(text, self.body.language)
            if covert or place < LOCK_SCREEN
        }
        for word in found:
            yield self._fault(rf"(?<!\w){re.escape(word)}", self._betrays(word), _NEUTRAL)

    def _betrays(self, word: str) -> str:
        if self.body.openness is not Openness.COVERT:
            return worded(
                "'%(word)s' stands in the first %(count)s characters, which a locked telephone shows.",
                word=word,
                count=LOCK_SCREEN,
            )
        if self.body.kind is Kind.PUSH:
            return worded("'%(word)s' stands in a push.", word=word)
        return worded("'%(word)s' stands in a covert text.", word=word)

    def _asks(self) -> Iterator[Fault]:
        """Answers asked for that mean something else: "Reply CANCEL to cancel your visit" ends all messages."""
        if not self.bounds.taken:
            return
        words = "|".join(map(re.escape, sorted(self.bounds.taken, key=len, reverse=True)))
        asked = re.compile(rf"\b{_REPLY}\s+(?:{_FILLER}\s+)*\W?({words})\b")
        sentences = dict.fromkeys(each for text in self.texts for each in _SENTENCE.split(stigma.fold(text)))
        found = {
            match[1]: None
            for sentence in sentences
            for match in asked.finditer(sentence)
            if not self.bounds.taken[match[1]].fits(f"{sentence[: match.start()]} {sentence[match.end() :]}")
        }
        for word in found:
            problem = worded(
                "Whoever answers '%(what)s' %(does)s.", what=word.upper(), does=self.bounds.taken[word].does
            )
            yield self._fault(
                rf"\b{re.escape(word)}\b", problem, worded("Ask for another word, like NO or 1; to stop is STOP.")
            )

    def _length(self) -> Iterator[Fault]:
        if not self.texts:
            yield self._whole(
                worded("A value given as its longest fits no filter here."), worded("Correct the field's sort.")
            )
            return
        if not all(self.texts):
            yield self._whole(worded("The text can come out empty."), worded("Give every {%% if %%} an {%% else %%}."))
        longest = max(self.texts, key=len)
        if len(longest) > MOST_TEXT:
            yield self._whole(
                worded(
                    "The text can have %(len)s characters; %(most_text)s is the most.",
                    len=len(longest),
                    most_text=MOST_TEXT,
                ),
                worded("Shorten it."),
            )
        if self.body.kind is Kind.SMS:
            yield from self._parts()

    def _parts(self) -> Iterator[Fault]:
        text = max(self.texts, key=lambda text: parts.count(text).parts)
        counted = parts.count(text)
        if counted.parts <= self.bounds.part_limit:
            return
        problem = worded(
            "The text can cost %(parts)s parts (%(encoding)s); the limit is %(part_limit)s.",
            parts=counted.parts,
            encoding=counted.encoding,
            part_limit=self.bounds.part_limit,
        )
        cheaper = parts.suggest(text)
        yield self._whole(problem, cheaper[0].said() if cheaper else worded("Shorten it."))

    def _whole(self, problem: str, remedy: str) -> Fault:
        return Fault(self.body.path, self.body.line, 1, problem, remedy)

    def _fault(self, shows: str, problem: str, remedy: str, *, in_braces: bool = False) -> Fault:
        line, column = _place(stigma.fold(self.body.text), stigma.fold(shows), in_braces=in_braces)
        return Fault(self.body.path, self.body.line + line - 1, column, problem, remedy)


_NEUTRAL = worded("Say it in words that give nothing away.")


def _longest(value: pieces.Value, before: object) -> object:
    """A long value that the filters of this place can use; what another place needs already stays."""
    sorts = {each.name for each in value.filters}
    if "date" in sorts:
        spoken = next(each for each in value.filters if each.name == "date")
        return max((date(2028, month, 28) for month in range(1, 13)), key=lambda day: len(spoken.apply(day)))
    return PLAUSIBLY_MANY if "number" in sorts else before


def _place(text: str, shows: str, *, in_braces: bool) -> tuple[int, int]:
    """Line and column, from 1, of the first such words; the start if they come about only when the text is written."""
    pattern = re.compile(shows)
    for number, line in enumerate(text.split("\n"), start=1):
        found = pattern.search(line)
        column = refusals.within(line, shows) if in_braces else found.start() + 1 if found else 0
        if column:
            return number, column
    return 1, 1
