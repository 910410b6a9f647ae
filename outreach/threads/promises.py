"""The first automatic answer says when somebody will read; that moment is kept, or she is told that we are sorry.

The moment comes from the setting `answer_within`, the clinic's opening hours and the load: how many wait, and how many
were answered per opening hour of late. Load and hours only ever make it later, so that what is said can be kept.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from outreach import consent, log
from outreach.audience import people
from outreach.audience.tables import Person
from outreach.channels.contract import Kind
from outreach.delivery import carriers
from outreach.delivery.enqueue import Draft, enqueue
from outreach.errors import OutreachError
from outreach.messages.filters import MANNERS, base, say_day
from outreach.messages.samples import system_text
from outreach.messages.status import Purpose
from outreach.messages.tables import Message
from outreach.privacy import alerts
from outreach.privacy.alerts import AlertKind
from outreach.staff import accounts
from outreach.staff.roles import Role
from outreach.store import dialects
from outreach.threads import calls, duty
from outreach.threads.tables import Thread, ThreadState
from outreach.threads.week import Week
from outreach.workspace import Workspace

logger = log.get("threads")

LOOKED_BACK = timedelta(days=14)  # over which the rate of answers is known
FEWEST = 10  # answers below which no rate is known
CAUTION = 1.5  # a promise that is kept is worth more than an early one
ROUND = 30  # minutes: nobody reads at 16:43
_MOST = 200  # promises looked at in one go

#: How a moment is said: today, on a day of the week (where its name is in GSM-7), on a date. As in CLDR, without what
#: would double the price: "sabado" and "terca" are no words, so those days are said by their date.
_SAID: dict[str, tuple[str, str, str]] = {
    "en": ("today by {time}", "by {time} on {day}", "by {time} on {date}"),
    "fr": ("aujourd'hui avant {time}", "{day} avant {time}", "le {date} avant {time}"),
    "sw": ("leo kabla ya {time}", "{day} kabla ya {time}", "tarehe {date} kabla ya {time}"),
    "es": ("hoy antes de las {time}", "el {day} antes de las {time}", "el {date} antes de las {time}"),
    "pt": ("hoje antes das {time}", "no {day} antes das {time}", "no dia {date} antes das {time}"),
}
_DAYS: dict[str, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "sw": ("Jumatatu", "Jumanne", "Jumatano", "Alhamisi", "Ijumaa", "Jumamosi", "Jumapili"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "", "domingo"),
    "pt": ("", "", "", "", "", "", "domingo"),
}


def make(session: Session, workspace: Workspace, thread: Thread, at: datetime) -> None:
    """She begins to wait: set the moment by which somebody will read."""
    thread.promised_at, thread.missed_at = moment(session, workspace, at), None


def moment(session: Session, workspace: Workspace, at: datetime, coming: int = 1) -> datetime:
    """When somebody will have read what comes in now. `coming`: how many begin to wait at once."""
    settings, week = workspace.settings, duty.read(workspace.settings).week
    wanted = week.after(at + settings.answer_within, timedelta())
    if not week.covers(at + settings.answer_within):
        wanted = week.after(wanted, timedelta(hours=1))  # not at the minute at which the door opens
    needed = week.after(at, _backlog(session, week, at, coming))
    return _rounded(max(wanted, needed))


def _backlog(session: Session, week: Week, at: datetime, coming: int) -> timedelta:
    """How much opening time the threads that wait will take, at the rate of late; nothing while no rate is known."""
    since = at - LOOKED_BACK
    answers = select(func.count(func.distinct(Message.thread_id))).where(
        Message.direction == "out", Message.purpose == Purpose.REPLY, Message.created_at >= since
    )
    answered = session.scalar(answers) or 0
    if answered < FEWEST:
        return timedelta()
    waiting = session.scalar(select(func.count()).where(Thread.state == ThreadState.WAITING)) or 0
    opened = timedelta()
    for start, end in week.stretches(since):
        if start >= at:
            break
        opened += min(end, at) - start
    return opened / answered * (waiting + coming) * CAUTION


def _rounded(at: datetime) -> datetime:
    """The next half hour."""
    full = at.replace(second=0, microsecond=0)
    ahead = -full.minute % ROUND if full == at else ROUND - full.minute % ROUND
    return full + timedelta(minutes=ahead)


def said(promised: datetime, now: datetime, zone: str, language: str) -> str:
    """A moment as her language says it; as `by` stands in the answer."""
    tongue = base(language) if base(language) in _SAID else "en"
    local, today = promised.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    by_today, by_day, by_date = _SAID[tongue]
    if local.date() == today:
        return by_today.format(time=f"{local:%H:%M}")
    name = _DAYS[tongue][local.weekday()]
    if name and local.date() - today < timedelta(days=7):
        return by_day.format(time=f"{local:%H:%M}", day=name)
    spoken = say_day(MANNERS[tongue], date(local.year, local.month, local.day))
    return by_date.format(time=f"{local:%H:%M}", date=spoken)


def zone_of(person: Person, workspace: Workspace) -> str:
    """Her zone where it is known, else the clinic's."""
    return person.zone if "|" not in person.zone else workspace.settings.zone


def keep(workspace: Workspace) -> int:
    """Say sorry, once, to everybody whose moment has passed, and tell a coordinator; gives how many there were."""
    with workspace.database.read() as session:
        at = dialects.now(session)
        found = list(session.scalars(select(Thread.id).where(*_missed(at)).order_by(Thread.promised_at).limit(_MOST)))
    return sum(_sorry(workspace, thread_id) for thread_id in found)


def _missed(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Thread.promised_at <= at,
        Thread.state == ThreadState.WAITING,
        Thread.missed_at.is_(None),
        Thread.urgent == "",
    )


def _sorry(workspace: Workspace, thread_id: int) -> bool:
    with workspace.database.write() as session:
        at = dialects.now(session)
        query = dialects.take(select(Thread).where(Thread.id == thread_id, *_missed(at)))
        thread = session.scalar(query)
        if thread is None or thread.promised_at is None:
            return False
        thread.missed_at = at
        key = f"{thread.id}:{thread.promised_at.isoformat()}"
        _apologise(session, workspace, thread, key, at)
        alerts.raise_(session, AlertKind.PROMISE_MISSED, f"thread:{thread.id}", at, key=key)
        _escalate(session, workspace, key, at)
        session.flush()
        return True


def _apologise(session: Session, workspace: Workspace, thread: Thread, key: str, at: datetime) -> None:
    """In her language and her hours, and never after a STOP."""
    own = people.keys_of(session, workspace.vault, [thread.person_id]).get(thread.person_id)
    if own is None or consent.stopped(session, [thread.person_id]):
        return
    person = session.get_one(Person, thread.person_id)
    try:
        sender = thread.sender or carriers.senders(session, Kind.SMS)[0]
        values = {"clinic": workspace.settings.clinic}
        text = system_text("sorry", person.language, values, workspace.folder, fallback=workspace.settings.language)
    except OutreachError as error:
        logger.error("system text missing", job="sorry", exc_info=error)
        return
    draft = Draft(person.id, own, Purpose.APOLOGY, text, f"sorry:{key}", sender, thread.topic, thread.id)
    enqueue(session, draft, workspace.settings, at)


def _escalate(session: Session, workspace: Workspace, key: str, at: datetime) -> None:
    """The coordinator on duty is called; where none is, every one of them. Once an hour at most: it is no alarm."""
    coordinators = [each.name for each in accounts.everybody(session, Role.COORDINATOR, active=True)]
    on_duty = [name for name in duty.read(workspace.settings).on_duty(at) if name in coordinators]
    for name in on_duty[:1] or coordinators:
        calls.call(session, workspace, name, "late", f"late:{name}:{at:%Y%m%d%H}", at)
