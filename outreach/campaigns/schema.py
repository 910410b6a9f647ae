"""The JSON Schema of a campaign's file, for editors that complete and check while one writes.

Campaigns name it in their first line: `# yaml-language-server: $schema=campaign.schema.json`.
"""

from __future__ import annotations

import json
from typing import Any

from outreach.campaigns.definition import json_schema

FILE = "campaign.schema.json"

_WAYS = "`at` alone with a day and a time; or `every`, `before` or `after`, with the time of day in `at`."


def schema() -> dict[str, Any]:
    """The schema (draft 2020-12). Where two places contradict each other is left to `outreach check`."""
    published = _tidy(json_schema())
    step = published["$defs"]["Step"]
    step["description"] += " " + _WAYS
    step["oneOf"] = [_timing(key) for key in ("every", "before", "after")]
    step["oneOf"].append({"properties": {"at": {"pattern": "^.{11,}$"}} | _without("every", "before", "after", "from")})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **published, "title": "An Outreach campaign"}


def text() -> str:
    """The schema as the file that is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _timing(key: str) -> dict[str, Any]:
    """One way of timing a step by something else than a day in `at`."""
    others = {"every", "before", "after"} - {key}
    banned = _without(*others, *(() if key == "every" else ("from",)))
    return {"required": [key], "properties": {"at": {"pattern": "^.{5,8}$"}} | banned}


def _without(*keys: str) -> dict[str, bool]:
    return dict.fromkeys(sorted(keys), False)


def _tidy(part: Any) -> Any:
    """Without pydantic's titles, and without null: in a file, what is not said is left out."""
    if isinstance(part, list):
        return [_tidy(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _tidy(value) for key, value in part.items() if not _noise(key, value)}
    options = kept.get("anyOf", [])
    if {"type": "null"} not in options:
        return kept
    del kept["anyOf"]
    real = [option for option in options if option != {"type": "null"}]
    return {**(real[0] if len(real) == 1 else {"anyOf": real}), **kept}


def _noise(key: str, value: Any) -> bool:
    """Whether a keyword says nothing to somebody who writes a campaign. A key that happens to be called so is kept."""
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)
