"""What falls due where: people whose clocks and hours are the same hear a step at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal, select, union_all
from sqlalchemy.orm import Session

from outreach.audience.hours import Hours, lawful, quiet_hours
from outreach.audience.tables import Person
from outreach.campaigns import schedule
from outreach.campaigns.definition import Definition
from outreach.campaigns.steps import Step
from outreach.campaigns.timing import Fixed, Relative
from outreach.settings import Settings
from outreach.store import dialects, loose

#: How far back a step on a person's date is looked for after an outage; what is too old by then shows as expired.
LOOK_BACK = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Place:
    """People whose clocks and hours are the same: one statement writes them all."""

    zone: str
    hours: Hours | None  # their own, where they chose

    @property
    def key(self) -> str:
        """As it stands in `fire.zone`."""
        return self.zone if self.hours is None else f"{self.zone} {self.hours.start}-{self.hours.end}"

    def holds(self) -> ColumnElement[bool]:
        """The condition on people."""
        start, end = (None, None) if self.hours is None else (self.hours.start, self.hours.end)
        return and_(
            Person.zone == self.zone,
            Person.hours_from.is_not_distinct_from(start),
            Person.hours_to.is_not_distinct_from(end),
        )


@dataclass(frozen=True, slots=True)
class Due:
    """One occurrence of one step at one place. `day`: the date that people must have, for steps on a person's date."""

    step: Step
    occurrence: str
    due: datetime
    day: date | None = None


def places_of(session: Session) -> list[Place]:
    """Every combination of zone and own hours that people have, by zone.

    Of the many without hours one of each zone is looked for; the few who chose theirs are read.
    """
    zones = zones_of(session)
    if not zones:
        return []
    chosen = select(Person.zone, Person.hours_from, Person.hours_to).where(
        dialects.among(session, Person.zone, zones), Person.hours_from.is_not(None)
    )
    found = [Place(zone, None) for zone in session.scalars(union_all(*map(_some_without_hours, zones)))]
    for zone, start, end in session.execute(chosen.distinct()):
        found.append(Place(zone, None if start is None or end is None else Hours(start, end)))
    return sorted(found, key=lambda place: place.key)


def _some_without_hours(zone: str) -> Select[Any]:
    first = select(Person.id).where(Person.zone == zone, Person.hours_from.is_(None))
    along = first.order_by(Person.hours_from, Person.hours_to).limit(1)  # the index's own order: one step in it
    return select(literal(zone)).where(along.scalar_subquery().is_not(None))


def zones_of(session: Session) -> list[str]:
    """Every zone that people have: for what does not hang on their hours, at a thousandth of the cost."""
    return loose.values(session, Person.zone)[0]


def upcoming(definition: Definition, place: Place, launched: datetime, now: datetime, until: datetime) -> Iterator[Due]:
    """What falls due at a place from the launch (or, for dates, from a little back) until a moment."""
    for step in definition.steps:
        expires = definition.expires_of(step)
        if isinstance(step.timing, Relative):
            since = max(launched, now - max(expires, LOOK_BACK))
            for anchor in schedule.anchors(step, zone=place.zone, since=since, until=until):
                yield Due(step, anchor.day.isoformat(), anchor.due, anchor.day)
            continue
        # A fixed time may lie a little before the launch: then it goes out late, as long as it is still useful.
        since = launched - expires if isinstance(step.timing, Fixed) else launched
        for each in schedule.occurrences(step, zone=place.zone, launched=launched, since=since, until=until):
            yield Due(step, each.key, each.due)


def due_for(definition: Definition, place: Place, due: Due, settings: Settings) -> datetime:
    """When a message is really due at a place: the step's time, or the next lawful instant after it."""
    hours = place.hours or definition.window
    return lawful(due.due, place.zone, hours, quiet_hours(settings.quiet_hours)) or due.due
