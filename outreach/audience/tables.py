"""People, how to reach them, and what the clinic knows of them. A number stands in one column only, sealed."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    and_,
    false,
    literal,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from outreach.privacy.tables import PersonKey
from outreach.store.base import Base
from outreach.store.types import Serial


class Openness(StrEnum):
    """How openly a person wants to be written to; covert unless she chose."""

    COVERT = "covert"
    OPEN = "open"


class PersonState(StrEnum):
    """Whether somebody is still there to be written to."""

    ACTIVE = "active"
    FORGOTTEN = "forgotten"


class EndpointState(StrEnum):
    """Whether an endpoint can still be used."""

    OK = "ok"
    GONE = "gone"  # out of service, app removed, cannot get texts
    QUARANTINED = "quarantined"  # may have changed hands: nothing but a neutral question


class Person(Base):
    """Somebody who may be written to; staff know the pseudonym only.

    `zone` is an IANA name, or several candidates joined by "|" where it is only guessed from the number: a time must
    then be lawful in all of them. `hours_from`/`hours_to` are minutes after local midnight, the person's own.
    """

    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("pseudonym"),
        Index("ix_person_pseudonym_begins", "pseudonym", postgresql_ops={"pseudonym": "text_pattern_ops"}),
        Index("ix_person_zone", "zone", "hours_from", "hours_to"),
        CheckConstraint("state IN ('active', 'forgotten')", name="state"),
        CheckConstraint("openness IN ('covert', 'open')", name="openness"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    pseudonym: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str] = mapped_column(String(400))
    country: Mapped[str] = mapped_column(String(2))
    openness: Mapped[Openness] = mapped_column(String(8), default=Openness.COVERT)
    hours_from: Mapped[int | None] = mapped_column(SmallInteger)
    hours_to: Mapped[int | None] = mapped_column(SmallInteger)
    state: Mapped[PersonState] = mapped_column(String(12), default=PersonState.ACTIVE)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    replied_at: Mapped[datetime | None]  # when she last wrote to us
    on_request: Mapped[bool] = mapped_column(default=False, server_default=false())  # content only when she asks
    safe_word: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # this and the next: keyed hashes
    panic_word: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    opened_until: Mapped[datetime | None]  # she has just asked for what there is
    silent_until: Mapped[datetime | None]  # after her panic word
    asked_at: Mapped[datetime | None]  # how openly she wants to be written to; no answer yet


#: A number at which nothing arrives any more.
_LOST = "state = 'gone' AND kind = 'sms'"


class Endpoint(Base):
    """One way to reach a person. `value` is sealed with her key (row: person id); `lookup` is its keyed index."""

    __tablename__ = "endpoint"
    __table_args__ = (
        UniqueConstraint("kind", "lookup"),
        Index("ix_endpoint_person", "person_id", "kind", "state"),
        Index(
            "ix_endpoint_not_ok",
            "state",
            "id",
            sqlite_where=text("state <> 'ok'"),
            postgresql_where=text("state <> 'ok'"),
        ),
        Index("ix_endpoint_lost", "changed_at", "id", sqlite_where=text(_LOST), postgresql_where=text(_LOST)),
        CheckConstraint("kind IN ('sms', 'push')", name="kind"),
        CheckConstraint("state IN ('ok', 'gone', 'quarantined')", name="state"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(8))
    variant: Mapped[str] = mapped_column(String(8))  # number | token | fid
    value: Mapped[bytes] = mapped_column(LargeBinary)
    lookup: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[EndpointState] = mapped_column(String(12), default=EndpointState.OK)
    reason: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]  # when it came into its state; None: it is in its first
    alive_at: Mapped[datetime | None]  # when a text last arrived there, to about a week
    asked_at: Mapped[datetime | None]  # whether it is still her


class PersonTag(Base):
    """A tag that staff gave a person."""

    __tablename__ = "person_tag"
    __table_args__ = (Index("ix_person_tag_tag", "tag", "person_id"),)

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False)
    tag: Mapped[str] = mapped_column(String(64), primary_key=True)


class PersonField(Base):
    """A custom field: exactly one of `text`, `number`, `day` is set."""

    __tablename__ = "person_field"
    __table_args__ = (
        # With the person at the end, so that a list in her order is read along the index.
        Index("ix_person_field_text", "name", "text", "person_id"),
        Index("ix_person_field_number", "name", "number", "person_id"),
        Index("ix_person_field_day", "name", "day", "person_id"),
    )

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str | None] = mapped_column(String(400))
    number: Mapped[float | None]
    day: Mapped[date | None]


class Suppression(Base):
    """The keyed index of a forgotten number: no import brings it back."""

    __tablename__ = "suppression"

    lookup: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    created_at: Mapped[datetime]


class IntakeState(StrEnum):
    """Where a table that came through a page is."""

    ARRIVING = "arriving"  # on its way to us
    OFFERED = "offered"  # here; nobody has said yes yet
    RUNNING = "running"  # being taken in, or waiting for a worker
    DONE = "done"
    CANCELLED = "cancelled"
    BROKEN = "broken"  # it cannot be read to its end; what was taken in stands


class Intake(Base):
    """A table that came through a page; see `audience.intakes`. The row is the queue; `lease`: who works at it.

    `chosen`: terms of the import, and by the place of each column what it means; never a title, which a table without
    titles would have filled with a number. `rows`, `outcomes`, `reasons`: of what was taken in so far.
    """

    __tablename__ = "intake"
    __table_args__ = (
        Index(
            "ix_intake_due",
            "id",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        CheckConstraint(
            "state IN ('arriving', 'offered', 'running', 'done', 'cancelled', 'broken')",
            name="state",
        ),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    token: Mapped[str] = mapped_column(String(32), unique=True)
    by: Mapped[str] = mapped_column(String(64))
    state: Mapped[IntakeState] = mapped_column(String(12))
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(index=True)
    chosen: Mapped[dict[str, Any]]
    size: Mapped[int] = mapped_column(BigInteger, default=0)  # bytes
    about: Mapped[int] = mapped_column(BigInteger, default=0)  # rows, as far as can be known before they are read
    rows: Mapped[int] = mapped_column(BigInteger, default=0)
    outcomes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reasons: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[datetime | None]
    lease: Mapped[str] = mapped_column(String(32), default="")
    leased_until: Mapped[datetime | None]


class IntakePiece(Base):
    """A piece of such a table, sealed (row: the intake's token and the piece's number); gone when it is over."""

    __tablename__ = "intake_piece"

    intake_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("intake.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class IntakeRefused(Base):
    """Which rows a batch of such a table left out and why, sealed (row: the intake's token): number, reason, title."""

    __tablename__ = "intake_refused"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    intake_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("intake.id"), index=True)
    lines: Mapped[bytes] = mapped_column(LargeBinary)


# Said here, not with the keys: a process that knows no people could not resolve it, and would write no proof of a key.
PersonKey.metadata.tables[PersonKey.__tablename__].append_constraint(
    ForeignKeyConstraint([PersonKey.person_id.name], [Person.id])
)


def lost() -> ColumnElement[bool]:
    """The condition that an endpoint is a number at which nothing arrives any more: whose owner is to be phoned.

    Its values are written out, as the index of such numbers is not used for values that are bound.
    """
    gone, texts = (literal(value, String(), literal_execute=True) for value in ("gone", "sms"))
    return and_(Endpoint.state == gone, Endpoint.kind == texts)
