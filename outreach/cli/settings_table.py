"""The README's settings table, made from the settings themselves: `python -m outreach.cli.settings_table README.md`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, TypeAdapter
from pydantic.fields import FieldInfo

from outreach.channels.registry import REGISTRY
from outreach.settings import Settings

BEGIN = "<!-- settings: written by `make readme` -->"
END = "<!-- /settings -->"
_DURATION = TypeAdapter(timedelta)


def table() -> str:
    """Markdown: every setting's name, default and sentence; then the settings of each provider."""
    rows = [*_rows("OUTREACH_", Settings)]
    for provider in REGISTRY.values():
        rows += _rows(f"OUTREACH_PROVIDERS__{provider.name.upper()}__", provider.Options)
    return "\n".join(["| setting | default | what it is |", "|---|---|---|", *rows])


def written_into(text: str) -> str:
    """A README's text with the table between its markers made anew. Raises ValueError when a marker is missing."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The file lacks the markers {BEGIN} and {END}: put them where the table belongs.")
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def _rows(prefix: str, model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"| `{prefix}{name.upper()}` | {_default(field)} | {_cell(field.description or '')} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    text = _spelled(field.get_default(call_default_factory=True, validated_data={}))
    return f"`{_cell(text)}`" if text else ""


def _spelled(value: Any) -> str:
    """A default as one would write it into `.env`."""
    match value:
        case None | "" | SecretStr():  # a secret's default is never shown
            return ""
        case timedelta():
            return str(_DURATION.dump_python(value, mode="json"))
        case dict() | list() | tuple():
            return json.dumps(value, ensure_ascii=False) if value else ""
        case _:
            return str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main(arguments: Sequence[str]) -> int:
    """Rewrite the table in each file named."""
    for name in arguments:
        path = Path(name)
        path.write_text(written_into(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
