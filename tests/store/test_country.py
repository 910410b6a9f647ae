"""What keeps pages quick in a whole country: limited queries, values read along an index, an index of lost numbers."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from outreach.audience.tables import Endpoint, PersonField, PersonTag, lost
from outreach.store import dialects, loose
from outreach.workspace import Workspace
from tests.clinic import cast


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
