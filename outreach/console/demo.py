"""The demo's page: phones, report and threads side by side. Only the demo adds it:
there is nobody to sign in as yet.
"""

from __future__ import annotations

from fastapi import FastAPI

from outreach.workspace import Workspace


def page(app: FastAPI, workspace: Workspace, carrier: str, run_id: int) -> None:
    """Add the page to the web application. `carrier`: the simulator's URL, whose handsets are shown in a frame."""
