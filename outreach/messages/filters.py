"""What `|date`, `|number`, `|upper`, `|lower` and `|title` do, in each language we ship.

Names of months and the marks in numbers follow Unicode CLDR (https://cldr.unicode.org), with three changes that
keep a text in GSM-7 and so at half the price: "aout" without its circumflex, which the French spelling reform of
1990 allows; "mar." for março, because ç is not in GSM-7; a plain space where CLDR has a no-break space.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, partial

from outreach.messages.pieces import Filter

MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Manner:
    """How a language says days and numbers."""

    months: tuple[str, ...]
    day: str = "{day} {month}"
    first: str = "{day} {month}"  # the first of a month
    group: str = ","
    point: str = "."


MANNERS: Mapping[str, Manner] = {
    "en": Manner(
        months=(
            *("January", "February", "March", "April", "May", "June"),
            *("July", "August", "September", "October", "November", "December"),
        ),
    ),
    "fr": Manner(
        months=(
            *("janvier", "février", "mars", "avril", "mai", "juin"),
            *("juillet", "aout", "septembre", "octobre", "novembre", "décembre"),
        ),
        first="1er {month}",
        group=" ",
        point=",",
    ),
    "sw": Manner(
        months=(
            *("Januari", "Februari", "Machi", "Aprili", "Mei", "Juni"),
            *("Julai", "Agosti", "Septemba", "Oktoba", "Novemba", "Desemba"),
        ),
    ),
    "es": Manner(
        months=(
            *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
            *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
        ),
        day="{day} de {month}",
        first="{day} de {month}",
        group=".",
        point=",",
    ),
    "pt": Manner(
        months=(
            *("janeiro", "fevereiro", "mar.", "abril", "maio", "junho"),
            *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
        ),
        day="{day} de {month}",
        first="{day} de {month}",
        group=".",
        point=",",
    ),
}


def base(language: str) -> str:
    """The language without its region: `fr-CA` is `fr`."""
    return language.partition("-")[0].lower()


@cache
def known(language: str) -> Mapping[str, Filter]:
    """The filters of a language by name; without `date` and `number` where we do not know how it says them."""
    found: dict[str, Callable[[object], str]] = {
        "upper": lambda value: str(value).upper(),
        "lower": lambda value: str(value).lower(),
        "title": say_name,
    }
    manner = MANNERS.get(base(language))
    if manner:
        found |= {"date": partial(say_day, manner), "number": partial(say_number, manner)}
    return {name: Filter(name, apply) for name, apply in found.items()}


def say_name(value: object) -> str:
    """Each word with a capital: "anne-marie ODHIAMBO" is "Anne-Marie Odhiambo"."""
    return re.sub(r"[^\s-]+", lambda word: word[0][:1].upper() + word[0][1:].lower(), str(value))


def say_day(manner: Manner, value: object) -> str:
    """Day and month: "3 March". Takes a date, a moment, or ISO text. Raises TypeError, ValueError."""
    day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    if not isinstance(day, date):
        raise TypeError("not a day")
    pattern = manner.first if day.day == 1 else manner.day
    return pattern.format(day=day.day, month=manner.months[day.month - 1])


def say_number(manner: Manner, value: object) -> str:
    """A number with the language's marks, never rounded: it may be a dose.

    Raises TypeError, ValueError, ArithmeticError.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        raise TypeError("not a number")
    number = Decimal(str(value))
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MOST_DIGITS or number.adjusted() >= MOST_DIGITS:
        raise ValueError("not a number that fits a message")
    whole, _, rest = f"{number:,f}".partition(".")
    rest = rest.rstrip("0")
    return whole.replace(",", manner.group) + (manner.point + rest if rest else "")
