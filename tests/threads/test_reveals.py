"""Break-glass: two agree, half an hour, one record, everything recorded; alone only in a crisis."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from outreach.consent import Source
from outreach.errors import ConflictError, NotFoundError, OutreachError
from outreach.messages.tables import Message
from outreach.privacy import alerts, audit, verify
from outreach.threads import forgetting, reveal_lists, reveals
from outreach.threads.reveals import LAPSES, Stage, Wish
from outreach.threads.tables import Reveal
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, Cast
from tests.logs import kept
from tests.threads.texting import later, name_of, write

WHY = "She wrote that she is in danger and left no place"
SAID = f"canary: come at once, call {AMINA}"


def number_of_amina(workspace: Workspace, people: Cast) -> Wish:
    return Wish(pseudonym=name_of(workspace, people.amina))


def text_of_amina(workspace: Workspace, people: Cast) -> Wish:
    return Wish(message=write(workspace, AMINA, SAID).message_id)


def recorded(workspace: Workspace) -> list[tuple[str, str, str, str]]:
    with workspace.database.read() as session:
        assert verify.verify(session, workspace.vault).findings == []
        return [
            (line.who, line.action, line.subject, line.why)
            for line in audit.entries(session, workspace.vault)
            if line.action.startswith("reveal")
        ]


def alerted(workspace: Workspace) -> list[tuple[str, str, str]]:
    with workspace.database.read() as session:
        return [(each.kind, each.subject, each.about) for each in alerts.unseen(session)]


# --- two agree -------------------------------------------------------------------------------------------------------

Make = Callable[[Workspace, Cast], Wish]


@pytest.mark.parametrize(("make", "value", "about"), [
    (number_of_amina, AMINA, "person"),
    (text_of_amina, SAID, "message"),
])  # fmt: skip
def test_what_two_agree_on_can_be_read_by_whoever_asked(
    make: Make, value: str, about: str, workspace: Workspace, people: Cast
) -> None:
    wish = make(workspace, people)
    asked = reveals.ask(workspace, wish, "wanjiru", WHY)
    with pytest.raises(ConflictError, match="Somebody else has to grant"):
        reveals.show(workspace, asked, "wanjiru")
    until = reveals.grant(workspace, asked, "otieno")
    assert until - workspace.database.now() <= timedelta(minutes=30)
    for _ in range(2):
        assert reveals.show(workspace, asked, "wanjiru").value == value
    subject = f"reveal:{asked} {about}:{wish.message or people.amina}"
    assert recorded(workspace) == [
        ("wanjiru", "reveal_asked", subject, WHY),
        ("otieno", "reveal_granted", subject, ""),
        *[("wanjiru", "reveal_shown", subject, "")] * 2,
    ]
    assert alerted(workspace) == [("reveal_granted", f"reveal:{asked}", "wanjiru")]
    [told] = reveal_lists.listed(workspace)
    assert (told.stage, told.granted_by, told.shown, told.why) == (Stage.OPEN, "otieno", 2, WHY)


def test_it_closes_by_the_clock_of_the_database(workspace: Workspace, people: Cast) -> None:
    asked = reveals.ask(workspace, number_of_amina(workspace, people), "wanjiru", WHY)
    reveals.grant(workspace, asked, "otieno")
    later(workspace, asked, timedelta(minutes=29))
    assert reveals.show(workspace, asked, "wanjiru").value == AMINA
    later(workspace, asked, timedelta(minutes=1))
    with pytest.raises(ConflictError, match="over"):
        reveals.show(workspace, asked, "wanjiru")
    with pytest.raises(ConflictError, match="over already"):
        reveals.grant(workspace, asked, "otieno")


def test_a_second_person_says_no_and_why_and_it_stays_closed(workspace: Workspace, people: Cast) -> None:
    asked = reveals.ask(workspace, number_of_amina(workspace, people), "wanjiru", WHY)
    reveals.refuse(workspace, asked, "otieno", f"Text her first, her sister has {BARAKA}")
    told = reveal_lists.get(workspace, asked)
    answer = "Text her first, her sister has [number]"
    assert (told.stage, told.refused_by, told.answer) == (Stage.REFUSED, "otieno", answer)
    assert recorded(workspace)[-1] == ("otieno", "reveal_refused", f"reveal:{asked} person:{people.amina}", answer)
    assert (reveal_lists.listed(workspace, pending=True), alerted(workspace)) == ([], [])
    with pytest.raises(ConflictError, match="refused already"):
        reveals.grant(workspace, asked, "achieng")
    with pytest.raises(ConflictError, match="is refused"):
        reveals.show(workspace, asked, "wanjiru")


def test_a_wish_that_nobody_granted_lapses(workspace: Workspace, people: Cast) -> None:
    asked = reveals.ask(workspace, number_of_amina(workspace, people), "wanjiru", WHY)
    assert [each.id for each in reveal_lists.listed(workspace, pending=True)] == [asked]
    later(workspace, asked, LAPSES)
    assert reveal_lists.listed(workspace, pending=True) == []
    with pytest.raises(ConflictError, match="lapsed already"):
        reveals.grant(workspace, asked, "otieno")


Deed = Callable[[Workspace, int, Wish], object]


def granted_and_refused(workspace: Workspace, asked: int, _: Wish) -> None:
    reveals.grant(workspace, asked, "otieno")
    reveals.refuse(workspace, asked, "otieno", WHY)


REFUSED: list[tuple[str, Deed, type[OutreachError], str]] = [
    ("one's own wish", lambda w, n, _: reveals.grant(w, n, "wanjiru"), ConflictError, "Nobody grants her own"),
    ("one's own, in capitals", lambda w, n, _: reveals.grant(w, n, " Wanjiru"), ConflictError, "Nobody grants her own"),
    ("no to one's own", lambda w, n, _: reveals.refuse(w, n, "Wanjiru", WHY), ConflictError, "Nobody refuses her own"),
    ("no without why", lambda w, n, _: reveals.refuse(w, n, "otieno", "no"), ConflictError, "Say why"),
    ("no to what is open", granted_and_refused, ConflictError, "open already"),
    ("twice", lambda w, n, _: [reveals.grant(w, n, "otieno") for _ in range(2)], ConflictError, "open already"),
    ("somebody else's", lambda w, n, _: reveals.show(w, n, "otieno"), ConflictError, "Only whoever asked"),
    ("not taken alone", lambda w, n, _: reveals.approve(w, n, "otieno"), ConflictError, "not taken alone"),
    ("no crisis", lambda w, _, wish: reveals.ask(w, wish, "wanjiru", WHY, alone=True), ConflictError, "crisis"),
    ("no reason", lambda w, _, wish: reveals.ask(w, wish, "wanjiru", " because  "), ConflictError, "Say why"),
    ("too much of a reason", lambda w, _, wish: reveals.ask(w, wish, "wanjiru", "x" * 401), ConflictError, "Say why"),
    ("two records", lambda w, _, wish: reveals.ask(w, Wish(wish.pseudonym, 1), "wanjiru", WHY), ConflictError, "one"),
    ("no record", lambda w, *_: reveals.ask(w, Wish(), "wanjiru", WHY), ConflictError, "Name one record"),
    ("nobody's", lambda w, *_: reveals.ask(w, Wish("nobody-here-10"), "wanjiru", WHY), NotFoundError, "Nobody goes"),
    ("no such text", lambda w, *_: reveals.ask(w, Wish(message=4711), "wanjiru", WHY), NotFoundError, "No text 4711"),
    ("no such reveal", lambda w, *_: reveals.show(w, 4711, "wanjiru"), NotFoundError, "no reveal 4711"),
]  # fmt: skip


@pytest.mark.parametrize(("deed", "error", "told"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_not_allowed_is_refused_and_leaves_no_number_in_the_error(
    deed: Deed, error: type[OutreachError], told: str, workspace: Workspace, people: Cast
) -> None:
    wish = number_of_amina(workspace, people)
    asked = reveals.ask(workspace, wish, "wanjiru", WHY)
    with pytest.raises(error, match=told) as raised:
        deed(workspace, asked, wish)
    assert AMINA[4:] not in str(raised.value)
    assert all(each.shown == 0 for each in reveal_lists.listed(workspace))


def test_our_own_messages_are_no_record_to_reveal(workspace: Workspace, people: Cast) -> None:
    write(workspace, AMINA, "HELP")
    with workspace.database.read() as session:
        ours = session.scalars(select(Message.id).where(Message.direction == "out")).one()
    with pytest.raises(NotFoundError):
        reveals.ask(workspace, Wish(message=ours), "wanjiru", WHY)


def test_a_text_that_was_let_go_is_told_as_such(workspace: Workspace, people: Cast) -> None:
    wish = text_of_amina(workspace, people)
    asked = reveals.ask(workspace, wish, "wanjiru", WHY)
    reveals.grant(workspace, asked, "otieno")
    with workspace.database.write() as session:
        session.execute(update(Message).where(Message.id == wish.message).values(body=None))
    with pytest.raises(ConflictError, match="KEEP_TEXTS"):
        reveals.show(workspace, asked, "wanjiru")


def test_a_number_in_a_reason_is_not_kept(workspace: Workspace, people: Cast) -> None:
    wish = number_of_amina(workspace, people)
    reveals.ask(workspace, wish, "wanjiru", f"Her sister {BARAKA} asks for her")
    [told] = reveal_lists.listed(workspace)
    assert told.why == "Her sister [number] asks for her"
    assert recorded(workspace)[0][3] == told.why


# --- in a crisis -----------------------------------------------------------------------------------------------------


@pytest.fixture
def alone(workspace: Workspace, people: Cast) -> int:
    """Amina is in danger, and Wanjiru saw her number alone."""
    write(workspace, AMINA, "I am bleeding a lot")
    return reveals.ask(workspace, number_of_amina(workspace, people), "wanjiru", WHY, alone=True)


def test_in_a_crisis_one_may_and_the_admins_hear_of_it_at_once(alone: int, workspace: Workspace, people: Cast) -> None:
    assert reveals.show(workspace, alone, "wanjiru").value == AMINA
    assert alerted(workspace) == [("reveal_alone", f"reveal:{alone}", "wanjiru")]
    assert recorded(workspace)[0][1] == "reveal_taken_alone"
    later(workspace, alone, timedelta(minutes=30))
    with pytest.raises(ConflictError, match="over"):
        reveals.show(workspace, alone, "wanjiru")


@pytest.mark.parametrize(("dispute", "action"), [("", "reveal_approved"), ("She was safe", "reveal_disputed")])
def test_somebody_else_looks_at_it_afterwards_once(dispute: str, action: str, alone: int, workspace: Workspace) -> None:
    with pytest.raises(ConflictError, match="Nobody approves"):
        reveals.approve(workspace, alone, "WANJIRU")
    assert [each.id for each in reveal_lists.listed(workspace, pending=True)] == [alone]
    reveals.approve(workspace, alone, "otieno", dispute=dispute)
    [told] = reveal_lists.listed(workspace)
    assert (told.reviewed_by, told.disputed, told.answer) == ("otieno", bool(dispute), dispute)
    assert recorded(workspace)[-1][:2] == ("otieno", action)
    assert reveal_lists.listed(workspace, pending=True) == []
    with pytest.raises(ConflictError, match="looked at already"):
        reveals.approve(workspace, alone, "achieng")


def test_what_nobody_looked_at_in_time_is_overdue_and_told_once(alone: int, workspace: Workspace) -> None:
    assert reveals.chase(workspace) == []
    later(workspace, alone, workspace.settings.reveal_review)
    assert [reveals.chase(workspace) for _ in range(2)] == [[alone], []]
    assert ("reveal_overdue", f"reveal:{alone}", "wanjiru") in alerted(workspace)
    assert [(each.id, each.overdue) for each in reveal_lists.listed(workspace, pending=True)] == [(alone, True)]
    reveals.approve(workspace, alone, "otieno")
    assert [each.overdue for each in reveal_lists.listed(workspace)] == [False]


def test_an_alert_is_shown_until_somebody_has_seen_it(alone: int, workspace: Workspace) -> None:
    with workspace.database.write() as session:
        [told] = alerts.unseen(session)
        alerts.seen(session, workspace.vault, told.id, "otieno")
        alerts.seen(session, workspace.vault, told.id, "achieng")
    with workspace.database.write() as session:
        assert alerts.unseen(session) == []
        assert [each.seen_by for each in alerts.all_(session)] == ["otieno"]
        with pytest.raises(NotFoundError, match="no alert 4711"):
            alerts.seen(session, workspace.vault, 4711, "otieno")


# --- nothing else gets out -------------------------------------------------------------------------------------------


def test_whoever_is_forgotten_is_revealed_no_more(alone: int, workspace: Workspace, people: Cast) -> None:
    with workspace.database.write() as session:
        forgetting.erase(session, workspace, people.amina, Source.STAFF)
    with pytest.raises(ConflictError, match="over"):
        reveals.show(workspace, alone, "wanjiru")
    assert [each.why for each in reveal_lists.listed(workspace)] == [""]
    with workspace.database.read() as session:
        said = session.scalars(select(Message.id).where(Message.direction == "in")).one()
    with pytest.raises(ConflictError, match="forgotten"):
        reveals.ask(workspace, Wish(message=said), "wanjiru", WHY)


def test_nothing_of_a_reveal_is_in_logs_or_in_clear_in_the_database(workspace: Workspace, people: Cast) -> None:
    with kept(level="debug") as logs:
        for wish in (number_of_amina(workspace, people), text_of_amina(workspace, people)):
            asked = reveals.ask(workspace, wish, "wanjiru", WHY)
            reveals.grant(workspace, asked, "otieno")
            shown = reveals.show(workspace, asked, "wanjiru")
            assert shown.value not in repr(shown)
            assert WHY not in repr(reveal_lists.get(workspace, asked))
    for canary in (AMINA, AMINA[1:], SAID, WHY):
        assert canary not in logs.getvalue()
    with workspace.database.read() as session:
        rows = repr([dict(row) for row in session.execute(select(Reveal.__table__)).mappings()])
    assert WHY not in rows
    assert "danger" not in rows
