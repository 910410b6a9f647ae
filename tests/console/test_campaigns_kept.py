"""Plans of a crowd: counted beside the page, kept for a while, never of other words than the files say."""

from __future__ import annotations

from concurrent import futures
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event

import pytest

from outreach.campaigns import forecast
from outreach.console import campaigns_kept
from outreach.console.campaigns_kept import FRESH, OLDEST, Plans
from outreach.errors import DefinitionError, SettingError
from outreach.staff.roles import Role
from outreach.workspace import Workspace
from tests.clinic import cast, write_campaign
from tests.console.conftest import Console, read

NAME = "treatment"
FILE = """\
title: Treatment
topic: tb
audience: {all: []}
channels: [sms]
steps:
  - {id: welcome, template: tb/welcome, every: "FREQ=DAILY;COUNT=1", at: "09:00"}
"""


@pytest.fixture
def migrated_url(migrated_sqlite_url: str) -> str:
    """Nothing here hangs on the database."""
    return migrated_sqlite_url


@pytest.fixture(autouse=True)
def a_crowd(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    """Two people who agree are a crowd."""
    monkeypatch.setattr(campaigns_kept, "_is_crowd", lambda _: True)
    cast(workspace)
    write_campaign(workspace, NAME, FILE)


@pytest.fixture
def now(workspace: Workspace) -> datetime:
    return workspace.database.now()


def counted(plans: Plans) -> None:
    """Wait until nothing is being counted."""
    futures.wait(plans.counting, timeout=30)


def test_the_first_look_finds_it_being_counted_and_the_next_one_the_plan(
    workspace: Workspace, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans, go, count = Plans(), Event(), forecast.made
    monkeypatch.setattr(forecast, "made", lambda *given: go.wait(30) and count(*given))
    first = plans.of(workspace, NAME, now)
    assert (first.plan, first.again) == (None, False)
    assert plans.of(workspace, NAME, now).plan is None
    assert len(plans.counting) == 1  # who looks again meanwhile has it counted no second time
    go.set()
    counted(plans)
    found = plans.of(workspace, NAME, now)
    assert found.plan is not None
    assert (found.plan.people, found.again) == (2, False)
    assert found.content.digest == first.content.digest


def test_a_plan_that_is_not_fresh_is_shown_while_it_is_counted_anew(workspace: Workspace, now: datetime) -> None:
    plans = Plans()
    plans.of(workspace, NAME, now)
    counted(plans)
    old = plans.of(workspace, NAME, now).plan
    assert old is not None
    later = plans.of(workspace, NAME, old.at + FRESH)
    assert later.plan is old
    assert later.again
    counted(plans)
    anew = plans.of(workspace, NAME, old.at + FRESH).plan
    assert anew is not None
    assert anew.at > old.at


def test_a_plan_that_is_too_old_is_not_shown_at_all(workspace: Workspace, now: datetime) -> None:
    plans = Plans()
    plans.of(workspace, NAME, now)
    counted(plans)
    assert plans.of(workspace, NAME, now).plan is not None
    assert plans.of(workspace, NAME, now + OLDEST + timedelta(minutes=1)).plan is None


def test_other_words_have_no_plan_yet_and_faults_are_told(workspace: Workspace, now: datetime) -> None:
    plans = Plans()
    plans.of(workspace, NAME, now)
    counted(plans)
    assert plans.of(workspace, NAME, now).plan is not None
    write_campaign(workspace, NAME, FILE.replace("COUNT=1", "COUNT=2"))
    assert plans.of(workspace, NAME, now).plan is None
    write_campaign(workspace, NAME, FILE.replace("tb/welcome", "tb/nowhere"))
    with pytest.raises(DefinitionError):
        plans.of(workspace, NAME, now)


def test_what_counting_raised_is_raised_once_to_whoever_asks_for_that_plan(
    workspace: Workspace, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = Plans()

    def broken(*_: object) -> None:
        raise SettingError("no prices")

    monkeypatch.setattr(forecast, "made", broken)
    plans.of(workspace, NAME, now)
    counted(plans)
    with pytest.raises(SettingError, match="no prices"):
        plans.of(workspace, NAME, now)
    assert plans.of(workspace, NAME, now).plan is None  # counted anew
    counted(plans)
    write_campaign(workspace, "other", FILE)
    assert plans.of(workspace, "other", now).plan is None  # another campaign's failure is not its own


def test_no_more_plans_are_kept_than_the_house_has_room_for(
    workspace: Workspace, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns_kept, "MOST", 1)
    plans = Plans()
    write_campaign(workspace, "other", FILE)
    for name in (NAME, "other"):
        plans.of(workspace, name, now)
        counted(plans)
    assert plans.of(workspace, "other", now).plan is not None
    assert plans.of(workspace, NAME, now).plan is None


def test_the_page_says_that_it_counts_and_comes_again_without_script(console: Console) -> None:
    launcher = console.as_(Role.LAUNCHER)
    for page in ("plan", "launch"):
        answer = launcher.get(f"/campaigns/{NAME}/{page}")
        if "refresh" in answer.headers:  # a quick machine has it ready for the second
            assert answer.headers["refresh"] == "2"
            assert "Counting who would hear what." in read(answer)
        else:
            assert page == "launch"
    told = launcher.post(f"/campaigns/{NAME}/test", to="no number")  # what went wrong is told at once, with the plan
    assert told.status_code == 422
    assert "In short" in read(told)


@pytest.mark.parametrize("page", ["plan", "launch"])
def test_a_page_of_a_plan_that_is_not_fresh_says_when_it_was_so(
    console: Console, now: datetime, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    plans = Plans()
    plans.of(console.workspace, NAME, now)
    counted(plans)
    found = plans.of(console.workspace, NAME, now)
    launcher = console.as_(Role.LAUNCHER)
    for again in (False, True):
        monkeypatch.setattr(Plans, "of", lambda *_, again=again, **__: replace(found, again=again))
        told = read(launcher.get(f"/campaigns/{NAME}/{page}"))
        assert ("It is being counted anew." in told, "This is how it stood:" in told) == (again, again)
