"""What a worker keeps in memory for as long as it lives."""

from __future__ import annotations

import subprocess
import sys

from tests.processes import environment

#: Large, and used by other processes alone, or now and then.
NOT_A_WORKERS = (
    "alembic",
    "mako",
    "fastapi",
    "uvicorn",
    "httpx",
    "openpyxl",
    "firebase_admin",
    "google",
    "rich",
    "pygments",
    "phonenumbers",
    "sqlite3",
    "outreach.privacy.redact.words",
)


def test_a_worker_loads_nothing_that_others_need() -> None:
    code = f"import sys, outreach.cli.work; print([name for name in {NOT_A_WORKERS!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], env=environment({}), capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
