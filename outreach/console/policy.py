"""Who may do what. One function says it, and what is not said here nobody may.

To add an action: a member of `Act`, a line in `ALLOWED`; then its row in `tests/console/test_policy.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from outreach.staff.accounts import Member
from outreach.staff.roles import Role, StaffState
from outreach.staff.tokens import Bearer, Scope

_LAUNCHER, _HELPER, _COORDINATOR, _ADMIN, _AUDITOR = (
    Role.LAUNCHER,
    Role.HELPER,
    Role.COORDINATOR,
    Role.ADMIN,
    Role.AUDITOR,
)


class Act(StrEnum):
    """What can be done in the console. Every route declares one."""

    ENTER = "enter"  # sign in: the only thing that nobody in particular may do
    BE_THERE = "be_there"  # home, one's own account, signing out, hearing that something changed
    SEE_THREADS = "see_threads"
    ANSWER_THREADS = "answer_threads"
    HAND_OVER_THREADS = "hand_over_threads"  # to somebody else than oneself
    WRITE_CANNED = "write_canned"
    ASK_REVEAL = "ask_reveal"
    GRANT_REVEAL = "grant_reveal"  # or refuse it, or look at what was taken alone
    SEE_REVEALS = "see_reveals"  # what one asked for oneself
    SEE_ALL_REVEALS = "see_all_reveals"  # who asked for what and why; never what was sealed
    SEE_CAMPAIGNS = "see_campaigns"
    WRITE_CAMPAIGNS = "write_campaigns"  # definitions, templates, sending a test, proposing
    APPROVE_CAMPAIGNS = "approve_campaigns"
    RUN_CAMPAIGNS = "run_campaigns"  # pause, resume, cancel, launch what is approved
    SEE_PEOPLE = "see_people"
    IMPORT_PEOPLE = "import_people"
    FIND_BY_NUMBER = "find_by_number"  # with a reason, which is recorded
    SEE_CONSENT = "see_consent"
    CHANGE_CONSENT = "change_consent"
    EXPORT_PEOPLE = "export_people"
    FORGET_PEOPLE = "forget_people"
    SEE_REPORTS = "see_reports"
    SEE_FAILED_PEOPLE = "see_failed_people"  # whom to phone: pseudonyms
    SEE_SETTINGS = "see_settings"
    CHANGE_SETTINGS = "change_settings"
    SEE_STAFF = "see_staff"
    CHANGE_STAFF = "change_staff"
    SEE_RECORD = "see_record"
    SEE_ALERTS = "see_alerts"
    CLEAR_ALERTS = "clear_alerts"  # say that one has looked at one
    SEE_STYLE = "see_style"
    SEE_HANDSETS = "see_handsets"
    TRY_TEXTS = "try_texts"  # what would this text do? stores nothing
    SEE_TOKENS = "see_tokens"
    SEE_HOOKS = "see_hooks"
    CHANGE_HOOKS = "change_hooks"
    CHANGE_TOKENS = "change_tokens"  # whoever makes one can give another program all that a scope lets do


_ALL = frozenset(Role)

ALLOWED: Mapping[Act, frozenset[Role]] = {
    Act.BE_THERE: _ALL,
    Act.SEE_THREADS: frozenset({_HELPER, _COORDINATOR}),
    Act.ANSWER_THREADS: frozenset({_HELPER, _COORDINATOR}),
    Act.HAND_OVER_THREADS: frozenset({_HELPER, _COORDINATOR}),
    Act.WRITE_CANNED: frozenset({_COORDINATOR}),
    Act.ASK_REVEAL: frozenset({_LAUNCHER, _HELPER, _COORDINATOR}),
    Act.GRANT_REVEAL: frozenset({_COORDINATOR, _ADMIN}),
    Act.SEE_REVEALS: _ALL,
    Act.SEE_ALL_REVEALS: frozenset({_COORDINATOR, _ADMIN, _AUDITOR}),
    Act.SEE_CAMPAIGNS: frozenset({_LAUNCHER, _COORDINATOR, _ADMIN, _AUDITOR}),
    Act.WRITE_CAMPAIGNS: frozenset({_LAUNCHER, _COORDINATOR}),
    Act.APPROVE_CAMPAIGNS: frozenset({_LAUNCHER, _COORDINATOR, _ADMIN}),
    Act.RUN_CAMPAIGNS: frozenset({_LAUNCHER, _COORDINATOR}),
    Act.SEE_PEOPLE: frozenset({_LAUNCHER, _COORDINATOR}),
    Act.FIND_BY_NUMBER: frozenset({_LAUNCHER, _COORDINATOR}),
    Act.IMPORT_PEOPLE: frozenset({_LAUNCHER, _COORDINATOR}),
    Act.SEE_CONSENT: frozenset({_LAUNCHER, _COORDINATOR}),
    Act.CHANGE_CONSENT: frozenset({_LAUNCHER, _COORDINATOR}),
    Act.EXPORT_PEOPLE: frozenset({_COORDINATOR, _ADMIN}),
    Act.FORGET_PEOPLE: frozenset({_COORDINATOR, _ADMIN}),
    Act.SEE_REPORTS: frozenset({_LAUNCHER, _COORDINATOR, _ADMIN, _AUDITOR}),
    Act.SEE_FAILED_PEOPLE: frozenset({_LAUNCHER, _COORDINATOR}),
    Act.SEE_SETTINGS: frozenset({_COORDINATOR, _ADMIN, _AUDITOR}),
    Act.CHANGE_SETTINGS: frozenset({_ADMIN}),
    Act.SEE_STAFF: frozenset({_ADMIN, _AUDITOR}),
    Act.CHANGE_STAFF: frozenset({_ADMIN}),
    Act.SEE_RECORD: frozenset({_ADMIN, _AUDITOR}),
    Act.SEE_ALERTS: frozenset({_COORDINATOR, _ADMIN}),
    Act.CLEAR_ALERTS: frozenset({_COORDINATOR, _ADMIN}),
    Act.SEE_STYLE: frozenset({_ADMIN}),
    Act.SEE_HANDSETS: _ALL,
    Act.TRY_TEXTS: _ALL,
    Act.SEE_TOKENS: frozenset({_ADMIN, _AUDITOR}),
    Act.CHANGE_TOKENS: frozenset({_ADMIN}),
    Act.SEE_HOOKS: frozenset({_ADMIN, _AUDITOR}),
    Act.CHANGE_HOOKS: frozenset({_ADMIN}),
}

#: What the token of another program may do, by its scopes. No scope holds what only a second person may do.
SCOPES: Mapping[Scope, frozenset[Act]] = {
    Scope.PEOPLE_READ: frozenset({Act.SEE_PEOPLE, Act.SEE_FAILED_PEOPLE}),
    Scope.PEOPLE_WRITE: frozenset({Act.IMPORT_PEOPLE}),
    Scope.CONSENT_READ: frozenset({Act.SEE_CONSENT}),
    Scope.CONSENT_WRITE: frozenset({Act.CHANGE_CONSENT}),
    Scope.CAMPAIGNS_READ: frozenset({Act.SEE_CAMPAIGNS}),
    Scope.CAMPAIGNS_WRITE: frozenset({Act.WRITE_CAMPAIGNS}),
    Scope.CAMPAIGNS_RUN: frozenset({Act.RUN_CAMPAIGNS}),
    Scope.REPORTS_READ: frozenset({Act.SEE_REPORTS}),
    Scope.THREADS_READ: frozenset({Act.SEE_THREADS}),
    Scope.THREADS_WRITE: frozenset({Act.ANSWER_THREADS}),
}

#: What one may do only to what somebody else made or asked for: two people see it.
SECOND_PERSON = frozenset({Act.APPROVE_CAMPAIGNS, Act.GRANT_REVEAL, Act.CLEAR_ALERTS})


def scope_of(act: Act) -> Scope:
    """The scope that a token needs for this. Raises LookupError where no token is enough."""
    return {act: scope for scope, acts in SCOPES.items() for act in acts}[act]


def may(member: Member | Bearer | None, act: Act, owner: str | None = None) -> bool:
    """Whether somebody, or another program, may do something.

    `owner`: the staff name of whoever made or asked for what it is done to.
    """
    if isinstance(member, Bearer):
        return any(act in SCOPES.get(scope, frozenset()) for scope in member.scopes)
    if act == Act.ENTER:
        return True
    if member is None or member.state != StaffState.ACTIVE:
        return False
    if act in SECOND_PERSON and owner == member.name:
        return False
    return bool(member.roles & ALLOWED.get(act, frozenset()))
