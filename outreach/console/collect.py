"""`make words`: collect the texts of pages and code, and bring every catalogue up to date with them.

Each large noun has a catalogue of its own (`words/fr/inbox.po`: what stands in `inbox*.py` and `pages/inbox*.html`),
the rest is in `console.po`. A text that is new stands there without its translation, unless another catalogue of the
language has it; one that is gone is removed. The tests ask for catalogues that are whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from outreach.console.words import FOLDER, LANGUAGES

HERE = Path(__file__).parent
PRODUCT = HERE.parent
REST = "console"
FAULTS = "faults"  # what lower floors say with `errors.worded`
NOUNS = (FAULTS, "alerts", "campaigns", "inbox", "people", "reports", "reveals", "settings", "understand")

_KEYWORDS = {"worded": None, "_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}
_SOURCES = (("*.py", "python"), ("pages/*.html", "jinja2.ext:babel_extract"))
_OPTIONS = {"trimmed": "true", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}


def collected() -> dict[str, Catalog]:
    """Every text by catalogue, with the files where it stands (without lines: they would change with every edit)."""
    found = {noun: Catalog(charset="utf-8", fuzzy=False) for noun in (REST, *NOUNS)}
    for path, message, comments in _texts():
        noun = re.split(r"[._]", path.name)[0]
        ours = path.is_relative_to(HERE)
        noun = (noun if noun in NOUNS else REST) if ours else FAULTS
        place = path.relative_to(HERE if ours else PRODUCT).as_posix()
        found[noun].add(message, locations=[(place, 0)], auto_comments=comments)
    return found


def _texts() -> Iterator[tuple[Path, str | tuple[str, ...], list[str]]]:
    for path in sorted(PRODUCT.rglob("*.py")):
        if path.is_relative_to(HERE) or "errors import" not in path.read_text(encoding="utf-8"):
            continue  # whatever words a sentence imports that from there
        for _, message, comments, _ in extract_from_file("python", path, {"worded": None}):
            yield path, message, comments
    for pattern, method in _SOURCES:
        for path in sorted(HERE.glob(pattern)):
            for _, message, comments, _ in extract_from_file(method, path, _KEYWORDS, ["For translators:"], _OPTIONS):
                yield path, message, comments


def brought_up_to_date(language: str, known: dict[str, Catalog]) -> dict[str, Catalog]:
    """A language's catalogues with the texts of today; `known`: as they were."""
    elsewhere = {message.id: message.string for each in known.values() for message in each if _whole(message.string)}
    made = {}
    for noun, texts in collected().items():
        catalogue = made[noun] = Catalog(locale=language, charset="utf-8", fuzzy=False)
        own = known.get(noun, Catalog(locale=language))
        for message in texts:
            if not message.id:
                continue
            mine = own.get(message.id)
            string = mine.string if mine is not None and _whole(mine.string) else elsewhere.get(message.id, "")
            catalogue.add(message.id, string, message.locations, message.flags, message.auto_comments)
    return made


def _whole(string: str | tuple[str, ...] | list[str] | None) -> bool:
    return bool(string) and all(string or "")


def read(language: str) -> dict[str, Catalog]:
    """A language's catalogues as they are."""
    found = {}
    for file in sorted((FOLDER / language).glob("*.po")):
        with file.open("rb") as source:
            found[file.stem] = read_po(source, locale=language)
    return found


def main() -> None:
    """Write the catalogues."""
    for language in LANGUAGES:
        if language == "en":
            continue
        (FOLDER / language).mkdir(parents=True, exist_ok=True)
        for noun, catalogue in brought_up_to_date(language, read(language)).items():
            if len(catalogue):
                with (FOLDER / language / f"{noun}.po").open("wb") as sink:
                    write_po(sink, catalogue, width=110, omit_header=True, include_lineno=False, sort_output=True)


if __name__ == "__main__":
    main()
