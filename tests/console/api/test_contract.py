"""The API keeps to its OpenAPI document, whatever it is asked: no failure of ours, no answer that is not written there.

Schemathesis asks each route what the document allows and what it does not, the same each time. Of what a path names,
half is there and half is not. That everything which the document allows is also taken is not asked: a cursor, a number,
a field's name can be of the right form and yet be none.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from outreach.console import app as console_app
from outreach.console.api.app import PREFIX, document
from outreach.delivery import carriers
from outreach.staff import tokens
from outreach.staff.tokens import LONGEST, Scope
from outreach.workspace import Workspace
from tests.campaigns import crowds
from tests.clinic import AMINA, BARAKA, cast, clinic
from tests.console.access import API
from tests.console.api.test_reading import pseudonym_of
from tests.simulator.running import running
from tests.threads.texting import write

EXAMPLES = 8  # of each kind at each route


def written_down(workspace: Workspace) -> dict[str, list[Any]]:
    """A clinic with something of everything; what paths may name of it, and what they may not."""
    cast(workspace)
    write(workspace, AMINA, "I feel dizzy in the mornings")
    write(workspace, BARAKA, "Ninahisi kizunguzungu")
    crowds.write(workspace, workspace.database.now())
    return {
        "pseudonym": [pseudonym_of(workspace, AMINA), "nobody-here-11"],
        "thread_id": [1, 2, 999],
        "run_id": [1, 999],
        "name": [crowds.NAME, "consent", "nothing"],
    }


def naming(named: dict[str, list[Any]]) -> dict[str, Any]:
    """The document, where paths name what there is."""
    told = copy.deepcopy(document())
    for methods in told["paths"].values():
        for operation in methods.values():
            for each in operation.get("parameters", []):
                if each["in"] == "path":
                    each["schema"]["enum"] = named[each["name"]]
    return told


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """Where the API of a clinic is, what lets in, and its document. One clinic for all: each request is one more."""
    folder = tmp_path_factory.mktemp("contract")
    (folder / ".outreach").mkdir()
    with clinic(f"sqlite:///{folder}/.outreach/outreach.db", folder) as workspace:
        told = naming(written_down(workspace))
        with workspace.database.write() as session:
            _, token = tokens.make(session, workspace.vault, "register", list(Scope), LONGEST, "tests")
        with running(console_app.make(workspace, carriers.build(workspace))) as base:
            yield base + PREFIX, {"Authorization": f"Bearer {token}"}, told


def _left_out(case: Case[Any]) -> list[Any]:
    """What is not asked: see above; that every door is shut is shown in `test_door`; a name in an address that nobody
    knows is passed over, as everywhere on the web.
    """
    return [positive_data_acceptance, ignored_auth, *([negative_data_rejection] if case.method == "GET" else [])]


def operation(told: dict[str, Any], label: str) -> APIOperation[Any, Any, Any, Any]:
    method, _, path = label.partition(" ")
    return schemathesis.openapi.from_dict(told)[path][method]


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("label", sorted(API))
def test_every_route_keeps_to_the_document(
    label: str, mode: GenerationMode, asked: tuple[str, dict[str, str], dict[str, Any]]
) -> None:
    base, headers, told = asked

    @hypothesis.given(case=operation(told, label).as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    def keeps(case: Case[Any]) -> None:
        case.call_and_validate(base_url=base, headers=headers, excluded_checks=_left_out(case))

    keeps()
