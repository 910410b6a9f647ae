"""Reveals: ask to see a number or one text, grant or refuse it, look at it, look at what was taken alone.

What was sealed is only ever in the answer to a POST of whoever asked: in no address, no title, no list, no cookie.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import HTTPException, Path
from fastapi.responses import Response

from outreach.console import reveals_words
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.errors import ConflictError
from outreach.threads import reveal_lists, reveals
from outreach.threads.reveal_lists import Asked
from outreach.threads.reveals import LONGEST, SHORTEST, Stage, Whom, Wish

pages = Pages()
RevealId = Annotated[int, Path(ge=1, lt=2**63)]

SHOWN = 50
_WAITING, _MINE, _ALL = "waiting", "mine", "all"

#: Where one goes on after having asked, by what the form says it came from.
_BACK = {"phone": "/reports/phone"}


def to_decide(visit: Visit, limit: int = 100) -> list[Asked]:
    """What waits for this member's yes, no or second look; overdue ones first, `limit` at most: others come up as these
    are decided.
    """
    if not visit.may(Act.GRANT_REVEAL):
        return []
    found = reveal_lists.listed(visit.workspace, pending=True, but=visit.by, limit=limit)
    return [each for each in found if visit.may(Act.GRANT_REVEAL, _owner(visit, each))]


def drawn(visit: Visit, found: list[Asked]) -> list[reveals_words.Drawn]:
    """Reveals as rows of a list."""
    names = visit.names() if found else {}
    return [reveals_words.drawn(visit.words, each, names) for each in found]


# --- lists -----------------------------------------------------------------------------------------------------------


@pages.page("/reveals", Act.SEE_REVEALS)
def front(visit: Here) -> Response:
    """What waits for a second person, what one asked for oneself, all of them."""
    offered = _offered(visit)
    asked = visit.request.query_params.get("list", "")
    which = asked if asked in offered else offered[0]
    before = visit.before
    if which == _WAITING:
        found = to_decide(visit)
    else:
        by = visit.by if which == _MINE else ""
        found = reveal_lists.listed(visit.workspace, by=by, before=before, limit=SHOWN + 1)
    more = found[SHOWN - 1].id if len(found) > SHOWN and which != _WAITING else 0
    return visit.show(
        "reveals_list.html" if visit.part else "reveals.html",
        which=which,
        tabs=[(_address(each, offered), visit.words.gettext(reveals_words.LISTS[each]), None) for each in offered],
        here=_address(which, offered),
        rows=drawn(visit, found[:SHOWN] if more else found),
        more=f"/reveals?list={which}&before={more}" if more else "",
        first=before is None,
    )


def _offered(visit: Visit) -> list[str]:
    """The lists that this member has."""
    may = {_WAITING: Act.GRANT_REVEAL, _MINE: Act.ASK_REVEAL, _ALL: Act.SEE_ALL_REVEALS}
    return [each for each, act in may.items() if visit.may(act)]


def _address(which: str, offered: list[str]) -> str:
    return "/reveals" if which == offered[0] else f"/reveals?list={which}"


# --- asking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Form:
    """A wish as its form says it. `back`: a key of `_BACK`, or ""."""

    wish: Wish
    back: str

    @property
    def fields(self) -> dict[str, str]:
        """The same, for a hidden field."""
        text = "" if self.wish.message is None else str(self.wish.message)
        return {name: value for name, value in (("number", self.wish.pseudonym), ("text", text)) if value}


def _read(visit: Visit, given: Any) -> _Form:
    """What is to be seen. Whoever may not read texts asks for none."""
    text = given.get("text", "")
    back = given.get("from", "")
    if not text:
        return _Form(Wish(given.get("number", "").strip()[:80]), back if back in _BACK else "")
    visit.need(Act.SEE_THREADS)
    if not text.isdecimal() or len(text) > 18:
        raise HTTPException(404)
    return _Form(Wish(message=int(text)), "")


@pages.page("/reveals/new", Act.ASK_REVEAL)
def new(visit: Here) -> Response:
    """The question: why must it be seen?"""
    return _ask(visit, _read(visit, visit.request.query_params))


def _ask(visit: Visit, form: _Form, status: int = 200, problem: str = "", why: str = "") -> Response:
    whom = _whom(visit, form.wish)
    return visit.show(
        "reveals_new.html",
        status,
        form=form,
        whom=whom,
        problem=problem,
        why=why,
        shortest=SHORTEST,
        longest=LONGEST,
        open_for=visit.workspace.settings.reveal_for,
        review=visit.workspace.settings.reveal_review,
    )


def _whom(visit: Visit, wish: Wish) -> Whom:
    if wish.message is None and not wish.pseudonym:
        raise HTTPException(404)
    found = reveals.whom(visit.workspace, wish)
    # Who is in danger is known to those who read conversations; nobody else takes a number alone because of it.
    return replace(found, danger=found.danger and visit.may(Act.SEE_THREADS))


@pages.deed("/reveals/new", Act.ASK_REVEAL)
def ask(visit: Here) -> Response:
    """Ask; or, in a crisis, see it at once and have it looked at afterwards."""
    _, form, why = visit.words.gettext, _read(visit, visit.form), visit.form.get("why", "")
    alone = visit.form.get("alone") == "yes"
    whom = _whom(visit, form.wish)
    if not SHORTEST <= len(" ".join(why.split())) <= LONGEST:
        told = _("Say why, in %(least)s to %(most)s characters; no name and no number.", least=SHORTEST, most=LONGEST)
        return _ask(visit, form, 409, told, why)
    if alone and not whom.danger:
        told = _("Nobody is in danger there any more, so a colleague has to agree first.")
        return _ask(visit, form, 409, told, why)
    made = reveals.ask(visit.workspace, form.wish, visit.by, why, alone=alone)
    if alone:
        return visit.go(f"/reveals/{made}", _("It is open to you. A colleague looks at it afterwards."), "warn")
    told = _("Asked. Your colleagues see it now; once one of them agrees, you can look.")
    return visit.go(_BACK.get(form.back, f"/reveals/{made}"), told)


# --- one reveal ------------------------------------------------------------------------------------------------------


@pages.page("/reveals/{reveal_id}", Act.SEE_REVEALS)
def one(visit: Here, reveal_id: RevealId) -> Response:
    """Who asks to see what, and why; what one can do about it."""
    return _one(visit, _found(visit, reveal_id))


def _found(visit: Visit, reveal_id: int) -> Asked:
    """One's own, or anybody's where one may see them all. Raises HTTPException, NotFoundError."""
    found = reveal_lists.get(visit.workspace, reveal_id)
    if not reveals.same(found.asked_by, visit.by):
        visit.need(Act.SEE_ALL_REVEALS)
    return found


def _owner(visit: Visit, found: Asked) -> str:
    """Whose it is, as the policy compares names."""
    return visit.by if reveals.same(found.asked_by, visit.by) else found.asked_by


def _one(visit: Visit, found: Asked, status: int = 200, **facts: Any) -> Response:
    names, mine = visit.names(), reveals.same(found.asked_by, visit.by)
    known = {"problem": "", "shown": None, "answer": ""} | facts
    waits = found.alone and not found.reviewed_by
    decides = visit.may(Act.GRANT_REVEAL, _owner(visit, found))
    return visit.show(
        "reveals_now.html" if visit.part else "reveals_one.html",
        status,
        found=found,
        row=reveals_words.drawn(visit.words, found, names),
        facts=reveals_words.facts(visit.words, found, names),
        mine=mine,
        looks=mine and found.stage is Stage.OPEN and visit.may(Act.ASK_REVEAL),
        grants=decides and found.stage is Stage.ASKED,
        reviews=decides and waits,
        again=mine and found.stage in {Stage.OVER, Stage.LAPSED, Stage.REFUSED} and visit.may(Act.ASK_REVEAL),
        open_for=visit.workspace.settings.reveal_for,
        **known,
    )


@pages.deed("/reveals/{reveal_id}", Act.ASK_REVEAL)
def show(visit: Here, reveal_id: RevealId) -> Response:
    """What was sealed, to whoever asked. The page leaves by itself when it closes again."""
    found = _found(visit, reveal_id)
    if not reveals.same(found.asked_by, visit.by):
        raise HTTPException(404)
    try:
        shown = reveals.show(visit.workspace, reveal_id, visit.by)
    except ConflictError:
        again = reveal_lists.get(visit.workspace, reveal_id)
        gone = visit.words.gettext("There is nothing to see any more: it is no longer kept.")
        return _one(visit, again, 409, problem=gone if again.stage is Stage.OPEN else _closed(visit))
    answer = _one(visit, reveal_lists.get(visit.workspace, reveal_id), shown=shown)
    left = max(1, int((shown.until - visit.now).total_seconds()))
    answer.headers["Refresh"] = f"{left}; url=/reveals/{reveal_id}"
    return answer


def _closed(visit: Visit) -> str:
    return visit.words.gettext("It went on meanwhile. This is how it stands now.")


@pages.deed("/reveals/{reveal_id}/grant", Act.GRANT_REVEAL)
def grant(visit: Here, reveal_id: RevealId) -> Response:
    """Let whoever asked look."""
    found = _decided(visit, reveal_id)
    try:
        until = reveals.grant(visit.workspace, reveal_id, visit.by)
    except ConflictError:
        return _one(visit, reveal_lists.get(visit.workspace, reveal_id), 409, problem=_closed(visit))
    who, at = visit.names().get(found.asked_by, found.asked_by), visit.words.clock(until)
    return visit.go("/reveals", visit.words.gettext("%(who)s can look until %(time)s.", who=who, time=at))


@pages.deed("/reveals/{reveal_id}/refuse", Act.GRANT_REVEAL)
def refuse(visit: Here, reveal_id: RevealId) -> Response:
    """Say no, and why."""
    found, why = _decided(visit, reveal_id), visit.form.get("answer", "")
    _ = visit.words.gettext
    if not SHORTEST <= len(" ".join(why.split())) <= LONGEST:
        told = _("Say why, in %(least)s to %(most)s characters; no name and no number.", least=SHORTEST, most=LONGEST)
        return _one(visit, found, 409, problem=told, answer=why)
    try:
        reveals.refuse(visit.workspace, reveal_id, visit.by, why)
    except ConflictError:
        return _one(visit, reveal_lists.get(visit.workspace, reveal_id), 409, problem=_closed(visit))
    return visit.go("/reveals", _("Refused. Whoever asked reads why."))


@pages.deed("/reveals/{reveal_id}/review", Act.GRANT_REVEAL)
def review(visit: Here, reveal_id: RevealId) -> Response:
    """Look at what somebody took alone: it was right, or it should not have been."""
    found, why = _decided(visit, reveal_id), " ".join(visit.form.get("answer", "").split())
    _, disputes = visit.words.gettext, visit.form.get("right") != "yes"
    if disputes and not SHORTEST <= len(why) <= LONGEST:
        told = _("Say why, in %(least)s to %(most)s characters; no name and no number.", least=SHORTEST, most=LONGEST)
        return _one(visit, found, 409, problem=told, answer=why)
    try:
        reveals.approve(visit.workspace, reveal_id, visit.by, dispute=why if disputes else "")
    except ConflictError:
        return _one(visit, reveal_lists.get(visit.workspace, reveal_id), 409, problem=_closed(visit))
    done = _("Disputed. Speak with whoever did it; it is in the record.") if disputes else _("Approved.")
    return visit.go("/reveals", done, "warn" if disputes else "good")


def _decided(visit: Visit, reveal_id: int) -> Asked:
    """A reveal that a second person decides. Nobody decides on her own."""
    found = _found(visit, reveal_id)
    visit.need(Act.GRANT_REVEAL, _owner(visit, found))
    return found
