"""The style page: every part that pages are made of, together. For the demo and for admins."""

from __future__ import annotations

from datetime import timedelta

from fastapi.responses import Response

from outreach.console.policy import Act
from outreach.console.visit import Here, Pages

pages = Pages()

COLOURS = ("ground", "card", "sunk", "leaf", "leaf-tint", "clay", "clay-tint", "good", "warn", "bad", "calm")
NAMES = ("quiet-river-27", "amber-kite-04", "tall-reed-91", "soft-cloud-33", "early-bird-58")


@pages.page("/style", Act.SEE_STYLE)
def style(visit: Here) -> Response:
    """The page."""
    times = [visit.now - timedelta(minutes=4), visit.now + timedelta(hours=3), visit.now - timedelta(days=30)]
    line = [
        (
            visit.words.day((visit.now - timedelta(days=7 * week)).date()),
            (visit.now - timedelta(days=7 * week)).timestamp(),
            120 + 9 * week,
            80 + 4 * week,
        )
        for week in range(12, 0, -1)
    ]
    return visit.show("style.html", colours=COLOURS, names=NAMES, times=times, line=line)
