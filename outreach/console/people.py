"""People: found by pseudonym, tag or field; one person's history without a word of hers; forgetting; giving out.

A number is looked for only by whoever says why, and stands in the record of what staff did; no page ever shows one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from urllib.parse import urlencode

from fastapi.responses import Response, StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import discretion, exports, hours, people, phone, search
from outreach.audience.phone import Phone
from outreach.audience.search import Asked
from outreach.audience.tables import Person
from outreach.console import people_words
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.errors import NotFoundError
from outreach.messages import history
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.threads import forgetting, reveal_lists
from outreach.threads.tables import Thread

pages = Pages()

_ASKED = ("pseudonym", "tag", "field", "value", "language", "topic")


@pages.page("/people", Act.SEE_PEOPLE)
def front(visit: Here) -> Response:
    """Whom was asked for."""
    return _list(visit)


def _list(visit: Visit, status: int = 200, problem: str = "", why: str = "") -> Response:
    given = visit.request.query_params
    named = {name: given.get(name, "").strip()[:200] for name in _ASKED}
    told = ""
    if named["pseudonym"] and len(named["pseudonym"]) < search.LEAST:
        told = visit.words.gettext("Write at least three letters of a pseudonym.")
    asked = Asked() if told else Asked(**named)
    after = given.get("after", "")
    with visit.workspace.database.read() as session:
        found, more = search.page(session, asked, visit.now, after=int(after) if after.isdecimal() else 0)
        fields, topics = search.names_of_fields(session), consent.topics(session)
    query = {name: value for name, value in named.items() if value}
    return visit.show(
        "people.html",
        status,
        named=named,
        found=found,
        more=f"/people?{urlencode({**query, 'after': more})}" if more else "",
        first=f"/people?{urlencode(query)}" if after else "",
        searched=bool(query),
        fields=[(each, each) for each in fields],
        topics=[(each, each) for each in topics],
        told=told,
        problem=problem,
        why=why,
        said_as=people_words,
    )


@pages.deed("/people/by-number", Act.FIND_BY_NUMBER)
def by_number(visit: Here) -> Response:
    """Find somebody by her number, with a reason. The number comes in a form, so that no address ever holds it."""
    _, why = visit.words.gettext, visit.form.get("why", "").strip()
    read = phone.read(visit.form.get("number", "").strip(), visit.workspace.settings.country)
    if not isinstance(read, Phone):
        return _list(visit, 409, _("This cannot be read as a number that gets texts."), why)
    if not why:
        return _list(visit, 409, _("Say why you look for this number: it stands in the record."))
    with visit.workspace.database.write() as session:
        person_id = people.by_number(session, visit.workspace.vault, read.number)
        subject = f"person:{person_id}" if person_id else "person:none"
        audit.append(session, visit.workspace.vault, visit.by, Action.NUMBER_LOOKED_UP, subject, why)
        person = session.get(Person, person_id) if person_id else None
    if person is None:
        return _list(visit, 409, _("Nobody here has this number."), why)
    return visit.go(f"/people/{person.pseudonym}")


@pages.deed("/people/export", Act.EXPORT_PEOPLE)
def export(visit: Here) -> Response:
    """Everybody as CSV, without numbers or pseudonyms, with ids of this export only."""
    with visit.workspace.database.write() as session:  # before anything is out
        audit.append(session, visit.workspace.vault, visit.by, Action.PEOPLE_EXPORTED, "people:all")
    headers = {"Content-Disposition": 'attachment; filename="people.csv"'}
    rows = exports.lines(visit.workspace.database)
    return StreamingResponse(_csv(rows), media_type="text/csv; charset=utf-8", headers=headers)


def _csv(rows: Iterator[list[str]]) -> Iterator[str]:
    yield "\ufeff"  # as spreadsheets like it
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow(row)
        yield line.getvalue()


# --- one person ------------------------------------------------------------------------------------------------------


@pages.page("/people/{pseudonym}", Act.SEE_PEOPLE)
def person(visit: Here, pseudonym: str) -> Response:
    """One person: what she agreed to and when, what became of her messages; no text, no number."""
    before = visit.request.query_params.get("before", "")
    with visit.workspace.database.read() as session:
        who = people.by_pseudonym(session, pseudonym)
        lines = list(consent.history(session, who.id))
        reaches = people.endpoints_of(session, [who.id])[who.id]
        messages = history.of_person(session, who.id, before=int(before) if before.isdecimal() else None)
        tags, fields = search.tags_of(session, [who.id]).get(who.id, []), search.fields_of(session, who.id)
        threads = _threads(session, who) if visit.may(Act.SEE_THREADS) else []
        asked = reveal_lists.mine(session, visit.by) if visit.may(Act.ASK_REVEAL) else {}
        stopped = bool(consent.stopped(session, [who.id]))
    return visit.show(
        "people_person.html",
        who=who,
        asked=asked,
        stopped=stopped,
        manner=discretion.manner(who),
        ledger=[people_words.agreement(visit.words, line) for line in lines],
        reaches=reaches,
        messages=messages,
        earlier=messages[-1].id if len(messages) == history.MOST else 0,
        tags=tags,
        fields=fields,
        threads=threads,
        hours=hours.written(who.hours_from, who.hours_to),
        said_as=people_words,
    )


def _threads(session: Session, who: Person) -> list[Thread]:
    query = select(Thread).where(Thread.person_id == who.id).order_by(Thread.id.desc()).limit(10)
    return list(session.scalars(query))


@pages.page("/people/{pseudonym}/forget", Act.FORGET_PEOPLE)
def ask_forget(visit: Here, pseudonym: str) -> Response:
    """The question before what cannot be undone."""
    return _ask(visit, pseudonym)


def _ask(visit: Visit, pseudonym: str, status: int = 200, problem: str = "") -> Response:
    with visit.workspace.database.read() as session:
        who = people.by_pseudonym(session, pseudonym)
    return visit.show("people_forget.html", status, who=who, problem=problem)


@pages.deed("/people/{pseudonym}/forget", Act.FORGET_PEOPLE)
def forget(visit: Here, pseudonym: str) -> Response:
    """Forget her for good. Her pseudonym must be written, so that no slip of a finger does it."""
    _ = visit.words.gettext
    if visit.form.get("pseudonym", "").strip().casefold() != pseudonym:
        return _ask(visit, pseudonym, 409, _("Write the pseudonym as it stands above."))
    try:
        whole = forgetting.forget(visit.workspace, pseudonym, visit.by, visit.form.get("why", "").strip()[:200])
    except NotFoundError:
        return visit.go("/people", _("She is forgotten already."), "calm")
    if whole:
        return visit.go("/people", _("She is forgotten. Only she herself can come back, by writing to us."))
    told = _("She is forgotten here, but old backups still open for her. Tell an admin: outreach keys rotate")
    return visit.go("/people", told, "warn")
