"""What stands in one cell, read into a value or refused by name. Pure; no exception here quotes the cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from outreach.audience import places
from outreach.audience.discretion import Manner
from outreach.audience.hours import EVENING, MIDDAY, MORNING, Hours
from outreach.audience.verdicts import RowRefusal

#: What empties a cell's field; an empty cell leaves it as it is.
CLEAR = "-"

_ISO_639_1 = """
aa ab af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es
et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki
kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no
nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te
tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_LANGUAGES = frozenset(_ISO_639_1.split())
_LANGUAGE_NAMES = {
    **dict.fromkeys(("english", "anglais", "kiingereza"), "en"),
    **dict.fromkeys(("french", "francais", "kifaransa"), "fr"),
    **dict.fromkeys(("swahili", "kiswahili"), "sw"),
}
_OPENNESS = {
    **dict.fromkeys(("covert", "discreet", "coded", "discret", "siri"), Manner.COVERT),
    **dict.fromkeys(("request", "on request", "sur demande", "a la demande", "nikiuliza", "kwa ombi"), Manner.REQUEST),
    **dict.fromkeys(("open", "ouvert", "wazi"), Manner.OPEN),
}
_PARTS_OF_A_DAY = {
    **dict.fromkeys(("morning", "matin", "asubuhi"), MORNING),
    **dict.fromkeys(("midday", "midi", "mchana"), MIDDAY),
    **dict.fromkeys(("evening", "soir", "jioni"), EVENING),
}
_NO = {"no", "n", "non", "hapana", "false", "0", "refused", "declined", "refuse"}
_NOT_KNOWN = {"", "-", "none", "n/a", "na", "unknown", "inconnu"}
_YES = {"yes", "y", "oui", "ndiyo", "true", "1", "x", "ok", "✓", "✔"}

_HOURS = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?h?\s*[-–—]\s*(\d{1,2})(?:[:.h](\d{2}))?h?")
_TAG = re.compile(r"\w[\w-]{0,63}")
_PUSH = re.compile(r"[!-~]{8,4096}")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d{2}:\d{2}.*)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?")
_COMMA = re.compile(r"[+-]?\d{1,15},(?:\d{1,2}|\d{4,15})")
_LIKE_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[, ']\d{3})+(?:\.\d+)?")


class CellError(Exception):
    """A cell is refused; it carries the reason and nothing else."""

    def __init__(self, reason: RowRefusal) -> None:
        self.reason = reason
        super().__init__(reason.value)


@dataclass(frozen=True, slots=True)
class TagWishes:
    """Tags to give and to take away; `clear` takes all others away."""

    give: frozenset[str] = frozenset()
    take: frozenset[str] = frozenset()
    clear: bool = False


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The value of a custom field; all empty: the field goes."""

    text: str | None = field(default=None, repr=False)
    number: float | None = field(default=None, repr=False)
    day: date | None = field(default=None, repr=False)


NO_VALUE = FieldValue()


def language(cell: str) -> str:
    """A language tag's first part, lower case: texts are written per language, not per region."""
    primary = re.split(r"[-_]", cell.casefold(), maxsplit=1)[0]
    named = _LANGUAGE_NAMES.get(_plain(cell))
    if named or primary in _LANGUAGES or re.fullmatch(r"[a-z]{3}", primary):
        return named or primary
    raise CellError(RowRefusal.LANGUAGE)


def zone(cell: str) -> str:
    """The name of an IANA zone, spelt right."""
    if cell in places.zones():
        return cell
    if named := places.spelt(cell.replace(" ", "_")):
        return named
    raise CellError(RowRefusal.ZONE)


def hours(cell: str) -> Hours | None:
    """Somebody's own hours; None: none any more."""
    if cell == CLEAR:
        return None
    if part := _PARTS_OF_A_DAY.get(_plain(cell)):
        return part
    if found := _HOURS.fullmatch(cell):
        from_hour, from_minute, to_hour, to_minute = (int(group or 0) for group in found.groups())
        if from_minute < 60 and to_minute < 60:
            try:
                return Hours(from_hour * 60 + from_minute, to_hour * 60 + to_minute)
            except ValueError:
                pass  # 25:00, or hours that end as they begin
    raise CellError(RowRefusal.HOURS)


def openness(cell: str) -> Manner:
    """How discreetly somebody wants to be written to."""
    if chosen := _OPENNESS.get(_plain(cell)):
        return chosen
    raise CellError(RowRefusal.OPENNESS)


def tags(cell: str) -> TagWishes:
    """Tags, separated by a comma, semicolon or bar: `adult, -pregnant` gives one and takes one; `-` takes all."""
    if cell == CLEAR:
        return TagWishes(clear=True)
    give: set[str] = set()
    take: set[str] = set()
    for written in re.split(r"[,;|]", cell):
        if name := written.strip():
            (take if name.startswith("-") else give).add(_tag(name.removeprefix("-").strip()))
    return TagWishes(frozenset(give), frozenset(take - give))


def _tag(name: str) -> str:
    tag = re.sub(r"\s+", "-", unicodedata.normalize("NFKC", name).casefold())
    if not _TAG.fullmatch(tag):
        raise CellError(RowRefusal.TAG)
    return tag


def push(cell: str) -> str:
    """A push token or installation id, as it is."""
    if not _PUSH.fullmatch(cell):
        raise CellError(RowRefusal.PUSH)
    return cell


def text(cell: str) -> FieldValue:
    """One line of text, at most 400 characters."""
    line = unicodedata.normalize("NFC", cell)
    if len(line) > 400 or not line.isprintable():
        raise CellError(RowRefusal.TEXT)
    return FieldValue(text=line)


def number(cell: str) -> FieldValue:
    """A number with a decimal point, or a comma that cannot separate thousands."""
    if _NUMBER.fullmatch(cell):
        return FieldValue(number=float(cell))
    if _COMMA.fullmatch(cell):
        return FieldValue(number=float(cell.replace(",", ".")))
    raise CellError(RowRefusal.NUMBER_AMBIGUOUS if _LIKE_THOUSANDS.fullmatch(cell) else RowRefusal.NUMBER)


def day(cell: str) -> FieldValue:
    """A date: year first, or day first where it cannot be month first."""
    return FieldValue(day=read_day(cell))


def read_day(cell: str) -> date:
    """The date of a cell. Raises CellError, ambiguous dates by name."""
    if found := _ISO.fullmatch(cell):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if found := _DAY_FIRST.fullmatch(cell):
        first, second = int(found[1]), int(found[2])
        if first <= 12 and second <= 12 and first != second:
            raise CellError(RowRefusal.DATE_AMBIGUOUS)
        return _date(int(found[3]), second, first)
    raise CellError(RowRefusal.DATE)


def _date(year: int, month: int, of_month: int) -> date:
    try:
        return date(year, month, of_month)
    except ValueError:
        raise CellError(RowRefusal.DATE) from None


def consent(cell: str) -> str | bool:
    """Where consent is known from, in the table's own words (empty: not known); or a bare True (yes) or False (no)."""
    word = _plain(cell)
    if word in _NOT_KNOWN:
        return ""
    if word in _NO or word in _YES:
        return word in _YES
    if len(cell) > 180 or not cell.isprintable():
        raise CellError(RowRefusal.CONSENT_LONG)
    return cell


READERS: dict[str, Callable[[str], FieldValue]] = {"text": text, "number": number, "date": day}


def _plain(cell: str) -> str:
    letters = unicodedata.normalize("NFKD", cell.casefold())
    return "".join(char for char in letters if not unicodedata.combining(char)).strip(" .!")
