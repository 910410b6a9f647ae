"""Cursors: where a list goes on. To whoever calls they are words without a meaning; none says anything of a person."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import Query

from outreach.console.api.problems import ProblemError

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
Cursor = Annotated[str, Query(max_length=200, description="`next` of the page before; left out: the first page.")]

_BIGGEST = 2**63


def pack(noun: str, place: object) -> str:
    """A cursor into a list."""
    return base64.urlsafe_b64encode(f"{noun} {place}".encode()).decode().rstrip("=")


def unpack(noun: str, cursor: str) -> str:
    """The place in a list; "" for its beginning. Raises ProblemError where it is none of this list."""
    if not cursor:
        return ""
    try:
        said = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise wrong() from None
    name, _, place = said.partition(" ")
    if name != noun or not place:
        raise wrong()
    return place


def number(noun: str, cursor: str) -> int:
    """The same where the place is an id; 0 for the beginning."""
    place = unpack(noun, cursor)
    if not place:
        return 0
    if not (place.isascii() and place.isdecimal() and int(place[:20]) < _BIGGEST):
        raise wrong()
    return int(place[:20])


def wrong() -> ProblemError:
    """What to raise."""
    return ProblemError(422, "cursor", "This is no cursor of this list. Begin without one.")
