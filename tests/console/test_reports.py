"""The reports: who reads which, what stands there, what is taken along, and what an empty one teaches."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import update

from outreach.channels.contract import Cause
from outreach.console import reports_words
from outreach.messages.status import Failure, Withdrawal
from outreach.messages.tables import Run
from outreach.reports.registry import REPORTS
from outreach.staff.roles import Role
from outreach.store import dialects
from tests.console.conftest import WHO, Console, on_sqlite
from tests.reports import known

BY_CAMPAIGN = {"funnel", "delivery", "reasons", "senders", "cost"}
READS = {
    Role.COORDINATOR: set(REPORTS),
    Role.ADMIN: set(REPORTS) - {"phone"},
    Role.AUDITOR: set(REPORTS) - {"phone"},
    Role.LAUNCHER: BY_CAMPAIGN | {"phone"},
    Role.HELPER: set(),
}


@on_sqlite
def test_each_role_reads_its_reports_and_takes_no_other_along(console: Console) -> None:
    for role, names in READS.items():
        staff = console.as_(role)
        assert staff.get("/reports").status_code == (200 if names else 404)
        found = {name: staff.get(f"/reports/{name}").status_code for name in REPORTS}
        assert {name for name, status in found.items() if status == 200} == names
        files = {name: staff.get(f"/reports/{name}/csv").status_code for name in REPORTS}
        assert {name for name, status in files.items() if status == 200} == names
        assert staff.get("/reports/weather").status_code == 404
        assert staff.get("/reports/delivery/pdf").status_code == 404


@on_sqlite
def test_an_empty_clinic_is_told_what_each_report_will_show_in_every_language(console: Console) -> None:
    for language in ("en", "fr", "sw"):
        staff = console.as_(Role.COORDINATOR)
        staff.post("/me/language", language=language)
        words = staff.text("/reports")
        for name in REPORTS:
            page = staff.text(f"/reports/{name}")
            assert ("Download" in page) is False
            if language == "en":
                assert reports_words.NOTHING[name].title in page
                assert REPORTS[name].ABOUT in words


def grown(console: Console) -> None:
    """A clinic to which things have happened, last week and this one."""
    with console.workspace.database.write() as session:
        known.weigh_delivery(session)
        known.wait_for_answers(session)
        known.write_ledger(session)
        at = dialects.now(session)
        session.execute(update(Run).where(Run.campaign == "tb-adherence").values(launched_at=at - timedelta(hours=3)))


@on_sqlite
def test_a_report_shows_its_figures_hides_small_groups_and_says_so(console: Console) -> None:
    grown(console)
    staff = console.as_(Role.COORDINATOR)
    page = staff.get("/reports/consent?first=")
    words = staff.text("/reports/consent?first=")
    assert "fewer than 10 people" in words
    assert "week of 7 Dec 2026" in words
    assert page.text.count('<i class="soft">hidden</i>') >= 2
    assert 'data-chart="line"' in page.text
    assert "<th scope=row" in page.text
    reasons = staff.text("/reports/reasons")
    assert "phone off or out of reach" in reasons
    assert "does not agree" in reasons


@on_sqlite
def test_what_is_taken_along_is_the_same_table(console: Console) -> None:
    grown(console)
    staff = console.as_(Role.COORDINATOR)
    answer = staff.get("/reports/delivery/csv?first=")
    assert answer.headers["content-disposition"].startswith('attachment; filename="delivery-')
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert sum(int(row["planned"]) for row in rows) == 166 + 4000
    assert "'=cmd|' /C calc'!A0" in {row["campaign"] for row in rows}
    told = staff.get("/reports/delivery/json?first=").json()
    assert (told["report"], told["total"]["planned"]) == ("delivery", 166 + 4000)
    book = load_workbook(io.BytesIO(staff.get("/reports/delivery/xlsx?first=").content))
    assert book.worksheets[0].max_row == len(rows) + 1
    narrow = staff.get("/reports/delivery/json?campaign=tb-adherence&first=2026-12-08&last=2026-12-08").json()
    assert {row["day"] for row in narrow["rows"]} == {"2026-12-08"}
    assert staff.get("/reports/delivery/csv?first=yesterday").status_code == 404


@on_sqlite
def test_a_day_that_is_none_is_said_and_nothing_else_is_lost(console: Console) -> None:
    grown(console)
    staff = console.as_(Role.COORDINATOR)
    words = staff.text("/reports/delivery?first=yesterday&campaign=tb-adherence")
    assert "Write the day as 2026-11-30." in words
    assert "Nothing here" in staff.text("/reports/delivery?first=2020-01-01&last=2020-01-02")


@on_sqlite
def test_a_launcher_sees_what_she_launched_and_nothing_of_others(console: Console) -> None:
    grown(console)
    with console.workspace.database.write() as session:
        hers = update(Run).where(Run.campaign == "tb-adherence").values(launched_by=WHO[Role.LAUNCHER])
        session.execute(hers)
    staff = console.as_(Role.LAUNCHER)
    told = staff.get("/reports/funnel/json").json()
    assert {row["campaign"] for row in told["rows"]} == {"tb-adherence"}
    assert "calc" not in staff.text("/reports/delivery?first=")
    assert "calc" in console.as_(Role.COORDINATOR).text("/reports/delivery?first=")
    assert staff.get("/reports/delivery/json?first=&campaign==cmd|' /C calc'!A0").json()["rows"] == []


@on_sqlite
def test_whom_to_phone_stands_by_pseudonym_and_a_file_names_nobody(console: Console) -> None:
    with console.workspace.database.write() as session:
        known.lose_numbers(session)
    staff = console.as_(Role.COORDINATOR)
    words = staff.text("/reports/phone")
    assert "calm-river-4" in words
    assert "a landline" in words
    assert "calm-river-1" not in words  # she said STOP
    files = [staff.get(f"/reports/phone/{form}") for form in ("csv", "json", "xlsx")]
    assert not any(b"calm-river" in each.content for each in files)


@on_sqlite
def test_running_campaigns_show_how_far_they_are_and_ask_for_themselves(console: Console) -> None:
    with console.workspace.database.write() as session:
        known.weigh_delivery(session)
    staff = console.as_(Role.COORDINATOR)
    page = staff.get("/reports")
    assert 'data-live="runs"' in page.text
    part = staff.get("/reports", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "in trouble: see why" in part.text


def test_every_text_of_a_report_is_marked_to_be_translated() -> None:
    texts = {text for each in REPORTS.values() for text in (each.TITLE, each.ABOUT)}
    texts |= {
        column.help
        for each in REPORTS.values()
        for column in each.COLUMNS
        if each is not REPORTS["delivery"] or not column.of
    }
    assert texts - set(reports_words.TEXTS) == set()
    assert {column.name for each in REPORTS.values() for column in each.COLUMNS if not column.of} == set(
        reports_words.COLUMNS
    )
    assert set(reports_words.NOTHING) == set(REPORTS)


@pytest.mark.parametrize("reason", [*Cause, *Failure, *Withdrawal])
def test_reasons_have_words_of_their_own(reason: str) -> None:
    assert reason in reports_words.SAID
