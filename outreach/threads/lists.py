"""The lists of the inbox: who waits, what is mine, everything open, what is closed; a page at a time.

Urgent threads first, then those that no text settles (perhaps a wish to stop, or she wants to be called), then whoever
waits longest; closed ones newest first. A page goes on after the last thread of the one before, so that the thousandth
costs what the first cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, ScalarSelect, func, literal, select, tuple_
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience.tables import Person
from outreach.errors import NotFoundError
from outreach.store import loose
from outreach.threads.inbox import Summary, summary
from outreach.threads.tables import CLOSED, WAITS, Thread

PAGE = 25
#: Counting stops here: more than this is shown as "999+".
MOST_COUNTED = 1000
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class List(StrEnum):
    """Which threads."""

    WAITING = "waiting"
    MINE = "mine"  # open ones that are in my hands
    ALL = "all"  # every open one
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Only threads of this programme, topic, language; `free`: only those that nobody has; `call`: only those
    of people who want to be called. Empty: all.
    """

    programme: str = ""
    topic: str = ""
    language: str = ""
    free: bool = False
    call: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL."""
        named = ((Thread.programme, self.programme), (Thread.topic, self.topic), (Thread.language, self.language))
        found: list[ColumnElement[bool]] = [column == value for column, value in named if value]
        found += [Thread.assignee == ""] if self.free else []
        return [*found, Thread.wants_call.is_(True)] if self.call else found


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page ended. It travels in addresses, so it says nothing of a person."""

    place: int
    since: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.place}-{(self.since - _EPOCH) // _MICROSECOND}-{self.id}"

    @classmethod
    def read(cls, text: str) -> Mark:
        """Raises NotFoundError when it is none."""
        try:
            place, since, thread_id = (int(part) for part in text.split("-"))
            mark = cls(place, _EPOCH + since * _MICROSECOND, thread_id)
        except (ValueError, OverflowError):
            raise NotFoundError("There is no such place in the list. Begin at its start.") from None
        if not (0 <= place <= CLOSED and 0 <= thread_id < 2**63):
            raise NotFoundError("There is no such place in the list. Begin at its start.")
        return mark


@dataclass(frozen=True, slots=True)
class Page:
    """Some threads of a list, and where it goes on, if it does."""

    threads: list[Summary]
    after: Mark | None


def page(
    session: Session, which: List, me: str, wanted: Wanted = EVERYTHING, *, after: Mark | None = None, size: int = PAGE
) -> Page:
    """A page of a list. `me`: whose threads are mine."""
    key, falling = (Thread.place, Thread.since, Thread.id), which is List.CLOSED
    query = select(Thread, Person, Thread.place, Thread.since).join(Person, Person.id == Thread.person_id)
    query = query.where(*_which(which, me), *wanted.conditions())
    if after is not None:
        mark = tuple_(literal(after.place), literal(after.since, Thread.since.type), literal(after.id))
        query = query.where(tuple_(*key) < mark if falling else tuple_(*key) > mark)
    query = query.order_by(*(column.desc() if falling else column for column in key)).limit(size + 1)
    rows = session.execute(query).all()
    gone = consent.stopped(session, [row.Person.id for row in rows])
    found = [summary(row.Thread, row.Person, row.Person.id in gone) for row in rows[:size]]
    last = rows[size - 1] if len(rows) > size else None
    return Page(found, Mark(last.place, last.since, last.Thread.id) if last else None)


def counts(session: Session, me: str, wanted: Wanted = EVERYTHING) -> dict[List, int]:
    """How many threads each list has, up to `MOST_COUNTED`."""
    row = session.execute(select(*(_count(which, me, wanted) for which in List))).one()
    return dict(zip(List, row, strict=True))


def _count(which: List, me: str, wanted: Wanted) -> ScalarSelect[int]:
    some = select(Thread.id).where(*_which(which, me), *wanted.conditions()).limit(MOST_COUNTED)
    return select(func.count()).select_from(some.subquery()).scalar_subquery()


def _which(which: List, me: str) -> Sequence[ColumnElement[bool]]:
    match which:
        case List.WAITING:
            return [Thread.place <= WAITS]
        case List.MINE:
            return [Thread.place < CLOSED, Thread.assignee == me]
        case List.ALL:
            return [Thread.place < CLOSED]
        case List.CLOSED:
            return [Thread.place == CLOSED]


def neighbours(session: Session, which: List, me: str, thread_id: int, wanted: Wanted = EVERYTHING) -> tuple[int, int]:
    """The threads before and after one in a list; 0 where there is none. It need not be in the list itself any more."""
    here = session.execute(select(Thread.place, Thread.since).where(Thread.id == thread_id)).first()
    if here is None:
        return 0, 0
    key = tuple_(Thread.place, Thread.since, Thread.id)
    mark = tuple_(literal(here.place), literal(here.since, Thread.since.type), literal(thread_id))
    falling = which is List.CLOSED
    return (
        _next(session, which, me, wanted, key > mark if falling else key < mark, falling=not falling),
        _next(session, which, me, wanted, key < mark if falling else key > mark, falling=falling),
    )


def _next(session: Session, which: List, me: str, wanted: Wanted, beyond: ColumnElement[bool], *, falling: bool) -> int:
    order = [column.desc() if falling else column for column in (Thread.place, Thread.since, Thread.id)]
    query = select(Thread.id).where(*_which(which, me), *wanted.conditions(), beyond).order_by(*order).limit(1)
    return session.scalar(query) or 0


_CHOICES = ("programme", "topic", "language")


def choices(session: Session) -> dict[str, list[str]]:
    """What lists can be narrowed to: the programmes, topics and languages that threads have."""
    found = loose.values(session, Thread.programme, Thread.topic, Thread.language, most=loose.MOST)
    return {name: [each for each in some if each] for name, some in zip(_CHOICES, found, strict=True)}
