"""Every report, in the order in which they are offered. A new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from outreach.reports import consent, cost, delivery, funnel, phone, reasons, senders, threads
from outreach.reports.contract import Report

REPORTS: Mapping[str, Report] = {
    "funnel": funnel,
    "delivery": delivery,
    "reasons": reasons,
    "senders": senders,
    "threads": threads,
    "consent": consent,
    "cost": cost,
    "phone": phone,
}
