"""What Prometheus may read, over HTTP: counts and ages, with a token, and nothing personal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from outreach.messages.status import State
from outreach.store import pulse
from outreach.workspace import Workspace
from tests.clinic import AMINA, BARAKA, CHAUSIKU, DAUDI, TOKEN, cast, clinic
from tests.console.calls import PROVIDERS, PUBLIC, Desk, open_desk
from tests.delivery import desk as written
from tests.threads.texting import write

WORD = "canary-metrics-token"


@pytest.fixture
def desk(migrated_url: str, tmp_path: Path) -> Iterator[Desk]:
    settings = {"providers": PROVIDERS, "public_url": PUBLIC, "metrics_token": SecretStr(WORD)}
    with clinic(migrated_url, tmp_path / "clinic", **settings) as made, open_desk(made) as opened:
        yield opened


def read(desk: Desk) -> tuple[str, dict[tuple[str, ...], float]]:
    """The page, and its samples by name and labels."""
    answer = desk.http.get("/metrics", headers={"Authorization": f"Bearer {WORD}"})
    assert answer.status_code == 200
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return answer.text, {(each.name, *each.labels.values()): each.value for each in samples}


def test_what_stands_in_the_database_is_told_as_counts_and_ages(desk: Desk) -> None:
    people = cast(desk.workspace)
    with desk.workspace.database.write() as session:
        written.messages(session, [people.amina, people.baraka], written.run_of(desk.workspace))
        pulse.feel(session, "sweep")
    write(desk.workspace, AMINA, "canary words of hers")
    text, found = read(desk)
    assert found["outreach_messages", "sms", State.QUEUED] >= 2
    assert found["outreach_threads", "waiting"] == 1
    assert found["outreach_runs", "running"] == 1
    assert 0 <= found["outreach_oldest_seconds", "due_bulk"] < 600
    assert found["outreach_oldest_seconds", "unknown"] == 0
    assert 0 <= found["outreach_upkeep_age_seconds", "sweep"] < 600
    assert {key[1] for key in found if key[0] == "outreach_sender_halted"} >= {"fcm"}
    for canary in (AMINA, BARAKA, CHAUSIKU, DAUDI, TOKEN, "canary", "254712"):
        assert canary not in text


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {WORD}", "Bearer né"])
def test_without_the_token_there_is_no_such_page(desk: Desk, given: str) -> None:
    answer = desk.http.get(
        "/metrics", headers=httpx.Headers({"Authorization": given} if given else {}, encoding="utf-8")
    )
    assert answer.status_code == 404


def test_without_a_token_in_the_settings_nobody_can_read_it(workspace: Workspace) -> None:
    bare = workspace.settings.model_copy(update={"providers": PROVIDERS, "public_url": PUBLIC})
    with open_desk(Workspace(bare, workspace.database, workspace.vault)) as opened:
        for given in ("Bearer", "Bearer x"):
            assert opened.http.get("/metrics", headers={"Authorization": given}).status_code == 404
