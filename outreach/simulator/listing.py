"""Pages of Twilio's message list: which messages are asked for, and the frame in which they are answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from outreach.simulator.journal import Journal
from outreach.simulator.messages import Kind, Message

LARGEST_PAGE = 1000
USUAL_PAGE = 50

_SENT = "status NOT IN ('accepted', 'queued') AND updated_at"


@dataclass(frozen=True, slots=True)
class Page:
    """What one list call asks for. `before`: only messages with a smaller row id (the page token)."""

    path: str
    query: tuple[tuple[str, str], ...]
    number: int
    size: int
    before: int | None


def asked(path: str, query: Iterable[tuple[str, str]]) -> Page:
    """Read a list call."""
    pairs = tuple(query)
    values = dict(pairs)
    token = values.get("PageToken", "").removeprefix("PA")
    return Page(
        path=path,
        query=tuple(pair for pair in pairs if pair[0] not in {"Page", "PageToken"}),
        number=_whole(values.get("Page", ""), 0),
        size=min(LARGEST_PAGE, max(1, _whole(values.get("PageSize", ""), USUAL_PAGE))),
        before=_whole(token, 0) or None,
    )


async def found(journal: Journal, page: Page) -> list[tuple[int, Message]]:
    """The page's messages with their row ids, the newest first, and one more if there is a next page.

    Raises ValueError for a date that is none.
    """
    bounds: list[tuple[str, object]] = [("kind = ?", Kind.SMS)]
    for name, value in page.query:
        bounds += _bounds(name, value)
    if page.before is not None:
        bounds.append(("id < ?", page.before))
    wheres = " AND ".join(where for where, _ in bounds)
    return await journal.numbered(
        f"WHERE {wheres} ORDER BY id DESC LIMIT {page.size + 1}", *(value for _, value in bounds)
    )


def frame(page: Page, rows: list[dict[str, Any]], last: int | None) -> dict[str, Any]:
    """Twilio's page around its rows; `last` is the row id of the last one if there is a next page."""
    first = f"{page.path}?{urlencode([*page.query, ('Page', '0')])}"
    after = [*page.query, ("Page", str(page.number + 1)), ("PageToken", f"PA{last}")]
    start = page.number * page.size
    return {
        "first_page_uri": first,
        "next_page_uri": f"{page.path}?{urlencode(after)}" if last else None,
        "previous_page_uri": None,  # nobody walks backwards
        "uri": first,
        "page": page.number,
        "page_size": page.size,
        "start": start,
        "end": max(start, start + len(rows) - 1),
        "messages": rows,
    }


def _bounds(name: str, value: str) -> list[tuple[str, object]]:
    """Conditions for one parameter. A message counts as sent once it was taken, so that it is found at once."""
    if name in {"To", "From"}:
        column = "recipient" if name == "To" else "sender"
        return [(f"{column} = ?", value)]
    if name not in {"DateSent", "DateSent<", "DateSent>"}:
        return []
    start = datetime.fromisoformat(value)
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    # The official library writes a day as its midnight.
    end = start + (timedelta(days=1) if start.time() == time() else timedelta(seconds=1))
    bounds: list[tuple[str, object]] = []
    if name != "DateSent<":
        bounds.append(("taken_at >= ?", start.timestamp()))
    if name != "DateSent>":
        bounds.append(("taken_at < ?", end.timestamp()))
    return bounds


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() else otherwise
