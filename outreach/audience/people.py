"""Finding people by number or pseudonym, taking in somebody who wrote to us, and loading many at once for sending."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach.audience import phone, pseudonyms
from outreach.audience.headers import Role
from outreach.audience.recipients import Reach
from outreach.audience.tables import Endpoint, EndpointState, Openness, Person, PersonField, PersonState
from outreach.channels.contract import Kind, Variant
from outreach.errors import ConflictError, NotFoundError
from outreach.privacy.tables import PersonKey
from outreach.privacy.vault import Vault, seal, unseal
from outreach.settings import Settings
from outreach.store import dialects
from outreach.store.types import new_id

Row = dict[str, Any]

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Newcomer:
    """The rows of a new person, ready for bulk inserts, and her key."""

    person: Row
    person_key: Row
    endpoint: Row
    key: bytes = field(repr=False)


def lookup(vault: Vault, kind: Kind, value: str) -> bytes:
    """The keyed index under which an endpoint is found, and a forgotten number remembered."""
    return vault.lookup(kind, value)


def newcomer(
    vault: Vault, number: str, pseudonym: str, *, country: str, zone: str, language: str, at: datetime
) -> Newcomer:
    """The rows of somebody new. `number`: E.164. `zone`: IANA candidates joined by "|"."""
    person_id = new_id()
    key, master, wrapped = vault.new_key(person_id)
    return Newcomer(
        {
            "id": person_id,
            "pseudonym": pseudonym,
            "language": language,
            "zone": zone,
            "country": country,
            "openness": Openness.COVERT,
            "hours_from": None,
            "hours_to": None,
            "state": PersonState.ACTIVE,
            "created_at": at,
            "updated_at": at,
            "replied_at": None,
            "on_request": False,
        },
        {"person_id": person_id, "master": master, "wrapped": wrapped},
        endpoint(vault, person_id, key, Variant.NUMBER, number, at),
        key,
    )


def endpoint(vault: Vault, person_id: int, key: bytes, variant: Variant, value: str, at: datetime) -> Row:
    """The row of one way to reach a person, sealed with her key."""
    kind = Kind.SMS if variant is Variant.NUMBER else Kind.PUSH
    endpoint_id = new_id()
    return {
        "id": endpoint_id,
        "person_id": person_id,
        "kind": kind,
        "variant": variant,
        "value": seal(key, value, "endpoint", "value", endpoint_id),
        "lookup": lookup(vault, kind, value),
        "state": EndpointState.OK,
        "reason": "",
        "created_at": at,
    }


def value_of(key: bytes, reach: Endpoint | Reach) -> str:
    """The number or token of an endpoint. Raises KeyringError."""
    return unseal(key, reach.value, "endpoint", "value", reach.id)


def by_number(session: Session, vault: Vault, number: str) -> int | None:
    """Who has this number (E.164)."""
    return session.scalar(
        select(Endpoint.person_id).where(Endpoint.kind == Kind.SMS, Endpoint.lookup == lookup(vault, Kind.SMS, number))
    )


def by_pseudonym(session: Session, pseudonym: str) -> Person:
    """Who goes by this pseudonym. Raises NotFoundError."""
    found = session.scalar(select(Person).where(Person.pseudonym == pseudonym.strip().casefold()))
    if found is None:
        raise NotFoundError(
            "Nobody goes by that pseudonym. Check its spelling: two words and a number, azure-heron-42."
        )
    return found


def adopt(session: Session, vault: Vault, number: str, settings: Settings, at: datetime) -> int:
    """The person with this number (E.164, or a sender's name); somebody unknown who wrote to us becomes a person.

    She has no consent to any topic by that. When two of her texts arrive at once, both find the same person.
    """
    country, zone = phone.locate(number)
    place = {"country": country or settings.country, "zone": zone or settings.zone}
    for _ in range(_TRIES):
        known = by_number(session, vault, number)
        if known is not None:
            return known
        [pseudonym] = pseudonyms.draw(session, 1)
        new = newcomer(vault, number, pseudonym, **place, language=settings.language, at=at)
        # Another worker may be quicker with her number or with the pseudonym: then look again.
        with suppress(IntegrityError), session.begin_nested():
            add(session, [new])
            return int(new.person["id"])
    raise ConflictError("A person could not be taken in: others kept taking the same pseudonym. Try again.")


def add(session: Session, new: Sequence[Newcomer]) -> None:
    """Write new people in bulk."""
    if new:
        # Without this, rows with and without hours would be written apart, one at a time.
        together = insert(Person).execution_options(render_nulls=True)
        session.execute(together, [each.person for each in new])
        session.execute(insert(PersonKey), [each.person_key for each in new])
        session.execute(insert(Endpoint), [each.endpoint for each in new])


def keys_of(session: Session, vault: Vault, people: Collection[int]) -> dict[int, bytes]:
    """The keys of these people; who is forgotten is not in it. Raises KeyringError."""
    rows = session.execute(
        select(PersonKey.person_id, PersonKey.master, PersonKey.wrapped).where(
            dialects.among(session, PersonKey.person_id, people)
        )
    )
    return {person: vault.unwrap(person, master, wrapped) for person, master, wrapped in rows}


def endpoints_of(session: Session, people: Collection[int]) -> dict[int, list[Endpoint]]:
    """Every way to reach these people, in whatever state, the newest first."""
    found: dict[int, list[Endpoint]] = {person: [] for person in people}
    query = select(Endpoint).where(Endpoint.person_id.in_(people)).order_by(Endpoint.id.desc())
    for reach in session.scalars(query):
        found[reach.person_id].append(reach)
    return found


def values_of(session: Session, people: Collection[int], names: Collection[str]) -> dict[int, dict[str, object]]:
    """Custom fields of these people, by person and name: str, int, float or date. Who has none has an empty dict."""
    found: dict[int, dict[str, object]] = {person: {} for person in people}
    rows = session.execute(
        select(PersonField.person_id, PersonField.name, PersonField.text, PersonField.number, PersonField.day).where(
            PersonField.person_id.in_(people), PersonField.name.in_(names)
        )
    )
    for person, name, text, number, day in rows:
        found[person][name] = plain(text, number, day)
    return found


def plain(text: str | None, number: float | None, day: date | None) -> str | int | float | date | None:
    """The one value of a custom field; a whole number as int, so that a text says 3 and not 3.0."""
    if number is not None:
        return int(number) if number.is_integer() else number
    return text if day is None else day


def field_kinds(session: Session, names: Collection[str]) -> dict[str, Role]:
    """Which of these names are custom fields already, and whether they hold text, number or date."""
    kinds: dict[str, Role] = {}
    columns = (PersonField.text, PersonField.number)
    for name in names:
        row = session.execute(select(*(each.is_not(None) for each in columns)).where(PersonField.name == name).limit(1))
        if found := row.one_or_none():
            kinds[name] = Role.TEXT if found[0] else Role.NUMBER if found[1] else Role.DATE
    return kinds
