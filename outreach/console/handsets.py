"""Handsets: in the demo, the phones of simulated people, in the simulator's own page in a frame."""

from __future__ import annotations

from fastapi import HTTPException
from fastapi.responses import Response

from outreach.console.policy import Act
from outreach.console.visit import Here, Pages

pages = Pages()


@pages.page("/handsets", Act.SEE_HANDSETS)
def handsets(visit: Here) -> Response:
    """The phones; outside the demo there are none."""
    if not visit.desk.demo:
        raise HTTPException(404)
    return visit.show("handsets.html")
