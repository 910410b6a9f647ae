"""One message of a campaign to a staff phone, through the queue and the gate like any other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from secrets import token_hex

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import consent
from outreach.audience import people
from outreach.audience.tables import Openness, Person, Suppression
from outreach.campaigns import content
from outreach.campaigns.definition import Definition
from outreach.campaigns.steps import Step
from outreach.channels.contract import Kind
from outreach.delivery import carriers
from outreach.delivery.enqueue import Draft, enqueue
from outreach.delivery.facts import fields_of
from outreach.errors import ConflictError, NotFoundError, worded
from outreach.messages import pieces, templates
from outreach.messages.library import Library
from outreach.messages.status import Purpose
from outreach.messages.templates import Body
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.store import dialects
from outreach.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Trial:
    """Which message: a step (empty: the first one), a language (empty: the campaign's), and how openly worded."""

    campaign: str
    step: str = ""
    language: str = ""
    openness: Openness = Openness.COVERT


@dataclass(frozen=True, slots=True)
class Queued:
    """What was put into the queue, and for whom: the pseudonym of the phone."""

    message: int
    pseudonym: str
    step: str
    text: str = field(repr=False)


def send(workspace: Workspace, trial: Trial, number: str, by: str) -> Queued:
    """Queue one message to a number (E.164), which need not be known and gets no consent by it.

    Raises NotFoundError, DefinitionError, RenderError, SettingError; ConflictError for a number that said STOP or asked
    to be forgotten.
    """
    definition, library = content.read(workspace, trial.campaign)
    step = _step(definition, trial.step)
    body = _body(library, definition, step, trial)
    with workspace.database.write() as session:
        at = dialects.now(session)
        _refuse_forgotten(session, workspace, number)
        person_id = people.adopt(session, workspace.vault, number, workspace.settings, at)
        if consent.stopped(session, [person_id]):
            raise ConflictError(worded("This phone said STOP: nothing is sent to it until it sends START."))
        values = made_up(body, fields_of(session, [person_id]).get(person_id, {}), at)
        text = templates.compile(body).render({**values, "clinic": workspace.settings.clinic}).text
        message = _queue(session, workspace, person_id, definition.topic, text, at)
        pseudonym = session.scalars(select(Person.pseudonym).where(Person.id == person_id)).one()
        audit.append(session, workspace.vault, by, Action.TEST_SENT, f"message:{message}")
        return Queued(message, pseudonym, step.id, text)


def _step(definition: Definition, name: str) -> Step:
    for step in definition.steps:
        if name in {"", step.id}:
            return step
    known = ", ".join(step.id for step in definition.steps)
    raise NotFoundError(
        worded("%(name)s has no step '%(step)s'; there are: %(known)s.", name=definition.name, step=name, known=known)
    )


def _body(library: Library, definition: Definition, step: Step, trial: Trial) -> Body:
    language = trial.language or definition.language
    body = library.get(step.template).choose(Kind.SMS, language, definition.language, trial.openness)
    if body is None:
        raise NotFoundError(
            worded(
                "%(text)s has no SMS in '%(language)s' or '%(other)s'. Write one.",
                text=step.template,
                language=language,
                other=definition.language,
            )
        )
    return body


def _refuse_forgotten(session: Session, workspace: Workspace, number: str) -> None:
    if session.get(Suppression, people.lookup(workspace.vault, Kind.SMS, number)) is not None:
        raise ConflictError(worded("This phone asked to be forgotten: nothing is sent to it."))


def made_up(body: Body, known: dict[str, object], at: datetime) -> dict[str, object]:
    """What is known; what the text needs beyond that is made up, so that it can be read at all."""
    invented = {
        piece.name: _stand_in(piece, at.date())
        for piece in pieces.flat(templates.compile(body).pieces)
        if isinstance(piece, pieces.Value) and piece.default is None
    }
    return {**invented, **known}


def _stand_in(piece: pieces.Value, today: date) -> object:
    """The field's own name, or today or a number where the text's filters ask for that."""
    for value in (piece.name.replace("_", " "), today, 1):
        try:
            piece.write({piece.name: value}, pieces.UNDECIDED)
        except pieces.Unfit:
            continue
        return value
    return None


def _queue(session: Session, workspace: Workspace, person_id: int, topic: str, text: str, at: datetime) -> int:
    if not carriers.known(session, Kind.SMS):  # before the first start nobody has written the senders down
        carriers.enrol(session, carriers.build(workspace))
    draft = Draft(
        person_id=person_id,
        key=people.keys_of(session, workspace.vault, [person_id])[person_id],
        purpose=Purpose.TEST,
        text=text,
        dedupe_key=f"test:{token_hex(12)}",
        sender=carriers.sender_for(carriers.senders(session, Kind.SMS), person_id),
        topic=topic,
    )
    message = enqueue(session, draft, workspace.settings, at)
    if message is None:
        raise ConflictError(worded("The test could not be queued. Try again."))
    return message
