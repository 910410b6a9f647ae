"""What keeps pages quick in a whole country: limited queries, values read along an index, an index of lost numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from outreach import consent
from outreach.audience.tables import Endpoint, EndpointState, Person, PersonField, PersonTag, lost
from outreach.consent import ConsentState, Line, Source
from outreach.reports import phone
from outreach.reports.contract import scope_of
from outreach.store import dialects, loose
from outreach.workspace import Workspace
from tests.clinic import TOPIC, cast, person


def test_what_is_ready_in_time_is_given(workspace: Workspace) -> None:
    with workspace.database.read() as session:
        assert tuple(dialects.in_time(session, select(func.count(PersonTag.tag)), 5_000)) == (0,)


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)  # SQLite waits: its tables are small
def test_what_is_not_ready_is_given_up_and_the_session_goes_on(workspace: Workspace) -> None:
    with workspace.database.read() as session:
        before = session.scalar(text("SHOW statement_timeout"))
        assert dialects.in_time(session, select(func.pg_sleep(30)), 20) is None
        assert dialects.in_time(session, select(func.count(PersonTag.tag)), 5_000) is not None
        assert session.scalar(text("SHOW statement_timeout")) == before


def test_the_values_of_several_columns_come_in_order_and_once(workspace: Workspace) -> None:
    who = cast(workspace)
    with workspace.database.write() as session:
        for person in (who.amina, who.baraka):
            session.add_all([PersonTag(person_id=person, tag=tag) for tag in ("new", "far")])
            session.add(PersonField(person_id=person, name="district", text="kisumu"))
    with workspace.database.read() as session:
        assert loose.values(session, PersonTag.tag, PersonField.name) == [["far", "new"], ["district"]]
        assert loose.values(session, PersonField.text) == [["kisumu"]]


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
def test_lost_numbers_are_found_by_their_own_index(workspace: Workspace) -> None:
    with workspace.database.read() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))  # of an empty table it would look at every row
        session.execute(text("SET LOCAL enable_sort = off"))
        query = select(Endpoint.id).where(lost()).order_by(Endpoint.changed_at.desc(), Endpoint.id.desc())
        words = query.compile(session.get_bind(), compile_kwargs={"render_postcompile": True})
        assert "ix_endpoint_lost" in str(session.execute(text(f"EXPLAIN {words}")).all())


def test_a_list_of_lost_numbers_goes_on_past_what_is_read_at_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone, "AT_ONCE", 2)
    monkeypatch.setattr(phone, "MOST_AT_ONCE", 3)
    who = cast(workspace)
    with workspace.database.write() as session:
        at = dialects.now(session)
        session.execute(update(Endpoint).values(state=EndpointState.GONE, reason="bad_number", changed_at=at))
        ids = [person(session, workspace, f"+25471200010{n}") for n in range(6)]
        consent.record(session, [Line(each, TOPIC, ConsentState.GRANTED, Source.STAFF, "form") for each in ids], at)
        for place, each in enumerate(ids):
            gone = {"state": EndpointState.GONE, "reason": "landline", "changed_at": at - timedelta(days=place // 2)}
            session.execute(update(Endpoint).where(Endpoint.person_id == each).values(gone))
        names = {row.id: row.pseudonym for row in session.execute(select(Person.id, Person.pseudonym))}
    with workspace.database.read() as session:
        scope = scope_of(workspace.settings, at)
        everybody = [row["person"] for row in phone.rows(session, scope)]
        some = [row["person"] for row in phone.rows(session, replace(scope, most=3))]
    assert sorted(map(str, everybody)) == sorted(names[each] for each in (*ids, who.amina, who.baraka))
    assert some == everybody[:3]
    assert set(everybody[-2:]) == {names[each] for each in ids[4:]}  # the latest first
