"""Where the bar leads. An entry shows when the page is there and the member may see it."""

from __future__ import annotations

from dataclasses import dataclass

from outreach.console.policy import Act
from outreach.console.words import N_


@dataclass(frozen=True, slots=True)
class Entry:
    """One place. `icon`: a name in `pages/icons.html`."""

    path: str
    label: str
    act: Act
    icon: str


NAV: tuple[Entry, ...] = (
    Entry("/", N_("Home"), Act.BE_THERE, "home"),
    Entry("/inbox", N_("Inbox"), Act.SEE_THREADS, "inbox"),
    Entry("/campaigns", N_("Campaigns"), Act.SEE_CAMPAIGNS, "campaigns"),
    Entry("/people", N_("People"), Act.SEE_PEOPLE, "people"),
    Entry("/reports", N_("Reports"), Act.SEE_REPORTS, "reports"),
    Entry("/alerts", N_("Alerts"), Act.SEE_ALERTS, "bell"),
    Entry("/reveals", N_("Reveals"), Act.SEE_REVEALS, "key"),
    Entry("/settings", N_("Settings"), Act.SEE_SETTINGS, "settings"),
    Entry("/handsets", N_("Handsets"), Act.SEE_HANDSETS, "handsets"),
)
