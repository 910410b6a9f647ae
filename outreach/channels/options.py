"""What the settings of all providers share: how values arrive from the environment, and how faults read."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)


class ProviderOptions(BaseModel):
    """Base of every provider's `Options`: an unknown name is a fault, a blank value counts as not given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: Any) -> Any:
        return {name: value for name, value in dict(values).items() if value not in ("", None)}


def fault(setting: str, options: type[BaseModel], error: ValidationError) -> str:
    """The first fault in one line: which setting, why, an example. The value itself is never shown."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    fields = {field.alias or key: field for key, field in options.model_fields.items()}
    why = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        why = "is required"
    if first["type"] == "extra_forbidden":
        why = f"there is no such setting; there are {', '.join(fields)}"
    full = f"{setting}__{name.upper()}" if name else setting
    examples = fields[name].examples if name in fields else None
    return f"{full}: {why}." + (f" Example: {full}={examples[0]}" if examples else "")


def _text(value: object) -> object:
    # Where all providers are given as one JSON value, a token or a short code of digits may stand there as a number.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        raise ValueError("is written as a number with a fraction; put it in quotes")
    return value


def _list(value: object) -> object:
    value = _text(value)
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [_text(part) for part in value] if isinstance(value, list) else value


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be http(s)://host, without query")
    return value.rstrip("/")


Text = Annotated[str, BeforeValidator(_text)]
Secret = Annotated[SecretStr, BeforeValidator(_text), Field(min_length=1)]
Address = Annotated[str, AfterValidator(_address)]
CommaSeparated = BeforeValidator(_list)
