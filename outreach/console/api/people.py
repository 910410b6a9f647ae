"""People: found by tag, field, language, topic; taken in by the rules of every import. No number ever comes back."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from outreach.audience import headers, hours, imports, people, search
from outreach.audience.headers import Wishes
from outreach.audience.imports import Options
from outreach.audience.search import Asked
from outreach.audience.sheets import Record, Sheet
from outreach.audience.tables import EndpointState
from outreach.audience.verdicts import Outcome, Verdict
from outreach.console.api import cursors, shapes
from outreach.console.api.cursors import Cursor, Limit
from outreach.console.api.door import ABSENT, Api, Here
from outreach.console.api.problems import ProblemError
from outreach.console.policy import Act
from outreach.privacy import audit
from outreach.privacy.audit import Action

api = Api("people")

MOST = 1000  # rows of one request: one transaction
_Word = Annotated[str, Query(max_length=200)]


@api.shows("/people", Act.SEE_PEOPLE)
def found(
    call: Here,
    pseudonym: Annotated[str, Query(max_length=64, description="Its first letters, at least three.")] = "",
    tag: _Word = "",
    field: Annotated[str, Query(max_length=64, description="A custom field, with its `value`.")] = "",
    value: _Word = "",
    language: Annotated[str, Query(max_length=8)] = "",
    topic: Annotated[str, Query(max_length=64, description="Who agrees to it now.")] = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> shapes.People:
    """People, oldest first."""
    if pseudonym and len(pseudonym.strip()) < search.LEAST:
        raise ProblemError(422, "too-short", f"Write at least {search.LEAST} letters of a pseudonym.")
    asked = Asked(pseudonym, tag, field, value, language, topic)
    after = cursors.number("people", cursor)
    with call.workspace.database.read() as session:
        some, more = search.page(session, asked, call.now, after=after, size=limit)
    data = [shapes.Person.model_validate(each) for each in some]
    return shapes.People(data=data, next=cursors.pack("people", more) if more else None)


@api.shows("/people/{pseudonym}", Act.SEE_PEOPLE, responses=ABSENT)
def one(call: Here, pseudonym: str) -> shapes.Whole:
    """One person."""
    with call.workspace.database.read() as session:
        who = people.by_pseudonym(session, pseudonym)
        [known], _ = search.page(session, Asked(pseudonym=who.pseudonym), call.now, after=who.id - 1, size=1)
        fields = search.fields_of(session, who.id)
        reaches = people.endpoints_of(session, [who.id])[who.id]
    return shapes.Whole.model_validate(
        {
            **shapes.Person.model_validate(known).model_dump(),
            "zone": who.zone,
            "hours": hours.written(who.hours_from, who.hours_to),
            "fields": fields,
            "reach": Counter(each.kind for each in reaches if each.state == EndpointState.OK),
        }
    )


# --- taking in -------------------------------------------------------------------------------------------------------

_Cell = Annotated[str, Field(max_length=400)]


class Row(BaseModel):
    """One person. What is left out says nothing, and changes nothing of whom we know."""

    model_config = ConfigDict(extra="forbid")

    phone: Annotated[str, Field(max_length=40, description="With + and country code; kept sealed, never given back.")]
    language: _Cell = ""
    zone: _Cell = ""
    openness: _Cell = ""
    hours: _Cell = ""
    tags: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=40)] = []
    consent: Annotated[_Cell, Field(description="From where it is known that she agrees; `yes`, `no`.")] = ""
    consent_date: _Cell = ""
    push_token: Annotated[str, Field(max_length=4096)] = ""
    fields: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")], str | int | float], Field(max_length=60)
    ] = {}


class PeopleIn(BaseModel):
    """People to take in, by the rules of every import."""

    model_config = ConfigDict(extra="forbid")

    topic: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    source: Annotated[str, Field(max_length=180, description="From where consent is known, for all rows.")] = ""
    wording: Annotated[str, Field(max_length=80, description="The version of the words that were agreed to.")] = ""
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$", description="Of numbers without +.")] = ""
    dry_run: bool = False
    people: Annotated[list[Row], Field(min_length=1, max_length=MOST)]


_FIXED = ("phone", "language", "zone", "openness", "hours", "tags", "consent", "consent_date", "push_token")


@api.does("/people", Act.IMPORT_PEOPLE)
def take_in(call: Here, intake: PeopleIn) -> shapes.Verdicts:
    """Take people in: each row gets a verdict, bad rows never stop good ones, a second time changes nothing."""
    clinic = call.workspace
    verdicts: list[Verdict] = []
    sheet, wishes = _sheet(intake)
    options = Options(
        intake.topic, intake.source, intake.wording, intake.country, wishes=wishes, dry_run=intake.dry_run
    )
    totals = imports.import_sheet(clinic.database, clinic.vault, clinic.settings, sheet, options, verdicts.append)
    outcomes = {outcome.value: totals.outcomes[outcome] for outcome in Outcome}
    if not intake.dry_run:
        told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items() if count)
        with clinic.database.write() as session:
            audit.append(session, clinic.vault, call.by, Action.PEOPLE_IMPORTED, f"topic:{intake.topic}", told)
    return shapes.Verdicts(
        dry_run=intake.dry_run,
        outcomes=outcomes,
        verdicts=[
            shapes.Verdict(
                row=each.row,
                outcome=each.outcome,
                reason=each.reason,
                column=each.column,
                remedy=each.remedy,
                pseudonym=each.pseudonym or None,
            )
            for each in verdicts
        ],
    )


def _sheet(intake: PeopleIn) -> tuple[Sheet, Wishes]:
    """The rows as a table is read, so that the same rules hold; a column only where some row says something."""
    used = [name for name in _FIXED if any(getattr(row, name) for row in intake.people)]
    kinds = {name: value for row in reversed(intake.people) for name, value in row.fields.items()}
    header = (*used, *(f"field {name}" for name in kinds))
    records = (Record(place, tuple(_cells(row, used, list(kinds)))) for place, row in enumerate(intake.people))
    meanings = {headers.fold(f"field {name}"): f"{_kind(value)}:{name}" for name, value in kinds.items()}
    return Sheet(header, records, len(intake.people)), Wishes(meanings)


def _cells(row: Row, used: list[str], names: list[str]) -> list[str]:
    known: dict[str, Any] = {**{name: getattr(row, name) for name in used}, "tags": ",".join(row.tags)}
    fixed = [str(known[name]).strip() for name in used]
    return [*fixed, *(str(row.fields.get(name, "")).strip() for name in names)]


def _kind(value: str | float) -> str:
    """What a field that is new shall hold: a number, a day, a text."""
    if not isinstance(value, str):
        return headers.Role.NUMBER
    try:
        date.fromisoformat(value)
    except ValueError:
        return headers.Role.TEXT
    return headers.Role.DATE
