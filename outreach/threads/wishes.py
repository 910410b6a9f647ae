"""How somebody wants to be written to: PAUSE, TIME, LANG; and INFO, what she agreed to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from outreach import consent, parts
from outreach.audience import hours
from outreach.audience.hours import DAY, Hours, lawful, quiet_hours
from outreach.audience.tables import Openness
from outreach.consent import ConsentState, Standing
from outreach.messages import stigma
from outreach.messages.status import Purpose, Withdrawal
from outreach.threads import questions
from outreach.threads.answers import Note, asker_of, say, text_of
from outreach.threads.deeds import TALK, Done, evidence, withdraw
from outreach.threads.keywords import Verb

#: Days of a pause: where she says none, and at most. Whoever wants more has STOP, and a START whenever she likes.
PAUSE, LONGEST_PAUSE = 30, 90

#: What the numbers of TIME stand for; 0 takes her own hours back.
CHOICES = {"1": hours.MORNING, "2": hours.MIDDAY, "3": hours.EVENING, "0": None}


def pause(session: Session, note: Note, value: str) -> Done:
    """Nothing planned goes out until then. What waits is withdrawn: a heap of old messages would be a bad end."""
    days = min(int(value or PAUSE), LONGEST_PAUSE)
    until = note.at + timedelta(days=days)
    if consent.pause(session, note.person.id, until, evidence(note), note.at):
        withdraw(session, note, Withdrawal.PAUSED, purposes=[Purpose.CAMPAIGN])
        day = until.astimezone(ZoneInfo(note.person.zone.split("|")[0])).date()
        say(session, note, "pause", Purpose.AUTOMATIC, more={"until": day})
    return Done("keyword:pause")


def time(session: Session, note: Note, value: str) -> Done:
    """The person's own hours, or the menu when she names none. Hours that the quiet hours swallow are for a person."""
    if value not in CHOICES:
        return _menu(session, note, Verb.TIME)
    chosen = CHOICES[value]
    if chosen and lawful(note.at, note.person.zone, chosen, quiet_hours(note.workspace.settings.quiet_hours)) is None:
        return TALK
    note.person.hours_from, note.person.hours_to = (chosen.start, chosen.end) if chosen else (None, None)
    note.person.updated_at = note.at
    return _settled(session, note, Verb.TIME, {"start": _clock(chosen, 0), "end": _clock(chosen, 1)})


def lang(session: Session, note: Note, value: str) -> Done:
    """The person's language, answered in it; or the menu."""
    if not value:
        return _menu(session, note, Verb.LANG)
    note.person.language, note.person.updated_at = value, note.at
    return _settled(session, note, Verb.LANG, {})


def _menu(session: Session, note: Note, verb: Verb) -> Done:
    if not consent.stopped(session, [note.person.id]):
        questions.ask(session, asker_of(note), verb)
        say(session, note, f"{verb}-menu", Purpose.AUTOMATIC)
    return Done(f"keyword:{verb}")


def _settled(session: Session, note: Note, verb: Verb, more: dict[str, object]) -> Done:
    if not consent.stopped(session, [note.person.id]):
        say(session, note, verb, Purpose.AUTOMATIC, more=more)
    return Done(f"keyword:{verb}")


def _clock(chosen: Hours | None, edge: int) -> str | None:
    if chosen is None:
        return None
    minute = (chosen.start, chosen.end)[edge] % DAY
    return f"{minute // 60:02}:{minute % 60:02}"


# --- INFO ------------------------------------------------------------------------------------------------------------


def info(session: Session, note: Note, _: str) -> Done:
    """Topics, since when, in which words; cut so that it stays one part."""
    if not consent.stopped(session, [note.person.id]):
        standing = consent.standing(session, [note.person.id]).values()
        say(session, note, "info", Purpose.AUTOMATIC, more={"topics": topics(note, standing)})
    return Done("keyword:info")


def topics(note: Note, standing: Iterable[Standing]) -> str | None:
    """As many of her topics as fit into one part, the newest first, and how many more there are."""
    lines = [line for line in standing if _stands(line.topic, line)]
    lines.sort(key=lambda line: line.at, reverse=True)
    told = [_told(note, line) for line in lines]
    for kept in range(len(told), 0, -1):
        rest = [f"+{len(told) - kept}"] if kept < len(told) else []
        listed = ", ".join([*told[:kept], *rest])
        if parts.count(text_of(note, "info", {"topics": listed})).parts == 1:
            return listed
    return f"+{len(told)}" if told else None


def _stands(topic: str, line: Standing) -> bool:
    return topic != consent.ALL and line.state in {ConsentState.GRANTED, ConsentState.PAUSED}


def _told(note: Note, line: Standing) -> str:
    """One topic. To whoever has not chosen open words its name is told only if it gives nothing away."""
    name = line.topic if _may_be_seen(note, line.topic) else None
    wording = line.wording if line.wording and _may_be_seen(note, line.wording) else None
    day = line.at.astimezone(ZoneInfo(note.workspace.settings.zone)).date().isoformat()
    return text_of(note, "topic", {"name": name, "day": day, "wording": wording})


def _may_be_seen(note: Note, word: str) -> bool:
    if note.person.openness == Openness.OPEN:
        return True
    spaced = word.replace("-", " ").replace("_", " ")
    sensitive = any(topic in word for topic in note.workspace.settings.sensitive_topics)
    return not sensitive and not any(stigma.find(spaced, tongue) for tongue in {note.person.language, "en"})
