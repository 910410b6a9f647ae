"""Which column of a table means what, by its title: in English, French and Swahili, or as `--map` says.

A title that is not understood stops the import before anything is written, with every such title at once. Titles are
quoted in errors, so a first row that holds data instead of titles is recognised before, and never quoted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from outreach.audience.filters import FIELD_NAME
from outreach.errors import SheetError, join, worded


class Role(StrEnum):
    """What a column holds. The last three are custom fields, written `text:district`."""

    PHONE = "phone"
    LANGUAGE = "language"
    ZONE = "zone"
    TAGS = "tags"
    PUSH_TOKEN = "push_token"  # noqa: S105 (a column's name)
    PUSH_FID = "push_fid"
    HOURS = "hours"
    CONSENT = "consent"
    CONSENT_DATE = "consent_date"
    OPENNESS = "openness"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"


SKIP = "skip"
FIELDS = (Role.TEXT, Role.NUMBER, Role.DATE)

#: Titles by role, folded: lower case, no accents, one space for anything that is not a letter or digit.
TITLES: dict[Role, tuple[str, ...]] = {
    Role.PHONE: (
        *("phone", "phone number", "telephone", "telephone number", "mobile", "mobile number", "mobile phone", "cell"),
        *("cellphone", "cell phone", "tel", "msisdn", "number telephone", "numero", "numero de telephone", "portable"),
        *("simu", "namba ya simu", "nambari ya simu"),
    ),
    Role.LANGUAGE: ("language", "lang", "preferred language", "langue", "lugha"),
    Role.ZONE: ("zone", "time zone", "timezone", "tz", "fuseau horaire", "fuseau", "saa za eneo"),
    Role.TAGS: ("tags", "tag", "groups", "group", "etiquettes", "etiquette", "lebo", "vikundi"),
    Role.PUSH_TOKEN: ("push token", "fcm token", "jeton push"),
    Role.PUSH_FID: ("push fid", "fid", "installation id"),
    Role.HOURS: ("hours", "preferred hours", "preferred time", "heures", "heures preferees", "saa", "masaa"),
    Role.CONSENT: ("consent", "consent source", "consentement", "accord", "idhini", "ridhaa"),
    Role.CONSENT_DATE: ("consent date", "date of consent", "date du consentement", "tarehe ya idhini"),
    Role.OPENNESS: ("openness", "wording", "discretion", "uwazi"),
}
_ROLE_OF = {title: role for role, titles in TITLES.items() for title in titles}

_NAME_WORDS = """
name names fullname firstname lastname surname forename nickname nom noms prenom prenoms jina majina
"""
_PERSON_WORDS = """
first last full given family middle maiden patient client person mother father baby contact of the s
de du le la et complet famille ya kamili kwanza ukoo mgonjwa mama mteja
"""
_NAME = frozenset(_NAME_WORDS.split())
_OF_A_PERSON = _NAME.union(_PERSON_WORDS.split())
_DATA = re.compile(r"\d(?:\W*\d){6,}|@")
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table: where it stands (from 0), its title, what it holds, and a custom field's name."""

    index: int
    title: str
    role: Role
    name: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says of columns, by folded title: `--map TITLE=MEANING`, `--skip TITLE`."""

    meanings: Mapping[str, str] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, maps: Sequence[str], skips: Sequence[str]) -> Wishes:
        """Read the options as typed. Raises SheetError."""
        pairs = [text.rpartition("=") for text in maps]
        if any(not (title.strip() and meaning.strip()) for title, _, meaning in pairs):
            raise SheetError(worded('--map takes a title, "=" and its meaning: --map "Tel no=phone"'))
        return cls({fold(title): meaning for title, _, meaning in pairs}, frozenset(map(fold, skips)))


def fold(title: str) -> str:
    """A title as it is compared: lower case, no accents, one space for anything that is not a letter or digit."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"[^\w]+|_+", " ", letters).strip()


def field_name(title: str) -> str:
    """The name of a custom field that a title stands for (`Born in` → `born_in`); may be unusable."""
    return fold(title).replace(" ", "_")


def hold_data(titles: Sequence[str]) -> bool:
    """Whether what should be titles is somebody's row: then nobody may quote it."""
    return any(_DATA.search(title) for title in titles)


def match(titles: Sequence[str], wishes: Wishes, known: Mapping[str, Role]) -> list[Column]:
    """The columns of a table. `known`: fields that people have already, and what kind.

    Raises SheetError: every title that is not understood, with its place and what to do.
    """
    if hold_data(titles):
        raise SheetError(worded("The first row holds data, not titles. Put a row above it: phone,language,tags"))
    folded = [fold(title) for title in titles]
    _all_there(wishes, folded)
    columns, faults = [], []
    for index, title in enumerate(titles):
        if not folded[index] or folded[index] in wishes.skipped:
            continue
        try:
            columns.append(_column(index, title, wishes, known))
        except _NotUnderstood as error:
            where = {"letter": _letters(index + 1), "title": _quoted(title)}
            faults.append(worded("Column %(letter)s, %(title)s: %(why)s", **where, why=error.args[0]))
    if faults:
        raise SheetError(*faults[:_MOST_TOLD])
    _each_once(columns)
    return columns


def guess(title: str, known: Mapping[str, Role]) -> str:
    """What a title may mean, as a choice to offer: `phone`, `text:district`; "" where nobody can say; "skip" where a
    column must be left out because it names people.
    """
    folded = fold(title)
    if not folded or _names_a_person(folded):
        return SKIP
    try:
        column = _column(0, title, Wishes(), known)
    except _NotUnderstood:
        return ""
    return f"{column.role}:{column.name}" if column.name else column.role.value


class _NotUnderstood(Exception):  # noqa: N818
    """Why a title has no meaning, and the remedy; becomes a line of a SheetError."""


def _column(index: int, title: str, wishes: Wishes, known: Mapping[str, Role]) -> Column:
    meaning = wishes.meanings.get(fold(title), title)
    kind, colon, rest = meaning.partition(":")
    if _names_a_person(fold(rest if colon else meaning)):
        raise _NotUnderstood(
            worded("Outreach keeps no names of people. Leave it out: --skip %(title)s", title=_quoted(title))
        )
    if colon and fold(kind) in FIELDS:
        return Column(index, title, Role(fold(kind)), _usable(field_name(rest)))
    if role := _ROLE_OF.get(fold(meaning)):
        return Column(index, title, role)
    name = field_name(meaning)
    if name in known:
        return Column(index, title, known[name], name)
    raise _NotUnderstood(_unknown(title, meaning, known))


def _usable(name: str) -> str:
    if not re.fullmatch(FIELD_NAME, name):
        raise _NotUnderstood(worded("the name of a field is letters a-z, digits and _, and begins with a letter."))
    return name


def _unknown(title: str, meaning: str, known: Mapping[str, Role]) -> str:
    close = get_close_matches(fold(meaning), [*_ROLE_OF, *(name.replace("_", " ") for name in known)], n=1, cutoff=0.75)
    guess = _ROLE_OF.get(close[0], close[0].replace(" ", "_")) if close else ""
    meant = worded("Did you mean %(guess)s?", guess=guess) if guess else ""
    example = guess or f"text:{field_name(title) or 'district'}"
    quoted = _quoted(f"{title}={example}")
    how = worded("Say --map %(mapped)s, or leave it out: --skip %(title)s", mapped=quoted, title=_quoted(title))
    return join(worded("not a column that is known."), meant, how)


def _all_there(wishes: Wishes, folded: Sequence[str]) -> None:
    for title in [*wishes.meanings, *wishes.skipped]:
        if title not in folded:
            close = get_close_matches(title, folded, n=1)
            meant = worded("Did you mean %(guess)s?", guess=_quoted(close[0])) if close else ""
            lacks = worded(
                "--map or --skip names the column %(title)s, which the table does not have.", title=_quoted(title)
            )
            raise SheetError(join(lacks, meant))


def _letters(number: int) -> str:
    """The name that spreadsheets give a column: 1 is A, 27 is AA."""
    name = ""
    while number:
        number, place = divmod(number - 1, 26)
        name = chr(ord("A") + place) + name
    return name


def _each_once(columns: Sequence[Column]) -> None:
    seen: dict[str, str] = {}
    for column in columns:
        meaning = column.name or column.role.value
        if meaning in seen:
            first, second = _quoted(seen[meaning]), _quoted(column.title)
            twice = {"meaning": meaning, "first": first, "second": second}
            raise SheetError(
                worded(
                    "Two columns mean %(meaning)s: %(first)s and %(second)s. Leave one out: --skip %(second)s", **twice
                )
            )
        seen[meaning] = column.title
    if Role.PHONE not in seen:
        raise SheetError(
            worded('No column holds the phone number. Call one "phone", or say which it is: --map "Tel no=phone"')
        )


def _names_a_person(folded: str) -> bool:
    words = set(folded.split())
    return bool(words & _NAME) and words <= _OF_A_PERSON


def _quoted(title: str) -> str:
    return '"' + title.replace('"', "'")[:60] + '"'
