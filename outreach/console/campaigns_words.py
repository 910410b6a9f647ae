"""What campaigns' states, reasons and choices are called on pages."""

from __future__ import annotations

from outreach.campaigns.reckon import Gap
from outreach.campaigns.repeats import When
from outreach.campaigns.shelf import Manner
from outreach.campaigns.tables import ProposalState
from outreach.console.words import N_
from outreach.messages.status import Refusal, RunState

#: A state's word, and the tone of its pill.
RUN: dict[str, tuple[str, str]] = {
    RunState.RUNNING: (N_("Running"), "good"),
    RunState.PAUSED: (N_("Paused"), "warn"),
    RunState.CANCELLED: (N_("Cancelled"), "plain"),
    RunState.FINISHED: (N_("Finished"), "calm"),
}

PROPOSAL: dict[str, tuple[str, str]] = {
    ProposalState.PROPOSED: (N_("Waits for approval"), "warn"),
    ProposalState.APPROVED: (N_("Approved"), "good"),
    ProposalState.DECLINED: (N_("Declined"), "bad"),
    ProposalState.WITHDRAWN: (N_("Withdrawn"), "plain"),
    ProposalState.LAUNCHED: (N_("Launched"), "calm"),
}

DRAFT = (N_("Draft"), "plain")
FAULTY = (N_("Has faults"), "bad")

WHY: dict[str, str] = {
    Refusal.NO_CONSENT: N_("did not agree to the topic, or paused it"),
    Refusal.STOPPED: N_("said STOP"),
    Refusal.NO_ENDPOINT: N_("cannot be reached by any channel"),
    Refusal.QUARANTINED: N_("the number may have changed hands"),
    Refusal.OUTSIDE_HOURS: N_("no lawful hour before it expires"),
    Gap.MISSING_FIELD: N_("lack a field that the text needs"),
    Gap.MISSING_DATE: N_("lack the date that steps hang on"),
}

WHEN: tuple[tuple[When, str], ...] = (
    (When.ONCE, N_("Once")),
    (When.DAILY, N_("Every day")),
    (When.WEEKLY, N_("Every week")),
    (When.MONTHLY, N_("Every month")),
    (When.BEFORE, N_("Days before a date")),
    (When.AFTER, N_("Days after a date")),
    (When.RULE, N_("By a rule (RFC 5545)")),
)

WEEKDAYS: tuple[tuple[str, str], ...] = (
    ("MO", N_("Mon")),
    ("TU", N_("Tue")),
    ("WE", N_("Wed")),
    ("TH", N_("Thu")),
    ("FR", N_("Fri")),
    ("SA", N_("Sat")),
    ("SU", N_("Sun")),
)

CHANNELS: tuple[tuple[str, str], ...] = (
    ("", N_("As usual (app, then SMS)")),
    ("push, sms", N_("App first, SMS if unread")),
    ("sms", N_("SMS only")),
    ("push", N_("App only")),
)

ON_UNKNOWN: tuple[tuple[str, str], ...] = (
    ("", N_("Never send it twice")),
    ("resend", N_("Send again once, when not found")),
)

MANNERS: tuple[tuple[Manner, str], ...] = (
    (Manner.COVERT, N_("Covert")),
    (Manner.OPEN, N_("Open")),
    (Manner.PUSH, N_("App notice")),
)

KINDS: tuple[tuple[str, str], ...] = (
    ("tag", N_("Tag")),
    ("field", N_("Field")),
    ("language", N_("Language")),
    ("zone", N_("Time zone")),
    ("country", N_("Country")),
)

COMPARISONS: tuple[tuple[str, str], ...] = (
    ("is", N_("is")),
    ("in", N_("is one of")),
    ("above", N_("is more than")),
    ("below", N_("is less than")),
    ("before", N_("is earlier than")),
    ("after", N_("is later than")),
    ("present", N_("is known")),
    ("absent", N_("is not known")),
)
