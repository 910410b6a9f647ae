"""The inbox: lists of conversations, one conversation, and everything a helper does with it.

A draft survives whatever happens to its form. What the server knows (texts, who is there) comes anew by itself; what
the helper writes is never touched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import HTTPException, Path, Response
from sqlalchemy.orm import Session

from outreach import parts
from outreach.console import inbox_words as said
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.errors import NotFoundError, SettingError
from outreach.staff import accounts
from outreach.staff.roles import Role
from outreach.threads import alarms, canned, hands, inbox, lists, presence, reveal_lists
from outreach.threads.hands import RefusedError, Why
from outreach.threads.inbox import MOST_CHARACTERS, Summary
from outreach.threads.lists import List, Mark, Wanted
from outreach.threads.tables import CHOSEN, Outcome, ThreadState

pages = Pages()
ThreadId = Annotated[int, Path(ge=1, lt=2**63)]

_NARROWS = ("programme", "topic", "language")


class Where:
    """From which list one came: it travels in the address, so that "next" and "back" lead on in it."""

    def __init__(self, visit: Visit) -> None:
        asked = visit.request.query_params
        self.which = List(asked.get("list", "")) if asked.get("list", "") in set(List) else List.WAITING
        programme, topic, language = (asked.get(name, "")[:64] for name in _NARROWS)
        self.wanted = Wanted(programme, topic, language, asked.get("free") == "yes", asked.get("call") == "yes")

    def query(self, which: List | None = None, after: Mark | None = None) -> str:
        """As it stands in an address, "" for the beginning of the first list."""
        named: dict[str, str] = {name: getattr(self.wanted, name) for name in _NARROWS if getattr(self.wanted, name)}
        if (which or self.which) is not List.WAITING:
            named["list"] = which or self.which
        if self.wanted.free:
            named["free"] = "yes"
        if self.wanted.call:
            named["call"] = "yes"
        if after is not None:
            named["after"] = str(after)
        return f"?{urlencode(named)}" if named else ""


_names = accounts.names


# --- lists -----------------------------------------------------------------------------------------------------------


@pages.page("/inbox", Act.SEE_THREADS)
def front(visit: Here) -> Response:
    """A list of conversations."""
    where, asked = Where(visit), visit.request.query_params.get("after", "")
    try:
        after = Mark.read(asked) if asked else None
    except NotFoundError:
        after = None
    with visit.workspace.database.read() as session:
        page = lists.page(session, where.which, visit.by, where.wanted, after=after)
        counts = lists.counts(session, visit.by, where.wanted)
        there = presence.others(session, [each.id for each in page.threads], visit.by)
        names, choices = _names(session), lists.choices(session)
    return visit.show(
        "inbox_list.html" if visit.part else "inbox.html",
        where=where,
        found=page,
        first=after is None,
        counts=counts,
        most=lists.MOST_COUNTED,
        last=inbox.last_words(visit.workspace, [each.id for each in page.threads]),
        there=there,
        names=names,
        choices=choices,
        said_as=said,
    )


#: What a form that could not be done leaves on the page.
_KEPT = ("problem", "note_problem", "hand_problem", "close_problem", "draft", "note", "to", "hand_note")

# --- one conversation ------------------------------------------------------------------------------------------------


@pages.page("/inbox/{thread_id}", Act.SEE_THREADS)
def thread(visit: Here, thread_id: ThreadId) -> Response:
    """One conversation; a part of it where htmx asks."""
    return _show(visit, thread_id)


def _show(visit: Visit, thread_id: int, status: int = 200, **facts: Any) -> Response:
    where, before = Where(visit), visit.request.query_params.get("before", "")
    try:
        shown = inbox.show(visit.workspace, thread_id, before=int(before) if before.isdecimal() else None)
    except NotFoundError:
        raise HTTPException(404) from None
    with visit.workspace.database.write() as session:
        if shown.summary.state != ThreadState.CLOSED:
            presence.here(session, thread_id, visit.by)
        there = presence.others(session, [thread_id], visit.by).get(thread_id, [])
        names, called = _names(session), alarms.called(session, thread_id)
        asked = reveal_lists.mine(session, visit.by) if visit.may(Act.ASK_REVEAL) else {}
    known = {
        "thread_id": thread_id,
        "where": where,
        "shown": shown,
        "who": shown.summary,
        "lines": said.lines(visit.words, shown, names),
        "there": there,
        "names": names,
        "called": called,
        "asked": asked,
        "said_as": said,
    }
    if visit.part:
        return visit.show("inbox_talk.html", status, **known)
    return visit.show(
        "inbox_thread.html", status, **known, **_around(visit, where, shown.summary), **_forms(visit, facts)
    )


def _around(visit: Visit, where: Where, who: Summary) -> dict[str, Any]:
    """What stands around a conversation: the next one, colleagues, answers that are ready, ways to end it."""
    with visit.workspace.database.read() as session:
        before, after = lists.neighbours(session, where.which, visit.by, who.id, where.wanted)
        everybody = [each for role in (Role.HELPER, Role.COORDINATOR) for each in _staff(session, role, visit.by)]
    gettext = visit.words.gettext
    return {
        "before": before,
        "after": after,
        "staff": sorted({(each.name, each.display_name) for each in everybody}, key=lambda pair: pair[1]),
        "canned": canned.canned(visit.workspace.settings, who.language),
        "outcomes": [("", gettext("Choose")), *((each, gettext(said.OUTCOMES[each])) for each in CHOSEN)],
    }


def _forms(visit: Visit, facts: dict[str, Any]) -> dict[str, Any]:
    """What stands in the forms: nothing, or what could not be done and why."""
    return dict.fromkeys(_KEPT, "") | facts | {"cost": cost(visit, facts.get("draft", "")), "most": MOST_CHARACTERS}


def _staff(session: Session, role: Role, me: str) -> list[accounts.Member]:
    return [each for each in accounts.everybody(session, role, active=True) if each.name != me]


def cost(visit: Visit, text: str) -> str:
    """What a text comes to: `34 characters · 1 part`; nothing of nothing."""
    plain = parts.normalise(text.strip())
    if not plain:
        return ""
    words = visit.words
    size = words.ngettext("%(num)s character", "%(num)s characters", len(plain))
    if len(plain) > MOST_CHARACTERS:
        return words.gettext("%(size)s: %(most)s is the most", size=size, most=words.number(MOST_CHARACTERS))
    count = parts.count(plain).parts
    return f"{size} · {words.ngettext('%(num)s part', '%(num)s parts', count)}"


@pages.page("/inbox/{thread_id}/there", Act.SEE_THREADS)
def who_is_there(visit: Here, thread_id: ThreadId) -> Response:
    """Who else has it open; saying so that one has it open oneself."""
    with visit.workspace.database.write() as session:
        _is_there(session, thread_id)
        presence.here(session, thread_id, visit.by)
        there = presence.others(session, [thread_id], visit.by).get(thread_id, [])
        names = _names(session)
    return visit.show("inbox_there.html", there=there, names=names, thread_id=thread_id)


def _is_there(session: Session, thread_id: int) -> None:
    try:
        hands.find(session, thread_id)
    except NotFoundError:
        raise HTTPException(404) from None


@pages.deed("/inbox/{thread_id}/typing", Act.ANSWER_THREADS)
def typing(visit: Here, thread_id: ThreadId) -> Response:
    """Somebody writes: others see it, and she sees what her text comes to. The text is not kept."""
    with visit.workspace.database.write() as session:
        _is_there(session, thread_id)
        presence.here(session, thread_id, visit.by, typing=True)
    return visit.show("inbox_cost.html", cost=cost(visit, visit.form.get("text", "")))


# --- deeds -----------------------------------------------------------------------------------------------------------


def _do(visit: Visit, thread_id: int, deed: Callable[[], object], field: str = "problem", **kept: str) -> Response:
    """Do something to a thread and show it; when it cannot be done, say why and keep what was written."""
    try:
        deed()
    except NotFoundError:
        raise HTTPException(404) from None
    except RefusedError as error:
        with visit.workspace.database.read() as session:
            names = _names(session)
        told = said.refusal(visit.words, error.why, names, error.who)
        return _show(visit, thread_id, 409, **{field: told}, **kept)
    except SettingError:
        told = visit.words.gettext("Nothing can be sent from here: no sender is set up. Tell an admin.")
        return _show(visit, thread_id, 409, **{field: told}, **kept)
    return visit.go(f"/inbox/{thread_id}{Where(visit).query()}#last")


@pages.deed("/inbox/{thread_id}/reply", Act.ANSWER_THREADS)
def reply(visit: Here, thread_id: ThreadId) -> Response:
    """Answer; or put an answer that is ready into the box, which needs no script."""
    text, seen, name = (visit.form.get(each, "") for each in ("text", "seen", "ready"))
    if name:
        return _show(visit, thread_id, draft=_ready(visit, thread_id, name, text))
    last = int(seen) if seen.isdecimal() else None
    return _do(
        visit, thread_id, lambda: inbox.reply(visit.workspace, thread_id, text, seen=last, by=visit.by), draft=text
    )


def _ready(visit: Visit, thread_id: int, name: str, text: str) -> str:
    """What stands in the box, with the answer after it."""
    with visit.workspace.database.read() as session:
        _is_there(session, thread_id)
        language = hands.find(session, thread_id)[1].language
    found = [each.text for each in canned.canned(visit.workspace.settings, language) if each.name == name]
    return "\n".join(filter(None, (text.strip(), *found)))


@pages.deed("/inbox/{thread_id}/take", Act.ANSWER_THREADS)
def take(visit: Here, thread_id: ThreadId) -> Response:
    """Take it, or take it over."""
    over = visit.form.get("over") == "yes"
    return _do(visit, thread_id, lambda: hands.take(visit.workspace, thread_id, by=visit.by, over=over), "hand_problem")


@pages.deed("/inbox/{thread_id}/release", Act.ANSWER_THREADS)
def release(visit: Here, thread_id: ThreadId) -> Response:
    """Let go of it."""
    return _do(visit, thread_id, lambda: hands.release(visit.workspace, thread_id, by=visit.by), "hand_problem")


@pages.deed("/inbox/{thread_id}/hand-over", Act.HAND_OVER_THREADS)
def hand_over(visit: Here, thread_id: ThreadId) -> Response:
    """Put it into somebody's hands, with a note."""
    to, note = visit.form.get("to", ""), visit.form.get("word", "")

    def deed() -> None:
        hands.hand_over(visit.workspace, thread_id, to, by=visit.by, note=note)

    return _do(visit, thread_id, deed, "hand_problem", to=to, hand_note=note)


@pages.deed("/inbox/{thread_id}/note", Act.ANSWER_THREADS)
def note(visit: Here, thread_id: ThreadId) -> Response:
    """Leave a note for colleagues."""
    text = visit.form.get("note", "")
    return _do(
        visit,
        thread_id,
        lambda: hands.note(visit.workspace, thread_id, text, by=visit.by),
        "note_problem",
        note=text,
    )


@pages.deed("/inbox/{thread_id}/decide", Act.ANSWER_THREADS)
def decide(visit: Here, thread_id: ThreadId) -> Response:
    """Whether it is a wish to stop."""
    stop = visit.form.get("stop") == "yes"
    return _do(visit, thread_id, lambda: hands.decide(visit.workspace, thread_id, stop=stop, by=visit.by))


@pages.deed("/inbox/{thread_id}/close", Act.ANSWER_THREADS)
def close(visit: Here, thread_id: ThreadId) -> Response:
    """Close it with an outcome, and go on to whoever needs somebody most."""
    named, where = visit.form.get("outcome", ""), Where(visit)

    def deed() -> None:
        if named not in CHOSEN:
            raise RefusedError(Why.OUTCOME, "No outcome was chosen.")
        inbox.close(visit.workspace, thread_id, Outcome(named), by=visit.by)

    done = _do(visit, thread_id, deed, "close_problem")
    if done.status_code == 409:
        return done
    with visit.workspace.database.read() as session:
        first = lists.page(session, where.which, visit.by, where.wanted, size=1).threads
    on = f"/{first[0].id}" if first and where.which is not List.CLOSED else ""
    return visit.go(f"/inbox{on}{where.query()}", visit.words.gettext("The conversation is closed."))
