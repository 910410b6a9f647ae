"""The roles of staff. A member has one or more; what each may do is said in `console.policy`."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody is here for."""

    LAUNCHER = "launcher"  # clinic staff: people, campaigns
    HELPER = "helper"  # answers threads
    COORDINATOR = "coordinator"  # approves, reviews, hands over
    ADMIN = "admin"  # staff, settings
    AUDITOR = "auditor"  # reads the record, changes nothing


class StaffState(StrEnum):
    """Whether somebody may sign in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
