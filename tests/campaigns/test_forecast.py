"""What is forecast is what is planned, let through by the gate, and written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from outreach.audience.hours import quiet_hours
from outreach.audience.tables import Openness, Person
from outreach.campaigns import forecast, measure, planning, runs
from outreach.campaigns.forecast import Forecast
from outreach.campaigns.reckon import Gap
from outreach.campaigns.tables import Fire
from outreach.channels.contract import Kind
from outreach.delivery import compose, facts, gate
from outreach.delivery.facts import Claim
from outreach.errors import DefinitionError, NotFoundError
from outreach.messages.status import Refusal
from outreach.messages.tables import Message, Run, Sender, Tally
from outreach.messages.templates import RenderError
from outreach.parts import count
from outreach.workspace import Workspace
from tests.campaigns import crowds
from tests.clinic import cast, clinic, write_campaign

Done = Counter[tuple[date, str]]


@pytest.fixture
def quiet(migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A clinic that keeps the night free, and that looks two weeks ahead."""
    monkeypatch.setattr(forecast, "ENDLESS", timedelta(days=14))
    with clinic(migrated_url, tmp_path / "clinic", quiet_hours="21:00-07:00") as made:
        crowds.write(made, made.database.now())
        yield made


def planned_for_real(workspace: Workspace, until: timedelta) -> list[Claim]:
    """Launch the campaign and write everything that falls due until then."""
    runs.launch(workspace, crowds.NAME, "test")
    ahead = replace(workspace, settings=workspace.settings.model_copy(update={"plan_ahead": until}))
    written = planning.plan(ahead)
    with workspace.database.read() as session:
        claims = [Claim(*row) for row in session.execute(select(*facts.COLUMNS).order_by(Message.id))]
    assert len(claims) == written
    return claims


class Outcome:
    """What the gate and the pen make of messages at the moment each is due."""

    def __init__(self, workspace: Workspace, claims: list[Claim]) -> None:
        self.messages: Done = Counter()
        self.parts: Done = Counter()
        self.refused: Counter[str] = Counter()
        self.texts: dict[tuple[int, str], str] = {}
        with workspace.database.read() as session:
            for start in range(0, len(claims), 500):
                self._judge(session, workspace, claims[start : start + 500])

    def _judge(self, session: Session, workspace: Workspace, claims: list[Claim]) -> None:
        known = facts.load(session, claims, workspace.database.now(), lock=False)
        for claim in claims:
            why = gate.why_not(
                claim, replace(known, at=max(claim.due_at, known.at)), quiet_hours(workspace.settings.quiet_hours)
            )
            if isinstance(why, Refusal):
                self.refused[why] += 1
                continue
            assert why is None, "the planner put a message at a time at which the gate does not let it go"
            self._write(workspace, claim, known)

    def _write(self, workspace: Workspace, claim: Claim, known: facts.Facts) -> None:
        person, run = known.people[claim.person_id], known.runs[claim.run_id or 0]
        try:
            _, text = compose.text_of(claim, person, run, known.fields.get(person.id, {}), workspace.settings)
        except RenderError:
            self.refused[Gap.MISSING_FIELD] += 1
            return
        self.messages[claim.day, claim.step] += 1
        self.parts[claim.day, claim.step] += count(text).parts if claim.kind == Kind.SMS else 0
        self.texts.setdefault((claim.person_id, claim.step), text)


def by_step(found: Forecast, what: str) -> Done:
    return Counter(
        {(day.day, step): n for day in found.days for step, amount in day.steps.items() if (n := getattr(amount, what))}
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_forecast_is_what_is_planned_refused_and_written(quiet: Workspace, seed: int) -> None:
    crowds.gather(quiet, 150, seed)
    found = forecast.of(quiet, crowds.NAME)
    assert found.exact
    assert found.sampled == found.people
    claims = planned_for_real(quiet, found.until - found.at)
    real = Outcome(quiet, claims)
    assert by_step(found, "planned") == Counter((claim.day, claim.step) for claim in claims)
    assert by_step(found, "messages") == real.messages
    assert by_step(found, "parts") == +real.parts
    assert {kind: amount.planned for kind, amount in found.kinds.items()} == Counter(claim.kind for claim in claims)
    assert {each.reason: each.messages for each in found.refused if each.messages} == real.refused
    assert set(real.refused) == {"no_endpoint", "quarantined", "outside_hours", "missing_field"}
    assert found.steps.keys() == {"hello", "weekly", "refill"}
    assert found.unwritten == ()


def test_a_large_crowd_is_counted_exactly_and_its_parts_are_an_estimate(
    quiet: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "MOST", 40)
    crowds.gather(quiet, 1200)
    found = forecast.of(quiet, crowds.NAME)
    assert not found.exact
    assert found.sampled < 500
    claims = planned_for_real(quiet, found.until - found.at)
    real = Outcome(quiet, claims)
    assert by_step(found, "messages") == real.messages
    assert found.total.parts == pytest.approx(real.parts.total(), rel=0.05)


def test_the_examples_are_the_texts_that_would_be_sent(quiet: Workspace) -> None:
    crowds.gather(quiet, 60)
    found = forecast.of(quiet, crowds.NAME)
    real = Outcome(quiet, planned_for_real(quiet, found.until - found.at))
    with quiet.database.read() as session:
        pseudonyms = {row.pseudonym: row.id for row in session.execute(select(Person.pseudonym, Person.id))}
    assert len({(each.language, each.openness) for each in found.examples}) == 3
    assert {each.openness for each in found.examples} == set(Openness)
    for each in found.examples:
        assert each.text == real.texts[pseudonyms[each.pseudonym], each.step]
        assert each.text not in repr(found)


def test_people_who_are_left_out_are_counted_by_why(workspace: Workspace) -> None:
    cast(workspace)
    write_campaign(workspace, crowds.NAME, _FOR_ALL)
    found = forecast.of(workspace, crowds.NAME)
    assert (found.people, found.total.planned) == (2, 2)  # Amina and Baraka
    assert {each.reason: each.people for each in found.refused} == {
        Refusal.STOPPED: 1,
        Refusal.NO_CONSENT: 1,
        Gap.MISSING_DATE: 2,
    }
    assert next(each.name for each in found.refused if each.reason is Gap.MISSING_DATE) == "refill_date"
    assert {kind: amount.planned for kind, amount in found.kinds.items()} == {Kind.SMS: 1, Kind.PUSH: 1}
    assert found.fallbacks.messages == 1  # Baraka's, if she does not read the push


_FOR_ALL = """\
title: All
topic: tb
audience: {all: []}
channels: [push, sms]
steps:
  - {id: welcome, template: tb/welcome, every: "FREQ=DAILY;COUNT=1", at: "09:00"}
  - {id: refill, template: tb/refill, before: {field: refill_date, days: 3}, at: "09:00"}
"""


def test_a_campaign_without_an_end_is_counted_for_ninety_days_and_says_so(workspace: Workspace) -> None:
    crowds.write(workspace, workspace.database.now())
    found = forecast.of(workspace, crowds.NAME)
    assert (found.ends, found.until - found.at) == (False, timedelta(days=90))
    crowds.write(workspace, workspace.database.now(), crowds.ENDING)
    assert forecast.of(workspace, crowds.NAME).ends


def test_local_times_are_those_of_the_zone(quiet: Workspace) -> None:
    crowds.write(quiet, quiet.database.now(), crowds.ENDING)
    crowds.gather(quiet, 100)
    found = forecast.of(quiet, crowds.NAME)
    assert sum(each.people for each in found.zones) == found.people
    for each in found.zones:
        assert each.first is not None
        assert each.last is not None
        assert each.first.utcoffset() is not None
        assert 6 <= each.first.hour < 20


def test_the_busiest_day_takes_its_parts_at_the_pace_of_all_senders(quiet: Workspace) -> None:
    crowds.gather(quiet, 100)
    with quiet.database.write() as session:
        session.execute(update(Sender).where(Sender.name == "twilio").values(pace=0.01, unit="parts"))
        slow = Sender(name="twilio-2", provider="twilio", kind="sms", pace=0.01, unit="parts", halted_for="")
        slow.next_at = quiet.database.now()
        session.add(slow)
    found = forecast.of(quiet, crowds.NAME)
    texts = next(each for each in found.drains if each.kind is Kind.SMS)
    most = max(day.total.parts for day in found.days)  # a push has no parts, so these are the texts'
    busiest = next(day for day in found.days if day.total.parts == most)
    assert (texts.senders, texts.day, texts.expires) == (("twilio", "twilio-2"), busiest.day, 6)
    assert (texts.parts, texts.hours) == (most, round(most / 2 / 0.01 / 3600, 2))


def test_a_forecast_writes_nothing(quiet: Workspace) -> None:
    crowds.gather(quiet, 20)
    forecast.of(quiet, crowds.NAME)
    with quiet.database.read() as session:
        for table in (Run, Message, Tally, Fire):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_nobody_there_is_a_forecast_too(quiet: Workspace) -> None:
    found = forecast.of(quiet, crowds.NAME)
    assert (found.people, found.total.planned, found.examples, found.drains, found.days) == (0, 0, (), (), ())


def test_a_faulty_or_unknown_campaign_is_refused(quiet: Workspace) -> None:
    with pytest.raises(NotFoundError, match="visits"):
        forecast.of(quiet, "nowhere")
    write_campaign(quiet, crowds.NAME, "title: Visits\n")
    with pytest.raises(DefinitionError):
        forecast.of(quiet, crowds.NAME)


def test_without_a_push_provider_everybody_is_forecast_a_text(quiet: Workspace) -> None:
    crowds.gather(quiet, 60)
    with quiet.database.write() as session:
        session.execute(delete(Sender).where(Sender.name == "fcm"))
    found = forecast.of(quiet, crowds.NAME)
    claims = planned_for_real(quiet, found.until - found.at)
    assert {claim.kind for claim in claims} == found.kinds.keys() == {Kind.SMS}
    assert by_step(found, "messages") == Outcome(quiet, claims).messages
