"""Taking in tables that came through a page: somebody says yes, and a worker does it, a batch in each transaction.

The row of the table is the queue, as a message's is: claimed by a lease that every batch renews. A worker that is
killed loses its lease and nothing else; the next one goes past the rows that are committed. Who cancels waits for the
batch at hand, and from then on no row is taken in. The table itself is gone as soon as it is over; which rows were left
out stays sealed until retention lets go of it.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from outreach import failpoints, log
from outreach.audience import headers, uploads
from outreach.audience.headers import SKIP, Wishes
from outreach.audience.imports import Options, Work
from outreach.audience.sheets import Sheet, open_sheet
from outreach.audience.tables import Intake, IntakeRefused, IntakeState
from outreach.audience.verdicts import Outcome, Verdict
from outreach.errors import ConflictError, NotFoundError, SheetError, worded
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.privacy.vault import Vault, seal, unseal
from outreach.store import dialects
from outreach.store.database import Database
from outreach.workspace import Workspace

logger = log.get("audience")

BATCH = 500  # rows in one transaction; on SQLite nobody else writes meanwhile
RECENT = 20
STUCK = timedelta(days=7)

#: States in which nothing more will happen.
OVER = (IntakeState.DONE, IntakeState.CANCELLED, IntakeState.BROKEN)


class Left(NamedTuple):
    """A row that was left out, without anything that stood in it. `column`: the title of the one at fault."""

    row: int
    reason: str
    column: str


def options(chosen: dict[str, Any], header: Sequence[str], *, dry_run: bool = False) -> Options:
    """How a table is to be read. `chosen`: topic, source, wording, country; `columns`: place → meaning or "skip".

    Raises SheetError.
    """
    said = {headers.fold(header[int(place)]): meaning for place, meaning in chosen.get("columns", {}).items()}
    return Options(
        topic=chosen["topic"],
        source=chosen["source"],
        wording=chosen["wording"],
        country=chosen["country"].upper(),
        wishes=Wishes(
            {title: meaning for title, meaning in said.items() if meaning and meaning != SKIP},
            frozenset(title for title, meaning in said.items() if meaning == SKIP),
        ),
        dry_run=dry_run,
    )


def choose(session: Session, by: str, token: str, chosen: dict[str, Any]) -> None:
    """Change what is chosen for a table that waits. Raises NotFoundError, ConflictError when it is being taken in."""
    _offered(session, by, token).chosen = chosen


def start(session: Session, by: str, token: str, chosen: dict[str, Any], about: int) -> None:
    """The yes. `about`: how many rows there may be. Raises as `choose` does."""
    row, now = _offered(session, by, token), dialects.now(session)
    row.state, row.chosen, row.about = IntakeState.RUNNING, chosen, about
    row.started_at = row.changed_at = now


def _offered(session: Session, by: str, token: str) -> Intake:
    row = _held(session, uploads.find(session, by, token).id)
    if row.state != IntakeState.OFFERED:
        raise ConflictError("Somebody has said yes to this table already.")
    return row


def _held(session: Session, intake_id: int) -> Intake:
    """The row, locked and as it stands now. Raises NotFoundError."""
    query = dialects.take(select(Intake).where(Intake.id == intake_id), wait=True)
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise NotFoundError("This table was let go of.")
    return row


def cancel(session: Session, vault: Vault, by: str, token: str) -> None:
    """Take in no more of it. What was taken in stays. Raises NotFoundError; ConflictError when it is over."""
    row = _held(session, uploads.find(session, by, token).id)
    if row.state != IntakeState.RUNNING:
        raise ConflictError("This table is not being taken in.")
    _close(session, row, IntakeState.CANCELLED)
    audit.append(session, vault, by, Action.IMPORT_CANCELLED, f"topic:{row.chosen['topic']}", told(row))


def recent(session: Session) -> Sequence[Intake]:
    """The latest that somebody said yes to, newest first."""
    query = select(Intake).where(Intake.started_at.is_not(None))
    return session.scalars(query.order_by(Intake.id.desc()).limit(RECENT)).all()


def told(row: Intake) -> str:
    """Its figures as the record of what staff did has them."""
    return ", ".join(f"{row.outcomes[each]} {each}" for each in Outcome if row.outcomes.get(each)) or "nothing"


def left_out(database: Database, vault: Vault, row: Intake) -> Iterator[Left]:
    """Every row that was left out, in their order."""
    key, after = vault.derive("intake-refused"), 0
    while True:
        with database.read() as session:
            query = select(IntakeRefused).where(IntakeRefused.intake_id == row.id, IntakeRefused.id > after)
            some = session.scalars(query.order_by(IntakeRefused.id).limit(20)).all()
        if not some:
            return
        after = some[-1].id
        for each in some:
            yield from (Left(*line) for line in json.loads(unseal(key, each.lines, *_place(row.token))))


def _place(token: str) -> tuple[str, str, str]:
    return "intake_refused", "lines", token


def due(session: Session) -> bool:
    """Whether a table waits for a worker."""
    return session.scalar(_free(session).limit(1)) is not None


def _free(session: Session) -> Any:
    free = or_(Intake.leased_until.is_(None), Intake.leased_until < dialects.now(session))
    return select(Intake.id).where(Intake.state == IntakeState.RUNNING, free).order_by(Intake.id)


def carry_on(workspace: Workspace, stopping: threading.Event | None = None) -> int:
    """Take in what waits, one table after the other. Gives how many rows; safe to break off and to do by several."""
    rows, stopping = 0, stopping or threading.Event()
    while not stopping.is_set() and (job := _claim(workspace)) is not None:
        rows += job.run(stopping)
    return rows


class _LostError(Exception):
    """It was cancelled, or our lease ran out and somebody else has it."""


@dataclass(slots=True)
class _Job:
    """One table under our lease. It is what is written beside its own batches."""

    workspace: Workspace
    row: Intake
    lease: str

    def run(self, stopping: threading.Event) -> int:
        """Take it in, from where it stands. Gives how many rows."""
        clinic, begun, ends = self.workspace, self.row.rows, IntakeState.DONE
        try:
            try:
                with open_sheet(uploads.source(clinic.database, clinic.vault, self.row)) as sheet:
                    if not self._work(self._begin(sheet, stopping), stopping):
                        self._give_back()
                        return self.row.rows - begun
            except SheetError:
                ends = IntakeState.BROKEN
            self._end(ends)
        except (_LostError, NotFoundError):  # NotFoundError: it was let go of while we read it
            logger.info("import broken off", count=self.row.rows - begun)
        return self.row.rows - begun

    def _begin(self, sheet: Sheet, stopping: threading.Event) -> Work:
        """Go past what is committed. Raises SheetError when the table is shorter than that."""
        clinic, row = self.workspace, self.row
        # As it was judged at the beginning: whoever goes on must judge alike.
        today = (row.started_at or row.made_at).date()
        work = Work.of(clinic.database, clinic.vault, clinic.settings, sheet, options(row.chosen, sheet.header), today)
        work.beside, work.size = self, BATCH
        done = 0
        while done < row.rows and not stopping.is_set():
            if not (some := work.skip(row.rows - done)):
                raise SheetError(worded("The table is shorter than what was taken in of it already. Send it again."))
            done += some
            with clinic.database.write() as session:
                self.begin(session)
                self.row.leased_until = dialects.now(session) + _lease(clinic)
        return work

    def _work(self, work: Work, stopping: threading.Event) -> bool:
        """Batch after batch; whether that was all of it."""
        while not stopping.is_set():
            if not work.step():
                return True
            failpoints.reach("intake.committed")
        return False

    def begin(self, session: Session) -> None:
        """Hold the row, so that neither a cancel nor another worker comes between us and our commit."""
        row = _held(session, self.row.id)
        if row.state != IntakeState.RUNNING or row.lease != self.lease:
            raise _LostError
        self.row = row

    def end(self, session: Session, verdicts: Sequence[Verdict]) -> None:
        """Write down how far it is, and which rows were left out."""
        row = self.row
        outcomes, reasons = Counter(row.outcomes), Counter(row.reasons)
        for each in verdicts:
            outcomes[each.outcome.value] += 1
            if each.reason:
                reasons[each.reason.value] += 1
        row.rows, row.outcomes, row.reasons = row.rows + len(verdicts), dict(outcomes), dict(reasons)
        row.changed_at = dialects.now(session)
        row.leased_until = row.changed_at + _lease(self.workspace)
        left = [Left(each.row, str(each.reason), each.column) for each in verdicts if each.outcome is Outcome.REFUSED]
        if left:
            key = self.workspace.vault.derive("intake-refused")
            session.add(IntakeRefused(intake_id=row.id, lines=seal(key, json.dumps(left), *_place(row.token))))
        failpoints.reach("intake.before_commit")

    def _give_back(self) -> None:
        """We are asked to stop: another worker may go on at once."""
        with self.workspace.database.write() as session:
            self.begin(session)
            self.row.lease, self.row.leased_until = "", None

    def _end(self, state: IntakeState) -> None:
        with self.workspace.database.write() as session:
            self.begin(session)
            _finish(session, self.workspace.vault, self.row, state)
        logger.info("imported", count=self.row.rows, state=state.value)


def tidy(workspace: Workspace) -> int:
    """Let go of what nobody said yes to, and break off what no worker has got on with for a week. Gives how many."""
    with workspace.database.read() as session:
        stuck = (Intake.state == IntakeState.RUNNING) & (Intake.changed_at < dialects.now(session) - STUCK)
        ids = list(session.scalars(select(Intake.id).where(stuck)))
        if not ids and session.scalar(uploads.stale(session).limit(1)) is None:
            return 0
    with workspace.database.write() as session:
        rows = session.scalars(dialects.take(select(Intake).where(stuck))).all()
        for row in rows:
            _finish(session, workspace.vault, row, IntakeState.BROKEN)
        return len(rows) + uploads.sweep(session)


def _finish(session: Session, vault: Vault, row: Intake, state: IntakeState) -> None:
    """Close it, and write into the record what it came to."""
    _close(session, row, state)
    broken = ", then it was broken off" if state is IntakeState.BROKEN else ""
    subject = f"topic:{row.chosen['topic']}"
    audit.append(session, vault, row.by, Action.PEOPLE_IMPORTED, subject, f"{told(row)}{broken}")


def _close(session: Session, row: Intake, state: IntakeState) -> None:
    row.state, row.changed_at = state, dialects.now(session)
    row.lease, row.leased_until = "", None
    uploads.let_go(session, row)


def _lease(workspace: Workspace) -> timedelta:
    return timedelta(seconds=workspace.settings.lease)


def _claim(workspace: Workspace) -> _Job | None:
    with workspace.database.read() as session:
        if not due(session):
            return None
    lease = secrets.token_hex(16)
    with workspace.database.write() as session:
        found = session.scalar(dialects.take(_free(session).limit(1)))
        if found is None:
            return None
        row = _held(session, found)
        row.lease, row.leased_until = lease, dialects.now(session) + _lease(workspace)
    return _Job(workspace, row, lease)
