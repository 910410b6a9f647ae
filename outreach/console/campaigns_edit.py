"""Editing a campaign: as a form, as an audience, as a file. All three are views of one text that is not saved yet.

The text travels with the page, so that nothing is lost by a slow link, and every button works without script.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException
from fastapi.responses import Response

from outreach.campaigns import builder, content, editing, reach, shelf, versions
from outreach.campaigns.editing import Draft
from outreach.campaigns.versions import OvertakenError
from outreach.console import campaigns_forms as forms
from outreach.console import campaigns_words as names
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.errors import ConflictError, DefinitionError, NotFoundError
from outreach.messages import library
from outreach.store import dialects

pages = Pages()

VIEWS = ("form", "audience", "file")


@dataclass(frozen=True, slots=True)
class Pen:
    """What is being written, and how it is looked at. `groups`: the audience's form; None where it has none."""

    view: str
    draft: Draft
    groups: builder.Groups | None


@pages.page("/campaigns/{name}/edit", Act.WRITE_CAMPAIGNS)
def edit(name: str, visit: Here, view: str = "form") -> Response:
    """A campaign's file, to be changed."""
    return _shown(visit, _opened(visit, name), view)


@pages.deed("/campaigns/{name}/edit", Act.WRITE_CAMPAIGNS)
def written(name: str, visit: Here) -> Response:
    """One press of a button on the page: another view, another row, a look at what changes, or saving it."""
    _opened(visit, name)
    form, do = visit.form, visit.form.get("do", "look")
    text, digest, view = form.get("text", ""), form.get("digest", ""), form.get("view", "file")
    try:
        if view == "form":
            text = editing.filled_in(text, forms.campaign(form, visit.fields, do))
        elif view == "audience":
            text = editing.for_audience(text, builder.filter_of(forms.audience(form, do)))
    except DefinitionError:
        raise HTTPException(422) from None  # the views are offered for sound texts only
    if do == "save":
        return _save(visit, name, text, digest)
    draft = editing.draft(visit.workspace, name, text, digest)
    if do == "look":
        return _looked(visit, draft)
    return _shown(visit, draft, do if do in VIEWS else view, forms.audience(form, do) if view == "audience" else None)


@pages.deed("/campaigns/{name}/edit/faults", Act.WRITE_CAMPAIGNS)
def faults(name: str, visit: Here) -> Response:
    """The faults of a text that is being written: a part."""
    draft = editing.draft(visit.workspace, _known(visit, name), visit.form.get("text", ""), "")
    return visit.show("campaigns_faults.html", draft=draft)


@pages.deed("/campaigns/{name}/edit/count", Act.WRITE_CAMPAIGNS)
def count(name: str, visit: Here) -> Response:
    """How many people the audience that is being built reaches: a part."""
    _known(visit, name)
    groups = forms.audience(visit.form, "")
    return visit.show("campaigns_count.html", reach=_reach(visit, groups, visit.form.get("topic", "")))


@pages.page("/campaigns/{name}/history", Act.WRITE_CAMPAIGNS)
def history(name: str, visit: Here) -> Response:
    """What the file said before."""
    draft = _opened(visit, name)
    with visit.workspace.database.read() as session:
        found = versions.history(session, draft.path)
    return visit.show("campaigns_history.html", name=name, draft=draft, found=found)


@pages.page("/campaigns/{name}/history/{number}", Act.WRITE_CAMPAIGNS)
def version(name: str, number: int, visit: Here) -> Response:
    """One version, beside what the file says now; it can be looked at and saved again."""
    draft = _opened(visit, name)
    try:
        with visit.workspace.database.read() as session:
            kept = versions.get(session, draft.path, number)
    except NotFoundError:
        raise HTTPException(404) from None
    return _looked(visit, editing.draft(visit.workspace, name, kept.text, draft.digest))


def _known(visit: Visit, name: str) -> str:
    try:
        content.find(visit.workspace, name)
        shelf.campaign(visit.workspace, name)
    except (NotFoundError, ConflictError):
        raise HTTPException(404) from None
    return name


def _opened(visit: Visit, name: str) -> Draft:
    try:
        return editing.opened(visit.workspace, name)
    except (NotFoundError, ConflictError):
        raise HTTPException(404) from None


def _shown(visit: Visit, draft: Draft, view: str, groups: builder.Groups | None = None) -> Response:
    """The page with the text in one of its views; a text that has no form is shown as what it is."""
    known = groups if groups is not None else builder.of(draft.written.get("audience", {"all": []}))
    if draft.form is None or view not in VIEWS:
        view = "file"
    topic = draft.form.topic if draft.form else ""
    facts: dict[str, Any] = {"pen": Pen(view, draft, known), "name": draft.name, "names": names}
    if view == "form":
        facts["messages"] = sorted(library.kept(visit.workspace.folder / "templates").templates)
    if view == "audience":
        with visit.workspace.database.read() as session:
            facts["known"] = reach.words(session)
        facts["reach"] = _reach(visit, known, topic) if known is not None else None
    return visit.show("campaigns_edit.html", **facts)


def _reach(visit: Visit, groups: builder.Groups, topic: str) -> reach.Reach | None:
    with visit.workspace.database.read() as session:
        return reach.of(session, builder.filter_of(groups), topic, dialects.now(session))


def _looked(visit: Visit, draft: Draft) -> Response:
    """What changes in the file, before it is saved."""
    now = shelf.look(shelf.campaign(visit.workspace, draft.name))
    lines = editing.compared(now.text, draft.text)
    return visit.show("campaigns_look.html", name=draft.name, draft=draft, lines=lines, names=names)


def _save(visit: Visit, name: str, text: str, digest: str) -> Response:
    try:
        editing.save(visit.workspace, name, text, expected=digest, by=visit.by)
    except OvertakenError as overtaken:
        draft = editing.draft(visit.workspace, name, text, overtaken.theirs.digest)
        lines = editing.compared(overtaken.theirs.text, text)
        return visit.show("campaigns_overtaken.html", 409, name=name, draft=draft, lines=lines, overtaken=overtaken)
    except ConflictError as error:
        draft = editing.draft(visit.workspace, name, text, digest)
        return visit.show(
            "campaigns_look.html", 422, name=name, draft=draft, lines=[], names=names, error=visit.words.told(error)
        )
    return visit.go(f"/campaigns/{name}", visit.words.gettext("Saved. What the file said before is kept."))
