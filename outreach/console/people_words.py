"""What is said of people on pages, in the reader's language: agreements as a line of time, rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from outreach import consent
from outreach.audience.discretion import Manner
from outreach.audience.headers import Role
from outreach.audience.phone import PhoneRefusal
from outreach.audience.tables import EndpointState, IntakeState
from outreach.audience.verdicts import Note, Outcome, RowRefusal
from outreach.consent import Consent, ConsentState, Source
from outreach.console.inbox_words import PURPOSES, STATES, language
from outreach.console.words import N_, Words

__all__ = ["PURPOSES", "STATES", "language"]  # besides its own: what is said of threads is said of people too

MANNERS: Mapping[Manner, str] = {
    Manner.COVERT: N_("covert: nothing in a text gives it away"),
    Manner.REQUEST: N_("on request: only a line that there is something, until she asks"),
    Manner.OPEN: N_("open: texts may name what they are about"),
}

KINDS: Mapping[str, str] = {"sms": N_("Phone"), "push": N_("App")}

REACHES: Mapping[str, str] = {
    EndpointState.OK: N_("can be used"),
    EndpointState.GONE: N_("out of service"),
    EndpointState.QUARANTINED: N_("may have changed hands: only asked whether it is still her"),
}

_SAYS: Mapping[str, str] = {
    ConsentState.INVITED: N_("Was invited to %(topic)s"),
    ConsentState.GRANTED: N_("Agreed to %(topic)s"),
    ConsentState.PAUSED: N_("Paused %(topic)s"),
    ConsentState.REVOKED: N_("Ended %(topic)s"),
}
_SAYS_OF_ALL: Mapping[str, str] = {
    ConsentState.GRANTED: N_("Lifted her STOP: everything stands as it stood before"),
    ConsentState.PAUSED: N_("Paused everything"),
    ConsentState.REVOKED: N_("Said STOP: nothing more is sent"),
}
_SOURCES: Mapping[str, str] = {
    Source.FILE: N_("as the imported table says"),
    Source.STAFF: N_("written down by staff"),
    Source.TEXT: N_("by her own text"),
    Source.PROVIDER: N_("told by the carrier"),
    Source.IMPORT: N_("imported without an agreement"),
}
_TONES: Mapping[str, str] = {
    ConsentState.INVITED: "plain",
    ConsentState.GRANTED: "good",
    ConsentState.PAUSED: "warn",
    ConsentState.REVOKED: "bad",
}


OUTCOMES: Mapping[str, str] = {
    Outcome.ADDED: N_("new"),
    Outcome.UPDATED: N_("changed"),
    Outcome.UNCHANGED: N_("as they were"),
    Outcome.REFUSED: N_("not taken"),
}

INTAKES: Mapping[str, tuple[str, str]] = {
    IntakeState.RUNNING: (N_("Being taken in"), "calm"),
    IntakeState.DONE: (N_("Taken in"), "good"),
    IntakeState.CANCELLED: (N_("Cancelled"), "plain"),
    IntakeState.BROKEN: (N_("Broken off"), "bad"),
}

ROLES: Mapping[Role, str] = {
    Role.PHONE: N_("Phone number"),
    Role.LANGUAGE: N_("Language"),
    Role.ZONE: N_("Time zone"),
    Role.TAGS: N_("Tags"),
    Role.PUSH_TOKEN: N_("App (push token)"),
    Role.PUSH_FID: N_("App (installation id)"),
    Role.HOURS: N_("Her own hours"),
    Role.CONSENT: N_("Agreement: from where it is known"),
    Role.CONSENT_DATE: N_("Day of the agreement"),
    Role.OPENNESS: N_("Wording: covert, request or open"),
}

FIELD_KINDS: Mapping[Role, str] = {Role.TEXT: N_("text"), Role.NUMBER: N_("number"), Role.DATE: N_("day")}

ROW_NOTES: Mapping[str, str] = {
    Note.INVITED: N_("no agreement is known: they are invited, and only their own yes counts"),
    Note.UNSOURCED: N_("it says yes but not from where: they are invited"),
    Note.DECLINED: N_("the table says no: nothing is sent"),
    Note.STOPPED: N_("said STOP: only their own START lifts it"),
    Note.OWN_WORD: N_("ended this topic themselves: only their own word starts it again"),
    Note.PAUSED: N_("are on a pause, which ends by itself"),
    Note.MORE_DISCREET: N_(
        "are written to more discreetly than the table says, and still are: they may have chosen it"
    ),
}

ROW_REFUSALS: Mapping[str, str] = {
    RowRefusal.QUOTE: N_("A quotation mark is not closed. Mend it and send the table again."),
    RowRefusal.UNTITLED: N_("Something stands in a column without a title."),
    RowRefusal.FORMULA_ERROR: N_("The spreadsheet could not compute this cell."),
    RowRefusal.LANGUAGE: N_("Write the language as a code: en, fr, sw."),
    RowRefusal.ZONE: N_("Write the time zone like Africa/Nairobi."),
    RowRefusal.HOURS: N_("Write the hours like 08:00-12:00, or morning, midday, evening."),
    RowRefusal.OPENNESS: N_("Write covert, request or open."),
    RowRefusal.TAG: N_("A tag is letters, digits, - and _. Separate tags by a comma."),
    RowRefusal.PUSH: N_("The app's token cannot be read."),
    RowRefusal.PUSH_TAKEN: N_("This app belongs to another person."),
    RowRefusal.TEXT: N_("Write at most 400 characters on one line."),
    RowRefusal.NUMBER: N_("Write digits, with a point for decimals."),
    RowRefusal.NUMBER_AMBIGUOUS: N_("Write the number without a separator of thousands."),
    RowRefusal.DATE: N_("Write the date like 2026-12-31."),
    RowRefusal.DATE_AMBIGUOUS: N_("Day or month may come first: write the date like 2026-12-31."),
    RowRefusal.DATE_FUTURE: N_("An agreement cannot lie in the future."),
    RowRefusal.CONSENT_LONG: N_("Say in one short line from where the agreement is known."),
    RowRefusal.DUPLICATE: N_("An earlier row has the same number or app."),
    RowRefusal.FORGOTTEN: N_("This person asked to be forgotten. Take the row out of your table."),
    PhoneRefusal.EMPTY: N_("There is no number."),
    PhoneRefusal.LETTERS: N_("Write the number in digits only."),
    PhoneRefusal.EXTENSION: N_("An extension gets no texts."),
    PhoneRefusal.SEVERAL: N_("Keep one number in the cell."),
    PhoneRefusal.LOST_DIGITS: N_("The spreadsheet rounded the number: make the column text, and write it again."),
    PhoneRefusal.SHORT_CODE: N_("This is as short as a service's number."),
    PhoneRefusal.TOO_SHORT: N_("Digits are missing."),
    PhoneRefusal.TOO_LONG: N_("There are too many digits."),
    PhoneRefusal.NO_PLUS: N_("It reads as another country's number: write + and the country code."),
    PhoneRefusal.INVALID: N_("No such number can exist. Check it, or the country."),
    PhoneRefusal.LANDLINE: N_("A landline gets no texts."),
    PhoneRefusal.PREMIUM: N_("A premium number is not a person's."),
    PhoneRefusal.TOLL_FREE: N_("A toll-free number is not a person's."),
    PhoneRefusal.SHARED_COST: N_("A shared-cost number is not a person's."),
    PhoneRefusal.INTERNET: N_("An internet number does not get texts reliably."),
    PhoneRefusal.PERSONAL: N_("A forwarding number hides who reads it."),
    PhoneRefusal.SERVICE: N_("This is the number of a service."),
    PhoneRefusal.NO_COUNTRY: N_("Write the number with + and the country code."),
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """One line of the ledger as people read it."""

    at: datetime
    says: str
    how: str
    tone: str
    until: datetime | None


def agreement(words: Words, line: Consent) -> Agreement:
    """A line of the ledger. Where it was her own text, which text it was helps nobody and is left out."""
    says = _SAYS_OF_ALL if line.topic == consent.ALL else _SAYS
    known = words.gettext(says.get(line.state, line.state), topic=line.topic)
    how = [words.gettext(_SOURCES.get(line.source, line.source))]
    if line.evidence and line.source not in {Source.TEXT, Source.PROVIDER}:
        how.append(line.evidence)
    if line.wording:
        how.append(words.gettext("words of %(version)s", version=line.wording))
    return Agreement(line.at, known, " · ".join(how), _TONES.get(line.state, "plain"), line.until)


def reason(words: Words, why: str) -> str:
    """A reason that stands on a message or a number, for people."""
    return why.replace("_", " ")


def refusal(words: Words, why: str) -> str:
    """Why a row was not taken, and what to do about it."""
    return words.gettext(ROW_REFUSALS.get(why, why.replace("_", " ")))


def note(words: Words, why: str) -> str:
    """What else to know of rows that were taken."""
    return words.gettext(ROW_NOTES.get(why, why.replace("_", " ")))
