"""Turns what pydantic says of a file into faults: where it stands, what is wrong in plain words, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from outreach.campaigns.source import Path_, Plain, Source
from outreach.errors import Fault, join, worded

Schema = dict[str, Any]

_COMPARE = worded("Compare it with one of the shipped campaigns.")

_TYPES = {
    "string_type": worded("a text; put quotes around it"),
    "int_type": worded("a whole number"),
    "float_type": worded("a number"),
    "bool_type": worded("true or false"),
    "tuple_type": worded("a list such as [one, two]"),
    "model_type": worded("keys with values, such as {key: value}"),
}
_PATTERNS = {
    r"^[a-z0-9][a-z0-9-]{0,59}$": worded("Use small letters, digits and hyphens, at most 60."),
    r"^[a-z][a-z0-9_]{0,63}$": worded("Use small letters, digits and _, with a letter first."),
    r"^[a-z]{2,3}$": worded("Use a language's code of two or three small letters: en, fr, sw."),
    r"^[A-Z]{2}$": worded("Use a country's code of two capital letters: KE, NG."),
}
_BOUNDS: dict[str, tuple[str, str, Callable[[object], str]]] = {
    "greater_than_equal": (worded("is too small"), "ge", lambda n: worded("The least is %(number)s.", number=n)),
    "less_than_equal": (worded("is too large"), "le", lambda n: worded("The most is %(number)s.", number=n)),
    "too_short": (
        worded("has too few entries"),
        "min_length",
        lambda n: worded("Give it %(number)s at least.", number=n),
    ),
    "too_long": (worded("has too many entries"), "max_length", lambda n: worded("It may have %(number)s.", number=n)),
    "string_too_short": (
        worded("is too short"),
        "min_length",
        lambda n: worded("Its least length is %(number)s.", number=n),
    ),
    "string_too_long": (
        worded("is too long"),
        "max_length",
        lambda n: worded("At most %(number)s characters.", number=n),
    ),
}


def explained(error: ValidationError, source: Source, schema: Schema) -> list[Fault]:
    """Every fault of a file. `schema`: the JSON Schema of what the file should say."""
    details = error.errors(include_url=False)
    types: dict[Path_, list[str]] = {}
    faults: list[Fault] = []
    for detail in details:
        path = _path(detail["loc"], source.value)
        if wanted := _TYPES.get(detail["type"]):
            types.setdefault(path, []).append(wanted)
        elif not _echoes(detail, details):
            place = (source.keys if detail["type"] == "extra_forbidden" else source.values)[path]
            faults.append(source.fault(place, *_words(detail, path, source.value, schema)))
    for path, wanteds in types.items():
        faults.append(
            source.fault(
                source.values[path],
                worded("%(named)s is of the wrong type.", named=_named(path)),
                worded("Give it %(what)s.", what=_either(wanteds)),
            )
        )
    return list(dict.fromkeys(faults))


def near(wrong: str, known: Iterable[str]) -> str:
    """Which known word was meant, as a question; empty if none is near."""
    found = difflib.get_close_matches(wrong.lower(), sorted(known), n=1, cutoff=0.6)
    return worded("Did you mean `%(word)s`?", word=found[0]) if found else ""


def _suggestion(wrong: str, known: Iterable[str]) -> str:
    listed = ", ".join(sorted(known)) or worded("nothing")
    return near(wrong, known) or worded("Known here: %(words)s.", words=listed)


def _either(wanteds: Sequence[str]) -> str:
    return reduce(lambda one, other: worded("%(one)s or %(other)s", one=one, other=other), wanteds)


def _words(detail: ErrorDetails, path: Path_, value: Plain, schema: Schema) -> tuple[str, str]:
    """Problem and remedy of one error that is not about a type."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return worded("%(named)s is not known here.", named=_named(path)), _suggestion(
            str(path[-1]), _keys(schema, path[:-1])
        )
    if kind == "missing":
        key = str(detail["loc"][-1])
        return _missing(key, path), worded("Add it%(example)s.", example=_example(schema, (*path, key)))
    if kind == "enum":
        words = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
        return worded("%(named)s: %(what)s is not known.", named=_named(path), what=repr(detail["input"])), _suggestion(
            str(detail["input"]), words
        )
    if kind == "string_pattern_mismatch":
        otherwise = worded("Write it otherwise%(example)s.", example=_example(schema, path))
        return worded(
            "%(named)s: %(what)s is not written as it must be.", named=_named(path), what=repr(detail["input"])
        ), _PATTERNS.get(context["pattern"], otherwise)
    if kind == "filter":
        return worded("This is not a filter."), _filter_remedy(
            _inside(value, path), context["remedy"], _keys(schema, path)
        )
    if kind in _BOUNDS:
        problem, bound, mended = _BOUNDS[kind]
        return worded("%(named)s %(problem)s.", named=_named(path), problem=problem), mended(context[bound])
    return context.get("problem", detail["msg"]), context.get("remedy", _COMPARE)


def _filter_remedy(written: Plain, rule: str, known: set[str]) -> str:
    unknown = [key for key in written if key not in known] if isinstance(written, dict) else []
    return join(_suggestion(unknown[0], known), rule) if unknown else rule


def _echoes(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Whether an error only repeats one inside: a list counts as empty when its one entry is wrong."""
    depth = len(detail["loc"])
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == detail["loc"] for other in details
    )


def _path(loc: tuple[str | int, ...], value: Plain) -> Path_:
    """The part of pydantic's location that is in the file: no names of a union's members, no missing keys."""
    path: list[str | int] = []
    for part in loc:
        if _has(value, part):
            path.append(part)
            value = _inside(value, (part,))
    return tuple(path)


def _has(value: Plain, part: str | int) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _inside(value: Plain, path: Path_) -> Plain:
    for part in path:
        if isinstance(value, dict):
            value = value[str(part)]
        elif isinstance(value, list):
            value = value[int(part)]
    return value


def _named(path: Path_) -> str:
    words = [part for part in path if isinstance(part, str)]
    if not words:
        return worded("The file")
    return worded("An entry of `%(name)s`", name=words[-1]) if isinstance(path[-1], int) else f"`{words[-1]}`"


def _missing(key: str, path: Path_) -> str:
    words = [part for part in path if isinstance(part, str)]
    if not words:
        return worded("`%(key)s` is missing.", key=key)
    if isinstance(path[-1], int):
        return worded("`%(key)s` is missing in an entry of `%(name)s`.", key=key, name=words[-1])
    return worded("`%(key)s` is missing in `%(name)s`.", key=key, name=words[-1])


def _example(schema: Schema, path: Path_) -> str:
    for part in _parts(schema, path):
        if examples := part.get("examples"):
            return worded(", for example %(key)s: %(value)s", key=path[-1], value=_written(examples[0]))
    return ""


def _written(example: Any) -> str:
    """An example as it would stand in the file."""
    return f'"{example}"' if isinstance(example, str) and ":" in example else str(example)


def _keys(schema: Schema, path: Path_) -> set[str]:
    """The keys that may stand at a path of the file."""
    return {key for part in _parts(schema, path) for key in part.get("properties", {})}


def _parts(schema: Schema, path: Path_) -> list[Schema]:
    """Every sub-schema that speaks of a path of the file."""
    parts = list(_members(schema, schema))
    for step in path:
        below = [_below(part, step) for part in parts]
        parts = [member for part in below if part is not None for member in _members(schema, part)]
    return parts


def _below(part: Schema, step: str | int) -> Schema | None:
    found = part.get("items") if isinstance(step, int) else part.get("properties", {}).get(step)
    return found if isinstance(found, dict) else None


def _members(schema: Schema, part: Schema) -> Iterator[Schema]:
    """The sub-schema itself and whatever it refers to or chooses from."""
    yield part
    if reference := part.get("$ref"):
        yield from _members(schema, schema["$defs"][reference.rsplit("/", 1)[-1]])
    for each in (*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())):
        yield from _members(schema, each)
