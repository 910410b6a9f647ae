"""An audience as a form shows it: groups that must all hold, each of rows of which one must.

Every filter that staff write by hand most days has such a form; one that nests deeper has none, and is edited as text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from outreach.campaigns.source import Plain

LISTS = ("language", "zone", "country")
KINDS = ("tag", "field", *LISTS)
COMPARISONS = ("is", "in", "above", "below", "before", "after", "present", "absent")

_NUMBER = re.compile(r"[-+]?\d{1,18}|[-+]?\d{1,18}\.\d{1,9}")
_LISTED = re.compile(r'\s*(?:"([^"]*)"|([^,]*?))\s*(?:,|$)')


@dataclass(frozen=True, slots=True)
class Row:
    """One condition. `name`: the tag or the field; `value`: texts in quotes where they look like a number."""

    kind: str
    name: str = ""
    comparison: str = ""
    value: str = ""
    negated: bool = False


Groups = tuple[tuple[Row, ...], ...]


def of(written: Plain) -> Groups | None:
    """The form of a filter; None where there is none."""
    if isinstance(written, dict) and list(written) == ["all"] and isinstance(written["all"], list):
        groups = [_groups(each) for each in written["all"]]
    else:
        groups = [_groups(written)]
    if any(each is None for each in groups):
        return None
    return tuple([group for each in groups for group in each or ()])


def filter_of(groups: Groups) -> dict[str, Plain]:
    """The filter that a form means, as it is written."""
    written = [_any(group) for group in groups if group]
    if len(written) == 1 and "any" in written[0]:
        return written[0]
    return {"all": [*written]}


def _any(group: Sequence[Row]) -> dict[str, Plain]:
    rows: list[Plain] = [_written(row) for row in group]
    first = rows[0]
    return first if len(rows) == 1 and isinstance(first, dict) else {"any": rows}


def _groups(written: Plain) -> Groups | None:
    """One entry of the outer list: a row, a choice of rows, or a field with several comparisons that must all hold."""
    if not isinstance(written, dict):
        return None
    if list(written) == ["any"] and isinstance(written["any"], list):
        found = [_rows(each) for each in written["any"]]
        if not found or any(len(each) != 1 for each in found):
            return None
        return (tuple([each[0] for each in found]),)
    rows = _rows(written)
    return tuple([(row,) for row in rows]) or None


def _rows(written: Plain) -> list[Row]:
    """The rows that one filter comes to; none where no row can show it."""
    if not isinstance(written, dict):
        return []
    if list(written) == ["not"]:
        inner = _rows(written["not"])
        return [replace(inner[0], negated=True)] if len(inner) == 1 and not inner[0].negated else []
    if list(written) == ["tag"] and isinstance(written["tag"], str):
        return [Row("tag", written["tag"])]
    if "field" in written:
        name = written["field"]
        compared = [(key, value) for key, value in written.items() if key != "field"]
        rows = [_compared(str(name), key, value) for key, value in compared]
        return [row for row in rows if row] if all(rows) and isinstance(name, str) else []
    kind = next(iter(written), "")
    values = written.get(kind)
    if len(written) == 1 and kind in LISTS and isinstance(values, list) and all(isinstance(v, str) for v in values):
        return [Row(kind, value=", ".join(map(str, values)))]
    return []


def _compared(name: str, key: str, value: Plain) -> Row | None:
    if key == "present" and isinstance(value, bool):
        return Row("field", name, "present" if value else "absent")
    if key == "in" and isinstance(value, list):
        return None if any(_spelled(each) is None for each in value) else Row("field", name, key, _joined(value))
    spelled = _spelled(value)
    return Row("field", name, key, spelled) if key in COMPARISONS and spelled is not None else None


def _written(row: Row) -> Plain:
    if row.negated:
        return {"not": _written(replace(row, negated=False))}
    if row.kind == "tag":
        return {"tag": row.name}
    if row.kind in LISTS:
        return {row.kind: [str(each) for each in _values(row.value, numbers=False)]}
    if row.comparison in {"present", "absent"}:
        return {"field": row.name, "present": row.comparison == "present"}
    values = _values(row.value, numbers=row.comparison not in {"before", "after"})
    if row.comparison == "in":
        return {"field": row.name, "in": values}
    return {"field": row.name, row.comparison: _single(row.value, values)}


def _single(text: str, values: list[Plain]) -> Plain:
    return values[0] if len(values) == 1 else text.strip()


def _values(text: str, *, numbers: bool) -> list[Plain]:
    """The values of a comma-separated text; what stands in quotes is a text whatever it looks like."""
    found: list[Plain] = []
    for match in _LISTED.finditer(text):
        quoted, bare = match.groups()
        if quoted is not None:
            found.append(quoted)
        elif bare:
            found.append(_number(bare) if numbers and _NUMBER.fullmatch(bare) else bare)
    return found


def _number(text: str) -> Plain:
    return float(text) if "." in text else int(text)


def _joined(values: Sequence[Plain]) -> str:
    return ", ".join(_spelled(each) or "" for each in values)


def _spelled(value: Plain) -> str | None:
    """A value as the form shows it; None where the form cannot."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if not isinstance(value, str):
        return str(value) if _NUMBER.fullmatch(str(value)) else None
    if '"' in value or "\n" in value:
        return None
    odd = value != value.strip() or not value or "," in value or _NUMBER.fullmatch(value)
    return f'"{value}"' if odd else value
