"""How many people an audience reaches while it is being built, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, text

from outreach.audience.tables import PersonField, PersonTag
from outreach.campaigns import reach
from outreach.campaigns.reach import Reach
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import cast
from tests.delivery.desk import crowd


def of(workspace: Workspace, audience: object) -> Reach | None:
    with workspace.database.read() as session:
        return reach.of(session, audience, "tb", dialects.now(session))  # type: ignore[arg-type]


def test_those_who_agree_are_told_from_those_who_do_not(workspace: Workspace) -> None:
    who = cast(workspace)
    with workspace.database.write() as session:
        session.execute(
            insert(PersonTag), [{"person_id": who.amina, "tag": "new"}, {"person_id": who.daudi, "tag": "new"}]
        )
        field = {"person_id": who.amina, "name": "district", "text": "kisumu", "number": None, "day": None}
        session.execute(insert(PersonField), [field])
    assert of(workspace, {"all": []}) == Reach(2, 2, exact=True)  # Chausiku said STOP, Daudi has not answered
    assert of(workspace, {"all": [{"tag": "new"}]}) == Reach(1, 1, exact=True)
    assert of(workspace, {"tags": "new"}) is None
    with workspace.database.read() as session:
        assert reach.words(session) == reach.Words(("new",), ("district",), ("Africa/Nairobi",))


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)  # on SQLite everybody is counted
def test_of_a_crowd_some_are_looked_at(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd(workspace, 300)
    with workspace.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE person"))
    monkeypatch.setattr(reach, "CROWD", 100)
    monkeypatch.setattr(reach, "LOOKED_AT", 300)  # all of them: what is sampled is what there is
    monkeypatch.setattr(reach, "ENOUGH", 100)
    assert of(workspace, {"all": []}) == Reach(300, 0, exact=False)
    assert of(workspace, {"all": [{"tag": "nobody"}]}) == Reach(0, 0, exact=True)


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
def test_what_cannot_be_counted_in_time_is_said_as_about_or_as_fewer_than(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = crowd(workspace, 300)
    with workspace.database.write() as session:
        session.execute(insert(PersonTag), [{"person_id": each, "tag": "some"} for each in ids[:57]])
    with workspace.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE person"))
    monkeypatch.setattr(reach, "CROWD", 100)
    monkeypatch.setattr(dialects, "in_time", lambda *_: None)
    assert of(workspace, {"all": [{"tag": "some"}]}) == Reach(60, 0, exact=False)
    assert of(workspace, {"all": [{"tag": "nobody"}]}) == Reach(0, 0, exact=False, below=3)


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
def test_where_none_who_agreed_is_among_those_looked_at_it_is_fewer_than(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(workspace, 300, topic="other")
    with workspace.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE person"))
    monkeypatch.setattr(reach, "CROWD", 100)
    monkeypatch.setattr(dialects, "in_time", lambda *_: None)
    assert of(workspace, {"all": []}) == Reach(0, 0, exact=False, below=3)
