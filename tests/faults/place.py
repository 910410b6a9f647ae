"""The clinic of a trial: forty people, one campaign that begins now, a database of its own copied from a template."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import update
from sqlalchemy.engine import make_url

from outreach import consent
from outreach.audience.tables import Person
from outreach.campaigns import runs
from outreach.consent import ConsentState, Line, Source
from outreach.privacy.vault import Vault
from outreach.settings import Settings
from outreach.store import dialects, migrate
from outreach.store.database import Database
from outreach.workspace import Workspace
from tests.clinic import TOPIC, clinic, write_campaign
from tests.delivery.desk import crowd
from tests.postgres import Postgres

PEOPLE = 40
IN_BED = 3  # of them, the first
ZONES = ("Africa/Nairobi", "Africa/Kampala", "Africa/Addis_Ababa")  # one wall time, three places to plan for
CAMPAIGN = "trial"

LEASE, SETTLE, LOOK = 10.0, 5.0, 2.0

DEFINITION = """\
title: Trial
topic: tb
audience: {all: []}
channels: [sms]
hours: {from: "00:00", to: "24:00"}
expires: 3d
replies: {wait: false}
steps:
"""
_STEP = '  - {{id: {step}, template: tb/{step}, at: "{at:%Y-%m-%d %H:%M:%S}", on_unknown: {on_unknown}}}\n'

STEPS = ("welcome", "every-day", "food", "missed")  # each with words of its own, a second apart


def number(place: int) -> str:
    """The number of a person of the trial."""
    return f"+2547{10_000_000 + place}"


@dataclass(frozen=True)
class Place:
    """One clinic of a trial: how to open it, and whom it knows (ids in order of their numbers)."""

    settings: Settings
    database: Database
    vault: Vault
    people: list[int]

    @property
    def url(self) -> str:
        """Its database."""
        return self.settings.database_url

    @contextmanager
    def opened(self) -> Iterator[Workspace]:
        """The clinic, with connections of this process alone.

        Without the checks of a start, which cost more than most jobs; statements that this process or its parent has
        compiled before are not compiled again.
        """
        workspace = Workspace(self.settings, self.database, self.vault)
        try:
            yield workspace
        finally:
            workspace.close()

    def launch(self, on_unknown: str, at: Sequence[datetime] = ()) -> None:
        """Launch a campaign. `at`: when each step is due, by everybody's clock; a second apart, if none is said."""
        with self.opened() as workspace:
            wall = workspace.database.now().astimezone(ZoneInfo(ZONES[0])).replace(microsecond=0)
            moments = at or [wall + timedelta(seconds=place) for place in range(len(STEPS))]
            steps = [
                _STEP.format(step=step, at=moment, on_unknown=on_unknown)
                for moment, step in zip(moments, STEPS, strict=False)
            ]
            write_campaign(workspace, CAMPAIGN, DEFINITION + "".join(steps))
            runs.launch(workspace, CAMPAIGN, by="bench")

    def move(self, zone: str) -> None:
        """Everybody lives there now."""
        self._run(f"UPDATE person SET zone = '{zone}'")

    def send_to_bed(self) -> None:
        """Some people choose hours of their own, which begin in two hours: after messages to them were planned."""
        local = datetime.now(UTC).astimezone(ZoneInfo(ZONES[0]))
        start = (local.hour * 60 + local.minute + 120) % (24 * 60)
        hours = f"hours_from = {start}, hours_to = {(start + 120) % (24 * 60)}"
        self._run(f"UPDATE person SET {hours} WHERE id IN ({', '.join(map(str, self.people[:IN_BED]))})")

    def pass_time(self, seconds: float) -> None:
        """Let time pass for whatever waits: leases, looks, rests. What is on record keeps its time."""
        moved = {"message": ("lease_until", "updated_at", "due_at"), "sender": ("next_at", "halted_until")}
        for table, columns in moved.items():
            self._run(f"UPDATE {table} SET " + ", ".join(f"{name} = {self._less(name, seconds)}" for name in columns))

    def _less(self, column: str, seconds: float) -> str:
        if self.url.startswith("sqlite"):
            return f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-{seconds} seconds')"
        return f"{column} - interval '{seconds} seconds'"

    def _run(self, statement: str) -> None:
        if self.url.startswith("sqlite"):
            connection = sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
            with closing(connection):
                connection.execute(statement)
            return
        plain = make_url(self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as server:
            server.execute(statement.encode())


class Land:
    """Where trials are held: one clinic after the other, each from a template. `server`: PostgreSQL; SQLite if none."""

    def __init__(self, folder: Path, server: str = "") -> None:
        self._folder = folder
        self._server = Postgres(server) if server else None
        self._stack = ExitStack()
        self._template = self._stack.enter_context(self._server.database()) if self._server else ""
        url = self._template or f"sqlite:///{folder / 'template.db'}"
        _migrate(url)
        changes = {"lease": LEASE, "settle_after": SETTLE, "look_after": LOOK, "batch": 7}
        with clinic(url, folder / "clinic", **changes) as made:
            self._settings, self._vault = made.settings, made.vault
            self._people = _settle(made)
        self._name = f"outreach_trial_{uuid4().hex[:12]}"
        here = make_url(url).set(database=self._name if self._server else str(folder / "trial.db"))
        self._url = here.render_as_string(hide_password=False)
        self._database = Database(self._url)

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A fresh clinic."""
        if self._server:
            with self._server.database(template=make_url(self._template).database or "", name=self._name):
                yield self._here()
            return
        for old in self._folder.glob("trial.db*"):
            old.unlink()
        shutil.copy(self._folder / "template.db", self._folder / "trial.db")
        yield self._here()

    def _here(self) -> Place:
        settings = self._settings.model_copy(update={"database_url": self._url})
        return Place(settings, self._database, self._vault, self._people)

    def close(self) -> None:
        """Take the template away."""
        self._stack.close()


def _migrate(url: str) -> None:
    database = Database(url)
    migrate.upgrade(database.engine)
    database.close()


def _settle(made: Workspace) -> list[int]:
    people = crowd(made, PEOPLE)
    with made.database.write() as session:
        at = dialects.now(session)
        for place, person in enumerate(people):
            session.execute(update(Person).where(Person.id == person).values(zone=ZONES[place % len(ZONES)]))
        consent.record(session, [Line(people[-1], TOPIC, ConsentState.PAUSED, Source.STAFF)], at)
    return people
