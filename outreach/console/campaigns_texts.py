"""The texts of messages: what there is, what is missing, what each costs; written with its price in sight."""

from __future__ import annotations

import re
from typing import Any

from fastapi import HTTPException
from fastapi.responses import Response

from outreach.campaigns import shelf, texts, versions
from outreach.campaigns.shelf import Manner, Place
from outreach.campaigns.versions import OvertakenError
from outreach.console import campaigns_words as names
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.errors import ConflictError
from outreach.threads import keywords

pages = Pages()


@pages.page("/messages", Act.WRITE_CAMPAIGNS)
def messages(visit: Here) -> Response:
    """Every message, by folder."""
    return visit.show("campaigns_texts.html", folders=texts.by_folder(texts.listed(visit.workspace)))


@pages.page("/messages/edit", Act.WRITE_CAMPAIGNS)
def edit(visit: Here, name: str = "", language: str = "", manner: str = "covert") -> Response:
    """One text of a message."""
    language = language or visit.workspace.settings.language
    place = _place(visit, name, language, manner)
    found = shelf.look(place)
    return _shown(visit, name, language, Manner(manner), found.text, found.digest)


@pages.deed("/messages/edit", Act.WRITE_CAMPAIGNS)
def save(visit: Here) -> Response:
    """Save a text, unless somebody else did meanwhile."""
    name, language, manner, text = _given(visit)
    place = _place(visit, name, language, manner)
    try:
        versions.save(visit.workspace, place, text, expected=visit.form.get("digest", ""), by=visit.by)
    except OvertakenError as overtaken:
        theirs = overtaken.theirs
        return _shown(visit, name, language, Manner(manner), text, theirs.digest, 409, theirs=theirs.text)
    except ConflictError as error:
        seen = visit.form.get("digest", "")
        return _shown(visit, name, language, Manner(manner), text, seen, 422, error=visit.words.told(error))
    return visit.go(
        f"/messages/edit?name={name}&language={language}&manner={manner}",
        visit.words.gettext("Saved. What it said before is kept."),
    )


@pages.deed("/messages/measure", Act.WRITE_CAMPAIGNS)
def measure(visit: Here) -> Response:
    """What a text that is being written would be: a part."""
    name, language, manner, text = _given(visit)
    place = _place(visit, name, language, manner)
    measured = texts.measure(visit.workspace, name, place, text, visit.now, _stops(text))
    return visit.show("campaigns_measured.html", measured=measured, language=language, manner=Manner(manner))


def _stops(text: str) -> set[str]:
    """Words of a text that take consent back when somebody answers them: no text may ask for one by mistake."""
    words = set(re.findall(r"\w+", text.casefold()))
    return {word for word in words if keywords.understand(word).verb is keywords.Verb.STOP}


def _given(visit: Visit) -> tuple[str, str, str, str]:
    form = visit.form
    return form.get("name", ""), form.get("language", ""), form.get("manner", ""), form.get("text", "")


def _place(visit: Visit, name: str, language: str, manner: str) -> Place:
    try:
        return shelf.template(visit.workspace, name, language, Manner(manner))
    except (ConflictError, ValueError):
        raise HTTPException(404) from None


def _shown(
    visit: Visit, name: str, language: str, manner: Manner, text: str, digest: str, status: int = 200, **told: Any
) -> Response:
    place = _place(visit, name, language, manner)
    facts = {
        "found": texts.one(visit.workspace, name),
        "measured": texts.measure(visit.workspace, name, place, text, visit.now, _stops(text)),
        "language": language,
        "manner": manner,
        "text": text,
        "digest": digest,
        "label_of": dict(names.MANNERS),
        "names": names,
        "error": "",
        "theirs": None,
    }
    return visit.show("campaigns_text.html", status, **{**facts, **told})
