"""Reports: all of the registry, for the whole clinic, small groups hidden as everywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated

from fastapi import Query

from outreach.console.api import shapes
from outreach.console.api.door import ABSENT, Api, Call, Here
from outreach.console.policy import Act
from outreach.errors import NotFoundError
from outreach.reports.cells import table
from outreach.reports.contract import Filter, Report, scope_of
from outreach.reports.formats import facts
from outreach.reports.registry import REPORTS

api = Api("reports")

DAYS = 92  # that a report goes back unless it is asked for more
MOST = 5000  # rows, where people are listed one by one
_PHONE = "phone"


@api.shows("/reports", Act.SEE_REPORTS)
def reports(call: Here) -> shapes.Reports:
    """Every report that this token may read."""
    offered = [(name, each) for name, each in REPORTS.items() if _may(call, name)]
    return shapes.Reports(
        data=[
            shapes.ReportName(name=name, title=each.TITLE, about=each.ABOUT, filters=sorted(each.FILTERS))
            for name, each in offered
        ]
    )


@api.shows("/reports/{name}", Act.SEE_REPORTS, responses=ABSENT)
def report(
    call: Here,
    name: str,
    campaign: Annotated[str, Query(max_length=64)] = "",
    topic: Annotated[str, Query(max_length=64)] = "",
    first: Annotated[date | None, Query(description=f"Left out: {DAYS} days ago.")] = None,
    last: date | None = None,
) -> shapes.Report:
    """One report. A filter that it does not know leaves nothing out."""
    chosen = _chosen(call, name)
    settings = call.workspace.settings
    scope = replace(scope_of(settings, call.now), most=MOST)
    if Filter.CAMPAIGN in chosen.FILTERS:
        scope = replace(scope, campaign=campaign)
    if Filter.TOPIC in chosen.FILTERS:
        scope = replace(scope, topic=topic)
    if Filter.DATES in chosen.FILTERS:
        scope = replace(scope, first=first or scope.today - timedelta(days=DAYS - 1), last=last)
    with call.workspace.database.read() as session:
        rows = table(chosen, session, scope)
    return shapes.Report(report=name, currency=settings.currency, **facts(chosen, rows))


def _chosen(call: Call, name: str) -> Report:
    if name not in REPORTS or not _may(call, name):
        raise NotFoundError("There is no such report.")
    return REPORTS[name]


def _may(call: Call, name: str) -> bool:
    """Whom to phone is told to who may see people."""
    return name != _PHONE or call.may(Act.SEE_FAILED_PEOPLE)
