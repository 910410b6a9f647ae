"""How values are written where a form puts them into a file: as the shipped campaigns write them."""

from __future__ import annotations

import json
import re

from outreach.campaigns.source import Plain

WIDEST = 100  # characters of a line, before a value is spread over several

#: Words and lengths of time that no reader of YAML, old or new, takes for anything else.
_BARE = re.compile(r"[^\W\d_][\w /.-]*|[1-9]\d{0,5}[smhd]")
_TAKEN = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"}
_UNSEEN = re.compile(r"[\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff]")


def spell(value: Plain) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{spell(key)}: {spell(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(spell(inner) for inner in value) + "]"
    return _scalar(value)


def spread(key: str, value: Plain, indent: int) -> list[str]:
    """A key with its value as lines: on one line where that is not too wide."""
    margin = " " * indent
    line = f"{margin}{spell(key)}: {spell(value)}"
    if len(line) <= WIDEST or not value or not isinstance(value, list | dict):
        return [line]
    return [f"{margin}{spell(key)}:", *_block(value, indent + 2)]


def step(value: dict[str, Plain], indent: int) -> list[str]:
    """An entry of a list of steps as lines: a dash, then a key on each line."""
    lines = [line for key, inner in value.items() for line in spread(key, inner, indent + 2)]
    return [f"{' ' * indent}- {lines[0].lstrip()}", *lines[1:]]


def _block(value: Plain, indent: int) -> list[str]:
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in spread(key, inner, indent)]
    margin = " " * indent
    items = value if isinstance(value, list) else [value]
    return [f"{margin}- {spell(inner)}" for inner in items]


def _scalar(value: Plain) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        written = repr(value)
        return written if "." in written else written.replace("e", ".0e")  # a number with a power has a point as well
    text = "" if value is None else str(value)
    if _BARE.fullmatch(text) and text.casefold() not in _TAKEN and text == text.strip():
        return text
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
