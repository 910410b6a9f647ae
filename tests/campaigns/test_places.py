"""Where people are: every zone, with and without hours of their own."""

from __future__ import annotations

from sqlalchemy import update

from outreach.audience.hours import Hours
from outreach.audience.tables import Person
from outreach.campaigns.places import Place, places_of
from outreach.workspace import Workspace
from tests.delivery.desk import crowd

LIVES = [
    ("Africa/Nairobi", None),
    ("Africa/Nairobi", None),
    ("Africa/Nairobi", (540, 720)),
    ("Africa/Nairobi", (540, 780)),
    ("Africa/Nairobi", (540, 780)),
    ("Africa/Lagos|Europe/Paris", None),
    ("Asia/Kolkata", (0, 60)),
]


def places(workspace: Workspace) -> list[Place]:
    with workspace.database.read() as session:
        return places_of(session)


def test_people_with_the_same_clock_and_hours_are_one_place(workspace: Workspace) -> None:
    assert places(workspace) == []
    with workspace.database.write() as session:
        for person, (zone, hours) in zip(crowd(workspace, len(LIVES)), LIVES, strict=True):
            start, end = hours or (None, None)
            lives = update(Person).where(Person.id == person)
            session.execute(lives.values(zone=zone, hours_from=start, hours_to=end))
    assert places(workspace) == [
        Place("Africa/Lagos|Europe/Paris", None),
        Place("Africa/Nairobi", None),
        Place("Africa/Nairobi", Hours(540, 720)),
        Place("Africa/Nairobi", Hours(540, 780)),
        Place("Asia/Kolkata", Hours(0, 60)),
    ]
