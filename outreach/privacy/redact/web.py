"""E-mail addresses and links, as they are typed and as they are spelled ("name at gmail dot com")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from outreach.privacy.redact.words import either

Place = tuple[int, int]

_POST = r"(?:gmail|gmial|yahoo|ymail|hotmail|outlook|live|icloud|proton|protonmail|aol|orange|wanadoo|laposte|sapo)"
_TOP = r"(?:com|org|net|info|edu|gov|fr|es|pt|ke|tz|ug|mz|ao|br|mx|uk|co)"
#: Countries whose addresses are written without www, as "co.ke" or before a path.
_COUNTRY = (
    r"(?:ke|tz|ug|rw|bi|za|ng|gh|et|zm|mw|mz|ao|cd|cm|ci|sn|ml|bf|bj|tg|fr|be|ch|es|mx|gt|hn|pe|co|bo|br|pt|uk|us|in)"
)
_AT = rf"(?:\s{{0,2}}[(\[{{<]?(?:@|(?<![a-z0-9]){either('at')})[)\]}}>]?\s{{0,2}})"
_DOT = rf"(?:\s{{0,2}}[(\[{{<]?(?:[.]|(?<![a-z0-9]){either('dot')})[)\]}}>]?\s{{0,2}})"
_END = r"(?![\w])"

#: The first: with its sign. The second: spelled, which needs both an "at" and a known provider or ending.
_TYPED = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_SPELLED = re.compile(
    rf"(?<![\w.+-])[\w+-]{{1,64}}+(?:(?:\.|_|\s(?:{either('dot')}|underscore)\s)[\w+-]{{1,64}}){{0,4}}"
    rf"{_AT}(?:{_POST}{_END}(?:(?:{_DOT}|\s){_TOP}{_END}){{0,2}}|[\w-]{{2,63}}{_DOT}{_TOP}{_END}(?:{_DOT}{_TOP}{_END})?)"
    r"|(?<![\w.+-])[\w.+-]{1,64}\s?[(\[{<](?:at|arroba|arobase|@)[)\]}>]\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
)
_SIGN = re.compile(
    r"@|[(\[{<](?:at|arroba|arobase)[)\]}>]"
    rf"|(?<![a-z0-9]){either('at')}\s{{1,2}}(?:{_POST}|[\w-]{{2,63}}{_DOT}{_TOP}){_END}"
)

#: With its scheme or www; a bare host with a path; a bare host under a common ending; an ending that is spelled.
_LINK = re.compile(
    r"(?:https?:/{0,2}|(?<!\w)www\s?\.\s?)\S*[\w/=&#%+-]"
    rf"|(?<![\w.-])(?:[\w-]{{1,63}}\.){{1,5}}(?:{_TOP}|{_COUNTRY}|me|ly|gl|io|be|app|link|cc)/\S*"
    rf"|(?<![\w.-])(?:[\w-]{{1,63}}\.){{1,5}}(?:(?:co|or|go|ac|ne|org|com|gob|gov|gouv|edu)\.{_COUNTRY}|com|org|net|info)"
    r"(?![\w-])"
    rf"|(?<![\w.-])[\w-]{{2,63}}\s{either('dot')}\s(?:com|org|net|info|co\s{either('dot')}\s{_COUNTRY}){_END}"
)
_SPOKEN_DOT = re.compile(rf"\s{either('dot')}\s")


def emails(folded: str) -> Iterator[Place]:
    """Where e-mail addresses stand in a folded text."""
    if not _SIGN.search(folded):
        return
    typed = [match.span() for match in _TYPED.finditer(folded)]
    yield from typed or (match.span() for match in _SPELLED.finditer(folded))


def links(folded: str) -> Iterator[Place]:
    """Where links stand in a folded text."""
    if "." in folded or "http" in folded or _SPOKEN_DOT.search(folded):
        yield from (match.span() for match in _LINK.finditer(folded))
