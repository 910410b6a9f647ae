"""What names a run in a report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.messages.tables import Run


class Ran(NamedTuple):
    """A run's campaign, and its steps in the order of the campaign's file."""

    campaign: str
    steps: list[str]


def ran(session: Session, ids: Iterable[int]) -> dict[int, Ran]:
    """The names of runs."""
    query = select(Run.id, Run.campaign, Run.frozen["steps"]).where(Run.id.in_(ids))
    return {number: Ran(campaign, list(steps)) for number, campaign, steps in session.execute(query)}


def named(runs: dict[int, Ran], number: int) -> dict[str, str]:
    """The cells that name a run: both empty where there is none."""
    return {"campaign": runs[number].campaign, "run": str(number)} if number in runs else {"campaign": "", "run": ""}
