"""A second person's yes before a launch: to exactly what the files say, by somebody else, and on the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from outreach.campaigns import approvals, content, runs
from outreach.campaigns.approvals import Proposed
from outreach.campaigns.tables import Proposal, ProposalState
from outreach.errors import ConflictError, DefinitionError, NotFoundError
from outreach.privacy import audit
from outreach.privacy.audit import Action
from outreach.workspace import Workspace
from tests.campaigns.test_planning import HEAD, NAME, step, wall
from tests.clinic import clinic, own_templates, write_campaign

ANNA, BEN, CARO = "anna", "ben", "caro"


@pytest.fixture
def here(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Workspace]:
    """A clinic with a campaign that could be launched."""
    with clinic(migrated_sqlite_url, tmp_path / "clinic") as made:
        written(made)
        yield made


@pytest.fixture
def both(workspace: Workspace) -> Workspace:
    """The same on both databases."""
    written(workspace)
    return workspace


def written(workspace: Workspace, title: str = "Trial", note: str = "") -> None:
    ahead = step(wall(workspace.database.now() + timedelta(hours=1)))
    write_campaign(workspace, NAME, note + HEAD.replace("Trial", title) + ahead)


def latest(workspace: Workspace) -> Proposed:
    with workspace.database.read() as session:
        found = approvals.latest(session, workspace.vault, NAME)
    assert found is not None
    return found


def record(workspace: Workspace) -> list[tuple[str, str, str]]:
    with workspace.database.read() as session:
        return [(each.who, each.action, each.why) for each in audit.entries(session, workspace.vault)]


def test_a_campaign_is_launched_after_somebody_else_said_yes(both: Workspace) -> None:
    with pytest.raises(ConflictError, match="needs a second person"):
        runs.launch(both, NAME, ANNA, approved=True)
    number = approvals.propose(both, NAME, ANNA)
    with pytest.raises(ConflictError, match="waits for a second person"):
        runs.launch(both, NAME, ANNA, approved=True)
    approved = approvals.approve(both, NAME, BEN)
    assert (approved.id, approved.state, approved.decided_by) == (number, ProposalState.APPROVED, BEN)
    run = runs.launch(both, NAME, ANNA, approved=True)
    done = latest(both)
    assert (done.state, done.run_id, done.live) == (ProposalState.LAUNCHED, run, False)
    assert [(who, action) for who, action, _ in record(both)] == [
        (ANNA, Action.CAMPAIGN_PROPOSED),
        (BEN, Action.CAMPAIGN_APPROVED),
        (ANNA, Action.CAMPAIGN_LAUNCHED),
    ]


@pytest.mark.parametrize("same", [ANNA, "Anna", "ANNA"])
def test_nobody_approves_her_own(here: Workspace, same: str) -> None:
    approvals.propose(here, NAME, ANNA)
    with pytest.raises(ConflictError, match="second person"):
        approvals.approve(here, NAME, same)
    assert latest(here).state is ProposalState.PROPOSED


def change_definition(workspace: Workspace) -> None:
    written(workspace, title="Another")


def change_text(workspace: Workspace) -> None:
    file = own_templates(workspace.folder) / "tb" / "welcome.en.covert.txt"
    file.write_text(file.read_text(encoding="utf-8") + " Bye.", encoding="utf-8")


@pytest.mark.parametrize("change", [change_definition, change_text])
def test_what_changed_after_the_yes_is_not_launched(here: Workspace, change: Callable[[Workspace], None]) -> None:
    approvals.propose(here, NAME, ANNA)
    approvals.approve(here, NAME, BEN)
    change(here)
    with pytest.raises(ConflictError, match="changed after ben approved"):
        runs.launch(here, NAME, ANNA, approved=True)
    again = approvals.propose(here, NAME, CARO)
    assert latest(here).id == again
    approvals.approve(here, NAME, BEN)
    runs.launch(here, NAME, ANNA, approved=True)


@pytest.mark.parametrize("change", [change_definition, change_text])
def test_what_changed_before_the_yes_is_not_approved(here: Workspace, change: Callable[[Workspace], None]) -> None:
    approvals.propose(here, NAME, ANNA)
    change(here)
    with pytest.raises(ConflictError, match="changed after anna proposed"):
        approvals.approve(here, NAME, BEN)


def test_a_comment_needs_no_new_approval(here: Workspace) -> None:
    approvals.propose(here, NAME, ANNA)
    approvals.approve(here, NAME, BEN)
    file = content.find(here, NAME)
    file.write_text("# checked with the midwife\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    runs.launch(here, NAME, ANNA, approved=True)


@pytest.mark.parametrize(
    ("turn", "state", "action"),
    [
        (approvals.decline, ProposalState.DECLINED, Action.CAMPAIGN_DECLINED),
        (approvals.withdraw, ProposalState.WITHDRAWN, Action.CAMPAIGN_WITHDRAWN),
    ],
)
def test_a_no_has_a_reason_kept_sealed(here: Workspace, turn: Any, state: ProposalState, action: Action) -> None:
    approvals.propose(here, NAME, ANNA)
    for empty in ("", "  ", "x" * 401):
        with pytest.raises(ConflictError, match="Say why"):
            turn(here, NAME, BEN, empty)
    done = turn(here, NAME, BEN, "The day of the visit is wrong")
    assert (done.state, done.reason, latest(here).reason) == (state, done.reason, "The day of the visit is wrong")
    assert "wrong" not in repr(done)
    assert record(here)[-1] == (BEN, action, "The day of the visit is wrong")
    with here.database.read() as session:
        [sealed] = session.scalars(select(Proposal.reason))
    assert sealed is not None
    assert b"wrong" not in sealed
    with pytest.raises(NotFoundError):
        approvals.approve(here, NAME, CARO)
    approvals.propose(here, NAME, ANNA)  # the same may be proposed again


def test_an_approval_can_be_taken_back_and_not_declined(here: Workspace) -> None:
    approvals.propose(here, NAME, ANNA)
    approvals.approve(here, NAME, BEN)
    with pytest.raises(ConflictError, match="approved already, by ben"):
        approvals.decline(here, NAME, CARO, "no")
    approvals.withdraw(here, NAME, CARO, "not this week")
    with pytest.raises(ConflictError, match="needs a second person"):
        runs.launch(here, NAME, ANNA, approved=True)


def test_the_same_is_not_proposed_twice_and_something_else_replaces_it(both: Workspace) -> None:
    first = approvals.propose(both, NAME, ANNA)
    with pytest.raises(ConflictError, match="proposed already, by anna"):
        approvals.propose(both, NAME, BEN)
    change_definition(both)
    second = approvals.propose(both, NAME, BEN)
    with both.database.read() as session:
        states = {each.id: each.state for each in session.scalars(select(Proposal))}
        assert [each.id for each in approvals.waiting(session, both.vault)] == [second]
        assert {name: each.id for name, each in approvals.live(session, both.vault).items()} == {NAME: second}
    assert states == {first: ProposalState.WITHDRAWN, second: ProposalState.PROPOSED}


def test_what_has_faults_is_not_proposed(here: Workspace) -> None:
    write_campaign(here, NAME, "title: Trial\n")
    with pytest.raises(DefinitionError):
        approvals.propose(here, NAME, ANNA)
    with pytest.raises(NotFoundError):
        approvals.propose(here, "nothing", ANNA)


def test_a_launch_without_approval_closes_what_was_proposed(here: Workspace) -> None:
    approvals.propose(here, NAME, ANNA)
    runs.launch(here, NAME, BEN)
    done = latest(here)
    assert (done.state, done.decided_by, done.run_id) == (ProposalState.WITHDRAWN, BEN, None)


def test_of_many_proposals_at_once_one_is_kept(both: Workspace) -> None:
    def attempt(place: int) -> int:
        try:
            approvals.propose(both, NAME, f"staff-{place}")
        except ConflictError:
            return 0
        return 1

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(12))) == 1
