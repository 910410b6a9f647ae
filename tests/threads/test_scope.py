"""How much a STOP ends, before and after the day from which it means everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from outreach import consent
from outreach.consent import ALL, ConsentState, Line, Source
from outreach.messages.status import State
from outreach.store import dialects
from outreach.workspace import Workspace
from tests.clinic import AMINA, TOPIC, cast, clinic
from tests.delivery.desk import message, row, run_of
from tests.threads.texting import ledger, sent, write


@dataclass(frozen=True)
class Case:
    """`days` until STOP means everything; None: it always does. `ends`: what the ledger says of her last STOP."""

    label: str
    days: int | None
    ends: str
    topics: tuple[str, ...] = (TOPIC, "maternal")
    answers: str = "maternal"
    opt_out: str = ""
    stops: int = 1


CASES = [
    Case("the default", None, ALL),
    Case("before the day", 2, "maternal"),
    Case("on the day", 0, ALL),
    Case("after it", -30, ALL),
    Case("only one topic", 2, ALL, topics=(TOPIC,), answers=TOPIC),
    Case("it answers nothing", 2, ALL, answers=""),
    Case("the provider holds it too", 2, ALL, opt_out="STOP"),
    Case("said again", 2, ALL, stops=2),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "clinic"


@pytest.fixture
def opened(request: pytest.FixtureRequest, migrated_url: str, folder: Path) -> Iterator[Workspace]:
    """A clinic whose day is so many days from the database's own today."""
    with clinic(migrated_url, folder, zone="UTC") as made:
        if request.param is not None:
            made.settings.stop_means_all_from = made.database.now().date() + timedelta(days=request.param)
        yield made


@pytest.mark.parametrize(("opened", "case"), [(case.days, case) for case in CASES], indirect=["opened"], ids=str)
def test_what_a_stop_ends(case: Case, opened: Workspace) -> None:
    amina = cast(opened).amina
    run = run_of(opened)
    with opened.database.write() as session:
        at = dialects.now(session)
        lines = [Line(amina, topic, ConsentState.GRANTED, Source.STAFF) for topic in case.topics if topic != TOPIC]
        consent.record(session, lines, at)
        if case.answers:
            message(session, amina, run, topic=case.answers, state=State.DELIVERED)
        other, same = (message(session, amina, run, topic=topic) for topic in (TOPIC, "maternal"))
    for _ in range(case.stops):
        write(opened, AMINA, "STOP", opt_out=case.opt_out)
    assert ledger(opened, amina)[-1] == (case.ends, ConsentState.REVOKED, "text")
    assert row(opened, same).state == State.CANCELLED
    assert row(opened, other).state == (State.CANCELLED if case.ends == ALL else State.QUEUED)
    told = [each.text for each in sent(opened, amina) if each.purpose == "confirmation"]
    assert len(told) == (0 if case.opt_out else case.stops)
    if case.ends != ALL:
        assert told == ["You will get no more messages of this kind from Sunrise. For none at all, reply STOP again."]
