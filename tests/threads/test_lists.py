"""The lists of the inbox: their order, their pages, what narrows them, how many there are, and who has one open."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from outreach import consent
from outreach.audience.tables import Person
from outreach.consent import Source
from outreach.errors import NotFoundError
from outreach.store import dialects
from outreach.threads import lists, presence
from outreach.threads.lists import List, Mark, Wanted
from outreach.threads.presence import Present
from outreach.threads.tables import Thread, ThreadPresence, ThreadState
from outreach.workspace import Workspace
from tests.clinic import person
from tests.threads.texting import write

ME, YOU = "wanjiru", "otieno"

# name, minutes ago, state, urgent, hold, in whose hands
THREADS = [
    ("fresh", 1, ThreadState.WAITING, "", False, ""),
    ("old", 50, ThreadState.WAITING, "", False, YOU),
    ("perhaps a stop", 5, ThreadState.WAITING, "", True, ME),
    ("urgent", 2, ThreadState.WAITING, "self_harm", False, ""),
    ("urgent and older", 9, ThreadState.WAITING, "bleeding", True, ""),
    ("answered", 60, ThreadState.ANSWERED, "", False, ME),
    ("answered before", 70, ThreadState.ANSWERED, "bleeding", False, ""),
    ("closed", 30, ThreadState.CLOSED, "", False, ME),
    ("closed last", 3, ThreadState.CLOSED, "self_harm", False, ""),
]
ORDER = {
    List.WAITING: ["urgent and older", "urgent", "perhaps a stop", "fresh", "old"],
    List.MINE: ["perhaps a stop", "answered"],
    List.ALL: ["urgent and older", "urgent", "perhaps a stop", "fresh", "old", "answered before", "answered"],
    List.CLOSED: ["closed last", "closed"],
}


@pytest.fixture
def names(workspace: Workspace) -> dict[int, str]:
    """The threads, each of a person of her own; names by id."""
    with workspace.database.write() as session:
        now = dialects.now(session)
        for number, (name, ago, state, urgent, hold, assignee) in enumerate(THREADS):
            at = now - timedelta(minutes=ago)
            session.add(
                Thread(
                    id=number + 1,
                    person_id=person(session, workspace, f"+2547120001{number:02}"),
                    programme="tb-support" if number % 2 else "clinic",
                    topic="tb" if number % 2 else "",
                    language="sw" if name.startswith("urgent") else "en",
                    state=state,
                    urgent=urgent,
                    hold=hold,
                    assignee=assignee,
                    wants_call=name in {"fresh", "urgent"},
                    opened_at=now - timedelta(days=1),
                    waiting_since=at if state == ThreadState.WAITING else None,
                    answered_at=at if state == ThreadState.ANSWERED else None,
                    closed_at=at if state == ThreadState.CLOSED else None,
                )
            )
    return {number + 1: row[0] for number, row in enumerate(THREADS)}


@pytest.mark.parametrize("which", List)
@pytest.mark.parametrize("size", [1, 2, 25])
def test_whoever_needs_us_most_comes_first_however_long_a_page_is(
    which: List, size: int, workspace: Workspace, names: dict[int, str]
) -> None:
    found: list[str] = []
    mark = None
    with workspace.database.read() as session:
        while True:
            page = lists.page(session, which, ME, after=mark, size=size)
            found += [names[each.id] for each in page.threads]
            if page.after is None:
                break
            assert len(page.threads) == size
            mark = Mark.read(str(page.after))
        assert lists.counts(session, ME)[which] == len(ORDER[which])
    assert found == ORDER[which]


WANTED = [
    (Wanted(programme="tb-support"), ["urgent", "old"]),
    (Wanted(topic="tb", language="sw"), ["urgent"]),
    (Wanted(language="sw"), ["urgent and older", "urgent"]),
    (Wanted(free=True), ["urgent and older", "urgent", "fresh"]),
    (Wanted(call=True), ["urgent", "fresh"]),
    (Wanted(call=True, free=True), ["urgent", "fresh"]),
]


@pytest.mark.parametrize(("wanted", "order"), WANTED, ids=str)
def test_a_list_is_narrowed(wanted: Wanted, order: list[str], workspace: Workspace, names: dict[int, str]) -> None:
    with workspace.database.read() as session:
        page = lists.page(session, List.WAITING, ME, wanted)
        counted = lists.counts(session, ME, wanted)
    assert [names[each.id] for each in page.threads] == order
    assert counted[List.WAITING] == len(order)


def test_who_has_stopped_is_shown_as_gone(workspace: Workspace, names: dict[int, str]) -> None:
    with workspace.database.write() as session:
        stopped = session.get_one(Thread, 1)
        consent.stop(session, stopped.person_id, Source.TEXT, "message 1", dialects.now(session))
    with workspace.database.read() as session:
        page = [each for which in List for each in lists.page(session, which, ME).threads]
    assert {each.id for each in page if each.stopped} == {1}


def test_the_next_and_the_one_before(workspace: Workspace, names: dict[int, str]) -> None:
    ids = {name: number for number, name in names.items()}
    with workspace.database.read() as session:
        for which, order in ORDER.items():
            ends = [0, *(ids[name] for name in order), 0]
            for before, here, after in zip(ends, ends[1:], ends[2:], strict=False):
                assert lists.neighbours(session, which, ME, here) == (before, after), (which, here)
        assert lists.neighbours(session, List.ALL, ME, 4711) == (0, 0)
        assert lists.neighbours(session, List.WAITING, ME, ids["answered"])[0] == ids["old"], "where it once stood"


def test_what_a_list_can_be_narrowed_to(workspace: Workspace, names: dict[int, str]) -> None:
    with workspace.database.read() as session:
        assert lists.choices(session) == {
            "programme": ["clinic", "tb-support"],
            "topic": ["tb"],
            "language": ["en", "sw"],
        }


@pytest.mark.parametrize("text", ["", "1-2", "a-b-c", "10-0-0", "1-999999999999999999999-1", "0-0-9999999999999999999"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(NotFoundError):
        Mark.read(text)


def test_the_language_of_a_thread_is_hers_when_she_last_wrote(workspace: Workspace) -> None:
    write(workspace, "+254712000001", "Hello")
    with workspace.database.write() as session:
        session.execute(update(Person).values(language="sw"))
    write(workspace, "+254712000001", "Habari")
    with workspace.database.read() as session:
        assert lists.choices(session)["language"] == ["sw"]


def test_counting_stops_where_nobody_reads_the_figure(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_COUNTED", 2)
    with workspace.database.write() as session:
        hers = person(session, workspace, "+254712000001")
        row = {"person_id": hers, "state": "waiting", "hold": False, "opened_at": dialects.now(session)}
        session.execute(insert(Thread), [{**row, "programme": f"p{number}"} for number in range(5)])
    with workspace.database.read() as session:
        assert lists.counts(session, ME)[List.WAITING] == 2


# --- who is there ----------------------------------------------------------------------------------------------------


def seen(workspace: Workspace, me: str) -> list[Present]:
    with workspace.database.read() as session:
        return presence.others(session, [1, 2], me).get(1, [])


def test_who_else_has_a_thread_open_and_who_writes(workspace: Workspace, names: dict[int, str]) -> None:
    with workspace.database.write() as session:
        presence.here(session, 1, ME)
        presence.here(session, 1, YOU)
        presence.here(session, 1, "zawadi", typing=True)
        presence.here(session, 1, "zawadi")
    assert seen(workspace, ME) == [Present("zawadi", True), Present(YOU, False)]
    with workspace.database.write() as session:
        presence.leave(session, 1, "zawadi")
    assert seen(workspace, ME) == [Present(YOU, False)]


def test_whoever_has_not_said_so_for_a_while_is_gone(workspace: Workspace, names: dict[int, str]) -> None:
    with workspace.database.write() as session:
        presence.here(session, 1, YOU, typing=True)
        past = dialects.now(session) - timedelta(seconds=1)
        session.execute(update(ThreadPresence).values(typing_until=past))
    assert seen(workspace, ME) == [Present(YOU, False)]
    with workspace.database.write() as session:
        session.execute(update(ThreadPresence).values(open_until=past))
    assert seen(workspace, ME) == []
    with workspace.database.write() as session:
        presence.here(session, 1, ME)
        assert session.query(ThreadPresence).count() == 1, "whoever comes sweeps up after those who left"


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_a_presence_ends_by_itself_and_is_each_threads_own(workspace: Workspace, names: dict[int, str]) -> None:
    with workspace.database.write() as session:
        presence.here(session, 1, "o" * 70, typing=True)
        presence.here(session, 2, YOU)
        presence.here(session, 3, YOU)
        row = session.get_one(ThreadPresence, (1, "o" * 64))
        assert row.typing_until is not None
        assert row.open_until - row.typing_until == presence.OPEN_FOR - presence.TYPING_FOR
        left = row.open_until - dialects.now(session)
        assert presence.OPEN_FOR - timedelta(seconds=30) < left <= presence.OPEN_FOR
        assert presence.others(session, [1, 2], ME) == {1: [Present("o" * 64, True)], 2: [Present(YOU, False)]}
        assert presence.others(session, [1], "o" * 70) == {}
        past = dialects.now(session) - timedelta(seconds=1)
        session.execute(update(ThreadPresence).where(ThreadPresence.thread_id != 3).values(open_until=past))
    with workspace.database.write() as session:
        presence.here(session, 1, YOU)
        assert presence.others(session, [1, 2, 3], ME) == {1: [Present(YOU, False)], 3: [Present(YOU, False)]}
        assert session.query(ThreadPresence).count() == 3, "what is over is swept up in that thread alone"
        first = session.get_one(ThreadPresence, (1, YOU)).open_until
        session.execute(update(ThreadPresence).values(open_until=first - timedelta(seconds=20)))
        presence.here(session, 1, YOU, typing=True)
        session.expire_all()
        again = session.get_one(ThreadPresence, (1, YOU))
        assert again.open_until >= first, "it is renewed"
        assert again.typing_until is not None
        presence.leave(session, 1, YOU)
        assert presence.others(session, [1, 3], ME) == {3: [Present(YOU, False)]}
