"""Every report, in the order in which they are offered. A new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from outreach.reports import consent, delivery, replies
from outreach.reports.contract import Report

REPORTS: Mapping[str, Report] = {
    "delivery": delivery,
    "replies": replies,
    "consent": consent,
}
