"""What would this text do? Staff try a text: nothing is stored, nothing logged, and it stands in no address."""

from __future__ import annotations

from typing import Any

from fastapi.responses import Response

from outreach.console import understand_words
from outreach.console.policy import Act
from outreach.console.visit import Here, Pages, Visit
from outreach.errors import SettingError
from outreach.threads import keywords, understanding

pages = Pages()

MOST = 1600  # characters; of one text, as carriers take it


@pages.page("/understand", Act.TRY_TEXTS)
def front(visit: Here) -> Response:
    """The box."""
    return _show(visit, language=visit.workspace.settings.language)


@pages.deed("/understand", Act.TRY_TEXTS)
def read(visit: Here) -> Response:
    """What the text in the box would do."""
    text, language = visit.form.get("text", ""), visit.form.get("language", "")
    if language not in keywords.languages():
        language = visit.workspace.settings.language
    gettext = visit.words.gettext
    if not text.strip():
        return _show(visit, 409, language=language, problem=gettext("Write or paste a text first."))
    if len(text) > MOST:
        told = gettext("This is too long: %(most)s characters are the most.", most=visit.words.number(MOST))
        return _show(visit, 409, language=language, text=text, problem=told)
    try:
        meaning = understanding.read(text, language, visit.workspace.folder)
    except SettingError:
        told = gettext("The clinic's list of names cannot be read. Tell an admin: outreach check")
        return _show(visit, 409, language=language, text=text, problem=told)
    verdict = understand_words.verdict(visit.words, meaning)
    return _show(visit, language=language, text=text, verdict=verdict)


def _show(visit: Visit, status: int = 200, **facts: Any) -> Response:
    languages = sorted((each, understand_words.language(visit.words, each)) for each in keywords.languages())
    blank = {"text": "", "problem": "", "verdict": None}
    return visit.show("understand.html", status, languages=languages, most=MOST, **(blank | facts))
