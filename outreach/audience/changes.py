"""What a batch of rows changes: decided row by row from what is known, written table by table in bulk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, insert, tuple_, update
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import agreements, discretion, people
from outreach.audience.agreements import Stand
from outreach.audience.cells import NO_VALUE
from outreach.audience.discretion import Manner
from outreach.audience.entries import Entry
from outreach.audience.known import Index, Known, stopped
from outreach.audience.people import Newcomer, Row
from outreach.audience.tables import Endpoint, Person, PersonField, PersonTag
from outreach.audience.verdicts import Note, Outcome, RowRefusal, Verdict
from outreach.consent import Line
from outreach.privacy.vault import Vault
from outreach.store import dialects

#: Notes that give way to the one about her manner.
_LESS_THAN_THAT = (None, Note.INVITED, Note.UNSOURCED)
_MOVED = ("language", "zone", "openness", "on_request", "hours_from", "hours_to")


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every row of an import."""

    topic: str
    wording: str
    language: str
    zone: str  # where a number does not say one
    at: datetime


@dataclass(slots=True)
class Changes:
    """What is to be written for one batch."""

    vault: Vault
    known: Known
    terms: Terms
    pseudonyms: list[str]  # one for each who is new
    new: list[Newcomer] = field(default_factory=list)
    moved: list[Row] = field(default_factory=list)
    apps: list[Row] = field(default_factory=list)
    tags: list[Row] = field(default_factory=list)
    tags_gone: list[tuple[int, str]] = field(default_factory=list)
    fields: list[Row] = field(default_factory=list)
    fields_gone: list[tuple[int, str]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def take(self, each: Index) -> Verdict:
        """Decide what a row changes. Call once a person."""
        row, person = each.entry.row, self.known.persons.get(each.number)
        if each.number in self.known.suppressed:
            return Verdict(row, Outcome.REFUSED, RowRefusal.FORGOTTEN)
        owners = {self.known.apps[app] for app in each.push if app in self.known.apps}
        if owners - ({person.id} if person else set()):
            return Verdict(row, Outcome.REFUSED, RowRefusal.PUSH_TAKEN)
        return self._update(each, person) if person else self._add(each)

    def _add(self, each: Index) -> Verdict:
        entry, terms = each.entry, self.terms
        new = people.newcomer(
            self.vault,
            entry.phone.number,
            self.pseudonyms.pop(),
            country=entry.phone.country,
            zone=entry.zone or entry.phone.zone or terms.zone,
            language=entry.language or terms.language,
            at=terms.at,
        )
        person_id = new.person["id"]
        new.person.update(_own_wishes(entry, entry.openness or Manner.COVERT, (None, None)))
        self.new.append(new)
        self._add_apps(each, person_id, new.key)
        self._tag(person_id, entry, set())
        self._fill(person_id, entry)
        note = self._agree(Stand(person_id), entry)
        return Verdict(entry.row, Outcome.ADDED, note, pseudonym=new.person["pseudonym"])

    def _update(self, each: Index, person: Person) -> Verdict:
        entry, known = each.entry, self.known
        before = self._size()
        self._move(person, entry)
        if each.push:
            self._add_apps(each, person.id, known.keys[person.id])
        self._tag(person.id, entry, known.tags.get(person.id, set()))
        self._fill(person.id, entry)
        line = known.standing.get((person.id, self.terms.topic))
        stand = Stand(person.id, line, known.sources.get(person.id), stopped(known, person.id))
        note = self._agree(stand, entry)
        if entry.openness is not None and entry.openness is not _manner(person, entry):
            note = Note.MORE_DISCREET if note in _LESS_THAN_THAT else note
        outcome = Outcome.UNCHANGED if self._size() == before else Outcome.UPDATED
        return Verdict(entry.row, outcome, note, pseudonym=person.pseudonym)

    def _size(self) -> int:
        moved = len(self.moved) + len(self.apps) + len(self.lines)
        return moved + len(self.tags) + len(self.tags_gone) + len(self.fields) + len(self.fields_gone)

    def _move(self, person: Person, entry: Entry) -> None:
        had = {name: getattr(person, name) for name in _MOVED}
        has = {
            "language": entry.language or person.language,
            "zone": entry.zone or person.zone,
            **_own_wishes(entry, _manner(person, entry), (person.hours_from, person.hours_to)),
        }
        if has != had:
            self.moved.append({"id": person.id, "updated_at": self.terms.at, **has})

    def _add_apps(self, each: Index, person_id: int, key: bytes) -> None:
        for (variant, token), index in zip(each.entry.push, each.push, strict=True):
            if index not in self.known.apps:
                self.apps.append(people.endpoint(self.vault, person_id, key, variant, token, self.terms.at))

    def _tag(self, person_id: int, entry: Entry, has: set[str]) -> None:
        wishes = entry.tags
        gone = has - wishes.give if wishes.clear else has & wishes.take
        self.tags_gone += [(person_id, tag) for tag in sorted(gone)]
        self.tags += [{"person_id": person_id, "tag": tag} for tag in sorted(wishes.give - has)]

    def _fill(self, person_id: int, entry: Entry) -> None:
        for name, value in entry.fields.items():
            has = self.known.fields.get((person_id, name), NO_VALUE)
            if value == has:
                continue
            if value == NO_VALUE:
                self.fields_gone.append((person_id, name))
                continue
            row = {"person_id": person_id, "name": name, "text": value.text, "number": value.number, "day": value.day}
            self.fields.append(row)

    def _agree(self, stand: Stand, entry: Entry) -> Note | None:
        line, note = agreements.advance(stand, entry.agreement, self.terms.topic, self.terms.wording)
        if line:
            self.lines.append(line)
        return note

    def write(self, session: Session) -> None:
        """Write everything, in the caller's transaction."""
        people.add(session, self.new)
        if self.moved:
            session.execute(update(Person), self.moved)
        if self.apps:
            session.execute(insert(Endpoint), self.apps)
        self._write_tags(session)
        self._write_fields(session)
        consent.record(session, self.lines, self.terms.at, told=False)

    def _write_tags(self, session: Session) -> None:
        if self.tags_gone:
            place = tuple_(PersonTag.person_id, PersonTag.tag)
            session.execute(delete(PersonTag).where(place.in_(self.tags_gone)))
        if self.tags:
            session.execute(dialects.insert(session, PersonTag).on_conflict_do_nothing(), self.tags)

    def _write_fields(self, session: Session) -> None:
        if self.fields_gone:
            place = tuple_(PersonField.person_id, PersonField.name)
            session.execute(delete(PersonField).where(place.in_(self.fields_gone)))
        if self.fields:
            upsert = dialects.insert(session, PersonField).execution_options(render_nulls=True)
            values = {name: upsert.excluded[name] for name in ("text", "number", "day")}
            session.execute(
                upsert.on_conflict_do_update(index_elements=["person_id", "name"], set_=values), self.fields
            )


def _manner(person: Person, entry: Entry) -> Manner:
    """How discreetly she is written to from now on: never less so than it stands."""
    return max(discretion.manner(person), entry.openness or Manner.OPEN, key=discretion.MORE_AND_MORE.index)


def _own_wishes(entry: Entry, chosen: Manner, hours: tuple[int | None, int | None]) -> Row:
    """How discreetly she is written to, and when: at hours that the row says, else as it was."""
    if entry.hours is not None:
        [own] = entry.hours
        hours = (own.start, own.end) if own else (None, None)
    return {**discretion.columns(chosen), "hours_from": hours[0], "hours_to": hours[1]}
