"""Reports: the list with what is running now, each report as chart and table, and as a file to take along."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import IO, Any
from urllib.parse import urlencode

from fastapi import HTTPException
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.consent import ConsentTally
from outreach.console.policy import Act
from outreach.console.reports_drawn import chart, heads, lines, shown
from outreach.console.reports_words import NOTHING
from outreach.console.visit import Here, Pages, Visit
from outreach.messages.status import RunState
from outreach.messages.tables import Run
from outreach.reports import figures
from outreach.reports.cells import table
from outreach.reports.contract import Filter, Hidden, Report, Row, Scope, Shape, scope_of
from outreach.reports.formats import facts, write_csv, write_xlsx
from outreach.reports.registry import REPORTS
from outreach.staff.roles import Role
from outreach.threads import reveal_lists

pages = Pages()

#: Days that a report over time goes back unless it is asked for more.
DAYS = 92

#: Rows on a page, about what somebody reads; a file has all of them.
MOST = 100

#: Roles that see the whole clinic; a launcher sees what she launched.
_WHOLE = frozenset({Role.COORDINATOR, Role.ADMIN, Role.AUDITOR})

_PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is narrowed by, as it stands in the address. `wrong`: fields that were not understood."""

    campaign: str = ""
    topic: str = ""
    first: date | None = None
    last: date | None = None
    wrong: tuple[str, ...] = ()

    def query(self) -> str:
        """The same, for another address."""
        named = {"campaign": self.campaign, "topic": self.topic, "first": self.first, "last": self.last}
        said = urlencode({name: value for name, value in named.items() if value})
        return f"?{said}" if said else ""


@pages.page("/reports", Act.SEE_REPORTS)
def reports(visit: Here) -> Response:
    """Every report that this member may read, and how far the running campaigns are."""
    with visit.workspace.database.read() as session:
        running = _running(session, _scope(visit))
    if visit.part:
        return visit.show("reports_running.html", running=running)
    offered = [(name, each.TITLE, each.ABOUT) for name, each in REPORTS.items() if _may(visit, name)]
    return visit.show("reports.html", running=running, offered=offered)


@pages.page("/reports/{name}", Act.SEE_REPORTS)
def report(visit: Here, name: str) -> Response:
    """One report."""
    chosen, asked = _chosen(visit, name), _asked(visit, name)
    with visit.workspace.database.read() as session:
        rows = table(chosen, session, replace(_scope(visit, asked), most=MOST + 1))
        choices = _choices(session, visit, chosen)
        phones = reveal_lists.mine(session, visit.by) if name == _PHONE and visit.may(Act.ASK_REVEAL) else None
    period = visit.workspace.settings.report_period
    columns = shown(chosen, rows)
    newest = list(reversed(rows)) if _is_over_time(chosen) else rows
    return visit.show(
        "reports_one.html",
        name=name,
        title=chosen.TITLE,
        about=chosen.ABOUT,
        nothing=NOTHING[name],
        asked=asked,
        narrowed=bool(visit.request.query_params),
        choices=choices,
        filters=chosen.FILTERS,
        heads=heads(visit.words, columns),
        lines=lines(visit.words, columns, newest[:MOST], period),
        chart=chart(visit.words, chosen, rows, period),
        count=len(rows),
        most=MOST,
        hidden=any(value is Hidden.FEW for row in rows for value in row.values()),
        phones=phones,
        going=any(row.get("so_far") for row in rows),
        few=visit.workspace.settings.small_cells,
    )


@pages.page("/reports/{name}/{form}", Act.SEE_REPORTS)
def file(visit: Here, name: str, form: str) -> Response:
    """A report as a file: csv, xlsx or json."""
    chosen, asked = _chosen(visit, name), _asked(visit, name)
    if form not in _FORMS or asked.wrong:
        raise HTTPException(404)
    with visit.workspace.database.read() as session:
        rows = table(chosen, session, _scope(visit, asked))
    kind, write = _FORMS[form]
    sink = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 (closed when it was sent)
    write(visit, name, rows, sink)
    day = visit.now.astimezone(visit.words.zone).date()
    headers = {"Content-Disposition": f'attachment; filename="{name}-{day}.{form}"'}
    return StreamingResponse(_chunks(sink), media_type=kind, headers=headers)


def _chunks(sink: IO[bytes]) -> Iterator[bytes]:
    with sink:
        sink.seek(0)
        while chunk := sink.read(1 << 16):
            yield chunk


def _csv(visit: Visit, name: str, rows: Sequence[Row], sink: IO[bytes]) -> None:
    text = io.TextIOWrapper(sink, encoding="utf-8-sig", newline="")  # with the mark that spreadsheets look for
    write_csv(REPORTS[name], rows, text)
    text.flush()
    text.detach()


def _xlsx(visit: Visit, name: str, rows: Sequence[Row], sink: IO[bytes]) -> None:
    write_xlsx(REPORTS[name], rows, sink)


def _json(visit: Visit, name: str, rows: Sequence[Row], sink: IO[bytes]) -> None:
    told = {"report": name, "currency": visit.workspace.settings.currency, **facts(REPORTS[name], rows)}
    sink.write(json.dumps(told, indent=1, ensure_ascii=False).encode())


_FORMS: Mapping[str, tuple[str, Callable[[Visit, str, Sequence[Row], Any], None]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
    "json": ("application/json", _json),
}


def _may(visit: Visit, name: str) -> bool:
    """Whom to phone is for those who may phone; who sees her own campaigns only, sees what is told by campaign."""
    if name == _PHONE:
        return visit.may(Act.SEE_FAILED_PEOPLE)
    return _sees_all(visit) or Filter.CAMPAIGN in REPORTS[name].FILTERS


def _sees_all(visit: Visit) -> bool:
    return visit.member is not None and bool(visit.member.roles & _WHOLE)


def _chosen(visit: Visit, name: str) -> Report:
    if name not in REPORTS or not _may(visit, name):
        raise HTTPException(404)
    return REPORTS[name]


def _asked(visit: Visit, name: str) -> Asked:
    """What the address narrows the report by; over time a quarter of a year where it says nothing."""
    given, chosen = visit.request.query_params, REPORTS[name]
    days = {each: _day(given.get(each, "")) for each in ("first", "last")} if Filter.DATES in chosen.FILTERS else {}
    wrong = tuple(each for each, day in days.items() if day is None and given.get(each))
    if _is_over_time(chosen) and "first" not in given:
        days["first"] = visit.now.astimezone(visit.words.zone).date() - timedelta(days=DAYS - 1)
    return Asked(
        given.get("campaign", "")[:64] if Filter.CAMPAIGN in chosen.FILTERS else "",
        given.get("topic", "")[:64] if Filter.TOPIC in chosen.FILTERS else "",
        days.get("first"),
        days.get("last"),
        wrong,
    )


def _is_over_time(chosen: Report) -> bool:
    return chosen.CHART is not None and chosen.CHART.shape is Shape.LINES


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _scope(visit: Visit, asked: Asked | None = None) -> Scope:
    scope = scope_of(visit.workspace.settings, visit.now)
    if asked is not None:
        scope = replace(scope, campaign=asked.campaign, topic=asked.topic, first=asked.first, last=asked.last)
    return scope if _sees_all(visit) else replace(scope, launched_by=visit.by)


def _choices(session: Session, visit: Visit, chosen: Report) -> dict[str, list[tuple[str, str]]]:
    """What the fields offer: campaigns and topics that there are."""
    mine, everything = figures.of_runs(_scope(visit)), ("", visit.words.gettext("all"))
    made: dict[str, list[tuple[str, str]]] = {}
    if Filter.CAMPAIGN in chosen.FILTERS:
        names = sorted(session.scalars(select(Run.campaign).where(*mine).distinct()))
        made["campaign"] = [everything, *((name, name) for name in names)]
    if Filter.TOPIC in chosen.FILTERS:
        topics = set(session.scalars(select(Run.topic).where(*mine).distinct()))
        if Filter.CAMPAIGN not in chosen.FILTERS:
            topics |= set(session.scalars(select(ConsentTally.topic).distinct()))
        made["topic"] = [everything, *((topic, topic) for topic in sorted(topics))]
    return made


@dataclass(frozen=True, slots=True)
class Running:
    """How far a campaign is that goes on. `done`: no longer waiting, of what is planned so far."""

    campaign: str
    paused: bool
    done: int
    planned: int
    delivered: int
    trouble: int


def _running(session: Session, scope: Scope) -> list[Running]:
    """Campaigns that go on, the newest first."""
    states = [RunState.RUNNING, RunState.PAUSED]
    mine = select(Run).where(Run.state.in_(states), *figures.of_runs(scope)).order_by(Run.id.desc())
    made = []
    for run in session.scalars(mine):
        found = figures.figures(session, run.id)
        done, trouble = found.planned - found.waiting, found.failed + found.undelivered + found.unknown
        paused = run.state == RunState.PAUSED
        made.append(Running(run.campaign, paused, done, found.planned, found.delivered, trouble))
    return made
