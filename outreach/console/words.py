"""The console's languages: words from the catalogues in `words/`, numbers and times as each language writes them.

In pages: `{{ _("Send reply") }}`, `{{ ngettext("%(num)s person", "%(num)s people", n) }}`. In Python:
`visit.words.gettext(…)`; a word that is chosen later is marked with `N_`. Catalogues are the `.po` files themselves,
read once a process. `make words` collects what is new; `tests/console/test_words.py` asks for every translation.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from gettext import NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, dates, lists, negotiate_locale, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from outreach.errors import OutreachError, Worded

#: In their own words, as the choice shows them.
LANGUAGES: Mapping[str, str] = {"en": "English", "fr": "Français", "sw": "Kiswahili"}
FOLDER = Path(__file__).with_name("words")


def N_(text: str) -> str:  # noqa: N802 (the name that Babel collects)
    """Mark a text to be collected; whoever shows it translates it."""
    return text


@dataclass(frozen=True, slots=True)
class Words:
    """One language, on the clinic's clock."""

    language: str
    zone: ZoneInfo
    currency: str

    def gettext(self, text: str, **given: object) -> str:
        """A text in this language; `%(name)s` in it is filled in, and `%%` is a per cent sign, as in pages."""
        return catalogue(self.language).gettext(text) % given

    def ngettext(self, one: str, many: str, num: int, **given: object) -> str:
        """A text with a number in it: `%(num)s`."""
        found = catalogue(self.language).ngettext(one, many, num)
        return found % {"num": self.number(num), **given}

    def said(self, text: str) -> str:
        """What a lower floor says (`errors.worded`); text that is no such sentence stays as it is."""
        if not isinstance(text, Worded) or not text:
            return text
        facts = {name: self.said(each) if isinstance(each, str) else each for name, each in text.facts.items()}
        return catalogue(self.language).gettext(text.pattern) % facts

    def told(self, error: OutreachError) -> str:
        """What an error says."""
        return self.said(error.args[0])

    @property
    def locale(self) -> Locale:
        """Babel's."""
        return _locale(self.language)

    def number(self, number: float) -> str:
        """1,204."""
        return _number(number, self.language)

    def percent(self, share: float) -> str:
        """94%; `share` of 1."""
        return _percent(share, self.language)

    def money(self, amount: float) -> str:
        """With the clinic's currency."""
        return _money(amount, self.currency, self.language)

    def moment(self, at: datetime) -> str:
        """The exact time at the clinic: Tue, 3 Nov 2026, 14:05."""
        here = at.astimezone(self.zone)
        return f"{self.day(here.date())}, {dates.format_time(here, 'HH:mm', locale=self.locale)}"

    def day(self, day: date) -> str:
        """Tue, 3 Nov 2026."""
        return self.day_as(day, "yMMMEd")

    def day_as(self, day: date, skeleton: str) -> str:
        """A day written with the parts that a skeleton of CLDR names: yMMMd, yMMMM."""
        return _date(day, skeleton, self.language)

    def clock(self, at: datetime) -> str:
        """14:05."""
        return dates.format_time(at.astimezone(self.zone), "HH:mm", locale=self.locale)

    def ago(self, at: datetime, now: datetime) -> str:
        """5 minutes ago; in 2 hours; the day itself when it is more than a week away."""
        away = at - now
        if abs(away) > timedelta(days=7):
            return self.day(at.astimezone(self.zone).date())
        if abs(away) < timedelta(seconds=45):
            return self.gettext("just now")
        return dates.format_timedelta(away, granularity="minute", add_direction=True, threshold=1.2, locale=self.locale)

    def span(self, long: timedelta) -> str:
        """5 minutes; 2 days."""
        return dates.format_timedelta(long, granularity="minute", threshold=1.2, locale=self.locale)

    def listed(self, names: Sequence[str]) -> str:
        """A, B and C."""
        return lists.format_list(list(names), locale=self.locale)


# What tables are full of: Babel takes 20 to 60 microseconds for each, and a page of a report has thousands.


@cache
def _locale(language: str) -> Locale:
    return Locale.parse("en_GB" if language == "en" else language)


@lru_cache(maxsize=10_000, typed=True)
def _number(number: float, language: str) -> str:
    return numbers.format_decimal(number, locale=_locale(language))


@lru_cache(maxsize=2_000, typed=True)
def _percent(share: float, language: str) -> str:
    return numbers.format_percent(share, locale=_locale(language))


@lru_cache(maxsize=10_000, typed=True)
def _money(amount: float, currency: str, language: str) -> str:
    return numbers.format_currency(amount, currency, locale=_locale(language))


@lru_cache(maxsize=4_000)
def _date(day: date, skeleton: str, language: str) -> str:
    return dates.format_skeleton(skeleton, day, locale=_locale(language))


@cache
def catalogue(language: str) -> NullTranslations:
    """The words of a language, read from its files; English is what stands in the code."""
    if language == "en":
        return NullTranslations()
    whole = Translations()
    for file in sorted((FOLDER / language).glob("*.po")):
        with file.open("rb") as source:
            read = read_po(source, locale=language, abort_invalid=True)
        packed = io.BytesIO()
        write_mo(packed, read)
        packed.seek(0)
        whole.merge(Translations(packed))
    return whole


def choose(chosen: str, accepted: str, default: str) -> str:
    """A language: the member's choice, else what the browser accepts (`Accept-Language`), else the clinic's."""
    if chosen in LANGUAGES:
        return chosen
    wanted = []
    for each in accepted.split(",")[:20]:
        tag, _, quality = each.strip().partition(";q=")
        wanted.append((_share(quality), tag.replace("-", "_")))
    ranked = [tag for share, tag in sorted(wanted, key=lambda pair: -pair[0]) if share > 0]
    found = negotiate_locale(ranked, list(LANGUAGES)) if ranked else None
    return found or (default if default in LANGUAGES else "en")


def _share(quality: str) -> float:
    try:
        return float(quality or 1)
    except ValueError:
        return 0.0
