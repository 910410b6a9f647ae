"""Names that the clinic listed in `names.txt` of its workspace: one a line, `#` begins a remark.

Only those, and only as whole words: which of her patients' names is also a word ("Grace", "Imani") a clinic knows best.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from outreach.errors import SettingError
from outreach.privacy.redact.fold import fold

FILE = "names.txt"

_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[\s'.-]{1,2}")


class Names:
    """Names to look for. As quick for ten thousand names as for ten: a text's words are looked up one by one."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_first: dict[str, list[Sequence[str]]] = {}
        for name in names:
            first, *rest = _WORD.findall(fold(unicodedata.normalize("NFC", name))) or [""]
            if first:
                self._by_first.setdefault(first, []).append(rest)
        for tails in self._by_first.values():
            tails.sort(key=len, reverse=True)

    def find(self, folded: str) -> Iterator[tuple[int, int]]:
        """Where names stand in a folded text, the longest of those that begin at a word."""
        if self._by_first.keys().isdisjoint(_WORD.findall(folded)):
            return
        found, end = list(_WORD.finditer(folded)), 0
        for place, word in enumerate(found):
            tails = self._by_first.get(word.group())
            if tails is None or word.start() < end:
                continue
            last = next((last for tail in tails if (last := _last(folded, found, place, tail)) is not None), None)
            if last is not None:
                end = last.end()
                yield word.start(), end


def _last(folded: str, found: Sequence[re.Match[str]], place: int, tail: Sequence[str]) -> re.Match[str] | None:
    """The last word of a name whose first word is at `place`, if the rest of it follows."""
    words = found[place : place + 1 + len(tail)]
    if [word.group() for word in words[1:]] != list(tail):
        return None
    near = all(_BETWEEN.fullmatch(folded, one.end(), two.start()) for one, two in pairwise(words))
    return words[-1] if near else None


NOBODY = Names([])


def listed(workspace: Path) -> Names:
    """The names in a workspace's `names.txt`, read again when the file has changed; none without the file.

    Raises SettingError when it cannot be read: better no conversation than one with the names in it.
    """
    path = workspace / FILE
    try:
        stamp = path.stat()
    except FileNotFoundError:
        return NOBODY
    return _read(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, changed: int, size: int) -> Names:
    """`changed` and `size` are there for the cache: another file under the same name is read anew."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise SettingError(f"{path} cannot be read ({error.strerror}). Mend it, or remove it.") from None
    except UnicodeDecodeError:
        raise SettingError(f"{path} is not UTF-8. Save it as UTF-8.") from None
    return Names(line.partition("#")[0] for line in lines)
