"""The consent ledger: append-only lines of who agreed to what, when, how, in which words; and where that stands now.

A person's STOP is a line for every topic at once (`ALL`), and so is her pause. It outweighs every topic, and only her
own START lifts it: no import, invitation or member of staff can. The latest line of each (person, topic) is kept in
`standing`, written in the same transaction, so that planning a campaign is one join.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    SQLColumnExpression,
    String,
    and_,
    column,
    exists,
    or_,
    select,
    table,
    text,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from outreach.hooks import events as hooks
from outreach.hooks.events import Kind
from outreach.store import dialects, loose, rollups
from outreach.store.base import Base
from outreach.store.rollups import RollUp
from outreach.store.types import Serial

#: The topic that stands for all topics: where a STOP is written.
ALL = "*"


class ConsentState(StrEnum):
    """What a line of the ledger says."""

    INVITED = "invited"  # asked, no answer yet: nothing but the invitation may be sent
    GRANTED = "granted"
    PAUSED = "paused"
    REVOKED = "revoked"


class Source(StrEnum):
    """How we know."""

    FILE = "file"  # a column of an imported file says it
    STAFF = "staff"  # the command or a page says it
    TEXT = "text"  # the person's own text
    PROVIDER = "provider"  # the provider holds a STOP of hers
    IMPORT = "import"  # imported without consent: invited


class Consent(Base):
    """One line of the ledger. Lines are added, never changed."""

    __tablename__ = "consent"
    __table_args__ = (
        Index("ix_consent_person", "person_id", "topic", "id"),
        CheckConstraint("state IN ('invited', 'granted', 'paused', 'revoked')", name="state"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"))
    topic: Mapped[str] = mapped_column(String(64))
    state: Mapped[ConsentState] = mapped_column(String(12))
    at: Mapped[datetime]
    until: Mapped[datetime | None]  # of a pause
    source: Mapped[Source] = mapped_column(String(12))
    evidence: Mapped[str] = mapped_column(String(200), default="")  # staff name, message id, file's own words
    wording: Mapped[str] = mapped_column(String(80), default="")  # version of the words that were agreed to


class Standing(Base):
    """Where a person's consent to a topic stands: the latest line of the ledger."""

    __tablename__ = "standing"
    __table_args__ = (
        Index("ix_standing_topic", "topic", "state", "person_id"),
        Index(
            "ix_standing_invited",
            "person_id",
            sqlite_where=text("state = 'invited'"),
            postgresql_where=text("state = 'invited'"),
        ),
    )

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("person.id"), primary_key=True, autoincrement=False)
    topic: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[ConsentState] = mapped_column(String(12))
    until: Mapped[datetime | None]
    at: Mapped[datetime]
    wording: Mapped[str] = mapped_column(String(80), default="")


class Stands(NamedTuple):
    """What decides whether a message may go, of a `Standing`."""

    state: ConsentState
    until: datetime | None


class Turn(StrEnum):
    """What the roll-up of the ledger counts."""

    INVITED = "invited"
    JOINED = "joined"  # agrees now and did not before
    PAUSED = "paused"
    LEFT = "left"  # agreed before and does not any more: to this topic, or to all by a STOP


class ConsentTally(RollUp):
    """How many joined and left each topic, as changes (see `store.rollups`): reports never read the ledger."""

    __tablename__ = "consent_tally"
    __table_args__ = (Index("ix_consent_tally_day", "day"),)
    CELL: ClassVar = ("topic", "day", "turn", "source", "reason")
    SUMS: ClassVar = ("people",)

    topic: Mapped[str] = mapped_column(String(64))
    turn: Mapped[Turn] = mapped_column(String(12))
    source: Mapped[Source] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(40), default="")  # why somebody left, where she said
    people: Mapped[int]


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be written in the ledger."""

    person_id: int
    topic: str
    state: ConsentState
    source: Source
    evidence: str = ""
    wording: str = ""
    until: datetime | None = None


#: Of a person only what other programs know her by: her table lies above this floor.
_PERSON = table("person", column("id", BigInteger), column("pseudonym", String))


def record(session: Session, lines: Sequence[Line], at: datetime, *, told: bool = True) -> None:
    """Write lines in bulk and move where consent stands, in the caller's transaction.

    One line per (person, topic) a call. `told`: other programs hear that something changed; not of a whole table, which
    would be a call for each of its people.
    """
    if not lines:
        return
    _count(session, lines, dialects.day(session, at))
    rows = [
        {
            "person_id": line.person_id,
            "topic": line.topic,
            "state": line.state,
            "until": line.until,
            "at": at,
            "source": line.source,
            "evidence": line.evidence[:200],
            "wording": line.wording[:80],
        }
        for line in lines
    ]
    session.execute(plain_insert(Consent), rows)
    kept = ("person_id", "topic", "state", "until", "at", "wording")
    upsert = dialects.insert(session, Standing)
    upsert = upsert.on_conflict_do_update(
        index_elements=["person_id", "topic"],
        set_={name: upsert.excluded[name] for name in kept[2:]},
    )
    session.execute(upsert, [{name: row[name] for name in kept} for row in rows])
    if told and hooks.is_wanted(session, Kind.CONSENT_CHANGED):
        named = select(_PERSON.c.pseudonym).where(_PERSON.c.id.in_({line.person_id for line in lines}))
        for pseudonym in session.scalars(named.order_by(_PERSON.c.id)):
            hooks.tell(session, Kind.CONSENT_CHANGED, at, person=pseudonym)


def _count(session: Session, lines: Sequence[Line], day: date) -> None:
    """Note what lines that are about to be written change."""
    query = select(Standing.person_id, Standing.topic, Standing.state)
    stands: dict[int, dict[str, str]] = {line.person_id: {} for line in lines}
    for person_id, topic, state in session.execute(query.where(Standing.person_id.in_(stands))):
        stands[person_id][topic] = state
    changes = ((line, *turn) for line in lines for turn in _turns(stands[line.person_id], line))
    rollups.note(session, ConsentTally, (((topic, day, turn, line.source, ""), (1,)) for line, topic, turn in changes))


def _turns(stands: dict[str, str], line: Line | Consent) -> list[tuple[str, Turn]]:
    """What one line changes for its person, by topic; `stands` is brought up to date."""
    before = _agreed(stands)
    stands[line.topic] = line.state
    after = _agreed(stands)
    plain = [(line.topic, Turn(line.state))] if line.topic != ALL and line.state in {*Turn} else []
    return [
        *plain,
        *((topic, Turn.JOINED) for topic in sorted(after - before)),
        *((topic, Turn.LEFT) for topic in sorted(before - after)),
    ]


def _agreed(stands: Mapping[str, str]) -> set[str]:
    """The topics that somebody agrees to. A pause is no end of it."""
    if stands.get(ALL) == ConsentState.REVOKED:
        return set()
    agreeing = {ConsentState.GRANTED, ConsentState.PAUSED}
    return {topic for topic, state in stands.items() if topic != ALL and state in agreeing}


def grant(session: Session, line: Line, at: datetime) -> None:
    """Write that a person agrees to a topic."""
    record(session, [line], at)


def stop(session: Session, person_id: int, source: Source, evidence: str, at: datetime) -> bool:
    """Write a person's STOP for every topic. False when she had stopped already: nothing is written twice."""
    if stopped(session, [person_id]):
        return False
    record(session, [Line(person_id, ALL, ConsentState.REVOKED, source, evidence)], at)
    return True


def pause(session: Session, person_id: int, until: datetime, evidence: str, at: datetime) -> bool:
    """Write that a person wants nothing until then, of any topic. False when she had stopped: that outweighs it."""
    if stopped(session, [person_id]):
        return False
    record(session, [Line(person_id, ALL, ConsentState.PAUSED, Source.TEXT, evidence, until=until)], at)
    return True


def end(session: Session, person_id: int, topics: Collection[str], evidence: str, at: datetime) -> set[str]:
    """Write that a person's consent to topics has ended, by her own text. Gives those that she had or was asked for."""
    lines = [line for (_, topic), line in standing(session, [person_id]).items() if topic in topics]
    ended = {line.topic for line in lines if line.state != ConsentState.REVOKED}
    revoked = [Line(person_id, topic, ConsentState.REVOKED, Source.TEXT, evidence) for topic in sorted(ended)]
    record(session, revoked, at)
    return ended


def start(session: Session, person_id: int, evidence: str, at: datetime) -> bool:
    """Lift a STOP or a pause by the person's own START; every topic stands again as it stood. False when there was
    none.
    """
    line = session.get(Standing, (person_id, ALL), populate_existing=True)
    if line is None or not (line.state == ConsentState.REVOKED or paused(at, line)):
        return False
    record(session, [Line(person_id, ALL, ConsentState.GRANTED, Source.TEXT, evidence)], at)
    return True


def stopped(session: Session, people: Collection[int]) -> set[int]:
    """Which of these people said STOP and have not said START since."""
    query = select(Standing.person_id).where(
        Standing.person_id.in_(people), Standing.topic == ALL, Standing.state == ConsentState.REVOKED
    )
    return set(session.scalars(query))


def standing(session: Session, people: Collection[int]) -> dict[tuple[int, str], Standing]:
    """Where the consent of these people stands, by (person, topic), `ALL` included."""
    rows = session.scalars(select(Standing).where(dialects.among(session, Standing.person_id, people)))
    return {(row.person_id, row.topic): row for row in rows}


def stands(session: Session, people: Collection[int]) -> dict[tuple[int, str], Stands]:
    """The same of many people, without an object of the ORM for each line."""
    rows = session.execute(_STANDS.where(dialects.among(session, _STANDING.person_id, people)))
    return {(person_id, topic): Stands(state, until) for person_id, topic, state, until in rows}


_STANDING = Standing.__table__.c
_STANDS = select(_STANDING.person_id, _STANDING.topic, _STANDING.state, _STANDING.until)


def agrees(at: datetime, *lines: Standing | Stands | None) -> bool:
    """Whether lines allow a message at a moment: the topic's line, then the line for `ALL`."""
    topic, everything = lines
    if topic is None or not _allows(topic, at):
        return False
    return everything is None or _allows(everything, at)


def paused(at: datetime, line: Standing | Stands | None) -> bool:
    """Whether a line is a pause that is not over."""
    if line is None or line.state != ConsentState.PAUSED:
        return False
    return line.until is None or line.until > at


def _allows(line: Standing | Stands, at: datetime) -> bool:
    if line.state == ConsentState.PAUSED:
        return not paused(at, line)
    return line.state == ConsentState.GRANTED


def granted(person_id: SQLColumnExpression[int], topic: str, at: datetime) -> ColumnElement[bool]:
    """The same as `agrees`, as SQL over a column of person ids."""
    line, everything = aliased(Standing), aliased(Standing)
    over = and_(everything.state == ConsentState.PAUSED, everything.until.is_not(None), everything.until <= at)
    return and_(
        exists().where(
            line.person_id == person_id,
            line.topic == topic,
            or_(
                line.state == ConsentState.GRANTED,
                and_(line.state == ConsentState.PAUSED, line.until <= at),
            ),
        ),
        ~exists().where(
            everything.person_id == person_id,
            everything.topic == ALL,
            everything.state != ConsentState.GRANTED,
            ~over,
        ),
    )


def topics(session: Session) -> list[str]:
    """The topics that anybody has been asked about."""
    found = loose.values(session, Standing.topic)[0]
    return [topic for topic in found if topic != ALL]


def last_leaving(session: Session, person_id: int) -> tuple[Consent, list[str]] | None:
    """The line by which somebody last left topics, and which ones; None when she never did."""
    stands: dict[str, str] = {}
    found = None
    for line in history(session, person_id):
        if left := [topic for topic, turn in _turns(stands, line) if turn is Turn.LEFT]:
            found = line, left
    return found


def history(session: Session, person_id: int) -> Iterable[Consent]:
    """Every line about one person, oldest first: the proof."""
    return session.scalars(select(Consent).where(Consent.person_id == person_id).order_by(Consent.id))
