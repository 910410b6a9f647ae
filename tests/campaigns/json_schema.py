"""Just enough of JSON Schema (draft 2020-12) to try the published schema with. An unknown keyword is an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any] | bool

_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
_NOTES = {"$schema", "$defs", "title", "description", "examples", "default"}


def accepts(schema: Schema, value: Any, root: dict[str, Any]) -> bool:
    """Whether a schema accepts a value. Raises KeyError for a keyword that is not known here."""
    if isinstance(schema, bool):
        return schema
    return all(_KEYWORDS[word](schema, value, root) for word in schema.keys() - _NOTES)


def _reference(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    return accepts(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, root)


def _properties(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    return all(accepts(below, value[key], root) for key, below in schema["properties"].items() if key in value)


def _closed(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    assert schema["additionalProperties"] is False
    return not isinstance(value, dict) or value.keys() <= schema["properties"].keys()


def _choices(word: str, schema: dict[str, Any], value: Any, root: dict[str, Any]) -> int:
    return sum(accepts(option, value, root) for option in schema[word])


_KEYWORDS: dict[str, Callable[[dict[str, Any], Any, dict[str, Any]], bool]] = {
    "$ref": _reference,
    "type": lambda schema, value, _: _TYPES[schema["type"]](value),
    "enum": lambda schema, value, _: value in schema["enum"],
    "pattern": lambda schema, value, _: not isinstance(value, str) or bool(re.search(schema["pattern"], value)),
    "minLength": lambda schema, value, _: not isinstance(value, str) or len(value) >= schema["minLength"],
    "maxLength": lambda schema, value, _: not isinstance(value, str) or len(value) <= schema["maxLength"],
    "minimum": lambda schema, value, _: not isinstance(value, int) or value >= schema["minimum"],
    "maximum": lambda schema, value, _: not isinstance(value, int) or value <= schema["maximum"],
    "minItems": lambda schema, value, _: not isinstance(value, list) or len(value) >= schema["minItems"],
    "maxItems": lambda schema, value, _: not isinstance(value, list) or len(value) <= schema["maxItems"],
    "items": lambda schema, value, root: (
        not isinstance(value, list) or all(accepts(schema["items"], each, root) for each in value)
    ),
    "required": lambda schema, value, _: not isinstance(value, dict) or set(schema["required"]) <= value.keys(),
    "properties": _properties,
    "additionalProperties": _closed,
    "anyOf": lambda schema, value, root: _choices("anyOf", schema, value, root) >= 1,
    "oneOf": lambda schema, value, root: _choices("oneOf", schema, value, root) == 1,
}
